# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Bounds and proofs of infeasibility for the trials of a solution: from its multipliers to ``bounds``."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.problems.bounds import NONE, Bound, dual_bound, infeasibility_proof
from leoisac.problems.formulation import DIFFERENCE, Scaling, constraint_rows
from leoisac.problems.problem import Layout, Problem, both_sides, split
from leoisac.problems.variables import Phases, Real

MOST_COORDINATES = 520
"""Natural coordinates up to which bounds are looked for: their cost grows with the cube."""

_SENSES = {"minimise": "minimise", "maximise": "maximise", "maximise_least": "least"}


@functools.cache
def raw_statement(problem: Problem, layout: Layout) -> Any:
    """The statement in natural coordinates as ``bounds`` reads it; the modulus of every phase is an equation."""

    def raw(x: Any, data: Any) -> tuple[Any, dict[str, tuple[Any, Any]]]:
        # Each constraint by itself, not as slices of all rows in one: what is known of a row would be lost beside
        # another of which nothing is.
        values = problem.natural_values(x)
        goal = problem.goal(values, data)
        rows: dict[str, tuple[Any, Any]] = {}
        for name, constraint in problem.constraints(goal, values).items():
            sides = both_sides(constraint)
            rows[name] = sides[::-1] if constraint.relation == "at_most" else sides
        for name, kind in problem.variables.items():
            if isinstance(kind, Phases):
                z = jnp.ravel(values[name])
                rows[_modulus(name)] = jnp.real(z) ** 2 + jnp.imag(z) ** 2, jnp.ones(kind.elements)
        return (jnp.ravel(goal.objective) if layout.sense == "maximise_least" else goal.objective), rows

    return raw


def _modulus(name: str) -> str:
    return f"modulus of {name}"


def equations(problem: Problem, layout: Layout) -> frozenset[str]:
    """Names of the rows that are equations."""
    stated = {block.name for block in layout.blocks if block.relation == "equals"}
    return frozenset(stated | {_modulus(name) for name, kind in problem.variables.items() if isinstance(kind, Phases)})


def nonnegative(problem: Problem) -> tuple[int, ...]:
    """Natural coordinates that are at least zero by the kind of their variable."""
    found, first = list[int](), 0
    for kind in problem.variables.values():
        if isinstance(kind, Real) and kind.lower is not None and kind.lower >= 0.0:
            found += range(first, first + kind.natural_coordinates)
        first += kind.natural_coordinates
    return tuple(found)


