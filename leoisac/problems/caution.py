# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""What a solution is held against, and a walk in short steps where the solver has strayed.

An augmented Lagrangian weighs a violation, and one that saturates (``1 - exp(-p) <= 1/2`` misses by one half at most)
weighs nothing beside an objective that grows: the solver leaves for infinity, or comes back to anywhere. But the starts
were brought to magnitudes at which constraints are met. A result that is worse than the best of them is none; from that
start one walks on, every solve within a ball that the last one has earned, and no step is kept that loses anything.

The optimality conditions also hold where an objective that is to be large is smallest. So small steps are tried from a
result, in random directions: where one of them meets the constraints and gains, it is no optimum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.lanes import take
from leoisac.optim.batched.engine import best_start
from leoisac.optim.batched.engine import solve as solve_batch
from leoisac.problems.descent import GAIN, OPTIONS
from leoisac.problems.formulation import has_least
from leoisac.problems.points import FEASIBILITY, LOOSE, Point
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.programs import Judged, Programs
from leoisac.problems.starts import DECADES, FINE_DECADES, amplitudes, groups
from leoisac.problems.trial_data import TrialData

_WORSE = 1e-6
"""Relative loss against a feasible start at which a result counts as worse."""
_RADIUS, _MOST_RADIUS, _LEAST_RADIUS = 0.5, 4.0, 1e-3
"""Of the ball in scaled variables, of unit norm at its centre: first, largest, and the one at which the walk ends."""
_WALK = 24
"""Most steps of a walk."""
_AT_RIM = 0.8
"""Share of the radius from which on a step has earned a larger one."""
_STEPS = (1e-2, 1e-4)
"""Lengths of the steps tried from a result, relative to the variables' norms ..."""
_CLIFFS = (1e-2, 1e-3, 1e-4)
"""... and shares of the objective that steps are to gain by its slope, where that is steep: as the logarithm of a
signal against interference that is all but nulled."""
_STUCK = 1e-2
"""Relative gain of a small step at which a point is left even if the conditions do not hold there."""
_RESOLVED = 1e-16, 1e-6
"""An objective that a step of the first length, which is rounding, changes by the second has no optimum in numbers."""
_DIRECTIONS = 2
_VISIBLE = 1e-5
"""Relative gain that one of them must bring ..."""
_PROMISED = 4.0
"""... beyond so many times what the residual of the optimality conditions promises."""


class Reference(NamedTuple):
    """The best feasible start of every trial."""

    x: np.ndarray
    """Coordinates ``(trial, coordinate)``."""
    cost: np.ndarray
    """Infinite where no start is feasible, ``(trial,)``."""

    def passes(self, best: Point) -> np.ndarray:
        """Which trials have a start that is feasible where their result is not, or better."""
        there = np.isfinite(self.cost)
        cost = np.where(there, self.cost, 0.0)
        kept = (best.violation <= FEASIBILITY) & (best.cost - cost <= _WORSE * np.maximum(np.abs(cost), 1e-300))
        return there & ~kept


def reference_of(problem: Problem, compiled: Programs, data: TrialData, x: np.ndarray, began: Judged) -> Reference:
    """From starts ``(trial, start, coordinate)`` and what they are worth, by trial and start.

    Where no start of a trial is feasible, they are brought to the magnitudes at which they are, if there are any.
    """
    trials, counts, size = x.shape
    x, cost, violation = x.copy(), began.cost.reshape(trials, counts), began.violation.reshape(trials, counts)
    cost, violation = np.array(cost), np.array(violation)
    lost = np.flatnonzero(~((violation <= FEASIBILITY) & np.isfinite(cost)).any(axis=1))
    if len(lost):
        trial, flat = data.of(np.repeat(lost, counts)), x[lost].reshape(-1, size)
        for decades in (DECADES, FINE_DECADES):
            flat = compiled.magnitude({"groups": groups(problem), "decades": decades}, flat, trial)
        judged: Judged = compiled.judge(None, flat, trial, compiled.measure(None, flat, trial).scaling)
        x[lost] = flat.reshape(-1, counts, size)
        cost[lost], violation[lost] = (part.reshape(-1, counts) for part in (judged.cost, judged.violation))
    feasible = (violation <= FEASIBILITY) & np.isfinite(cost)
    chosen = best_start(cost, violation, FEASIBILITY)
    everyone = np.arange(trials)
    return Reference(x[everyone, chosen], np.where(feasible[everyone, chosen], cost[everyone, chosen], np.inf))


def walked(problem: Problem, compiled: Programs, layout: Layout, x: np.ndarray, before: Point, trial: Any) -> Point:
    """Where a walk from feasible coordinates ``x`` ends, never worse than there; ``before`` gives the ticks so far."""
    scaling = compiled.measure(None, x, trial).scaling
    judged: Judged = compiled.judge(None, x, trial, scaling)
    unknown = np.full(len(x), np.inf)
    best = Point(
        x, judged.cost, judged.violation, np.zeros(scaling.factor.shape), scaling, before.status, unknown, before.ticks
    )
    radius, walking = np.full(len(x), _RADIUS), np.arange(len(x))
    for _ in range(_WALK):
        if not len(walking):
            break
        at, data = best.taken(walking), take(trial, walking)
        after, share = _step(problem, compiled, layout, at, data, radius)
        gain = at.cost - after.cost
        gained = (after.violation <= FEASIBILITY) & (gain > 0.0)
        best = best.updated(walking[gained], after.taken(gained))
        done = gained & (share < _AT_RIM) & (gain <= GAIN * np.abs(after.cost))
        earned = np.where(share >= _AT_RIM, np.minimum(2.0 * radius, _MOST_RADIUS), radius)
        radius = np.where(gained, earned, 0.25 * radius)
        going = ~done & (radius >= _LEAST_RADIUS)
        walking, radius = walking[going], radius[going]
    return best


