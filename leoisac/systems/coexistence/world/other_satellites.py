"""Other satellites in the band: what their spot beams put on satellite users, users and radar receivers.

Each points its beam at a place on the ground that knows nothing of the cells. Entities have keys of kinds 9 (the
instant and where the beams point), 10 (satellite user and users) and 11 (radar receivers). The site's weather and what
stands around users count at each satellite's own elevation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Int

from leoisac.antennas.simple_patterns import rectangular_gain
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, standard_normal, uniforms
from leoisac.propagation.sky import Sky
from leoisac.propagation.sky_draw import has_users, site_gain, user_power_gain
from leoisac.systems.coexistence.model import OtherSatellites
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array
from leoisac.systems.coexistence.world.places import Standing, annulus
from leoisac.systems.coexistence.world.satellite_links import angle_at, beam_pattern, on_axis_gain, place_of, shadowing

_SKY, _GROUND, _RADAR = 9, 10, 11


def draw_other_satellites(
    geometry: Geometry,
    key: Key,
    standing: Standing,
    direction: Float[Array, "3"],
    served: Int[Array, "cell user"] | None,
) -> OtherSatellites:
    """Interference of the satellites in sight but the serving one, at full power.

    Args:
        geometry, key: of the configuration and the trial.
        standing: places; users are those who are served.
        direction: of the serving satellite; the nearest one in angle is taken to be it.
        served: which candidates the users are.
    """
    assert geometry.others is not None
    instants = geometry.others.shape[0]
    sky = jax.random.fold_in(key, _SKY << 24)
    drawn = uniforms(sky, {"instant": (1,)})["instant"][0]
    instant = jnp.minimum((drawn * instants).astype(int), instants - 1)
    found = jnp.asarray(geometry.others)[instant]
    seen = found[:, :3]
    cosine, in_sight = all_but_the_serving(found, direction)
    numbers = found[:, 4].astype(jnp.uint32)
    aim = jax.vmap(lambda one: uniforms(one, {"aim": (2,)})["aim"])(_of_satellites(sky, numbers))
    aims = annulus(aim, geometry.least_aim_m, geometry.most_aim_m)
    if geometry.sky is not None:
        # One weather over the site, and a way through it for every satellite.
        geometry = replace(geometry, weather=site_gain(geometry.sky, key, seen[:, 0]))
    strength = geometry.other_power * in_sight * on_axis_gain(geometry, seen[:, 2])
    places = place_of(seen)

    def arriving(node_m: Float[Array, "*batch 2"]) -> Float[Array, "*batch satellite"]:
        return strength * beam_pattern(geometry, angle_at(places, aims, node_m[..., None, :]))

    mast = _frame(geometry) + standing.masts
    cells, users = geometry.num_cells, geometry.num_users
    beam = np.arange(cells) // geometry.cells_per_beam * geometry.cells_per_beam
    names = np.broadcast_to(1 + np.arange(users), (cells, users)) if served is None else 1 + served
    at_tut = geometry.tut_gain * arriving(mast[:, None] + standing.users)
    if geometry.sky is not None and has_users(geometry.sky):
        at_tut = at_tut * _among_surroundings(geometry.sky, key, np.arange(cells), names, numbers, seen[:, 0])
    else:
        at_tut = at_tut * _shadowing(geometry, key, _GROUND, np.arange(cells), names, numbers)
    at_sut = arriving(_frame(geometry) + standing.satellite_users)
    at_sut = at_sut * _shadowing(geometry, key, _GROUND, beam, np.zeros((cells, 1)), numbers)[:, 0]
    aside = jnp.arccos(jnp.clip(cosine, -1.0, 1.0))
    dish = rectangular_gain(aside, geometry.sut_gain, geometry.sut_side_gain, geometry.sut_threshold)
    receivers = np.broadcast_to(np.arange(geometry.num_receivers), (cells, geometry.num_receivers))
    at_radar = geometry.radar_gain * arriving(mast[:, None] + standing.receivers)
    at_radar = at_radar * _shadowing(geometry, key, _RADAR, np.arange(cells), receivers, numbers)
    steering = line_array(geometry.num_rx, jnp.cos(seen[:, 0]) * jnp.sin(seen[:, 1]))
    return OtherSatellites(
        at_tut=jnp.sum(at_tut, axis=-1),
        at_sut=jnp.sum(at_sut * dish, axis=-1),
        at_radar=jnp.sqrt(at_radar)[..., None] * steering,
        direction=seen,
        in_sight=in_sight,
        aim_m=aims,
    )


def all_but_the_serving(
    found: Float[Array, "satellite 5"], direction: Float[Array, "3"]
) -> tuple[Float[Array, " satellite"], Float[Array, " satellite"]]:
    """Cosine of every satellite's angle to the serving one; 1 for those in sight but the nearest, which is that one."""
    cosine = place_of(found[:, :3]) @ (place_of(direction) / direction[2]) / found[:, 2]
    serving = jnp.arange(len(found)) == jnp.argmax(jnp.where(found[:, 3] > 0.0, cosine, -2.0))
    return cosine, jnp.where(serving, 0.0, found[:, 3])


def _frame(geometry: Geometry) -> Any:
    """Centre of every cell's footprint in the frame of all."""
    if geometry.beam_centres is None:
        return jnp.zeros((geometry.num_cells, 2))
    return jnp.asarray(geometry.beam_centres)[np.arange(geometry.num_cells) // geometry.cells_per_beam]


def _shadowing(geometry: Geometry, key: Key, kind: int, cells: np.ndarray, names: Any, numbers: Any) -> Any:
    """Of every node (cell, name) to every satellite, power gain."""

    def of_node(node: Key) -> Any:
        keys = _of_satellites(node, numbers)
        return jax.vmap(lambda one: uniforms(one, {"satellite": (1,)})["satellite"][0])(keys)

    return shadowing(geometry, standard_normal(jax.vmap(jax.vmap(of_node))(_nodes(key, kind, cells, names))))


def _among_surroundings(sky: Sky, key: Key, cells: np.ndarray, names: Any, numbers: Any, elevation: Any) -> Any:
    """Of every user (cell, name) to every satellite, power gain by what stands around the user."""

    def of_node(node: Key) -> Any:
        keys = _of_satellites(node, numbers)
        return jax.vmap(lambda one, above: user_power_gain(sky, one[None], above)[0])(keys, elevation)

    return jax.vmap(jax.vmap(of_node))(_nodes(key, _GROUND, cells, names))


def _nodes(key: Key, kind: int, cells: np.ndarray, names: Any) -> Key:
    """A key for every node (cell, name)."""
    codes = jnp.asarray(((kind << 24) + (cells[:, None] << 16)).astype(np.uint32)) + jnp.asarray(names, jnp.uint32)
    return jax.vmap(jax.vmap(jax.random.fold_in, in_axes=(None, 0)), in_axes=(None, 0))(key, codes)


def _of_satellites(key: Key, numbers: Any) -> Key:
    """A key for every satellite, by its number in the constellation: who else is in sight makes no difference."""
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, numbers)


__all__ = ["all_but_the_serving", "draw_other_satellites"]
