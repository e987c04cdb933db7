"""Published error rates of 5G LDPC codes, and the same points measured here.

Tables printed in two notebooks of Sionna 1.2 (Apache-2.0; "5G Channel Coding: Polar vs. LDPC Codes" and "Evolution of
FEC"): QPSK in Gaussian noise, no CRC, random bits, redundancy version 0, Eb/N0 with rate k/n, flooding sum-product,
log-likelihood ratios clipped at 20, no early stop.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.link.decoding import decode
from leoisac.link.ldpc import LdpcCode, encode, ldpc_code, sent_positions
from leoisac.waveforms.qam import max_log_llrs, qam_symbols


class Point(NamedTuple):
    """One row of the tables; base graph, lifting size and rows in use are those of its code."""

    k: int
    n: int
    graph: int
    lifting: int
    n_rows: int
    ebno_db: float
    block_errors: int
    blocks: int
    iterations: int

    @property
    def rate(self) -> float:
        """Published block-error rate."""
        return self.block_errors / self.blocks


POINTS = (
    Point(64, 128, 2, 11, 8, 2.5, 1373, 20000, 20),
    Point(64, 128, 2, 11, 8, 3.5, 1051, 180000, 20),
    Point(128, 256, 2, 22, 8, 2.0, 515, 6000, 20),
    Point(256, 512, 2, 32, 10, 1.75, 542, 9000, 20),
    Point(500, 1000, 2, 64, 10, 1.5, 521, 7000, 20),
    Point(500, 1000, 2, 64, 10, 1.75, 509, 27000, 20),
    Point(1000, 2000, 2, 104, 12, 1.5, 515, 21000, 20),
    Point(2000, 4000, 2, 208, 12, 1.25, 520, 5000, 20),
    Point(512, 1024, 2, 64, 10, 1.2, 2057, 20000, 40),
    Point(2048, 6156, 2, 208, 22, 0.3, 505, 10000, 40),
    Point(4000, 8000, 1, 192, 23, 1.0, 831, 2000, 20),
    Point(4000, 8000, 1, 192, 23, 1.25, 517, 27000, 20),
    Point(8000, 16000, 1, 384, 23, 1.0, 908, 2000, 20),
)


def noisy_words(code: LdpcCode, ebno_db: float, words: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random blocks, and log-likelihood ratios of their sent bits behind QPSK and Gaussian noise."""
    bits = rng.random((words, code.k)) < 0.5
    symbols = qam_symbols(encode(code, bits)[:, sent_positions(code)].reshape(words, -1, 2))
    noise = 10.0 ** (-0.1 * ebno_db) / (2.0 * code.rate)
    white = rng.standard_normal((*symbols.shape, 2)) @ np.array([1.0, 1.0j]) * np.sqrt(0.5 * noise)
    return bits, max_log_llrs(symbols + white, noise, 2).reshape(words, -1)


def block_errors(point: Point, words: int, *, shift_db: float = 0.0, seed: int = 0, **decoder: Any) -> int:
    """Wrong blocks out of so many at a point, by the published decoder or another."""
    code, wrong = ldpc_code(point.k, point.n), 0
    rng = np.random.default_rng([seed, point.k, point.n, round(100 * (point.ebno_db + shift_db))])
    options = {"rule": "sum-product", "schedule": "flooding", "iterations": point.iterations, "early_stop": False}
    for start in range(0, words, 1024):
        bits, llrs = noisy_words(code, point.ebno_db + shift_db, min(1024, words - start), rng)
        wrong += int(np.sum(np.any(decode(code, llrs, **{**options, **decoder}).bits != bits, axis=-1)))
    return wrong
