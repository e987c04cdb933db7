"""What every orbital-element format is read into, and the error for what cannot be read."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TypedDict

REVOLUTION_PER_DAY_RAD_S = 2.0 * math.pi / 86_400.0
_ALPHA5 = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O


class ElementSetError(ValueError):
    """An element set that cannot be read; the message names the line and columns, or the field."""


class ElementFields(TypedDict):
    """The fields of ``ElementSet``, in its units."""

    name: str
    epoch: datetime
    inclination_rad: float
    raan_rad: float
    eccentricity: float
    argument_of_perigee_rad: float
    mean_anomaly_rad: float
    mean_motion_rad_s: float
    bstar: float
    catalogue_number: int
    warnings: tuple[str, ...]


def catalogue_number(text: str) -> int | None:
    """Digits, or a letter and four digits ("Alpha-5": A0000 is 100000); ``None`` for anything else."""
    if text.isascii() and text.isdecimal():
        return int(text)
    if len(text) == 5 and text[0] in _ALPHA5 and text[1:].isascii() and text[1:].isdecimal():
        return (10 + _ALPHA5.index(text[0])) * 10_000 + int(text[1:])
    return None
