"""Passes of a satellite over a site.

The elevation is sampled on a coarse grid together with its exact time derivative. Sign changes of the derivative
bracket every extremum, also of a pass that rises and sets between two samples; between neighbouring extrema the
elevation is monotone, so that its samples there bracket every crossing of the threshold. Brackets are then closed, all
at once, to less than a microsecond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from leoisac.geometry._annotations import Instants, Number
from leoisac.geometry.instants import add_seconds, as_instant, seconds_between
from leoisac.geometry.look_angles import enu_to_angles, range_rate
from leoisac.geometry.orbits import ElementSet, OrbitError
from leoisac.geometry.sites import Site, ecef_to_enu, ecef_to_enu_vector, ecef_to_geodetic

DEFAULT_MIN_ELEVATION_DEG = 10.0
DAY_S = 86_400.0
SIDEREAL_DAY_S = 86_164.1
_STILL = 0.05  # of eccentricity, inclination (rad) and twenty times the period's relative excess over the Earth's turn
_TIME_TOLERANCE_S = 1e-7
_MAX_ROUNDS = 40  # halving alone, should a function be rough; six are usual
_MAX_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Pass:
    """One stay of a satellite above a minimum elevation. Times are UTC, ``datetime64[ns]``.

    Attributes:
        name: the satellite.
        rise_time: when the elevation climbs through the minimum, or the start of the search (``cut_at_start``).
        culmination_time: when the elevation is highest.
        set_time: when the elevation falls through the minimum, or the end of the search (``cut_at_end``).
        rise_azimuth_rad: azimuth at the rise, clockwise from north.
        culmination_azimuth_rad: azimuth at the culmination.
        set_azimuth_rad: azimuth at the set.
        max_elevation_rad: elevation at the culmination.
        least_range_m: smallest slant range during the pass (not exactly at the culmination).
        cut_at_start: the satellite was already up when the search began.
        cut_at_end: the satellite was still up when the search ended.
        warnings: those of the propagation, such as elements that are too old.
    """

    name: str
    rise_time: np.datetime64
    culmination_time: np.datetime64
    set_time: np.datetime64
    rise_azimuth_rad: float
    culmination_azimuth_rad: float
    set_azimuth_rad: float
    max_elevation_rad: float
    least_range_m: float
    cut_at_start: bool
    cut_at_end: bool
    warnings: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Time from rise to set."""
        return float(seconds_between(self.set_time, self.rise_time))

    def times(self, count: int) -> np.ndarray:
        """``count`` instants evenly spaced from rise to set, both included (the culmination alone if 1)."""
        if count < 1:
            raise ValueError(f"count is {count}; it must be 1 or more.")
        if count == 1:
            return np.array([self.culmination_time])
        return add_seconds(self.rise_time, np.linspace(0.0, self.duration_s, count))


def find_passes(
    elements: ElementSet,
    site: Site,
    start: Instants | None = None,
    duration_s: Number = DAY_S,
    min_elevation_deg: Number = DEFAULT_MIN_ELEVATION_DEG,
    step_s: Number = 30.0,
) -> tuple[Pass, ...]:
    """All passes of a satellite over a site within ``start ... start + duration_s``, in order of time.

    Args:
        elements: the satellite.
        site: the observer.
        start: UTC; the epoch of the elements if left out.
        duration_s: length of the search.
        min_elevation_deg: what counts as up, -90 to below 90 degrees (geometric, without refraction).
        step_s: sampling of the search; must be shorter than the time between neighbouring extrema of elevation, which
            30 s is for every orbit (half a revolution of the lowest one takes 43 min).

    Raises:
        OrbitError: where SGP4 fails within the search.
        ValueError: for durations, elevations and steps outside their ranges.
    """
    _check(duration_s, min_elevation_deg, step_s)
    first = _single(elements, start)
    track = _Track(elements, site, first)
    seconds = track.samples(float(duration_s), float(step_s))
    sampled = track.at(seconds)
    threshold = math.sin(math.radians(min_elevation_deg))
    margin = sampled.sine - threshold
    up = margin >= 0.0
    change = np.flatnonzero(up[1:] != up[:-1])
    crossing = _roots(lambda t: track.at(t).sine - threshold, seconds[change], seconds[change + 1])
    rising = up[change + 1]
    rises = crossing[rising].tolist()
    sets = crossing[~rising].tolist()
    if up[0]:
        rises.insert(0, 0.0)
    if up[-1]:
        sets.append(float(duration_s))
    passes = tuple(_describe(track, seconds, sampled, rise, end) for rise, end in zip(rises, sets, strict=True))
    return _mark_cuts(passes, up)


def next_pass(
    elements: ElementSet,
    site: Site,
    after: Instants | None = None,
    min_elevation_deg: Number = DEFAULT_MIN_ELEVATION_DEG,
    search_s: Number = 10.0 * DAY_S,
) -> Pass:
    """The first pass that rises after an instant (the epoch of the elements if left out), whole.

    A pass already under way does not count, unless the satellite stays up for the whole search: then that is the pass.

    Raises:
        OrbitError: where no pass rises within ``search_s``; the message gives the highest elevation reached.
    """
    for one in upcoming_passes(elements, site, after, min_elevation_deg, search_s):
        if not one.cut_at_start or one.cut_at_end:
            return one
    raise _no_pass(elements, site, _single(elements, after), float(search_s), min_elevation_deg)


