"""Where the instances of a batch stand between two steps of a solution."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.problems.feasibility import Phase
from leoisac.problems.formulation import Scaling

LOOSE = 1e-2
"""Relative residual of the optimality conditions up to which a design counts as converged."""
FEASIBILITY = 1e-6
"""Relative violation up to which a constraint counts as met."""


class Point(NamedTuple):
    """Where instances stand; instance first."""

    x: np.ndarray
    """Coordinates in the statement's units."""
    cost: np.ndarray
    """The objective, to be made small."""
    violation: np.ndarray
    """Largest relative violation."""
    multipliers: np.ndarray
    """Of the rows as scaled."""
    scaling: Scaling
    status: np.ndarray
    kkt: np.ndarray
    """Relative residual of the optimality conditions."""
    ticks: np.ndarray

    def taken(self, index: Any) -> Point:
        """Some of the instances."""
        return jax.tree.map(lambda leaf: leaf[index], self)

    def updated(self, index: np.ndarray, other: Point) -> Point:
        """With the instances of ``other`` at these places."""

        def put(old: np.ndarray, new: np.ndarray) -> np.ndarray:
            changed = np.array(old)
            changed[index] = new
            return changed

        return jax.tree.map(put, self, other)


class Ended(NamedTuple):
    """Outcome of all passes."""

    best: Point
    agreeing: np.ndarray
    """Starts of each trial that ended at the best objective."""
    lost: np.ndarray
    """Trials without a feasible point."""
    phase: Phase | None
    """Outcome of their first phase."""
    improvable: np.ndarray
    """Trials ``(trial,)`` whose point meets the optimality conditions, but has better ones beside it."""
