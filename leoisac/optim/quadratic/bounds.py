# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Lower bounds of quadratics under quadratic rows by Lagrangian duality, in NumPy for one trial.

``x~^T F x~`` with ``x~ = (1, x)`` is to be bounded from below where all ``x~^T Q_i x~ >= 0``. For multipliers ``l_i >=
0`` every ``v`` with ``F - sum_i l_i Q_i - v e_0 e_0^T >= 0`` (semidefinite) is a bound (S. Boyd, L. Vandenberghe,
Convex Optimization, 2004, app. B.1). Multipliers of a solver make that matrix semidefinite but for their errors; it is
then repaired by raising multipliers of rows that limit a power, or by lowering all of them where ``F`` itself is
definite, and the eigenvalues of the repaired matrix are looked at last. With ``F = 0`` a bound above zero is a proof
that no point meets all rows.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from leoisac.optim.quadratic.ascent import ascended
from leoisac.optim.quadratic.matrices import representatives, semidefinite

_EPSILON = float(np.finfo(float).eps)
PROOF_MARGIN = 1e-11
"""A proof needs a value above zero by this share of its terms."""


@dataclass(frozen=True)
class Dual:
    """A bound with the multipliers that prove it; minus infinity where none was found."""

    value: float
    multipliers: np.ndarray


def lower_bound(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray, free: np.ndarray) -> Dual:
    """The best of some repaired bounds.

    Args:
        goal: ``F``, shape ``(1 + n, 1 + n)``.
        rows: ``Q_i``, shape ``(row, 1 + n, 1 + n)``.
        multipliers: a guess, shape ``(row,)``; negative ones of rows that are not free count as zero.
        free: rows that are equations, whose multipliers may have any sign.
    """
    start = np.where(free, multipliers, np.maximum(multipliers, 0.0))
    best = Dual(-np.inf, start)
    if not (np.isfinite(start).all() and np.isfinite(rows).all() and np.isfinite(goal).all()):
        return best
    for candidate in _candidates(goal, rows, start, free):
        best = max(best, _dual(goal, rows, candidate), key=lambda dual: dual.value)
    return best


def best_bound(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray, free: np.ndarray, wanted: float) -> Dual:
    """As ``lower_bound``; but if that is below ``wanted``, the best of all multipliers is looked for."""
    if not (np.isfinite(rows).all() and np.isfinite(goal).all()):
        return lower_bound(goal, rows, multipliers, free)
    kept = representatives(np.concatenate([goal[None], rows]))
    goal, rows = goal[np.ix_(kept, kept)], rows[:, kept[:, None], kept]
    first = lower_bound(goal, rows, multipliers, free)
    if first.value >= wanted:
        return first
    last = deque(ascended(goal, rows, first.multipliers, free), maxlen=3)
    return max([first, *(_dual(goal, rows, each) for each in last)], key=lambda dual: dual.value)


def impossible(
    rows: np.ndarray, multipliers: np.ndarray, free: np.ndarray, *, search: bool
) -> tuple[Dual, float] | None:
    """Multipliers that prove that no point meets all rows, and how clearly: over the sum of the constants' sizes.

    With ``search``, all multipliers are looked through where those near the guess prove nothing.
    """
    if not len(rows) or not np.isfinite(rows).all():
        return None
    kept = representatives(rows)
    rows, goal = rows[:, kept[:, None], kept], np.zeros((len(kept), len(kept)))
    first = lower_bound(goal, rows, multipliers, free)
    others = (_dual(goal, rows, each) for each in ascended(goal, rows, first.multipliers, free)) if search else ()
    for dual in itertools.chain([first], others):
        terms = float(np.abs(dual.multipliers) @ np.abs(rows[:, 0, 0]))
        if terms > 0.0 and dual.value > PROOF_MARGIN * terms:
            return dual, dual.value / terms
    return None


def _dual(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray) -> Dual:
    value = _value(goal, rows, multipliers) if np.isfinite(multipliers).all() else -np.inf
    return Dual(value if np.isfinite(value) else -np.inf, multipliers)


