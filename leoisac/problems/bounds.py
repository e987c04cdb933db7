"""Proven bounds of a stated problem, and proofs that nothing meets its rows, for one trial each.

Lagrangian duality on the quadratic surrogates of ``surrogates``: at the multipliers of a solution, the minimum of the
Lagrangian over all ``x`` is an eigenvalue problem. Where the semidefinite relaxation is tight (power under SINR
constraints: M. Bengtsson, B. Ottersten, in: Handbook of Antennas in Wireless Communications, 2001, ch. 18) the bound is
the optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.optimize

from leoisac.optim.quadratic.bounds import Dual, best_bound, impossible
from leoisac.optim.quadratic.limits import limits_of
from leoisac.problems.surrogates import GoalNumbers, Numbers, RowNumbers, Sense, surrogates

Raw = Callable[[Any, Any], tuple[Any, Mapping[str, Any]]]
"""``raw(x, data) -> (objective, {name: (larger, smaller)})`` of one trial, traceable; ``x`` of shape ``(n,)``."""
INTERFERENCE_FREE = "interference-free"
"""Kind of bound: rates without the interference of others take part in it, so that it is not tight in general."""
DUAL, NONE = "dual", "none"
_GOOD = 1e-6
"""Relative gap above which better multipliers are looked for."""
_SEARCHED = (1e-4, 1e-2, 1e-1, 1.0, 10.0)
"""Relative distances of levels for which they are."""
_CLEARLY = 1e-9
"""Share of their constants by which linear rows contradict each other."""
_SHARES = (1e-10, 1e-8, 1e-6, 1e-4, 3e-4, 1e-3, 3e-3)
"""How much further from its limit a variable is taken, where that may give a better tangent."""


@dataclass(frozen=True)
class Bound:
    """A bound of the objective over all points that meet the rows; NaN where none is known."""

    value: float
    kind: str
    """``dual``, ``interference-free`` or ``none``."""
    reason: str
    """Why there is none; or which rows have no part in it."""


@dataclass(frozen=True)
class Proof:
    """Multipliers of the quadratic rows whose sum is negative wherever it is evaluated: no point meets all rows."""

    multipliers: dict[str, np.ndarray]
    """By name, in the order of the rows' entries, zero where an entry has no part in it; the largest is 1."""
    margin: float
    """How far below zero the sum stays, over the sum of its terms' sizes."""


def dual_bound(
    raw: Raw,
    sense: Sense,
    x: Any,
    multipliers: Mapping[str, Any],
    data: Any,
    *,
    weights: Any = None,
    equalities: frozenset[str] = frozenset(),
    nonnegative: tuple[int, ...] = (),
) -> Bound:
    """A bound that no feasible point can pass, below a minimised and above a maximised objective.

    The value holds whatever the multipliers are; it is good if they are those of a good solution ``x``.

    Args:
        raw: the statement in physical units; hashable, for what is found of it is kept.
        sense: what is done with the objective; ``least``: the least entry of an array is maximised.
        x: reference point, shape ``(n,)``.
        multipliers: of ``larger - smaller`` by name, all entries ``>= 0``: what the best objective gains per unit by
            which the row is relaxed. Names that are missing count as zero.
        data: of this trial.
        weights: multipliers of the entries of a ``least`` objective, sum 1; the same for all that are least if missing.
        equalities: names of rows with ``larger = smaller``; theirs have the sign of the Lagrangian ``objective -
            multiplier (larger - smaller)`` where minimised, ``+`` where maximised.
        nonnegative: places in ``x`` of variables that rows hold at zero or above.
    """
    found = surrogates(raw, sense, equalities, nonnegative)
    first = found.numbers(x, data)
    bound = _bound_of(first, sense, multipliers, weights)
    away = _away_from_limits(first, np.asarray(x, float))
    if first.goal is None or not away.any():
        return bound
    reference = _reference(first.goal, sense)
    for share in _SHARES:
        if abs(bound.value - reference) <= _GOOD * abs(reference):
            break
        other = _bound_of(found.numbers(x + share * away, data), sense, multipliers, weights)
        nearer = other.value > bound.value if sense == "minimise" else other.value < bound.value
        if np.isfinite(other.value) and (nearer or not np.isfinite(bound.value)):
            bound = other
    return bound


def _reference(goal: GoalNumbers, sense: Sense) -> float:
    return float(goal.value.min() if sense == "least" else goal.value.reshape(-1)[0])


