# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""From a statement in physical units to what the engine solves: minimise ``f(y)`` subject to ``c(y) >= 0``.

The engine wants variables, objective and constraints of order one. All scales are numbers of an instance (trial and
start) and travel with its data, so that one compiled program serves any units. What was measured to matter:

* the form of a constraint ``larger >= smaller`` of positive quantities: ``log(larger / smaller)`` where the smaller
  side is a given floor, ``1 - smaller / larger`` where the larger side is a given ceiling. Not ``larger / smaller -
  1``, whose violation saturates near one where a user is far from its floor. Differences only where a side is zero or
  negative;
* the largest least element as a variable of its own on a logarithmic scale, with a row for each element;
* every row brought to gradients of the same length, the objective as well (see ``scaling``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jnp
from leoisac.problems.problem import Layout, Problem, Quantities

OBJECTIVE_LENGTH, ROW_LENGTH = 3.0, 2.0
"""Lengths to which the gradients of objective and rows are brought."""

DIFFERENCE, RATIO, LOGARITHM = 0, 1, 2
"""Forms of a row: ``larger - smaller``, ``1 - smaller / larger``, ``log(larger / smaller)``."""


class Scaling(NamedTuple):
    """What makes one instance's numbers of order one."""

    coordinates: Any
    """``x = coordinates * y``, shape ``(coordinate,)``."""
    objective: Any
    """Factor on the objective."""
    least: Any
    """Least element of the objective at the reference point: the unit of the extra variable."""
    logarithmic: Any
    """Whether the extra variable is the logarithm of the least element; else its difference in units of ``spread``."""
    spread: Any
    """Unit of that difference."""
    form: Any
    """Form of each row, shape ``(row,)``."""
    factor: Any
    """Factor on each row, shape ``(row,)``."""


class Rows(NamedTuple):
    """Both sides of every inequality ``larger >= smaller``: constraints, equations once more the other way round, and
    for ``maximise_least`` one row per element."""

    larger: Any
    smaller: Any


def constraint_rows(layout: Layout) -> int:
    """Number of inequalities from constraints: equations count twice."""
    return layout.rows + int(layout.mask("equals").sum())


def has_least(layout: Layout) -> bool:
    """Whether the least element is a variable of its own, after all coordinates."""
    return layout.sense == "maximise_least"


def rows_of(layout: Layout, quantities: Quantities, least: Any) -> Rows:
    """Rows of one trial; ``least`` is what every element of the objective must reach."""
    at_most, equals = layout.mask("at_most"), layout.mask("equals")
    larger = jnp.where(at_most, quantities.bound, quantities.quantity)
    smaller = jnp.where(at_most, quantities.quantity, quantities.bound)
    again = np.flatnonzero(equals)
    larger, smaller = jnp.concatenate([larger, smaller[again]]), jnp.concatenate([smaller, larger[again]])
    if has_least(layout):
        larger = jnp.concatenate([larger, quantities.objective])
        smaller = jnp.concatenate([smaller, jnp.broadcast_to(least, (layout.elements,))])
    return Rows(larger, smaller)


def unscaled_rows(rows: Rows, form: Any) -> Any:
    """Every row in its form. A logarithm or ratio of what is not positive is NaN: the solver steps back from there."""
    ratio, logarithm = form == RATIO, form == LOGARITHM
    larger, smaller = (jnp.where(form == DIFFERENCE, 1.0, side) for side in rows)
    valid = jnp.where(larger > 0.0, larger, jnp.nan)
    # Each branch sees harmless numbers where it is not taken: a NaN would pass through the gradient of ``where``.
    as_ratio = 1.0 - jnp.where(ratio, smaller, 1.0) / jnp.where(ratio, valid, 1.0)
    as_logarithm = jnp.log(jnp.where(logarithm, valid, 1.0)) - jnp.log(jnp.where(logarithm, smaller, 1.0))
    return jnp.where(ratio, as_ratio, jnp.where(logarithm, as_logarithm, rows.larger - rows.smaller))


def least_element(scaling: Scaling, level: Any) -> Any:
    """The least element that the extra variable stands for."""
    return jnp.where(
        scaling.logarithmic,
        jnp.where(scaling.logarithmic, scaling.least, 1.0) * jnp.exp(jnp.where(scaling.logarithmic, level, 0.0)),
        scaling.least + scaling.spread * level,
    )


def level_of(scaling: Scaling, least: Any) -> Any:
    """The extra variable at a least element: the inverse of ``least_element``."""
    ratio = jnp.where(scaling.logarithmic, least, 1.0) / jnp.where(scaling.logarithmic, scaling.least, 1.0)
    return jnp.where(scaling.logarithmic, jnp.log(ratio), (least - scaling.least) / scaling.spread)


def stated(problem: Problem, layout: Layout, y: Any, data: Any) -> tuple[Any, Any]:
    """What the engine solves: objective and rows of one instance, ``data`` having ``trial`` and ``scaling``."""
    scaling: Scaling = data["scaling"]
    x = scaling.coordinates * y[: problem.coordinates]
    quantities = problem.quantities(problem.values(x), data["trial"])
    if has_least(layout):
        level = y[problem.coordinates]
        rows = rows_of(layout, quantities, least_element(scaling, level))
        return -scaling.objective * level, scaling.factor * unscaled_rows(rows, scaling.form)
    sign = 1.0 if layout.sense == "minimise" else -1.0
    rows = rows_of(layout, quantities, None)
    return sign * scaling.objective * quantities.objective[0], scaling.factor * unscaled_rows(rows, scaling.form)


def within_ball(problem: Problem, layout: Layout, y: Any, data: Any) -> tuple[Any, Any]:
    """As ``stated``, but no further than ``data``'s ``radius`` from its ``centre``: with one row more, the last."""
    objective, rows = stated(problem, layout, y, data)
    share = (y[: problem.coordinates] - data["centre"]) / data["radius"]
    room = 0.5 * ROW_LENGTH * data["radius"] * (1.0 - jnp.sum(share**2))
    return objective, jnp.append(rows, room)


def row_units(layout: Layout, scaling: Scaling, bound: Any) -> Any:
    """What a violation of each constraint's row is relative to: its bound, or, where the row is a difference and its
    bound zero or no given number, how far it moves when the variables move by their own size."""
    moves = ROW_LENGTH / scaling.factor[: layout.rows]
    size = jnp.abs(bound)
    own = (size == 0.0) | ((scaling.form[: layout.rows] == DIFFERENCE) & ~layout.fixed_bound)
    return jnp.where(own, moves, size)


def relative_margins(layout: Layout, scaling: Scaling, quantities: Quantities) -> Any:
    """Margins of the constraints' rows, at least 0 where met; of an equation minus its relative error."""
    at_most, equals = layout.mask("at_most"), layout.mask("equals")
    excess = quantities.quantity - quantities.bound
    margin = jnp.where(at_most, -excess, jnp.where(equals, -jnp.abs(excess), excess))
    return margin / row_units(layout, scaling, quantities.bound)


def cost_of(layout: Layout, quantities: Quantities) -> Any:
    """The objective of one trial as something to be made small."""
    least = jnp.min(quantities.objective)
    return least if layout.sense == "minimise" else -least


def largest_relative_violation(margins: Any) -> Any:
    """Of the constraints' rows; infinite where a margin is not finite."""
    short = jnp.max(-margins, initial=0.0)
    return jnp.where(jnp.isfinite(short), short, jnp.inf)
