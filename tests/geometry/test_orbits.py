"""Propagation: Skyfield's numbers, velocity against differences, shapes, warnings."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.geometry.instants import add_seconds, as_instants
from leoisac.geometry.look_angles import look_angles
from leoisac.geometry.mean_motion import brouwer_semi_major_axis_m, kozai_mean_motion_rad_s
from leoisac.geometry.orbits import ElementSet, propagate_many
from leoisac.geometry.satellite_view import view, view_many, view_states
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink

REFERENCE = json.loads(Path(__file__).with_name("data").joinpath("skyfield_reference.json").read_text())
ELEMENTS = {name: ElementSet.from_tle("\n".join(lines)) for name, lines in REFERENCE["tle"].items()}
TOULOUSE = Site.from_degrees(43.6047, 1.4442, 150)
SATELLITE = starlink("STARLINK-1423")


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: f"{case['satellite']} {case['utc']}")
def test_against_skyfield(case: dict) -> None:
    elements, time = ELEMENTS[case["satellite"]], np.datetime64(case["utc"])
    states = elements.propagate(time, case["ut1_minus_utc_s"])
    np.testing.assert_allclose(states.position_ecef_m, case["position_ecef_m"], atol=1e-5)
    # Skyfield's Earth turns by apparent sidereal time, ours by the mean one: rates that differ by 1e-11 rad/s.
    rate_m_s = max(2e-4, 1e-11 * float(np.linalg.norm(states.position_ecef_m)))
    np.testing.assert_allclose(states.velocity_ecef_m_s, case["velocity_ecef_m_s"], atol=rate_m_s)
    # Without UT1 - UTC the Earth is turned by at most 0.5 s here.
    plain = elements.propagate(time).position_ecef_m
    assert np.linalg.norm(plain - case["position_ecef_m"]) < 0.5 * 7.3e-5 * np.linalg.norm(plain)
    for label, expected in case["sites"].items():
        seen = look_angles(
            Site.from_degrees(*REFERENCE["sites"][label]), states.position_ecef_m, states.velocity_ecef_m_s
        )
        assert math.remainder(float(seen.azimuth_rad) - expected["azimuth_rad"], 2 * math.pi) == pytest.approx(
            0, abs=1e-11
        )
        assert seen.elevation_rad == pytest.approx(expected["elevation_rad"], abs=1e-11)
        assert seen.range_m == pytest.approx(expected["range_m"], abs=1e-5)
        assert seen.range_rate_m_s == pytest.approx(expected["range_rate_m_s"], abs=rate_m_s)


@pytest.mark.parametrize("name", ["STARLINK-1008", "HEO", "GEO"])
def test_delay_and_doppler_against_skyfield(name: str) -> None:
    """Of a pass's own quantities: a range to 1 m, a range rate to 1 cm/s, for a low, a long and a high orbit."""
    for case in REFERENCE["cases"]:
        if case["satellite"] != name:
            continue
        states = ELEMENTS[name].propagate(np.datetime64(case["utc"]), case["ut1_minus_utc_s"])
        for label, expected in case["sites"].items():
            seen = view_states(states, Site.from_degrees(*REFERENCE["sites"][label]))
            assert seen.range_m == pytest.approx(expected["range_m"], abs=1.0)
            rate = -seen.doppler_shift_hz(20e9) * SPEED_OF_LIGHT_M_S / 20e9
            assert rate == pytest.approx(expected["range_rate_m_s"], abs=0.01)


def test_velocities_and_range_rate_are_derivatives() -> None:
    step_s = 0.05
    times = add_seconds(as_instants(SATELLITE.epoch), np.array([-step_s, 0.0, step_s]) + np.array([[100.0], [4000.0]]))
    seen = view(SATELLITE, TOULOUSE, times)
    slope = lambda values: (values[:, 2] - values[:, 0]) / (2.0 * step_s)  # noqa: E731
    # SGP4's velocity is itself only consistent with its position to some mm/s.
    np.testing.assert_allclose(seen.velocity_ecef_m_s[:, 1], slope(seen.position_ecef_m), atol=0.05)
    np.testing.assert_allclose(seen.velocity_enu_m_s[:, 1], slope(seen.position_enu_m), atol=0.05)
    np.testing.assert_allclose(seen.range_rate_m_s[:, 1], slope(seen.range_m), atol=0.05)


