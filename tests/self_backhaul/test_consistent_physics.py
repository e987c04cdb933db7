"""Antennas that keep their energy, targets where they are, errors per link, what receivers really have."""

import math

import numpy as np
import pytest
from cases import deterministic
from scipy.stats import ncx2

import leoisac as li
from leoisac.antennas.arrays import upa
from leoisac.antennas.pattern_energy import beam_mean_gains, mean_gain
from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import take, to_numpy
from leoisac.systems.self_backhaul import consistent_set
from leoisac.systems.self_backhaul.judge.adversary import check_design
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.judge.sensing import operating_characteristic, pattern_over_angles
from leoisac.systems.self_backhaul.judge.worst_case import error_radii, true_channels
from leoisac.systems.self_backhaul.model import LINKS, JointDesign, RobustDesign, TimeSharedDesign
from leoisac.systems.self_backhaul.world.budgets import link_budgets
from leoisac.systems.self_backhaul.world.sensed import detection_at, feed_amplitudes, sensed_targets


def leo_gain(peak_dbi, angle_deg, floor_dbi):
    def gain(angle):
        return 10.0 ** (s1528_leo_gain_dbi(angle, peak_dbi, math.radians(angle_deg), far_out_dbi=floor_dbi) / 10.0)

    return gain


class TestEnergy:
    def test_closed_forms(self):
        assert mean_gain(np.ones_like) == pytest.approx(1.0, rel=1e-9)
        assert mean_gain(lambda angle: 3.0 * np.cos(angle) ** 2) == pytest.approx(1.0, rel=1e-9)

    @pytest.mark.parametrize(
        ("peak", "angle", "floor", "mean_db"),
        [(52, 3.2, 0, 25.06), (52, 1.6, 0, 19.25), (52, 0.4, 0, 7.99), (52, 0.2, 0, 3.67), (32.5, 1.6, -10, -0.04)],
    )
    def test_the_mean_of_the_satellite_pattern(self, peak, angle, floor, mean_db):
        assert 10.0 * np.log10(mean_gain(leo_gain(peak, angle, floor))) == pytest.approx(mean_db, abs=6e-3)

    def test_beams_of_an_array_have_a_mean_of_one(self):
        assert np.mean(beam_mean_gains(upa(3, 3).positions)) == pytest.approx(1.0)
        np.testing.assert_allclose(beam_mean_gains(upa(1, 4).positions), 1.0, atol=1e-12)

    def test_budgets_doubt_the_published_antennas_and_not_the_consistent_ones(self):
        published = [text for budget in link_budgets(li.config("self-backhaul")) for text in budget.doubts]
        assert len(published) == 3
        assert "25.1 dB more than it receives" in published[0]
        assert "1.4e-05" in published[2]
        sound = consistent_set().replace(rcs_m2=1e4, num_integrated=2**23, target_angles_deg=(-12.0, 12.0))
        found = [
            text for budget in link_budgets(sound.replace(min_detection_probability=0.9)) for text in budget.doubts
        ]
        assert found == []

    def test_the_floor_of_the_pattern_reaches_the_channels(self):
        """With feeds far apart the outer ones reach the Earth Station by their floor alone."""
        far = {"beam_diameter_km": 3000.0, "num_users": 2, "half_power_angle_deg": 0.1, "feed_phase_std_deg": 0.0}
        low, high = (
            li.draw(li.config("self-backhaul", far_lobe_dbi=floor, **far), seed=0, trials=1).g_es[0]
            for floor in (-10.0, 0.0)
        )
        np.testing.assert_allclose(np.abs(high[1:] / low[1:]) ** 2, 10.0, rtol=1e-9)
        assert low[0] == high[0]


