"""Links from the spot beams to the ground: free space, beam pattern, shadowing, receivers' gains (paper, eq. 1)."""

from __future__ import annotations

import math
from typing import NamedTuple

from jaxtyping import Array, Float

from leoisac.antennas.simple_patterns import gaussian_beam_gain
from leoisac.foundation.axes import Leaf
from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.units import from_db
from leoisac.systems.coexistence.model import SatelliteLinks
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array


class Nodes(NamedTuple):
    """Receivers on the ground, of all cells: places from where the axis of their spot beam ends, and shadowing."""

    tut_offset_m: Leaf  # (cell, user, 2)
    radar_offset_m: Leaf  # (cell, receiver, 2)
    sut_shadowing: Leaf  # (cell), power gain
    tut_shadowing: Leaf  # (cell, user)
    radar_shadowing: Leaf  # (cell, receiver)


def random_direction(geometry: Geometry, uniform: Float[Array, "2"]) -> Float[Array, "3"]:
    """Elevation, azimuth and slant range: uniform above the least elevation and all around."""
    elevation = geometry.min_elevation + (0.5 * math.pi - geometry.min_elevation) * uniform[0]
    azimuth = math.pi * (2.0 * uniform[1] - 1.0)
    height = EARTH_MEAN_RADIUS_M * jnp.sin(elevation)
    beyond = geometry.altitude_m**2 + 2.0 * geometry.altitude_m * EARTH_MEAN_RADIUS_M
    return jnp.stack([elevation, azimuth, jnp.sqrt(height**2 + beyond) - height])


def shadowing(geometry: Geometry, normal: Float[Array, "..."]) -> Float[Array, "..."]:
    """Log-normal shadowing as a power gain, median 1."""
    return from_db(geometry.shadowing_std_db * normal)


def off_axis_angle(direction: Float[Array, "3"], offset_m: Float[Array, "*batch 2"]) -> Float[Array, "*batch"]:
    """Angle at the satellite between a beam's axis and a node, radians; the ground is flat within a footprint.

    Args:
        direction: elevation, azimuth and range of the satellite where the axis ends.
        offset_m: x, y of the node from there.
    """
    elevation, azimuth, distance = direction[0], direction[1], direction[2]
    x, y = offset_m[..., 0], offset_m[..., 1]
    across = y * jnp.cos(azimuth) - x * jnp.sin(azimuth)
    along = x * jnp.cos(azimuth) + y * jnp.sin(azimuth)
    # The node from the satellite, in components along the axis and square to it.
    aside = jnp.hypot(across, along * jnp.sin(elevation))
    return jnp.arctan2(aside, distance - along * jnp.cos(elevation))


def beam_gain(
    geometry: Geometry, direction: Float[Array, "3"], offset_m: Float[Array, "*batch 2"]
) -> Float[Array, "*batch"]:
    """Power gain between a spot beam and an isotropic antenna at a place from where the beam's axis ends; no shadowing.

    ``(c / (kappa f))^2 G_s / d^2 * B(phi)``, the same range for all nodes.
    """
    on_axis = geometry.satellite_gain * (geometry.friis_length_m / direction[2]) ** 2
    return on_axis * gaussian_beam_gain(off_axis_angle(direction, offset_m), geometry.half_power_angle)


def satellite_links(
    geometry: Geometry, direction: Float[Array, "3"], nodes: Nodes, sut_gain: Float[Array, ""]
) -> SatelliteLinks:
    """Power gains and radar amplitudes of the spot beams for a satellite at a direction.

    ``g = (c / (kappa f))^2 G_s G / d^2 * B(phi) * xi``; the same range for all nodes, ``phi`` the angle at the
    satellite between the directions of the node and of the beam's satellite user, at which the beam points.
    """
    radar = geometry.radar_gain * beam_gain(geometry, direction, nodes.radar_offset_m) * nodes.radar_shadowing
    u_satellite = jnp.cos(direction[0]) * jnp.sin(direction[1])
    at_user = beam_gain(geometry, direction, jnp.zeros(2))
    return SatelliteLinks(
        g_tut=geometry.tut_gain * beam_gain(geometry, direction, nodes.tut_offset_m) * nodes.tut_shadowing,
        g_sut=at_user * sut_gain * nodes.sut_shadowing,
        g_rad=jnp.sqrt(radar)[..., None] * line_array(geometry.num_rx, u_satellite),
        u_satellite=jnp.full(radar.shape, u_satellite),
    )