def _scaling(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    """Scale of each variable at which the terms of the matrix have a diagonal of at most one."""
    diagonal = np.abs(np.diagonal(goal)) + np.abs(multipliers) @ np.abs(np.diagonal(rows, axis1=1, axis2=2))
    return 1.0 / np.sqrt(np.where(diagonal[1:] > 0.0, diagonal[1:], 1.0))


def _margin(matrix: np.ndarray, terms: int) -> float:
    """What rounding may have taken from the least eigenvalue of a scaled sum of ``terms`` matrices."""
    return 2.0 * _EPSILON * (len(matrix) + terms) * max(1.0, float(np.abs(matrix).sum(axis=1).max(initial=0.0)))


def _combined(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    return goal - np.einsum("k,kij->ij", multipliers, rows)


def _value(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray) -> float:
    """The bound of these multipliers; minus infinity if the matrix is not semidefinite with certainty."""
    whole = _combined(goal, rows, multipliers)
    scale = _scaling(goal, rows, multipliers)
    matrix = whole[1:, 1:] * scale[:, None] * scale
    eigenvalues, vectors = np.linalg.eigh(matrix)
    unused = np.asarray(~matrix.any(axis=0))
    least = _margin(matrix, len(rows))
    slope = whole[0, 1:] * scale
    fits = eigenvalues[0] >= least if not unused.any() else _fits_where_used(matrix, unused, slope, least)
    if not fits:
        return -np.inf
    value = float(whole[0, 0])
    if slope.any():
        part = vectors.T @ slope
        value -= float(np.sum(part**2 / np.maximum(eigenvalues, least)))
    terms = np.abs(goal[0, 0]) + np.abs(multipliers) @ np.abs(rows[:, 0, 0])
    return value - 4.0 * _EPSILON * (1 + len(rows)) * float(terms)


def _fits_where_used(matrix: np.ndarray, unused: np.ndarray, slope: np.ndarray, least: float) -> bool:
    """Variables that no row with a multiplier knows of must not appear at all."""
    rest = matrix[np.ix_(~unused, ~unused)]
    return not slope[unused].any() and (len(rest) == 0 or bool(np.linalg.eigvalsh(rest)[0] >= least))


def _candidates(goal: np.ndarray, rows: np.ndarray, start: np.ndarray, free: np.ndarray) -> Iterator[np.ndarray]:
    """Multipliers near the guess for which the matrix may be semidefinite."""
    yield start
    scale = _scaling(goal, rows, start)
    both = scale[:, None] * scale
    matrix = _combined(goal, rows, start)[1:, 1:] * both
    margin = 4.0 * _margin(matrix, len(rows))
    own = goal[1:, 1:] * both
    if own.any():
        share = _largest_share(own, matrix - own, margin)
        if share is not None:
            yield share * start
    directions, costs = raisers(rows, free)
    raising = np.abs(directions).sum(axis=1)
    if not raising.any():
        return
    weights = [np.where(raising > 0.0, np.abs(start), 0.0)]
    priced = np.where(costs > 0.0, 1.0 / np.where(costs > 0.0, costs, 1.0), 0.0) * (raising > 0.0)
    weights += [priced, np.eye(len(rows))[int(np.argmax(weights[0] * np.abs(costs)))] * (raising > 0.0)]
    for weight in weights:
        direction = weight @ directions
        lift = -np.einsum("k,kij->ij", direction, rows[:, 1:, 1:]) * both
        step = _least_lift(matrix, lift, margin)
        if step is not None:
            yield start + step * direction


def raisers(rows: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose multiplier, changed in one direction, makes the matrix only larger; and what that costs.

    Returns:
        Directions, shape ``(row, row)``, the k-th being zero or plus or minus the k-th unit vector; costs, ``(row,)``.
    """
    directions, costs = np.zeros((len(rows), len(rows))), np.zeros(len(rows))
    for index, row in enumerate(rows):
        for sign in (1.0, -1.0) if free[index] else (1.0,):
            square = -sign * row[1:, 1:]
            if (np.diagonal(square) >= 0.0).all() and square.any() and not row[0, 1:].any() and semidefinite(square):
                directions[index, index], costs[index] = sign, sign * row[0, 0]
    return directions, costs


def _largest_share(own: np.ndarray, other: np.ndarray, margin: float) -> float | None:
    """Largest share of ``other`` that leaves ``own + share * other`` semidefinite, ``own`` being definite."""
    if np.linalg.eigvalsh(own)[0] <= 10.0 * margin:
        return None
    most = float(scipy.linalg.eigh(-other, own, eigvals_only=True)[-1])
    if most <= 0.0:
        return 1.0
    room = margin / float(np.linalg.eigvalsh(own)[0])
    return min(1.0, (1.0 - 2.0 * room) / most)


def _least_lift(matrix: np.ndarray, lift: np.ndarray, margin: float) -> float | None:
    """Least step that makes ``matrix + step * lift`` semidefinite, up to a hair; None where none does."""
    wanted = 2.0 * margin * np.eye(len(matrix)) - matrix
    size = float(np.abs(lift).max(initial=0.0))
    if size == 0.0:
        return None
    if np.linalg.eigvalsh(lift)[0] > 1e-9 * size:
        return max(0.0, float(scipy.linalg.eigh(wanted, lift, eigvals_only=True)[-1]))

    def fits(step: float) -> bool:
        return bool(np.linalg.eigvalsh(step * lift - wanted)[0] >= 0.0)

    steps = [10.0**power / size for power in range(-15, 5, 2)]
    good = next((index for index, step in enumerate(steps) if fits(step)), None)
    if good is None:
        return None
    low, high = steps[max(good - 1, 0)], steps[good]
    for _ in range(12):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high
