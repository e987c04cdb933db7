"""Base stations of a footprint that nobody designs: what all of them together put on satellite user and satellite.

Each transmits with a given probability, at full power, with beams that know nothing of the satellite user: on average
over the beams an array of any size is an isotropic antenna. Their keys are of kind 7, with beam and mast.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key, standard_normal, uniforms
from leoisac.systems.coexistence.model import Background
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array
from leoisac.systems.coexistence.world.places import Standing, background_places
from leoisac.systems.coexistence.world.satellite_links import beam_gain, shadowing
from leoisac.systems.coexistence.world.terrestrial_links import large_scale_gains

_KIND = 7
_SHAPES = {"place": (2,), "active": (1,), "shadowing": (3,), "sight": (1,)}


def draw_background(geometry: Geometry, key: Key, standing: Standing, direction: Any) -> Background:
    """The background of every beam, for each of its cells."""
    share = geometry.cells_per_beam
    beams = np.arange(geometry.num_cells // share)
    codes = ((_KIND << 24) + (beams[:, None] << 16) + np.arange(geometry.num_background)).astype(np.uint32)
    keys = jax.vmap(jax.vmap(jax.random.fold_in, in_axes=(None, 0)), in_axes=(None, 0))(key, jnp.asarray(codes))
    numbers = jax.vmap(jax.vmap(partial(uniforms, shapes=_SHAPES)))(keys)
    users = standing.satellite_users[::share]
    masts = jax.vmap(partial(background_places, geometry))(numbers["place"])
    active = jnp.where(numbers["active"][..., 0] < geometry.background_activity, 1.0, 0.0)
    normal = standard_normal(numbers["shadowing"])
    offset = masts - users[:, None]

    def towards_user(number: Any, sight: Any, place: Any) -> Any:
        distance = jnp.hypot(place[0], place[1])
        direct, scattered = large_scale_gains(geometry, number, sight, distance, geometry.user_height_m)
        return geometry.sut_side_gain * (direct**2 + scattered**2)

    heard = jax.vmap(jax.vmap(towards_user))(normal[..., :2], numbers["sight"][..., 0], offset)
    upwards = beam_gain(geometry, direction, offset) * shadowing(geometry, normal[..., 2])
    u = jnp.cos(direction[0]) * jnp.sin(direction[1])
    own = jnp.sqrt(beam_gain(geometry, direction, standing.masts - standing.satellite_users))
    return Background(
        sut_gain=jnp.repeat(jnp.sum(active * heard, axis=-1), share),
        satellite_gain=jnp.repeat(jnp.sum(active * upwards, axis=-1), share),
        h_satellite=own[:, None] * jnp.conj(line_array(geometry.num_tx, u)),
        position_m=jnp.repeat(masts, share, axis=0),
        active=jnp.repeat(active, share, axis=0),
    )


__all__ = ["draw_background"]
