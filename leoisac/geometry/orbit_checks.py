"""Whether a propagated state can be believed: SGP4 answers for years beyond its range, and reports no error.

A state is refused where

* the perigee of the elements lies below 100 km: nothing stays in such an orbit;
* the state, or the orbit anywhere on the way from the epoch to it, is below 100 km, or its own perigee or apogee is
  further from that of the elements than 3 % of the semi-major axis (200 km in a low orbit; oblateness, Sun and Moon
  make 0.4 % in low orbits and up to 2 % in the highest): the orbit has decayed, or SGP4's series in time have diverged;
* the place along the track is uncertain by more than a quarter of a revolution.

The last counts 2 km for every day from the epoch and a fifth of the way that drag has shifted the satellite,
``0.2 * 3/2 C1 n t^2 a``: forecasts of the upper atmosphere's density are not better than 15 to 20 % (D. A. Vallado and
D. Finkleman, "A critical assessment of satellite drag and atmospheric density modeling", Acta Astronautica 95 (2014),
p. 141). States more than 14 days from the epoch, or uncertain by more than a minute of flight, carry a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from leoisac.geometry.instants import as_instants, seconds_between
from leoisac.geometry.mean_motion import WGS72_EQUATORIAL_RADIUS_M, WGS72_GM_M3_S2, WGS72_J2

OLD_AFTER_DAYS = 14.0
"""Beyond this age of the elements, results carry a warning."""
LOWEST_ALTITUDE_M = 100e3
SHELL_TOLERANCE = 0.03
UNCERTAIN_S = 60.0
"""Flight time along the track beyond which its uncertainty is worth a warning."""
LOST_REVOLUTIONS = 0.25

LOW_PERIGEE, LEFT_ORBIT, LOST = 101, 102, 103
"""Codes of refused states, beside SGP4's 1 to 6."""

_AGE_M_PER_DAY = 2e3
_DRAG_SHARE = 0.2
_STEPS_ON_THE_WAY = 16


@runtime_checkable
class Orbit(Protocol):
    """What of an element set is looked at."""

    @property
    def name(self) -> str: ...
    @property
    def epoch(self) -> datetime: ...
    @property
    def eccentricity(self) -> float: ...
    @property
    def inclination_rad(self) -> float: ...
    @property
    def bstar(self) -> float: ...
    @property
    def period_s(self) -> float: ...
    @property
    def semi_major_axis_m(self) -> float: ...


def way_days(days: Float[np.ndarray, " time"]) -> Float[np.ndarray, " way"]:
    """Days from the epoch at which the orbit is looked at before its states at ``days`` are believed."""
    ends = [days.min(initial=0.0), days.max(initial=0.0)]
    return np.concatenate([np.linspace(0.0, end, _STEPS_ON_THE_WAY + 1)[1:] for end in ends if end != 0.0] or [ends])


def refusals(
    orbit: Orbit,
    days: Float[np.ndarray, " time"],
    states_m: tuple[Float[np.ndarray, "time 3"], Float[np.ndarray, "time 3"]],
    way: Float[np.ndarray, " way"],
    way_states_m: tuple[Float[np.ndarray, "way 3"], Float[np.ndarray, "way 3"]],
) -> UInt8[np.ndarray, " time"]:
    """0 where a state can be believed, else the code that says why not.

    Args:
        orbit: the element set.
        days: of the states, from its epoch.
        states_m: inertial positions in metres and velocities in m/s; NaN counts as decayed.
        way: from ``way_days``.
        way_states_m: the states there.
    """
    code = np.where(_uncertain_m(orbit, days) > LOST_REVOLUTIONS * _track_m(orbit), LOST, 0).astype(np.uint8)
    strayed = way[_has_left(orbit, *way_states_m)]
    late, early = strayed[strayed > 0].min(initial=math.inf), strayed[strayed < 0].max(initial=-math.inf)
    code[_has_left(orbit, *states_m) | (days >= late) | (days <= early)] = LEFT_ORBIT
    if has_low_perigee(orbit):
        code[:] = LOW_PERIGEE
    return code


def has_low_perigee(orbit: Orbit) -> bool:
    """Whether nothing stays in the orbit of these elements, whatever SGP4 makes of it."""
    return orbit.semi_major_axis_m * (1.0 - orbit.eccentricity) < WGS72_EQUATORIAL_RADIUS_M + LOWEST_ALTITUDE_M


def refusal_text(orbit: Orbit, code: int, days: float, stamp: str, position_m: np.ndarray) -> str:
    """What to say about a refused state, which is ``days`` from the epoch."""
    low, high = (_altitude_km(orbit.semi_major_axis_m * (1.0 + sign * orbit.eccentricity)) for sign in (-1.0, 1.0))
    if code == LOW_PERIGEE:
        return (
            f"{orbit.name}: the perigee of these elements lies at {low:.0f} km (above the Earth's equatorial radius); "
            f"below {LOWEST_ALTITUDE_M / 1e3:.0f} km nothing stays in orbit. Use elements from before its decay; is a "
            f"digit of the eccentricity ({orbit.eccentricity:g}) or the mean motion damaged?"
        )
    age = f"{abs(days):.0f} days {'after' if days >= 0 else 'before'} the epoch {orbit.epoch:%Y-%m-%d}"
    if code == LEFT_ORBIT:
        altitude = _altitude_km(float(np.linalg.norm(position_m)))
        there = f" at {altitude:.0f} km altitude" if math.isfinite(altitude) else ""
        return (
            f"{orbit.name}: the state at {stamp} UTC{there} is no longer in the orbit of its elements ({low:.0f} to "
            f"{high:.0f} km): {age}, with drag of B* = {orbit.bstar:.2g}, it has decayed or SGP4 has left its range. "
            "Use newer elements or times nearer to the epoch."
        )
    return (
        f"{orbit.name}: {stamp} UTC is {age}. {_uncertainty_text(orbit, days)}, more than a quarter of a revolution: "
        "nobody can say where on its orbit it is. Use newer elements or times nearer to the epoch."
    )