class TestSensing:
    def test_ranges_and_gains_are_those_of_the_sphere(self):
        config = li.config("self-backhaul", sensing_geometry="consistent")
        sensed = sensed_targets(config)
        loss_db = 40.0 * np.log10(sensed.distance_m / 1e6)
        assert loss_db[0] == pytest.approx(12.8, abs=0.05)
        # Towards 54 degrees the nearest feed points 12.2 degrees off nadir.
        published = sensed_targets(config.replace(sensing_geometry="published"))
        both_ways = 20.0 * np.log10(published.gain / sensed.gain)
        best_feed = feed_amplitudes(config, np.array([np.deg2rad(-54.0)])).max() ** 2
        assert 20.0 * np.log10(published.gain[0] / best_feed) == pytest.approx(60.5, abs=0.2)
        assert sensed.gain[0] < 7.0 * best_feed
        np.testing.assert_allclose(sensed.gain, sensed.gain[::-1], rtol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(sensed.steering, axis=1), 1.0)
        ratio = published.snr_per_watt / sensed.snr_per_watt
        np.testing.assert_allclose(10.0 * np.log10(ratio), both_ways + loss_db, rtol=1e-9)

    def test_a_target_beyond_the_horizon_is_refused(self):
        with pytest.raises(ConfigError, match=r"target_angles_deg = 70 looks past the Earth.*below 59\.8 degrees"):
            li.config("self-backhaul", sensing_geometry="consistent", target_angles_deg=(0.0, 70.0))

    def test_the_threshold_that_a_detection_probability_asks_for(self):
        config = li.config("self-backhaul", sensing_geometry="consistent", min_detection_probability=0.9)
        numbers = parameters(config)
        snr = np.asarray(numbers.pattern_min) * np.asarray(numbers.radar_snr_per_watt)
        np.testing.assert_allclose(ncx2.sf(-2.0 * np.log(config.false_alarm), 2, 2.0 * snr), 0.9, rtol=1e-8)
        np.testing.assert_allclose(detection_at(config, snr), 0.9, rtol=1e-8)
        with pytest.raises(ConfigError, match="min_detection_probability = 1e-07 must be above false_alarm"):
            config.replace(min_detection_probability=1e-7)

    def test_the_beampattern_at_the_targets_is_the_judged_one(self):
        config, channels, instance = deterministic("R1", sensing_geometry="consistent")
        design = JointDesign(
            0.1 * instance.h_users[None], 0.1 * instance.g_es[None], np.eye(3)[None] + 0.3 * np.ones((1, 3, 3)) + 0j
        )
        judged = li.evaluate(config, channels, design)["target_power"]
        np.testing.assert_allclose(
            pattern_over_angles(config, design, np.array(config.target_angles_deg)), judged, rtol=1e-9
        )

    def test_time_division_senses_in_its_share_of_the_time(self):
        config, channels, instance = deterministic("R1", rcs_m2=1e7, num_integrated=2**40, altitude_km=100.0)
        config = config.replace(noise_power_dbm=10.0)
        parts = (0.1 * instance.h_users[None], 0.1 * instance.g_es[None], np.eye(3, dtype=complex)[None])
        detected = {
            share: li.evaluate(config, channels, TimeSharedDesign(*parts, np.array([share])))["detection_probability"]
            for share in (1.0, 0.25)
        }
        snr = float(parameters(config).radar_snr_per_watt)
        threshold = -2.0 * np.log(config.false_alarm)
        for share, values in detected.items():
            np.testing.assert_allclose(values, ncx2.sf(threshold, 2, 2.0 * share * snr), rtol=1e-8)
        design = TimeSharedDesign(*parts, np.array([0.25]))
        curve = operating_characteristic(config, design, np.array([config.false_alarm]))
        np.testing.assert_allclose(curve[0, :, 0], detected[0.25][0], rtol=1e-9)

    def test_a_real_pass_takes_the_consistent_geometry(self):
        published = li.config("self-backhaul")
        assert not published.has_consistent_sensing
        assert published.replace(
            satellite={"name": "STARLINK-1008", "latitude_deg": 48.0, "longitude_deg": 11.0}
        ).has_consistent_sensing


