"""4-QAM with Gray labels: symbol index ``2 [Re < 0] + [Im < 0]``, unit mean power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Num

from leoisac.foundation.namespace import array_namespace

QAM4 = np.array([1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j]) / math.sqrt(2.0)
"""The alphabet in the order of the symbol index."""


def qam4_symbols(bits: Bool[Any, "*batch 2"]) -> Complex[Any, "*batch"]:
    """Symbols of pairs of bits; the first bit is the sign of the real part."""
    xp = array_namespace(bits)
    return xp.where(bits[..., 0], -1.0, 1.0) / math.sqrt(2.0) + 1j * xp.where(bits[..., 1], -1.0, 1.0) / math.sqrt(2.0)


def qam4_bits(symbols: Num[Any, "*batch"]) -> Bool[Any, "*batch 2"]:
    """Bits of the nearest symbols (hard decisions); needs the phase of the symbols, not their scale."""
    xp = array_namespace(symbols)
    return xp.stack([xp.real(symbols) < 0.0, xp.imag(symbols) < 0.0], axis=-1)
