# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Newton restoration: least-norm corrections of ``x`` that bring the constraints to where they belong.

A correction solves ``J_A dx = b`` with the least norm, ``J_A`` being the rows of the constraints with ``c`` below a
margin or with a target. First one *landing* step with ``b = -c`` on all constraints that have a multiplier, on either
side of their limit: it removes the first-order error of the objective, ``multipliers . c``. Then *restoring* steps with
``b = -c`` on the violated ones and 0 on the rest: those near their limit are held, for a correction that looks at the
violated rows alone trades one constraint for its neighbour. Both converge quadratically where the rows are independent.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from jaxtyping import Array, Bool, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Problem, largest_violation

_REGULARISATION = 1e-12
"""Added to the Gram matrix of the unit rows: dependent rows then share the correction instead of failing."""


class Restored(NamedTuple):
    """A final point with objective and violation as ``fc`` gives them there."""

    x: Float[Array, " n"]
    objective: Float[Array, ""]
    violation: Float[Array, ""]


_State: TypeAlias = tuple[Restored, Array, Array]
"""Best point so far, share of the next correction to try, steps taken."""


def restore(
    fc: Problem, options: EngineOptions, x: Float[Array, " n"], multipliers: Float[Array, " m"], data: Any
) -> Restored:
    """Correct one instance. A step that does not bring its constraints closer is not taken, the next one is halved."""

    def unfinished(state: _State) -> Array:
        best, _, steps = state
        violated = (best.violation > options.restoration_target) & jnp.isfinite(best.violation)
        return (steps == 0) | (violated & (steps < options.restoration_steps))

    def improve(state: _State) -> _State:
        best, scale, steps = state
        c, jacobian = _linearise(fc, best.x, data)
        landing = (steps == 0) & (multipliers > 0.0) & (jnp.abs(c) <= options.landing_margin)
        target = jnp.where(landing, -c, jnp.maximum(0.0, -c))
        step = scale * _least_norm(jacobian, landing | (c < options.active_margin), target)
        new, new_c = _judge(fc, best.x + step, data)
        closer = _distance(new_c, landing) < _distance(c, landing)
        best = jax.tree.map(lambda a, b: jnp.where(closer, a, b), new, best)
        return best, jnp.where(closer | (steps == 0), 1.0, 0.5 * scale), steps + 1

    first, c = _judge(fc, x, data)
    if options.restoration_steps == 0 or c.size == 0:
        return first
    return jax.lax.while_loop(unfinished, improve, (first, jnp.ones(()), jnp.zeros((), jnp.int32)))[0]


def _judge(fc: Problem, x: Float[Array, " n"], data: Any) -> tuple[Restored, Float[Array, " m"]]:
    objective, c = fc(x, data)
    violation = largest_violation(c)
    return Restored(x, objective, jnp.where(jnp.isfinite(violation), violation, jnp.inf)), c


def _distance(c: Float[Array, " m"], landing: Bool[Array, " m"]) -> Float[Array, ""]:
    """Largest violation, or largest ``|c|`` among the constraints to land on."""
    return jnp.maximum(largest_violation(c), jnp.max(jnp.abs(c), where=landing, initial=0.0))


def _linearise(fc: Problem, x: Float[Array, " n"], data: Any) -> tuple[Float[Array, " m"], Float[Array, "m n"]]:
    """Constraints and their Jacobian."""

    def constraints(point: Float[Array, " n"]) -> tuple[Array, Array]:
        c = fc(point, data)[1]
        return c, c

    jacobian, c = jax.jacrev(constraints, has_aux=True)(x)
    return c, jacobian


def _least_norm(
    jacobian: Float[Array, "m n"], active: Bool[Array, " m"], target: Float[Array, " m"]
) -> Float[Array, " n"]:
    """Least-norm ``dx`` with ``J dx = target`` on the active rows, through their Gram matrix at unit row length."""
    norm = jnp.linalg.norm(jacobian, axis=1)
    used = active & (norm > 0.0)
    scale = jnp.where(used, 1.0 / jnp.where(used, norm, 1.0), 0.0)
    rows = jacobian * scale[:, None]
    gram = rows @ rows.T + jnp.diag(jnp.where(used, _REGULARISATION, 1.0))
    return jax.scipy.linalg.solve(gram, target * scale, assume_a="pos") @ rows
