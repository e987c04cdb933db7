# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""What is compiled for a problem and the shapes of its data."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import BatchedFunction, by_lanes
from leoisac.optim.batched.kkt import polish
from leoisac.problems.feasibility import elastic, softness
from leoisac.problems.formulation import (
    cost_of,
    has_least,
    largest_relative_violation,
    level_of,
    relative_margins,
    stated,
    within_ball,
)
from leoisac.problems.given import least_at, own_values
from leoisac.problems.problem import Layout, Problem, Quantities
from leoisac.problems.scaling import measure
from leoisac.problems.starts import magnitude

POLISHING_STEPS = 4
HESSIAN_LIMIT = 320
"""Coordinates up to which a point is polished with second derivatives."""
SETTLING_LANES = 8


class Programs(NamedTuple):
    """Functions of one instance, batched by lanes; see the modules that they come from."""

    magnitude: BatchedFunction
    """``(scan, x, trial)`` to ``x``."""
    measure: BatchedFunction
    """``(None, x, trial)`` to ``Measured``."""
    judge: BatchedFunction
    """``(None, x, trial, scaling)`` to ``Judged``."""
    settle: BatchedFunction
    """``(None, x, multipliers, instance)`` to ``Settled``."""
    looked_at: BatchedFunction
    """As ``settle``, but the point stays: its multipliers and residual."""
    level: BatchedFunction
    """``(None, x, trial)`` to the least element of a ``maximise_least`` objective, without what counts beside it."""
    own_starts: BatchedFunction
    """``(None, trial)`` to the values of the problem's own starts by name."""
    softness: BatchedFunction
    """``(None, x, trial, scaling)`` to ``Softness``."""
    stated: Any
    within_ball: Any
    elastic: Any
    """Problems for the engine."""


class Judged(NamedTuple):
    """A trial's values and what they are worth, in the statement's own terms."""

    values: dict[str, Any]
    quantities: Quantities
    objective: Any
    cost: Any
    margins: Any  # (row,)
    violation: Any


class Settled(NamedTuple):
    """A polished point."""

    x: Any
    multipliers: Any
    kkt: Any


def judge(problem: Problem, layout: Layout, _: None, x: Any, trial: Any, scaling: Any) -> Judged:
    """The statement's quantities at the final values of the variables."""
    values = {name: problem.variables[name].cleaned(value) for name, value in problem.values(x).items()}
    quantities = problem.quantities(values, trial)
    margins = relative_margins(layout, scaling, quantities)
    return Judged(
        values=values,
        quantities=quantities,
        objective=jnp.min(quantities.objective),
        cost=cost_of(layout, quantities),
        margins=margins,
        violation=largest_relative_violation(margins),
    )


def settle(
    problem: Problem, layout: Layout, steps: int | None, _: None, x: Any, multipliers: Any, instance: Any
) -> Settled:
    """Point and multipliers made consistent, in the scales of the instance, by at most so many steps."""
    scaling = instance["scaling"]
    y = x / scaling.coordinates
    if has_least(layout):
        least = jnp.min(problem.quantities(problem.values(x), instance["trial"]).objective)
        y = jnp.append(y, level_of(scaling, least))
    fc = functools.partial(stated, problem, layout)
    polished = polish(
        fc, y, instance, multipliers, steps=POLISHING_STEPS if steps is None else steps, hessian_limit=HESSIAN_LIMIT
    )
    moved = scaling.coordinates * polished.x[: problem.coordinates]
    return Settled(moved, polished.multipliers, polished.stationarity)


@functools.cache
def programs(problem: Problem, layout: Layout) -> Programs:
    """Programs of a problem with data of certain shapes."""

    def level(_: None, x: Any, trial: Any) -> Any:
        return least_at(problem, x, trial)

    def own_starts(_: None, trial: Any) -> Any:
        return own_values(problem, trial)[0]

    def measured(_: None, x: Any, trial: Any) -> Any:
        return measure(problem, layout, x, trial)

    return Programs(
        magnitude=by_lanes(functools.partial(magnitude, problem, layout)),
        measure=by_lanes(measured),
        judge=by_lanes(functools.partial(judge, problem, layout)),
        settle=by_lanes(functools.partial(settle, problem, layout, None), lanes=SETTLING_LANES),
        looked_at=by_lanes(functools.partial(settle, problem, layout, 0), lanes=SETTLING_LANES),
        level=by_lanes(level),
        own_starts=by_lanes(own_starts),
        softness=by_lanes(functools.partial(softness, problem, layout)),
        stated=functools.partial(stated, problem, layout),
        within_ball=functools.partial(within_ball, problem, layout),
        elastic=functools.partial(elastic, problem, layout),
    )
