# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""The cheapest covariance that puts a required power on every one of a few vectors.

Written for one instance; ``jax.vmap`` it for a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from leoisac.foundation.jax_setup import in_double, jax
from leoisac.optim.batched.rank_one_blocks import BlockFamily
from leoisac.optim.batched.rank_one_sdp import maximise_dual

import jax.numpy as jnp  # isort: skip
from jaxtyping import Array, Bool, Complex, Float, Int


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Covering:
    """Outcome of :func:`covering_sdp`.

    Attributes:
        covariance: ``V = U U^H``.
        factor: ``U``, one column per demand: the rank of ``V`` is at most their number.
        value: ``tr(C V)``; infinite where a demand sits on a zero vector.
        dual: ``y >= 0`` with ``C - sum_t y_t a_t a_t^H`` positive semidefinite.
        lower_bound: ``sum_t y_t Gamma_t``, certified by ``dual``; never above the optimum.
        converged: whether value and bound met the tolerance.
        iterations: factorisations made.
    """

    covariance: Complex[Array, "*batch n n"]
    factor: Complex[Array, "*batch n t"]
    value: Float[Array, "*batch"]
    dual: Float[Array, "*batch t"]
    lower_bound: Float[Array, "*batch"]
    converged: Bool[Array, "*batch"]
    iterations: Int[Array, "*batch"]


@in_double
def covering_sdp(
    cost: Complex[Array, "n n"],
    atoms: Complex[Array, "t n"],
    demands: Float[Array, " t"],
    *,
    tolerance: float | Float[Array, ""] = 1e-9,
    max_iterations: int | Int[Array, ""] = 200,
) -> Covering:
    r"""Solve a covering problem: every vector gets its demand at least cost.

    .. math::
        \min_{V\succeq0}\ \operatorname{tr}(CV)\quad\text{s.t.}\quad a_t^HVa_t\ge\Gamma_t
        \qquad\Longleftrightarrow\qquad
        \max_{y\ge0}\ \sum_ty_t\Gamma_t\quad\text{s.t.}\quad C-\sum_ty_ta_ta_t^H\succeq0 .

    With :math:`C=LL^H` and :math:`L^{-1}A=QR` the optimal covariance is :math:`L^{-H}QXQ^HL^{-1}`: the solve happens in
    the span of the whitened vectors. The returned ``V`` is scaled so that the tightest demand is met to rounding.

    Args:
        cost: Hermitian positive definite ``C``.
        atoms: vectors ``a_t`` as rows.
        demands: ``Gamma_t >= 0``. Zero demands are allowed, also all of them.
        tolerance: relative gap between value and bound.
        max_iterations: bound on the number of factorisations; about 25 are usual.
    """
    count, dim = atoms.shape
    root = jax.lax.linalg.cholesky(cost.astype(jnp.complex128), symmetrize_input=False)
    whitened = jax.lax.linalg.triangular_solve(root, atoms.T, left_side=True, lower=True)
    basis, columns = jnp.linalg.qr(whitened) if count < dim else (jnp.eye(dim, dtype=root.dtype), whitened)

    # Unit vectors and demands of at most one: the optimum lies between 1 and `count`.
    norms = jnp.linalg.norm(columns, axis=0)
    reachable = norms > 0
    lengths = jnp.where(reachable, norms, 1.0)
    alone = jnp.where(reachable, demands, 0.0) / lengths**2
    wanted = jnp.any(alone > 0)
    scale = jnp.where(wanted, jnp.max(alone), 1.0)
    # A zero vector has no say: any unit vector with demand zero will do.
    unit = jnp.where(reachable, columns / lengths, jnp.eye(len(columns), 1))
    weights = -jnp.eye(count)
    family = BlockFamily(
        atoms=unit.T,
        weights=weights,
        constants=jnp.zeros(count),
        identity=jnp.zeros(count),
        identity_constant=jnp.asarray(1.0),
        own=weights[:1],
    )
    solution = maximise_dual(
        jnp.where(wanted, alone / scale, 1.0),
        (family,),
        jnp.full(count, jnp.inf),
        jnp.full(count, 0.5 / count),
        tolerance=tolerance,
        ceiling=1e3 * count,
        max_iterations=max_iterations,
    )
    # The square root by eigenvalues: at the optimum the matrix may have lost rank.
    values, vectors = jnp.linalg.eigh(solution.primal[0][0])
    small = basis @ (vectors * jnp.sqrt(jnp.maximum(values, 0.0)))
    factor = jax.lax.linalg.triangular_solve(
        root, small, left_side=True, lower=True, transpose_a=True, conjugate_a=True
    )
    reached = jnp.sum(jnp.abs(atoms.conj() @ factor) ** 2, axis=1)
    short = jnp.max(jnp.where(reached > 0, demands / jnp.where(reached > 0, reached, 1.0), 0.0))
    factor = factor * jnp.sqrt(short)
    value = jnp.sum(jnp.abs(root.conj().T @ factor) ** 2)
    missed = jnp.any(~reachable & (demands > 0))
    return Covering(
        covariance=factor @ factor.conj().T,
        factor=jnp.pad(factor, ((0, 0), (0, count - factor.shape[1]))),
        value=jnp.where(missed, jnp.inf, value),
        dual=jnp.where(reachable, solution.dual / lengths**2, 0.0),
        lower_bound=jnp.where(wanted, scale * solution.dual_value, 0.0),
        converged=solution.converged & ~missed,
        iterations=solution.iterations,
    )