def _step(
    problem: Problem, compiled: Programs, layout: Layout, at: Point, trial: Any, radius: np.ndarray
) -> tuple[Point, np.ndarray]:
    """One solve within the ball, and how much of its radius was gone."""
    scaling = compiled.measure(None, at.x, trial).scaling
    centre = at.x / scaling.coordinates
    y = np.concatenate([centre, np.zeros((len(centre), 1 if has_least(layout) else 0))], axis=1)
    data = {"trial": trial, "scaling": scaling, "centre": centre, "radius": radius}
    solved = solve_batch(compiled.within_ball, y, data, problem.engine or OPTIONS)
    moved = solved.x[:, : problem.coordinates]
    x = scaling.coordinates * moved
    judged: Judged = compiled.judge(None, x, trial, scaling)
    share = np.linalg.norm(moved - centre, axis=1) / radius
    unknown = np.full(len(x), np.inf)
    multipliers = solved.multipliers[:, :-1]
    ticks = at.ticks + solved.ticks
    return Point(x, judged.cost, judged.violation, multipliers, scaling, solved.status, unknown, ticks), share


def better_nearby(
    problem: Problem, compiled: Programs, at: Point, trial: Any, reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best of small steps from feasible points, and which of them gain; or gain so much that rounding decides.

    Amplitudes are turned, not made larger: a power limit that binds would forbid every other step. Where they are all
    zero, which is a stationary point of whatever is quadratic, the best magnitude of a random direction is tried, and
    the best magnitude of the point itself where the conditions do not hold.

    Args:
        problem: what is solved.
        compiled: its programs.
        at: the points.
        trial: data, of the same instances.
        reference: costs that tell what size of a gain means something.
    """
    measured = compiled.measure(None, at.x, trial)
    scales = measured.scaling.coordinates
    size = np.maximum(np.abs(at.cost), np.where(np.isfinite(reference), np.abs(reference), 0.0))
    slope = np.where(np.isfinite(measured.scaling.spread), measured.scaling.spread, 0.0)
    allowed = np.maximum(at.violation, 1e-9)
    parts = amplitudes(problem)
    directions = [
        np.random.default_rng((number, problem.coordinates)).standard_normal(problem.coordinates)
        for number in range(_DIRECTIONS)
    ]
    directions = [direction / np.linalg.norm(direction) for direction in directions]

    def after(step: Any, direction: np.ndarray) -> tuple[np.ndarray, Judged]:
        x = _turned(at.x, at.x + step * scales * direction, parts)
        return x, compiled.judge(None, x, trial, measured.scaling)

    for (
        direction
    ) in directions:  # what the objective is like nearby: beside that, the last digits of a zero are nothing
        change = np.abs(after(_STEPS[0], direction)[1].cost - at.cost)
        size = np.maximum(size, np.where(np.isfinite(change), change, 0.0))
    best, least = np.array(at.x), np.array(at.cost)

    def take_where_it_gains(x: np.ndarray, judged: Judged, step: Any) -> None:
        promised = _PROMISED * np.minimum(at.kkt, LOOSE) * slope * step
        gains = (judged.violation <= allowed) & (at.cost - judged.cost > _VISIBLE * size + promised)
        gains &= judged.cost < least
        best[gains], least[gains] = x[gains], judged.cost[gains]

    steps = [np.full(len(at.x), step) for step in _STEPS]
    steep = slope > size
    steps += [np.where(steep, share * size / np.where(steep, slope, 1.0), 0.0) for share in _CLIFFS]
    loud = parts.any(axis=0)
    silent = ~np.any(at.x[:, loud] != 0.0, axis=1) & loud.any()
    rescaled = silent | (at.kkt > LOOSE)
    for direction in directions:
        for step in steps:
            for sign in (1.0, -1.0) if step.any() else ():
                take_where_it_gains(*after(sign * step[:, None], direction), step)
        if rescaled.any():
            x = np.where(silent[:, None] & loud, direction, at.x)
            for decades in (DECADES, FINE_DECADES):
                x = compiled.magnitude({"groups": groups(problem), "decades": decades}, x, trial)
            x = np.where(rescaled[:, None], x, at.x)
            take_where_it_gains(x, compiled.judge(None, x, trial, measured.scaling), 0.0)
    rounding, change = _RESOLVED
    found = (least < at.cost) | (slope * rounding > change * size)
    # A solver that says itself that it was not finished is asked again where it did not get away from nothing.
    return best, found & ((at.kkt <= LOOSE) | (at.cost - least > _STUCK * np.abs(at.cost)))


def _turned(x: np.ndarray, moved: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """``moved`` with the norms that each part has at ``x``."""
    for part in parts:
        old, new = (np.linalg.norm(values[:, part], axis=1, keepdims=True) for values in (x, moved))
        keeps = (old > 0.0) & (new > 0.0)
        moved[:, part] *= np.where(keeps, old, 1.0) / np.where(keeps, new, 1.0)
    return moved
