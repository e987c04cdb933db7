"""Blocks of communication symbols that a radar receiver listens to, and their ambiguity functions. NumPy."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from jaxtyping import Complex, Float

from leoisac.waveforms.otfs import heisenberg, modulate
from leoisac.waveforms.qam import qam4_symbols

BlockKind = Literal["gaussian", "ofdm", "otfs"]
BLOCKS: tuple[BlockKind, ...] = get_args(BlockKind)
"""Independent complex normal samples; 4-QAM on the subcarriers of OFDM symbols; 4-QAM on the grid of an OTFS frame."""


def symbol_block(
    kind: BlockKind, rng: np.random.Generator, streams: int, num_samples: int, subcarriers: int
) -> Complex[np.ndarray, "stream sample"]:
    """Samples of independent streams of unit power, without prefixes: the block fills its time and band.

    Args:
        kind: ``"ofdm"`` or ``"otfs"`` (the Gaussian block is ``waveforms.echo.complex_noise``).
        rng: of the bits.
        streams: number of streams.
        num_samples: samples of each, a multiple of ``subcarriers``.
        subcarriers: M; there are ``num_samples / M`` slots.

    Raises:
        ValueError: for another kind or a length that is no whole number of slots.
    """
    if kind not in ("ofdm", "otfs"):
        raise ValueError(f"kind={kind!r}: must be 'ofdm' or 'otfs'.")
    if num_samples % subcarriers:
        raise ValueError(f"num_samples={num_samples}: must be a multiple of the {subcarriers} subcarriers.")
    symbols = qam4_symbols(rng.integers(0, 2, (streams, num_samples, 2)).astype(bool))
    if kind == "otfs":
        return np.asarray(modulate(symbols, subcarriers))
    return np.asarray(heisenberg(symbols.reshape(streams, -1, subcarriers)))


def ambiguity(
    block: Complex[np.ndarray, " sample"], delays: Float[np.ndarray, " delay"] | np.ndarray, dopplers: np.ndarray
) -> Float[np.ndarray, "delay doppler"]:
    """``|sum_l x[l] x*[l - tau] exp(-j 2 pi nu l / L)|^2 / (sum |x|^2)^2``, one at the origin.

    Args:
        block: L samples, zero before and after.
        delays: whole samples, either sign.
        dopplers: in cells of ``1 / (L T_s)``, either sign, not whole in general.
    """
    length = len(block)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(length), dopplers) / length)
    rows = np.zeros((len(delays), length), dtype=complex)
    for row, delay in zip(rows, np.asarray(delays, dtype=int), strict=True):
        first, last = max(delay, 0), length + min(delay, 0)
        row[first:last] = block[first:last] * np.conj(block[first - delay : last - delay])
    return np.abs(rows @ turns) ** 2 / np.sum(np.abs(block) ** 2) ** 2
