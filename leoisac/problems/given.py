# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Statements in numbers of order one: what is written is what the engine solves.

Scales that follow from gradients (``scaling``) serve any units, and cost: magnitudes are searched, every start and
every result is measured, results are solved from again. Whoever has divided by the power budget and the noise needs
none of it. With ``Problem(..., scaling="given")`` rows are ``quantity - bound`` as the statement has them and the
objective is the statement's; a weight on a constraint is one on both of its sides.

``search`` is the whole of a design for who judges designs by other means than the statement: the engine from starts,
and from further ones where a constraint was missed. ``li.solve`` adds multipliers, margins, bounds and proofs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.batched.engine import compilations, solve_multistart
from leoisac.optim.options import EngineOptions
from leoisac.problems.formulation import DIFFERENCE, Scaling, constraint_rows, has_least
from leoisac.problems.problem import Layout, Problem, fields_of
from leoisac.problems.statement import Constraint, Goal, ProblemError, Sense
from leoisac.problems.variables import Real, Variable

LEAST = "least"
"""Name under which a start may give the least element of a ``maximise_least`` objective, where that is at hand."""


class Family:
    """One statement for all sizes: its variables follow from the shapes of the data.

    Args:
        statement: as of a ``Problem``.
        variables: kinds by name from the data, of which it looks at the last axes of shapes alone: it is called with
            one trial and with a batch.
        options: of ``Problem``.
    """

    def __init__(
        self, statement: Callable[..., Goal], variables: Callable[[Any], Mapping[str, Variable]], **options: Any
    ) -> None:
        self.statement = statement
        self.variables = variables
        self.options = options
        self._made: dict[Any, Problem] = {}

    def of(self, data: Any) -> Problem:
        """The problem for data of these shapes, the same object for the same sizes."""
        kinds = self.variables(data)
        key = tuple(kinds.items())
        if key not in self._made:
            self._made[key] = Problem(self.statement, kinds, scaling="given", **self.options)
        return self._made[key]

    def compilations(self) -> int:
        """Programs compiled so far, of all sizes."""
        return sum(compilations(program_of(one), settings(one)) for one in self._made.values())


class Found(NamedTuple):
    """What the engine found for every trial."""

    x: Leaf
    """Coordinates of the variables in turn, then the least element of a ``maximise_least`` objective, ``(trial, n)``;
    ``Problem.values`` has the variables by name."""
    objective: Leaf
    """As the statement has it, ``(trial,)``."""
    violation: Leaf
    """Largest shortfall of a row, at least 0."""
    status: Leaf
    """The engine's: it proves nothing infeasible."""
    iterations: Leaf
    """Evaluations of value and gradient, of all starts."""
    history: Leaf
    """The objective after each round of the augmented Lagrangian, ``(trial, round)``; NaN after the last."""

    def values(self, problem: Problem) -> dict[str, Any]:
        """The variables by name, ``(trial, *shape)``."""
        lengths = [kind.coordinates for kind in problem.variables.values()]
        parts = np.split(self.x, np.cumsum(lengths), axis=1)
        return {
            name: part.reshape(-1, *kind.shape) if isinstance(kind, Real) else jax.vmap(kind.value)(part)
            for (name, kind), part in zip(problem.variables.items(), parts, strict=False)
        }

    @property
    def outcome(self) -> dict[str, Any]:
        """Status, iterations and history, as solutions have them."""
        return {"status": self.status, "iterations": self.iterations, "history": self.history}

    def met(self, feasibility: float) -> np.ndarray:
        """Trials whose rows are all met to so much."""
        return np.asarray(self.violation) <= feasibility

    def updated(self, trials: Any, other: Found) -> Found:
        """With what was found for some of the trials instead."""

        def put(old: Any, new: Any) -> np.ndarray:
            changed = np.array(old)
            changed[trials] = new
            return changed

        return Found(*(put(old, new) for old, new in zip(self, other, strict=True)))


