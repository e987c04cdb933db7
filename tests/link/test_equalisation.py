"""Soft equalisers against what is known: Gaussian noise alone, the LMMSE estimate, exhaustive search on small grids."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from leoisac.link.equalisation import linear_filters, message_passing
from leoisac.waveforms.delay_doppler_channel import channel_matrix, path_matrices
from leoisac.waveforms.qam import QAM4, qam4_bits, qam_symbols


def _complex(seed: int, *shape: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def _frames(seed: int, count: int, grid: tuple[int, int], noise: float, delays=(0, 1), dopplers=(0, 1)):
    """Frames of 4-QAM over Rayleigh paths: bits, channels, what arrives."""
    rng = np.random.default_rng(seed)
    cells = grid[0] * grid[1]
    gains = _complex(seed + 1, count, len(delays)) / np.sqrt(len(delays))
    H = channel_matrix(path_matrices(delays, dopplers, *grid), gains)
    bits = rng.random((count, cells, 2)) < 0.5
    received = (H @ qam_symbols(bits)[..., None])[..., 0] + np.sqrt(noise) * _complex(seed + 2, count, cells)
    return bits, H, received


def test_one_path_is_the_matched_filter() -> None:
    """Symbols do not meet: every passage tells ``y`` over the gain, in the noise over its power."""
    H = (0.3 - 0.4j) * path_matrices([2], [1], 3, 4)[0]
    received = _complex(0, 5, 12)
    for passages in (1, 6):
        told = message_passing(received, H, 0.01 * np.eye(12), 4, passages=passages)
        np.testing.assert_allclose(told.symbols, received @ np.conj(H) / 0.25, rtol=1e-7)
        np.testing.assert_allclose(told.noise, 0.01 / 0.25, rtol=1e-7)


def test_the_first_passage_is_the_unbiased_lmmse_estimate() -> None:
    """In coloured disturbances."""
    G, mixed, received = _complex(1, 6, 6), _complex(2, 6, 4), _complex(3, 6)
    C = mixed @ mixed.conj().T + 0.1 * np.eye(6)
    told = message_passing(received, G, C, 2, passages=1)
    filters, gains = linear_filters(G, G @ G.conj().T + C)
    np.testing.assert_allclose(told.symbols, filters @ received / gains)
    np.testing.assert_allclose(1.0 / told.noise, gains / (1.0 - gains))


def test_as_good_as_trying_all_frames() -> None:
    """On 2 x 3 cells: all 4^6 frames are tried; message passing errs hardly more, LMMSE clearly."""
    noise, count = 0.1, 400
    bits, H, received = _frames(4, count, (2, 3), noise)
    frames = np.array(list(itertools.product(QAM4, repeat=6)))
    wrong = np.zeros(3)
    for sent, matrix, y in zip(bits, H, received, strict=True):
        best = frames[np.argmin(np.sum(np.abs(y - frames @ matrix.T) ** 2, axis=-1))]
        told = [message_passing(y, matrix, noise * np.eye(6), 2, passages=passages) for passages in (8, 1)]
        decided = [best, *(one.symbols for one in told)]
        wrong += [np.sum(qam4_bits(symbols) != sent) for symbols in decided]
    exhaustive, passed, linear = wrong
    assert exhaustive <= passed <= 1.25 * exhaustive
    assert passed < 0.85 * linear


@pytest.mark.parametrize("noise", [0.3, 0.1, 0.03])
def test_never_more_errors_than_lmmse(noise: float) -> None:
    """Four paths on 4 x 4 cells, from a few to no reliable symbols."""
    bits, H, received = _frames(5, 300, (4, 4), noise, (0, 1, 2, 3), (0, 2, -1, 1))
    passed, linear = (
        np.sum(qam4_bits(message_passing(received, H, noise * np.eye(16), 2, passages=n).symbols) != bits)
        for n in (8, 1)
    )
    assert passed <= 1.02 * linear
    if noise < 0.2:
        assert passed < 0.7 * linear


def test_no_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        message_passing(np.ones(1), np.eye(1), np.eye(1), 2, passages=0)
