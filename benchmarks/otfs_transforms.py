"""Delay-Doppler channels by dense matrices and by fast transforms: difference, processor time and memory by grid.

    .venv/bin/python benchmarks/otfs_transforms.py

Writes a table. One stream passes four paths, of whole and of fractional Doppler shifts; matrices are not built above
2048 cells, where one user's has 64 MB and more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from leoisac.waveforms.delay_doppler_channel import (
    apply_in_time,
    apply_paths,
    channel_matrix,
    path_matrices,
    path_operators,
    time_operators,
)

GRIDS = ((4, 8), (16, 16), (32, 16), (32, 32), (64, 32), (64, 64), (128, 64))
DELAYS, WHOLE, FRACTIONAL = (0, 1, 2, 3), (0.0, 2.0, -1.0, 3.0), (0.0, 1.7, -1.2, 3.4)
MOST_DENSE = 2048


def measured(function: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Result and least processor time of five calls, s."""
    result, times = function(), list[float]()
    for _ in range(5):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return result, min(times)


def row(n_delay: int, n_doppler: int, dopplers: tuple[float, ...]) -> str:
    """One line of the table."""
    rng = np.random.default_rng(0)
    cells, grid = n_delay * n_doppler, (n_delay, n_doppler)
    x, gains = (rng.standard_normal(size) + 1j * rng.standard_normal(size) for size in (cells, 4))
    if dopplers == WHOLE:
        operators = path_operators(DELAYS, dopplers, *grid)
        fast, fast_s = measured(lambda: apply_paths(operators, gains, x))
    else:
        operators = time_operators(DELAYS, dopplers, *grid)
        fast, fast_s = measured(lambda: apply_in_time(operators, gains, x, n_delay))
    held = operators.columns.nbytes + operators.weights.nbytes
    kind = "whole" if dopplers == WHOLE else "fractional"
    difference, dense_s = "–", "–"
    if cells <= MOST_DENSE:
        matrix = channel_matrix(path_matrices(DELAYS, dopplers, *grid), gains)
        dense, seconds = measured(lambda: matrix @ x)
        difference, dense_s = f"{np.max(np.abs(dense - fast)) / np.max(np.abs(dense)):.1e}", f"{1e3 * seconds:.3f}"
    return (
        f"| {n_delay} × {n_doppler} | {kind} | {difference} | {dense_s} | {1e3 * fast_s:.3f} | "
        f"{16e-6 * cells**2:.3g} | {1e-6 * held:.3g} |"
    )


def main() -> None:
    """Print the table."""
    print("| grid | Doppler shifts | largest difference | dense [ms] | fast [ms] | matrix [MB] | operators [MB] |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for dopplers in (WHOLE, FRACTIONAL):
        for grid in GRIDS:
            print(row(*grid, dopplers), flush=True)


if __name__ == "__main__":
    main()
