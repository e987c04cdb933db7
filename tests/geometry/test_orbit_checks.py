"""States that SGP4 gives without an error, and that cannot be believed, are refused or carry a warning."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from leoisac.foundation.config import ConfigError, build
from leoisac.geometry.instants import add_seconds, as_instant, as_instants
from leoisac.geometry.mean_motion import kozai_mean_motion_rad_s
from leoisac.geometry.orbit_checks import (
    LEFT_ORBIT,
    LOST,
    LOW_PERIGEE,
    SHELL_TOLERANCE,
    drag_shift_m,
)
from leoisac.geometry.orbits import ElementSet, OrbitError, propagate_many
from leoisac.geometry.passes import find_passes
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.satellite_view import view, view_many
from leoisac.geometry.scenario_view import scenario_view
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink, starlink_element_sets

SATELLITE = starlink("STARLINK-1423")
SITE = Site.from_degrees(43.6, 1.44)


def orbit(perigee_km: float, apogee_km: float, inclination_deg: float = 63.4, bstar: float = 0.0) -> ElementSet:
    axis_m = 6_378_135.0 + 500.0 * (perigee_km + apogee_km)
    eccentricity = 500.0 * (apogee_km - perigee_km) / axis_m
    inclination = math.radians(inclination_deg)
    return ElementSet(
        name="made-up",
        epoch=datetime(2025, 3, 1, tzinfo=UTC),
        inclination_rad=inclination,
        raan_rad=1.0,
        eccentricity=eccentricity,
        argument_of_perigee_rad=math.radians(270.0),
        mean_anomaly_rad=0.5,
        mean_motion_rad_s=kozai_mean_motion_rad_s(axis_m, eccentricity, inclination),
        bstar=bstar,
    )


def test_sgp4_alone_says_nothing() -> None:
    """The fault that these checks are for: code 0 and an altitude of tens of thousands of kilometres."""
    falling = dataclasses.replace(SATELLITE, bstar=0.01)
    late = falling.epoch + timedelta(days=850)
    state = falling.propagate(late, checked=False)
    assert np.linalg.norm(state.position_teme_m) > 30e6
    for look in (
        falling.propagate,
        lambda time: view(falling, SITE, time),
        lambda time: find_passes(falling, SITE, time),
    ):
        with pytest.raises(
            OrbitError, match=r"no longer in the orbit of its elements \(\d+ to \d+ km\): 850 days after"
        ):
            look(late)
    with pytest.raises(OrbitError, match="850 days before the epoch"):
        falling.propagate(falling.epoch - timedelta(days=850))


@pytest.mark.parametrize("bstar", [3.65e-4, 0.01, 0.1, -0.01])
@pytest.mark.parametrize("days", [1.0, 30.0, 200.0, -850.0, 4000.0])
def test_what_is_believed_is_in_its_orbit(bstar: float, days: float) -> None:
    """Also where SGP4's series pass through the orbit again on their way back from the Earth's centre."""
    one = dataclasses.replace(SATELLITE, bstar=bstar)
    times = add_seconds(as_instant(one.epoch), 86_400.0 * days + np.linspace(0.0, 6000.0, 9))
    states = propagate_many([one], times)
    radius = np.linalg.norm(states.position_teme_m[0], axis=-1)
    good = states.error_code[0] == 0
    assert np.isnan(radius[~good]).all()
    assert np.all(np.abs(radius[good] / one.semi_major_axis_m - 1.0) < SHELL_TOLERANCE + one.eccentricity)
    if bstar == 0.1 and days == 30.0:
        assert not good.any()
    if abs(days) >= 200.0:
        assert not good.any()
    if not good.any():
        with pytest.raises(OrbitError):
            one.propagate(times)


def test_the_orbit_is_followed_on_its_way() -> None:
    """``1 - C1 t`` comes back as -1: the axis is that of the elements again, of an orbit that has long decayed."""
    falling = dataclasses.replace(SATELLITE, bstar=0.05)
    days = np.linspace(0.0, 120.0, 4001)
    raw = falling.propagate(add_seconds(as_instant(falling.epoch), 86_400.0 * days[:1]), checked=False)
    assert raw.error_code[0] == 0
    states = propagate_many([falling], add_seconds(as_instant(falling.epoch), 86_400.0 * days))
    refused = states.error_code[0] != 0
    first = int(np.argmax(refused))
    assert refused[first:].all()  # once it has left, it does not come back
    assert not refused[:first].any()


@pytest.mark.parametrize(
    ("one", "code", "message"),
    [
        (orbit(79.0, 491.0), LOW_PERIGEE, "the perigee of these elements lies at 79 km.*below 100 km nothing stays"),
        (orbit(-52.0, 345.0), LOW_PERIGEE, "lies at -52 km"),
        (orbit(-6038.0, 6900.0), LOW_PERIGEE, r"lies at -6038 km.*a digit of the eccentricity \(0\.95"),
        (orbit(200.0, 210.0, bstar=0.1), LEFT_ORBIT, "20 days after the epoch 2025-03-01, with drag of B"),
        (orbit(540.0, 550.0, bstar=0.05), LOST, "more than a quarter of a revolution: nobody can say where"),
    ],
)
def test_refusals_say_why(one: ElementSet, code: int, message: str) -> None:
    time = as_instants([one.epoch + timedelta(days=20)])
    seen = view_many([one, SATELLITE], SITE, time)
    if code == LEFT_ORBIT:
        assert seen.error_code[0, 0] in (1, 2, 3, 4, 6, LEFT_ORBIT)
    else:
        assert seen.error_code[0, 0] == code
        with pytest.raises(OrbitError, match=message):
            one.propagate(time)


@pytest.mark.parametrize(
    "one",
    [
        orbit(800.0, 810.0, 98.0, 1e-5),
        orbit(1200.0, 1210.0, 88.0),
        orbit(500.0, 39_800.0),  # Molniya
        orbit(20_100.0, 20_200.0, 55.0),
        orbit(35_780.0, 35_795.0, 0.05),
        orbit(250.0, 35_780.0, 28.0, 1e-4),  # transfer to the geostationary orbit
        orbit(1000.0, 200_000.0, 60.0),
    ],
    ids=lambda one: f"{one.mean_altitude_m / 1e3:.0f} km",
)
def test_sound_orbits_pass(one: ElementSet) -> None:
    times = add_seconds(as_instant(one.epoch), np.linspace(-14.0, 14.0, 301) * 86_400.0)
    assert np.isfinite(one.propagate(times).position_ecef_m).all()


def test_the_extract_passes_for_a_week() -> None:
    sets = list(starlink_element_sets().values())[::10]
    week = add_seconds(as_instant(max(one.epoch for one in sets)), np.linspace(0.0, 6.0, 25) * 86_400.0)
    states = propagate_many(sets, week)
    lost = {one.name for one, row in zip(sets, states.error_code, strict=True) if row.any()}
    assert len(lost) <= 1  # one that climbs by its motors, which its B* stands for


@pytest.mark.parametrize("name", ["STARLINK-1423", "STARLINK-32511", "STARLINK-30784"])
def test_drag_against_sgp4(name: str) -> None:
    """The mean angle along the track with and without drag."""
    from sgp4.api import WGS72, Satrec

    one, angles = starlink(name), []
    for bstar in (one.bstar, 0.0):
        satellite = Satrec()
        satellite.sgp4init(
            *(WGS72, "i", 0, 27_000.0, bstar, 0.0, 0.0, one.eccentricity, one.argument_of_perigee_rad),
            *(one.inclination_rad, one.mean_anomaly_rad, one.mean_motion_rad_s * 60.0, one.raan_rad),
        )
        satellite.sgp4_tsince(144.0)
        angles.append(satellite.mm + satellite.om)
    shift_m = math.remainder(angles[0] - angles[1], 2.0 * math.pi) * one.semi_major_axis_m
    assert drag_shift_m(one, 0.1) == pytest.approx(shift_m, rel=2e-3)


def test_strong_drag_warns_early() -> None:
    calm, dragged = orbit(1200.0, 1210.0), orbit(400.0, 405.0, bstar=5e-3)
    after = lambda one, days: one.propagate(one.epoch + timedelta(days=days)).warnings  # noqa: E731
    assert after(calm, 13.0) == after(dragged, 1.0) == ()
    assert "Drag has shifted it by" in after(dragged, 5.0)[0]
    assert "By age it may be 30 km off, 4 s of flight" in after(calm, 15.0)[0]


def test_a_scenario_says_so() -> None:
    part = {"name": "STARLINK-1423", "latitude_deg": 43.6, "longitude_deg": 1.44}
    assert scenario_view(build(SatelliteConfig, part)).warnings == ()
    old = scenario_view(build(SatelliteConfig, {**part, "search_from": "2025-11-09T00:00:00Z"}))
    assert "times reach 33.0 days" in old.warnings[0]
    with pytest.raises(ConfigError, match=r"satellite\.time = next-pass: STARLINK-1423.*nobody can say where"):
        scenario_view(build(SatelliteConfig, {**part, "search_from": "2026-02-09T00:00:00Z"}))
