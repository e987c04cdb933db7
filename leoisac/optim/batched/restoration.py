"""Newton restoration: the smallest correction of ``x`` that brings violated constraints back to zero.

Each step solves ``J_A dx = b`` with the least norm, where the rows ``A`` are the constraints with ``c`` below a margin,
``b = -c`` on the violated ones and 0 on the rest: those near their limit are held, for a correction that looks at the
violated rows alone trades one constraint for its neighbour. It converges quadratically where the rows are independent.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax
from leoisac.optim.batched.options import EngineOptions
from leoisac.optim.batched.problem import Problem, largest_violation

_REGULARISATION = 1e-12
"""Added to the Gram matrix of the unit rows: dependent rows then share the correction instead of failing."""


class Restored(NamedTuple):
    """A final point with objective and violation as ``fc`` gives them there."""

    x: Float[Array, " n"]
    objective: Float[Array, ""]
    violation: Float[Array, ""]


_State: TypeAlias = tuple[Restored, Array, Array]
"""Best point so far, share of the correction to try next, steps taken."""


def restore(fc: Problem, options: EngineOptions, x: Float[Array, " n"], data: Any) -> Restored:
    """Correct one instance; a correction that would not lower the violation is halved, never taken."""

    def judged(point: Float[Array, " n"]) -> Restored:
        objective, c = fc(point, data)
        violation = largest_violation(c)
        return Restored(point, objective, jnp.where(jnp.isfinite(violation), violation, jnp.inf))

    def unfinished(state: _State) -> Array:
        best, _, steps = state
        violated = (best.violation > options.restoration_target) & jnp.isfinite(best.violation)
        return violated & (steps < options.restoration_steps)

    def improve(state: _State) -> _State:
        best, scale, steps = state
        new = judged(best.x + scale * _correction(fc, options, best.x, data))
        better = new.violation < best.violation
        best = jax.tree.map(lambda a, b: jnp.where(better, a, b), new, best)
        return best, jnp.where(better, 1.0, 0.5 * scale), steps + 1

    first = judged(x)
    if options.restoration_steps == 0:
        return first
    return jax.lax.while_loop(unfinished, improve, (first, jnp.ones(()), jnp.zeros((), jnp.int32)))[0]


def _correction(fc: Problem, options: EngineOptions, x: Float[Array, " n"], data: Any) -> Float[Array, " n"]:
    """Least-norm solution of the linearised active constraints."""

    def constraints(point: Float[Array, " n"]) -> tuple[Array, Array]:
        c = fc(point, data)[1]
        return c, c

    jacobian, c = jax.jacrev(constraints, has_aux=True)(x)
    norm = jnp.linalg.norm(jacobian, axis=1)
    active = (c < options.active_margin) & (norm > 0.0)
    row_scale = jnp.where(active, 1.0 / jnp.where(active, norm, 1.0), 0.0)
    rows = jacobian * row_scale[:, None]
    gram = rows @ rows.T + jnp.diag(jnp.where(active, _REGULARISATION, 1.0))
    return jnp.linalg.solve(gram, jnp.maximum(0.0, -c) * row_scale) @ rows
