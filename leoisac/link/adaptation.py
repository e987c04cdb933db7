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
from jaxtyping import Bool, Float, Int

from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import from_db, to_db
from leoisac.waveforms.qam import BITS_PER_SYMBOL, pam_levels

CODE_RATES = (1 / 3, 2 / 5, 1 / 2, 3 / 5, 2 / 3, 3 / 4, 5 / 6)
"""Code rates of the coded link, check bits counted as information."""
SILENT = -1
"""In place of an index into ``MODES``: nothing can be sent."""
_SPREAD, _POINTS = 7.0, 281
"""Noise is integrated up to so many standard deviations, on so many points."""
_TABLE_DB = (-30.0, 45.0, 376)
"""Range and points of the table of the information."""
_REACH_DB = 60.0
"""Largest excess of predicted SINRs, of either sign."""


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


def modes_over_cells(sinr: Float[np.ndarray, "*batch cell"], margin_db: float | int) -> Bool[np.ndarray, "*batch mode"]:
    """Which of ``MODES`` a word may have whose symbols meet unequal SINRs: the mean information counts.

    Of equal SINRs ``choose_mode`` takes the last one that is allowed (to a thousandth of a dB, the information being
    interpolated).

    Args:
        sinr: predicted, linear.
        margin_db: by which all of them may fall.
    """
    level = to_db(np.maximum(sinr, 1e-12)) - margin_db
    carried = {bits: np.mean(_information_at(level, bits), axis=-1) for bits in BITS_PER_SYMBOL}
    return np.stack([carried[mode.bits_per_symbol] >= mode.efficiency for mode in MODES], axis=-1)


def excess_over_cells(
    sinr: Float[np.ndarray, "*batch cell"], modes: Int[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    """By how much all SINRs of a word may fall until their mean information is the mode's, dB; 0 for ``SILENT``."""
    level = to_db(np.maximum(sinr, 1e-12))
    found = np.zeros(modes.shape)
    for index in np.unique(modes[modes != SILENT]):
        mode, rows = MODES[index], modes == index
        mine = level[rows]
        low, high = np.full(len(mine), -_REACH_DB), np.full(len(mine), _REACH_DB)
        for _ in range(24):
            middle = 0.5 * (low + high)
            enough = np.mean(_information_at(mine - middle[:, None], mode.bits_per_symbol), axis=-1) >= mode.efficiency
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
        found[rows] = 0.5 * (low + high)
    return found


def _information_at(level_db: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    levels, values = _information_table(bits_per_symbol)
    return np.interp(level_db, levels, values)


@functools.cache
def _information_table(bits_per_symbol: int) -> tuple[np.ndarray, np.ndarray]:
    """SINRs in dB and the information there; between them a straight line errs by 3e-4 bit."""
    levels = np.linspace(*_TABLE_DB)
    blocks = np.array_split(levels, 15)
    return levels, np.concatenate([bit_information(from_db(block), bits_per_symbol) for block in blocks])
