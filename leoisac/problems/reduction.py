# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Beams in the span of what the data know of directions, where nothing is lost by it.

A statement that sees beams only through channels and steering vectors, and their power through a total, has its optimum
in the span of those vectors: what a beam has outside reaches nobody and costs power. With 64 antennas and 5 directions
that leaves 5 numbers of 64. Whether a statement is of that kind is tried, not assumed: at random beams the projection
must neither make the objective worse nor any constraint tighter, and at beams in the span nothing may have a slope out
of it (powers per antenna have). The optimality conditions of a solution are those of all antennas in any case.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.problems.formulation import constraint_rows, cost_of, rows_of
from leoisac.problems.problem import Fields, Layout, Problem
from leoisac.problems.trial_data import TrialData
from leoisac.problems.variables import Beams

_TRIED = 3
"""Random beams at which the projection is tried, in every trial."""
_ROUNDING = 1e-9


class Reduction(NamedTuple):
    """A problem in the span of its data, and how to come back."""

    problem: Problem
    data: TrialData
    bases: Mapping[str, np.ndarray]
    """Orthonormal columns ``(trial, antenna, direction)`` for every variable that is reduced."""

    def inside(self, start: Mapping[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
        """The user's own starts ``(trial, start, *shape)``, projected."""
        if start is None:
            return None
        return {
            name: np.conj(np.swapaxes(self.bases[name], 1, 2))[:, None] @ values if name in self.bases else values
            for name, values in start.items()
        }

    def expanded(self, problem: Problem, x: np.ndarray, trials: np.ndarray) -> np.ndarray:
        """Coordinates of ``problem`` from those of the reduced one, for some of the trials."""
        parts, first = list[np.ndarray](), 0
        for name, kind in self.problem.variables.items():
            part = x[:, first : first + kind.coordinates]
            first += kind.coordinates
            if name in self.bases:
                half = part.shape[1] // 2
                beams = (part[:, :half] + 1j * part[:, half:]).reshape(-1, *kind.shape)
                part = problem.variables[name].locate(self.bases[name][trials] @ beams)
            parts.append(part)
        return np.concatenate(parts, axis=1)


def reduction_of(problem: Problem, data: TrialData) -> Reduction | None:
    """The reduced problem, or None where it is not much smaller or something could be lost."""
    rows = {name: _rows(kind, data) for name, kind in problem.variables.items() if isinstance(kind, Beams)}
    rows = {
        name: found
        for name, found in rows.items()
        if found and 2 * sum(array.shape[1] for array in found) <= problem.variables[name].shape[0]
    }
    if not rows:
        return None
    bases: dict[str, np.ndarray] = {}
    for name, found in rows.items():
        # Rows are h of amplitudes h^H w: as columns they are the directions themselves.
        columns = np.swapaxes(np.concatenate(found, axis=1), 1, 2)
        bases[name] = np.linalg.qr(np.where(np.isfinite(columns), columns, 0.0))[0]
    if not _nothing_is_lost(problem, data, bases):
        return None
    inner = _inner_problem(problem, tuple((name, basis.shape[2]) for name, basis in bases.items()))
    arrays = {
        "given": data.arrays,
        "bases": bases,
        # What starts are made from: the same directions as the reduced beams see them.
        "directions": {name: [array @ np.conj(bases[name]) for array in found] for name, found in rows.items()},
    }
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), arrays)
    return Reduction(inner, TrialData(arrays, data.trials, inner.layout(one)), bases)


def _rows(kind: Beams, data: TrialData) -> list[np.ndarray]:
    """Complex arrays whose rows have an element for each antenna, ``(trial, row, antenna)``."""
    antennas = kind.shape[0]
    return [
        leaf.reshape(data.trials, -1, antennas)
        for leaf in jax.tree.leaves(data.arrays)
        if leaf.dtype.kind == "c" and leaf.ndim >= 2 and leaf.shape[-1] == antennas
    ]


@functools.cache
def _inner_problem(problem: Problem, sizes: tuple[tuple[str, int], ...]) -> Problem:
    """The statement for beams in the coordinates of their bases."""

    def statement(v: Any, d: Any) -> Any:
        values = {name: d["bases"][name] @ v[name] if name in dict(sizes) else v[name] for name in problem.variables}
        return problem.statement(Fields(values, "variable"), d["given"])

    kinds = dict(problem.variables)
    for name, directions in sizes:
        kinds[name] = Beams(antennas=directions, streams=kinds[name].shape[1])
    return Problem(statement, kinds, name=problem.name, engine=problem.engine)


def _nothing_is_lost(problem: Problem, data: TrialData, bases: Mapping[str, np.ndarray]) -> bool:
    """Whether projecting random beams keeps objective and constraints, in all trials."""
    compare = _comparison(problem, data.layout)
    for number in range(_TRIED):
        rng = np.random.default_rng(number)
        x = rng.standard_normal(problem.coordinates) * 10.0 ** rng.uniform(-2.0, 2.0)
        outside = compare(None, np.broadcast_to(x, (data.trials, problem.coordinates)), dict(bases), data.arrays)
        if not np.all(outside[data.finite()] <= _ROUNDING):
            return False
    return True


@functools.cache
def _comparison(problem: Problem, layout: Layout) -> Any:
    def worse(_: None, x: Any, bases: Any, trial: Any) -> Any:
        """Largest relative loss of a random point by the projection, and largest share of a slope that leads out."""
        values = problem.values(x)

        def projected(value: Any, name: str) -> Any:
            return bases[name] @ (jnp.conj(bases[name]).T @ value)

        def quantities(chosen: dict[str, Any]) -> Any:
            return problem.quantities({**values, **chosen}, trial)

        inside = {name: projected(values[name], name) for name in bases}
        before, after = quantities({}), quantities(inside)
        count = constraint_rows(layout)
        slack = [rows_of(layout, numbers, 0.0) for numbers in (before, after)]
        size = jnp.maximum(jnp.abs(slack[0].larger), jnp.abs(slack[0].smaller))[:count]
        lost = ((slack[0].larger - slack[0].smaller) - (slack[1].larger - slack[1].smaller))[:count]
        cost = [cost_of(layout, numbers) for numbers in (before, after)]
        dearer = (cost[1] - cost[0]) / jnp.maximum(jnp.abs(cost[0]), 1e-300)
        loss = jnp.maximum(dearer, jnp.max(lost / jnp.where(size > 0.0, size, 1.0), initial=0.0))

        def parts(halves: dict[str, tuple[Any, Any]]) -> Any:
            numbers = quantities({name: real + 1j * imag for name, (real, imag) in halves.items()})
            return jnp.concatenate([numbers.objective, numbers.quantity, numbers.bound])

        slopes: Any = jax.jacrev(parts)({name: (jnp.real(value), jnp.imag(value)) for name, value in inside.items()})
        for name, (real, imag) in slopes.items():
            slope = real + 1j * imag
            outside = slope - jax.vmap(functools.partial(projected, name=name))(slope)
            length = jnp.sqrt(jnp.sum(jnp.abs(slope) ** 2, axis=(1, 2)))
            leads_out = jnp.sqrt(jnp.sum(jnp.abs(outside) ** 2, axis=(1, 2))) / jnp.where(length > 0.0, length, 1.0)
            loss = jnp.maximum(loss, jnp.max(leads_out))
        return jnp.where(jnp.isfinite(loss), loss, jnp.inf)

    return by_lanes(worse)
