"""What a statement says: an objective, and named constraints between real quantities.

A statement is a function ``statement(v, d)`` of one trial, written in ``jax.numpy``: ``v`` has the variables, ``d`` the
data, both by attribute, in units of the user's choice. It returns ``maximise(...)``, ``minimise(...)`` or
``maximise_least(...)``, with the constraints by name in ``subject_to``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from leoisac.foundation.jax_setup import jnp

Sense: TypeAlias = Literal["minimise", "maximise", "maximise_least"]
Relation: TypeAlias = Literal["at_least", "at_most", "equals"]


class ProblemError(ValueError):
    """A problem that cannot be solved as it is stated; the text says where and what to write instead."""


@dataclass(frozen=True)
class Constraint:
    """``quantity`` compared with ``bound``, element by element after broadcasting."""

    relation: Relation
    quantity: Any
    bound: Any
    where: Any = True
    """Where it applies, from data alone."""


@dataclass(frozen=True)
class Goal:
    """What a statement returns."""

    sense: Sense
    objective: Any
    """A scalar; for ``maximise_least`` an array, whose least element counts."""
    subject_to: Mapping[str, Constraint] = field(default_factory=dict[str, Constraint])
    least_of: Any = None
    """For ``maximise_least`` the array without what counts beside its least element."""
    beside: Any = None
    """That, a scalar, or None."""


def maximise(objective: Any, subject_to: Mapping[str, Constraint] | None = None) -> Goal:
    """Make a real scalar as large as possible.

    Args:
        objective: real scalar of the trial.
        subject_to: constraints by name, from ``at_least``, ``at_most`` and ``equals``.

    Raises:
        ProblemError: the objective is complex or no scalar; what is in ``subject_to`` is no constraint.
    """
    return Goal("maximise", _scalar("maximise", objective), _constraints(subject_to))


def minimise(objective: Any, subject_to: Mapping[str, Constraint] | None = None) -> Goal:
    """Make a real scalar as small as possible; otherwise as ``maximise``."""
    return Goal("minimise", _scalar("minimise", objective), _constraints(subject_to))


def maximise_least(quantities: Any, subject_to: Mapping[str, Constraint] | None = None, *, beside: Any = None) -> Goal:
    """Make the least element of a real array as large as possible: max-min fairness, without a kink in what is solved.

    Args:
        quantities: real array of the trial, any shape.
        subject_to: as in ``maximise``.
        beside: a real scalar that counts beside the least element, such as a weighted bound; the objective is the sum.
    """
    array = _real("the array of maximise_least", quantities)
    if int(np.prod(array.shape)) == 0:
        raise ProblemError("The array of maximise_least is empty: there is nothing to make large.")
    if beside is None:
        return Goal("maximise_least", array, _constraints(subject_to), least_of=array)
    beside = _scalar("maximise_least's beside", beside)
    return Goal("maximise_least", array + beside, _constraints(subject_to), least_of=array, beside=beside)


def at_least(quantity: Any, bound: Any, where: Any = None) -> Constraint:
    """``quantity >= bound``; both real, broadcast against each other, an inequality for each element.

    Args:
        quantity, bound: real numbers or arrays.
        where: true (or not zero) where the inequality applies, from data alone; broadcasts. Elsewhere it is met,
            whatever the variables are: one problem then serves trials with and without it.
    """
    return _applying(_compared("at_least", quantity, bound), where)


def at_most(quantity: Any, bound: Any, where: Any = None) -> Constraint:
    """``quantity <= bound``, otherwise as ``at_least``."""
    return _applying(_compared("at_most", quantity, bound), where)


def equals(quantity: Any, bound: Any) -> Constraint:
    """``quantity == bound``, to one part in a million; both real, broadcast against each other."""
    return _compared("equals", quantity, bound)


def _compared(relation: Relation, quantity: Any, bound: Any) -> Constraint:
    sides = [
        _real(f"the {place} argument of {relation}", side)
        for place, side in zip(("first", "second"), (quantity, bound), strict=True)
    ]
    try:
        np.broadcast_shapes(*(side.shape for side in sides))
    except ValueError:
        raise ProblemError(
            f"{relation} compares shapes {sides[0].shape} and {sides[1].shape}, which do not broadcast: give a bound "
            "that is a number, or has one element for each of the quantity."
        ) from None
    return Constraint(relation, *sides)


def _applying(constraint: Constraint, where: Any) -> Constraint:
    """The constraint; where it does not apply it says that one is more than zero."""
    if where is None:
        return constraint
    applies = jnp.asarray(where) != 0
    shape = np.broadcast_shapes(np.shape(constraint.quantity), np.shape(constraint.bound))
    try:
        np.broadcast_shapes(shape, applies.shape)
    except ValueError:
        raise ProblemError(
            f"{constraint.relation} compares arrays of shape {shape}, and where has shape {applies.shape}, which does "
            "not broadcast: give one truth value, or one for each element."
        ) from None
    quantity, bound = (1.0, 0.0) if constraint.relation == "at_least" else (0.0, 1.0)
    return Constraint(
        constraint.relation,
        jnp.where(applies, constraint.quantity, quantity),
        jnp.where(applies, constraint.bound, bound),
        applies,
    )


def _scalar(verb: str, objective: Any) -> Any:
    array = _real(f"the objective of {verb}", objective)
    if array.shape != ():
        raise ProblemError(
            f"The objective of {verb} has shape {array.shape}; it must be one number per trial: add the elements with "
            "jnp.sum, or write maximise_least(...) for the least of them."
        )
    return array


def _real(what: str, value: Any) -> Any:
    """``value`` as it came, if it is a real number or array of them."""
    if isinstance(value, Goal | Constraint) or value is None or isinstance(value, str | Mapping):
        raise ProblemError(f"{_capital(what)} is {_kind(value)}; it must be a real number or array.")
    array = value if hasattr(value, "dtype") and hasattr(value, "shape") else np.asarray(value)
    if array.dtype == object:
        raise ProblemError(f"{_capital(what)} is {_kind(value)}; it must be a real number or array.")
    if np.issubdtype(array.dtype, np.complexfloating):
        raise ProblemError(
            f"{_capital(what)} is complex: take jnp.real(...) of what is real by construction, or the power "
            "jnp.real(z)**2 + jnp.imag(z)**2 of an amplitude."
        )
    if array.dtype == np.bool_:
        raise ProblemError(
            f"{_capital(what)} is true or false: give the two quantities to at_least or at_most, not the outcome of "
            "comparing them."
        )
    return array


def _constraints(subject_to: Any) -> dict[str, Constraint]:
    if subject_to is None:
        return {}
    if not isinstance(subject_to, Mapping):
        raise ProblemError(
            f"subject_to is {_kind(subject_to)}; it must be a mapping of names to constraints, as in "
            '{"power": at_most(li.terms.power(v.w), d.power)}.'
        )
    found: dict[str, Constraint] = {}
    for name, constraint in subject_to.items():
        if not isinstance(name, str) or not name:
            raise ProblemError(f"A constraint is called {name!r}; names are non-empty texts.")
        if not isinstance(constraint, Constraint):
            hint = (
                "write at_least(a, b) in place of a >= b, at_most(a, b) in place of a <= b: the outcome of a "
                "comparison says nothing of how far it is from being met"
                if isinstance(constraint, bool) or getattr(constraint, "dtype", None) == np.bool_
                else "make it with at_least, at_most or equals"
            )
            raise ProblemError(f"Constraint {name!r} is {_kind(constraint)}: {hint}.")
        found[name] = constraint
    return found


def _kind(value: Any) -> str:
    if getattr(value, "dtype", None) == np.bool_ and hasattr(value, "shape"):
        return "an array of true and false"
    return f"{'True or False' if isinstance(value, bool) else 'None' if value is None else 'a ' + type(value).__name__}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
