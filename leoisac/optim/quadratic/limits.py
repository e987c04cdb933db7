"""Variables that enter linearly and have a limit, such as powers and levels, written as limit plus a square.

A Lagrangian that is linear in such a variable is bounded only if its slope has the right sign, and for one between its
limits the best multipliers have slope zero: nothing that rounding leaves alone. As a square, the slope is a diagonal
entry like any other, which repairs of multipliers know how to make positive.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Limits(NamedTuple):
    """Variables ``x_j = limit + side t_j^2``; ``j`` counts from 1, as in the matrices."""

    variables: Int[np.ndarray, " variable"]
    limit: Float[np.ndarray, " variable"]
    side: Float[np.ndarray, " variable"]

    def squared(self, matrices: Float[np.ndarray, "matrix size size"]) -> Float[np.ndarray, "matrix size size"]:
        """The same quadratics as forms in ``(1, x)`` with ``t_j`` in the place of ``x_j``."""
        changed, j = matrices.copy(), self.variables
        slopes = 2.0 * matrices[:, 0, j]
        changed[:, 0, 0] += slopes @ self.limit
        changed[:, j, j] = slopes * self.side
        changed[:, 0, j] = changed[:, j, 0] = 0.0
        return changed

    def squared_rows(self, rows: Float[np.ndarray, "row size size"]) -> Float[np.ndarray, "row size size"]:
        """The same of rows ``>= 0``; of those that say no more than that a square is at least zero nothing is left."""
        changed = self.squared(rows)
        diagonal = np.diagonal(changed, axis1=1, axis2=2)
        empty = (np.count_nonzero(changed, axis=(1, 2)) <= 1) & (diagonal[:, 0] == 0.0) & (diagonal >= 0.0).all(axis=1)
        return np.where(empty[:, None, None], 0.0, changed)


def limits_of(rows: Float[np.ndarray, "row size size"], others: Float[np.ndarray, "matrix size size"]) -> Limits:
    """The variables that have a limit by a row of their own and are in no matrix, of rows or others, but linearly.

    Where both limits are there, the lower one counts, and the row of the upper one remains a row.
    """
    quadratic = np.asarray(np.concatenate([rows, others])[:, 1:, 1:].any(axis=(0, 1)))
    slopes = 2.0 * rows[:, 0, 1:]
    own = (np.count_nonzero(slopes, axis=1) == 1) & ~rows[:, 1:, 1:].any(axis=(1, 2))
    found: dict[int, tuple[float, float]] = {}
    for row, slope in zip(rows[own], slopes[own], strict=True):
        j = int(np.flatnonzero(slope)[0])
        limit, side = 0.0 - row[0, 0] / slope[j], float(np.sign(slope[j]))
        old = found.get(j)
        # Of several on one side the first; a lower one before an upper one.
        if not quadratic[j] and np.isfinite(limit) and (old is None or side > old[1]):
            found[j] = (float(limit), side)
    places = np.array(sorted(found), int)
    values = np.array([found[j] for j in places]).reshape(-1, 2)
    return Limits(places + 1, values[:, 0], values[:, 1])
