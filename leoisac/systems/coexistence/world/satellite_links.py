"""Links from the spot beams to the ground: free space, beam pattern, shadowing, receivers' gains (paper, eq. 1)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
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
    return on_axis_gain(geometry, direction[2]) * beam_pattern(geometry, off_axis_angle(direction, offset_m))


def on_axis_gain(geometry: Geometry, distance_m: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """``(c / (kappa f))^2 G_s / d^2``, and what the sky leaves of it."""
    gain = geometry.satellite_gain if geometry.weather is None else geometry.satellite_gain * geometry.weather
    return gain * (geometry.friis_length_m / distance_m) ** 2


def beam_pattern(geometry: Geometry, off_axis: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Gain of a spot beam over that on its axis; both patterns have the same main lobe."""
    if not geometry.side_lobes:
        return gaussian_beam_gain(off_axis, geometry.half_power_angle)
    peak_dbi = 10.0 * jnp.log10(geometry.satellite_gain)
    return from_db(s1528_leo_gain_dbi(off_axis, peak_dbi, geometry.half_power_angle) - peak_dbi)


def place_of(direction: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
    """Satellite's place, m, from where it is seen in a direction (elevation, azimuth, range)."""
    elevation, azimuth, distance = direction[..., 0], direction[..., 1], direction[..., 2]
    flat = jnp.cos(elevation)
    towards = jnp.stack([flat * jnp.cos(azimuth), flat * jnp.sin(azimuth), jnp.sin(elevation)], axis=-1)
    return distance[..., None] * towards


def angle_at(
    place_m: Float[Array, "*#batch 3"], aim_m: Float[Array, "*#batch 2"], node_m: Float[Array, "*#batch 2"]
) -> Any:
    """Angle at a satellite between a place on the flat ground that its beam points at and another one, radians."""

    def ray(ground_m: Any) -> Any:
        flat = jnp.broadcast_to(ground_m, (*jnp.broadcast_shapes(ground_m.shape[:-1], place_m.shape[:-1]), 2))
        return jnp.concatenate([flat, jnp.zeros_like(flat[..., :1])], axis=-1) - place_m

    aim, node = ray(aim_m), ray(node_m)
    across = jnp.linalg.norm(jnp.cross(aim, node), axis=-1)
    return jnp.arctan2(across, jnp.sum(aim * node, axis=-1))


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
