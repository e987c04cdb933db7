"""The direct geodesic against a surveyed line, closed forms, and the differential equations of a geodesic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipeinc

from leoisac.foundation.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR_M
from leoisac.geometry.geodesics import geodesic_direct

E2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)


def dms(degrees: int, minutes: int, seconds: float) -> float:
    return math.radians(math.copysign(abs(degrees) + minutes / 60.0 + seconds / 3600.0, degrees))


def test_flinders_peak_to_buninyong() -> None:
    # Geocentric Datum of Australia technical manual; on GRS80, whose flattening differs from WGS84's by 1e-11.
    latitude, longitude, azimuth = geodesic_direct(
        dms(-37, 57, 3.72030), dms(144, 25, 29.52440), dms(306, 52, 5.37), 54_972.271
    )
    arc_second = math.radians(1.0 / 3600.0)
    assert latitude == pytest.approx(dms(-37, 39, 10.15610), abs=5e-5 * arc_second)
    assert longitude == pytest.approx(dms(143, 55, 35.38390), abs=5e-5 * arc_second)
    assert azimuth == pytest.approx(dms(127, 10, 25.07) + math.pi, abs=0.01 * arc_second)


def geodesic_by_integration(latitude: float, longitude: float, azimuth: float, distance: float) -> np.ndarray:
    def slope(_: float, state: np.ndarray) -> list[float]:
        root = 1.0 - E2 * math.sin(state[0]) ** 2
        meridional = WGS84_SEMI_MAJOR_M * (1.0 - E2) / root**1.5
        prime_vertical = WGS84_SEMI_MAJOR_M / math.sqrt(root)
        turn = math.sin(state[2]) / prime_vertical
        return [math.cos(state[2]) / meridional, turn / math.cos(state[0]), turn * math.tan(state[0])]

    return solve_ivp(slope, (0.0, distance), [latitude, longitude, azimuth], rtol=1e-12, atol=1e-14, method="DOP853").y[
        :, -1
    ]


@pytest.mark.parametrize(
    ("latitude_deg", "azimuth_deg", "distance_m"),
    [(43.6, 63.0, 500e3), (-12.0, 200.0, 1500e3), (0.0, 90.0, 300e3), (70.0, 275.0, 3000e3), (5.0, 40.0, 12e6)],
)
def test_against_the_equations_of_a_geodesic(latitude_deg: float, azimuth_deg: float, distance_m: float) -> None:
    start = math.radians(latitude_deg), 0.1, math.radians(azimuth_deg)
    expected = geodesic_by_integration(*start, distance_m)
    latitude, longitude, azimuth = geodesic_direct(*start, distance_m)
    assert latitude == pytest.approx(expected[0], abs=2e-11)  # 0.1 mm
    assert math.remainder(float(longitude) - expected[1], 2 * math.pi) == pytest.approx(0.0, abs=2e-11)
    assert math.remainder(float(azimuth) - expected[2], 2 * math.pi) == pytest.approx(0.0, abs=5e-11)


def test_equator_and_meridian_arcs() -> None:
    _, longitude, _ = geodesic_direct(0.0, 0.0, math.pi / 2, WGS84_SEMI_MAJOR_M * 0.5)
    assert longitude == pytest.approx(0.5, abs=1e-13)
    quarter_m = 10_001_965.729  # WGS84 meridian quadrant
    assert quarter_m == pytest.approx(WGS84_SEMI_MAJOR_M * ellipeinc(math.pi / 2, E2), abs=1e-3)
    latitude, _, _ = geodesic_direct(0.0, 1.0, 0.0, quarter_m)
    assert latitude == pytest.approx(math.pi / 2, abs=1e-9)


def test_there_and_back_across_the_date_line() -> None:
    azimuths = np.linspace(0.0, 2 * math.pi, 9)
    latitude, longitude, azimuth = geodesic_direct(0.5, 3.1, azimuths, 700e3)
    assert np.all((longitude >= -math.pi) & (longitude < math.pi))
    back = geodesic_direct(latitude, longitude, azimuth + math.pi, 700e3)
    np.testing.assert_allclose(back[0], 0.5, atol=2e-11)
    np.testing.assert_allclose(back[1], 3.1, atol=4e-11)


def test_from_the_pole() -> None:
    latitude, longitude, _ = geodesic_direct(math.pi / 2, 0.0, 0.0, np.array([0.0, 1000.0]))
    assert latitude[1] < latitude[0] == pytest.approx(math.pi / 2)
    assert np.isfinite(longitude).all()
