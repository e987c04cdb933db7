"""Which of the users who want to be served are: as many as a base station has streams for."""

from __future__ import annotations

from jaxtyping import Array, Complex, Int

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.world.geometry import Geometry

_TINY = 1e-300


def schedule(geometry: Geometry, rows: Complex[Array, "cell candidate tx"]) -> Int[Array, "cell user"]:
    """Indices of the users served, from the channels of P1.

    ``first``: as they were drawn, which is at random. ``strongest``: the largest channel norms. ``semi-orthogonal``:
    one after the other, who has most left beside the ones chosen (T. Yoo, A. Goldsmith, IEEE J. Sel. Areas Commun.
    24(3), 2006, without a threshold).
    """
    cells, users = rows.shape[0], geometry.num_users
    if geometry.scheduling == "first":
        return jnp.broadcast_to(jnp.arange(users), (cells, users))
    if geometry.scheduling == "strongest":
        strength = jnp.sum(rows.real**2 + rows.imag**2, axis=-1)
        return jnp.argsort(-strength, axis=-1)[:, :users]
    return jax.vmap(lambda cell: _semi_orthogonal(cell, users))(rows)


def _semi_orthogonal(rows: Complex[Array, "candidate tx"], users: int) -> Int[Array, " user"]:
    left, chosen = rows, list[Array]()
    taken = jnp.zeros(rows.shape[0], dtype=bool)
    for _ in range(users):
        strength = jnp.sum(left.real**2 + left.imag**2, axis=-1)
        best = jnp.argmax(jnp.where(taken, -1.0, strength))
        chosen.append(best)
        taken = taken.at[best].set(True)
        unit = left[best] / jnp.sqrt(jnp.maximum(strength[best], _TINY))
        left = left - (left @ jnp.conj(unit))[:, None] * unit
    return jnp.stack(chosen)


__all__ = ["schedule"]
