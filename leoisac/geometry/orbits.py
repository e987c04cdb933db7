"""Orbits from general-perturbations element sets, propagated by SGP4.

Element sets come from two-line elements, from orbit mean-elements messages, from ``walker.walker_shell`` or from plain
numbers; all propagate alike, and states that cannot be believed are refused (``orbit_checks``). SGP4 runs with the
WGS72 constants that element sets are fitted with, gives positions in TEME, and ``earth_rotation`` turns them to ECEF.
Accuracy is about 1 km at the epoch and 1 to 3 km a day after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from leoisac.geometry import element_files
from leoisac.geometry._annotations import Instants, Number
from leoisac.geometry.earth_rotation import teme_to_ecef
from leoisac.geometry.element_fields import ElementSetError
from leoisac.geometry.instants import as_instants, julian_date, seconds_between
from leoisac.geometry.mean_motion import WGS72_EQUATORIAL_RADIUS_M, brouwer_semi_major_axis_m
from leoisac.geometry.omm import read_omm, split_omms
from leoisac.geometry.orbit_checks import (
    LOW_PERIGEE,
    age_warnings,
    has_low_perigee,
    refusal_text,
    refusals,
    way_days,
)
from leoisac.geometry.tle import read_tle

_EPOCH_YEARS = (1957, 2200)  # since Sputnik; as far as instants reach with room to propagate
_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_SGP4_EPOCH_JULIAN_DATE = 2_433_281.5
_MEANINGS = {
    1: "the mean eccentricity left 0...1 (the orbit has decayed, or the elements are wrong)",
    2: "the mean motion became negative",
    3: "the perturbed eccentricity left 0...1",
    4: "the semi-latus rectum became negative",
    6: "the satellite has decayed (its radius is below the Earth's)",
}


class OrbitError(ValueError):
    """An orbit that SGP4 cannot propagate to a wanted time, or that never does what was asked of it."""


@dataclass(frozen=True)
class ElementSet:
    """Mean elements of one satellite, in SGP4's sense (TEME, UTC, Kozai's mean motion).

    Attributes:
        name: the satellite's name.
        epoch: time-zone-aware.
        inclination_rad: 0 to pi.
        raan_rad: right ascension of the ascending node.
        eccentricity: 0 up to but not including 1.
        argument_of_perigee_rad: argument of perigee.
        mean_anomaly_rad: mean anomaly at the epoch.
        mean_motion_rad_s: Kozai's mean motion.
        bstar: SGP4's drag term, per Earth radius.
        catalogue_number: NORAD number; 0 where there is none.
        warnings: what was noticed while it was read, such as a missing checksum; goes with every result.

    Raises:
        ElementSetError: where a value is outside its range, not finite, or the epoch has no time zone.
    """

    name: str
    epoch: datetime
    inclination_rad: float
    raan_rad: float
    eccentricity: float
    argument_of_perigee_rad: float
    mean_anomaly_rad: float
    mean_motion_rad_s: float
    bstar: float = 0.0
    catalogue_number: int = 0
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.epoch.tzinfo is None:
            raise ElementSetError(f"epoch {self.epoch!r} has no time zone. Write datetime(..., tzinfo=UTC).")
        if not _EPOCH_YEARS[0] <= self.epoch.year <= _EPOCH_YEARS[1]:
            raise ElementSetError(
                f"epoch of {self.name!r} is of the year {self.epoch.year}; allowed are {_EPOCH_YEARS[0]} to "
                f"{_EPOCH_YEARS[1]}. Is a digit damaged?"
            )
        for number in ("raan_rad", "argument_of_perigee_rad", "mean_anomaly_rad", "bstar"):
            if not math.isfinite(getattr(self, number)):
                raise ElementSetError(f"{number} of {self.name!r} is {getattr(self, number)}; it must be finite.")
        if not 0.0 <= self.inclination_rad <= math.pi:
            raise ElementSetError(
                f"inclination_rad of {self.name!r} is {self.inclination_rad}; allowed are 0 to pi. Were these degrees?"
            )
        if not 0.0 <= self.eccentricity < 1.0:
            raise ElementSetError(f"eccentricity of {self.name!r} is {self.eccentricity}; allowed are 0 to below 1.")
        if not 0.0 < self.mean_motion_rad_s < math.inf:
            raise ElementSetError(f"mean_motion_rad_s of {self.name!r} is {self.mean_motion_rad_s}; it must exceed 0.")

    @classmethod
    def from_tle(cls, text: str) -> ElementSet:
        """The element set of two TLE lines, or three with the name first.

        Raises:
            ElementSetError: naming line and columns, for wrong lengths, line numbers, checksums, fields, or catalogue
                numbers that differ between the lines.
        """
        return cls(**read_tle(text))

    @classmethod
    def from_omm(cls, message: Mapping[str, Any] | str) -> ElementSet:
        """The element set of an orbit mean-elements message: mapping of CCSDS keywords, or JSON, KVN, XML or CSV.

        Raises:
            ElementSetError: for missing or unreadable fields, other theories than SGP4, or text with several messages.
        """
        if not isinstance(message, str):
            return cls(**read_omm(message))
        messages = split_omms(message)
        if len(messages) != 1:
            raise ElementSetError(
                f"the text holds {len(messages)} messages. Say by name or catalogue number which one is meant."
            )
        return cls(**read_omm(messages[0]))

    @property
    def period_s(self) -> float:
        """Anomalistic period ``2 pi / n`` of Kozai's mean motion."""
        return 2.0 * math.pi / self.mean_motion_rad_s

    @property
    def semi_major_axis_m(self) -> float:
        """Brouwer mean semi-major axis."""
        return brouwer_semi_major_axis_m(self.mean_motion_rad_s, self.eccentricity, self.inclination_rad)

    @property
    def mean_altitude_m(self) -> float:
        """Mean semi-major axis less the Earth's equatorial radius (the "550 km" of a constellation's filing)."""
        return self.semi_major_axis_m - WGS72_EQUATORIAL_RADIUS_M

    def propagate(self, times: Instants, ut1_minus_utc_s: Number = 0.0, checked: bool = True) -> OrbitStates:
        """Positions and velocities at ``times``, in TEME and ECEF.

        Args:
            times: one instant or any array of them; see ``instants.as_instants``.
            ut1_minus_utc_s: UT1 - UTC for the Earth's rotation; 0 is good to 0.9 s.
            checked: refuse states that cannot be believed (see ``orbit_checks``); without it, SGP4's own word counts,
                as for comparisons with other implementations.

        Raises:
            OrbitError: where SGP4 fails at any time (decayed orbits) or a state is refused, with the reason and the
                first such time.
        """
        instants = as_instants(times)
        satellite = _satrec(self)
        days = np.ravel(seconds_between(instants, as_instants(self.epoch)) / 86_400.0)
        code, position_km, velocity_km_s = _by_sgp4(satellite, days)
        if checked and (has_low_perigee(self) or not code.any()):
            code = _refusals(self, satellite, days, position_km, velocity_km_s)
        if code.any():
            raise OrbitError(_failure(self, code, np.ravel(instants), position_km))
        return _states(instants, position_km, velocity_km_s, ut1_minus_utc_s, self._warnings(instants))

    def age_warnings(self, times: Instants) -> tuple[str, ...]:
        """A warning where any of ``times`` is too far from the epoch (see ``orbit_checks``); otherwise nothing."""
        return age_warnings([self], as_instants(times))

    def _warnings(self, instants: np.ndarray) -> tuple[str, ...]:
        return self.warnings + age_warnings([self], instants)


