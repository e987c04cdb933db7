import math

import numpy as np
import pytest

from leoisac.antennas.arrays import ula, upa
from leoisac.antennas.steering import steering_derivatives, steering_vector, ula_steering_vector
from leoisac.foundation.jax_setup import jax

jnp = jax.numpy
DEG = math.pi / 180


def test_ula_reference_value():
    np.testing.assert_allclose(
        ula_steering_vector(30 * DEG, 3) / math.sqrt(3), [0.57735, 0.57735j, -0.57735], atol=5e-6
    )


def test_horizontal_panel_reference_value():
    a = steering_vector(upa(2, 2).positions, 30 * DEG, 10 * DEG) / 2
    expected = [0.5, 0.011931 + 0.499858j, -0.447531 + 0.222971j, -0.233587 - 0.442083j]
    np.testing.assert_allclose(a, expected, atol=1e-6)


def test_horizontal_panel_is_the_kronecker_product_of_its_axes():
    az, el = 0.7, -0.3
    rows = np.exp(1j * math.pi * np.arange(3) * math.cos(el) * math.cos(az))
    columns = np.exp(1j * math.pi * np.arange(4) * math.cos(el) * math.sin(az))
    np.testing.assert_allclose(steering_vector(upa(3, 4).positions, az, el), np.kron(rows, columns), atol=1e-14)


def test_angles_broadcast_and_entries_have_unit_modulus():
    azimuth, elevation = np.linspace(-3, 3, 5)[:, None], np.linspace(-1, 1, 4)
    a = steering_vector(upa(2, 3, plane="yz").positions, azimuth, elevation)
    assert a.shape == (5, 4, 6)
    np.testing.assert_allclose(np.abs(a), 1.0, atol=1e-14)
    np.testing.assert_allclose(a[3, 1], steering_vector(upa(2, 3, plane="yz").positions, azimuth[3, 0], elevation[1]))


def test_opposite_directions_are_conjugate():
    positions = np.random.default_rng(0).normal(size=(5, 3))
    a = steering_vector(positions, 0.4, 0.2)
    np.testing.assert_allclose(steering_vector(positions, 0.4 + math.pi, -0.2), np.conj(a), atol=1e-13)


@pytest.mark.parametrize("spacing", [0.5, 0.8])
def test_ula_angle_is_from_broadside(spacing):
    angles = np.array([-1.2, 0.0, 0.5])
    expected = np.exp(2j * math.pi * spacing * np.sin(angles)[:, None] * np.arange(4))
    np.testing.assert_allclose(ula_steering_vector(angles, 4, spacing), expected, atol=1e-14)


def test_jax_and_numpy_agree_and_each_stays_what_it_is():
    positions = ula(3).positions
    by_numpy = steering_vector(positions, 0.3, 0.1)
    by_jax = jax.jit(lambda az: steering_vector(positions, az, 0.1))(0.3)
    assert isinstance(by_numpy, np.ndarray)
    assert isinstance(by_jax, jax.Array)
    assert by_jax.dtype == jnp.complex128
    np.testing.assert_allclose(by_jax, by_numpy, atol=1e-15)


def test_derivatives_match_automatic_differentiation():
    positions = np.random.default_rng(1).normal(size=(5, 3))
    jacobian = jax.jit(jax.jacfwd(lambda angles: steering_vector(positions, angles[0], angles[1])))
    by_azimuth, by_elevation = jacobian(np.array([0.9, -0.4])).T
    closed_azimuth, closed_elevation = steering_derivatives(positions, 0.9, -0.4)
    np.testing.assert_allclose(closed_azimuth, by_azimuth, atol=1e-13)
    np.testing.assert_allclose(closed_elevation, by_elevation, atol=1e-13)


def test_derivatives_broadcast_like_the_steering_vector():
    azimuth, elevation = np.zeros((3, 1)), np.full(2, 0.5)
    for derivative in steering_derivatives(upa(2, 2).positions, azimuth, elevation):
        assert derivative.shape == (3, 2, 4)


def test_wrong_positions_are_reported_by_axis():
    with pytest.raises(Exception, match="positions"):
        steering_vector(np.zeros((4, 2)), 0.0, 0.0)
