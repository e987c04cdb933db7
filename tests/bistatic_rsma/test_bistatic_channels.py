"""Channel draws: reference values, nested skies, closed forms, real passes."""

import numpy as np
import pytest
from bistatic_cases import CASE_A, channels, configured, draw

from leoisac.experiment.errors import ChannelError
from leoisac.foundation.config import ConfigError
from leoisac.systems.bistatic_rsma.world.ground import place

PASS = {"name": "STARLINK-1423", "latitude_deg": 43.6047, "longitude_deg": 1.4442, "height_m": 150.0}
ARRAYS = ("user_steering", "user_noise_ratio", "user_fading")


def test_user_statistics_of_case_a():
    drawn = draw(configured(user_positions_km=CASE_A))
    assert drawn.user_noise_ratio[0, 0] == pytest.approx(4.245029, rel=1e-6)
    azimuth, off_nadir = np.deg2rad([21.801409, 4.528008])
    x, y = np.divmod(np.arange(64), 8)
    phase = np.pi * np.sin(off_nadir) * (x * np.cos(azimuth) + y * np.sin(azimuth))
    np.testing.assert_allclose(drawn.user_steering[0, 0], np.exp(1j * phase), atol=1e-6)
    np.testing.assert_allclose(drawn.gain_floor, 4768.4413, rtol=1e-6)


def test_fewer_users_smaller_arrays_and_any_company_see_the_same_sky():
    few = draw(configured(num_users=2), seed=3, trials=[5, 2])
    many = draw(configured(), seed=3, trials=[2, 5])
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(few, name)[0], getattr(many, name)[1][:2])
    np.testing.assert_array_equal(few.echo.doppler_hz, many.echo.doppler_hz[::-1])
    small = draw(configured(satellite_array=(2, 8)), seed=3, trials=[2])
    np.testing.assert_allclose(small.user_steering[0], many.user_steering[0, :, :16], atol=1e-12)
    # Power and threshold are no part of the sky; the threshold only moves the floor.
    strict = draw(configured(transmit_power_dbw=30.0, crb_threshold_rad2=4e-7), seed=3, trials=[2])
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(strict, name)[0], getattr(many, name)[0])
    np.testing.assert_allclose(strict.gain_floor, 2 * many.gain_floor[0])


@pytest.mark.parametrize(("distribution", "power"), [("uniform-radius", 1.0), ("uniform-area", 2.0)])
def test_users_fill_the_disc(distribution, power):
    config = configured(user_distribution=distribution)
    drawn = draw(config, trials=500)
    # The noise ratio is proportional to the squared distance, hence to height^2 + radius^2 below the satellite.
    reference = draw(configured(user_positions_km=((30.0, -30.0),) * 4)).user_noise_ratio[0, 0]
    radius = 340e3 * np.sqrt(np.maximum(drawn.user_noise_ratio / reference - 1.0, 0.0))
    assert radius.max() <= 50e3 * (1 + 1e-9)
    share = np.sort((radius.ravel() / 50e3) ** power)
    assert np.max(np.abs(share - (np.arange(2000) + 0.5) / 2000)) < 0.035  # Kolmogorov-Smirnov, about 1 %
    assert draw(config.replace(coverage_centre="receiver"), trials=1).user_noise_ratio.max() > reference


def test_fading_has_unit_power_and_the_rician_factor():
    fading = draw(configured(), trials=2000).user_fading.ravel()
    assert np.mean(np.abs(fading) ** 2) == pytest.approx(1.0, abs=0.02)
    assert np.abs(np.mean(fading)) ** 2 == pytest.approx(10 / 11, abs=0.02)
    assert np.angle(np.mean(fading)) == pytest.approx(np.pi / 4, abs=0.02)


def test_channels_from_plain_arrays():
    config = configured()
    drawn = draw(config, trials=2)
    names = (*ARRAYS, "target_steering", "gain_floor")
    again = channels(config, **{name: getattr(drawn, name) for name in names})
    assert again.echo is None
    np.testing.assert_array_equal(again.user_steering, drawn.user_steering)
    with pytest.raises(ChannelError, match="user_steering: axis `user` has 2 entries"):
        channels(
            config, **{name: getattr(drawn, name)[:, :2] if name in ARRAYS else getattr(drawn, name) for name in names}
        )


def test_configuration_errors_say_what_to_do():
    for changes, message in (
        ({"user_positions_km": ((1.0, 2.0),)}, "give one per user"),
        ({"satellite_position_km": (0.0, 0.0, 4.0)}, "is not above the target"),
        ({"target_position_km": (0.0, 0.0, 0.0)}, "at least a metre"),
        ({"rcs_model": "cosine"}, "constant"),
        ({"pattern_points": 1}, "2 or more"),
        ({"receiver_array": (1, 8)}, "at least 2"),
    ):
        with pytest.raises(ConfigError, match=message):
            configured(**changes)


def test_real_pass_places_users_on_the_round_earth():
    config = configured(
        satellite={**PASS, "time": "best-pass"}, coverage_centre="receiver", user_positions_km=((0.0, 0.0), *CASE_A[:3])
    )
    placement = place(config)
    np.testing.assert_allclose(placement.users_m[0], 0.0, atol=1e-6)
    fall = -np.sum(placement.users_m[1:, :2] ** 2, axis=1) / (2 * 6371e3)
    np.testing.assert_allclose(placement.users_m[1:, 2], fall, rtol=0.01)
    # Nearly overhead the panel is nearly level; its axes are a rotation.
    np.testing.assert_allclose(placement.satellite_axes @ placement.satellite_axes.T, np.eye(3), atol=1e-12)
    assert placement.satellite_axes[2, 2] > 0.9999
    drawn = draw(config)
    distance = np.linalg.norm(placement.users_m - placement.satellite_m, axis=1)
    ratio = drawn.user_noise_ratio[0] / distance**2
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_drawn_users_below_a_real_satellite_lie_on_the_ground():
    config = configured(satellite={**PASS, "time": "best-pass"})
    nearest = draw(config, trials=64).user_noise_ratio.min()
    overhead = draw(configured(satellite_position_km=(0.0, 0.0, 550.5)), trials=1)
    assert nearest == pytest.approx(overhead.user_noise_ratio.min(), rel=5e-3)
