# pyright: reportUnknownMemberType=false
"""Stated problems on the data of a system: channels of a trial and numbers of the configuration, by name.

A problem is compiled for the object that it is; here the same statement with the same variables is the same object,
whatever configuration it was made for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.own.numbers import Fixed, Numbers, View
from leoisac.own.records import arrays_of
from leoisac.problems.problem import Problem
from leoisac.problems.statement import Goal, ProblemError

Source = Problem | Callable[[Any], Problem]
"""A problem, or a function of one trial's data that makes it (for its sizes)."""

_made: dict[Any, Problem] = {}
_bound: dict[Any, Problem] = {}


def data_of(parameters: Any, channels: Any) -> dict[str, Any]:
    """Arrays by name: numbers of the configuration, then the channels.

    Args:
        parameters: ``Numbers``, or the parameters of a system of leoisac (a dataclass).
        channels: of one trial or of a batch.
    """
    numbers = parameters.leaves if isinstance(parameters, Numbers) else arrays_of(parameters)
    return {**numbers, **arrays_of(channels)}


def view_of(parameters: Any, channels: Any) -> View:
    """The same by attribute, with what is fixed."""
    if isinstance(parameters, Numbers):
        return parameters.view(**arrays_of(channels))
    return View(data_of(parameters, channels))


def bound_problem(source: Source, parameters: Any, channels: Any, axes: Mapping[str, tuple[str, ...]]) -> Problem:
    """The problem of a source, reading ``data_of(parameters, channels)``.

    Args:
        source: the problem, or the function that makes it.
        parameters: of the system.
        channels: of one trial, arrays or their shapes.
        axes: names of the axes of channel arrays in one trial.

    Raises:
        ProblemError: the source makes no problem.
    """
    numeric = {name: value for name, value in data_of(parameters, channels).items() if _is_array(value)}
    fixed: Fixed = parameters.fixed if isinstance(parameters, Numbers) else ()
    renamed: Fixed = parameters.renamed if isinstance(parameters, Numbers) else ()
    shapes = tuple(sorted((name, np.shape(value)) for name, value in numeric.items()))
    problem = _problem_of(source, shapes, fixed, renamed, numeric)
    rank = {name: len(shape) for name, shape in shapes}
    named = {
        name: tuple(axes[name]) if len(axes.get(name, ())) == count and name in axes else _numbered(name, count)
        for name, count in rank.items()
    }
    kinds = tuple((name, type(kind), kind) for name, kind in problem.variables.items())
    key = (problem.statement, problem.name, kinds, fixed, renamed, tuple(sorted(named.items())))
    if key not in _bound:
        _bound[key] = Problem(
            _with_fixed(problem.statement, fixed, renamed), problem.variables, data=named, name=problem.name
        )
    return _bound[key]


def numeric_data(problem: Problem, parameters: Any, channels: Any) -> dict[str, Any]:
    """The data of a bound problem."""
    data = data_of(parameters, channels)
    return {name: data[name] for name in problem.data_axes or {}}


def shapes_of_trial(channels: Any) -> Any:
    """Shapes that one trial of a batch has."""
    return jax.tree_util.tree_map(
        lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf)[1:], np.asarray(leaf).dtype), channels
    )


def meaning(function: Any, otherwise: str) -> str:
    """What a function says of itself in the first sentence of its docstring, as it stands within a line."""
    if isinstance(function, Problem):
        function = function.statement
    text = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    sentence = text.partition(". ")[0].rstrip(".")
    if not sentence or "(self" in sentence:
        return otherwise
    keep = any(letter.isupper() for letter in sentence.partition(" ")[0][1:])  # an abbreviation, a name with hyphens
    return sentence if keep else sentence[0].lower() + sentence[1:]


def _numbered(name: str, rank: int) -> tuple[str, ...]:
    return tuple(f"{name}_{place}" for place in range(rank))


def _is_array(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return np.issubdtype(dtype, np.number) or dtype == np.bool_
    return isinstance(value, int | float | complex)


def _problem_of(source: Source, shapes: Any, fixed: Fixed, renamed: Fixed, numeric: Mapping[str, Any]) -> Problem:
    if isinstance(source, Problem):
        return source
    key = (source, shapes, fixed)
    if key not in _made:
        shown = {name: jax.ShapeDtypeStruct(np.shape(value), _dtype(value)) for name, value in numeric.items()}
        problem: Any = source(View({**dict(fixed), **shown}, dict(renamed)))
        if not isinstance(problem, Problem):
            name = getattr(source, "__name__", "the function")
            raise ProblemError(f"{name} returns a {type(problem).__name__}; it must return a li.Problem.")
        _made[key] = problem
    return _made[key]


def _dtype(value: Any) -> Any:
    return value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype


def _with_fixed(statement: Callable[[Any, Any], Goal], fixed: Fixed, renamed: Fixed) -> Callable[[Any, Any], Goal]:
    """The statement with what is fixed in the program beside its data."""

    def stated(v: Any, d: Any) -> Goal:
        given = {name: value for name, value in vars(d).items() if name != "_what"}
        return statement(v, View({**dict(fixed), **given}, dict(renamed)))

    stated.__name__ = getattr(statement, "__name__", "statement")
    stated.__doc__ = statement.__doc__
    return stated
