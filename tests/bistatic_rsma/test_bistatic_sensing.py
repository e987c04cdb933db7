"""The simulated echo and the receiver's estimates, through the judge."""

import math
import time

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate

from leoisac.experiment.trials.blocks import parameters_of
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Solution, Status
from leoisac.geometry.bistatic import unit_direction
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.fast.echo import with_estimates
from leoisac.systems.bistatic_rsma.judge import sensing
from leoisac.systems.bistatic_rsma.judge.sensing import estimate_target, observe
from leoisac.systems.bistatic_rsma.model import Design
from leoisac.systems.bistatic_rsma.world.link import link_budget, target_steering

SMALL = {"receiver_array": (12, 12), "num_samples": 1024, "max_delay_samples": 96}
PUBLISHED = {"estimator": "music", "whole_sample_delay": True}
SAMPLE_S = 1e-7


def _floor_met(config, trials):
    """Designs that put just the gain floor on the target: part of the power on it, the rest where it does not show."""
    link, steering = link_budget(config), target_steering(config)
    rng = np.random.default_rng(0)
    other = rng.standard_normal((config.num_tx, 2)) + 1j * rng.standard_normal((config.num_tx, 2))
    other -= np.outer(steering, steering.conj() @ other) / config.num_tx
    precoder = np.zeros((trials, config.num_tx, config.num_users + 2), dtype=complex)
    precoder[:, :, :2] = other
    precoder[:, :, -1] = steering * np.sqrt(link.gain_floor) / config.num_tx
    return Design(precoder, np.zeros((trials, config.num_users)), np.zeros(trials))


def _solution(config, trials):
    blank = np.zeros(trials)
    status = np.full(trials, int(Status.CONVERGED))
    return Solution(_floor_met(config, trials), status, blank, blank, blank, np.zeros((trials, 0)))


def _threshold(config, eigenvalue):
    """The bound's threshold at which the signal eigenvalue over noise is this one with the floor just met."""
    link = link_budget(config)
    window = config.num_samples + config.max_delay_samples
    per_gain = config.num_samples / window * config.num_rx * link.alpha_squared / link.noise_power
    return link.kappa_azimuth * per_gain / eigenvalue


def _sensed(trials, eigenvalue, **changes):
    base = configured(**{**SMALL, **changes})
    config = base.replace(crb_threshold_rad2=_threshold(base, eigenvalue), transmit_power_dbw=40.0)
    drawn = draw(config, seed=1, trials=trials)
    solution = with_estimates(parameters_of(SYSTEM, config), drawn, _solution(config, trials))
    return config, drawn, evaluate(config, drawn, solution.value)


def test_eigenvalue_of_the_published_setting():
    # The signal eigenvalue over noise is 0.408 when the bound of 8e-7 rad^2 is met exactly.
    assert _threshold(configured(), 0.408) == pytest.approx(8e-7, rel=2e-3)


def test_delay_is_right_to_the_sample_and_departure_close_wherever_arrival_is_found():
    # Around the threshold of MUSIC: some trials find the angle of arrival, some do not.
    _, _, metrics = _sensed(32, 0.3, **PUBLISHED)
    found = metrics["aoa_error"] < np.deg2rad(2.0)
    assert 8 < np.sum(found) < 32
    # The simulated delay is rounded, the error is against the true one.
    true = link_budget(configured()).delay_samples
    np.testing.assert_allclose(metrics["delay_error"][found], (round(true) - true) * SAMPLE_S, rtol=1e-6)
    assert np.rad2deg(np.abs(metrics["aod_azimuth_error"][found])).max() < 0.3
    assert np.rad2deg(np.abs(metrics["aod_off_nadir_error"][found])).max() < 0.3
    assert metrics["echo_detected"][found].all()


