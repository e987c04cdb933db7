"""Bistatic triangles and the ellipsoid of a delay: reference values, symmetry, round trips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.geometry.bistatic import (
    arrival_angles,
    bistatic_doppler_hz,
    bistatic_geometry,
    departure_angles,
    ellipsoid_position,
    ellipsoid_range,
    unit_direction,
)

SATELLITE = np.array([30e3, -30e3, 340e3])
TARGET = np.array([3e3, 3e3, 5e3])
ORIGIN = np.zeros(3)
SAMPLE_M = 30.0
coordinate = st.floats(-50e3, 50e3)


def test_a_right_triangle():
    triangle = bistatic_geometry(np.array([3.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0]), np.array([0.0, 4.0, 0.0]))
    np.testing.assert_allclose(triangle, [3.0, 4.0, 5.0, np.pi / 2, np.arctan2(3.0, 4.0)])


@given(coordinate, coordinate, st.floats(10.0, 50e3))
def test_triangle_is_symmetric_and_its_angles_add_up(x, y, z):
    target = np.array([x, y, z])
    one, other = bistatic_geometry(SATELLITE, target, ORIGIN), bistatic_geometry(ORIGIN, target, SATELLITE)
    assert one.range_tx == other.range_rx
    assert one.range_los == other.range_los
    np.testing.assert_allclose(one.bistatic_angle, other.bistatic_angle, atol=1e-9)
    np.testing.assert_allclose(one.bistatic_angle + one.receiver_angle + other.receiver_angle, np.pi, atol=1e-9)


def test_angles_of_the_published_setting():
    np.testing.assert_allclose(np.rad2deg(arrival_angles(ORIGIN, TARGET)), [45.0, 40.31554221], rtol=1e-9)
    np.testing.assert_allclose(np.rad2deg(departure_angles(SATELLITE, TARGET)), [129.28940686, 7.25347191], rtol=1e-9)
    east, north, up = np.eye(3)
    turned = departure_angles(SATELLITE, TARGET, np.stack([north, -east, up]))
    np.testing.assert_allclose(np.rad2deg(turned), [129.28940686 - 90.0, 7.25347191], rtol=1e-9)


@given(coordinate, coordinate, st.floats(100.0, 50e3))
def test_delay_and_direction_return_the_target(x, y, z):
    target = np.array([x, y, z])
    triangle = bistatic_geometry(SATELLITE, target, ORIGIN)
    azimuth, zenith = arrival_angles(ORIGIN, target)
    np.testing.assert_allclose(unit_direction(azimuth, zenith), target / np.linalg.norm(target), atol=1e-12)
    found = ellipsoid_position(SATELLITE, azimuth, zenith, triangle.range_tx + triangle.range_rx)
    np.testing.assert_allclose(found, target, atol=2e-3)


def test_published_ellipsoid_points():
    azimuth, zenith = arrival_angles(ORIGIN, TARGET)
    found = ellipsoid_position(SATELLITE, azimuth, zenith, 11475.332344926632 * SAMPLE_M)
    np.testing.assert_allclose(found, TARGET, atol=1e-3)
    later = ellipsoid_position(SATELLITE, azimuth, zenith, 11500 * SAMPLE_M)
    np.testing.assert_allclose(np.linalg.norm(later), 9474.95011, rtol=1e-8)
    np.testing.assert_allclose(np.rad2deg(departure_angles(SATELLITE, later)), [126.778142, 7.340226], rtol=1e-7)


def test_no_point_at_or_before_the_direct_path():
    ranges = np.array([299.0, 300.0, 301.0])
    np.testing.assert_array_equal(np.isnan(ellipsoid_range(ranges, 300.0, 0.5)), [True, True, False])
    # Away from the transmitter the excess path is walked twice.
    np.testing.assert_allclose(ellipsoid_range(310.0, 300.0, -1.0), 5.0)


def test_doppler_is_the_rate_of_the_path_length():
    velocity, target_velocity, wavelength = np.array([100.0, 7500.0, 20.0]), np.array([30.0, -80.0, 5.0]), 0.15

    def path(time):
        triangle = bistatic_geometry(SATELLITE + velocity * time, TARGET + target_velocity * time, ORIGIN)
        return triangle.range_tx + triangle.range_rx

    numeric = -(path(1e-3) - path(-1e-3)) / 2e-3 / wavelength
    doppler = bistatic_doppler_hz(SATELLITE, velocity, TARGET, target_velocity, ORIGIN, wavelength)
    assert doppler == pytest.approx(numeric, rel=1e-6)


def test_traceable():
    def range_sum(target):
        triangle = bistatic_geometry(jnp.asarray(SATELLITE), target, jnp.zeros(3))
        return triangle.range_tx + triangle.range_rx + ellipsoid_range(4e5, triangle.range_los, 0.5)

    gradient = jax.grad(range_sum)(jnp.asarray(TARGET))
    expected = (TARGET - SATELLITE) / np.linalg.norm(TARGET - SATELLITE) + TARGET / np.linalg.norm(TARGET)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9)
