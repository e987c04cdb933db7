import math

import numpy as np
import pytest

from leoisac.antennas.arrays import ula, upa
from leoisac.antennas.steering import steering_vector
from leoisac.foundation.jax_setup import jax
from leoisac.propagation.terrestrial import UMI_LOS_SHADOWING_DB, log_distance_path_loss_db, saleh_valenzuela


@pytest.mark.parametrize(("frequency_hz", "at_one_metre"), [(20e9, 58.42), (30e9, 61.94)])
def test_urban_micro_law(frequency_hz, at_one_metre):
    assert log_distance_path_loss_db(1.0, frequency_hz) == pytest.approx(at_one_metre, abs=3e-3)
    assert log_distance_path_loss_db(100.0, frequency_hz) == pytest.approx(at_one_metre + 42.0, abs=3e-3)


def test_published_intercept_at_the_carrier():
    assert log_distance_path_loss_db(10.0, 1e9, intercept_db=58.42) == pytest.approx(79.42)


def test_shadowing_adds_in_db_and_exponent_scales():
    base = log_distance_path_loss_db(50.0, 20e9)
    shadowing = UMI_LOS_SHADOWING_DB * np.array([-1.0, 0.5])
    np.testing.assert_allclose(log_distance_path_loss_db(50.0, 20e9, shadowing_db=shadowing) - base, [-4.0, 2.0])
    free_space = log_distance_path_loss_db(np.array([10.0, 100.0]), 20e9, exponent=2.0)
    assert np.diff(free_space) == pytest.approx(20.0)


def paths(seed, shape):
    rng = np.random.default_rng(seed)
    gains = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / math.sqrt(2)
    return gains, rng.uniform(-math.pi, math.pi, shape), rng.uniform(-0.5, 0.5, shape)


def test_saleh_valenzuela_is_the_sum_of_its_paths():
    gains, azimuths, elevations = paths(0, (2, 3))
    power = np.array([1e-9, 4e-9])
    positions = upa(2, 2).positions
    h = saleh_valenzuela(power, gains, azimuths, elevations, positions)
    for m in range(2):
        total = sum(
            gains[m, path] * steering_vector(positions, azimuths[m, path], elevations[m, path]) / 2 for path in range(3)
        )
        np.testing.assert_allclose(h[m], math.sqrt(4 * power[m] / 3) * total, rtol=1e-12)


def test_array_gain_is_a_factor_of_the_number_of_antennas_in_power():
    gains, azimuths, elevations = paths(1, (3,))
    h = saleh_valenzuela(1e-9, gains, azimuths, elevations, ula(9).positions)
    literal = saleh_valenzuela(1e-9, gains, azimuths, elevations, ula(9).positions, array_gain=False)
    np.testing.assert_allclose(h, 3.0 * literal, rtol=1e-12)


@pytest.mark.parametrize(("array_gain", "expected"), [(True, 6.0), (False, 1.0)])
def test_mean_power(array_gain, expected):
    gains, azimuths, elevations = paths(2, (20_000, 5))
    h = saleh_valenzuela(1.0, gains, azimuths, elevations, upa(2, 3).positions, array_gain=array_gain)
    # Exactly independent complex Gaussian path gains: the relative standard error is about 0.5 %.
    assert np.mean(np.sum(np.abs(h) ** 2, axis=-1)) == pytest.approx(expected, rel=0.02)


def test_saleh_valenzuela_traces():
    gains, azimuths, elevations = paths(3, (2, 3))
    positions = ula(3).positions
    by_jax = jax.jit(lambda g: saleh_valenzuela(1e-9, g, azimuths, elevations, positions))(gains)
    np.testing.assert_allclose(by_jax, saleh_valenzuela(1e-9, gains, azimuths, elevations, positions), rtol=1e-12)
