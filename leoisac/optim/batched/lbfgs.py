# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Limited-memory BFGS of one instance in compact form: a ring of pairs and three matrix-vector products per direction.

Byrd, Nocedal and Schnabel, "Representations of quasi-Newton matrices and their use in limited memory methods",
Mathematical Programming 63 (1994), equation (3.1). With the steps ``S = [s_1 .. s_m]``, the gradient changes
``Y = [y_1 .. y_m]`` (oldest first), ``R_ij = s_i . y_j`` for ``i <= j`` (upper triangular), ``D = diag(R)`` and a scale
``gamma``, the inverse Hessian estimate is::

    H g = gamma g + S q - gamma Y p,    p = R^-1 S^T g,    q = R^-T ((D + gamma Y^T Y) p - gamma Y^T g)

which equals the two-loop recursion with ``H_0 = gamma I``. The ring keeps ``R^-1`` itself: forgetting the oldest pair
deletes a row and a column of it, a new pair appends the column ``(-R^-1 S^T y, 1) / (s . y)``. The equations do not ask
where in the ring a pair lies, hence there is no loop over pairs, and a rejected trial point simply leaves no pair.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Int

from leoisac.foundation.jax_setup import jax, jnp


class Memory(NamedTuple):
    """Curvature pairs of one instance and the small matrices that belong to them."""

    pairs: Float[Array, "row n"]
    """Step ``s`` (even rows) and gradient change ``y`` (odd rows) of each slot; zeros where there is none."""
    inverse: Float[Array, "pair pair"]
    """``R^-1``, rows and columns in slot order; zero where a slot is empty."""
    gram: Float[Array, "pair pair"]
    """``Y^T Y`` in slot order."""
    curvature: Float[Array, " pair"]
    """``s . y`` of each slot."""
    scale: Float[Array, ""]
    """``gamma``: the inverse Hessian estimate before the first pair, ``s . y / y . y`` after it."""


def empty_memory(pair_count: int, size: int) -> Memory:
    """Memory without pairs and with unit scale."""
    square = jnp.zeros((pair_count, pair_count))
    return Memory(jnp.zeros((2 * pair_count, size)), square, square, jnp.zeros(pair_count), jnp.ones(()))


def push(
    memory: Memory,
    slot: Int[Array, ""],
    step: Float[Array, " n"],
    change: Float[Array, " n"],
    keep: Bool[Array, ""],
) -> Memory:
    """Overwrite ``slot``, which holds the oldest pair, by a new pair, or by nothing where ``keep`` is false."""
    step, change = jnp.where(keep, step, 0.0), jnp.where(keep, change, 0.0)
    pairs = jax.lax.dynamic_update_slice(memory.pairs, jnp.stack([step, change]), (2 * slot, jnp.zeros_like(slot)))
    products = _project(pairs, change)
    step_change, change_change = products[:, 0], products[:, 1]
    here = jnp.arange(memory.curvature.size) == slot
    row, column = here[:, None], here[None, :]
    curvature = jnp.where(here, step_change, memory.curvature)
    own = jnp.where(keep, step_change @ here, 1.0)
    remaining = jnp.where(row | column, 0.0, memory.inverse)
    appended = (jnp.where(here, 1.0, -remaining @ step_change)) / own
    return Memory(
        pairs=pairs,
        inverse=jnp.where(column & keep, appended[:, None], remaining),
        gram=jnp.where(row, change_change[None, :], jnp.where(column, change_change[:, None], memory.gram)),
        curvature=curvature,
        scale=jnp.where(keep, own / jnp.where(keep, change_change @ here, 1.0), memory.scale),
    )


def forget(memory: Memory, where: Bool[Array, ""]) -> Memory:
    """Drop all pairs where ``where`` holds: with ``R^-1 = 0`` none of them reaches a direction or a later pair."""
    return memory._replace(inverse=jnp.where(where, 0.0, memory.inverse))


def descent_direction(memory: Memory, gradient: Float[Array, " n"]) -> Float[Array, " n"]:
    """``-H g`` with the inverse Hessian estimate ``H`` of the module's equation."""
    products = _project(memory.pairs, gradient)
    p = memory.inverse @ products[:, 0]
    q = memory.inverse.T @ (memory.curvature * p + memory.scale * (memory.gram @ p - products[:, 1]))
    weights = jnp.stack([q, -memory.scale * p], axis=1)
    return -(memory.scale * gradient + weights.reshape(-1) @ memory.pairs)


def _project(pairs: Float[Array, "row n"], vector: Float[Array, " n"]) -> Float[Array, "pair two"]:
    """``[S^T v, Y^T v]`` as one matrix-vector product."""
    return (pairs @ vector).reshape(-1, 2)
