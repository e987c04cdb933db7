"""Orbits from general-perturbations element sets, propagated by SGP4.

Element sets come from two-line elements, from orbit mean-elements messages, from ``walker.walker_shell`` or from plain
numbers; all propagate alike. SGP4 runs with the WGS72 constants that element sets are fitted with, gives positions in
TEME, and ``earth_rotation`` turns them to ECEF. Accuracy is about 1 km at the epoch and 1 to 3 km a day after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from leoisac.geometry._annotations import Instants, Number
from leoisac.geometry.earth_rotation import teme_to_ecef
from leoisac.geometry.element_fields import ElementSetError
from leoisac.geometry.instants import as_instants, julian_date, seconds_between
from leoisac.geometry.mean_motion import WGS72_EQUATORIAL_RADIUS_M, brouwer_semi_major_axis_m
from leoisac.geometry.omm import read_omm, split_omms
from leoisac.geometry.tle import read_tle, split_tles

OLD_AFTER_DAYS = 14.0
"""Beyond this age of the elements, results carry a warning."""
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

    def __post_init__(self) -> None:
        if self.epoch.tzinfo is None:
            raise ElementSetError(f"epoch {self.epoch!r} has no time zone. Write datetime(..., tzinfo=UTC).")
        for field in ("raan_rad", "argument_of_perigee_rad", "mean_anomaly_rad", "bstar"):
            if not math.isfinite(getattr(self, field)):
                raise ElementSetError(f"{field} of {self.name!r} is {getattr(self, field)}; it must be finite.")
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
            raise ElementSetError(f"the text holds {len(messages)} messages; use read_element_sets(text) to get them.")
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

    def propagate(self, times: Instants, ut1_minus_utc_s: Number = 0.0) -> OrbitStates:
        """Positions and velocities at ``times``, in TEME and ECEF.

        Args:
            times: one instant or any array of them; see ``instants.as_instants``.
            ut1_minus_utc_s: UT1 - UTC for the Earth's rotation; 0 is good to 0.9 s.

        Raises:
            OrbitError: where SGP4 fails at any time (decayed orbits), with the meaning and the first such time.
        """
        instants = as_instants(times)
        satellite = _satrec(self)
        age_days = seconds_between(instants, as_instants(self.epoch)) / 86_400.0
        # Days from the epoch are added to the epoch's own fraction: no digits are lost to the Julian date.
        fraction = np.ravel(age_days) + satellite.jdsatepochF
        code, position_km, velocity_km_s = satellite.sgp4_array(np.full_like(fraction, satellite.jdsatepoch), fraction)
        if code.any():
            raise _failure(self, code, np.ravel(instants))
        return _states(instants, position_km, velocity_km_s, ut1_minus_utc_s, _age_warnings([self], instants))

    def age_warnings(self, times: Instants) -> tuple[str, ...]:
        """A warning where any of ``times`` is more than 14 days from the epoch; otherwise nothing."""
        return _age_warnings([self], as_instants(times))


@dataclass(frozen=True, eq=False)
class OrbitStates:
    """Positions and velocities of satellites; ``batch`` is the shape of the times, after the satellites if several.

    Attributes:
        times: UTC, ``datetime64[ns]``.
        position_teme_m: in the inertial frame of SGP4.
        velocity_teme_m_s: in the inertial frame of SGP4.
        position_ecef_m: Earth-fixed.
        velocity_ecef_m_s: relative to the rotating Earth.
        error_code: SGP4's code, 0 where all is well; states with another code are NaN (only from ``propagate_many``).
        warnings: what a reader of the results should know, such as elements that are too old.
    """

    times: np.ndarray
    position_teme_m: Float[np.ndarray, "*batch 3"]
    velocity_teme_m_s: Float[np.ndarray, "*batch 3"]
    position_ecef_m: Float[np.ndarray, "*batch 3"]
    velocity_ecef_m_s: Float[np.ndarray, "*batch 3"]
    error_code: UInt8[np.ndarray, "*batch"]
    warnings: tuple[str, ...]


def propagate_many(elements: Sequence[ElementSet], times: Instants, ut1_minus_utc_s: Number = 0.0) -> OrbitStates:
    """States of many satellites at the same times; arrays have a leading ``satellite`` axis.

    One satellite that SGP4 cannot propagate does not spoil the rest: its states are NaN where ``error_code`` is not 0,
    and a warning names it.
    """
    from sgp4.api import SatrecArray

    if not elements:
        raise ValueError("elements is empty; pass at least one ElementSet.")
    instants = as_instants(times)
    noon, fraction = julian_date(np.ravel(instants))
    code, position_km, velocity_km_s = SatrecArray([_satrec(one) for one in elements]).sgp4(noon, fraction)
    position_km[code != 0] = np.nan
    velocity_km_s[code != 0] = np.nan
    failed = tuple(
        str(_failure(one, code[row], np.ravel(instants))) for row, one in enumerate(elements) if code[row].any()
    )
    warnings = failed + _age_warnings(elements, instants)
    return _states(instants, position_km, velocity_km_s, ut1_minus_utc_s, warnings, code, (len(elements),))


def read_element_sets(text: str) -> tuple[ElementSet, ...]:
    """All element sets of a text: TLEs with or without names, or OMM as JSON, KVN, XML or CSV.

    Raises:
        ElementSetError: naming the line or the entry at fault.
    """
    if not any(line.startswith("1 ") and len(line) > 60 for line in text.splitlines()):
        return tuple(_located(ElementSet.from_omm, one, f"entry {i}") for i, one in enumerate(split_omms(text)))
    return tuple(_located(ElementSet.from_tle, one, f"element set at line {i}") for i, one in split_tles(text))


def load_element_sets(path: str | Path) -> tuple[ElementSet, ...]:
    """All element sets of a file; see ``read_element_sets``."""
    return _located(read_element_sets, Path(path).read_text(encoding="utf-8"), str(path))


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


def _failure(elements: ElementSet, code: np.ndarray, instants: np.ndarray) -> OrbitError:
    failed = np.flatnonzero(code)
    first = failed[np.argmin(instants[failed])]
    meaning = _MEANINGS.get(int(code[first]), "unknown")
    return OrbitError(
        f"{elements.name}: SGP4 error {code[first]}, {meaning}, first at {_stamp(instants[first])} UTC "
        f"({len(failed)} of {len(instants)} times; the epoch is {elements.epoch:%Y-%m-%dT%H:%M:%S}). "
        "Use newer elements or times nearer to the epoch."
    )


def _age_warnings(elements: Sequence[ElementSet], instants: np.ndarray) -> tuple[str, ...]:
    if instants.size == 0:
        return ()
    ends = np.array([instants.min(), instants.max()])
    epochs = as_instants([one.epoch for one in elements])
    age_days = np.abs(seconds_between(ends, epochs[:, None])).max(axis=1) / 86_400.0
    old = np.flatnonzero(age_days > OLD_AFTER_DAYS)
    if old.size == 0:
        return ()
    worst = int(np.argmax(age_days))
    others = f" and {old.size - 1} more" if old.size > 1 else ""
    return (
        f"{elements[worst].name}{others}: times reach {age_days[worst]:.1f} days from the epoch "
        f"{_stamp(epochs[worst])} UTC; beyond {OLD_AFTER_DAYS:g} days SGP4 may be tens of kilometres off.",
    )


def _stamp(instant: Any) -> str:
    return str(np.datetime_as_string(instant, unit="s"))
