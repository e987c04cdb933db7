# pyright: reportUnknownMemberType=false
"""From what a user writes, a problem or a function of one trial, to ``solve(parameters, channels) -> Solution``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.own.judging import GOAL, Judge
from leoisac.own.records import UnusableError, design_from
from leoisac.own.stated import bound_problem, numeric_data, shapes_of_trial, view_of
from leoisac.problems.problem import Fields, Problem
from leoisac.problems.solving import solve

Solver = Callable[..., Solution[Any]]
Classes = Callable[[], tuple[type[Any], ...]]
"""The classes of designs that the system's judge takes."""
Objective = Callable[[Any, Any, Any], Any]
"""Objectives of a batch of designs: ``(parameters, channels, design) -> (trial,)``."""


def stated_solver(judge: Judge, scheme: str, starts: int | None) -> Solver:
    """Solver of a system's problem."""

    def finish(problem: Problem, _: Any, __: Any, found: Solution[Any]) -> Solution[Any]:
        return replace(found, value=judge.design_class(problem)(**found.value))

    solver = _problem_solver(functools.partial(judge.bound, scheme), finish, starts)
    solver.__name__ = solver.__qualname__ = f"solve_{scheme}"
    solver.__doc__ = f"Solve the problem {scheme!r} of a batch; options as of ``li.solve``."
    return solver


def mapped_solver(
    source: Any,
    function: Callable[[Any, Any], Any],
    axes: Mapping[str, tuple[str, ...]],
    classes: Classes,
    objective: Objective,
    name: str,
    starts: int | None,
) -> Solver:
    """Solver of a problem stated on another system's channels; ``function(v, d)`` makes a design of its variables."""

    def mapped(parameters: Any, inputs: Any) -> Any:
        channels, values = inputs
        return design_from(function(Fields(values, "variable"), view_of(parameters, channels)), classes(), name)

    batched = by_lanes(mapped)

    def bound(parameters: Any, shapes: Any) -> Problem:
        return bound_problem(source, parameters, shapes, axes)

    def finish(_: Problem, parameters: Any, channels: Any, found: Solution[Any]) -> Solution[Any]:
        design = batched(parameters, (channels, found.value))
        return replace(found, value=design, objective=objective(parameters, channels, design))

    return _problem_solver(bound, finish, starts)


def _problem_solver(
    bound: Callable[[Any, Any], Problem],
    finish: Callable[[Problem, Any, Any, Solution[Any]], Solution[Any]],
    default_starts: int | None,
) -> Solver:
    """Solver of a stated problem.

    Args:
        bound: ``(parameters, shapes of a trial's channels)`` to the problem.
        finish: ``(problem, parameters, channels, found)`` to the solution with the system's own designs.
        default_starts: starts per trial where the caller names none.
    """

    def solver(
        parameters: Any,
        channels: Any,
        *,
        starts: int | None = default_starts,
        start: Mapping[str, Any] | None = None,
        seed: int = 0,
        certificate: str = "auto",
    ) -> Solution[Any]:
        problem = bound(parameters, shapes_of_trial(channels))
        found = solved(problem, parameters, channels, starts=starts, start=start, seed=seed, certificate=certificate)
        return finish(problem, parameters, channels, found)

    return solver


def solved(problem: Problem, parameters: Any, channels: Any, **options: Any) -> Solution[Any]:
    """``li.solve`` of a batch, as a plain solution."""
    count = batch_size(channels)
    data = numeric_data(problem, parameters, channels)
    found = solve(problem, data, trials=count, **options)
    return Solution(
        dict(found.value), found.status, found.objective, found.violation, found.iterations, np.zeros((count, 0))
    )


def function_solver(
    function: Callable[..., Any], classes: Classes, objective: Objective, name: str, *, traced: bool
) -> Solver:
    """Solver of a function of one trial.

    Args:
        function: of the trial's data by attribute, or of parameters and channels; returns a design, the arrays of one
            by name, or a ``Solution`` of one.
        classes: of designs.
        objective: of what returns no ``Solution``.
        name: for messages.
        traced: written in ``jax.numpy`` and compiled for all trials; otherwise called trial by trial, with NumPy
            arrays.
    """
    wants_both = takes_two(function)

    def one(parameters: Any, channels: Any) -> Any:
        found = function(parameters, channels) if wants_both else function(view_of(parameters, channels))
        if isinstance(found, Solution):
            return replace(found, value=design_from(found.value, classes(), name))
        return design_from(found, classes(), name)

    batched = by_lanes(one) if traced else _trial_by_trial(one)

    def solver(parameters: Any, channels: Any) -> Solution[Any]:
        found = batched(parameters, channels)
        if isinstance(found, Solution):
            return found
        count = batch_size(channels)
        return Solution(
            found,
            np.full(count, int(Status.CONVERGED)),
            objective(parameters, channels, found),
            np.zeros(count),
            np.zeros(count, dtype=int),
            np.zeros((count, 0)),
        )

    solver.__name__ = solver.__qualname__ = name
    return solver


def judged_objective(evaluate: Callable[[Any, Any, Any], Any], headline: str) -> Objective:
    """Objectives as the system's judge sees them: the first problem's, or else the headline."""

    def objective(parameters: Any, channels: Any, design: Any) -> Any:
        metrics = evaluate(parameters, channels, design)
        name = GOAL if GOAL in metrics else headline
        if name not in metrics:
            raise UnusableError(f"the judge finds no `{name}` in such a design; return a Solution with its objective.")
        return np.asarray(metrics[name])

    return objective


def takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function wants parameters and channels, and not one trial's data.

    Raises:
        UnusableError: it takes neither one nor two.
    """
    parameters = inspect.signature(function).parameters.values()
    needed = [item for item in parameters if item.default is item.empty and item.kind <= item.POSITIONAL_OR_KEYWORD]
    if len(needed) not in (1, 2):
        name = getattr(function, "__name__", "the function")
        raise UnusableError(f"{name} takes {len(needed)} arguments; it must take d, or parameters and channels.")
    return len(needed) == 2


def _trial_by_trial(one: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def all_of_them(parameters: Any, channels: Any) -> Any:
        found = [one(parameters, take(channels, trial)) for trial in range(batch_size(channels))]
        return jax.tree_util.tree_map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *found)

    return all_of_them
