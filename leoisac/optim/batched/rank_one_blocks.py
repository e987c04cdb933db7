# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Hermitian blocks that are affine in a few variables with rank-one slopes: barrier, step bound, inverses.

The working parts of ``rank_one_sdp``. Every function here takes one family; families of equal shape are stacked and
mapped over, which saves compilation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leoisac.foundation.jax_setup import jax

import jax.numpy as jnp  # isort: skip
from jaxtyping import Array, Complex, Float


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BlockFamily:
    r"""Blocks of one size with common atoms, of which each may weigh one atom, its own, differently.

    .. math::
        B_k(z)=(\iota_0+\iota^Tz)I+\sum_{j\ne k}(w_{0j}+(Wz)_j)\,a_ja_j^H+(w_{0k}+(Oz)_k)\,a_ka_k^H,\qquad k=0..K-1 .

    Member ``k`` owns atom ``k``: at most as many members as atoms. A plain block is a family of one with
    ``own = weights[:1]``. All members share one factorisation, of the matrix :math:`S` with the common weights
    throughout; it must be positive definite wherever all :math:`B_k` are (own weights not above the common ones), and
    digits are lost where an own weight is a small part of the common one: below 1e-4, prefer a plain block.

    Attributes:
        atoms: ``a_j`` as rows.
        weights: ``W``.
        constants: ``w_0``.
        identity: ``iota``, the weights of the identity.
        identity_constant: ``iota_0``.
        own: ``O``.
    """

    atoms: Complex[Array, "*batch atom dim"]
    weights: Float[Array, "*batch atom variable"]
    constants: Float[Array, "*batch atom"]
    identity: Float[Array, "*batch variable"]
    identity_constant: Float[Array, "*batch"]
    own: Float[Array, "*batch member variable"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Factor:
    """One family at one point: everything in terms of the Gram matrix of atoms and unit vectors."""

    gram: Array
    others: Array  # its first columns, without the diagonal: what the other atoms see of a member's own
    slack: Array  # det B_k / det S
    ratio: Array  # the Gram matrix of member k is that of S plus ratio_k times the k-th column and its conjugate
    weights: Array
    gradient: Array
    hessian: Array
    feasible: Array


def stack_alike(families: Sequence[BlockFamily]) -> tuple[tuple[BlockFamily, ...], tuple[tuple[int, ...], ...]]:
    """Families of equal shape behind one another on a new leading axis, and the places they come from."""
    places: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for index, family in enumerate(families):
        places.setdefault(tuple(jnp.shape(leaf) for leaf in jax.tree.leaves(family)), []).append(index)
    stacks = tuple(jax.tree.map(lambda *x: jnp.stack(x), *(families[i] for i in group)) for group in places.values())
    return stacks, tuple(tuple(group) for group in places.values())


def factorise(family: BlockFamily, z: Array) -> Factor:
    """Gradient and negative Hessian of ``sum_k log det B_k`` at ``z``, and what :func:`block_rate` needs."""
    atoms, weights = _with_identity(family)
    members = family.own.shape[0]
    factor = jax.lax.linalg.cholesky(_common(family, z), symmetrize_input=False)
    whitened = jax.lax.linalg.triangular_solve(factor, atoms.T, left_side=True, lower=True)
    gram = whitened.conj().T @ whitened
    diagonal = jnp.sum(squared(whitened), axis=0)
    lowered = (family.weights[:members] - family.own) @ z
    slack = 1 - lowered * diagonal[:members]
    ratio = lowered / slack  # Sherman and Morrison

    # Sums over members and over pairs of atoms, apart from the own ones: no differences of nearly equal numbers.
    others = gram[:, :members] * (1 - jnp.eye(len(atoms), members))
    moduli = squared(others)
    is_own = jnp.arange(len(atoms)) < members
    own_diagonal = diagonal[:members] / slack
    gradient = weights.T @ ((members - is_own) * diagonal + moduli @ ratio) + family.own.T @ own_diagonal
    times = members - 1.0 * is_own[:, None] - is_own + is_own * jnp.eye(len(atoms))
    squares = times * squared(gram) + (moduli * ratio**2) @ moduli.T
    squares = squares + 2 * jnp.real(gram.conj() * ((others * ratio) @ others.conj().T))
    crossed = family.own.T @ ((moduli / slack**2).T @ weights)
    hessian = weights.T @ squares @ weights + crossed + crossed.T + (family.own.T * own_diagonal**2) @ family.own
    return Factor(
        gram=gram,
        others=others,
        slack=slack,
        ratio=ratio,
        weights=weights,
        gradient=gradient,
        hessian=hessian,
        feasible=jnp.all(jnp.isfinite(diagonal)) & jnp.all(slack > 0),
    )


def squared(values: Array) -> Array:
    """Squared moduli; ``abs`` would guard against overflow at several times the cost."""
    return jnp.real(values) ** 2 + jnp.imag(values) ** 2


def _with_identity(family: BlockFamily) -> tuple[Array, Array]:
    """The identity as a sum of unit-vector atoms that share one weight."""
    dim = family.atoms.shape[1]
    atoms = jnp.concatenate([family.atoms, jnp.eye(dim, dtype=family.atoms.dtype)])
    weights = jnp.concatenate([family.weights, jnp.tile(family.identity, (dim, 1))])
    return atoms, weights


def _common(family: BlockFamily, z: Array) -> Array:
    coefficients = family.constants + family.weights @ z
    matrix = (family.atoms.T * coefficients) @ family.atoms.conj()
    return matrix + (family.identity_constant + family.identity @ z) * jnp.eye(matrix.shape[0])


def block_rate(family: BlockFamily, factor: Factor, direction: Array) -> Array:
    """``max_k -lambda_min(B_k^-1 dB_k)``, bounded from above by mean and variance of the eigenvalues."""
    dim, members = family.atoms.shape[1], family.own.shape[0]
    change, own = factor.weights @ direction, family.own @ direction
    diagonal = jnp.real(jnp.diagonal(factor.gram))
    own_diagonal = diagonal[:members] / factor.slack
    leaning = change @ squared(factor.others)
    trace = change @ diagonal - change[:members] * diagonal[:members] + factor.ratio * leaning + own * own_diagonal

    rows = squared(factor.gram) @ change
    square = change @ rows - 2 * (change * rows)[:members] + (change * diagonal)[:members] ** 2
    chained = (factor.gram * change) @ factor.others
    square = square + 2 * factor.ratio * (change @ jnp.real(factor.others.conj() * chained))
    square = square + (factor.ratio * leaning) ** 2 + 2 * own * leaning / factor.slack**2 + (own * own_diagonal) ** 2
    square = jnp.maximum(square, 0.0)
    spread = jnp.sqrt(jnp.maximum(square / dim - (trace / dim) ** 2, 0.0) * (dim - 1))
    return jnp.max(jnp.minimum(spread - trace / dim, jnp.sqrt(square)))


def member_weights(family: BlockFamily) -> tuple[Array, Array]:
    """Atoms with the unit vectors, and the weights ``(member, atom, variable)`` of every member."""
    atoms, weights = _with_identity(family)
    members = jnp.arange(family.own.shape[0])
    weights = jnp.broadcast_to(weights, (members.size, *weights.shape))
    return atoms, weights.at[members, members].set(family.own)


def inverse_blocks(family: BlockFamily, z: Array, step: Array) -> Array:
    """``B_k^-1 - B_k^-1 dB_k B_k^-1`` with ``dB_k`` the change of ``B_k`` along ``step``."""
    atoms, weights = member_weights(family)
    fixed = jnp.concatenate([family.constants, jnp.full(len(atoms) - family.constants.size, family.identity_constant)])
    blocks = atoms.T @ ((fixed + weights @ z)[:, :, None] * atoms.conj())
    changes = atoms.T @ ((weights @ step)[:, :, None] * atoms.conj())
    unit = jnp.broadcast_to(jnp.eye(blocks.shape[-1], dtype=blocks.dtype), blocks.shape)
    factor = jax.lax.linalg.cholesky(blocks, symmetrize_input=False)
    inverse = jax.lax.linalg.triangular_solve(factor, unit, left_side=True, lower=True)
    adjoint = inverse.conj().swapaxes(-1, -2)
    return adjoint @ (unit - inverse @ changes @ adjoint) @ inverse


def moments(family: BlockFamily, blocks: Array) -> tuple[Array, Array]:
    """``sum_k tr(X_k D_i)`` and ``sum_k tr(X_k D_i X_k D_j)`` with ``D_i`` the slope of ``B_k`` in variable ``i``."""
    atoms, weights = member_weights(family)
    gram = atoms.conj() @ blocks @ atoms.T
    linear = jnp.einsum("kjv,kjj->v", weights, jnp.real(gram))
    return linear, jnp.einsum("kjv,kjl,klw->vw", weights, squared(gram), weights)


def congruence(family: BlockFamily, blocks: Array, change: Array) -> Array:
    """``X_k (sum_i change_i D_i) X_k``."""
    atoms, weights = member_weights(family)
    return blocks @ (atoms.T @ ((weights @ change)[:, :, None] * atoms.conj())) @ blocks