def upcoming_passes(
    elements: ElementSet,
    site: Site,
    after: Instants | None = None,
    min_elevation_deg: Number = DEFAULT_MIN_ELEVATION_DEG,
    search_s: Number = 10.0 * DAY_S,
) -> Iterator[Pass]:
    """The passes among which ``next_pass`` chooses, in order of time.

    The one under way at the instant comes first, marked as cut; those that rise within ``search_s`` follow, and are
    followed until they set: at most one revolution and a half.
    """
    first = _single(elements, after)
    searched, stretch, last = 0.0, min(DAY_S, float(search_s)), None
    while searched < search_s:
        duration = min(searched + stretch, float(search_s))
        for one in find_passes(elements, site, first, duration + 1.5 * elements.period_s, min_elevation_deg):
            is_known = last is not None and one.rise_time <= last.set_time
            if not is_known and seconds_between(one.rise_time, first) <= duration:
                yield one
                last = one
        searched, stretch = duration, 2.0 * stretch


def best_pass(
    elements: ElementSet,
    site: Site,
    start: Instants | None = None,
    duration_s: Number = DAY_S,
    min_elevation_deg: Number = DEFAULT_MIN_ELEVATION_DEG,
) -> Pass:
    """The pass with the highest culmination within a search; arguments as for ``find_passes``.

    Raises:
        OrbitError: where there is no pass; the message gives the highest elevation reached.
    """
    found = find_passes(elements, site, start, duration_s, min_elevation_deg)
    if not found:
        raise _no_pass(elements, site, _single(elements, start), float(duration_s), min_elevation_deg)
    return max(found, key=lambda one: one.max_elevation_rad)


@dataclass(frozen=True, eq=False)
class _Track:
    """One satellite from one site, by seconds after the start of a search."""

    elements: ElementSet
    site: Site
    start: np.datetime64

    def at(self, seconds: Float[np.ndarray, " time"]) -> _Sight:
        states = self.elements.propagate(add_seconds(self.start, seconds))
        position = ecef_to_enu(self.site, states.position_ecef_m)
        velocity = ecef_to_enu_vector(self.site, states.velocity_ecef_m_s)
        distance = np.linalg.norm(position, axis=-1)
        rate = range_rate(position, velocity)
        # The sine of the elevation compares as the elevation does, and is smooth where a pass meets the zenith.
        sine = position[..., 2] / distance
        return _Sight(states.times, position, distance, rate, sine, (velocity[..., 2] - sine * rate) / distance)

    def samples(self, duration_s: float, step_s: float) -> Float[np.ndarray, " time"]:
        """The grid together with every extremum of elevation and of range."""
        grid = np.linspace(0.0, duration_s, math.ceil(duration_s / step_s) + 1)
        on_grid = self.at(grid)
        highs = _roots(lambda t: self.at(t).sine_rate, *_brackets(on_grid.sine_rate, grid))
        nears = _roots(lambda t: self.at(t).range_rate_m_s, *_brackets(on_grid.range_rate_m_s, grid))
        return np.unique(np.concatenate([grid, highs, nears]))


@dataclass(frozen=True, eq=False)
class _Sight:
    times: np.ndarray
    position_enu_m: Float[np.ndarray, "time 3"]
    range_m: Float[np.ndarray, " time"]
    range_rate_m_s: Float[np.ndarray, " time"]
    sine: Float[np.ndarray, " time"]
    sine_rate: Float[np.ndarray, " time"]


