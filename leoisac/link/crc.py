"""Cyclic redundancy checks of transport blocks, 3GPP TS 38.212, clause 5.1. NumPy; bits lie along the last axis."""

from __future__ import annotations

import functools

import numpy as np
from jaxtyping import Bool

CRC_POLYNOMIALS = {16: (16, 12, 5, 0), 24: (24, 23, 18, 17, 14, 11, 10, 7, 6, 5, 4, 3, 1, 0)}
"""Exponents of the generators CRC16 and CRC24A by their length."""
LONGEST_WITH_CRC16 = 3824
"""Information bits up to which a block has CRC16 (clause 7.2.1)."""


def crc_length(n_information: int) -> int:
    """Check bits of a transport block of so many information bits."""
    return 16 if n_information <= LONGEST_WITH_CRC16 else 24


def crc_bits(bits: Bool[np.ndarray, "*batch bit"], length: int) -> Bool[np.ndarray, "*batch check"]:
    """Remainder of ``D^length a(D)`` modulo the generator; the first bit has the highest power.

    Args:
        bits: at least one bit a word.
        length: 16 or 24.

    Raises:
        ValueError: if there is no generator of this length.
    """
    if length not in CRC_POLYNOMIALS:
        raise ValueError(f"length={length}: the checks have {' or '.join(map(str, CRC_POLYNOMIALS))} bits.")
    remainders = _remainders(bits.shape[-1], length)
    return (bits.astype(np.float32) @ remainders).astype(np.int64) % 2 == 1


def with_crc(bits: Bool[np.ndarray, "*batch bit"], length: int) -> Bool[np.ndarray, "*batch longer"]:
    """The bits, followed by their check bits."""
    return np.concatenate([bits, crc_bits(bits, length)], axis=-1)


def crc_holds(bits: Bool[np.ndarray, "*batch longer"], length: int) -> Bool[np.ndarray, "*batch"]:
    """Whether words that end in check bits pass the check."""
    return np.asarray(~np.any(crc_bits(bits[..., :-length], length) ^ bits[..., -length:], axis=-1))


@functools.lru_cache(maxsize=64)
def _remainders(n_bits: int, length: int) -> np.ndarray:
    """Remainder of every single bit, ``(bit, check)``: checks are linear. Sums of so few ones are exact in 32 bits."""
    generator = np.zeros(length, dtype=bool)
    generator[[length - 1 - power for power in CRC_POLYNOMIALS[length] if power < length]] = True
    rows = np.zeros((n_bits, length), dtype=bool)
    remainder = generator.copy()  # of D^length
    for row in rows[::-1]:
        row[:] = remainder
        carry = remainder[0]
        remainder = np.concatenate([remainder[1:], [False]]) ^ (generator & carry)
    return rows.astype(np.float32)
