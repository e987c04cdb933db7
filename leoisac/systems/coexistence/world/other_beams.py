"""Spot beams of one colour among each other: what each of them puts on the cells of all others, by its pattern."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.systems.coexistence.model import OtherBeams
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array
from leoisac.systems.coexistence.world.places import Standing
from leoisac.systems.coexistence.world.satellite_links import Nodes, angle_at, beam_pattern, on_axis_gain, place_of


def draw_other_beams(geometry: Geometry, standing: Standing, direction: Float[Array, "3"], nodes: Nodes) -> OtherBeams:
    """Gains from every beam of the same colour to the receivers of every cell.

    All beams come from one satellite: a node sees them through the same range, antenna and shadowing as its own one, so
    that only the pattern differs. A beam points at its satellite user; the satellite stands in its direction from the
    middle of all footprints.
    """
    centres, sharing = geometry.beam_centres, geometry.sharing
    assert centres is not None
    assert sharing is not None
    beam = np.arange(geometry.num_cells) // geometry.cells_per_beam
    centre = jnp.asarray(centres)[beam]
    axes = (jnp.asarray(centres) + standing.satellite_users[:: geometry.cells_per_beam])[None]  # (1, beam, 2)
    satellite = place_of(direction)
    common = on_axis_gain(geometry, direction[2]) * jnp.asarray(sharing)[beam]  # (cell, beam)
    mast = centre + standing.masts

    def pattern(node_m: Float[Array, "cell node 2"]) -> Float[Array, "cell beam node"]:
        angle = angle_at(satellite, axes[:, :, None], node_m[:, None])
        return beam_pattern(geometry, angle) * common[..., None]

    to_sut = pattern((centre + standing.satellite_users)[:, None])[..., 0]
    to_tut = geometry.tut_gain * pattern(mast[:, None] + standing.users) * nodes.tut_shadowing[:, None]
    to_radar = geometry.radar_gain * pattern(mast[:, None] + standing.receivers) * nodes.radar_shadowing[:, None]
    steering = line_array(geometry.num_rx, jnp.cos(direction[0]) * jnp.sin(direction[1]))
    beams = geometry.num_cells // geometry.cells_per_beam
    return OtherBeams(
        to_tut=to_tut,
        to_sut=geometry.sut_pointed_gain * to_sut * nodes.sut_shadowing[:, None],
        to_radar=jnp.sqrt(jnp.swapaxes(to_radar, 1, 2))[..., None] * steering,
        share=jnp.full((beams,), 1.0 / beams),
    )


__all__ = ["draw_other_beams"]
