"""The tiny normalised cell with known numbers: two users, one target, one clutter, a receiver of two antennas."""

from __future__ import annotations

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.systems.coexistence.problem.cell_program import CellProblem

BEAMFORMER = np.array([[0.4, 0.4, 0, 0], [0, 0, 0.4, -0.4j], [0.3, 0, 0, -0.3]], dtype=complex).T
Q = 0.6


def row(u: float, n: int = 4) -> np.ndarray:
    return np.exp(-1j * np.pi * np.arange(n) * u)


def tiny_cell(min_sut_rate: float = 2.0, min_scnr: float = 0.1) -> CellProblem:
    return CellProblem(
        h_tut=6.0 * np.stack([row(0.2), row(-0.5)]),
        h_sut=4.0 * row(0.7),
        g_tut=np.array([0.5, 0.5]),
        g_sut=np.array(50.0),
        target_tx=row(-0.1)[None],
        clutter_tx=row(0.0)[None],
        target_echo=0.5 * row(-0.3, 2)[None, None],
        clutter_echo=0.1 * row(-0.1, 2)[None, None],
        g_rad=row(0.4, 2)[None],
        min_sut_rate=np.array(min_sut_rate),
        min_scnr=np.array(min_scnr),
    )


def batch_of(*problems: CellProblem) -> CellProblem:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *problems)


def random_cell(
    seed: int,
    n_tx: int = 5,
    users: int = 2,
    targets: int = 2,
    clutter: int = 3,
    n_rx: int = 3,
    *,
    clutter_scale: float = 0.1,
    min_sut_rate: float = 3.0,
    min_scnr: float = 0.1,
) -> tuple[CellProblem, np.ndarray, float]:
    """Random normalised cell with echoes of either side of the noise, and a random design of unit power."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return scale * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)

    problem = CellProblem(
        h_tut=normal(users, n_tx, scale=10.0),
        h_sut=normal(n_tx, scale=5.0),
        g_tut=rng.exponential(3.0, users),
        g_sut=np.array(1e3 * rng.exponential()),
        target_tx=np.stack([row(u, n_tx) for u in rng.uniform(-1, 1, targets)]),
        clutter_tx=np.stack([row(u, n_tx) for u in rng.uniform(-1, 1, clutter)]),
        target_echo=normal(targets, targets, n_rx),
        clutter_echo=normal(targets, clutter, n_rx, scale=clutter_scale),
        g_rad=normal(targets, n_rx, scale=2.0),
        min_sut_rate=np.array(min_sut_rate),
        min_scnr=np.array(min_scnr),
    )
    beamformer = normal(n_tx, users + targets)
    return problem, beamformer / np.linalg.norm(beamformer), rng.uniform(0.2, 0.9)
