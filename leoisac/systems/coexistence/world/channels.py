"""Channels of one trial: the satellite's direction, then every cell's users, targets and clutter.

Cells, users, targets and clutter points have keys of their own: four targets are among eight, one cell among five, and
antennas, powers, radii and thresholds never change a number that is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, complex_normal, entity_keys, standard_normal, uniforms
from leoisac.propagation.sky import Sky
from leoisac.propagation.sky_draw import has_users, site_gain, user_keys, user_power_gain
from leoisac.systems.coexistence.model import Channels, Estimates, Places, SatelliteLinks
from leoisac.systems.coexistence.world.background import draw_background
from leoisac.systems.coexistence.world.geometry import Geometry, prepare
from leoisac.systems.coexistence.world.neighbours import draw_neighbours
from leoisac.systems.coexistence.world.other_beams import draw_other_beams
from leoisac.systems.coexistence.world.other_satellites import draw_other_satellites
from leoisac.systems.coexistence.world.places import Standing, stand
from leoisac.systems.coexistence.world.satellite_links import Nodes, random_direction, satellite_links, shadowing
from leoisac.systems.coexistence.world.scheduling import schedule
from leoisac.systems.coexistence.world.sensing_channels import Scattering, scatterer_shapes, scattering
from leoisac.systems.coexistence.world.terrestrial_links import ground_shapes, terrestrial_rows


class _Cell(NamedTuple):
    """One cell without its satellite links."""

    rows: Leaf  # complex (ground, tx); the satellite user first, with an isotropic antenna
    fresh: Leaf
    shadowing: Leaf  # (ground,)
    radar_shadowing: Leaf  # (receiver,)
    targets: Scattering  # leading (target,)
    clutter: Scattering  # leading (target, clutter_per_target)


class _Uniforms(NamedTuple):
    """Uniform numbers of everything but users."""

    place: Leaf  # (cell, target, point, 2)
    echo: Leaf  # (cell, target, point, receiver, 2)
    radar: Leaf  # (cell, receiver)
    satellite: Leaf  # (2,)


def draw(geometry: Geometry, key: Key) -> Channels:
    """Channels of one trial. Pure and traceable; ``key`` is the trial's."""
    ground, small = _numbers(geometry, key)
    standing = stand(geometry, key, ground["place"], small.place)
    seen = jnp.concatenate([(standing.satellite_users - standing.masts)[:, None], standing.users], axis=1)
    spots = jnp.concatenate([standing.targets[:, :, None], standing.clutter], axis=2)
    cells = jax.vmap(partial(_cell, geometry), in_axes=(0, _Uniforms(0, 0, 0, None), 0, 0))(ground, small, seen, spots)
    drawn = random_direction(geometry, small.satellite)
    direction = drawn if geometry.true_direction is None else geometry.true_direction
    if geometry.sky is not None:
        cells = _under_the_sky(geometry.sky, key, cells, direction[0])
        geometry = replace(geometry, weather=site_gain(geometry.sky, key, direction[0]))
    if geometry.num_candidates > geometry.num_users:
        served = schedule(geometry, cells.rows[:, 1:])
        cells, standing = _served(cells, standing, served)
    else:
        served = None
    nodes = _nodes(geometry, cells, standing)
    links = satellite_links(geometry, direction, nodes, geometry.sut_pointed_gain)
    predicted: SatelliteLinks | None = None
    if geometry.predicted_direction is not None:
        predicted = satellite_links(geometry, geometry.predicted_direction, nodes, geometry.sut_gain)
    # Every cell's row to the satellite user of its beam, which hears it through its side lobe.
    side_lobe = jnp.sqrt(geometry.sut_side_gain)
    clutter = _flat(cells.clutter)
    return Channels(
        h_tut=cells.rows[:, 1:],
        h_sut=side_lobe * cells.rows[:, 0],
        h_tut_fresh=cells.fresh[:, 1:],
        h_sut_fresh=side_lobe * cells.fresh[:, 0],
        g_tut=links.g_tut,
        g_sut=links.g_sut,
        g_rad=links.g_rad,
        target_amplitude=cells.targets.amplitude,
        target_tx=cells.targets.tx,
        target_rx=cells.targets.rx,
        clutter_amplitude=clutter.amplitude,
        clutter_tx=clutter.tx,
        clutter_rx=clutter.rx,
        u_target=cells.targets.u,
        u_satellite=links.u_satellite,
        noise_power=jnp.full((geometry.num_cells,), geometry.noise_power),
        predicted=predicted,
        places=_places(geometry, standing, direction),
        estimates=None if geometry.csi_error is None else _estimates(geometry, key, cells, side_lobe),
        neighbours=draw_neighbours(geometry, key, standing, served) if geometry.cells_per_beam > 1 else None,
        background=draw_background(geometry, key, standing, direction) if geometry.num_background else None,
        other_beams=None if geometry.sharing is None else draw_other_beams(geometry, standing, direction, nodes),
        other_satellites=None
        if geometry.others is None
        else draw_other_satellites(geometry, key, standing, direction, served),
    )


