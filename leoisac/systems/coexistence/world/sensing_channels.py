"""Echoes of targets and clutter at the radar receivers (paper, eqs. 8-10)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.propagation.bistatic_radar import echo_power_gain
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array
from leoisac.systems.coexistence.world.places import receiver_places

Numbers = dict[str, Any]

_LEAST_DISTANCE_M = 1.0
"""A scatterer is not nearer to a receiver than this: the radar equation is one of the far field."""


class Scattering(NamedTuple):
    """Echo paths of one scatterer, or of several along leading axes."""

    tx: Leaf  # complex (tx), row
    rx: Leaf  # complex (receiver, rx)
    amplitude: Leaf  # complex (receiver)
    u: Leaf  # real (receiver)


def scatterer_shapes(geometry: Geometry) -> dict[str, tuple[int, ...]]:
    """Uniform numbers that a scatterer needs, by purpose: place; phase and fluctuation at every receiver."""
    return {"place": (2,), "echo": (geometry.num_receivers, 2)}


def scattering(
    geometry: Geometry, place: Float[Array, "2"], echo: Float[Array, "receiver 2"], rcs_m2: Float[Array, ""]
) -> Scattering:
    """Echo paths of a scatterer on the ground.

    ``alpha = e^{j psi} sqrt(lambda^2 rcs / ((4 pi)^3 d_tx^2 d_rx^2))``: the amplitude is the root of the radar
    equation. ``d_tx`` is three-dimensional, ``d_rx`` horizontal (receivers have the scatterers' height) and at least
    1 m. A monostatic receiver stands on the mast: ``d_rx = d_tx``.
    """
    height = geometry.bs_height_m - geometry.target_height_m
    ground = jnp.hypot(place[0], place[1])
    range_tx = jnp.hypot(ground, height)
    u_tx = place[1] / range_tx
    if geometry.monostatic:
        range_rx = jnp.broadcast_to(range_tx, (geometry.num_receivers,))
        u_rx = jnp.broadcast_to(u_tx, (geometry.num_receivers,))
    else:
        offset = place - receiver_places(geometry)
        horizontal = jnp.hypot(offset[:, 0], offset[:, 1])
        range_rx = jnp.maximum(horizontal, _LEAST_DISTANCE_M)
        u_rx = offset[:, 1] / jnp.maximum(horizontal, 1e-9)
    power = echo_power_gain(range_tx, range_rx, geometry.wavelength_m, rcs_m2)
    if geometry.fluctuating:
        power = power * -jnp.log(echo[:, 1])
    return Scattering(
        tx=jnp.conj(line_array(geometry.num_tx, u_tx)),
        rx=line_array(geometry.num_rx, u_rx),
        amplitude=jnp.sqrt(power) * jnp.exp(2j * math.pi * echo[:, 0]),
        u=u_rx,
    )
