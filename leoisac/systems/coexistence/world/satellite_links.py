"""Links from the spot beams to the ground: free space, beam pattern, shadowing, receivers' gains (paper, eq. 1)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

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
    """Receivers on the ground, of all cells: distances from the axis of their spot beam, and shadowing."""

    tut_off_axis_m: Leaf  # (cell, user)
    radar_off_axis_m: Leaf  # (cell, receiver)
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


def satellite_links(
    geometry: Geometry, direction: Float[Array, "3"], nodes: Nodes, sut_gain: Float[Array, ""]
) -> SatelliteLinks:
    """Power gains and radar amplitudes of the spot beams for a satellite at a direction.

    ``g = (c / (kappa f))^2 G_s G / d^2 * B(phi) * xi``; the same range for all nodes, ``phi`` the angle at the
    satellite between the node and the beam's axis at its satellite user.
    """
    elevation, azimuth, distance = direction[0], direction[1], direction[2]
    on_axis = geometry.satellite_gain * (geometry.friis_length_m / distance) ** 2

    def pattern(off_axis_m: Any) -> Any:
        return gaussian_beam_gain(off_axis_m / distance, geometry.half_power_angle)

    radar = on_axis * geometry.radar_gain * pattern(nodes.radar_off_axis_m) * nodes.radar_shadowing
    u_satellite = jnp.cos(elevation) * jnp.sin(azimuth)
    return SatelliteLinks(
        g_tut=on_axis * geometry.tut_gain * pattern(nodes.tut_off_axis_m) * nodes.tut_shadowing,
        g_sut=on_axis * sut_gain * nodes.sut_shadowing,
        g_rad=jnp.sqrt(radar)[..., None] * line_array(geometry.num_rx, u_satellite),
        u_satellite=jnp.full(radar.shape, u_satellite),
    )
