"""Fast transforms on large frames: against matrices, and, where there are none, against single rows of them."""

import numpy as np
import pytest

from leoisac.waveforms.delay_doppler_channel import (
    apply_in_time,
    apply_paths,
    channel_matrix,
    path_matrices,
    path_operators,
    time_operators,
)
from leoisac.waveforms.otfs import modulate

DELAYS = (0, 1, 2, 3)


def _frame(cells, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(size) + 1j * rng.standard_normal(size) for size in (cells, 4))


@pytest.mark.parametrize("dopplers", [(0.0, 2.0, -1.0, 3.0), (0.0, 1.7, -1.2, 3.4)])
def test_dense_and_fast_are_equal(dopplers):
    grid = (32, 16)
    x, gains = _frame(512)
    dense = channel_matrix(path_matrices(DELAYS, dopplers, *grid), gains) @ x
    fast = apply_in_time(time_operators(DELAYS, dopplers, *grid), gains, x, 32)
    np.testing.assert_allclose(fast, dense, rtol=0.0, atol=1e-12 * np.max(np.abs(dense)))
    if all(doppler.is_integer() for doppler in dopplers):
        by_paths = apply_paths(path_operators(DELAYS, dopplers, *grid), gains, x)
        np.testing.assert_allclose(by_paths, dense, rtol=0.0, atol=1e-12 * np.max(np.abs(dense)))


def test_the_largest_grid_row_by_row():
    """128 x 64 cells: a matrix of 8192 rows is a gigabyte, a few of its rows are sums over the paths."""
    grid, dopplers = (128, 64), (0.0, 2.0, -1.0, 3.0)
    x, gains = _frame(8192)
    by_paths = apply_paths(path_operators(DELAYS, dopplers, *grid), gains, x)
    in_time = apply_in_time(time_operators(DELAYS, dopplers, *grid), gains, x, 128)
    np.testing.assert_allclose(in_time, by_paths, rtol=0.0, atol=1e-12 * np.max(np.abs(by_paths)))
    samples, cells = modulate(x, 128), 8192
    received = np.array(
        [
            sum(
                h * np.exp(2j * np.pi * k * (q - d) / cells) * samples[(q - d) % cells]
                for h, d, k in zip(gains, DELAYS, dopplers, strict=True)
            )
            for q in range(cells)
        ]
    )
    slot, doppler = np.arange(64), 5
    for delay in (0, 3, 127):
        row = np.sum(received[slot * 128 + delay] * np.exp(-2j * np.pi * slot * doppler / 64)) / 8.0
        assert abs(row - by_paths[doppler * 128 + delay]) < 1e-12 * np.max(np.abs(by_paths))
