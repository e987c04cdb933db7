"""Whether what rules claim about quadratic forms is true, from eigenvalues of their matrices.

An information matrix is positive semidefinite for all ``x`` if the block matrix of its entries' bilinear forms is: the
Gram matrix of the derivatives. Which factor of a product stood left is known (see ``forms``); what a sum of real
squares does not show, the phase between a complex number and ``i`` times itself, is filled in where ``x`` holds the
real parts of complex variables and then their imaginary ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leoisac.optim.quadratic.matrices import semidefinite


def proven(kind: str, shape: tuple[int, ...], matrices: np.ndarray) -> bool:
    """Whether a claim (see ``forms.Facts.claim``) holds.

    Args:
        kind: of the claim.
        shape: of the form; square matrices in the last two axes for ``matrix``.
        matrices: of the bilinear forms of all entries, one after the other, ``(entry, 1 + n, 1 + n)``.
    """
    if not np.isfinite(matrices).all():
        return False
    if kind == "equal":
        first, second = np.split(_symmetric(matrices), 2)
        return bool(np.all(np.abs(first - second) <= 1e-11 * np.abs(first).max(axis=(1, 2), keepdims=True, initial=0)))
    if kind == "psd":
        return all(semidefinite(matrix) for matrix in _symmetric(matrices))
    count, width = shape[-1], matrices.shape[-1]
    blocks = matrices.reshape(-1, count, count, width, width)
    return all(any(semidefinite(whole) for whole in _gram_matrices(block)) for block in blocks)


def _symmetric(matrices: np.ndarray) -> np.ndarray:
    return 0.5 * (matrices + np.swapaxes(matrices, -1, -2))


def _gram_matrices(blocks: np.ndarray) -> Iterator[np.ndarray]:
    """Block matrices, one of which must be semidefinite, of a matrix of bilinear forms ``(p, p, 1 + n, 1 + n)``."""
    symmetric = _symmetric(blocks)
    count = len(blocks)
    largest = np.abs(symmetric).max(axis=(2, 3))
    size = np.sqrt(np.outer(np.diagonal(largest), np.diagonal(largest)))
    if (np.abs(symmetric - np.swapaxes(symmetric, 0, 1)).max(axis=(2, 3)) > 1e-11 * size).any():
        return
    above = [(i, j) for i in range(count) for j in range(i + 1, count)]
    zero = [pair for pair in above if largest[pair] <= 1e-13 * size[pair]]
    turn = _quarter_turn(symmetric)
    for off in (symmetric, blocks, np.swapaxes(blocks, -1, -2)):
        for sign in (0.0, 1.0, -1.0) if zero and turn is not None else (0.0,):
            whole = symmetric.copy()
            for i, j in above:
                upper = off[i, j]
                if sign and turn is not None and (i, j) in zero:
                    upper = 0.5 * sign * (symmetric[i, i] @ turn - turn.T @ symmetric[i, i].T)
                whole[i, j], whole[j, i] = upper, upper.T
            yield whole.transpose(0, 2, 1, 3).reshape(count * blocks.shape[2], -1)


def _quarter_turn(symmetric: np.ndarray) -> np.ndarray | None:
    """``i`` times the complex variables of which the forms speak: real parts first, then the imaginary ones."""
    used = np.flatnonzero(np.abs(symmetric).max(axis=(0, 1, 2)) > 0.0)
    used = used[used > 0]
    if len(used) == 0 or len(used) % 2:
        return None
    real, imaginary = np.split(used, 2)
    turn = np.zeros(symmetric.shape[2:])
    turn[real, imaginary], turn[imaginary, real] = -1.0, 1.0
    return turn
