"""Instants in UTC: one array type (``datetime64[ns]``) behind every kind of time that a caller may hold.

``datetime64`` has no time zone and is read as UTC, as NumPy documents it; a naive ``datetime`` is refused, because half
of the world means local time by it. Leap seconds cannot be represented by either type; nothing here needs them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import numpy as np

from leoisac.geometry._annotations import Instants

J2000 = np.datetime64("2000-01-01T12:00:00", "ns")
"""The standard epoch; UTC or UT1, as the reader has it."""
J2000_JULIAN_DATE = 2_451_545.0
_DAY = np.timedelta64(1, "D").astype("timedelta64[ns]")
_YEARS = (1700, 2250)  # datetime64[ns] ends in 1677 and 2262 and wraps silently


def as_instants(times: Instants) -> np.ndarray:
    """UTC instants as ``datetime64[ns]``, of the shape of ``times`` (``()`` for a single one).

    Args:
        times: an aware ``datetime``, a ``datetime64`` (UTC), an array of either, or a sequence of ``datetime``.

    Raises:
        ValueError: for naive datetimes, "not a time", years outside 1700...2250, and things that are no time.
    """
    if isinstance(times, datetime):
        return np.asarray(_from_datetime(times))
    array = np.asarray(times)
    if array.dtype.kind == "O":
        flat = [_from_datetime(item) for item in array.ravel()]
        return np.array(flat, dtype="datetime64[ns]").reshape(array.shape)
    if array.dtype.kind != "M":
        if array.size == 0:
            return np.empty(array.shape, dtype="datetime64[ns]")
        raise ValueError(
            f"times are of type {array.dtype}, which is no time. "
            "Pass datetime(..., tzinfo=UTC), numpy.datetime64('2025-10-07T09:00:00'), or an array of them."
        )
    if np.isnat(array).any():
        raise ValueError("times hold 'not a time' (NaT). Leave those entries out.")
    if array.dtype == np.dtype("datetime64[ns]"):
        return array
    years = array.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = (years < _YEARS[0]) | (years > _YEARS[1])
    if outside.any():
        raise ValueError(f"times hold the year {years[outside][0]}; allowed are {_YEARS[0]} to {_YEARS[1]}.")
    return array.astype("datetime64[ns]")


def as_instant(time: Instants) -> np.datetime64:
    """One UTC instant as ``datetime64[ns]``; raises as ``as_instants`` does, and for arrays of several."""
    instant = as_instants(time)
    if instant.shape != ():
        raise ValueError(f"one instant is needed, not an array of shape {instant.shape}.")
    return cast(np.datetime64, instant[()])


def _from_datetime(time: Any) -> np.datetime64:
    if isinstance(time, np.datetime64):
        return as_instant(time)
    if not isinstance(time, datetime):
        raise ValueError(f"{time!r} is no time. Pass datetime(..., tzinfo=UTC) or numpy.datetime64(...).")
    if time.tzinfo is None:
        raise ValueError(
            f"{time!r} has no time zone. Write {time.isoformat()!r} as "
            f"datetime.fromisoformat({time.isoformat() + '+00:00'!r}) if you mean UTC."
        )
    return as_instant(np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us"))


def to_datetime(time: Any) -> datetime:
    """A ``datetime64`` as an aware ``datetime`` in UTC, cut to microseconds."""
    return time.astype("datetime64[us]").item().replace(tzinfo=UTC)


def seconds_between(later: Any, earlier: Any) -> Any:
    """``later - earlier`` in seconds, for ``datetime64[ns]`` scalars or arrays (exact to a nanosecond)."""
    return (later - earlier) / np.timedelta64(1, "s")


def add_seconds(time: Any, seconds: Any) -> Any:
    """``time`` plus ``seconds``, rounded to a nanosecond."""
    return time + np.rint(np.asarray(seconds) * 1e9).astype("timedelta64[ns]")


def julian_date(times: Instants) -> tuple[np.ndarray, np.ndarray]:
    """Julian date in two parts, ``(noon, fraction)``: whole days, and 0 <= fraction < 1.

    Both have the shape of ``times``.
    """
    since = as_instants(times) - J2000
    whole = since // _DAY
    return np.asarray(J2000_JULIAN_DATE + whole), np.asarray((since - whole * _DAY) / _DAY)
