# pyright: reportUnknownMemberType=false
"""The judge of a user's system, from its statements: what is stated of a design is what it is measured by.

Of every design: the objective of the first problem, how far each constraint is met, the quantity behind it, and the
further metrics of the user. Whatever a scheme says of itself does not enter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from jax.core import Tracer

from leoisac.experiment.contracts import Metric
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.own.records import arrays_of, record_class
from leoisac.own.stated import Source, bound_problem, meaning, numeric_data, view_of
from leoisac.problems.problem import Fields, Problem
from leoisac.problems.statement import Constraint, Goal, ProblemError
from leoisac.problems.variables import Covariance, Phases, Split, Variable

GOAL = "goal"
"""Metric of the first problem's objective."""


class Described(Metric):
    """A metric's description, and the decorator of the function that computes it."""

    def __call__(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        setattr(function, "metric", Metric(**vars(self)))  # noqa: B010
        return function


def metric(
    long_name: str, units: str = "1", axes: tuple[str, ...] = (), least: float = -math.inf, most: float = math.inf
) -> Described:
    """Describe a metric of a system of your own: ``@li.metric("rate of a user", "bit/s/Hz", axes=("user",))``.

    Args:
        long_name: what it is, as it stands at the axis of a figure.
        units: of its numbers.
        axes: names of its axes in one trial; none for one number per trial.
        least, most: what it cannot be below or above.

    Returns:
        A decorator for ``function(v, d)`` of one trial (as in a statement, in ``jax.numpy``); also a description, for
        the metrics that are derived: ``metrics={"goal": li.metric("weighted rate", "bit/s/Hz")}``.
    """
    return Described(long_name, units, (axes,) if isinstance(axes, str) else tuple(axes), least, most)


@dataclass(frozen=True)
class Judge:
    """What a system of the user's measures; ``evaluate`` is the system's.

    Attributes:
        problems: scheme -> its problem, or the function that makes it.
        axes: of the channel arrays.
        further: name -> function of (v, d).
    """

    system: str
    problems: Mapping[str, Source]
    axes: Mapping[str, tuple[str, ...]]
    further: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict[str, Any])

    def bound(self, scheme: str, parameters: Any, channels: Any) -> Problem:
        """The problem of a scheme for these data."""
        return bound_problem(self.problems[scheme], parameters, channels, self.axes)

    def design_class(self, problem: Problem) -> type[Any]:
        """Designs that have a problem's variables."""
        return record_class(self.system, "Design", tuple(problem.variables))

    def evaluate(self, parameters: Any, channels: Any, design: Any) -> dict[str, Any]:
        """Metrics of one trial's design; traceable."""
        values = arrays_of(design)
        found: dict[str, Any] = {}
        for number, scheme in enumerate(self.problems):
            problem = self.bound(scheme, parameters, channels)
            if not set(problem.variables) <= set(values):
                continue
            own = {name: values[name] for name in problem.variables}
            data = numeric_data(problem, parameters, channels)
            goal = problem.goal(own, data)
            if number == 0:
                found[GOAL] = jnp.min(jnp.asarray(goal.objective, float))
            self._add_constraints(found, problem, goal, own, data)
        self._add_further(found, values, view_of(parameters, channels))
        return found

    def _add_constraints(self, found: dict[str, Any], problem: Problem, goal: Goal, values: Any, data: Any) -> None:
        for name, constraint in goal.subject_to.items():
            key = metric_name(name)
            if f"margin_{key}" in found:
                continue
            unit = _unit_of(problem, name, constraint, values, data)
            found[f"margin_{key}"] = least_margin(constraint, unit)
            if key not in self.further and key != GOAL:
                found[key] = worst_element(constraint)
        for name, kind in problem.variables.items():
            margin = kind_margin(kind, values[name])
            if margin is not None:
                found.setdefault(f"margin_kind_of_{name}", margin)

    def _add_further(self, found: dict[str, Any], values: Mapping[str, Any], d: Any) -> None:
        v = Fields(values, "variable")
        for name, function in self.further.items():
            try:
                found[name] = jnp.asarray(function(v, d))
            except ProblemError:
                if GOAL in found:
                    raise  # else a design of other variables than the first problem's, which has no such metric


def enforced_by(problem: Problem, goal: Goal) -> tuple[str, ...]:
    """Names of the margins that a solution of a problem meets."""
    kinds = [f"kind_of_{name}" for name, kind in problem.variables.items() if _has_margin(kind)]
    return (*(metric_name(name) for name in goal.subject_to), *kinds)