def _numbers(geometry: Geometry, key: Key) -> tuple[dict[str, Any], _Uniforms]:
    """All random numbers of a trial, by entity; leading axes (cell, ...).

    Every entity's code holds kind, cell, index and sub-index in eight bits each. All entities are hashed together, and
    users apart from the others only because they need many more numbers: hashes are what takes long to compile.
    """
    cells, users, targets = geometry.num_cells, geometry.num_candidates + 1, geometry.num_targets
    points = 1 + geometry.clutter_per_target
    cell = np.arange(cells, dtype=np.uint32) << 16
    user = (cell[:, None] + (np.arange(users, dtype=np.uint32) << 8)).ravel()
    scatterer = (1 << 24) + cell[:, None, None] + (np.arange(targets, dtype=np.uint32) << 8)[:, None]
    scatterer = (scatterer + np.arange(points, dtype=np.uint32)).ravel()
    codes = np.concatenate([user, scatterer, (2 << 24) + cell, [3 << 24]]).astype(np.uint32)
    keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jnp.asarray(codes))
    ground = jax.vmap(partial(uniforms, shapes=ground_shapes(geometry)))(keys[: len(user)])
    small = jax.vmap(partial(uniforms, shapes=scatterer_shapes(geometry)))(keys[len(user) :])
    by_user = jax.tree_util.tree_map(lambda leaf: leaf.reshape(cells, users, *leaf.shape[1:]), ground)
    count = len(scatterer)
    return by_user, _Uniforms(
        place=small["place"][:count].reshape(cells, targets, points, 2),
        echo=small["echo"][:count].reshape(cells, targets, points, geometry.num_receivers, 2),
        radar=small["echo"][count:-1, :, 0],
        satellite=small["place"][-1],
    )


def _cell(geometry: Geometry, ground: dict[str, Any], small: _Uniforms, seen: Any, spots: Any) -> _Cell:
    """Links of a cell to everybody on the ground (``seen``, from its mast) and to targets and clutter (``spots``)."""
    rows, fresh = jax.vmap(partial(terrestrial_rows, geometry))(ground, seen)
    # The first point of a target's group is the target, the others are the clutter around it.
    is_target = jnp.arange(spots.shape[1]) == 0
    rcs_m2 = jnp.broadcast_to(jnp.where(is_target, geometry.target_rcs_m2, geometry.clutter_rcs_m2), spots.shape[:2])
    points = jax.vmap(jax.vmap(partial(scattering, geometry)))(spots, small.echo, rcs_m2)
    return _Cell(
        rows=rows,
        fresh=fresh,
        shadowing=shadowing(geometry, standard_normal(ground["shadowing"][:, 2])),
        radar_shadowing=shadowing(geometry, standard_normal(small.radar)),
        targets=jax.tree_util.tree_map(lambda leaf: leaf[:, 0], points),
        clutter=jax.tree_util.tree_map(lambda leaf: leaf[:, 1:], points),
    )