class TestErrors:
    def test_every_link_has_its_own_radius(self):
        radii = {"es": 0.1, "users": 0.2, "feeder": 3.0, "satellite": 1e-3}
        models = {"es": "relative", "users": "noise-normalised", "feeder": "absolute", "satellite": "noise-normalised"}
        config, channels, instance = deterministic("R1")
        config = config.replace(error_radius=radii, error_model=models, noise_power_es_dbm=33.0)
        one = take(channels, 0)
        found = error_radii(parameters(config), one)
        assert float(found.h_es) == pytest.approx(0.1 * np.linalg.norm(instance.h_es))
        np.testing.assert_allclose(found.h_users, 0.2, rtol=1e-9)
        assert float(found.g_es) == 3.0
        np.testing.assert_allclose(found.g_users, 1e-3, rtol=1e-9)
        both = config.replace(error_model="noise-normalised")
        assert float(error_radii(parameters(both), one).h_es) == pytest.approx(0.1 * 10.0**0.15)

    def test_relative_radii_stay_below_one(self):
        with pytest.raises(ConfigError, match=r"error_radius = 2 \(feeder\): a relative radius must be below 1"):
            li.config("self-backhaul", error_radius={"feeder": 2.0}, error_model="relative")

    def test_one_radius_for_all_is_the_table_of_equal_ones(self):
        one = parameters(li.config("self-backhaul"))
        all_four = parameters(
            li.config("self-backhaul", error_radius=dict.fromkeys(("es", "users", "feeder", "satellite"), 0.08))
        )
        np.testing.assert_array_equal(one.error_radius, all_four.error_radius)
        assert len(one.error_radius) == len(LINKS)

    def test_noise_of_the_earth_station_weakens_the_feeder_link_alone(self):
        config, channels, _ = deterministic("R1")
        noisier = config.replace(noise_power_es_dbm=40.0)
        design = li.design(config, channels, "ibs").value
        before, after = li.evaluate(config, channels, design), li.evaluate(noisier, channels, design)
        np.testing.assert_array_equal(before["rate"], after["rate"])
        signal, rest = _feeder_powers(channels, design)
        assert after["backhaul_rate"][0] == pytest.approx(np.log2(1.0 + signal / (rest + 10.0)))
        aware = li.design(noisier, channels, "ibs")
        assert li.evaluate(noisier, channels, aware)["margin_pattern"][0] >= -1e-9

    def test_doppler_takes_what_a_block_loses(self):
        base = li.config("self-backhaul", num_users=2, block_samples=2000)
        turned = base.replace(residual_doppler_hz=4e3)  # 0.4 turns in a block of 0.1 ms
        plain, lost = li.draw(base, seed=0, trials=2), li.draw(turned, seed=0, trials=2)
        np.testing.assert_allclose(np.abs(lost.g_users / plain.g_users) ** 2, np.sinc(0.4) ** 2, rtol=1e-9)
        np.testing.assert_allclose(np.abs(lost.g_es / plain.g_es) ** 2, np.sinc(0.4) ** 2, rtol=1e-9)
        np.testing.assert_array_equal(lost.h_users, plain.h_users)


class TestEstimates:
    def test_designs_know_the_estimate_and_the_judge_the_truth(self):
        config = li.config("self-backhaul", num_users=2, bs_array=(1, 3), error_radius=0.3)
        noisy = config.replace(estimate="noisy")
        channels, known = li.draw(noisy, seed=0, trials=8), li.draw(config, seed=0, trials=8)
        assert not hasattr(known, "errors")
        np.testing.assert_array_equal(channels.h_users, known.h_users)
        length = np.linalg.norm(channels.errors.g_users, axis=-1)
        assert np.all(length <= 1.0)
        assert length.max() > 0.8
        design, blind = li.design(noisy, channels, "ibs-aware").value, li.design(config, known, "ibs-aware").value
        np.testing.assert_array_equal(design.bs_beams, blind.bs_beams)
        judged = li.evaluate(noisy, channels, design)
        truth = true_channels_of(noisy, channels)
        np.testing.assert_allclose(judged["rate"], li.evaluate(config, truth, design)["rate"], rtol=1e-9)
        promised = li.evaluate(config, known, design)
        assert np.any(np.abs(judged["rate"] - promised["rate"]) > 1e-3)
        np.testing.assert_allclose(judged["margin_min_rate"], promised["margin_min_rate"], rtol=1e-9)

    def test_normal_errors_have_the_power_that_is_stated(self):
        config = li.config("self-backhaul", num_users=2, bs_array=(1, 3))
        noisy = config.replace(csi_error_db=-10.0)
        channels, known = li.draw(noisy, seed=0, trials=200), li.draw(config, seed=0, trials=200)
        np.testing.assert_array_equal(channels.g_users, known.g_users)
        truth = true_channels_of(noisy, channels)
        for name in ("h_users", "g_es"):
            error = np.linalg.norm(getattr(truth, name) - getattr(known, name), axis=-1)
            share = np.mean((error / np.linalg.norm(getattr(known, name), axis=-1)) ** 2)
            assert share == pytest.approx(0.1, rel=0.15)
        with pytest.raises(li.ConfigError, match="designs know one estimate"):
            noisy.replace(estimate="noisy")

    def test_what_is_guaranteed_holds_over_the_truth(self):
        config = li.config("self-backhaul", num_users=2, bs_array=(1, 3), error_radius=0.3, estimate="noisy")
        channels = li.draw(config, seed=0, trials=8)
        design = RobustDesign(**vars(li.design(config, channels, "ibs-aware").value))
        metrics = li.evaluate(config, channels, design)
        assert np.all(metrics["rate"] >= metrics["guaranteed_rate"] - 1e-9)
        assert np.all(metrics["exact_worst_rate"] >= metrics["guaranteed_rate"] - 1e-9)
        assert np.all(metrics["rate"] >= metrics["exact_worst_rate"] - 1e-9)
        assert np.any(metrics["exact_worst_sum_rate"] > metrics["guaranteed_sum_rate"] + 1e-6)


