# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""What is seen in symmetric matrices of quadratics: whether they are semidefinite, and the blocks that they have."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components

_ROUNDING = 1e-11
"""Relative size of eigenvalues that are zero but for rounding, per row of the matrix."""
_ALIKE = 4.0 * float(np.finfo(float).eps)
"""Relative difference of blocks that are the same but for the order of their sums."""


def semidefinite(matrix: Float[np.ndarray, "n n"]) -> bool:
    """Whether a symmetric matrix is positive semidefinite, up to rounding relative to its diagonal."""
    diagonal = np.diagonal(matrix)
    used = diagonal > 1e-30 * np.abs(matrix).max(initial=0.0)
    if not used.any():
        return not matrix.any()
    scale = 1.0 / np.sqrt(diagonal[used])
    if np.abs(matrix[~used]).max(initial=0.0) > 1e-15 * np.abs(matrix).max():
        return False
    scaled = matrix[np.ix_(used, used)] * scale[:, None] * scale
    return bool(np.linalg.eigvalsh(scaled)[0] >= -_ROUNDING * len(scaled))


class Blocks(NamedTuple):
    """Blocks of equal size on the diagonal, by the rows that they take: ``(block, row)`` for every size."""

    places: tuple[Int[np.ndarray, "block row"], ...]

    def of(self, matrices: Float[np.ndarray, "*batch n n"]) -> list[np.ndarray]:
        """The blocks of matrices, ``(*batch, block, row, row)`` for every size."""
        return [matrices[..., rows[:, :, None], rows[:, None, :]] for rows in self.places]

    @property
    def work(self) -> float:
        """Sum of the cubes of their sizes."""
        return float(sum(len(rows) * rows.shape[1] ** 3 for rows in self.places))


def blocks_of(matrices: Float[np.ndarray, "matrix n n"]) -> Blocks:
    """The blocks on the diagonal outside of which all matrices are zero."""
    sizes: dict[int, list[np.ndarray]] = {}
    for rows in _components(matrices):
        sizes.setdefault(len(rows), []).append(rows)
    return Blocks(tuple(np.array(sizes[size]) for size in sorted(sizes)))


def _components(matrices: np.ndarray) -> list[np.ndarray]:
    count, labels = connected_components((matrices != 0.0).any(axis=0), directed=False)
    return [np.flatnonzero(labels == label) for label in range(count)]


def representatives(matrices: Float[np.ndarray, "matrix size size"]) -> Int[np.ndarray, " row"]:
    """Rows without those of blocks that repeat another one in all matrices, as columns of a covariance's factor do.

    For forms in ``(1, x)``: a block that is linked with the 1 stays. A combination of the matrices is semidefinite
    exactly if it is so on these rows.
    """
    sizes = np.abs(matrices).max(axis=(1, 2), initial=0.0)[:, None, None]
    kept: dict[int, list[np.ndarray]] = {}
    rows = [np.zeros(1, int)]
    for component in _components(matrices):
        if component[0] == 0:
            rows.append(component[1:])
            continue
        block = matrices[:, component[:, None], component]
        others = kept.setdefault(len(component), [])
        if not any((np.abs(block - other) <= _ALIKE * sizes).all() for other in others):
            others.append(block)
            rows.append(component)
    return np.sort(np.concatenate(rows))