def _away_from_limits(numbers: Numbers, x: np.ndarray) -> np.ndarray:
    """From every variable's limit to where it is, zero for variables without: a tangent taken a little further out has
    a slope of the sign that a bound needs, and is below the best one by the square of that little."""
    if numbers.goal is None:
        return np.zeros(x.shape)
    limits = limits_of(numbers.rows.matrices, _of_goal(numbers.goal))
    away = np.zeros(x.shape)
    away[limits.variables - 1] = x[limits.variables - 1] - limits.limit
    return away


def _of_goal(goal: GoalNumbers) -> np.ndarray:
    """All matrices of an objective."""
    return goal.direct[None] if goal.direct is not None else np.concatenate([goal.numerators, goal.denominators])


def _bound_of(numbers: Numbers, sense: Sense, multipliers: Mapping[str, Any], weights: Any) -> Bound:
    """From the quadratics at one reference point."""
    if numbers.goal is None:
        return Bound(np.nan, NONE, "The objective has no structure that a bound is known for.")
    rows, goal = _with_squares(numbers.rows, numbers.goal)
    found = _of_rows(rows, multipliers) / rows.factor
    sign = 1.0 if sense == "minimise" else -1.0
    if goal.direct is not None:
        reference = _reference(goal, sense)
        wanted = sign * reference - _GOOD * abs(reference)
        # What of the data is relaxed is not to be reached, but may be better with other multipliers.
        dual = best_bound(sign * goal.direct, rows.matrices, found, rows.equality, wanted)
        value = sign * dual.value
    else:
        dual, value = _level_bound(goal, rows, found, sign, weights)
    if not np.isfinite(value):
        return Bound(np.nan, NONE, "The multipliers prove nothing. " + numbers.reason)
    relaxed = goal.relaxed or bool((rows.relaxed & (dual.multipliers[: len(rows.relaxed)] != 0.0)).any())
    return Bound(value, INTERFERENCE_FREE if relaxed else DUAL, numbers.reason)


def _with_squares(rows: RowNumbers, goal: GoalNumbers) -> tuple[RowNumbers, GoalNumbers]:
    """With squares in the place of variables that have limits and enter linearly."""
    limits = limits_of(rows.matrices, _of_goal(goal))
    goal = replace(
        goal,
        direct=None if goal.direct is None else limits.squared(goal.direct[None])[0],
        numerators=limits.squared(goal.numerators),
        denominators=limits.squared(goal.denominators),
    )
    return replace(rows, matrices=limits.squared_rows(rows.matrices)), goal


def infeasibility_proof(
    raw: Raw,
    x: Any,
    multipliers: Mapping[str, Any],
    data: Any,
    *,
    equalities: frozenset[str] = frozenset(),
    nonnegative: tuple[int, ...] = (),
) -> Proof | None:
    """A proof that no point meets all rows, or None.

    Args:
        raw: the statement in physical units; its objective does not matter.
        x: where the largest common share ``t`` with ``log(larger / smaller) >= t`` was found, shape ``(n,)``.
        multipliers: of those rows by name, without units (rows with a ``larger`` side of zero or less: of ``larger -
            smaller``). Those of power limits need not be given: they are raised until the proof is one.
        data: of this trial.
        equalities: names of rows with ``larger = smaller``.
        nonnegative: places in ``x`` of variables that rows hold at zero or above.
    """
    numbers = surrogates(raw, None, equalities, nonnegative).numbers(x, data)
    rows = numbers.rows
    linear = linear_contradiction(rows.matrices, rows.equality, np.asarray(x, float))
    if linear is not None:
        return Proof(_by_name(numbers, linear[0]), linear[1])
    rows = replace(rows, matrices=limits_of(rows.matrices, rows.matrices[:0]).squared_rows(rows.matrices))
    relative = np.where(rows.larger > 0.0, rows.larger, 1.0)
    found = _of_rows(rows, multipliers) / relative / rows.factor
    proof = impossible(rows.matrices, found, rows.equality, search=True)
    return None if proof is None else Proof(_by_name(numbers, proof[0].multipliers), proof[1])


