"""Look angles, range rate, Doppler and the spherical Earth: outside values, closed forms, numerical derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M, SPEED_OF_LIGHT_M_S
from leoisac.geometry.look_angles import (
    angle_at_satellite_rad,
    angle_between_rad,
    angles_to_enu,
    doppler_shift_hz,
    earth_central_angle_rad,
    enu_to_angles,
    look_angles,
    off_nadir_rad,
    range_rate,
    slant_range_m,
    spherical_off_nadir_rad,
)
from leoisac.geometry.sites import Site, enu_to_ecef, enu_to_ecef_vector

SITE = Site.from_degrees(47.9022, 11.1103, 600.0)


@pytest.mark.parametrize(("altitude_m", "expected_m"), [(600e3, 1_075_088.0), (1200e3, 1_998_881.0)])
def test_slant_range_reference(altitude_m: float, expected_m: float) -> None:
    assert slant_range_m(altitude_m, math.radians(30.0)) == pytest.approx(expected_m, abs=0.5)


def test_slant_range_limits() -> None:
    assert slant_range_m(600e3, math.pi / 2) == pytest.approx(600e3, abs=1e-8)
    reach = math.sqrt(600e3 * (600e3 + 2 * EARTH_MEAN_RADIUS_M))
    assert slant_range_m(600e3, 0.0) == pytest.approx(reach)
    assert slant_range_m(1e-3, math.pi / 2) == pytest.approx(1e-3, rel=1e-12)  # no cancellation
    assert slant_range_m(0.0, 0.0) == 0.0
    with pytest.raises(ValueError, match="altitude_m is -1"):
        slant_range_m(-1.0, 0.5)


@given(st.floats(1e3, 40e6), st.floats(-0.2, math.pi / 2))
def test_spherical_triangle_closes(altitude_m: float, elevation: float) -> None:
    """Law of sines and of cosines in the triangle centre, terminal, satellite."""
    distance = slant_range_m(altitude_m, elevation)
    central = earth_central_angle_rad(altitude_m, elevation)
    radius = EARTH_MEAN_RADIUS_M + altitude_m
    if elevation >= 0.0:  # below the horizon the off-nadir angle has two sides
        assert distance * math.cos(elevation) == pytest.approx(radius * math.sin(central), rel=1e-7, abs=1e-3)
    assert radius**2 == pytest.approx(
        EARTH_MEAN_RADIUS_M**2 + distance**2 + 2 * EARTH_MEAN_RADIUS_M * distance * math.sin(elevation), rel=1e-12
    )


@given(st.floats(0.0, 2 * math.pi, exclude_max=True), st.floats(-1.57, 1.57), st.floats(1.0, 1e7))
def test_angles_round_trip(azimuth: float, elevation: float, length: float) -> None:
    found = enu_to_angles(length * angles_to_enu(azimuth, elevation))
    assert 0.0 <= found[0] < 2 * math.pi
    assert math.remainder(float(found[0]) - azimuth, 2 * math.pi) == pytest.approx(0.0, abs=1e-11)
    assert found[1] == pytest.approx(elevation, abs=1e-12)


@pytest.mark.parametrize(
    ("enu", "azimuth_deg", "elevation_deg"),
    [((0, 1, 0), 0, 0), ((1, 0, 0), 90, 0), ((0, -1, 1), 180, 45), ((-1, 0, 0), 270, 0), ((0, 0, 1), 0, 90)],
)
def test_compass(enu: tuple, azimuth_deg: float, elevation_deg: float) -> None:
    azimuth, elevation = enu_to_angles(np.array(enu, dtype=float))
    assert math.degrees(azimuth) == pytest.approx(azimuth_deg)
    assert math.degrees(elevation) == pytest.approx(elevation_deg)


def test_azimuth_never_reaches_a_full_turn() -> None:
    azimuth, _ = enu_to_angles(np.array([-1e-300, 1.0, 0.0]))
    assert azimuth == 0.0


def test_look_angles_of_a_built_geometry() -> None:
    direction = angles_to_enu(1.1, 0.6)
    position = enu_to_ecef(SITE, 900e3 * direction)
    seen = look_angles(SITE, position, enu_to_ecef_vector(SITE, -3000.0 * direction))
    assert seen.azimuth_rad == pytest.approx(1.1)
    assert seen.elevation_rad == pytest.approx(0.6)
    assert seen.range_m == pytest.approx(900e3)
    assert seen.range_rate_m_s == pytest.approx(-3000.0)
    assert doppler_shift_hz(seen.range_rate_m_s, 2e9) == pytest.approx(3000.0 / SPEED_OF_LIGHT_M_S * 2e9)
    assert doppler_shift_hz(seen.range_rate_m_s, 2e9) > 0.0


def test_off_nadir_matches_the_sphere_on_the_equator() -> None:
    """On the equator seen along the equator the ellipsoid's section is a circle of the semi-major axis."""
    site = Site(0.0, 0.0)
    for elevation in (0.1, 0.7, 1.4):
        position = enu_to_ecef(
            site, slant_range_m(550e3, elevation, 6_378_137.0) * angles_to_enu(math.pi / 2, elevation)
        )
        assert np.linalg.norm(position) == pytest.approx(6_378_137.0 + 550e3)
        assert off_nadir_rad(position, site.position_ecef_m) == pytest.approx(
            float(spherical_off_nadir_rad(550e3, elevation, 6_378_137.0)), abs=1e-12
        )


def test_small_angles_keep_their_digits() -> None:
    tiny = 1e-11
    assert angle_between_rad(np.array([1.0, 0.0, 0.0]), np.array([2.0, 2.0 * tiny, 0.0])) == pytest.approx(
        tiny, rel=1e-12
    )
    assert angle_between_rad(np.array([1.0, 0.0, 0.0]), np.array([-3.0, 0.0, 0.0])) == math.pi
    satellite = np.array([7e6, 0.0, 0.0])
    ground = np.array([6.4e6, 0.0, 0.0])
    assert angle_at_satellite_rad(satellite, ground, ground) == 0.0
    assert angle_at_satellite_rad(satellite, ground, ground + np.array([0.0, 6e5, 0.0])) == pytest.approx(math.pi / 4)


def test_range_rate_is_the_derivative_of_range() -> None:
    position, velocity = np.array([3e5, -4e5, 5e5]), np.array([7000.0, 1000.0, -200.0])
    step = 1e-3
    numerical = (np.linalg.norm(position + step * velocity) - np.linalg.norm(position - step * velocity)) / (2 * step)
    assert range_rate(position, velocity) == pytest.approx(numerical, abs=1e-5)
    assert np.isnan(range_rate(np.zeros(3), velocity))
