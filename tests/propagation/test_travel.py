"""Users that travel: closed forms of ways and turns, shadowing along the way, every system's users on the move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.foundation.jax_setup import double_precision, jnp
from leoisac.foundation.keys import trial_key
from leoisac.geometry.travel import Travel
from leoisac.propagation.over_time import readings
from leoisac.propagation.travel import directions, straight_on, within_disc, within_square

SATELLITE = {"name": "STARLINK-1423", "latitude_deg": 43.6047, "longitude_deg": 1.4442}
FIRST, LATER = "2025-10-08T07:44:00Z", "2025-10-08T07:45:00Z"
OWN: dict[str, dict[str, Any]] = {
    "bistatic-rsma": {"coverage_centre": "receiver"},
    "coexistence": {},
    "otfs-rsma": {"link": "budget"},
    "self-backhaul": {},
}


def _travel(way: float, heading: float = math.nan) -> Travel:
    return Travel(jnp.asarray(way), jnp.asarray(heading))


@double_precision()
def test_straight_ways_and_chords() -> None:
    places, along = jnp.array([[3.0, 4.0], [0.0, 1.0]]), jnp.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(straight_on(_travel(2.0), places, along), [[3.0, 6.0], [2.0, 1.0]])
    # Of a disc of radius 5: the first user stands on its edge and comes back; a chord of 6 and 8 metres there.
    np.testing.assert_allclose(within_disc(_travel(2.0), places, along, 5.0)[0], [3.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(within_disc(_travel(16.0), places, along, 5.0)[0], places[0], atol=1e-6)
    # Who is put outside goes on from where he is, instead of leaping to the edge.
    np.testing.assert_allclose(within_disc(_travel(2.0), places, along, 4.0)[0], [3.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(within_square(_travel(7.0), places, along, 10.0)[0], [3.0, 9.0], atol=1e-9)
    np.testing.assert_allclose(within_square(_travel(20.0), places, along, 10.0), places, atol=1e-6)
    rng = np.random.default_rng(0)
    starts = jnp.asarray(rng.uniform(0.0, 10.0, (200, 2)))
    ways = directions(_travel(0.0), trial_key(0, 0), 200)
    np.testing.assert_array_equal(within_square(_travel(0.0), starts, ways, 10.0), starts)
    for way in (1.0, 33.0, 1e4):
        there = np.asarray(within_square(_travel(way), starts, ways, 10.0))
        assert np.all((there > -1e-9) & (there < 10.0 + 1e-9))


@double_precision()
def test_headings() -> None:
    drawn = np.asarray(directions(_travel(0.0), trial_key(3, 1), 400))
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0)
    assert np.linalg.norm(drawn.mean(axis=0)) < 0.15
    np.testing.assert_allclose(
        directions(_travel(0.0, 0.5 * math.pi), trial_key(0, 0), 2), [[1, 0], [1, 0]], atol=1e-15
    )
    np.testing.assert_array_equal(directions(_travel(0.0), trial_key(3, 1), 3), drawn[:3])


def _config(name: str, at: str, **time: Any) -> Any:
    satellite = {**SATELLITE, "time": at}
    stated = {"from": FIRST, "to": LATER, **time}
    return li.config(name, **{**find(name).small, **OWN[name], "satellite": satellite, "time": stated})


@pytest.mark.parametrize(
    "name",
    ["otfs-rsma", *(pytest.param(each, marks=pytest.mark.further) for each in ("bistatic-rsma", "self-backhaul"))],
)
def test_users_of_every_system_travel(name: str) -> None:
    arrays = {"bistatic-rsma": "user_steering", "otfs-rsma": "path_gains", "self-backhaul": "h_users"}
    later, faster = (
        np.asarray(
            getattr(li.draw(_config(name, at, travel_speed_m_s=speed, travel_heading_deg=90.0), trials=2), arrays[name])
        )
        for at, speed in ((LATER, 30.0), (LATER, 31.0))
    )
    assert not np.any(np.isclose(later, faster, rtol=1e-9, atol=0.0).all(axis=(0, -1)))


def test_nobody_has_gone_at_the_first_instant() -> None:
    gone, still = (
        li.draw(_config("otfs-rsma", FIRST, **time), trials=2).path_gains
        for time in ({"travel_speed_m_s": 30.0, "travel_heading_deg": 90.0}, {})
    )
    np.testing.assert_array_equal(gone, still)


@pytest.mark.further
def test_places_are_where_the_way_leads() -> None:
    before, after = (
        li.draw(_config("coexistence", at, travel_speed_m_s=0.5, travel_heading_deg=90.0), trials=3).places
        for at in (FIRST, LATER)
    )
    step = np.asarray(after.tut_position_m) - np.asarray(before.tut_position_m)
    np.testing.assert_allclose(step[..., 1], 0.0, atol=1e-9)
    went_on = np.isclose(step[..., 0], 30.0, atol=1e-6)
    assert went_on.mean() > 0.6  # the others met the edge of the cell and turned
    assert np.all(np.abs(step[..., 0]) <= 30.0 + 1e-6)
    np.testing.assert_array_equal(after.target_position_m, before.target_position_m)


def test_shadowing_decorrelates_along_the_way() -> None:
    found = readings(_config("self-backhaul", LATER, travel_speed_m_s=10.0, shadowing_decorrelation_m=37.0))
    assert found is not None
    clock = found["terrestrial-shadowing"]
    assert 4.0 * (float(clock.knot) + float(clock.fraction) / 2**22) == pytest.approx(600.0 / 37.0, abs=1e-5)


def test_what_has_no_effect_is_refused() -> None:
    with pytest.raises(li.ConfigError, match="no effect without travel_speed_m_s"):
        _config("self-backhaul", FIRST, travel_heading_deg=10.0)
    with pytest.raises(li.ConfigError, match="give travel_heading_deg"):
        _config("otfs-rsma", FIRST, travel_speed_m_s=10.0)
