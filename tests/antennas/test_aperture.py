"""The circular aperture against TR 38.811's values, SciPy's Bessel function, and the energy that an antenna has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special

from leoisac.antennas.aperture import (
    HALF_POWER_ARGUMENT,
    MINUS_3_DB_ARGUMENT,
    aperture_gain,
    aperture_half_angle,
    aperture_peak_gain,
    bessel_j1_ratio,
)
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.jax_setup import jax

ANGLES = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 60, 70, 80]
GAINS_DB = [-1.34, -5.8826, -17.2583, -20.8954, -18.0515, -30.5363, -36.3048, -43.9686, -44.6437, -59.2368, -60.9132]
GAINS_DB += [-49.1656, -49.8022]
BEAMWIDTHS = [(2.0, 2e9, 4.4127), (0.5, 20e9, 1.7647), (22.0, 2e9, 0.4011), (5.0, 20e9, 0.1765), (1.0, 2e9, 8.832)]


def test_values_of_an_aperture_of_ten_wavelengths() -> None:
    found = 10.0 * np.log10(aperture_gain(np.radians(ANGLES), 10.0))
    np.testing.assert_allclose(found, GAINS_DB, atol=1e-3)
    assert aperture_gain(0.0, 10.0) == pytest.approx(1.0, abs=1e-12)
    assert aperture_gain(2.0, 10.0) == 0.0


def test_bessel_function() -> None:
    x = np.linspace(1e-6, 500.0, 200_001)
    np.testing.assert_allclose(bessel_j1_ratio(x), special.j1(x) / x, atol=2e-8)
    assert bessel_j1_ratio(0.0) == 0.5
    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(bessel_j1_ratio)(jax.numpy.asarray(x[::100])), bessel_j1_ratio(x[::100]))


@pytest.mark.parametrize(("diameter_m", "carrier_hz", "beamwidth_deg"), BEAMWIDTHS)
def test_beamwidths_of_tr_38_821(diameter_m: float, carrier_hz: float, beamwidth_deg: float) -> None:
    radius = 0.5 * diameter_m * carrier_hz / SPEED_OF_LIGHT_M_S
    half = aperture_half_angle(radius, MINUS_3_DB_ARGUMENT)
    assert 2.0 * math.degrees(half) == pytest.approx(beamwidth_deg, abs=6e-5)
    assert 10.0 * math.log10(aperture_gain(half, radius)) == pytest.approx(-3.0, abs=1e-5)
    assert aperture_gain(aperture_half_angle(radius, HALF_POWER_ARGUMENT), radius) == pytest.approx(0.5, abs=1e-6)


def test_peak_is_that_of_the_area_and_of_the_energy() -> None:
    """A lossless aperture radiates what it gets: its gain over the sphere has the mean 1, for a large one."""
    assert aperture_peak_gain(10.0) == pytest.approx(4.0 * math.pi * (math.pi * 100.0))
    radius = 20.0
    energy, _ = integrate.quad(lambda t: aperture_gain(t, radius) * math.sin(t), 0.0, 0.5 * math.pi, limit=2000)
    assert 0.5 * energy * aperture_peak_gain(radius) == pytest.approx(1.0, abs=0.02)


def test_an_aperture_without_a_beam_is_refused() -> None:
    with pytest.raises(ValueError, match="no angle has lost half"):
        aperture_half_angle(0.2)
