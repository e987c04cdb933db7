"""What cells of one beam hear of each other: links between every base station and the others' users and receivers.

Entities have keys of kinds 5 and 6, with cell, cell from which it comes, and user or receiver: they leave all other
numbers of a trial as they are.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float, Int

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, complex_normal, standard_normal, uniforms
from leoisac.systems.coexistence.model import Neighbours
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array
from leoisac.systems.coexistence.world.places import Standing
from leoisac.systems.coexistence.world.terrestrial_links import (
    Numbers,
    ground_shapes,
    large_scale_gains,
    ray_azimuths,
    terrestrial_rows,
)

_USERS, _RECEIVERS = 5, 6


def draw_neighbours(
    geometry: Geometry, key: Key, standing: Standing, served: Int[Array, "cell user"] | None = None
) -> Neighbours:
    """Links of one trial between all cells of the same beam; ``served``: which candidates the users are."""
    cells, share = geometry.num_cells, geometry.cells_per_beam
    to, origin = (
        index
        for index in np.array(
            [(c, d) for c in range(cells) for d in range(cells) if c != d and c // share == d // share]
        ).T
    )
    apart = (standing.masts[to] - standing.masts[origin])[:, None]
    shapes = ground_shapes(geometry)
    names = np.broadcast_to(np.arange(geometry.num_users), (len(to), geometry.num_users))
    users = _numbers(key, _USERS, to, origin, names if served is None else served[to], shapes)
    rows, fresh = jax.vmap(jax.vmap(partial(terrestrial_rows, geometry)))(users, apart + standing.users[to])
    arrivals = {**shapes, "arrival": shapes["ray"]}
    names = np.broadcast_to(np.arange(geometry.num_receivers), (len(to), geometry.num_receivers))
    receivers = _numbers(key, _RECEIVERS, to, origin, names, arrivals)
    radar = jax.vmap(jax.vmap(partial(_matrix, geometry)))(receivers, apart + standing.receivers)

    def full(values: Any) -> Any:
        return jnp.zeros((cells, cells, *values.shape[1:]), dtype=values.dtype).at[to, origin].set(values)

    return Neighbours(full(rows), full(fresh), full(radar))


def _numbers(
    key: Key, kind: int, to: np.ndarray, origin: np.ndarray, names: Any, shapes: dict[str, tuple[int, ...]]
) -> Numbers:
    codes = ((kind << 24) + (to << 16) + (origin << 8)).astype(np.uint32)
    codes = jnp.asarray(codes)[:, None] + jnp.asarray(names).astype(jnp.uint32)
    keys = jax.vmap(jax.vmap(jax.random.fold_in, in_axes=(None, 0)), in_axes=(None, 0))(key, codes)
    return jax.vmap(jax.vmap(partial(uniforms, shapes=shapes)))(keys)


def _matrix(geometry: Geometry, numbers: Numbers, place: Float[Array, "2"]) -> Complex[Array, "rx tx"]:
    """From a base station's array to a radar receiver's, at ``place`` from the mast: the law of ``terrestrial_rows``.

    The line of sight is ``a_r a_t^H``; rays leave around it and arrive from anywhere.
    """
    distance = jnp.hypot(place[0], place[1])
    azimuth = jnp.arctan2(place[1], place[0])
    flat = distance / jnp.hypot(distance, geometry.bs_height_m - geometry.target_height_m)
    normal = standard_normal(numbers["shadowing"])
    direct, nlos = large_scale_gains(geometry, normal, numbers["sight"][0], distance, geometry.target_height_m)
    phase = jnp.exp(2j * math.pi * numbers["sight"][1])
    u = jnp.sin(azimuth) * flat
    # Seen from the receiver the mast is in the opposite direction.
    line = line_array(geometry.num_rx, -u)[:, None] * jnp.conj(line_array(geometry.num_tx, u))
    leaving = jnp.sin(ray_azimuths(geometry, numbers, azimuth)).ravel() * flat
    arriving = jnp.sin(2.0 * math.pi * numbers["arrival"]).ravel() * flat
    gains = complex_normal(numbers["gain"]).ravel() / math.sqrt(leaving.size)
    columns = line_array(geometry.num_rx, arriving) * gains[:, None]
    scattered = columns.T @ jnp.conj(line_array(geometry.num_tx, leaving))
    return direct * phase * line + nlos * scattered


__all__ = ["draw_neighbours"]
