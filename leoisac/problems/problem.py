# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""A stated problem: a statement and its variables, and what the statement turns out to say once it is read.

Reading runs the statement on the shapes of one trial, without numbers: that finds the constraints with their shapes,
and every mistake that can be told without a number has its sentence here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Path
from leoisac.problems.dependence import dependencies, primitives
from leoisac.problems.reading_errors import (
    check_dependence,
    check_differentiable,
    check_name,
    check_where,
    reading_failed,
)
from leoisac.problems.statement import Constraint, Goal, ProblemError, Relation, Sense
from leoisac.problems.variables import Variable


class Problem:
    """An objective, constraints and variables, as on paper.

    Args:
        statement: ``statement(v, d)`` of one trial (see ``leoisac.problems.statement``).
        variables: kinds by name: ``{"w": Beams(antennas=8, streams=4)}``.
        data: optional: axes of the data by name, ``{"h": ("user", "tx"), "noise": ()}`` (one trial's). Then nothing is
            guessed about which arrays have a trial axis.
        name: for messages; the statement's own name by default.
        scaling: ``"gradients"``: any units, brought to order one by the library. ``"given"``: the statement's numbers
            are of order one, and solved as they are written, once (see ``leoisac.problems.given``).
        starts: optional, in place of the library's: ``starts(d)`` of one trial in ``jax.numpy``, a mapping of variable
            names to arrays ``(start, *shape)``, for every variable.
        engine: optional settings of the engine (``leoisac.optim.options.EngineOptions``).
        path: optional, with given scales: parameters of easier problems on the way to the one wanted, which is the
            last; a pytree of arrays with the stage axis first. The statement takes one stage's as a third argument.

    Raises:
        ProblemError: a variable is of no known kind, a name cannot be an attribute, an option is of no known kind.
    """

    def __init__(
        self,
        statement: Callable[..., Goal],
        variables: Mapping[str, Variable],
        *,
        data: Mapping[str, tuple[str, ...]] | None = None,
        name: str | None = None,
        scaling: Literal["gradients", "given"] = "gradients",
        starts: Callable[[Any], Mapping[str, Any]] | None = None,
        engine: EngineOptions | None = None,
        path: Path = None,
    ) -> None:
        if not callable(statement):
            raise ProblemError(f"The statement is a {type(statement).__name__}; it must be a function of (v, d).")
        if not isinstance(variables, Mapping) or not variables:
            raise ProblemError('variables must be a mapping such as {"w": Beams(antennas=8, streams=4)}.')
        for key, kind in variables.items():
            check_name("variable", key)
            if not isinstance(kind, Variable):
                made = f"the class {kind.__name__}: call it" if isinstance(kind, type) else f"a {type(kind).__name__}"
                raise ProblemError(
                    f"Variable {key!r} is {made}; kinds of leoisac.problems are Beams, Complex, Covariance, Phases, "
                    'Power, Real and Split, for example {"w": Beams(antennas=8, streams=4)}.'
                )
        _check_options(scaling, starts, engine, path)
        self.statement = statement
        self.variables: dict[str, Variable] = dict(variables)
        self.data_axes = None if data is None else {key: tuple(axes) for key, axes in data.items()}
        self.name = name or getattr(statement, "__name__", "problem")
        self.scaling: Literal["gradients", "given"] = scaling
        self.starts = starts
        self.engine = engine
        self.path = path
        self.sense: Sense | None = None
        """Of the objective, once the statement has been read."""
        self._layouts: dict[Any, Layout] = {}

    def __repr__(self) -> str:
        kinds = ", ".join(f"{name}: {type(kind).__name__}{kind.shape}" for name, kind in self.variables.items())
        return f"Problem({self.name}; {kinds})"

    @property
    def coordinates(self) -> int:
        """Number of real coordinates of all variables."""
        return sum(kind.coordinates for kind in self.variables.values())

    def values(self, x: Any) -> dict[str, Any]:
        """Values of the variables from the coordinates of one trial; traceable."""
        parts = split(x, [kind.coordinates for kind in self.variables.values()])
        return {name: kind.value(part) for (name, kind), part in zip(self.variables.items(), parts, strict=True)}

    def natural_values(self, x: Any) -> dict[str, Any]:
        """Values of the variables from their natural coordinates; traceable."""
        parts = split(x, [kind.natural_coordinates for kind in self.variables.values()])
        return {
            name: kind.natural_value(part) for (name, kind), part in zip(self.variables.items(), parts, strict=True)
        }

    def layout(self, shapes: Any) -> Layout:
        """What the statement says for data of these shapes (a pytree of ``ShapeDtypeStruct`` of one trial).

        Raises:
            ProblemError: the statement cannot be read, or says nothing that can be solved.
        """
        leaves, tree = jax.tree.flatten(shapes)
        key = (tree, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves))
        if key not in self._layouts:
            self._layouts[key] = read_layout(self, shapes)
            self.sense = self._layouts[key].sense
        return self._layouts[key]

    def quantities(self, values: Mapping[str, Any], data: Any) -> Quantities:
        """Objective and both sides of every inequality for the values of one trial; traceable."""
        goal = self.goal(values, data)
        rows = [both_sides(constraint) for constraint in self.constraints(goal, values).values()]

        def joined(place: int) -> Any:
            return jnp.concatenate([row[place] for row in rows]) if rows else jnp.zeros(0)

        return Quantities(jnp.ravel(jnp.asarray(goal.objective, float)), joined(0), joined(1))

    def goal(self, values: Mapping[str, Any], data: Any, stage: Any = None) -> Goal:
        """What the statement returns for one trial, on a path at one of its stages, else at the last; traceable.

        Raises:
            ProblemError: it is no goal.
        """
        given = [Fields(values, "variable"), fields_of(data)]
        if self.path is not None:
            given.append(jax.tree.map(lambda leaf: leaf[-1], self.path) if stage is None else stage)
        goal: Any = self.statement(*given)
        if not isinstance(goal, Goal):
            raise ProblemError(
                f"The statement {self.name} returns {'nothing' if goal is None else 'a ' + type(goal).__name__}; it "
                "must return maximise(...), minimise(...) or maximise_least(...)."
            )
        return goal

    def constraints(self, goal: Goal, values: Mapping[str, Any]) -> dict[str, Constraint]:
        """The constraints of a goal by name, then the limits of the variables' own kinds."""
        own = {
            f"{name} {relation.replace('_', ' ')} {bound:g}": Constraint(relation, values[name], np.asarray(bound))
            for name, kind in self.variables.items()
            for relation, bound in kind.limits()
        }
        return {**goal.subject_to, **own}