def linear_contradiction(rows: np.ndarray, free: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Multipliers under which the linear rows add up to less than nothing, whatever ``x`` is, and by how much (Farkas).

    Semidefinite matrices have no room for them: their sum is no more than its constant. Slopes must cancel to rounding.

    Args:
        rows: ``(row, 1 + n, 1 + n)``, all of whose quadratics are to be at least zero.
        free: rows that are to be zero, whose multipliers may have any sign.
        x: a point that tells of the size of terms: what is below their rounding contradicts nothing.
    """
    linear = np.flatnonzero(~rows[:, 1:, 1:].any(axis=(1, 2))) if np.isfinite(rows).all() else np.zeros(0, int)
    if len(linear) < 2:
        return None
    slopes, constants = 2.0 * rows[linear, 0, 1:], rows[linear, 0, 0]
    columns = np.abs(slopes).max(axis=0)
    terms = np.abs(constants) + np.abs(slopes) @ np.abs(x)
    slopes = slopes[:, columns > 0.0] / columns[columns > 0.0]
    sizes = np.maximum(np.abs(slopes).max(axis=1, initial=0.0), 1e-300)
    slopes, constants, terms = slopes / sizes[:, None], constants / sizes, terms / sizes
    largest = max(float(np.abs(constants).max()), 1e-300)
    constants, terms = constants / largest, terms / largest
    found = scipy.optimize.linprog(
        np.zeros(len(linear)),
        A_eq=np.concatenate([slopes.T, constants[None]]),
        b_eq=np.append(np.zeros(slopes.shape[1]), -1.0),
        bounds=[(None, None) if equal else (0.0, None) for equal in free[linear]],
    )
    if found.x is None or found.status != 0:
        return None
    weights = np.where(free[linear], found.x, np.maximum(found.x, 0.0))
    rest, room = np.abs(weights @ slopes), np.abs(weights) @ np.abs(slopes)
    share = -float(weights @ constants) / float(np.abs(weights) @ terms)
    if (rest > 4.0 * np.finfo(float).eps * len(linear) * room).any() or not share > _CLEARLY:
        return None
    multipliers = np.zeros(len(rows))
    multipliers[linear] = weights / sizes
    return multipliers, share


def _of_rows(rows: RowNumbers, multipliers: Mapping[str, Any]) -> np.ndarray:
    flat = {name: np.ravel(np.asarray(value, float)) for name, value in multipliers.items()}
    return np.array([flat[name][index] if name in flat else 0.0 for name, index in rows.place])


def _by_name(numbers: Numbers, multipliers: np.ndarray) -> dict[str, np.ndarray]:
    largest = float(np.abs(multipliers).max(initial=0.0)) or 1.0
    found: dict[str, np.ndarray] = {}
    for (name, index), multiplier in zip(numbers.rows.place, multipliers):
        old = found.get(name, np.zeros(0))
        found[name] = np.concatenate([old, np.zeros(max(0, index + 1 - len(old)))])
        found[name][index] = multiplier / largest
    return found


def _level_bound(
    goal: GoalNumbers, rows: RowNumbers, found: np.ndarray, sign: float, weights: Any
) -> tuple[Dual, float]:
    """The nearest level of ratios that is proven out of reach, ``sign`` being 1 where they are minimised."""
    values = goal.value
    reference = float(values.max() if sign > 0 else values.min())
    if weights is None:
        least = np.abs(values - reference) <= 1e-6 * abs(reference)
        weights = least / least.sum()
    logarithmic = np.isfinite(goal.scales)
    scales = np.where(logarithmic, goal.scales, 1.0)
    matrices = np.concatenate([goal.numerators, rows.matrices])
    free = np.concatenate([np.zeros(len(values), bool), rows.equality])

    def ratios(level: float) -> np.ndarray:
        plain = level * abs(level) if goal.rooted else level
        with np.errstate(over="ignore"):  # an infinite level proves nothing
            return np.where(logarithmic, np.exp(np.where(logarithmic, level / scales, 0.0)), plain)

    def proof(level: float, search: bool) -> Dual | None:
        ratio = ratios(level)
        matrices[: len(values)] = sign * (ratio[:, None, None] * goal.denominators - goal.numerators)
        slope = np.where(logarithmic, ratio / scales, 2.0 * abs(level) if goal.rooted else 1.0)
        own = np.ravel(weights) / (slope * goal.denominator_values)
        found_one = impossible(matrices, np.concatenate([own, found]), free, search=search)
        return None if found_one is None else found_one[0]

    def away(distance: float) -> float:
        return reference - sign * distance * abs(reference)

    # Near the reference with the multipliers given; if these prove nothing there, any level with any multipliers.
    attempts = [(10.0**power, False) for power in range(-11, -5)] + [(distance, True) for distance in _SEARCHED]
    good: Dual | None = None
    near, far, search = 0.0, 0.0, False
    for far, search in attempts:
        good = proof(away(far), search)
        if good is not None:
            break
        near = far
    if good is None:
        return Dual(-np.inf, found), -sign * np.inf
    while near > 0.0 and far / near > (1.02 if search else 2.0):
        middle = float(np.sqrt(near * far))
        nearer = proof(away(middle), search)
        near, far, good = (near, middle, nearer) if nearer is not None else (middle, far, good)
    # The multipliers of the objective's entries come first in the proof; those of the rows are what is asked for.
    return Dual(good.value, good.multipliers[len(values) :]), away(far)
