"""Sets of detections against sets of targets: association, misses, ghosts, the GOSPA metric.

Functions compute in the array library of their arguments and are traceable by JAX: few targets and detections, so that
every association is tried.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from leoisac.foundation.namespace import RealLike, array_namespace

MOST_TARGETS = 6
MOST_DETECTIONS = 8


class Association(NamedTuple):
    """Who is whose.

    Attributes:
        detection: index of every target's detection, -1 where it has none.
        cost: least sum of costs, misses included.
    """

    detection: Any  # (target,)
    cost: Any


def associate(
    cost: Float[Any, "target detection"], valid: Bool[Any, " detection"], miss: RealLike = 1.0
) -> Association:
    """The association of least cost in which no detection serves two targets.

    Args:
        cost: of a detection as that of a target.
        valid: which detections there are.
        miss: cost of a target without a detection; no association costs more.

    Raises:
        ValueError: for more targets or detections than can be tried.
    """
    targets, detections = cost.shape
    if targets > MOST_TARGETS or detections > MOST_DETECTIONS:
        raise ValueError(
            f"{targets} targets and {detections} detections: every association is tried, of at most {MOST_TARGETS} "
            f"and {MOST_DETECTIONS}."
        )
    xp = array_namespace(cost, valid)
    choices = xp.asarray(_choices(targets, detections))
    usable = xp.where(valid[None, :], cost, xp.inf)
    # One more column: no detection.
    table = xp.concatenate([usable, xp.full((targets, 1), 1.0) * miss], axis=1)
    sums = xp.sum(table[xp.arange(targets), choices], axis=1)
    best = choices[xp.argmin(sums)]
    return Association(xp.where(best == detections, -1, best), xp.min(sums))


@cache
def _choices(targets: int, detections: int) -> Int[np.ndarray, "choice target"]:
    """Every association; ``detections`` stands for none."""
    rows = [
        row
        for row in itertools.product(range(detections + 1), repeat=targets)
        if all(row.count(one) <= 1 for one in set(row) - {detections})
    ]
    return np.array(rows, dtype=np.int64)


def gospa(distance: Float[Any, "target detection"], valid: Bool[Any, " detection"], cutoff: RealLike) -> Any:
    """Generalised optimal sub-pattern assignment metric with p = 2 and alpha = 2.

    Root of the sum of squared distances of the associated pairs and ``cutoff^2 / 2`` for every target missed and every
    ghost, least over all associations (A. S. Rahmathullah, A. F. Garcia-Fernandez, L. Svensson, FUSION 2017).

    Args:
        distance: of every pair, m.
        valid: which detections there are.
        cutoff: distance from which a pair costs as much as a miss and a ghost, m.
    """
    xp = array_namespace(distance, valid)
    half = 0.5 * cutoff * cutoff
    # Associating a pair saves a ghost.
    found = associate(xp.minimum(distance, cutoff) ** 2 - half, valid, half)
    return xp.sqrt(xp.maximum(found.cost + half * xp.sum(valid), 0.0))
