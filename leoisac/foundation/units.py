"""Conversions at the border: inside the package every quantity is SI and linear, angles are radians.

A name says its unit (``power_dbw``, ``angle_deg``). These functions work on floats, NumPy and JAX arrays alike.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")

NOTHING_DB = -100.0
"""A ratio of powers that stands for none at all in fields of configurations; they reach no lower."""


def from_db(value_db: T) -> T:
    """Ratio of powers: ``10^(value_db / 10)``."""
    return cast(T, 10.0 ** (cast(Any, value_db) / 10.0))


def is_nothing(ratio_db: float) -> bool:
    """Whether a field's ratio of powers stands for none at all (``NOTHING_DB``)."""
    return ratio_db <= NOTHING_DB


def dbw_to_w(power_dbw: T) -> T:
    """Power in watts from dBW."""
    return from_db(power_dbw)


def dbm_to_w(power_dbm: T) -> T:
    """Power in watts from dBm."""
    return cast(T, 10.0 ** ((cast(Any, power_dbm) - 30.0) / 10.0))


def to_db(ratio: float | np.ndarray) -> Any:
    """Decibels of a ratio of powers; minus infinity at zero. NumPy only: dB never enters a traced computation."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(ratio)


def w_to_dbw(power_w: float | np.ndarray) -> Any:
    """dBW from watts."""
    return to_db(power_w)


def w_to_dbm(power_w: float | np.ndarray) -> Any:
    """dBm from watts."""
    return to_db(power_w) + 30.0


def deg_to_rad(angle_deg: T) -> T:
    """Radians from degrees."""
    return cast(T, cast(Any, angle_deg) * (math.pi / 180.0))


def rad_to_deg(angle_rad: T) -> T:
    """Degrees from radians."""
    return cast(T, cast(Any, angle_rad) * (180.0 / math.pi))
