"""How a system declares its channel arrays: their axes, and what the numbers in them may be.

Light: systems declare their arrays where they register. The checks that read these declarations are in ``trials``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

_ROUNDING = 1e-6
"""By how much a modulus or a cosine may be off."""


@dataclass(frozen=True)
class Domain:
    """The numbers that an array may hold, besides being finite.

    Attributes:
        allowed: what they are, for messages: ``"a positive number"``.
        least, most: of real numbers.
        is_real: no imaginary part.
        has_unit_modulus: complex numbers on the unit circle, but for rounding.
    """

    allowed: str
    least: float = -math.inf
    most: float = math.inf
    is_real: bool = True
    has_unit_modulus: bool = False

    def outside(self, values: np.ndarray) -> np.ndarray:
        """Which of the values are finite and not allowed, entry by entry."""
        finite = np.isfinite(values)
        if self.has_unit_modulus:
            return finite & ~(np.abs(np.abs(values) - 1.0) <= _ROUNDING)
        if not self.is_real:
            return np.zeros(values.shape, dtype=bool)
        return finite & ((values < self.least) | (values > self.most))


COMPLEX = Domain("a finite complex number", is_real=False)
UNIT_MODULUS = Domain("a complex number of modulus 1", is_real=False, has_unit_modulus=True)
REAL = Domain("a finite number")
POSITIVE = Domain("a positive number, 2.3e-308 or more", least=float(np.finfo(np.float64).tiny))
"""Compiled programs take smaller numbers for zero."""
NOT_NEGATIVE = Domain("zero or a positive number", least=0.0)
COSINE = Domain("a number from -1 to 1", least=-1.0 - _ROUNDING, most=1.0 + _ROUNDING)
UNDECLARED = Domain("a finite number", is_real=False)
"""Of an array that is declared by its axes alone: any finite number of the type that ``draw`` gives."""


COLUMN = "h^H w: numpy.vdot(h, w)"
ROW = "h w, no conjugate: h @ w"
"""Amplitude that is received of a beam ``w``."""


class ChannelArray(tuple[str, ...]):
    """Axes of a channel array after ``trial``, and what it holds; where only axes matter, a tuple of names.

    Attributes:
        domain: what the numbers may be.
        unit: of the numbers, ``"W"``; ``"1"`` where they have none.
        meaning: in a few words.
        convention: how a complex array meets a beam ``w`` or a matrix ``F`` of beams, ``COLUMN`` or ``ROW``; by the
            numbers alone an array cannot be told from its conjugate.
    """

    domain: Domain
    unit: str
    meaning: str
    convention: str

    def __new__(
        cls,
        axes: Iterable[str] = (),
        domain: Domain = COMPLEX,
        unit: str = "1",
        meaning: str = "",
        convention: str = "",
    ) -> ChannelArray:
        made = super().__new__(cls, axes)
        made.domain, made.unit, made.meaning, made.convention = domain, unit, meaning, convention
        return made


def domain_of(axes: tuple[str, ...]) -> Domain:
    """The declared domain of an array, given its entry in the system's table."""
    return axes.domain if isinstance(axes, ChannelArray) else UNDECLARED


def unit_of(axes: tuple[str, ...]) -> str:
    """The declared unit of an array, given its entry in the system's table."""
    return axes.unit if isinstance(axes, ChannelArray) else "1"


def described(axes: tuple[str, ...]) -> tuple[str, str]:
    """Meaning and convention of an array, given its entry in the system's table; empty where nothing is declared."""
    return (axes.meaning, axes.convention) if isinstance(axes, ChannelArray) else ("", "")


def hint(value: Any, axes: tuple[str, ...]) -> str:
    """What a number that is not allowed looks like, as a sentence for the message; empty where nothing is known."""
    domain, unit = domain_of(axes), unit_of(axes)
    if domain.has_unit_modulus:
        return " Steering vectors are not scaled here: amplitudes have arrays of their own."
    if not (domain.is_real and domain.least >= 0.0 and value < 0.0):
        return ""
    if unit == "W":
        return f" It looks like a level in dBm: {value:.6g} dBm are {10.0 ** ((value - 30.0) / 10.0):.6g} W."
    return f" It looks like a value in dB: {value:.6g} dB are {10.0 ** (value / 10.0):.6g}."
