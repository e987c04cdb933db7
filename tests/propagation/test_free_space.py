import numpy as np
import pytest

from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M
from leoisac.foundation.jax_setup import jax
from leoisac.propagation.free_space import (
    free_space_amplitude_gain,
    free_space_gain,
    free_space_loss,
    free_space_loss_db,
    wavelength,
)


@pytest.mark.parametrize(
    ("distance_km", "frequency_hz", "loss_db"),
    [(1075.088, 20e9, 179.10), (1075.088, 2e9, 159.10), (1998.881, 20e9, 184.49), (1998.881, 2e9, 164.49)],
)
def test_losses_of_tr_38_821(distance_km, frequency_hz, loss_db):
    assert free_space_loss_db(distance_km * 1e3, wavelength(frequency_hz)) == pytest.approx(loss_db, abs=0.01)


def test_gain_amplitude_and_loss_are_one_quantity():
    distance, wave = np.array([1.0, 2.0, EARTH_MEAN_RADIUS_M]), 0.015
    np.testing.assert_allclose(free_space_amplitude_gain(distance, wave) ** 2, free_space_gain(distance, wave))
    np.testing.assert_allclose(free_space_gain(distance, wave) * free_space_loss(distance, wave), 1.0)
    assert free_space_gain(2.0, wave) == pytest.approx(free_space_gain(1.0, wave) / 4.0)


def test_rounded_speed_of_light_can_be_followed():
    assert wavelength(2e9, speed_of_light_m_s=3e8) == 0.15
    assert wavelength(299_792_458.0) == 1.0


def test_distances_trace():
    slope = jax.grad(lambda d: free_space_gain(d, 0.1))(10.0)
    np.testing.assert_allclose(slope, -2.0 * free_space_gain(10.0, 0.1) / 10.0, rtol=1e-12)