@pytest.mark.parametrize("model", ["noise-normalised", "relative"])
def test_the_exact_worst_case_is_what_the_adversary_finds(model):
    # With so much noise at the Earth Station its link is what is least.
    config, channels, instance = deterministic("R1", error_model=model, error_radius=0.1, noise_power_es_dbm=40.0)
    h, g = instance.h_users, instance.g_es
    design = RobustDesign(
        0.3 * h[None] / np.linalg.norm(h, axis=1, keepdims=True) + 0.05,
        (0.4 * g / np.linalg.norm(g))[None],
        0.02 * np.eye(3, dtype=complex)[None],
    )
    metrics = li.evaluate(config, channels, design)
    found = check_design(config, channels, design, random=200)
    np.testing.assert_allclose(metrics["exact_worst_rate"], found.rate, rtol=1e-7)
    least = min(found.rate.sum(), found.backhaul_rate[0])
    assert least == found.backhaul_rate[0]
    assert metrics["exact_worst_sum_rate"][0] == pytest.approx(least, rel=1e-7)
    assert metrics["exact_worst_sum_rate"][0] > metrics["guaranteed_sum_rate"][0]


def true_channels_of(config, channels):
    numbers = to_numpy(parameters(config))
    each = [true_channels(numbers, take(channels, index)) for index in range(len(channels.noise_power))]
    stacked = {
        name: np.stack([np.asarray(getattr(one, name)) for one in each])
        for name in ("h_users", "h_es", "g_users", "g_es")
    }
    return li.channels(config, **stacked, noise_power=channels.noise_power)


def _feeder_powers(channels, design):
    g, h = channels.g_es[0], channels.h_es[0]
    signal = abs(np.vdot(g, design.satellite_beam[0])) ** 2
    sensing = np.real(np.conj(g) @ design.sensing_covariance[0] @ g)
    return signal, sensing + np.sum(np.abs(design.bs_beams[0] @ np.conj(h)) ** 2)


@pytest.mark.slow
def test_routes_agree_where_every_link_has_its_own_noise_and_errors():
    pytest.importorskip("cvxpy")
    config, channels, _ = deterministic("R1", noise_power_es_dbm=33.0)
    config = config.replace(
        error_radius={"es": 0.05, "users": 0.06, "feeder": 0.3, "satellite": 0.02},
        error_model={"es": "relative", "users": "relative", "feeder": "absolute", "satellite": "noise-normalised"},
    )
    for scheme, tolerance in (("pa1", 2e-3), ("pa2", 1e-2)):
        fast, reference = (li.design(config, channels, scheme, route=route) for route in ("fast", "reference"))
        assert fast.violation[0] <= 1e-6
        assert reference.violation[0] <= 1e-6
        assert fast.objective[0] == pytest.approx(reference.objective[0], abs=tolerance)
    metrics = li.evaluate(config, channels, fast)
    found = check_design(config, channels, fast.value, random=100)
    assert found.holds().all()
    np.testing.assert_allclose(metrics["exact_worst_rate"], found.rate, rtol=1e-6)