def _check_options(scaling: Any, starts: Any, engine: Any, path: Any) -> None:
    if scaling not in ("gradients", "given"):
        raise ProblemError(f'scaling = {scaling!r}; it must be "gradients" or "given".')
    if starts is not None and not callable(starts):
        raise ProblemError(
            f"starts is a {type(starts).__name__}; it must be a function of the data of one trial. Arrays of your own "
            "go to li.solve(..., start={...})."
        )
    if engine is not None and not isinstance(engine, EngineOptions):
        raise ProblemError(f"engine is a {type(engine).__name__}; it must be leoisac.optim.options.EngineOptions(...).")
    if path is not None and scaling != "given":
        raise ProblemError('A path needs scaling="given": its stages are problems in the same numbers.')


class Quantities(NamedTuple):
    """The numbers of a statement: objective (its elements for ``maximise_least``), quantity and bound of every row."""

    objective: Any  # (element,)
    quantity: Any  # (row,)
    bound: Any  # (row,)


@dataclass(frozen=True)
class Block:
    """Rows of one constraint."""

    name: str
    relation: Relation
    shape: tuple[int, ...]
    first: int
    """Its first row."""
    quantity_of: frozenset[str]
    """Variables that the quantity depends on."""
    bound_of: frozenset[str]
    """Variables that the bound depends on."""

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.first, self.first + math.prod(self.shape))

    @property
    def moved_by(self) -> frozenset[str]:
        """Variables that the constraint depends on."""
        return self.quantity_of | self.bound_of


@dataclass(frozen=True)
class Layout:
    """What a statement says for data of certain shapes."""

    sense: Sense
    elements: int
    """Of the objective; more than one for ``maximise_least`` alone."""
    blocks: tuple[Block, ...]

    @property
    def rows(self) -> int:
        """Number of inequalities and equations."""
        return self.blocks[-1].rows.stop if self.blocks else 0

    def mask(self, relation: Relation) -> np.ndarray:
        """Which rows have this relation."""
        found = np.zeros(self.rows, bool)
        for block in self.blocks:
            found[block.rows] = block.relation == relation
        return found

    @property
    def fixed_bound(self) -> np.ndarray:
        """Which rows have a bound that depends on data alone."""
        found = np.zeros(self.rows, bool)
        for block in self.blocks:
            found[block.rows] = not block.bound_of
        return found