def test_a_wrong_angle_of_arrival_gives_no_peak():
    _, _, metrics = _sensed(12, 3.0, **PUBLISHED, aoa_offset_deg=(34.0, 11.0))
    assert metrics["echo_detected"].sum() <= 1
    assert np.median(metrics["prominence"]) < 5.5
    np.testing.assert_allclose(np.rad2deg(metrics["aoa_azimuth_error"]), 34.0, atol=1.0)
    _, _, right = _sensed(12, 3.0, **PUBLISHED)
    assert right["prominence"].min() > 2.5 * metrics["prominence"].max()


def test_doppler_and_position_errors():
    config, drawn, metrics = _sensed(12, 4.0, **PUBLISHED)
    bin_hz = config.bandwidth_hz / (4 * config.num_samples)
    assert np.abs(metrics["doppler_error"]).max() < 0.5 * bin_hz
    assert np.abs(drawn.echo.doppler_hz).max() > 5e3
    # The rounding of the delay alone costs 40 m.
    assert metrics["position_error"].max() < 250.0


def test_trials_without_a_design_have_no_estimate_and_maps_are_kept_on_request():
    base = configured(**SMALL, **PUBLISHED, pattern_points=9)
    config = base.replace(crb_threshold_rad2=_threshold(base, 4.0), transmit_power_dbw=40.0)
    drawn, solution = draw(config, trials=2), _solution(config, 2)
    solution.status[1] = int(Status.INFEASIBLE)
    estimate = with_estimates(parameters_of(SYSTEM, config), drawn, solution).value.estimate
    assert estimate.prominence[1] == 0.0
    assert estimate.prominence[0] > 5.0
    assert estimate.music_spectrum.shape == (2, 9, 9)
    assert estimate.delay_doppler_map.shape == (2, 96, 33)
    assert estimate.delay_doppler_map[0].max() == 1.0
    assert np.unravel_index(np.argmax(estimate.delay_doppler_map[0]), (96, 33))[0] == 53  # delays count from 1


@pytest.mark.parametrize(
    "changes", [{"estimator": "ml"}, {"estimator": "beamscan", "direct_path": True, "cancellation": ("eca",)}]
)
def test_other_receivers_keep_maps_too(changes):
    _, _, metrics = _sensed(1, 4.0, pattern_points=21, **changes)
    spectrum, search = metrics["music_spectrum"][0], metrics["delay_doppler_map"][0]
    assert search.shape == (96, 33)
    assert np.unravel_index(np.argmax(search), search.shape)[0] == 53  # delays count from 1, the true one is 54.3
    row, column = np.unravel_index(np.argmax(spectrum), spectrum.shape)
    place = link_budget(configured())
    truth = np.sin(place.aoa_zenith) * np.array([np.sin(place.aoa_azimuth), np.cos(place.aoa_azimuth)])
    np.testing.assert_allclose(np.linspace(-1.0, 1.0, 21)[[row, column]], truth, atol=0.1)


def test_the_same_trial_has_the_same_echo_in_any_company():
    config = configured(**SMALL, **PUBLISHED)
    parameters = parameters_of(SYSTEM, config)
    alone, together = draw(config, trials=[3]), draw(config, trials=[1, 3])
    first, second = (
        with_estimates(parameters, drawn, _solution(config, len(drawn.gain_floor))).value.estimate
        for drawn in (alone, together)
    )
    assert first.doppler_hz[0] == second.doppler_hz[1]
    assert first.aoa_azimuth[0] == second.aoa_azimuth[1]


def test_a_window_that_ends_before_the_echo_is_refused():
    config = configured(**{**SMALL, "max_delay_samples": 32})
    with pytest.raises(ConfigError, match=r"max_delay_samples = 32: the echo arrives 54\.33 samples"):
        with_estimates(parameters_of(SYSTEM, config), draw(config), _solution(config, 1))


@pytest.fixture(scope="module")
def joint():
    """Sixty echoes at four times the eigenvalue of MUSIC's threshold, by maximum likelihood."""
    return _sensed(60, 2.0)[2]


