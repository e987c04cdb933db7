# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""What the engine solves: ``fc(x, data) -> (objective, c)`` for one instance, and its optimality certificate.

Minimise ``objective(x)`` subject to ``c(x) >= 0`` over real ``x`` of shape ``(n,)``; ``c`` has shape ``(m,)``, with
``m = 0`` where there are no constraints, and ``data`` is any pytree of arrays. The Lagrangian is ``objective -
multipliers . c`` with ``multipliers >= 0``: a multiplier is the fall of the best objective per unit by which its
constraint is relaxed.

A problem whose good optimum is hard to reach at once may be approached on a *path* of easier ones: then it takes a
third argument, ``fc(x, data, parameters)``, and is solved at every stage of the path in turn, from the solution and
with the multipliers of the stage before. Parameters are data: one compilation serves all stages and all paths of one
shape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeAlias

from jaxtyping import Array, Float, Int

from leoisac.foundation.jax_setup import in_double, jax, jnp

Problem: TypeAlias = Callable[..., tuple[Any, Any]]
"""``fc(x, data)`` or ``fc(x, data, parameters)``, with ``(objective, c)`` as its value, for one instance; a
module-level function or a ``functools.partial`` of one."""

Path: TypeAlias = Any
"""Parameters of every stage, the same for all instances: a pytree of arrays with the stage axis first. ``None``: the
problem takes no parameters, and there is one stage."""


Keywords: TypeAlias = tuple[tuple[str, Hashable], ...]
Key: TypeAlias = tuple[Callable[..., Any], tuple[Hashable, ...], Keywords]
"""A function with its bound arguments: partials of one function with equal arguments share their programs."""


def key_of(fc: Problem) -> Key:
    """Under what a problem's programs are kept.

    Raises:
        TypeError: a bound argument cannot be hashed.
    """
    partial = fc if isinstance(fc, functools.partial) else functools.partial(fc)
    key: Key = partial.func, partial.args, tuple(sorted(partial.keywords.items()))
    try:
        hash(key)
    except TypeError as error:
        raise TypeError(f"{fc} has an argument that cannot be hashed: pass arrays through data instead.") from error
    return key


def stages_of(path: Path) -> int:
    """Number of stages; 1 without a path."""
    leaves = jax.tree.leaves(path)
    return len(leaves[0]) if leaves else 1


def at_stage(fc: Problem, path: Path, stage: Int[Array, ""] | int) -> Problem:
    """The problem ``fc(x, data)`` of one stage of a path."""
    if path is None:
        return fc
    parameters = jax.tree.map(lambda leaf: leaf[stage], path)
    return lambda x, data: fc(x, data, parameters)


class KktResidual(NamedTuple):
    """How far a point is from the Karush-Kuhn-Tucker conditions; all four are zero at a local optimum."""

    stationarity: Float[Array, ""]
    """Largest entry of ``|grad objective - J^T multipliers|``."""
    violation: Float[Array, ""]
    """Largest ``-c``, at least 0."""
    complementarity: Float[Array, ""]
    """Largest ``|multiplier * c|``."""
    sign: Float[Array, ""]
    """Largest ``-multiplier``, at least 0."""


@in_double
def kkt_residual(fc: Problem, x: Float[Array, " n"], data: Any, multipliers: Float[Array, " m"]) -> KktResidual:
    """Karush-Kuhn-Tucker residual of one instance (Nocedal and Wright, Numerical Optimization, 2nd ed., eq. 12.34)."""
    x, multipliers = jnp.asarray(x), jnp.asarray(multipliers)

    def lagrangian(point: Array) -> tuple[Array, Array]:
        objective, c = fc(point, data)
        return objective - multipliers @ c, c

    gradient, c = jax.grad(lagrangian, has_aux=True)(x)
    return KktResidual(
        stationarity=jnp.max(jnp.abs(gradient)),
        violation=largest_violation(c),
        complementarity=jnp.max(jnp.abs(multipliers * c), initial=0.0),
        sign=jnp.max(-multipliers, initial=0.0),
    )


def largest_violation(c: Float[Array, " m"]) -> Float[Array, ""]:
    """Largest ``-c``, at least 0; 0 without constraints."""
    return jnp.max(-c, initial=0.0)