def _nodes(geometry: Geometry, cells: _Cell, standing: Standing) -> Nodes:
    """Where receivers are relative to their beam's axis, which ends at the beam's satellite user."""
    beam = np.arange(geometry.num_cells) // geometry.cells_per_beam * geometry.cells_per_beam
    mast = standing.masts - standing.satellite_users
    return Nodes(
        tut_offset_m=mast[:, None] + standing.users,
        radar_offset_m=mast[:, None] + standing.receivers,
        sut_shadowing=cells.shadowing[beam, 0],
        tut_shadowing=cells.shadowing[:, 1:],
        radar_shadowing=cells.radar_shadowing,
    )


def _under_the_sky(sky: Sky, key: Key, cells: _Cell, elevation: Leaf) -> _Cell:
    """Users among what stands around them instead of log-normal shadowing; dishes and radar receivers keep theirs."""
    if not has_users(sky):
        return cells
    count = cells.shadowing.shape[1] - 1
    keys = jax.vmap(partial(entity_keys, count=count))(user_keys(key, cells.shadowing.shape[0]))
    gain = jax.vmap(partial(user_power_gain, sky, elevation=elevation))(keys)
    return cells._replace(shadowing=jnp.concatenate([cells.shadowing[:, :1], gain], axis=1))


def _served(cells: _Cell, standing: Standing, served: Any) -> tuple[_Cell, Standing]:
    """The satellite user and the users who are served."""
    ground = jnp.concatenate([jnp.zeros_like(served[:, :1]), 1 + served], axis=1)
    pick = jax.vmap(lambda leaf, index: leaf[index])
    chosen = {name: pick(getattr(cells, name), ground) for name in ("rows", "fresh", "shadowing")}
    return cells._replace(**chosen), standing._replace(users=pick(standing.users, served))


def _estimates(geometry: Geometry, key: Key, cells: _Cell, side_lobe: Any) -> Estimates:
    """Fresh rows with errors of ``csi_error`` times their root mean square; entities of kind 8."""
    shape = cells.fresh.shape
    codes = ((8 << 24) + (np.arange(shape[0])[:, None] << 16) + np.arange(shape[1])).astype(np.uint32)
    keys = jax.vmap(jax.vmap(jax.random.fold_in, in_axes=(None, 0)), in_axes=(None, 0))(key, jnp.asarray(codes))
    drawn = jax.vmap(jax.vmap(lambda one: uniforms(one, {"error": (geometry.num_tx, 2)})["error"]))(keys)
    size = jnp.sqrt(jnp.mean(cells.fresh.real**2 + cells.fresh.imag**2, axis=-1, keepdims=True))
    spread = 0.0 if geometry.csi_error is None else geometry.csi_error
    known = cells.fresh + spread * size * complex_normal(drawn)
    return Estimates(h_tut=known[:, 1:], h_sut=side_lobe * known[:, 0])


def _places(geometry: Geometry, standing: Standing, direction: Any) -> Places:
    mast = standing.masts[:, None]
    centres = None
    if geometry.beam_centres is not None:
        centres = jnp.asarray(geometry.beam_centres)[np.arange(geometry.num_cells) // geometry.cells_per_beam]
    return Places(
        bs_position_m=standing.masts,
        sut_position_m=standing.satellite_users,
        tut_position_m=mast + standing.users,
        receiver_position_m=mast + standing.receivers,
        target_position_m=mast + standing.targets,
        satellite_elevation=direction[0],
        satellite_azimuth=direction[1],
        satellite_range_m=direction[2],
        beam_position_m=centres,
    )


def _flat(clutter: Scattering) -> Scattering:
    """Clutter of all targets of a cell in one list."""

    def join(leaf: Any) -> Any:
        return leaf.reshape(leaf.shape[0], leaf.shape[1] * leaf.shape[2], *leaf.shape[3:])

    return jax.tree_util.tree_map(join, clutter)


__all__ = ["Geometry", "draw", "prepare"]
