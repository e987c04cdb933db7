"""Which satellite of a constellation serves a site over time: by elevation, the longest stay, or with hysteresis.

Everything is sampled: a handover or gap is known to a step of the times, and a gap shorter than a step is not seen.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from leoisac.geometry._annotations import Instants, Number
from leoisac.geometry.orbits import ElementSet, OrbitStates, propagate_many
from leoisac.geometry.sites import Site

Rule = Literal["highest", "longest-stay", "hysteresis"]
RULES: tuple[str, ...] = get_args(Rule)
NONE = -1
"""Number of the serving satellite in a gap."""
_BLOCK_BYTES = 256 * 2**20
"""Most bytes of satellites' positions at once."""


@dataclass(frozen=True, eq=False)
class Service:
    """Service of one site.

    Attributes:
        satellite: number of the serving satellite at every time; -1 in a gap.
        elevation_rad: of it; NaN in a gap.
        range_m: to it; NaN in a gap.
        visible: how many satellites are above the least elevation.
    """

    satellite: Int[np.ndarray, " time"]
    elevation_rad: Float[np.ndarray, " time"]
    range_m: Float[np.ndarray, " time"]
    visible: Int[np.ndarray, " time"]

    @property
    def handover(self) -> Bool[np.ndarray, " time"]:
        """Where another satellite serves than at the time before; the end of a gap is none."""
        before, now = self.satellite[:-1], self.satellite[1:]
        return np.concatenate([[False], (before != now) & (before != NONE) & (now != NONE)])

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """First and one past the last time of every gap."""
        return _runs(self.satellite == NONE)

    @property
    def stays(self) -> tuple[tuple[int, int], ...]:
        """First and one past the last time of every stay with one satellite."""
        change = np.flatnonzero(np.diff(self.satellite)) + 1
        edges = [0, *change.tolist(), len(self.satellite)]
        return tuple((a, b) for a, b in itertools.pairwise(edges) if self.satellite[a] != NONE)


def serve(
    elements: Sequence[ElementSet],
    sites: Sequence[Site],
    times: Instants,
    min_elevation_deg: Number = 25.0,
    rule: str = "highest",
    hysteresis_deg: Number = 5.0,
    capacity: int | None = None,
) -> tuple[tuple[Service, ...], tuple[str, ...]]:
    """Service of every site by a constellation, and what a reader should know about its orbits.

    Args:
        elements: the satellites, numbered in this order.
        sites: on the ground.
        times: UTC, in order.
        min_elevation_deg: at which a satellite can serve, -90 to below 90 (geometric).
        rule: ``highest``: always the highest satellite. ``longest-stay``: the one that stays longest, until it sets.
            ``hysteresis``: the highest one, until another is higher by ``hysteresis_deg`` or it sets.
        hysteresis_deg: 0 or more.
        capacity: most of the sites that a satellite serves at a time; None for all. At every time those go first who
            stay with their satellite, then the others in the order of the sites, among satellites with room.

    Raises:
        ValueError: for an unknown rule, and numbers outside their ranges.
    """
    if rule not in RULES:
        raise ValueError(f"rule is {rule!r}; allowed are {', '.join(RULES)}.")
    if not -90.0 <= min_elevation_deg < 90.0:
        raise ValueError(f"min_elevation_deg is {min_elevation_deg}; allowed are -90 to below 90 degrees.")
    if not hysteresis_deg >= 0.0:
        raise ValueError(f"hysteresis_deg is {hysteresis_deg}; it must be 0 or more.")
    if capacity is not None and capacity < 1:
        raise ValueError(f"capacity is {capacity}; it must be 1 or more.")
    instants = np.atleast_1d(np.asarray(times))
    least = math.sin(math.radians(min_elevation_deg))
    visible: list[list[_Visible]] = [[] for _ in sites]
    warnings: dict[str, None] = {}
    for first, states in _blocks(elements, instants):
        warnings |= dict.fromkeys(states.warnings)
        for found, site in zip(visible, sites):
            found.append(_visible(site, states.position_ecef_m, least, first))
    margin = math.radians(hysteresis_deg)
    seen = [_join(found) for found in visible]
    if capacity is None:
        chosen = tuple(_choose([one], len(instants), rule, margin, 1)[0] for one in seen)
    else:
        chosen = _choose(seen, len(instants), rule, margin, capacity)
    return chosen, tuple(warnings)


@dataclass(frozen=True, eq=False)
class _Visible:
    """Satellites above the least elevation, sparse: times are sorted."""

    satellite: np.ndarray
    time: np.ndarray
    elevation: np.ndarray
    range_m: np.ndarray


def _blocks(elements: Sequence[ElementSet], instants: np.ndarray) -> Iterator[tuple[int, OrbitStates]]:
    """States of all satellites, some times after the other."""
    count = max(int(_BLOCK_BYTES / (72.0 * len(elements))), 1)
    for first in range(0, len(instants), count):
        yield first, propagate_many(elements, instants[first : first + count])


