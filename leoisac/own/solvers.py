# pyright: reportUnknownMemberType=false
"""From what a user writes, a problem or a function of one trial, to ``solve(parameters, channels) -> Solution``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.experiment.contracts import Metric
from leoisac.experiment.plugin_modules import place_of_error
from leoisac.experiment.trials.design_arrays import misshapen, sizes_of
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.own.judging import GOAL, Judge
from leoisac.own.records import UnusableError, design_from
from leoisac.own.stated import bound_problem, numeric_data, shapes_of_trial, view_of
from leoisac.problems.problem import Fields, Problem
from leoisac.problems.reading_errors import reason_of
from leoisac.problems.solving import solve

Solver = Callable[..., Solution[Any]]
Objective = Callable[[Any, Any, Any], Any]
"""Objectives of a batch of designs: ``(parameters, channels, design) -> (trial,)``."""


@dataclass(frozen=True)
class Declared:
    """What a system says of designs and channels, asked when it is needed: it may be defined anew after its schemes.

    Attributes:
        classes: of designs that its judge takes.
        fields: arrays of designs with their axes.
        channel_axes: arrays of channels with theirs.
    """

    classes: Callable[[], tuple[type[Any], ...]]
    fields: Callable[[], Mapping[str, Metric]]
    channel_axes: Callable[[], Mapping[str, tuple[str, ...]]]

    def check(self, name: str, design: Any, channels: Any) -> None:
        """Refuse designs of a batch with an array of other axes than the declared ones.

        Raises:
            UnusableError: naming scheme, array, axes, and what has probably happened.
        """
        sizes = sizes_of(self.channel_axes(), channels)
        found = misshapen(design, self.fields(), sizes, leading=1)
        if found is not None:
            array, shape, expected, advice = found
            raise UnusableError(f"{name} returns `{array}` with the shape {shape}; its axes are ({expected}).{advice}")


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
    declared: Declared,
    objective: Objective,
    name: str,
    starts: int | None,
) -> Solver:
    """Solver of a problem stated on another system's channels; ``function(v, d)`` makes a design of its variables."""

    said = f"{_place_of(function)}{name}"

    def mapped(parameters: Any, inputs: Any) -> Any:
        channels, values = inputs
        return design_from(
            function(Fields(values, "variable"), view_of(parameters, channels)), declared.classes(), said
        )

    batched = by_lanes(mapped)

    def bound(parameters: Any, shapes: Any) -> Problem:
        return bound_problem(source, parameters, shapes, declared.channel_axes())

    def finish(_: Problem, parameters: Any, channels: Any, found: Solution[Any]) -> Solution[Any]:
        design = batched(parameters, (channels, found.value))
        declared.check(name, design, channels)
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
    function: Callable[..., Any],
    declared: Declared,
    objective: Objective,
    name: str,
    *,
    traced: bool,
    otherwise: str = "",
) -> Solver:
    """Solver of a function of one trial.

    Args:
        function: of the trial's data by attribute, or of parameters and channels; returns a design, the arrays of one
            by name, or a ``Solution`` of one.
        declared: what the system says of designs and channels.
        objective: of what returns no ``Solution``.
        name: for messages.
        traced: written in ``jax.numpy`` and compiled for all trials; otherwise called trial by trial, with NumPy
            arrays.
        otherwise: how to do without tracing, for what cannot be traced.

    Raises (the solver):
        UnusableError: the function returns what is no design, or cannot be traced; with its place.
    """
    wants_both = takes_two(function)
    said = f"{_place_of(function)}{name}"

    def one(parameters: Any, channels: Any) -> Any:
        found = function(parameters, channels) if wants_both else function(view_of(parameters, channels))
        if isinstance(found, Solution):
            return replace(found, value=design_from(found.value, declared.classes(), said))
        return design_from(found, declared.classes(), said)

    def check(found: Any, channels: Any) -> None:
        declared.check(said, found.value if isinstance(found, Solution) else found, channels)

    batched = by_lanes(one) if traced else _trial_by_trial(one, check)

    def solver(parameters: Any, channels: Any) -> Solution[Any]:
        try:
            found = batched(parameters, channels)
        except jax.errors.ConcretizationTypeError as error:
            raise UnusableError(_untraceable(function, name, error, otherwise)) from error
        except jax.errors.TracerArrayConversionError as error:
            raise UnusableError(_untraceable(function, name, error, otherwise)) from error
        check(found, channels)
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
    solver.by_trial = not traced  # type: ignore[attr-defined]  # what it raises is of one trial
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


def _untraceable(function: Callable[..., Any], name: str, error: BaseException, otherwise: str) -> str:
    """What to say about a function that needs numbers where there are none yet."""
    code = getattr(function, "__code__", None)
    line = place_of_error(error, code.co_filename) if code is not None else 0
    return f"{_place_of(function, line)}{name} cannot be compiled: {reason_of(error)}{otherwise}."


def _place_of(function: Any, line: int = 0) -> str:
    """``my_file.py:12: ``: where a function is, or a line of it; empty for code in no file."""
    code = getattr(function, "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return ""
    return f"{Path(code.co_filename).name}:{line or code.co_firstlineno}: "


def _trial_by_trial(one: Callable[[Any, Any], Any], check: Callable[[Any, Any], None]) -> Callable[[Any, Any], Any]:
    def all_of_them(parameters: Any, channels: Any) -> Any:
        found: list[Any] = []
        for trial in range(batch_size(channels)):
            alone = take(channels, [trial])
            found.append(one(parameters, take(channels, trial)))
            check(jax.tree_util.tree_map(lambda leaf: np.asarray(leaf)[None], found[-1]), alone)
        return jax.tree_util.tree_map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *found)

    return all_of_them
