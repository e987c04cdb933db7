# pyright: reportUnknownMemberType=false
"""CVXPY problems compiled once per shape and solved for many numbers (DPP: disciplined parametrised programming)."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np

from leoisac.optim.conic.extra import cvxpy_module

Built = TypeVar("Built")


class DppError(ValueError):
    """A problem that would be compiled anew for every set of numbers; the message names the culprit."""


@dataclass(frozen=True)
class ParametricProblem:
    """A CVXPY problem whose numbers are parameters.

    Attributes:
        name: for messages.
        problem: the ``cvxpy.Problem``.
        parameters: name -> ``cvxpy.Parameter``.
        variables: name -> ``cvxpy.Variable``.
        constraints: name -> ``cvxpy`` constraint (their ``dual_value`` is set by a solve).
    """

    name: str
    problem: Any
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    constraints: Mapping[str, Any]

    def assign(self, values: Mapping[str, Any]) -> None:
        """Set every parameter.

        Raises:
            ValueError: if a parameter is left out, unknown, of another shape, or not finite.
        """
        if set(values) != set(self.parameters):
            left_out, unknown = set(self.parameters) - set(values), set(values) - set(self.parameters)
            raise ValueError(f"problem `{self.name}`: without a value: {sorted(left_out)}, unknown: {sorted(unknown)}.")
        for name, value in values.items():
            array = np.asarray(value)
            parameter = self.parameters[name]
            if array.shape != parameter.shape:
                raise ValueError(f"problem `{self.name}`: {name} has shape {array.shape}, must be {parameter.shape}.")
            if not np.all(np.isfinite(array)):
                raise ValueError(f"problem `{self.name}`: {name} is not finite.")
            parameter.value = array

    def values(self) -> dict[str, np.ndarray]:
        """The variables after a solve that returned a point."""
        return {name: np.array(variable.value) for name, variable in self.variables.items()}


def parametric_problem(
    name: str,
    objective: Any,
    constraints: Mapping[str, Any],
    parameters: Mapping[str, Any],
    variables: Mapping[str, Any],
) -> ParametricProblem:
    """Problem from named constraints, refused if its numbers cannot change without compiling it again.

    Args:
        name: for messages.
        objective: ``cvxpy.Maximize`` or ``cvxpy.Minimize``.
        constraints: name -> constraint.
        parameters: name -> parameter; must be all that occur.
        variables: name -> variable; those that ``values`` returns.

    Raises:
        DppError: naming the constraint and the sub-expression that break the rules, and the way out.
        ValueError: if the problem holds a parameter that ``parameters`` does not name.
    """
    problem = cvxpy_module().Problem(objective, list(constraints.values()))
    if not problem.is_dcp(dpp=True):
        raise DppError(_describe(name, objective, constraints))
    named = {parameter.id for parameter in parameters.values()}
    forgotten = [parameter.name() for parameter in problem.parameters() if parameter.id not in named]
    if forgotten:
        raise ValueError(f"problem `{name}` holds parameters that are not named: {', '.join(sorted(forgotten))}.")
    return ParametricProblem(name, problem, dict(parameters), dict(variables), dict(constraints))


def _describe(name: str, objective: Any, constraints: Mapping[str, Any]) -> str:
    for place, item in [("the objective", objective), *((f"constraint `{key}`", c) for key, c in constraints.items())]:
        if item.is_dcp(dpp=True):
            continue
        culprit = _smallest_culprit(item)
        if not item.is_dcp():
            return f"problem `{name}`: {place} is not convex; look at `{culprit}`."
        return (
            f"problem `{name}`: {place} is convex but not DPP, each solve would compile it again: `{culprit}`. "
            "Parameters may only enter affinely: pass a product or function of parameters as one parameter, or give "
            "the factor that it multiplies a variable of its own, tied by an equality."
        )
    return f"problem `{name}` is not DPP."


def _smallest_culprit(item: Any) -> Any:
    """The innermost expression that breaks the rules while all its arguments keep them."""
    for argument in item.args:
        if not (argument.is_convex() or argument.is_concave()) or not _is_dpp(argument):
            return _smallest_culprit(argument)
    return item


def _is_dpp(expression: Any) -> bool:
    return bool(expression.is_dcp(dpp=True))


class PerShape(Generic[Built]):
    """A builder that builds once per sizes and thread, see ``per_shape``."""

    def __init__(self, builder: Callable[..., Built]) -> None:
        self._builder = builder
        self._local = threading.local()
        functools.update_wrapper(self, builder)

    def __call__(self, *sizes: Hashable) -> Built:
        cache = self._cache()
        if sizes not in cache:
            cache[sizes] = self._builder(*sizes)
        return cache[sizes]

    def builds(self) -> int:
        """How many problems this thread has built."""
        return len(self._cache())

    def _cache(self) -> dict[tuple[Hashable, ...], Built]:
        if not hasattr(self._local, "cache"):
            self._local.cache = dict[tuple[Hashable, ...], Built]()
        return cast(dict[tuple[Hashable, ...], Built], self._local.cache)


def per_shape(builder: Callable[..., Built]) -> PerShape[Built]:
    """Decorator: keep what ``builder(*sizes)`` returns, one per sizes and thread.

    CVXPY problems carry the numbers of their last solve, so that two threads must never share one.
    """
    return PerShape(builder)