def _brackets(values: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    change = np.flatnonzero((values[1:] >= 0.0) != (values[:-1] >= 0.0))
    return grid[change], grid[change + 1]


def _roots(function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Roots of ``function`` in brackets, all at once: Ridders' method (IEEE Trans. Circuits Syst. 26, 1979).

    Every round keeps the bracket and at least halves it; on smooth functions the error is squared.
    """
    if low.size == 0:
        return low
    f_low, f_high = function(low), function(high)
    root = 0.5 * (low + high)
    for _ in range(_MAX_ROUNDS):
        middle = 0.5 * (low + high)
        f_middle = function(middle)
        scale = np.sqrt(f_middle**2 - f_low * f_high)
        step = np.divide(f_middle, scale, out=np.zeros_like(scale), where=scale > 0.0) * np.where(f_low >= 0, 1, -1)
        last, root = root, middle + (middle - low) * step
        f_root = function(root)
        if np.abs(root - last).max() < _TIME_TOLERANCE_S:
            break
        # Of the points low < {middle, root} < high, the neighbours between which the sign changes.
        points = np.stack([low, np.minimum(middle, root), np.maximum(middle, root), high])
        inner = np.where(root < middle, (f_root, f_middle), (f_middle, f_root))
        values = np.stack([f_low, inner[0], inner[1], f_high])
        first = np.argmax((values[1:] >= 0.0) != (values[:1] >= 0.0), axis=0)
        column = np.arange(low.size)
        low, high, f_low, f_high = (
            points[first, column],
            points[first + 1, column],
            values[first, column],
            values[first + 1, column],
        )
    return root


def _describe(track: _Track, seconds: np.ndarray, sampled: _Sight, rise: float, end: float) -> Pass:
    ends = track.at(np.array([rise, end]))
    inside = (seconds > rise) & (seconds < end)
    offsets = np.concatenate([ends.position_enu_m[:1], sampled.position_enu_m[inside], ends.position_enu_m[1:]])
    times = np.concatenate([ends.times[:1], sampled.times[inside], ends.times[1:]])
    azimuth, elevation = enu_to_angles(offsets)
    highest = int(np.argmax(elevation))
    return Pass(
        name=track.elements.name,
        rise_time=times[0],
        culmination_time=times[highest],
        set_time=times[-1],
        rise_azimuth_rad=float(azimuth[0]),
        culmination_azimuth_rad=float(azimuth[highest]),
        set_azimuth_rad=float(azimuth[-1]),
        max_elevation_rad=float(elevation[highest]),
        least_range_m=float(np.linalg.norm(offsets, axis=-1).min()),
        cut_at_start=False,
        cut_at_end=False,
        warnings=track.elements.age_warnings(np.array([times[0], times[-1]])),
    )


def _mark_cuts(passes: tuple[Pass, ...], up: np.ndarray) -> tuple[Pass, ...]:
    marked = list(passes)
    if up[0]:
        marked[0] = replace(marked[0], cut_at_start=True)
    if up[-1]:
        marked[-1] = replace(marked[-1], cut_at_end=True)
    return tuple(marked)


def _single(elements: ElementSet, start: Instants | None) -> np.datetime64:
    return as_instant(elements.epoch if start is None else start)


def _check(duration_s: Number, min_elevation_deg: Number, step_s: Number) -> None:
    if not 0.0 < duration_s < math.inf:
        raise ValueError(f"duration_s is {duration_s}; it must be above 0 and finite.")
    if not -90.0 <= min_elevation_deg < 90.0:
        raise ValueError(f"min_elevation_deg is {min_elevation_deg}; allowed are -90 to below 90 degrees.")
    if not step_s > 0.0 or duration_s / step_s > _MAX_SAMPLES:
        raise ValueError(
            f"step_s is {step_s}; it must be above 0 and give at most {_MAX_SAMPLES} samples over "
            f"duration_s = {duration_s}. Search a shorter time or sample less often."
        )


def _no_pass(
    elements: ElementSet, site: Site, start: np.datetime64, duration_s: float, min_elevation_deg: Number
) -> OrbitError:
    track = _Track(elements, site, start)
    highest = math.asin(track.at(track.samples(duration_s, 30.0)).sine.max())
    return OrbitError(
        f"{elements.name} has no pass above {min_elevation_deg:g} deg within {duration_s / 3600.0:g} h of "
        f"{np.datetime_as_string(start, unit='s')} UTC over {math.degrees(site.latitude_rad):.4f} N "
        f"{math.degrees(site.longitude_rad):.4f} E; it reaches {math.degrees(highest):.1f} deg. "
        f"{_what_else(elements, site, start, float(min_elevation_deg))}"
    )


def _what_else(elements: ElementSet, site: Site, start: np.datetime64, min_elevation_deg: float) -> str:
    """What to do about a search without a pass: a longer one is no advice where the satellite cannot rise."""
    drift = abs(elements.period_s / SIDEREAL_DAY_S - 1.0)
    if max(20.0 * drift, elements.eccentricity, elements.inclination_rad) < _STILL:
        _, longitude, _ = ecef_to_geodetic(elements.propagate(start).position_ecef_m)
        return (
            f"It turns with the Earth, near longitude {math.degrees(float(longitude)):.1f} deg, and hardly moves in "
            "this sky: lower the minimum elevation, or take another satellite or site."
        )
    possible_deg = _highest_possible_deg(elements, site)
    if possible_deg < min_elevation_deg:
        return (
            f"It never rises higher than {possible_deg:.0f} deg over this latitude: its orbit is inclined by "
            f"{math.degrees(elements.inclination_rad):.1f} deg. Take another satellite or site."
        )
    return "Search longer, lower the minimum elevation, or take another satellite."


def _highest_possible_deg(elements: ElementSet, site: Site) -> float:
    """Elevation of the apogee over the nearest latitude that the satellite reaches, somewhat on the high side."""
    reach = min(elements.inclination_rad, math.pi - elements.inclination_rad)
    # Geodetic latitudes, and those of the osculating orbit, differ from the mean geocentric ones by less than this.
    angle = abs(site.latitude_rad) - reach - math.radians(0.3)
    if angle <= 0.0:
        return 90.0
    apogee_m = 1.01 * elements.semi_major_axis_m * (1.0 + elements.eccentricity)
    radius_m = float(np.linalg.norm(site.position_ecef_m))
    return math.degrees(math.atan2(math.cos(angle) - radius_m / apogee_m, math.sin(angle)))
