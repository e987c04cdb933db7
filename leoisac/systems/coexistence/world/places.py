"""Where everybody stands: masts and satellite users in the footprint of their beam, the rest around their mast.

Frame of a beam: the centre of its footprint is the origin; every beam has one of its own. Places are drawn, or given in
the configuration, or follow a rule (masts in a line, receivers on a circle).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, uniforms
from leoisac.propagation.travel import directions, within_disc
from leoisac.systems.coexistence.world.geometry import Geometry

_CANDIDATES = 24
"""Places that are drawn for a mast; the first that keeps the distance stands, or the one that keeps most of it."""


class Standing(NamedTuple):
    """Places of all cells, metres."""

    masts: Leaf  # (cell, 2), in the frame of the beam
    satellite_users: Leaf  # (cell, 2), that of the cell's beam
    users: Leaf  # (cell, user, 2), from the mast, as the rest
    receivers: Leaf  # (receiver, 2)
    targets: Leaf  # (cell, target, 2)
    clutter: Leaf  # (cell, target, clutter_per_target, 2)


def stand(
    geometry: Geometry, key: Key, ground: Float[Array, "cell ground 2"], points: Float[Array, "cell target point 2"]
) -> Standing:
    """Places of a trial.

    Args:
        geometry: of the configuration.
        key: the trial's, for masts.
        ground: uniform numbers of the satellite user and the users of every cell.
        points: of every target and the clutter around it.
    """
    beam = _first_of_beam(geometry)
    masts = _masts(geometry, key)
    if geometry.satellite_users is not None:
        satellite_users = jnp.asarray(geometry.satellite_users)[beam // geometry.cells_per_beam]
    else:
        satellite_users = annulus(ground[:, 0], geometry.sut_least_m, geometry.sut_most_m)[beam]
        if geometry.sut_in_cell:
            satellite_users = satellite_users + masts[beam]
    users = annulus(ground[:, 1:], geometry.min_distance_m, geometry.cell_radius_m)
    targets = _disc(points[:, :, 0], geometry.sensing_radius_m)
    if geometry.target_least_m is not None:
        targets = annulus(points[:, :, 0], geometry.target_least_m, geometry.sensing_radius_m)
    if geometry.users is not None:
        users = jnp.broadcast_to(geometry.users, users.shape)
    if geometry.travel is not None:
        along = directions(geometry.travel, key, users.shape[0] * users.shape[1])
        moved = within_disc(geometry.travel, users.reshape(-1, 2), along, geometry.cell_radius_m)
        users = moved.reshape(users.shape)
    if geometry.target_places is not None:
        targets = jnp.broadcast_to(geometry.target_places, targets.shape)
    clutter = targets[:, :, None] + _disc(points[:, :, 1:], geometry.clutter_radius_m)
    return Standing(masts, satellite_users, users, receiver_places(geometry), targets, clutter)


def receiver_places(geometry: Geometry) -> Float[Array, "receiver 2"]:
    """Receivers evenly on the circle of half the sensing radius, the first on the x axis; monostatic: at the mast."""
    if geometry.receivers is not None:
        return jnp.asarray(geometry.receivers)
    if geometry.monostatic:
        return jnp.zeros((geometry.num_receivers, 2))
    azimuth = 2.0 * math.pi * jnp.arange(geometry.num_receivers) / geometry.num_receivers
    return 0.5 * geometry.sensing_radius_m * jnp.stack([jnp.cos(azimuth), jnp.sin(azimuth)], axis=-1)


def background_places(geometry: Geometry, uniform: Float[Array, "mast 2"]) -> Float[Array, "mast 2"]:
    """Masts of the background: given, or uniform in the footprint beyond the cells' spacing from its centre."""
    if geometry.background is not None:
        return jnp.asarray(geometry.background)
    return annulus(uniform, geometry.cell_spacing_m, geometry.footprint_radius_m)


def _masts(geometry: Geometry, key: Key) -> Float[Array, "cell 2"]:
    beam = _first_of_beam(geometry)
    if geometry.masts is not None:
        return jnp.asarray(geometry.masts)[np.arange(geometry.num_cells) - beam]
    if not geometry.draws_masts:
        offset = geometry.cell_spacing_m * (jnp.arange(geometry.num_cells) - beam)
        return jnp.stack([offset, jnp.zeros_like(offset)], axis=-1)
    codes = ((4 << 24) + (np.arange(geometry.num_cells) << 16)).astype(np.uint32)
    keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jnp.asarray(codes))
    drawn = jax.vmap(lambda one: uniforms(one, {"mast": (_CANDIDATES, 2)})["mast"])(keys)
    candidates = _disc(drawn, geometry.footprint_radius_m)
    placed: list[Any] = []
    for cell in range(geometry.num_cells):
        others = placed[int(beam[cell]) :]
        if not others:
            placed.append(candidates[cell, 0])
            continue
        apart = jnp.linalg.norm(candidates[cell][:, None] - jnp.stack(others)[None], axis=-1).min(axis=1)
        placed.append(candidates[cell, jnp.argmax(jnp.minimum(apart, geometry.cell_spacing_m))])
    return jnp.stack(placed)


def _first_of_beam(geometry: Geometry) -> np.ndarray:
    return np.arange(geometry.num_cells) // geometry.cells_per_beam * geometry.cells_per_beam


def annulus(uniform: Float[Array, "*batch 2"], least: Any, most: Any) -> Float[Array, "*batch 2"]:
    """Places uniform in area between two distances from the origin."""
    radius = jnp.sqrt(least**2 + (most**2 - least**2) * uniform[..., 0])
    azimuth = 2.0 * math.pi * uniform[..., 1]
    return radius[..., None] * jnp.stack([jnp.cos(azimuth), jnp.sin(azimuth)], axis=-1)


def _disc(uniform: Float[Array, "*batch 2"], radius: Float[Array, ""]) -> Float[Array, "*batch 2"]:
    """Places uniform in area in a disc around the origin."""
    azimuth = 2.0 * math.pi * uniform[..., 1]
    distance = radius * jnp.sqrt(uniform[..., 0])
    return distance[..., None] * jnp.stack([jnp.cos(azimuth), jnp.sin(azimuth)], axis=-1)


__all__ = ["Standing", "annulus", "background_places", "receiver_places", "stand"]
