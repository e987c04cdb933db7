"""Which satellite of a constellation serves a site over time: by elevation, the longest stay, or with hysteresis.

Everything is sampled: a handover or gap is known to a step of the times, and a gap shorter than a step is not seen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
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

    Raises:
        ValueError: for an unknown rule, and numbers outside their ranges.
    """
    if rule not in RULES:
        raise ValueError(f"rule is {rule!r}; allowed are {', '.join(RULES)}.")
    if not -90.0 <= min_elevation_deg < 90.0:
        raise ValueError(f"min_elevation_deg is {min_elevation_deg}; allowed are -90 to below 90 degrees.")
    if not hysteresis_deg >= 0.0:
        raise ValueError(f"hysteresis_deg is {hysteresis_deg}; it must be 0 or more.")
    instants = np.atleast_1d(np.asarray(times))
    least = math.sin(math.radians(min_elevation_deg))
    visible: list[list[_Visible]] = [[] for _ in sites]
    warnings: dict[str, None] = {}
    for first, states in _blocks(elements, instants):
        warnings |= dict.fromkeys(states.warnings)
        for found, site in zip(visible, sites):
            found.append(_visible(site, states.position_ecef_m, least, first))
    margin = math.radians(hysteresis_deg)
    chosen = tuple(_choose(_join(found), len(instants), rule, margin) for found in visible)
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


def _choose(seen: _Visible, times: int, rule: str, margin: float) -> Service:
    starts = np.searchsorted(seen.time, np.arange(times + 1))
    served, place = np.full(times, NONE), np.full(times, NONE)
    until = _visible_until(seen) if rule == "longest-stay" else None
    now = NONE
    for time in range(times):
        rows = slice(int(starts[time]), int(starts[time + 1]))
        names = seen.satellite[rows]
        if not len(names):
            now = NONE
            continue
        best = int(np.argmax(seen.elevation[rows]))
        held = np.flatnonzero(names == now)
        if rule == "highest":
            pick = best
        elif rule == "hysteresis":
            stays = held.size and seen.elevation[rows][held[0]] >= seen.elevation[rows][best] - margin
            pick = int(held[0]) if stays else best
        else:
            assert until is not None
            pick = int(held[0]) if held.size else int(np.argmax(until[rows]))
        now = int(names[pick])
        served[time], place[time] = now, rows.start + pick
    gap = place == NONE
    return Service(
        satellite=served,
        elevation_rad=np.where(gap, np.nan, seen.elevation[place] if len(seen.time) else np.nan),
        range_m=np.where(gap, np.nan, seen.range_m[place] if len(seen.time) else np.nan),
        visible=np.diff(starts),
    )


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