@pytest.mark.parametrize(
    "name", ["aoa_azimuth", "aoa_zenith", "delay", "doppler", "aod_azimuth", "aod_off_nadir", "position"]
)
def test_maximum_likelihood_is_at_its_bounds(joint, name):
    ratio = np.sqrt(np.mean(joint[f"{name}_error"] ** 2) / np.mean(joint[f"{name}_bound"]))
    assert 0.8 < ratio < 1.25  # sixty trials know it to 9 %
    assert joint["echo_detected"].all()


def test_a_receiver_that_knows_the_amplitude_is_at_the_bounds_of_that(joint):
    metrics = _sensed(40, 2.0, receiver_amplitude="known")[2]
    for name in ("aoa_azimuth", "aoa_zenith", "delay", "doppler"):
        ratio = np.sqrt(np.mean(metrics[f"{name}_error"] ** 2) / np.mean(metrics[f"{name}_bound"]))
        assert 0.75 < ratio < 1.3, name
    assert metrics["aoa_zenith_bound"][0] < 0.5 * joint["aoa_zenith_bound"][0]


def test_below_the_threshold_of_music_the_block_still_gives_the_angle():
    shares = {
        name: np.mean(_sensed(16, 0.16, estimator=name)[2]["aoa_error"] < np.deg2rad(4.0))
        for name in ("ml", "beamscan", "music")
    }
    assert shares["ml"] == 1.0
    assert shares["music"] < 0.3


def test_bounds_are_those_of_the_receiver(joint):
    metrics = _sensed(1, 2.0, estimator="beamscan")[2]
    # The waveform that it does not know, at 2 (L + tau_max) / L signal over noise: a factor 1 + 1 / lambda.
    factor = 1.0 + 1.0 / (2.0 * (1024 + 96) / 1024)
    assert metrics["aoa_azimuth_bound"][0] == pytest.approx(factor * joint["aoa_azimuth_bound"][0], rel=1e-3)
    assert metrics["aoa_azimuth_bound"][0] == pytest.approx(factor * metrics["crb_azimuth_unknown"][0], rel=1e-3)
    assert metrics["delay_bound"][0] == pytest.approx(joint["delay_bound"][0], rel=1e-6)


@pytest.mark.parametrize("waveform", ["ofdm", "otfs"])
def test_other_waveforms_are_estimated_as_well(joint, waveform):
    metrics = _sensed(20, 2.0, echo_waveform=waveform, echo_subcarriers=32)[2]
    for name in ("aoa_azimuth", "delay", "doppler"):
        ratio = np.sqrt(np.mean(metrics[f"{name}_error"] ** 2) / np.mean(metrics[f"{name}_bound"]))
        assert 0.6 < ratio < 1.5, name
    # Other symbols in the same noise.
    assert metrics["aoa_azimuth_error"][0] != joint["aoa_azimuth_error"][0]
    with pytest.raises(ConfigError, match="whole number of slots"):
        configured(echo_waveform=waveform, echo_subcarriers=100)


def test_a_deliberate_offset_needs_a_receiver_of_two_steps():
    with pytest.raises(ConfigError, match="aoa_offset_deg"):
        configured(aoa_offset_deg=(1.0, 0.0))


@pytest.mark.slow
def test_a_full_size_estimate_takes_less_than_a_second():
    config = configured(**PUBLISHED, crb_threshold_rad2=4e-7, transmit_power_dbw=23.0)
    scene, drawn = parameters_of(SYSTEM, config).scene, draw(config)
    precoder = _floor_met(config, 1).precoder[0]
    observation = observe(scene, precoder, take(drawn.echo, 0))
    assert observation.samples.shape == (1024, 4352)
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        estimate = estimate_target(scene, precoder, observation)
        seconds.append(time.thread_time() - start)
    assert estimate.delay == 54
    assert min(seconds) < 1.0


def test_angles_past_the_zenith_are_the_same_direction():
    for azimuth, zenith in ((0.3, -0.2), (0.3, math.pi + 0.4), (-1.0, 0.7)):
        folded = sensing._offset_angles(azimuth, zenith)
        assert 0.0 <= folded[1] <= math.pi
        np.testing.assert_allclose(unit_direction(*folded), unit_direction(azimuth, zenith), atol=1e-12)
