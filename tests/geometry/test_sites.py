"""Frames: known points, round trips, orthogonality, and ground offsets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoisac.foundation.constants import WGS84_SEMI_MAJOR_M
from leoisac.geometry.sites import (
    Site,
    ecef_to_enu,
    ecef_to_enu_vector,
    ecef_to_geodetic,
    enu_to_ecef,
    enu_to_ecef_vector,
    geodetic_to_ecef,
    ground_points,
    site_at_offset,
)

TOULOUSE = Site.from_degrees(43.6047, 1.4442, 150)
latitudes = st.floats(-90.0, 90.0)
longitudes = st.floats(-180.0, 179.999)
offsets = st.tuples(*[st.floats(-3e6, 3e6)] * 3)


@pytest.mark.parametrize(
    ("geodetic_deg", "expected_m"),
    [
        ((0.0, 0.0, 0.0), (WGS84_SEMI_MAJOR_M, 0.0, 0.0)),
        ((0.0, 90.0, 1000.0), (0.0, WGS84_SEMI_MAJOR_M + 1000.0, 0.0)),
        ((90.0, 0.0, 0.0), (0.0, 0.0, 6_356_752.314_245)),
        ((-90.0, 0.0, 100.0), (0.0, 0.0, -6_356_852.314_245)),
    ],
)
def test_points_on_the_axes(geodetic_deg: tuple, expected_m: tuple) -> None:
    latitude_deg, longitude_deg, height_m = geodetic_deg
    site = Site.from_degrees(latitude_deg, longitude_deg, height_m)
    np.testing.assert_allclose(site.position_ecef_m, expected_m, atol=1e-6)


def test_textbook_point() -> None:
    # Vallado, Fundamentals of Astrodynamics and Applications, example 3-3.
    latitude, longitude, height = ecef_to_geodetic(np.array([6_524_834.0, 6_862_875.0, 6_448_296.0]))
    assert math.degrees(latitude) == pytest.approx(34.352496, abs=1e-6)
    assert math.degrees(longitude) == pytest.approx(46.4464, abs=1e-4)
    assert height == pytest.approx(5_085_220.0, abs=10.0)


@given(latitudes, longitudes, st.floats(-10e3, 40e6))
def test_geodetic_round_trip(latitude_deg: float, longitude_deg: float, height_m: float) -> None:
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    position = geodetic_to_ecef(latitude, longitude, height_m)
    back = ecef_to_geodetic(position)
    assert back[0] == pytest.approx(latitude, abs=4e-15)
    assert back[2] == pytest.approx(height_m, abs=5e-8)
    np.testing.assert_allclose(geodetic_to_ecef(*(float(value) for value in back)), position, atol=5e-8)


def test_geodetic_deep_below_the_surface() -> None:
    latitude = np.linspace(-math.pi / 2, math.pi / 2, 181)
    back = ecef_to_geodetic(geodetic_to_ecef(latitude, 0.3, -4.9e6))
    np.testing.assert_allclose(back[0], latitude, atol=1e-9)


def test_positions_in_kilometres_are_refused() -> None:
    with pytest.raises(ValueError, match="were these kilometres"):
        ecef_to_geodetic(np.array([6_900.0, 0.0, 0.0]))


@given(latitudes, longitudes, offsets)
def test_enu_round_trip_keeps_lengths(latitude_deg: float, longitude_deg: float, offset: tuple) -> None:
    site = Site.from_degrees(latitude_deg, longitude_deg, 321.0)
    local = np.array(offset)
    np.testing.assert_allclose(ecef_to_enu(site, enu_to_ecef(site, local)), local, atol=1e-7)
    turned = enu_to_ecef_vector(site, local)
    np.testing.assert_allclose(ecef_to_enu_vector(site, turned), local, atol=1e-8)
    assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(local))


def test_enu_axes_are_derivatives_of_the_position() -> None:
    site, step = TOULOUSE, 1e-6
    at = lambda *change: geodetic_to_ecef(*np.add((site.latitude_rad, site.longitude_rad, site.height_m), change))  # noqa: E731
    axes = [at(0, step, 0) - at(0, -step, 0), at(step, 0, 0) - at(-step, 0, 0), at(0, 0, 1.0) - at(0, 0, -1.0)]
    for row, axis in zip(site.enu_rotation, axes, strict=True):
        np.testing.assert_allclose(row, axis / np.linalg.norm(axis), atol=1e-8)
    np.testing.assert_allclose(site.enu_rotation @ site.enu_rotation.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(site.enu_rotation) == pytest.approx(1.0)


def test_ground_points_near_the_site_lie_in_its_tangent_plane() -> None:
    east, north = np.array([10.0, -20.0, 0.0]), np.array([5.0, 30.0, 0.0])
    local = ecef_to_enu(Site(TOULOUSE.latitude_rad, TOULOUSE.longitude_rad), ground_points(TOULOUSE, east, north))
    np.testing.assert_allclose(local[:, 0], east, atol=1e-6)
    np.testing.assert_allclose(local[:, 1], north, atol=1e-6)
    np.testing.assert_allclose(local[:, 2], 0.0, atol=2e-4)


def test_ground_points_far_away_stay_on_the_ground() -> None:
    east, north = np.meshgrid(np.linspace(-800e3, 800e3, 5), np.linspace(-800e3, 800e3, 5))
    _, _, height = ecef_to_geodetic(ground_points(TOULOUSE, east, north, 1234.0))
    np.testing.assert_allclose(height, 1234.0, atol=1e-6)
    # The tangent plane would leave them tens of kilometres up.
    assert ecef_to_enu(TOULOUSE, ground_points(TOULOUSE, 800e3, 0.0))[2] < -40e3


def test_site_at_offset_agrees_with_ground_points() -> None:
    other = site_at_offset(TOULOUSE, 300e3, -200e3, 50.0)
    np.testing.assert_allclose(other.position_ecef_m, ground_points(TOULOUSE, 300e3, -200e3, 50.0), atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((91.0, 0.0), "latitude_deg is 91; allowed are -90 to 90"),
        ((0.0, 360.0), "longitude_deg is 360; allowed are -180 to below 360"),
        ((0.0, -181.0), "longitude_deg is -181"),
        ((0.0, 0.0, -501.0), "height_m is -501; allowed are -500 to 100000 m"),
        ((0.0, 0.0, 1e6), "height_m is 1000000"),
        ((math.nan, 0.0), "latitude_deg is nan"),
        ((0.0, math.nan), "longitude_deg is nan"),
        ((0.0, 0.0, math.nan), "height_m is nan"),
    ],
)
def test_sites_off_the_earth_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Site.from_degrees(*arguments)


def test_degrees_given_as_radians_are_explained() -> None:
    with pytest.raises(ValueError, match=r"use Site\.from_degrees"):
        Site(43.6, 1.4)


@pytest.mark.parametrize("longitude_deg", [-180.0, 359.999])
def test_both_longitude_conventions_are_taken(longitude_deg: float) -> None:
    assert math.degrees(Site.from_degrees(-90, longitude_deg).longitude_rad) == pytest.approx(longitude_deg)