@dataclass(frozen=True, eq=False)
class OrbitStates:
    """Positions and velocities of satellites; ``batch`` is the shape of the times, after the satellites if several.

    Attributes:
        times: UTC, ``datetime64[ns]``.
        position_teme_m: in the inertial frame of SGP4.
        velocity_teme_m_s: in the inertial frame of SGP4.
        position_ecef_m: Earth-fixed.
        velocity_ecef_m_s: relative to the rotating Earth.
        error_code: 0 where all is well, else SGP4's code or that of ``orbit_checks``; states with another code than 0
            are NaN (only from ``propagate_many``).
        warnings: what a reader of the results should know, such as elements that are too old.
    """

    times: np.ndarray
    position_teme_m: Float[np.ndarray, "*batch 3"]
    velocity_teme_m_s: Float[np.ndarray, "*batch 3"]
    position_ecef_m: Float[np.ndarray, "*batch 3"]
    velocity_ecef_m_s: Float[np.ndarray, "*batch 3"]
    error_code: UInt8[np.ndarray, "*batch"]
    warnings: tuple[str, ...]


def propagate_many(
    elements: Sequence[ElementSet], times: Instants, ut1_minus_utc_s: Number = 0.0, checked: bool = True
) -> OrbitStates:
    """States of many satellites at the same times; arrays have a leading ``satellite`` axis.

    One satellite that cannot be propagated, or whose states are refused, does not spoil the rest: its states are NaN
    where ``error_code`` is not 0, and a warning names it. ``checked`` as for ``ElementSet.propagate``.
    """
    from sgp4.api import SatrecArray

    if not elements:
        raise ValueError("elements is empty; pass at least one ElementSet.")
    instants = as_instants(times)
    flat = np.ravel(instants)
    noon, fraction = julian_date(flat)
    satellites = [_satrec(one) for one in elements]
    code, position_km, velocity_km_s = SatrecArray(satellites).sgp4(noon, fraction)
    failed: list[str] = []
    for row, one in enumerate(elements):
        if checked:
            days = seconds_between(flat, as_instants(one.epoch)) / 86_400.0
            refused = _refusals(one, satellites[row], days, position_km[row], velocity_km_s[row])
            code[row] = np.where((code[row] == 0) | (refused == LOW_PERIGEE), refused, code[row])
        if code[row].any():
            failed.append(_failure(one, code[row], flat, position_km[row]))
    position_km[code != 0] = np.nan
    velocity_km_s[code != 0] = np.nan
    noticed = [text for one in elements for text in one.warnings]
    warnings = (*failed, *noticed, *age_warnings(elements, instants))
    return _states(instants, position_km, velocity_km_s, ut1_minus_utc_s, warnings, code, (len(elements),))


