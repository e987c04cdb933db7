# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Polishing of a solution: multipliers to many digits, and the point with them.

The engine's multipliers are those of its last round; restoration then moves the point and leaves them behind, with
errors of 1e-3. Bounds from duality inherit such errors. Here the multipliers are found anew, as the non-negative least
squares solution of ``J^T multipliers = grad objective`` over the rows at their limit (J. Nocedal, S. J. Wright,
Numerical Optimization, 2nd ed., sec. 15.4 and 18.3), and then point and multipliers together by Newton's method on the
Karush-Kuhn-Tucker equations of the rows with a multiplier. A step is taken if the residual falls, and else halved.

Measures are relative, so that they mean the same in any units: gradients are compared with gradients, and a row's
distance to its limit, ``c / ||grad c||``, with ``||x||``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Bool, Float

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.optim.problem import Problem, largest_violation

_TINY = 1e-300
_NEAR = 1e-3
"""A row is at its limit if its distance is below this share of ``||x||`` ..."""
_HELD = 5e-2
"""... or below this share, if its guessed multiplier has at least ..."""
_WEIGHTY = 1e-3
"""... this share in the gradient of the objective."""
_DEPENDENT = 1e-12
"""Added to the Gram matrix of unit rows: dependent rows, such as both sides of an equation, then share a multiplier."""
_SETTLED = 1e-12
"""Residual at which no further step is tried."""
_FREE = 1e-7
"""Added to the Hessian, relative to its size, for directions that change nothing (the phase of a beam)."""


class Polished(NamedTuple):
    """A point with its multipliers and how far both are from the Karush-Kuhn-Tucker conditions."""

    x: Float[Array, " n"]
    multipliers: Float[Array, " m"]
    """Of the Lagrangian ``objective - multipliers . c``; at least 0."""
    stationarity: Float[Array, ""]
    """``||grad objective - J^T multipliers||`` over the larger norm of the two. Without multipliers also over the
    change of the gradient along a distance of ``||x||``, for the gradient itself then is to vanish."""
    complementarity: Float[Array, ""]
    """Largest ``|multiplier * c|`` over ``||grad objective|| ||x||``."""
    violation: Float[Array, ""]
    """Largest ``-c``, at least 0, in the units of ``c``."""


class _Local(NamedTuple):
    """The problem to first order at a point, rows at unit length."""

    gradient: Float[Array, " n"]
    c: Float[Array, " m"]
    rows: Float[Array, "m n"]
    norms: Float[Array, " m"]
    """Lengths of the rows as they were; 1 where a row is zero."""
    share: Float[Array, " m"]
    """Signed distance to the limit over ``||x||``; infinite where a row is zero."""
    bend: Float[Array, ""]
    """Change of the objective's gradient over a distance of ``||x||`` in some direction."""


class _State(NamedTuple):
    best: Polished
    local: _Local
    """At its point."""
    residual: Float[Array, ""]
    length: Float[Array, ""]
    """Share of the next Newton step."""
    size: Float[Array, ""]
    """Length of the objective's gradient at the beginning."""
    tried: Any


