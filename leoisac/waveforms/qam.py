"""Square QAM with Gray labels and unit mean power.

4-QAM has the symbol index ``2 [Re < 0] + [Im < 0]``. Larger alphabets follow 3GPP TS 38.211, clause 5.1: of the bits of
a symbol those at even places choose the real part, those at odd places the imaginary one, the first of each its sign.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Float, Num

from leoisac.foundation.namespace import RealLike, array_namespace

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


BITS_PER_SYMBOL = (2, 4, 6, 8)
"""Of the alphabets of ``qam_symbols``: 4, 16, 64 and 256 symbols."""


def pam_levels(bits_per_symbol: int) -> Float[np.ndarray, " label"]:
    """Amplitudes of one part of a symbol by label, the first bit of the part being the highest of the label.

    Raises:
        ValueError: if there is no such alphabet.
    """
    if bits_per_symbol not in BITS_PER_SYMBOL:
        raise ValueError(f"bits_per_symbol={bits_per_symbol}: the alphabets have {BITS_PER_SYMBOL} bits a symbol.")
    per_part = bits_per_symbol // 2
    labels = np.arange(2**per_part)
    signs = 1.0 - 2.0 * ((labels[:, None] >> np.arange(per_part)[::-1]) & 1)  # (label, bit)
    level = np.ones(labels.size)
    for place in range(per_part - 1, 0, -1):
        level = 2.0 ** (per_part - place) - signs[:, place] * level
    return signs[:, 0] * level / math.sqrt(2.0 * (2.0**bits_per_symbol - 1.0) / 3.0)


def qam_symbols(bits: Bool[np.ndarray, "*batch bit"]) -> Complex[np.ndarray, "*batch"]:
    """Symbols of 2, 4, 6 or 8 bits each. NumPy."""
    levels = pam_levels(bits.shape[-1])
    weights = 2 ** np.arange(bits.shape[-1] // 2)[::-1]
    return levels[bits[..., 0::2] @ weights] + 1j * levels[bits[..., 1::2] @ weights]


def max_log_llrs(
    symbols: Complex[np.ndarray, "*batch"], noise: RealLike, bits_per_symbol: int
) -> Float[np.ndarray, "*batch bit"]:
    """Log-likelihood ratios ``ln p(bit 0) / p(bit 1)`` by the nearest symbols of either kind. NumPy.

    ``(min_{x: bit 1} |y - x|^2 - min_{x: bit 0} |y - x|^2) / noise``; real and imaginary part decide apart.

    Args:
        symbols: received, of unit gain.
        noise: power of what is not the symbol, complex; broadcasts against ``symbols``.
        bits_per_symbol: of the alphabet.
    """
    levels, per_part = pam_levels(bits_per_symbol), bits_per_symbol // 2
    kinds = (np.arange(levels.size)[:, None] >> np.arange(per_part)[::-1]) & 1  # (label, bit)
    found = np.empty((*symbols.shape, bits_per_symbol))
    for part, values in enumerate((np.real(symbols), np.imag(symbols))):
        distance = (values[..., None] - levels) ** 2
        for place in range(per_part):
            one = np.min(distance[..., kinds[:, place] == 1], axis=-1)
            found[..., 2 * place + part] = one - np.min(distance[..., kinds[:, place] == 0], axis=-1)
    return found / np.asarray(noise)[..., None]
