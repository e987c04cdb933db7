# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""On which inputs each output of a traced function depends."""

from __future__ import annotations

from typing import Any

from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

import leoisac.foundation.jax_setup  # noqa: F401  # as wherever JAX is imported: its contexts

_INLINED = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters under which primitives that only call a function keep it."""
_LOOPS = ("while", "scan", "cond")


def dependencies(closed: ClosedJaxpr) -> list[frozenset[int]]:
    """For each output of a traced function the numbers of the inputs that it may depend on (never fewer than it does).

    Inputs and outputs are counted as leaves.
    """
    inputs = [frozenset((number,)) for number in range(len(closed.jaxpr.invars))]
    return _through(closed.jaxpr, inputs)


def primitives(jaxpr: Jaxpr) -> set[str]:
    """Names of all operations, also within loops and called functions."""
    found = set[str]()
    for equation in jaxpr.eqns:
        found.add(equation.primitive.name)
        for parameter in equation.params.values():
            for inner in parameter if isinstance(parameter, tuple | list) else (parameter,):
                inner = inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner
                if isinstance(inner, Jaxpr):
                    found |= primitives(inner)
    return found


def _through(jaxpr: Jaxpr, inputs: list[frozenset[int]]) -> list[frozenset[int]]:
    nothing: frozenset[int] = frozenset()
    known: dict[Any, frozenset[int]] = dict(zip(jaxpr.invars, inputs, strict=True))

    def of(atom: Any) -> frozenset[int]:
        return nothing if isinstance(atom, Literal) else known.get(atom, nothing)

    for equation in jaxpr.eqns:
        sources = [of(atom) for atom in equation.invars]
        inner = _called(equation)
        if inner is not None and len(inner.invars) == len(sources):
            known.update(zip(equation.outvars, _through(inner, sources), strict=True))
        else:
            known.update(dict.fromkeys(equation.outvars, nothing.union(*sources)))
    return [of(atom) for atom in jaxpr.outvars]


def _called(equation: Any) -> Jaxpr | None:
    """The function that an equation only calls."""
    if equation.primitive.name in _LOOPS:
        return None
    for name in _INLINED:
        inner = equation.params.get(name)
        if isinstance(inner, ClosedJaxpr):
            return inner.jaxpr
        if isinstance(inner, Jaxpr):
            return inner
    return None
