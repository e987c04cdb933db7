"""Sentences for statements that cannot be read."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leoisac.foundation.jax_setup import jax
from leoisac.problems.statement import Goal, ProblemError

_PACKAGE = Path(__file__).parents[1]


def check_name(what: str, name: Any) -> None:
    """Refuse what cannot stand after a dot."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ProblemError(f"A {what} is called {name!r}; it is read as v.{name}, so it must be a Python name.")


def check_dependence(
    problem: Any, goal: Goal, objective_of: frozenset[str], constraints: Iterable[tuple[str, frozenset[str]]]
) -> None:
    """Refuse an objective or a constraint that no variable moves, and a variable that moves nothing."""
    constraints = list(constraints)
    used = objective_of.union(*(names for _, names in constraints))
    unused = [name for name in problem.variables if name not in used]
    if unused:
        raise ProblemError(
            f"Neither objective nor constraints of {problem.name} depend on the variable"
            f"{'s' if len(unused) > 1 else ''} {', '.join(unused)}: use it in the statement, or leave it out."
        )
    if not objective_of:
        raise ProblemError(f"The objective of {problem.name} ({goal.sense}) depends on no variable.")
    for name, names in constraints:
        if not names:
            raise ProblemError(
                f"Constraint {name!r} of {problem.name} depends on no variable: it is met or missed by the data alone."
            )


def check_where(problem: Any, where_of: Iterable[tuple[str, frozenset[str]]]) -> None:
    """Refuse a ``where`` that a variable decides: a design would escape the constraint instead of meeting it."""
    for name, names in where_of:
        if names:
            raise ProblemError(
                f"Constraint {name!r} of {problem.name} has a where that depends on the variable "
                f"{', '.join(sorted(names))}; where comes from data alone. Give a flag of the data, or write the "
                "constraint so that it says what is wanted for all values of the variable."
            )


def check_differentiable(problem: Any, shapes: Any, gradient: Any) -> None:
    """Refuse what has no derivative, where a statement has a loop of unknown length or a call out of JAX.

    Args:
        problem: whose statement was read.
        shapes: of one trial's data.
        gradient: evaluates the gradient of all that the statement says on shapes; raises as JAX does.
    """
    try:
        gradient()
    except Exception as error:
        raise ProblemError(
            f"{reading_failed(problem, shapes, error)} The solver needs derivatives: write a loop of known length "
            "(jax.lax.fori_loop with numbers, jax.lax.scan) in place of while_loop, and jax.numpy in place of a "
            "callback."
        ) from error


def reading_failed(problem: Any, shapes: Any, error: Exception) -> str:
    """What went wrong inside a statement, with the shapes that it was given."""
    given = "; ".join([*_variables(problem), *_data(shapes)])
    place = _place(error)
    return (
        f"The statement {problem.name} cannot be read{place}: {reason_of(error)}. It was given one trial: {given}. "
        "(Data arrays whose first axis counts the trials lose it; see li.solve.)"
    )


def reason_of(error: BaseException) -> str:
    """Why a function cannot be read without numbers, for what JAX and Python raise there."""
    if isinstance(error, jax.errors.TracerBoolConversionError):
        return (
            "it asks whether a value is true (if, and, or, max, min, a < b < c), but values are not known while it is "
            "read. Choose with jnp.where, compare with jnp.maximum and jnp.minimum"
        )
    if isinstance(error, jax.errors.ConcretizationTypeError | jax.errors.TracerArrayConversionError):
        return (
            "it needs a value as a Python number or NumPy array (float(x), int(x), np.something(x), range(x)), but "
            "values are not known while it is read. Use jax.numpy; give sizes as Python numbers, not as data"
        )
    text = str(error).strip().split("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {text}"


def _place(error: Exception) -> str:
    """File and line of the innermost place that is not a library's."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and not Path(file).is_relative_to(_PACKAGE):
            place = f" ({file}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _variables(problem: Any) -> list[str]:
    return [f"v.{name} {kind.shape}" for name, kind in problem.variables.items()]


def data_name(path: Any) -> str:
    """An array of the data as the statement writes it: ``d.h``."""
    return "d" + "".join(f".{getattr(key, 'key', getattr(key, 'name', getattr(key, 'idx', key)))}" for key in path)


def _data(shapes: Any) -> list[str]:
    found: list[str] = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(shapes):
        found.append(f"{data_name(path)} {leaf.shape}{' complex' if leaf.dtype.kind == 'c' else ''}")
    return found
