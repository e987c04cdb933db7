# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""First phase for trials in which no start became feasible: the least common violation.

All rows get the same relative slack, as large as possible, but those that amplitudes of zero would meet (budgets,
masks), which stay hard. Where the best slack is positive, its point is a start like any other. Where it is not, its
multipliers are what a proof of infeasibility is made from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.optim.batched.engine import EngineOptions
from leoisac.optim.batched.engine import solve as solve_batch
from leoisac.problems.formulation import (
    DIFFERENCE,
    ROW_LENGTH,
    Rows,
    Scaling,
    constraint_rows,
    rows_of,
    unscaled_rows,
)
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.variables import Variable

from leoisac.foundation.jax_setup import jnp  # isort: skip

_NEARLY_ZERO = 1e-6
"""Factor on all amplitudes under which a row that is met is a budget."""


class Phase(NamedTuple):
    """Outcome of the first phase, instance first."""

    x: np.ndarray
    slack: np.ndarray
    multipliers: np.ndarray
    """Of the constraints' rows as scaled, in the order of ``formulation.rows_of``."""
    soft: np.ndarray
    """Which of these rows had the slack."""
    scaling: Scaling


class Softness(NamedTuple):
    """Which rows take part, and the slack that makes all of them met at the point."""

    soft: Any
    slack: Any


def softness(problem: Problem, layout: Layout, _: None, x: Any, trial: Any, scaling: Scaling) -> Softness:
    """Of one instance at coordinates ``x``."""
    count = constraint_rows(layout)

    def rows(point: Any) -> Any:
        sides = rows_of(layout, problem.quantities(problem.values(point), trial), 0.0)
        return Rows(sides.larger[:count], sides.smaller[:count])

    silent = rows(jnp.where(_amplitudes(problem.variables.values()), _NEARLY_ZERO * x, x))
    soft = ~(silent.larger >= silent.smaller)
    here = unscaled_rows(rows(x), scaling.form[:count]) / _units(scaling, count)
    return Softness(soft, jnp.min(jnp.where(soft, here, jnp.inf), initial=0.0))


def _units(scaling: Scaling, count: int) -> Any:
    """A slack of one means this much of a row: a difference by how far it moves with the variables."""
    return jnp.where(scaling.form[:count] == DIFFERENCE, ROW_LENGTH / scaling.factor[:count], 1.0)


def _amplitudes(kinds: Any) -> np.ndarray:
    """Coordinates that are amplitudes."""
    parts: list[np.ndarray] = []
    for kind in kinds:
        assert isinstance(kind, Variable)
        parts.append(np.full(kind.coordinates, kind.is_amplitude))
    return np.concatenate(parts)


def elastic(problem: Problem, layout: Layout, y: Any, data: Any) -> tuple[Any, Any]:
    """What the engine solves: the slack is the last of ``y``, and nothing is gained beyond a small positive one."""
    scaling: Scaling = data["scaling"]
    x, slack = scaling.coordinates * y[: problem.coordinates], y[problem.coordinates]
    count = constraint_rows(layout)
    sides = rows_of(layout, problem.quantities(problem.values(x), data["trial"]), 0.0)
    rows = unscaled_rows(Rows(sides.larger[:count], sides.smaller[:count]), scaling.form[:count])
    c = rows - jnp.where(data["soft"], slack * _units(scaling, count), 0.0)
    return -ROW_LENGTH * slack, jnp.append(c * scaling.factor[:count], MOST_SLACK - slack)


MOST_SLACK = 0.01
"""Relative slack at which the first phase has done enough."""


def first_phase(
    problem: Problem, softness: Any, fc: Any, x: np.ndarray, trial: Any, scaling: Scaling, options: EngineOptions
) -> Phase:
    """Largest slack from coordinates ``x`` on, for a batch."""
    began = softness(None, x, trial, scaling)
    y = np.concatenate([x / scaling.coordinates, began.slack[:, None]], axis=1)
    ended = solve_batch(fc, y, {"trial": trial, "scaling": scaling, "soft": began.soft}, options)
    return Phase(
        x=scaling.coordinates * ended.x[:, : problem.coordinates],
        slack=ended.x[:, problem.coordinates],
        multipliers=ended.multipliers[:, :-1],
        soft=began.soft,
        scaling=scaling,
    )
