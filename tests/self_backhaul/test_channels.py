"""Channel draws: nested skies, closed forms, real passes."""

import numpy as np
import pytest

import leoisac as li
from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.systems.self_backhaul.world.ground import place

PASS = {"name": "STARLINK-1423", "latitude_deg": 43.6047, "longitude_deg": 1.4442, "height_m": 150.0}


def test_fewer_users_more_feeds_and_antennas_see_the_same_sky():
    few = li.draw(li.config("self-backhaul", num_users=4), seed=3, trials=[5, 2])
    many = li.draw(li.config("self-backhaul"), seed=3, trials=[2, 5])
    np.testing.assert_array_equal(few.h_users[0], many.h_users[1][:4])
    np.testing.assert_array_equal(few.g_users[1], many.g_users[0][:4])
    np.testing.assert_array_equal(few.g_es[0], many.g_es[1])
    # A larger panel samples the same paths: its first elements hold the smaller panel's channel, rescaled.
    wide = li.draw(li.config("self-backhaul", bs_array=(4, 3)), seed=3, trials=[2])
    np.testing.assert_allclose(wide.h_users[0][:, :9], many.h_users[0], rtol=1e-9)


def test_a_trial_is_the_same_bits_in_any_company():
    config = li.config("self-backhaul")
    everyone = li.draw(config, seed=1, trials=70)
    alone = li.draw(config, seed=1, trials=[66])
    for name in ("h_users", "h_es", "g_users", "g_es"):
        np.testing.assert_array_equal(getattr(everyone, name)[66], getattr(alone, name)[0])


def test_feeder_channel_without_randomness_is_the_link_budget():
    config = li.config("self-backhaul", rain_std_db=0.0, feed_phase_std_deg=0.0)
    channels = li.draw(config, seed=0, trials=1)
    wavelength = 299792458.0 / 20e9
    free_space = wavelength / (4 * np.pi * 1000e3)
    off_axis = np.arctan(np.r_[0.0, np.full(6, np.sqrt(3) / 2 * 250.0 / 1000.0)])
    gain_db = 37.7 - 0.5 - 3.125 + s1528_leo_gain_dbi(off_axis, 52.0, np.deg2rad(3.2))
    np.testing.assert_allclose(channels.g_es[0], free_space * 10 ** (gain_db / 20), rtol=1e-9)


def test_mean_channel_power_grows_with_the_array_only_when_asked():
    base = {"num_users": 1, "shadowing_std_db": 0.0}
    for array_gain, ratio in ((True, 4.0), (False, 1.0)):
        power = [
            np.mean(
                np.abs(li.draw(li.config("self-backhaul", bs_array=a, array_gain=array_gain, **base), trials=2000).h_es)
                ** 2
            )
            * np.prod(a)
            for a in ((1, 1), (2, 2))
        ]
        assert power[1] / power[0] == pytest.approx(ratio, rel=0.1)


def test_lognormal_rain_and_uniform_phases():
    channels = li.draw(li.config("self-backhaul", rain_model="lognormal_db", feed_phase="uniform"), trials=500)
    dry = li.draw(li.config("self-backhaul", rain_model="lognormal_db", rain_std_db=0.0), trials=1)
    loss_db = 20 * np.log10(np.abs(channels.g_es[:, 0]) / np.abs(dry.g_es[0, 0])) - np.exp(-3.125)
    assert np.median(loss_db) == pytest.approx(-np.exp(-3.125), abs=0.02)
    assert abs(np.mean(np.exp(1j * np.angle(channels.g_users[:, 0, 3])))) < 0.12


def test_users_keep_their_distance():
    config = li.config("self-backhaul", min_distance_m=400.0, shadowing_std_db=0.0, num_paths=1)
    channels = li.draw(config, trials=200)
    # With one path of unit mean power the path loss alone bounds the mean; at 400 m the loss is 113.06 dB.
    mean = np.mean(np.sum(np.abs(channels.h_users) ** 2, axis=-1)) / 9
    assert mean < 10 ** (-(32.4 + 21 * np.log10(400.0) + 20 * np.log10(20.0)) / 10) * 1.1


def test_real_pass_uses_true_geometry():
    config = li.config("self-backhaul", satellite={**PASS, "time": "best-pass"}, rain_std_db=0.0, beam_diameter_km=62.0)
    placement = place(config)
    sight = placement.sight
    assert sight is not None
    assert np.degrees(sight.view.elevation_rad) > 89.0
    assert placement.slant_range_m == pytest.approx(float(sight.view.range_m))
    assert placement.slant_range_m == pytest.approx(550.5e3, rel=1e-3)
    ring = np.linalg.norm(placement.feed_centres_m[1:], axis=-1)
    np.testing.assert_allclose(ring, np.sqrt(3) / 2 * 62e3, rtol=1e-4)  # chord against arc
    assert np.all(placement.feed_centres_m[1:, 2] < -100.0)  # the Earth curves away
    channels = li.draw(config, seed=0, trials=1)
    nearer = 1000e3 / placement.slant_range_m
    overhead = li.draw(li.config("self-backhaul", rain_std_db=0.0), seed=0, trials=1)
    np.testing.assert_allclose(np.abs(channels.g_es[0, 0]), nearer * np.abs(overhead.g_es[0, 0]), rtol=1e-6)


def test_satellite_below_the_horizon_is_refused():
    config = li.config("self-backhaul", satellite={**PASS, "time": "2025-10-08T08:20:00Z"})
    with pytest.raises(li.ConfigError, match=r"satellite\.time.*below the site's horizon"):
        li.draw(config, trials=1)
