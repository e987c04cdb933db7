# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""One pass of a solution: a solve by the engine in given scales, then point and multipliers polished; and what makes
one point better than another."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.optim.batched.engine import EngineOptions
from leoisac.optim.batched.engine import solve as solve_batch
from leoisac.problems.formulation import Scaling, has_least
from leoisac.problems.given import program_of, settings, standard_order
from leoisac.problems.points import FEASIBILITY, Point
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.programs import Programs

GAIN = 1e-7
"""Relative change of the objective that counts as one."""
_WORTH = 10.0
"""Relative change of the objective that a relative violation may bring, times so much."""
_LOSS = 1e-2
"""Relative loss of the objective by which polishing a feasible point may make it a better one."""
_ROUNDING = 1e-9
"""Relative violation that polishing may leave."""
STATIONARY = 1e-4
"""Relative residual of the optimality conditions at which no further pass is made."""
OPTIONS = EngineOptions(lanes=16, feasibility=FEASIBILITY, gradient_floor=1e-3, value_tolerance=1e-6)
"""Settings of the engine for stated problems."""


def is_settled(at: Point) -> np.ndarray:
    return (at.kkt <= STATIONARY) & (at.violation <= FEASIBILITY)


def improves(after: Point, before: Point) -> np.ndarray:
    """Where the later point takes the place of the earlier one."""
    feasible, was_feasible = after.violation <= FEASIBILITY, before.violation <= FEASIBILITY
    room = GAIN * np.abs(before.cost)
    lower = feasible & was_feasible & (after.cost <= before.cost + room)
    lower &= (after.cost < before.cost - room) | (after.kkt <= before.kkt)
    # What the earlier one gains by constraints that are met less well is no gain.
    owed = _WORTH * (before.violation - after.violation) * np.abs(before.cost)
    lower |= feasible & was_feasible & is_settled(after) & ~is_settled(before) & (after.cost <= before.cost + owed)
    closer = ~feasible & ~was_feasible & (after.violation < before.violation)
    return np.isfinite(after.cost) & (lower | (feasible & ~was_feasible) | closer)


def descend(problem: Problem, compiled: Programs, layout: Layout, x: np.ndarray, trial: Any, scaling: Scaling) -> Point:
    """One solve by the engine from ``x``, in these scales."""
    if problem.scaling == "given":
        level = compiled.level(None, x, trial)[:, None] if has_least(layout) else x[:, :0]
        y = np.concatenate([x, level], axis=1)
        solved = solve_batch(program_of(problem), y, trial, settings(problem), problem.path)
        multipliers = standard_order(layout, solved.multipliers)
    else:
        level = np.zeros((len(x), 1 if has_least(layout) else 0))
        y = np.concatenate([x / scaling.coordinates, level], axis=1)
        solved = solve_batch(compiled.stated, y, {"trial": trial, "scaling": scaling}, problem.engine or OPTIONS)
        multipliers = solved.multipliers
    x = scaling.coordinates * solved.x[:, : problem.coordinates]
    judged = compiled.judge(None, x, trial, scaling)
    unknown = np.full(len(x), np.inf)
    return Point(x, judged.cost, judged.violation, multipliers, scaling, solved.status, unknown, solved.ticks)


def polished(compiled: Programs, at: Point, trial: Any) -> Point:
    """With point and multipliers polished, where that keeps the constraints and what the objective is worth: what
    Newton's method finds is stationary, and may be the worst point as well as the best."""
    new = compiled.settle(None, at.x, at.multipliers, {"trial": trial, "scaling": at.scaling})
    judged = compiled.judge(None, new.x, trial, at.scaling)
    after = at._replace(x=new.x, cost=judged.cost, violation=judged.violation, multipliers=new.multipliers, kkt=new.kkt)
    kept = (after.violation <= np.maximum(at.violation, _ROUNDING)) & np.isfinite(after.cost)
    loss = after.cost - at.cost > (_LOSS + _WORTH * at.violation) * np.abs(at.cost)
    kept &= ~(loss & (at.violation <= FEASIBILITY))
    stays = np.flatnonzero(~kept)
    if not len(stays):
        return after
    # The residual of a point that was not taken says nothing about the one that stays.
    old = at.taken(stays)
    instance = jax.tree.map(lambda leaf: leaf[stays], {"trial": trial, "scaling": at.scaling})
    seen = compiled.looked_at(None, old.x, old.multipliers, instance)
    return after.updated(stays, old._replace(multipliers=seen.multipliers, kkt=seen.kkt))
