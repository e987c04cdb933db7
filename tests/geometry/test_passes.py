"""Passes against the slow obvious search on a grid of one second, cut and missing passes, other orbits."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from leoisac.geometry.instants import add_seconds, as_instant, as_instants, seconds_between
from leoisac.geometry.mean_motion import kozai_mean_motion_rad_s
from leoisac.geometry.orbits import ElementSet, OrbitError
from leoisac.geometry.passes import Pass, best_pass, find_passes, next_pass
from leoisac.geometry.satellite_view import SatelliteView, view
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink

TOULOUSE = Site.from_degrees(43.6047, 1.4442, 150)
SATELLITE = starlink("STARLINK-1423")
EPOCH = as_instant(SATELLITE.epoch)


def orbit(axis_m: float, eccentricity: float, inclination_deg: float, **angles: float) -> ElementSet:
    inclination = math.radians(inclination_deg)
    fields = {"raan_rad": 0.0, "argument_of_perigee_rad": 0.0, "mean_anomaly_rad": 0.0} | angles
    return ElementSet(
        name="made-up",
        epoch=datetime(2025, 3, 1, tzinfo=UTC),
        inclination_rad=inclination,
        eccentricity=eccentricity,
        mean_motion_rad_s=kozai_mean_motion_rad_s(axis_m, eccentricity, inclination),
        **fields,
    )


def seconds_up(seen: SatelliteView, min_elevation_deg: float) -> list[np.ndarray]:
    """Runs of grid indices above the elevation: the obvious way."""
    up = np.flatnonzero(seen.elevation_rad >= math.radians(min_elevation_deg))
    return np.split(up, np.flatnonzero(np.diff(up) > 1) + 1) if up.size else []


def agree(found: tuple[Pass, ...], runs: list[np.ndarray], seen: SatelliteView, start: np.datetime64) -> None:
    assert len(found) == len(runs)
    for one, run in zip(found, runs, strict=True):
        assert run[0] - 1.0 <= seconds_between(one.rise_time, start) <= run[0]
        assert run[-1] <= seconds_between(one.set_time, start) <= run[-1] + 1.0
        highest = seen.elevation_rad[run].max()
        # SGP4's velocity is not quite the derivative of its position, which shifts slow culminations by milliseconds.
        assert highest - 1e-8 <= one.max_elevation_rad <= highest + math.radians(0.5)
        nearest = seen.range_m[run].min()
        assert nearest - 8e3 <= one.least_range_m <= nearest + 1e-6


@pytest.mark.parametrize("min_elevation_deg", [0.0, 25.0, 60.0])
@pytest.mark.parametrize("name", ["STARLINK-1423", "STARLINK-32511"])
def test_against_a_grid_of_seconds(name: str, min_elevation_deg: float) -> None:
    elements = starlink(name)
    start, duration_s = as_instant(elements.epoch), 40_000
    seen = view(elements, TOULOUSE, add_seconds(start, np.arange(duration_s + 1.0)))
    found = find_passes(elements, TOULOUSE, start, duration_s, min_elevation_deg)
    agree(found, seconds_up(seen, min_elevation_deg), seen, start)


def test_a_pass_is_what_it_says() -> None:
    for one in find_passes(SATELLITE, TOULOUSE, min_elevation_deg=10.0):
        seen = view(SATELLITE, TOULOUSE, np.array([one.rise_time, one.culmination_time, one.set_time]))
        np.testing.assert_allclose(np.degrees(seen.elevation_rad[[0, 2]]), 10.0, atol=1e-6)
        assert seen.elevation_rad[1] == pytest.approx(one.max_elevation_rad, abs=1e-12)
        np.testing.assert_allclose(
            seen.azimuth_rad, [one.rise_azimuth_rad, one.culmination_azimuth_rad, one.set_azimuth_rad], atol=1e-9
        )
        around = view(SATELLITE, TOULOUSE, add_seconds(one.culmination_time, np.array([-0.01, 0.01])))
        assert (around.elevation_rad < one.max_elevation_rad).all()
        times = one.times(101)
        assert (times[0], times[-1]) == (one.rise_time, one.set_time)
        nearest = view(SATELLITE, TOULOUSE, times).range_m.min()
        assert one.least_range_m <= nearest + 1e-6
        assert one.times(1).tolist() == [one.culmination_time.astype(np.int64)]
        assert (one.cut_at_start, one.cut_at_end) == (False, False)
        assert seen.range_rate_m_s[0] < 0.0 < seen.range_rate_m_s[2]


def test_the_high_pass_over_toulouse() -> None:
    one = best_pass(SATELLITE, TOULOUSE)
    assert abs(seconds_between(one.culmination_time, np.datetime64("2025-10-08T07:46:07.308", "ns"))) < 0.01
    assert math.degrees(one.max_elevation_rad) == pytest.approx(89.908, abs=1e-3)
    assert one.least_range_m == pytest.approx(550.5e3, abs=100.0)


def test_a_pass_shorter_than_the_step_is_found() -> None:
    one = best_pass(SATELLITE, TOULOUSE)
    limit_deg = math.degrees(one.max_elevation_rad) - 0.3
    (found,) = find_passes(SATELLITE, TOULOUSE, min_elevation_deg=limit_deg)
    assert found.duration_s < 2.0
    assert found.culmination_time == one.culmination_time


def test_cut_passes() -> None:
    whole = best_pass(SATELLITE, TOULOUSE)
    duration_s = seconds_between(whole.set_time, whole.culmination_time) + 60.0
    (late,) = find_passes(SATELLITE, TOULOUSE, whole.culmination_time + np.timedelta64(1, "s"), duration_s)
    assert (late.cut_at_start, late.cut_at_end) == (True, False)
    assert late.culmination_time == late.rise_time
    assert late.set_time == whole.set_time
    (early,) = find_passes(SATELLITE, TOULOUSE, whole.rise_time - np.timedelta64(60, "s"), 120.0)
    assert (early.cut_at_start, early.cut_at_end) == (False, True)
    assert abs(seconds_between(early.rise_time, whole.rise_time)) < 1e-6
    assert early.culmination_time == early.set_time
    (inner,) = find_passes(SATELLITE, TOULOUSE, whole.rise_time + np.timedelta64(1, "s"), 10.0)
    assert (inner.cut_at_start, inner.cut_at_end) == (True, True)
    assert inner.duration_s == 10.0


def test_next_pass_counts_from_the_epoch_and_is_whole() -> None:
    found = find_passes(SATELLITE, TOULOUSE)
    assert next_pass(SATELLITE, TOULOUSE).rise_time == found[0].rise_time
    # In the middle of a pass, the next one is meant.
    following = next_pass(SATELLITE, TOULOUSE, found[0].culmination_time)
    assert abs(seconds_between(following.rise_time, found[1].rise_time)) < 1e-6
    assert not following.cut_at_end
    # Rises within the search, sets after it.
    search_s = float(seconds_between(found[0].rise_time, EPOCH)) + 5.0
    assert abs(seconds_between(next_pass(SATELLITE, TOULOUSE, search_s=search_s).set_time, found[0].set_time)) < 1e-6


def test_no_pass_says_how_high_it_gets() -> None:
    pole = Site.from_degrees(-89.0, 0.0)
    assert find_passes(SATELLITE, pole) == ()
    for search in (best_pass, next_pass):
        with pytest.raises(
            OrbitError, match=r"STARLINK-1423 has no pass above 10 deg within .* it reaches -\d+\.\d deg"
        ):
            search(SATELLITE, pole)


def test_geostationary_satellite_is_always_up() -> None:
    still = orbit(42_166e3, 0.0, 0.0)
    longitude = float(view(still, TOULOUSE, still.epoch).sub_satellite_longitude_rad)
    site = Site(math.radians(40.0), longitude)
    (one,) = find_passes(still, site)
    assert (one.cut_at_start, one.cut_at_end) == (True, True)
    assert math.degrees(one.max_elevation_rad) == pytest.approx(43.7, abs=0.2)
    assert next_pass(still, site, search_s=86_400.0).cut_at_end


def test_molniya_orbit_against_a_grid() -> None:
    elements = orbit(26_562e3, 0.72, 63.4, argument_of_perigee_rad=math.radians(270.0))
    start = as_instant(elements.epoch)
    seen = view(elements, TOULOUSE, add_seconds(start, np.arange(86_401.0)))
    agree(find_passes(elements, TOULOUSE, min_elevation_deg=20.0), seconds_up(seen, 20.0), seen, start)


def test_old_elements_warn() -> None:
    passes = find_passes(SATELLITE, TOULOUSE, SATELLITE.epoch + timedelta(days=20))
    assert passes
    assert all("20." in one.warnings[0] for one in passes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration_s": 0.0}, "duration_s is 0.0; it must be above 0"),
        ({"duration_s": math.inf}, "duration_s is inf"),
        ({"min_elevation_deg": 90.0}, "min_elevation_deg is 90.0; allowed are -90 to below 90"),
        ({"step_s": 0.0}, "step_s is 0.0"),
        ({"step_s": 1e-3}, "at most 2000000 samples"),
        ({"start": as_instants([SATELLITE.epoch])}, r"one instant is needed, not an array of shape \(1,\)"),
        ({"start": datetime(2025, 10, 7)}, "has no time zone"),
    ],
)
def test_impossible_searches_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_passes(SATELLITE, TOULOUSE, **arguments)