def test_range_rate_holds_the_rotation_of_the_earth() -> None:
    """Inertial velocities, the site's own included, give the same range rate."""
    time = as_instants(SATELLITE.epoch)
    states = SATELLITE.propagate(time)
    seen = view(SATELLITE, TOULOUSE, time)
    site = TOULOUSE.position_ecef_m
    turn = np.array([0.0, 0.0, 7.2921159e-5])
    satellite_velocity = states.velocity_ecef_m_s + np.cross(turn, states.position_ecef_m)
    relative = satellite_velocity - np.cross(turn, site)
    line = states.position_ecef_m - site
    assert seen.range_rate_m_s == pytest.approx(relative @ line / np.linalg.norm(line), abs=1e-6)
    assert np.linalg.norm(satellite_velocity) == pytest.approx(np.linalg.norm(states.velocity_teme_m_s), abs=1e-4)


def test_view_is_consistent_with_itself() -> None:
    seen = view(SATELLITE, TOULOUSE, SATELLITE.epoch)
    assert seen.range_m.shape == ()
    east, north, up = seen.position_enu_m
    assert seen.range_m == pytest.approx(math.sqrt(east**2 + north**2 + up**2))
    assert seen.elevation_rad == pytest.approx(math.asin(up / seen.range_m))
    assert 500e3 < seen.altitude_m < 600e3
    below = Site(float(seen.sub_satellite_latitude_rad), float(seen.sub_satellite_longitude_rad))
    assert view(SATELLITE, below, SATELLITE.epoch).elevation_rad == pytest.approx(math.pi / 2, abs=1e-7)
    assert view(SATELLITE, below, SATELLITE.epoch).range_m == pytest.approx(float(seen.altitude_m))
    assert seen.doppler_shift_hz(20e9) * seen.range_rate_m_s < 0.0
    # The law of sines about the Earth's centre holds to the flattening.
    radius = np.linalg.norm(seen.position_ecef_m)
    assert math.sin(seen.off_nadir_rad) == pytest.approx(6_371e3 * math.cos(seen.elevation_rad) / radius, abs=0.01)


def test_shapes_follow_the_times() -> None:
    times = add_seconds(as_instants(SATELLITE.epoch), np.arange(6.0).reshape(2, 3))
    assert SATELLITE.propagate(times).position_ecef_m.shape == (2, 3, 3)
    assert SATELLITE.propagate(np.array([], dtype="datetime64[ns]")).position_ecef_m.shape == (0, 3)
    several = view_many([SATELLITE, starlink("STARLINK-30784")], TOULOUSE, times)
    assert several.elevation_rad.shape == (2, 2, 3)
    np.testing.assert_allclose(several.elevation_rad[0], view(SATELLITE, TOULOUSE, times).elevation_rad, atol=1e-9)
    with pytest.raises(ValueError, match="elements is empty"):
        propagate_many([], times)


def test_old_elements_warn_and_do_not_fail() -> None:
    assert SATELLITE.propagate(SATELLITE.epoch + timedelta(days=13.9)).warnings == ()
    late = SATELLITE.epoch + timedelta(days=20.0)
    (warning,) = SATELLITE.propagate(late).warnings
    assert warning.startswith("STARLINK-1423: times reach 20.0 days from the epoch 2025-10-0")
    assert SATELLITE.propagate(SATELLITE.epoch - timedelta(days=20.0)).warnings != ()
    (warning,) = view_many([SATELLITE, starlink("STARLINK-30784")], TOULOUSE, late).warnings
    assert " and 1 more: times reach" in warning


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        SATELLITE.propagate(SATELLITE.epoch.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("altitude_m", "eccentricity", "inclination"), [(550e3, 0.0, 0.9), (1.2e6, 0.01, 1.7), (36e6, 0.1, 0.0)]
)
def test_mean_motion_round_trip_and_sgp4(altitude_m: float, eccentricity: float, inclination: float) -> None:
    from sgp4.api import WGS72, Satrec

    axis = 6_378_135.0 + altitude_m
    motion = kozai_mean_motion_rad_s(axis, eccentricity, inclination)
    assert brouwer_semi_major_axis_m(motion, eccentricity, inclination) == pytest.approx(axis, rel=1e-14)
    satellite = Satrec()
    satellite.sgp4init(WGS72, "i", 1, 27_000.0, 0.0, 0.0, 0.0, eccentricity, 0.0, inclination, 0.0, motion * 60.0, 0.0)
    assert satellite.a * 6_378_135.0 == pytest.approx(axis, rel=1e-9)