def natural_coordinates(problem: Problem, values: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Natural coordinates ``(trial, coordinate)`` of a solution."""
    parts = np.split(x, np.cumsum([kind.coordinates for kind in problem.variables.values()])[:-1], axis=1)
    return np.concatenate(
        [
            kind.locate_natural(values[name]) if isinstance(kind, Phases) else part
            for (name, kind), part in zip(problem.variables.items(), parts, strict=True)
        ],
        axis=1,
    )


def bounds_of(
    problem: Problem,
    layout: Layout,
    x: np.ndarray,
    prices: np.ndarray,
    weights: np.ndarray | None,
    trial: Any,
) -> list[Bound]:
    """A bound for every instance at natural coordinates ``x``.

    Args:
        problem: and
        layout: what is stated.
        x: natural coordinates of solutions, instance first.
        prices: derivative of the best objective with respect to every bound, ``(instance, row)``.
        weights: multipliers of the elements of a ``maximise_least`` objective, ``(instance, element)``.
        trial: data, instance first.
    """
    if x.shape[1] > MOST_COORDINATES:
        reason = f"not looked for: {x.shape[1]} real coordinates, more than {MOST_COORDINATES}"
        return [Bound(np.nan, NONE, reason)] * len(x)
    raw = raw_statement(problem, layout)
    lagrangian = _lagrangian_multipliers(layout, prices)
    moduli = _moduli(problem, layout, x, lagrangian, weights, trial)
    found: list[Bound] = []
    for number in range(len(x)):
        named = {block.name: lagrangian[number, block.rows] for block in layout.blocks}
        named |= {name: values[number] for name, values in moduli.items()}
        one = jax.tree.map(lambda leaf, number=number: leaf[number], trial)
        share = None if weights is None else weights[number]
        found.append(
            dual_bound(
                raw,
                _SENSES[layout.sense],  # type: ignore[arg-type]
                x[number],
                named,
                one,
                weights=share,
                equalities=equations(problem, layout),
                nonnegative=nonnegative(problem),
            )
        )
    return found


def _lagrangian_multipliers(layout: Layout, prices: np.ndarray) -> np.ndarray:
    """Multipliers of ``larger - smaller``: at least 0 for inequalities, of the Lagrangian's sign for equations."""
    sign = 1.0 if layout.sense == "minimise" else -1.0
    return np.where(layout.mask("equals"), sign * prices, np.abs(prices))


def _moduli(
    problem: Problem, layout: Layout, x: np.ndarray, multipliers: np.ndarray, weights: Any, trial: Any
) -> dict[str, np.ndarray]:
    """Multipliers of the moduli of phases: what the Lagrangian gains when an element grows."""
    if not any(isinstance(kind, Phases) for kind in problem.variables.values()):
        return {}
    share = np.ones((len(x), 1)) if weights is None else weights
    slopes = _radial_slopes(problem, layout)(None, x, multipliers, share, trial)
    found: dict[str, np.ndarray] = {}
    lengths = [kind.natural_coordinates for kind in problem.variables.values()]
    for (name, kind), part in zip(problem.variables.items(), split(slopes.T, lengths), strict=True):
        if isinstance(kind, Phases):
            found[_modulus(name)] = (part[: kind.elements] + part[kind.elements :]).T / 2.0
    return found


@functools.cache
def _radial_slopes(problem: Problem, layout: Layout) -> Any:
    """``x d/dx`` of the Lagrangian without the moduli, by lanes; of both signs as ``bounds`` takes them."""
    raw = raw_statement(problem, layout)
    sign = 1.0 if layout.sense == "minimise" else -1.0

    def slopes(_: None, x: Any, multipliers: Any, weights: Any, trial: Any) -> Any:
        def lagrangian(point: Any) -> Any:
            objective, rows = raw(point, trial)
            total = jnp.sum(weights * jnp.ravel(objective))
            for block in layout.blocks:
                larger, smaller = rows[block.name]
                total = total - sign * jnp.sum(multipliers[block.rows] * (larger - smaller))
            return total

        return sign * x * jax.grad(lagrangian)(x)

    return by_lanes(slopes)


def proven_infeasible(
    problem: Problem,
    layout: Layout,
    x: np.ndarray,
    multipliers: np.ndarray,
    soft: np.ndarray,
    scaling: Scaling,
    trial: Any,
) -> np.ndarray:
    """Which instances no design can serve, from the outcome of their first phase.

    Args:
        problem: and
        layout: what is stated.
        x: natural coordinates at the end of the first phase, instance first.
        multipliers: of its rows, in the order of ``formulation.rows_of``.
        soft: which of them had the slack.
        scaling: of its rows.
        trial: data, instance first.
    """
    if x.shape[1] > MOST_COORDINATES:
        return np.zeros(len(x), bool)
    count = constraint_rows(layout)
    weights = np.where(soft, multipliers[:, :count], 0.0) * scaling.factor[:, :count]
    weights = np.where(scaling.form[:, :count] == DIFFERENCE, 0.0, weights)
    raw = raw_statement(problem, layout)
    proven = np.zeros(len(x), bool)
    for number in range(len(x)):
        named = {block.name: weights[number, block.rows] for block in layout.blocks if block.relation != "equals"}
        one = jax.tree.map(lambda leaf, number=number: leaf[number], trial)
        proof = infeasibility_proof(
            raw, x[number], named, one, equalities=equations(problem, layout), nonnegative=nonnegative(problem)
        )
        proven[number] = proof is not None
    return proven