def described(problem: Problem, goal: Goal) -> dict[str, Metric]:
    """Descriptions of what is derived from a statement; ``GOAL`` among them."""
    verb = {"minimise": "to be minimised", "maximise": "to be maximised"}.get(goal.sense, "least of what is maximised")
    found = {GOAL: Metric(meaning(problem.statement, f"objective of {problem.name}, {verb}"))}
    for name, constraint in goal.subject_to.items():
        key, plain = metric_name(name), name.replace("_", " ")
        several = max(np.size(constraint.quantity), np.size(constraint.bound)) > 1
        which = {"at_least": "least ", "at_most": "largest "}.get(constraint.relation, "") if several else ""
        if key != GOAL:
            found[key] = Metric(f"{which}value of the constraint {plain}")
        found[f"margin_{key}"] = Metric(f"relative margin of the constraint {plain}")
    for name, kind in problem.variables.items():
        if _has_margin(kind):
            found[f"margin_kind_of_{name}"] = Metric(f"relative margin of {name} being {_KIND_SAYS[type(kind)]}")
    return found


def metric_name(constraint: str) -> str:
    """A constraint's name as part of a metric's."""
    return re.sub(r"\W+", "_", constraint).strip("_")


def least_margin(constraint: Constraint, unit: Any) -> Any:
    """The least relative margin of a constraint's elements: at least 0 where all are met."""
    excess = jnp.asarray(constraint.quantity, float) - jnp.asarray(constraint.bound, float)
    signed = {"at_least": excess, "at_most": -excess, "equals": -jnp.abs(excess)}[constraint.relation]
    return jnp.min(signed / unit)


def worst_element(constraint: Constraint) -> Any:
    """The quantity of a constraint as one number: of several the one that comes nearest to the bound's side."""
    quantity = jnp.asarray(constraint.quantity, float)
    if constraint.relation == "at_least":
        return jnp.min(quantity)
    return jnp.max(quantity) if constraint.relation == "at_most" else jnp.mean(quantity)


def kind_margin(kind: Variable, value: Any) -> Any:
    """How far a value is of its variable's kind: at least 0 up to rounding; None where any value is."""
    margins = [
        least_margin(Constraint(relation, value, bound), max(abs(float(bound)), 1.0))
        for relation, bound in kind.limits()
    ]
    if isinstance(kind, Phases):
        margins.append(-jnp.max(jnp.abs(jnp.abs(value) - 1.0)))
    if isinstance(kind, Split):
        margins.append(-jnp.abs(jnp.sum(value) - 1.0))
    if isinstance(kind, Covariance):
        size = jnp.maximum(jnp.real(jnp.trace(value)), np.finfo(float).tiny)
        skew = jnp.max(jnp.abs(value - jnp.conj(value).T))
        margins.append(jnp.minimum(jnp.linalg.eigvalsh(value)[0], -skew) / size)
    return jnp.min(jnp.stack(margins)) if margins else None


def _has_margin(kind: Variable) -> bool:
    return bool(kind.limits()) or isinstance(kind, Phases | Covariance)


class _Says(dict[type, str]):
    def __missing__(self, key: type) -> str:
        return "within its limits"


_KIND_SAYS = _Says({Phases: "of modulus one", Split: "shares of one", Covariance: "positive semidefinite"})


def _unit_of(problem: Problem, name: str, constraint: Constraint, values: Any, data: Any) -> Any:
    """What a margin is relative to: the bound; where that is given as zero, how far the quantity moves when the
    variables move by their own size."""
    bound = constraint.bound
    is_given = not isinstance(bound, Tracer)
    if is_given and not np.all(np.asarray(bound)):
        return jnp.where(
            np.asarray(bound) == 0, _moves(problem, name, values, data), jnp.abs(jnp.asarray(bound, float))
        )
    size = jnp.abs(jnp.asarray(bound, float))
    quantity = jnp.abs(jnp.asarray(constraint.quantity, float))
    return jnp.where(size > 0.0, size, jnp.where(quantity > 0.0, quantity, 1.0))


def _moves(problem: Problem, name: str, values: Any, data: Any) -> Any:
    def quantity(parts: Any) -> Any:
        moved = {
            key: jax.lax.complex(*pair) if jnp.iscomplexobj(values[key]) else pair[0] for key, pair in parts.items()
        }
        return jnp.asarray(problem.goal(moved, data).subject_to[name].quantity, float)

    parts = {key: (jnp.real(value), jnp.imag(value)) for key, value in values.items()}
    slopes = cast("dict[str, Any]", jax.jacrev(quantity)(parts))
    total = 0.0
    for key, pair in slopes.items():
        size = jnp.sqrt(sum(jnp.sum(part**2) for part in parts[key]))
        rank = jnp.ndim(parts[key][0])
        steep = sum(jnp.sum(part**2, axis=tuple(range(jnp.ndim(part) - rank, jnp.ndim(part)))) for part in pair)
        total = total + steep * size**2
    root = jnp.sqrt(total)
    return jnp.where(root > 0.0, root, 1.0)