class Fields:
    """Values by attribute, with words for a name that is not there."""

    def __init__(self, values: Mapping[str, Any], what: str) -> None:
        self.__dict__.update({key: fields_of(value, f"{what}.{key}") for key, value in values.items()})
        self.__dict__["_what"] = what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        there = [key for key in self.__dict__ if key != "_what"]
        raise ProblemError(f"The statement asks for the {self._what} {name!r}; there are {', '.join(there) or 'none'}.")

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def fields_of(data: Any, what: str = "data") -> Any:
    """A mapping by attribute; anything else as it is."""
    return Fields(data, what) if isinstance(data, Mapping) else data


def split(x: Any, lengths: list[int]) -> list[Any]:
    """Consecutive pieces of a vector."""
    ends = np.cumsum(lengths)
    return [x[end - length : end] for end, length in zip(ends, lengths, strict=True)]


UNDIFFERENTIATED = frozenset({"while", "pure_callback", "io_callback"})
"""Operations that JAX may not know the derivatives of."""


def read_layout(problem: Problem, shapes: Any) -> Layout:
    """Run the statement on shapes; see ``Problem.layout``."""
    found: list[Goal] = []

    def outputs(coordinates: dict[str, Any], data: Any) -> tuple[Any, list[tuple[Any, Any, Any]]]:
        values = {name: kind.value(coordinates[name]) for name, kind in problem.variables.items()}
        goal = problem.goal(values, data)
        found.append(goal)
        constraints = problem.constraints(goal, values).values()
        rows = [(*both_sides(constraint), jnp.asarray(constraint.where)) for constraint in constraints]
        return jnp.asarray(goal.objective, float), rows

    def read(parts: list[Any], data: Any) -> Any:
        return outputs(dict(zip(names, parts, strict=True)), data)

    def total(parts: list[Any], data: Any) -> Any:
        objective, rows = read(parts, data)
        return jnp.sum(objective) + sum(jnp.sum(quantity) + jnp.sum(bound) for quantity, bound, _ in rows)

    # Lists keep the variables in the order of their declaration, where a mapping would be sorted.
    names = list(problem.variables)
    x = [jax.ShapeDtypeStruct((kind.coordinates,), np.float64) for kind in problem.variables.values()]
    try:
        closed = jax.make_jaxpr(read)(x, shapes)
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(reading_failed(problem, shapes, error)) from error
    goal = found[-1]
    moved_by = [frozenset(names[number] for number in inputs if number < len(names)) for inputs in dependencies(closed)]
    values = {name: jax.eval_shape(kind.value, x[names.index(name)]) for name, kind in problem.variables.items()}
    blocks = _blocks(problem.constraints(goal, values), moved_by[1::3], moved_by[2::3])
    check_dependence(problem, goal, moved_by[0], [(block.name, block.moved_by) for block in blocks])
    check_where(problem, zip((block.name for block in blocks), moved_by[3::3], strict=True))
    if primitives(closed.jaxpr) & UNDIFFERENTIATED:
        check_differentiable(problem, shapes, lambda: jax.eval_shape(jax.grad(total), x, shapes))
    return Layout(goal.sense, math.prod(np.shape(goal.objective)), tuple(blocks))


def _shape(constraint: Constraint) -> tuple[int, ...]:
    return np.broadcast_shapes(np.shape(constraint.quantity), np.shape(constraint.bound))


def both_sides(constraint: Constraint) -> tuple[Any, Any]:
    """Quantity and bound, an element for each row; traceable."""
    shape = _shape(constraint)
    quantity, bound = (
        jnp.ravel(jnp.broadcast_to(jnp.asarray(side, float), shape)) for side in (constraint.quantity, constraint.bound)
    )
    return quantity, bound


def _blocks(
    constraints: Mapping[str, Constraint], quantity_of: list[frozenset[str]], bound_of: list[frozenset[str]]
) -> list[Block]:
    """Rows of all constraints, from the variables behind each quantity and each bound."""
    blocks, first = list[Block](), 0
    for (name, constraint), quantity, bound in zip(constraints.items(), quantity_of, bound_of, strict=True):
        shape = _shape(constraint)
        blocks.append(Block(name, constraint.relation, shape, first, quantity, bound))
        first = blocks[-1].rows.stop
    return blocks