def read_element_sets(text: str) -> tuple[ElementSet, ...]:
    """All element sets of a text: TLEs with or without names, or OMM as JSON, KVN, XML or CSV.

    Raises:
        ElementSetError: naming the line or the entry at fault.
    """
    return tuple(_located(_of_entry, one, one.where) for one in element_files.entries(text))


def load_element_sets(path: str | Path) -> tuple[ElementSet, ...]:
    """All element sets of a file, as it is or packed by gzip or xz; see ``read_element_sets``."""
    return _located(lambda file: read_element_sets(element_files.read_text(file)), Path(path), str(path))


def _of_entry(entry: element_files.Entry) -> ElementSet:
    if entry.fields is None:
        raise ElementSetError(entry.error)
    return ElementSet(**entry.fields)


def _located(read: Any, source: Any, where: str) -> Any:
    try:
        return read(source)
    except ElementSetError as error:
        raise ElementSetError(f"{where}: {error}") from error


def _satrec(elements: ElementSet) -> Any:
    """The sgp4 package's object. Built anew each time (10 microseconds), so that an ElementSet stays plain data."""
    from sgp4.api import WGS72, Satrec

    since = elements.epoch - _SGP4_EPOCH
    midnight = _SGP4_EPOCH_JULIAN_DATE + since.days
    fraction = (since.seconds + since.microseconds * 1e-6) / 86_400.0
    satellite = Satrec()
    satellite.sgp4init(
        WGS72,
        "i",
        0,  # the number plays no part, and sgp4 refuses those above 339999
        # The reference code sums the Julian date to one double before it places Sun and Moon; so does this, to meet
        # its verification vectors of deep-space orbits. Times are counted from the exact epoch, set below.
        (midnight + fraction) - _SGP4_EPOCH_JULIAN_DATE,
        elements.bstar,
        0.0,
        0.0,
        elements.eccentricity,
        elements.argument_of_perigee_rad,
        elements.inclination_rad,
        elements.mean_anomaly_rad,
        elements.mean_motion_rad_s * 60.0,
        elements.raan_rad,
    )
    satellite.jdsatepoch, satellite.jdsatepochF = midnight, fraction
    return satellite


def _states(
    instants: np.ndarray,
    position_km: np.ndarray,
    velocity_km_s: np.ndarray,
    ut1_minus_utc_s: Number,
    warnings: tuple[str, ...],
    code: np.ndarray | None = None,
    leading: tuple[int, ...] = (),
) -> OrbitStates:
    shape = leading + instants.shape
    position = 1000.0 * position_km.reshape(*shape, 3)
    velocity = 1000.0 * velocity_km_s.reshape(*shape, 3)
    position_ecef, velocity_ecef = teme_to_ecef(position, velocity, instants, ut1_minus_utc_s)
    codes = np.zeros(shape, dtype=np.uint8) if code is None else code.reshape(shape)
    return OrbitStates(instants, position, velocity, position_ecef, velocity_ecef, codes, warnings)


def _by_sgp4(satellite: Any, days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code, position (km) and velocity (km/s) at days from the epoch.

    They are added to the epoch's own fraction of a day: no digits are lost to the Julian date.
    """
    fraction = days + satellite.jdsatepochF
    return satellite.sgp4_array(np.full_like(fraction, satellite.jdsatepoch), fraction)


def _refusals(
    elements: ElementSet, satellite: Any, days: np.ndarray, position_km: np.ndarray, velocity_km_s: np.ndarray
) -> np.ndarray:
    way = way_days(days)
    _, way_position_km, way_velocity_km_s = _by_sgp4(satellite, way)
    states = (1e3 * position_km, 1e3 * velocity_km_s)
    return refusals(elements, days, states, way, (1e3 * way_position_km, 1e3 * way_velocity_km_s))


def _failure(elements: ElementSet, code: np.ndarray, instants: np.ndarray, position_km: np.ndarray) -> str:
    """What to say about the first failure in time."""
    failed = np.flatnonzero(code)
    first = failed[np.argmin(instants[failed])]
    if code[first] not in _MEANINGS:
        days = float(seconds_between(instants[first], as_instants(elements.epoch)) / 86_400.0)
        return refusal_text(elements, int(code[first]), days, _stamp(instants[first]), 1e3 * position_km[first])
    return (
        f"{elements.name}: SGP4 error {code[first]}, {_MEANINGS[int(code[first])]}, first at {_stamp(instants[first])} "
        f"UTC ({len(failed)} of {len(instants)} times; the epoch is {elements.epoch:%Y-%m-%dT%H:%M:%S}). "
        "Use newer elements or times nearer to the epoch."
    )


def _stamp(instant: Any) -> str:
    return str(np.datetime_as_string(instant, unit="s"))