def as_written(problem: Problem, y: Any, data: Any, *stage: Any) -> tuple[Any, Any]:
    """What the engine solves: the objective, to be made small, and the rows, of one instance."""
    values = problem.values(y)
    goal = problem.goal(values, data, *stage)
    rows = [_row(constraint) for constraint in problem.constraints(goal, values).values()]
    if goal.sense == "maximise_least":
        objective = -y[-1] if goal.beside is None else -(y[-1] + goal.beside)
        rows = [jnp.ravel(jnp.asarray(goal.least_of, float)) - y[-1], *rows]
    else:
        objective = goal.objective if goal.sense == "minimise" else -goal.objective
    return objective, jnp.concatenate(rows) if rows else jnp.zeros(0)


def _row(constraint: Constraint) -> Any:
    """``larger - smaller`` of every element; an equation both ways."""
    excess = jnp.ravel(jnp.asarray(constraint.quantity - constraint.bound, float))
    if constraint.relation == "equals":
        return jnp.concatenate([excess, -excess])
    return excess if constraint.relation == "at_least" else -excess


def program_of(problem: Problem) -> Any:
    """The problem as the engine takes it, ``fc(x, data)``; with a path ``fc(x, data, stage)``."""
    return functools.partial(as_written, problem)


def search(
    problem: Problem | Family,
    data: Any,
    starts: Any,
    count: int | None = None,
    *,
    retries: int = 0,
    rows: np.ndarray | None = None,
) -> Found:
    """The engine from the first ``count`` starts of every trial, in the problem's ``engine`` settings.

    Args:
        problem: with ``scaling="given"``.
        data: pytree of arrays, trial axis first.
        starts: coordinates ``(trial, start, n)``, of ``starting_points`` or as ``Found.x`` has them.
        count: of starts for every trial; all of them by default.
        retries: further starts for trials that miss a row after these.
        rows: trials to be solved; the others, proven infeasible by their caller, stay at their first start.

    Raises:
        ProblemError: the problem is one in units of its own.
    """
    problem = problem.of(data) if isinstance(problem, Family) else problem
    if problem.scaling != "given":
        raise ProblemError(f'{problem.name} is in units of its own: use li.solve, or say scaling="given" if it is not.')
    starts = np.asarray(starts)
    first = starts.shape[1] if count is None else count
    if rows is not None and len(rows) < len(starts):
        found = _infeasible(starts, settings(problem).max_rounds)
        if not len(rows):
            return found
        return found.updated(rows, search(problem, take(data, rows), starts[rows], count, retries=retries))
    found = _from(problem, data, starts[:, :first])
    missed = np.flatnonzero(~found.met(settings(problem).feasibility))
    if not retries or not len(missed) or starts.shape[1] <= first:
        return found
    again = _from(problem, take(data, missed), starts[missed, first : first + retries])
    return found.updated(missed, again)


def _infeasible(starts: np.ndarray, rounds: int) -> Found:
    count = len(starts)
    return Found(
        x=starts[:, 0],
        objective=np.full(count, np.nan),
        violation=np.full(count, np.inf),
        status=np.full(count, int(Status.INFEASIBLE), dtype=np.int32),
        iterations=np.zeros(count, dtype=np.int32),
        history=np.full((count, rounds), np.nan),
    )


def _from(problem: Problem, data: Any, starts: np.ndarray) -> Found:
    sign = 1.0 if _sense(problem, data, slice(1, None)) == "minimise" else -1.0
    result = solve_multistart(program_of(problem), starts, data, settings(problem), problem.path)
    return Found(
        x=result.x,
        objective=sign * result.objective,
        violation=result.violation,
        status=result.status,
        iterations=result.ticks,
        history=sign * result.objective_history,
    )


def _sense(problem: Problem, data: Any, axes: slice = slice(None)) -> Sense:
    """Of the objective: known from the first reading on, which also refuses a statement that says nothing.

    ``axes`` of the data are those of one trial.
    """
    if problem.sense is not None:
        return problem.sense
    return problem.layout(jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[axes], leaf.dtype), data)).sense