def _visible(site: Site, position_m: Float[np.ndarray, "satellite time 3"], least: float, first: int) -> _Visible:
    """Who is above the least elevation, whose sine is given; the product with the vertical says it for all at once."""
    up, place = site.enu_rotation[2], site.position_ecef_m
    height = position_m @ up - up @ place
    # Whoever is far below the horizon needs no range.
    near = np.nonzero((height > 0.0) | (least <= 0.0))
    offset = position_m[near] - place
    distance = np.sqrt(np.einsum("ij,ij->i", offset, offset))
    sine = height[near] / distance
    seen = sine >= least
    satellite, time = near[0][seen], near[1][seen]
    order = np.argsort(time, kind="stable")
    elevation = np.arcsin(np.clip(sine[seen], -1.0, 1.0))
    return _Visible(satellite[order], time[order] + first, elevation[order], distance[seen][order])


def _join(parts: Sequence[_Visible]) -> _Visible:
    names = ("satellite", "time", "elevation", "range_m")
    return _Visible(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class _Chooser:
    """One site's choice by a rule, one time after the other."""

    def __init__(self, seen: _Visible, times: int, rule: str, margin: float) -> None:
        self._seen, self._rule, self._margin = seen, rule, margin
        self._starts = np.searchsorted(seen.time, np.arange(times + 1))
        self._until = _visible_until(seen) if rule == "longest-stay" else None
        self._place = np.full(times, NONE)
        self._now = NONE

    def stays(self, time: int) -> int | None:
        """The satellite that the site stays with, whoever else there is; None where it looks for another."""
        rows, held = self._rows(time), self._held(time)
        if held is None:
            return None
        best = float(self._seen.elevation[rows].max())
        reach = {"highest": 0.0, "hysteresis": self._margin, "longest-stay": math.inf}[self._rule]
        return self._take(time, held) if self._seen.elevation[held] >= best - reach else None

    def looks(self, time: int, load: Mapping[int, int], capacity: int) -> int | None:
        """The satellite that it chooses among those with room; None, and nothing any more, where there is none."""
        rows = self._rows(time)
        free = np.array([load.get(name, 0) < capacity for name in self._seen.satellite[rows].tolist()], dtype=bool)
        places = rows.start + np.flatnonzero(free)
        if not len(places):
            self._now = NONE
            return None
        worth = self._seen.elevation if self._until is None else self._until
        best = int(places[np.argmax(worth[places])])
        held = self._held(time)
        if self._rule == "hysteresis" and held is not None and held in places:
            best = held if self._seen.elevation[held] >= self._seen.elevation[best] - self._margin else best
        return self._take(time, best)

    def service(self) -> Service:
        """What came of it."""
        gap, seen = self._place == NONE, self._seen
        if not len(seen.time):
            nothing = np.full(gap.shape, np.nan)
            return Service(self._place, nothing, nothing, np.diff(self._starts))
        return Service(
            satellite=np.where(gap, NONE, seen.satellite[self._place]),
            elevation_rad=np.where(gap, np.nan, seen.elevation[self._place]),
            range_m=np.where(gap, np.nan, seen.range_m[self._place]),
            visible=np.diff(self._starts),
        )

    def _rows(self, time: int) -> slice:
        return slice(int(self._starts[time]), int(self._starts[time + 1]))

    def _held(self, time: int) -> int | None:
        rows = self._rows(time)
        found = np.flatnonzero(self._seen.satellite[rows] == self._now)
        return rows.start + int(found[0]) if found.size else None

    def _take(self, time: int, place: int) -> int:
        self._place[time] = place
        self._now = int(self._seen.satellite[place])
        return self._now


def _choose(seen: Sequence[_Visible], times: int, rule: str, margin: float, capacity: int) -> tuple[Service, ...]:
    choosers = [_Chooser(one, times, rule, margin) for one in seen]
    for time in range(times):
        load: Counter[int] = Counter()
        looking: list[_Chooser] = []
        for one in choosers:
            stays = one.stays(time)
            if stays is None:
                looking.append(one)
            else:
                load[stays] += 1
        for one in looking:
            found = one.looks(time, load, capacity)
            if found is not None:
                load[found] += 1
    return tuple(one.service() for one in choosers)


def _visible_until(seen: _Visible) -> np.ndarray:
    """Last time of the pass that an entry belongs to."""
    order = np.lexsort((seen.time, seen.satellite))
    satellite, time = seen.satellite[order], seen.time[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (np.diff(satellite) != 0) | (np.diff(time) != 1)
    ends = np.flatnonzero(last)
    until = np.empty(len(order), dtype=int)
    until[order] = time[ends[np.searchsorted(ends, np.arange(len(order)))]] if len(order) else until
    return until


def _runs(flags: np.ndarray) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2]))


__all__ = ["NONE", "RULES", "Rule", "Service", "serve"]
