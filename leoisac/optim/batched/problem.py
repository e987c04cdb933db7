"""What the engine solves: ``fc(x, data) -> (objective, c)`` for one instance, and its optimality certificate.

Minimise ``objective(x)`` subject to ``c(x) >= 0`` over real ``x`` of shape ``(n,)``; ``c`` has shape ``(m,)``, with
``m = 0`` where there are no constraints, and ``data`` is any pytree of arrays. The Lagrangian is ``objective -
multipliers . c`` with ``multipliers >= 0``: a multiplier is the fall of the best objective per unit by which its
constraint is relaxed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp

Problem: TypeAlias = Callable[[Any, Any], tuple[Any, Any]]
"""``fc(x, data) -> (objective, c)`` for one instance; a module-level function or a ``functools.partial`` of one."""


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
