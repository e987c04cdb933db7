"""Channels of one trial: the satellite's direction, then every cell's users, targets and clutter.

Cells, users, targets and clutter points have keys of their own: four targets are among eight, one cell among five, and
antennas, powers, radii and thresholds never change a number that is drawn.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, entity_keys, purpose_keys, standard_normal, uniforms
from leoisac.systems.coexistence.geometry import Geometry, prepare
from leoisac.systems.coexistence.model import Channels, SatelliteLinks
from leoisac.systems.coexistence.satellite_links import Nodes, random_direction, satellite_links, shadowing
from leoisac.systems.coexistence.sensing_channels import (
    Scattering,
    disc,
    receiver_places,
    scatterer_shapes,
    scattering,
)
from leoisac.systems.coexistence.terrestrial_links import ground_shapes, terrestrial_rows, user_place


class _Cell(NamedTuple):
    """One cell without its satellite links."""

    rows: Leaf  # complex (ground, tx); the satellite user first, with an isotropic antenna
    fresh: Leaf
    places: Leaf  # (ground, 2)
    shadowing: Leaf  # (ground,)
    radar_shadowing: Leaf  # (receiver,)
    targets: Scattering  # leading (target,)
    clutter: Scattering  # leading (target, clutter_per_target)


def draw(geometry: Geometry, key: Key) -> Channels:
    """Channels of one trial. Pure and traceable; ``key`` is the trial's."""
    satellite, cell = purpose_keys(key, ("satellite", "cell"))
    cells = jax.vmap(partial(_draw_cell, geometry))(entity_keys(cell, geometry.num_cells))
    drawn = random_direction(geometry, uniforms(satellite, {"direction": (2,)})["direction"])
    direction = drawn if geometry.true_direction is None else geometry.true_direction
    nodes = _nodes(geometry, cells)
    links = satellite_links(geometry, direction, nodes, geometry.sut_pointed_gain)
    predicted: SatelliteLinks | None = None
    if geometry.predicted_direction is not None:
        predicted = satellite_links(geometry, geometry.predicted_direction, nodes, geometry.sut_gain)
    # Cells that share a spot beam have its satellite user in their first one; its side lobe hears that cell alone.
    serves = jnp.arange(geometry.num_cells) % geometry.cells_per_beam == 0
    side_lobe = jnp.where(serves, jnp.sqrt(geometry.sut_side_gain), 0.0)[:, None]
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
    )


def _draw_cell(geometry: Geometry, key: Key) -> _Cell:
    ground, target, radar = purpose_keys(key, ("ground", "target", "radar"))
    numbers = jax.vmap(partial(uniforms, shapes=ground_shapes(geometry)))(entity_keys(ground, geometry.num_users + 1))
    places = jax.vmap(partial(user_place, geometry))(numbers["place"])
    isotropic = jnp.ones(())
    rows, fresh = jax.vmap(lambda n, p: terrestrial_rows(geometry, n, p, isotropic))(numbers, places)
    targets, clutter = jax.vmap(partial(_draw_target, geometry))(entity_keys(target, geometry.num_targets))
    radar_normal = standard_normal(uniforms(radar, {"shadowing": (geometry.num_receivers,)})["shadowing"])
    return _Cell(
        rows=rows,
        fresh=fresh,
        places=places,
        shadowing=shadowing(geometry, standard_normal(numbers["shadowing"][:, 2])),
        radar_shadowing=shadowing(geometry, radar_normal),
        targets=targets,
        clutter=clutter,
    )


def _draw_target(geometry: Geometry, key: Key) -> tuple[Scattering, Scattering]:
    """A target, and the clutter around it."""
    keys = entity_keys(key, 1 + geometry.clutter_per_target)
    numbers = jax.vmap(partial(uniforms, shapes=scatterer_shapes(geometry)))(keys)
    place = disc(numbers["place"][0], geometry.sensing_radius_m)
    around = place + disc(numbers["place"][1:], geometry.clutter_radius_m)
    target = scattering(geometry, place, numbers["echo"][0], geometry.target_rcs_m2)
    clutter = jax.vmap(lambda p, e: scattering(geometry, p, e, geometry.clutter_rcs_m2))(around, numbers["echo"][1:])
    return target, clutter


def _nodes(geometry: Geometry, cells: _Cell) -> Nodes:
    """Where receivers are relative to their beam's axis, which goes through the satellite user of its first cell."""
    beam = jnp.arange(geometry.num_cells) // geometry.cells_per_beam * geometry.cells_per_beam
    offset = geometry.cell_spacing_m * (jnp.arange(geometry.num_cells) - beam)
    mast = jnp.stack([offset, jnp.zeros_like(offset)], axis=-1) - cells.places[beam, 0]
    to_users = mast[:, None] + cells.places[:, 1:]
    to_receivers = mast[:, None] + receiver_places(geometry)
    return Nodes(
        tut_off_axis_m=jnp.linalg.norm(to_users, axis=-1),
        radar_off_axis_m=jnp.linalg.norm(to_receivers, axis=-1),
        sut_shadowing=cells.shadowing[beam, 0],
        tut_shadowing=cells.shadowing[:, 1:],
        radar_shadowing=cells.radar_shadowing,
    )


def _flat(clutter: Scattering) -> Scattering:
    """Clutter of all targets of a cell in one list."""

    def join(leaf: Any) -> Any:
        return leaf.reshape(leaf.shape[0], leaf.shape[1] * leaf.shape[2], *leaf.shape[3:])

    return jax.tree_util.tree_map(join, clutter)


__all__ = ["Geometry", "draw", "prepare"]
