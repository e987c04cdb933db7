import math

import numpy as np
import pytest

from leoisac.antennas.satellite_patterns import s1528_gain_dbi, s1528_leo_gain_dbi
from leoisac.foundation.jax_setup import jax

jnp = jax.numpy
DEG = math.pi / 180


def general(angle_deg, side_lobe_level_db=-30.0, peak_gain_dbi=39.0):
    return s1528_gain_dbi(np.asarray(angle_deg) * DEG, peak_gain_dbi, DEG, side_lobe_level_db=side_lobe_level_db)


def leo(angle_deg, **shape):
    return s1528_leo_gain_dbi(np.asarray(angle_deg) * DEG, 52.0, 3.2 * DEG, **shape)


def test_recommends_1_2_table():
    angles = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 80, 100]
    expected = [0, -3, -8.485, -30, -30, -30, -30, -31.11, -32.56, -33.84, -34.98, -39, -39]
    np.testing.assert_allclose(general(angles) - 39.0, expected, atol=5e-3)


def test_recommends_1_2_back_lobe_follows_the_recommendation():
    # 15 + L_N + 0.25 G_m = 15 - 20 + 10 = 5 dBi, above the far-out level of 0 dBi.
    np.testing.assert_allclose(general([89.9, 90.1], side_lobe_level_db=-20.0, peak_gain_dbi=40.0), [0.0, 5.0])
    assert s1528_gain_dbi(2.0, 40.0, DEG, side_lobe_level_db=-20.0, back_lobe_dbi=-3.0) == -3.0


@pytest.mark.parametrize("level", [-15.0, -20.0, -25.0, -30.0])
def test_recommends_1_2_falls_up_to_90_degrees_and_jumps_only_at_the_end_of_the_main_lobe(level):
    gains = general(np.linspace(0, 90, 9001), side_lobe_level_db=level)
    steps = np.diff(gains)
    assert np.all(steps <= 1e-12)
    assert np.flatnonzero(steps < -0.5).tolist() == [258]
    np.testing.assert_allclose(general(2.58, level) - 39.0, -3 * 2.58**1.5)
    np.testing.assert_allclose(general(2.58 + 1e-9, level) - 39.0, level)


def test_recommends_1_3_leo_table():
    angles = [0, 1.6, 3.2, 4.8, 10, 20, 60, 120]
    expected = [52, 51.25, 49, 45.25, 37.2810, 29.7553, 17.8272, 10.3015]
    np.testing.assert_allclose(leo(angles), expected, atol=5e-5)


def test_recommends_1_3_medium_earth_orbit_example():
    # Annex 1 of the recommendation: 35 dBi, 1.6 degrees, L_s = -12 dB, Y = 3.2 degrees, L_F = 3 dBi gives
    # 35.6 - 25 log10(psi) in degrees.
    gain = s1528_leo_gain_dbi(
        8.0 * DEG, 35.0, 1.6 * DEG, side_lobe_level_db=-12.0, main_lobe_ratio=2.0, far_out_dbi=3.0
    )
    np.testing.assert_allclose(gain, 35.63 - 25 * math.log10(8.0), atol=2e-3)


def test_recommends_1_3_is_continuous_and_monotone_down_to_its_floor():
    gains = s1528_leo_gain_dbi(np.linspace(0, math.pi, 18001), 30.0, 3.2 * DEG)
    assert np.all(np.diff(gains) <= 1e-12)
    assert np.max(np.abs(np.diff(gains))) < 0.03
    assert gains[-1] == 0.0
    # Z = 4.8 deg 10^(0.04 (30 - 6.75)) = 40.85 degrees.
    np.testing.assert_allclose(
        s1528_leo_gain_dbi(np.array([40.8, 40.9]) * DEG, 30.0, 3.2 * DEG), [0.014, 0.0], atol=1e-3
    )


def test_a_low_peak_never_falls_below_the_far_out_level():
    assert np.all(s1528_leo_gain_dbi(np.linspace(0, 3, 100), 4.0, 0.1, far_out_dbi=1.0) >= 1.0)


@pytest.mark.parametrize(
    "pattern",
    [
        lambda x: s1528_leo_gain_dbi(x, 52.0, 3.2 * DEG),
        lambda x: s1528_gain_dbi(x, 39.0, DEG, side_lobe_level_db=-25.0),
    ],
)
def test_patterns_trace_with_finite_slopes_everywhere(pattern):
    angles = np.array([0.0, 0.5, 3.2, 4.0, 20.0, 100.0]) * DEG
    gains, slopes = jax.jit(jax.vmap(jax.value_and_grad(pattern)))(angles)
    np.testing.assert_allclose(gains, pattern(angles), atol=1e-12)
    assert np.all(np.isfinite(slopes))
    assert slopes[0] == 0.0
    step = 1e-7
    np.testing.assert_allclose(
        slopes[1:], (pattern(angles[1:] + step) - pattern(angles[1:] - step)) / (2 * step), rtol=1e-5
    )