@in_double
def polish(
    fc: Problem,
    x: Float[Array, " n"],
    data: Any,
    guess: Float[Array, " m"],
    *,
    steps: int = 4,
    hessian_limit: int = 400,
) -> Polished:
    """Multipliers of one instance at a solution ``x``, and both improved by Newton's method.

    Never worse than what non-negative least squares gives at ``x`` itself; where numbers are not finite, the measures
    are not finite either. Traceable, and meant for ``jax.vmap``; static are ``fc``, ``steps`` and ``hessian_limit``.

    Args:
        fc: the problem (see ``problem``), without parameters.
        x: a solution, in general the engine's.
        data: of this instance.
        guess: multipliers so far; tells of rows that have one although they are not quite at their limit.
        steps: Newton steps tried. Each evaluates a dense Hessian of shape ``(n, n)``.
        hessian_limit: largest ``n`` for which that is done; above, ``x`` stays.
    """
    x, guess = jnp.asarray(x), jnp.asarray(guess)
    if steps == 0 or x.size > hessian_limit:
        local = _linearise(fc, x, data)
        return _measured(local, x, _multipliers(local, guess))

    def unfinished(state: _State) -> Array:
        return (state.tried <= steps) & ~(state.residual <= _SETTLED)

    def improve(state: _State) -> _State:
        # The first round looks at `x` itself. One body for both: tracing and compiling it is what polishing costs most.
        first = state.tried == 0
        best = state.best
        point = best.x + jnp.where(first, 0.0, state.length * _newton(fc, best, state.local, data))
        local = _linearise(fc, point, data)
        size = jnp.where(first, _largest(jnp.linalg.norm(local.gradient)), state.size)
        # The least squares at the new point are as close to its multipliers as it is itself: quadratically.
        new = _measured(local, point, _multipliers(local, best.multipliers))
        residual = _residual(local, new, size)
        closer = first | (residual < state.residual)
        before = (state.best, state.local, state.residual)
        best, local, residual = jax.tree.map(lambda a, b: jnp.where(closer, a, b), (new, local, residual), before)
        return _State(best, local, residual, jnp.where(closer, 1.0, 0.5 * state.length), size, state.tried + 1)

    unknown = jnp.full((), jnp.inf)
    empty = jnp.zeros(guess.size)
    none = _Local(jnp.zeros(x.size), empty, jnp.zeros((guess.size, x.size)), empty, empty, jnp.zeros(()))
    start = Polished(x, guess, unknown, unknown, unknown)
    began = _State(start, none, unknown, jnp.ones(()), jnp.ones(()), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(unfinished, improve, began).best


def _linearise(fc: Problem, x: Float[Array, " n"], data: Any) -> _Local:
    def both(point: Array) -> tuple[Array, Array]:
        objective, c = fc(point, data)
        values = jnp.concatenate([jnp.reshape(objective, 1), c])
        return values, values

    jacobian, values = jax.jacrev(both, has_aux=True)(x)
    gradient, rows, c = jacobian[0], jacobian[1:], values[1:]
    lengths = jnp.linalg.norm(rows, axis=1)
    norms = jnp.where(lengths > 0.0, lengths, 1.0)
    share = c / (norms * jnp.maximum(jnp.linalg.norm(x), _TINY))
    # A direction that no symmetry of a problem knows of, such as a common factor of all variables.
    direction = jnp.cos(jnp.arange(x.size) ** 2 + 1.0)
    direction *= jnp.linalg.norm(x) / jnp.linalg.norm(direction)
    bend = jnp.linalg.norm(jax.jvp(jax.grad(lambda point: both(point)[0][0]), (x,), (direction,))[1])
    return _Local(gradient, c, rows / norms[:, None], norms, jnp.where(lengths > 0.0, share, jnp.inf), bend)


def _measured(local: _Local, x: Float[Array, " n"], multipliers: Float[Array, " m"]) -> Polished:
    pull = (multipliers * local.norms) @ local.rows
    size = jnp.linalg.norm(local.gradient)
    free = ~jnp.any(multipliers > 0.0)
    return Polished(
        x=x,
        multipliers=multipliers,
        stationarity=jnp.linalg.norm(local.gradient - pull)
        / _largest(size, jnp.linalg.norm(pull), jnp.where(free, local.bend, 0.0)),
        complementarity=jnp.max(jnp.abs(multipliers * local.c), initial=0.0) / _largest(size * jnp.linalg.norm(x)),
        violation=largest_violation(local.c),
    )


def _largest(*sizes: Float[Array, ""]) -> Float[Array, ""]:
    """The largest of some norms, as a denominator."""
    return jnp.max(jnp.stack([*sizes, jnp.asarray(_TINY)]))


def _residual(local: _Local, measured: Polished, size: Float[Array, ""]) -> Float[Array, ""]:
    """What a Newton step must reduce; gradients are compared with ``size``, which is the same at all points."""
    pull = (measured.multipliers * local.norms) @ local.rows
    left = jnp.linalg.norm(local.gradient - pull) / size
    return jnp.max(jnp.stack([left, measured.complementarity, jnp.max(-local.share, initial=0.0)]))


def _newton(fc: Problem, best: Polished, local: _Local, data: Any) -> Float[Array, " n"]:
    """Step of ``x`` by the KKT equations of the rows that have a multiplier or are violated.

    The last block is not quite zero (``_DEPENDENT``): dependent rows share their multiplier instead of failing.
    """
    x = best.x

    def lagrangian(point: Array) -> Array:
        objective, c = fc(point, data)
        return objective - best.multipliers @ c

    held = (best.multipliers > 0.0) | (local.share < 0.0)
    hessian = jax.hessian(lagrangian)(x)
    least = 1e-8 * jnp.linalg.norm(local.gradient) / jnp.maximum(jnp.linalg.norm(x), _TINY)
    size = _largest(jnp.max(jnp.linalg.norm(hessian, axis=1)), least)
    rows = jnp.where(held[:, None], local.rows, 0.0)
    corner = jnp.diag(jnp.where(held, _DEPENDENT, 1.0))
    matrix = jnp.block([[hessian / size + _FREE * jnp.eye(x.size), -rows.T], [rows, corner]])
    target = jnp.where(held, -local.c / local.norms, 0.0)
    return jnp.linalg.solve(matrix, jnp.concatenate([-local.gradient / size, target]))[: x.size]


def _multipliers(local: _Local, guess: Float[Array, " m"]) -> Float[Array, " m"]:
    """Multipliers of the rows at their limit, and of those near it that are guessed to have one."""
    weighty = guess * local.norms > _WEIGHTY * jnp.linalg.norm(local.gradient)
    active = (local.share <= _NEAR) | (weighty & (local.share <= _HELD))
    return _least_squares(local, active, jnp.where(weighty, 0.0, local.share / _NEAR))


def _least_squares(local: _Local, active: Bool[Array, " m"], reluctance: Float[Array, " m"]) -> Float[Array, " m"]:
    """Multipliers >= 0 of the active rows that leave the least of the gradient; 0 on the others.

    The active-set method of C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, 1974, chapter 23, on the
    Gram matrix of the unit rows: rows enter one by one, the steepest first, and leave where they would turn negative.

    Args:
        local: gradient and rows.
        active: rows that may have a multiplier.
        reluctance: weight of a multiplier of unit rows in the sum of squares; grows with the distance to the limit.
    """
    count = active.size
    if count == 0:
        return jnp.zeros(0)
    active = active & jnp.isfinite(reluctance)
    gram = local.rows @ local.rows.T + jnp.diag(jnp.where(active, reluctance, 0.0) ** 2 + _DEPENDENT)
    wanted = local.rows @ local.gradient
    tolerance = 1e-12 * jnp.linalg.norm(local.gradient)

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        _, _, done, tried = state
        return ~done & (tried < 3 * count + 3)

    def advance(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        found, entered, _, tried = state
        both = entered[:, None] & entered[None, :]
        matrix = jnp.where(both, gram, jnp.eye(count))
        aim = jnp.linalg.solve(matrix, jnp.where(entered, wanted, 0.0))
        negative = entered & (aim <= 0.0)
        # Part of the way, to where the first of them reaches zero, if some would be negative; else all of it.
        room = jnp.where(negative, found / jnp.where(negative, found - aim, 1.0), 1.0)
        stopped = jnp.any(negative)
        length = jnp.where(stopped, jnp.min(room), 1.0)
        found = jnp.where(entered, jnp.maximum(0.0, found + length * (aim - found)), 0.0)
        entered = entered & ~(negative & (room <= length))
        found = jnp.where(entered, found, 0.0)
        steepness = jnp.where(active & ~entered, wanted - gram @ found, -jnp.inf)
        enters = ~stopped & (jnp.max(steepness) > tolerance)
        entered = entered | (enters & (jnp.arange(count) == jnp.argmax(steepness)))
        return found, entered, ~stopped & ~enters, tried + 1

    none = jnp.zeros(count, bool)
    start = (jnp.zeros(count), none, jnp.zeros((), bool), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(unfinished, advance, start)[0] / local.norms
