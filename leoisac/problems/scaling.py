# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Scales from gradients at a point, for one instance.

Each variable has unit norm at the point; the objective's gradient gets the length 3, every row's the length 2, as seen
by these variables. Relative rows keep some of their own length, for there a violation has a meaning; differences, in
whatever unit, do not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems.formulation import (
    DIFFERENCE,
    LOGARITHM,
    OBJECTIVE_LENGTH,
    RATIO,
    ROW_LENGTH,
    Scaling,
    has_least,
    rows_of,
    unscaled_rows,
)
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.variables import Phases

_MOST = 1e3
"""Largest factor on a relative row, and the inverse of the smallest."""


class Measured(NamedTuple):
    """Scales that follow from one point."""

    scaling: Scaling
    slope: Any
    """Length of the objective's gradient, in units of the objective per unit of the scaled variables."""


def measure(problem: Problem, layout: Layout, x: Any, trial: Any) -> Measured:
    """Scales at the coordinates ``x`` of one trial; the factor on the objective is that of this point alone."""
    coordinates = coordinate_scales(problem, x)
    quantities = problem.quantities(problem.values(x), trial)
    least = jnp.min(quantities.objective)
    logarithmic = jnp.all(quantities.objective > 0.0) & has_least(layout)
    form = _forms(layout, rows_of(layout, quantities, least), logarithmic)

    def scaled(y: Any) -> tuple[Any, Any]:
        numbers = problem.quantities(problem.values(coordinates * y), trial)
        return numbers.objective, unscaled_rows(rows_of(layout, numbers, least), form)

    jacobians: Any = jax.jacrev(scaled)(x / coordinates)
    objective_slopes, row_slopes = (jnp.sqrt(jnp.sum(jacobian**2, axis=-1)) for jacobian in jacobians)
    spread = jnp.maximum(jnp.max(objective_slopes), 1e-300)
    if has_least(layout):
        # The extra variable is on the smaller side of its rows, with slope one where logarithmic.
        own = jnp.where(logarithmic, 1.0, spread)
        count = layout.elements
        row_slopes = row_slopes.at[-count:].set(jnp.sqrt(row_slopes[-count:] ** 2 + own**2))
    safe = jnp.where((row_slopes > 0.0) & jnp.isfinite(row_slopes), row_slopes, ROW_LENGTH)
    factor = ROW_LENGTH / safe
    factor = jnp.where(form == DIFFERENCE, factor, jnp.clip(factor, 1.0 / _MOST, _MOST))
    slope = jnp.where(has_least(layout), 1.0, jnp.max(objective_slopes))
    scaling = Scaling(
        coordinates=coordinates,
        objective=OBJECTIVE_LENGTH / jnp.maximum(slope, 1e-300),
        least=least,
        logarithmic=logarithmic,
        spread=spread,
        form=form,
        factor=factor,
    )
    return Measured(scaling, slope)


def coordinate_scales(problem: Problem, x: Any) -> Any:
    """Norm of each variable's coordinates, repeated for all of them; for angles that of a radian each."""
    scales, first = list[Any](), 0
    for kind in problem.variables.values():
        part = x[first : first + kind.coordinates]
        first += kind.coordinates
        norm = jnp.sqrt(jnp.sum(part**2))
        if isinstance(kind, Phases):
            norm = jnp.sqrt(float(kind.coordinates))
        scales.append(jnp.full(kind.coordinates, jnp.where(norm > 0.0, norm, 1.0)))
    return jnp.concatenate(scales)


def _forms(layout: Layout, rows: Any, logarithmic: Any) -> Any:
    """Form of every row at a point: relative where both sides are positive (a ceiling's smaller side may be any)."""
    given_bound = np.concatenate([layout.fixed_bound, layout.fixed_bound[layout.mask("equals")]])
    at_least = np.concatenate([layout.mask("at_least"), np.zeros(int(layout.mask("equals").sum()), bool)])
    at_most = np.concatenate([layout.mask("at_most"), np.zeros(int(layout.mask("equals").sum()), bool)])
    count = len(given_bound)
    larger, smaller = rows.larger[:count], rows.smaller[:count]
    both = (larger > 0.0) & (smaller > 0.0)
    floor = jnp.where(both, jnp.where(given_bound, LOGARITHM, RATIO), DIFFERENCE)
    ceiling = jnp.where(larger > 0.0, RATIO, DIFFERENCE)
    form = jnp.where(at_least, floor, jnp.where(at_most, ceiling, jnp.where(both, RATIO, DIFFERENCE)))
    if has_least(layout):
        elements = jnp.full(layout.elements, jnp.where(logarithmic, LOGARITHM, DIFFERENCE))
        form = jnp.concatenate([form, elements])
    return form.astype(jnp.int32)
