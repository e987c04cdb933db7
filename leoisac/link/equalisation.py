"""Equalisers of a stream with a symbol in every cell of a frame, soft: what each cell's symbol looks like behind them.

The stream arrives as ``y = G x + w`` with unit-power symbols ``x`` and disturbances ``w`` of covariance ``C``: other
streams, errors, noise. ``linear_filters`` is the LMMSE equaliser. ``message_passing`` is expectation propagation: what
a cell is told (mean and variance of its symbol without its own belief) and what the alphabet makes of that go to and
fro; the first passage is the LMMSE equaliser's, the next ones know that symbols are points of an alphabet. NumPy.

Source: J. Cespedes, P. M. Olmos, M. Sanchez-Fernandez, F. Perez-Cruz, "Expectation Propagation Detection for High-Order
High-Dimensional MIMO Systems", IEEE Trans. Commun. 62(8), 2014, sections III and IV.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float, Num

from leoisac.waveforms.qam import pam_levels

PASSAGES = 8
"""Of message passing, the LMMSE one included."""
DAMPING = 0.7
"""Weight of the new belief."""
_LEAST_VARIANCE = 1e-8
"""Of a belief, so that a decided symbol still has a precision."""


class Told(NamedTuple):
    """What an equaliser tells of every symbol: a point of unit gain in Gaussian noise.

    Attributes:
        symbols: points, shape ``(..., symbol)``.
        noise: their variances, of the same shape.
    """

    symbols: Complex[np.ndarray, "*batch symbol"]
    noise: Float[np.ndarray, "*batch symbol"]


def linear_filters(
    wanted: Complex[np.ndarray, "*batch cell symbol"], covariance: Complex[np.ndarray, "*batch cell cell"]
) -> tuple[Complex[np.ndarray, "*batch symbol cell"], Float[np.ndarray, "*batch symbol"]]:
    """LMMSE filters, one a row, and the gains ``b`` of their symbols; the SINR is ``b / (1 - b)``.

    Args:
        wanted: ``G``.
        covariance: of all that arrives, ``G G^H + C``.
    """
    filters = np.conj(np.swapaxes(np.linalg.solve(covariance, wanted), -1, -2))
    gains = np.real(np.einsum("...sc,...cs->...s", filters, wanted))
    return filters, np.clip(gains, 0.0, 1.0 - 1e-15)


def message_passing(
    received: Num[np.ndarray, "*batch cell"],
    wanted: Num[np.ndarray, "*#batch cell symbol"],
    disturbances: Num[np.ndarray, "*#batch cell cell"],
    bits_per_symbol: int,
    *,
    passages: int = PASSAGES,
) -> Told:
    """Symbols of frames by damped expectation propagation with a variance of its own for every symbol.

    Args:
        received: ``y``.
        wanted: ``G``.
        disturbances: ``C``, positive definite.
        bits_per_symbol: of the square alphabet: 2, 4, 6 or 8.
        passages: at least 1, which is the LMMSE equaliser.

    Raises:
        ValueError: if there is no passage, or no such alphabet.
    """
    if passages < 1:
        raise ValueError(f"passages={passages}: message passing needs at least one.")
    levels = pam_levels(bits_per_symbol)
    weighed = np.conj(np.swapaxes(np.linalg.solve(disturbances, wanted), -1, -2))  # G^H C^-1
    gram, matched = weighed @ wanted, (weighed @ received[..., None])[..., 0]
    precision, pull = np.ones(matched.shape), np.zeros(matched.shape, dtype=complex)  # of the alphabet's beliefs
    told = Told(np.zeros_like(matched), np.ones(matched.shape))
    for passage in range(passages):
        if passage:
            mean, variance = _beliefs(told, levels)
            fresh = 1.0 / variance - 1.0 / told.noise
            # A belief that is wider than what was told has no Gaussian of its own: the old one stays.
            usable = fresh > 1e-6
            fresh_pull = mean / variance - told.symbols / told.noise
            precision = np.where(usable, DAMPING * fresh + (1.0 - DAMPING) * precision, precision)
            pull = np.where(usable, DAMPING * fresh_pull + (1.0 - DAMPING) * pull, pull)
        matrix = gram + precision[..., None] * np.eye(gram.shape[-1])
        spread = np.linalg.inv(matrix)
        mean = (spread @ (matched + pull)[..., None])[..., 0]
        variance = np.real(np.diagonal(spread, axis1=-2, axis2=-1))
        own = np.maximum(1.0 / variance - precision, 1e-12)
        told = Told((mean / variance - pull) / own, 1.0 / own)
    return told


def _beliefs(told: Told, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of symbols that are pairs of levels, as often each, seen in Gaussian noise."""
    mean, variance = np.zeros_like(told.symbols), np.zeros(told.noise.shape)
    for part, unit in ((np.real(told.symbols), 1.0), (np.imag(told.symbols), 1j)):
        exponent = -((part[..., None] - levels) ** 2) / told.noise[..., None]
        weights = np.exp(exponent - np.max(exponent, axis=-1, keepdims=True))
        weights = weights / np.sum(weights, axis=-1, keepdims=True)
        middle = weights @ levels
        mean = mean + unit * middle
        variance = variance + np.sum(weights * (levels - middle[..., None]) ** 2, axis=-1)
    return mean, np.maximum(variance, _LEAST_VARIANCE)