def age_warnings(orbits: Sequence[Orbit], instants: np.ndarray) -> tuple[str, ...]:
    """A warning where any instant is far from the epoch for the orbit's drag, naming the worst of the orbits."""
    if instants.size == 0:
        return ()
    ends = np.array([instants.min(), instants.max()])
    epochs = as_instants([one.epoch for one in orbits])
    age_days = np.abs(seconds_between(ends, epochs[:, None])).max(axis=1) / 86_400.0
    uncertain_s = np.array(
        [float(_uncertain_m(one, age)) / _track_m(one) * one.period_s for one, age in zip(orbits, age_days)]
    )
    old = np.flatnonzero((age_days > OLD_AFTER_DAYS) | (uncertain_s > UNCERTAIN_S))
    if old.size == 0:
        return ()
    worst = int(old[np.argmax(uncertain_s[old])])
    others = f" and {old.size - 1} more" if old.size > 1 else ""
    return (
        f"{orbits[worst].name}{others}: times reach {age_days[worst]:.1f} days from the epoch "
        f"{np.datetime_as_string(epochs[worst], unit='s')} UTC. "
        f"{_uncertainty_text(orbits[worst], float(age_days[worst]))}, {_duration(uncertain_s[worst])} of flight.",
    )


def drag_shift_m(orbit: Orbit, days: float | np.ndarray) -> float | np.ndarray:
    """How far drag has shifted a satellite along its track, by the leading term of SGP4: ``3/2 C1 n t^2 a``.

    ``C1 = B* C2`` of Hoots and Roehrich, Spacetrack Report #3 (1980), section 6, in Earth radii and seconds.
    """
    axis, eccentricity = orbit.semi_major_axis_m / WGS72_EQUATORIAL_RADIUS_M, orbit.eccentricity
    mean_motion = math.sqrt(WGS72_GM_M3_S2 / orbit.semi_major_axis_m**3)
    perigee_km = _altitude_km(orbit.semi_major_axis_m * (1.0 - eccentricity))
    floor_km = 78.0 if perigee_km >= 156.0 else max(perigee_km - 78.0, 20.0)
    radius_km = WGS72_EQUATORIAL_RADIUS_M / 1e3
    xi = 1.0 / (axis - floor_km / radius_km - 1.0)
    eta = axis * eccentricity * xi
    psi = abs(1.0 - eta**2)
    shape = axis * (1.0 + 1.5 * eta**2 + eccentricity * eta * (4.0 + eta**2))
    oblate = 0.75 * WGS72_J2 * xi / psi * (1.5 * math.cos(orbit.inclination_rad) ** 2 - 0.5)
    density = ((120.0 - floor_km) / radius_km) ** 4 * xi**4 * mean_motion / psi**3.5
    c2 = density * (shape + oblate * (8.0 + 3.0 * eta**2 * (8.0 + eta**2)))
    return 1.5 * orbit.bstar * c2 * mean_motion * (86_400.0 * days) ** 2 * orbit.semi_major_axis_m


def _uncertain_m(orbit: Orbit, days: float | np.ndarray) -> float | np.ndarray:
    return _AGE_M_PER_DAY * abs(days) + _DRAG_SHARE * abs(drag_shift_m(orbit, days))


def _uncertainty_text(orbit: Orbit, days: float) -> str:
    shift_km = float(drag_shift_m(orbit, days)) / 1e3
    uncertain_km = float(_uncertain_m(orbit, days)) / 1e3
    drag = ", of which a fifth is uncertain" if abs(shift_km) >= 1.0 else ""
    moved = (
        f"Drag has shifted it by {abs(shift_km):.0f} km along its track{drag}; by age and drag" if drag else "By age"
    )
    return f"{moved} it may be {uncertain_km:.0f} km off"


def _has_left(orbit: Orbit, position_m: np.ndarray, velocity_m_s: np.ndarray) -> np.ndarray:
    """Whether states are too low, or perigee and apogee of their own ellipses are not those of the elements."""
    radius = np.linalg.norm(position_m, axis=-1)
    axis = 1.0 / (2.0 / radius - np.sum(velocity_m_s**2, axis=-1) / WGS72_GM_M3_S2)
    momentum_2 = np.sum(np.cross(position_m, velocity_m_s) ** 2, axis=-1)
    eccentricity = np.sqrt(np.maximum(1.0 - momentum_2 / (WGS72_GM_M3_S2 * axis), 0.0))
    mean_axis = orbit.semi_major_axis_m
    drift = [
        np.abs(axis * (1.0 + sign * eccentricity) - mean_axis * (1.0 + sign * orbit.eccentricity)) / mean_axis
        for sign in (-1.0, 1.0)
    ]
    # Written so that NaN, which SGP4 leaves where it fails, is outside, too.
    inside = (radius > WGS72_EQUATORIAL_RADIUS_M + LOWEST_ALTITUDE_M) & (np.maximum(*drift) <= SHELL_TOLERANCE)
    return ~inside


def _track_m(orbit: Orbit) -> float:
    return 2.0 * math.pi * orbit.semi_major_axis_m


def _altitude_km(radius_m: float) -> float:
    return (radius_m - WGS72_EQUATORIAL_RADIUS_M) / 1e3


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120.0 else f"{seconds / 60.0:.0f} min"
