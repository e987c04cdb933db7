"""Which modulation and code rate a predicted SINR allows.

The prediction is what bit-interleaved coding can carry over the alphabet at an SINR, not ``log2(1 + SINR)``; a code
falls short of it by its length and its decoder, which is what a margin in dB is for. NumPy.

Source of the information measure: G. Caire, G. Taricco, E. Biglieri, IEEE Trans. Inf. Theory 44(3), 1998.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import from_db, to_db
from leoisac.waveforms.qam import BITS_PER_SYMBOL, pam_levels

CODE_RATES = (1 / 3, 2 / 5, 1 / 2, 3 / 5, 2 / 3, 3 / 4, 5 / 6)
"""Code rates of the coded link, check bits counted as information."""
SILENT = -1
"""In place of an index into ``MODES``: nothing can be sent."""
_SPREAD, _POINTS = 7.0, 281
"""Noise is integrated up to so many standard deviations, on so many points."""


class CodedModulation(NamedTuple):
    """An alphabet and a code rate.

    Attributes:
        bits_per_symbol: of the alphabet.
        rate: of the code.
    """

    bits_per_symbol: int
    rate: float

    @property
    def efficiency(self) -> float:
        """Bits of a code block, checks included, per symbol."""
        return self.bits_per_symbol * self.rate


MODES = tuple(
    sorted(
        (CodedModulation(bits, rate) for bits in BITS_PER_SYMBOL for rate in CODE_RATES),
        key=lambda mode: (mode.efficiency, -mode.bits_per_symbol),
    )
)
"""All pairs by efficiency; of equal ones the smaller alphabet, which needs less, is the later."""


def bit_information(sinr: RealLike, bits_per_symbol: int) -> Float[np.ndarray, "..."]:
    """Mutual information between the bits of a QAM symbol and their log-likelihood ratios, bit per symbol.

    ``I = m - sum_i E log2(sum_x p(y|x) / sum_{x: bit i as sent} p(y|x))`` in Gaussian noise, bits decided apart.

    Args:
        sinr: power of a symbol over that of the noise, linear.
        bits_per_symbol: ``m``: 2, 4, 6 or 8.
    """
    sinr = np.asarray(sinr, dtype=float)
    levels, per_part = pam_levels(bits_per_symbol), bits_per_symbol // 2
    kinds = (np.arange(levels.size)[:, None] >> np.arange(per_part)[::-1]) & 1
    standard = np.linspace(-_SPREAD, _SPREAD, _POINTS)
    weights = np.exp(-0.5 * standard**2) / np.sum(np.exp(-0.5 * standard**2))
    spread = np.sqrt(0.5 / np.maximum(sinr, 1e-12))[..., None, None, None]  # of one part
    # Distances of every received value (sent, noise) from every level, in noise deviations.
    away = (levels[:, None] - levels[None, :])[:, None, :] / spread + standard[:, None]
    exponent = -0.5 * away**2 + 0.5 * standard[:, None] ** 2
    likelihood = np.exp(np.clip(exponent, -700.0, 700.0))
    total = np.sum(likelihood, axis=-1)
    lost = np.zeros(sinr.shape)
    for place in range(per_part):
        same = kinds[:, None, place] == kinds[None, :, place]
        own = np.sum(np.where(same[:, None, :], likelihood, 0.0), axis=-1)
        lost = lost + np.mean(np.sum(np.log2(total / own) * weights, axis=-1), axis=-1)
    return np.asarray(2.0 * (per_part - lost))


@functools.cache
def least_sinr_db(mode: CodedModulation) -> float:
    """SINR at which the alphabet carries the code's rate, dB: no code of this rate works below it."""
    low, high = -15.0, 40.0
    for _ in range(26):  # to a millionth of a dB
        middle = 0.5 * (low + high)
        if bit_information(from_db(middle), mode.bits_per_symbol) < mode.efficiency:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def choose_mode(sinr: RealLike, margin_db: float | int) -> Int[np.ndarray, "..."]:
    """Index into ``MODES`` of the most efficient pair whose least SINR a predicted one exceeds by the margin.

    Args:
        sinr: predicted, linear.
        margin_db: may be negative, for what must fail.

    Returns:
        ``SILENT`` where the prediction allows no pair.
    """
    needed = np.array([least_sinr_db(mode) for mode in MODES]) + margin_db
    allowed = np.where(to_db(np.asarray(sinr, dtype=float))[..., None] >= needed, np.arange(len(MODES)), SILENT)
    return np.asarray(np.max(allowed, axis=-1))


def predicted_rate(sinr: RealLike) -> Float[np.ndarray, "..."]:
    """The most that any alphabet of ``MODES`` carries at an SINR, bit per symbol."""
    return np.asarray(np.max([bit_information(sinr, bits) for bits in BITS_PER_SYMBOL], axis=0))


def shaping_limit(mode: CodedModulation) -> float:
    """SINR at which ``log2(1 + SINR)`` is the mode's efficiency, dB: what Gaussian symbols would need."""
    return float(to_db(math.expm1(mode.efficiency * math.log(2.0))))
