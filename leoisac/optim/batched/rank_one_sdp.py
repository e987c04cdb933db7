# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
r"""Semidefinite programs made of rank-one atoms, solved by following the central path of the small dual.

.. math::
    \text{dual:}\quad \max_z\ b^Tz\quad\text{s.t.}\quad B_k(z)\succeq0\ \forall k,\quad 0\le z\le\bar z,
    \qquad
    \text{primal:}\quad X_k=\mu\,B_k^{-1}\succeq0 .

The blocks are affine in the dual variables, and their slopes are sums of atoms :math:`a_ja_j^H` and of the identity, so
that one Gram matrix :math:`A^HB^{-1}A` holds the gradient (its diagonal) and the Hessian (its squared moduli) of
:math:`\log\det B`. There are as many unknowns as primal constraints, a dozen where the primal has hundreds. Every
iterate is dual feasible, hence its value is a certified bound; and where the Newton decrement is below one, the
first-order correction :math:`X_k=\mu(B_k^{-1}-B_k^{-1}\Delta B_kB_k^{-1})` is primal feasible with a known gap
(S. J. Benson, Y. Ye, X. Zhang, SIAM J. Optim. 10(2), 2000, for the dual-scaling view; Y. Nesterov, A. Nemirovskii,
*Interior-Point Polynomial Algorithms*, 1994, for the path).

Written for one instance; ``jax.vmap`` it for a batch. An instance that has stopped is frozen while others go on, and no
number of one instance depends on another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from leoisac.foundation.jax_setup import in_double, jax
from leoisac.optim.batched.rank_one_blocks import (
    BlockFamily,
    Factor,
    block_rate,
    congruence,
    factorise,
    inverse_blocks,
    moments,
    stack_alike,
)

import jax.numpy as jnp  # isort: skip
from jaxtyping import Array, Bool, Complex, Float, Int

T = TypeVar("T")

_NEAR = 0.9  # Newton decrement below which the path is followed to the next, smaller mu
_PREDICTOR_FRACTION = 0.95  # share of the way to the (bounded) edge of the cone
_CORRECTOR_FRACTION = 0.7
_FIRST_MU = 1e3  # times the value of the start: begin near the analytic centre, away from every edge
_LEAST_SHRINK = 0.003  # smallest ratio of consecutive mu
_PATIENCE = 4  # centring steps before mu is raised again: far from the path, Newton steps gain a constant each
_RETREAT = 10.0
_CORRECTIONS = 2
_COLLAPSED = 1e-9  # a line search that gets here has met rounding


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DualSolution:
    """Outcome of :func:`maximise_dual`.

    Attributes:
        dual: ``z``, feasible.
        dual_value: ``b^T z``, a certified lower bound of the primal optimum.
        gap: primal value minus dual value; infinite where no primal point came with the last iterate.
        primal: ``X_k`` of every family, positive definite.
        converged: whether the gap met the tolerance.
        unbounded: whether the dual value passed half the ceiling: the primal has no solution below that.
        iterations: factorisations made.
    """

    dual: Float[Array, "*batch variable"]
    dual_value: Float[Array, "*batch"]
    gap: Float[Array, "*batch"]
    primal: tuple[Complex[Array, "*batch _member _dim _dim"], ...]
    converged: Bool[Array, "*batch"]
    unbounded: Bool[Array, "*batch"]
    iterations: Int[Array, "*batch"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Primal:
    """Where the best primal point so far comes from, and its value."""

    z: Array
    mu: Array
    newton: Array
    value: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _State:
    z: Array
    mu: Array
    step: Array
    fraction: Array
    shrink: Array  # relative decrease of mu that goes with the whole step; 0 for a centring step
    slope: Array
    best: _Primal
    centrings: Array
    iterations: Array


@in_double
def maximise_dual(
    b: Float[Array, " variable"],
    families: tuple[BlockFamily, ...],
    upper: Float[Array, " variable"],
    start: Float[Array, " variable"],
    *,
    tolerance: float | Float[Array, ""] = 1e-8,
    ceiling: float | Float[Array, ""] = 1e6,
    max_iterations: int | Int[Array, ""] = 200,
) -> DualSolution:
    r"""Maximise ``b^T z`` over ``0 <= z <= upper`` with all blocks positive semidefinite.

    Predictor-corrector steps along the central path of
    :math:`b^Tz/\mu+\sum_k\log\det B_k(z)+\sum_i\log z_i+\sum_i\log(\bar z_i-z_i)`: a step along the tangent as long as
    the cone allows, then Newton steps back to the path. The distance to the edge of the cone comes from the first two
    moments of the eigenvalues (H. Wolkowicz, G. P. H. Styan, Linear Algebra Appl. 29, 1980), which costs no
    eigenvalues. Invariant to the scale of every single variable.

    Args:
        b: nonnegative objective.
        families: the blocks. Families of equal shape are worked on together.
        upper: bounds of the variables; infinite where there is none.
        start: strictly feasible point.
        tolerance: relative gap at which to stop.
        ceiling: the dual is cut at ``b^T z <= ceiling``, so that an unbounded dual (a primal without solution) ends
            like any other. Choose it far above any value of interest.
        max_iterations: bound on the number of factorisations; 30 to 50 are usual.
    """
    stacks, places = stack_alike(families)
    order = sum(family.own.shape[0] * family.atoms.shape[1] for family in families) + b.size + 1
    order = order + jnp.sum(jnp.isfinite(upper))

    def unfinished(state: _State) -> Array:
        running = (state.iterations < max_iterations) & (state.fraction > _COLLAPSED)
        return running & ~_closed(state, b, tolerance) & (b @ state.z <= 0.5 * ceiling)

    def tick(state: _State) -> _State:
        """Factor at the trial point; accept it and choose the next step, or shorten the step."""
        trial = state.z + state.fraction * state.step
        factors = tuple(jax.vmap(factorise, in_axes=(0, None))(stack, trial) for stack in stacks)
        gradient, hessian, inside = _scalar_barrier(trial, b, upper, ceiling)
        gradient = gradient + sum(factor.gradient.sum(axis=0) for factor in factors)
        hessian = hessian + sum(factor.hessian.sum(axis=0) for factor in factors)
        mu = state.mu * (1 - state.fraction * state.shrink)
        feasible = inside & jnp.all(jnp.concatenate([factor.feasible for factor in factors]))
        # The objective is concave along the step: overshooting shows in its slope, which rounding spares.
        overshot = (state.shrink == 0) & ((b / mu + gradient) @ state.step < -0.5 * state.slope)

        along, towards = _solve_scaled(hessian, b, gradient)
        closest = _closest_mu(b, along, towards)
        mu = jnp.where(mu > 0, mu, jnp.maximum(_FIRST_MU * (b @ trial), closest))
        mu = jnp.where(state.centrings < _PATIENCE, mu, jnp.clip(closest, mu, _RETREAT * mu))
        newton = along / mu + towards
        decrement = jnp.sqrt(jnp.maximum((b / mu + gradient) @ newton, 0.0))
        primal = jnp.where(decrement < 1, b @ trial + mu * (order - gradient @ newton), jnp.inf)
        better = primal < state.best.value
        best = _choose(better, _Primal(z=trial, mu=mu, newton=newton, value=primal), state.best)

        follow = decrement < _NEAR
        direction = jnp.where(follow, along / mu, newton)
        reach = 1 / jnp.maximum(_steepest_descent(stacks, factors, trial, direction, b, upper, ceiling), 1e-12)
        shrink = jnp.where(follow, jnp.minimum(_PREDICTOR_FRACTION * reach, 1 - _LEAST_SHRINK), 0.0)
        accepted = _State(
            z=trial,
            mu=mu,
            step=newton + shrink * along / mu,
            fraction=jnp.where(follow, 1.0, jnp.minimum(_CORRECTOR_FRACTION * reach, 1.0)),
            shrink=shrink,
            slope=decrement**2,
            best=best,
            centrings=jnp.where(follow | (state.centrings >= _PATIENCE), 0, state.centrings + 1),
            iterations=state.iterations + 1,
        )
        rejected = replace(state, fraction=state.fraction / 2, iterations=state.iterations + 1)
        return _choose(feasible & ~overshot & jnp.isfinite(decrement), accepted, rejected)

    nothing = jnp.zeros_like(start)
    state = jax.lax.while_loop(
        unfinished,
        tick,
        _State(
            z=start,
            mu=jnp.asarray(0.0),
            step=nothing,
            fraction=jnp.asarray(1.0),
            shrink=jnp.asarray(0.0),
            slope=jnp.asarray(0.0),
            best=_Primal(z=start, mu=jnp.asarray(0.0), newton=nothing, value=jnp.asarray(jnp.inf)),
            centrings=jnp.asarray(0),
            iterations=jnp.asarray(0),
        ),
    )
    value = b @ state.z
    blocks = _primal(stacks, state.best, b, upper)
    primal = {i: block[n] for group, block in zip(places, blocks, strict=True) for n, i in enumerate(group)}
    return DualSolution(
        dual=state.z,
        dual_value=value,
        gap=state.best.value - value,
        primal=tuple(primal[i] for i in range(len(families))),
        converged=_closed(state, b, tolerance),
        unbounded=value > 0.5 * ceiling,
        iterations=state.iterations,
    )


def _closed(state: _State, b: Array, tolerance: float | Array) -> Array:
    primal = state.best.value
    return jnp.isfinite(primal) & (primal - b @ state.z <= tolerance * primal)


def _choose(condition: Array, yes: T, no: T) -> T:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _scalar_barrier(z: Array, b: Array, upper: Array, ceiling: float | Array) -> tuple[Array, Array, Array]:
    """Gradient and Hessian of the logarithms of ``z``, ``upper - z`` and ``ceiling - b^T z``."""
    room = ceiling - b @ z
    above = jnp.where(jnp.isfinite(upper), 1 / (upper - z), 0.0)
    gradient = 1 / z - above - b / room
    hessian = jnp.diag(1 / z**2 + above**2) + jnp.outer(b, b) / room**2
    return gradient, hessian, jnp.all(z > 0) & jnp.all(z < upper) & (room > 0)


def _solve_scaled(hessian: Array, b: Array, gradient: Array) -> tuple[Array, Array]:
    diagonal = jnp.diagonal(hessian)
    scale = 1 / jnp.sqrt(jnp.where(diagonal > 0, diagonal, 1.0))
    scaled = hessian * scale[:, None] * scale + 1e-14 * jnp.eye(scale.size)
    factor = jax.lax.linalg.cholesky(scaled, symmetrize_input=False)
    solved = jax.scipy.linalg.cho_solve((factor, True), jnp.stack([scale * b, scale * gradient], axis=1))
    return scale * solved[:, 0], scale * solved[:, 1]


def _closest_mu(b: Array, along: Array, towards: Array) -> Array:
    """The ``mu`` with the least Newton decrement here."""
    squared, mixed = b @ along, b @ towards
    return jnp.where(mixed < 0, -squared / jnp.where(mixed < 0, mixed, -1.0), jnp.sqrt(squared))


def _steepest_descent(
    stacks: tuple[BlockFamily, ...],
    factors: tuple[Factor, ...],
    z: Array,
    direction: Array,
    b: Array,
    upper: Array,
    ceiling: float | Array,
) -> Array:
    """Upper bound of the relative rate at which any block or scalar runs towards zero along ``direction``."""
    rates = [
        jnp.max(-direction / z),
        jnp.max(jnp.where(jnp.isfinite(upper), direction / (upper - z), 0.0)),
        b @ direction / (ceiling - b @ z),
    ]
    for stack, factor in zip(stacks, factors, strict=True):
        rates.append(jnp.max(jax.vmap(block_rate, in_axes=(0, 0, None))(stack, factor, direction)))
    return jnp.max(jnp.stack(rates))


def _primal(stacks: tuple[BlockFamily, ...], at: _Primal, b: Array, upper: Array) -> tuple[Array, ...]:
    """Blocks that satisfy the primal constraints, with the slacks of the central path, to rounding.

    Near the optimum ``B_k`` is almost singular and its inverse carries an error of rounding over gap. The least change,
    relative to the blocks and to the slacks themselves, that restores the constraints takes it away.
    """
    below = at.mu / at.z * (1 - at.newton / at.z)
    above = jnp.where(jnp.isfinite(upper), at.mu / (upper - at.z) * (1 + at.newton / (upper - at.z)), 0.0)

    def correct(_: object, carry: tuple[Array, Array, tuple[Array, ...]]) -> tuple[Array, Array, tuple[Array, ...]]:
        below, above, blocks = carry
        residual = -(b + below - above)
        system = jnp.diag(below**2 + above**2)
        for stack, block in zip(stacks, blocks, strict=True):
            linear, quadratic = jax.vmap(moments)(stack, block)
            residual, system = residual - linear.sum(axis=0), system + quadratic.sum(axis=0)
        change, _ = _solve_scaled(system, residual, residual)
        blocks = tuple(
            block + jax.vmap(congruence, in_axes=(0, 0, None))(stack, block, change)
            for stack, block in zip(stacks, blocks, strict=True)
        )
        return below + change * below**2, above - change * above**2, blocks

    blocks = tuple(at.mu * jax.vmap(inverse_blocks, in_axes=(0, None, None))(x, at.z, at.newton) for x in stacks)
    _, _, blocks = jax.lax.fori_loop(0, _CORRECTIONS, correct, (below, above, blocks))
    return tuple((block + block.conj().swapaxes(-1, -2)) / 2 for block in blocks)