def settings(problem: Problem) -> EngineOptions:
    """The engine's settings for a problem in numbers of order one."""
    return problem.engine or EngineOptions()


def starting_points(problem: Problem | Family, data: Any, starts: Mapping[str, Any] | None = None) -> Any:
    """Coordinates ``(start, n)`` of starts of one trial, ready for the engine; traceable.

    Args:
        problem: with ``scaling="given"``.
        data: of one trial.
        starts: by variable name, ``(start, *shape)``, and perhaps their ``LEAST``; the problem's own by default.

    Raises:
        ProblemError: there are none, or they do not fit the problem's variables.
    """
    problem = problem.of(data) if isinstance(problem, Family) else problem
    values, least = own_values(problem, data, starts)
    x = jnp.concatenate([problem.variables[name].locate(value) for name, value in values.items()], axis=1)
    if least is None and _sense(problem, data) == "maximise_least":
        # One after the other by the same code: written out for all starts it is most of a program.
        least = jax.lax.map(lambda one: least_at(problem, one, data), x)
    return x if least is None else jnp.concatenate([x, least[:, None]], axis=1)


def least_at(problem: Problem, x: Any, data: Any) -> Any:
    """Least element of a ``maximise_least`` objective at the coordinates of one trial; traceable."""
    return jnp.min(jnp.asarray(problem.goal(problem.values(x), data).least_of))


def own_values(problem: Problem, data: Any, starts: Any = None) -> tuple[dict[str, Any], Any]:
    """Values ``(start, *shape)`` of the problem's own starts by name, and least elements ``(start,)`` or None."""
    if starts is None and problem.starts is None:
        raise ProblemError(f"{problem.name} has no starts of its own: give it starts=... or li.solve(..., start=...).")
    found: Any = starts if problem.starts is None or starts is not None else problem.starts(fields_of(data))
    wanted = list(problem.variables)
    extra = [name for name in found if name not in (*wanted, LEAST)] if isinstance(found, Mapping) else wanted
    if not isinstance(found, Mapping) or extra or any(name not in found for name in wanted):
        said = f"{', '.join(found)}" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise ProblemError(
            f"The starts of {problem.name} are {said}; they must be a mapping with an array (start, *shape) for each "
            f"of {', '.join(wanted)}."
        )
    values = {name: jnp.asarray(found[name]) for name in wanted}
    for name, value in values.items():
        shape = problem.variables[name].shape
        counts = {len(other) for other in values.values() if other.ndim}
        if value.shape[1:] != shape or value.ndim != 1 + len(shape) or len(counts) != 1:
            raise ProblemError(
                f"The starts of {problem.name} have shape {value.shape} for {name!r}; it must be (start, *{shape}), "
                "with as many starts for every variable."
            )
    least = None if LEAST in problem.variables else found.get(LEAST)
    return values, None if least is None else jnp.asarray(least)


def unit_scaling(layout: Layout, coordinates: int, instances: int) -> Scaling:
    """Scales of instances whose numbers stay as they are."""
    rows = constraint_rows(layout) + (layout.elements if has_least(layout) else 0)
    one = np.ones(instances)
    return Scaling(
        coordinates=np.ones((instances, coordinates)),
        objective=one,
        least=0.0 * one,
        logarithmic=np.zeros(instances, bool),
        spread=one,
        form=np.full((instances, rows), DIFFERENCE, np.int32),
        factor=np.ones((instances, rows)),
    )


def standard_order(layout: Layout, multipliers: np.ndarray) -> np.ndarray:
    """Multipliers ``(instance, row)`` of the rows of ``as_written`` in the order of ``formulation.rows_of``: rows,
    equations once more, elements of the objective."""
    elements = layout.elements if has_least(layout) else 0
    first, again, place = list[int](), list[int](), elements
    for block in layout.blocks:
        count = block.rows.stop - block.first
        first += range(place, place + count)
        place += count
        if block.relation == "equals":
            again += range(place, place + count)
            place += count
    return multipliers[:, [*first, *again, *range(elements)]]
