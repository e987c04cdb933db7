"""What is random in the sky over receivers: one weather for the site, surroundings and fading of every user. Traceable.

Numbers have keys of their own (``user-surroundings``, ``sky``), so that those of all other draws stay.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.keys import Key, complex_normal, entity_keys, purpose_keys, standard_normal, uniforms
from leoisac.foundation.units import from_db
from leoisac.propagation.p681 import FadingNumbers, flat_fading
from leoisac.propagation.rain import gaussian_db_rain_gain, lognormal_db_rain_gain
from leoisac.propagation.sky import Sky


@in_double
def site_gain(sky: Sky, key: Key, elevation: Leaf) -> Float[Array, ""]:
    """Power gain of all satellite links of a trial: weather and scintillation.

    Args:
        sky: of ``sky_of``.
        key: the trial's.
        elevation: of the satellite at the site, radians.
    """
    loss_db = jnp.zeros(())
    if sky.scintillation_db is not None:
        loss_db = loss_db + jnp.asarray(sky.scintillation_db)[_row(elevation)]
    if sky.loss_db is not None:
        loss_db = loss_db + sky.loss_db
    if sky.gas_zenith_db is not None:
        loss_db = loss_db + sky.gas_zenith_db / jnp.sin(elevation)
    gain = from_db(-loss_db)
    if sky.weather is None and sky.rain is None:
        return gain
    (own,) = purpose_keys(key, ("sky",))
    uniform = uniforms(own, {"sky-weather": ()})["sky-weather"]
    if sky.weather is not None:
        table = jnp.asarray(sky.weather)
        gain = gain * from_db(-jnp.interp(jnp.log(100.0 * uniform), table[:, 0], table[:, 1]))
    if sky.rain is not None:
        place, scale, is_lognormal = jnp.asarray(sky.rain)
        # The upper tail is the heavy rain in all models: a small number is a large loss.
        normal = standard_normal(uniform)
        laws = (gaussian_db_rain_gain(normal, place, scale), lognormal_db_rain_gain(-normal, place, scale))
        gain = gain * jnp.where(is_lognormal > 0.5, laws[1], laws[0])
    return gain


@in_double
def has_users(sky: Sky | None) -> bool:
    """Whether users' links differ from those of dishes that stand free."""
    return sky is not None and (sky.surroundings is not None or sky.states is not None)


@in_double
def user_keys(key: Key, count: int) -> Key:
    """Keys of the users of a trial, shape ``(count,)``."""
    return entity_keys(purpose_keys(key, ("user-surroundings",))[0], count)


@in_double
def surroundings_gain(sky: Sky, keys: Key, elevation: Leaf) -> Float[Array, " user"]:
    """Power gain by what stands around each user: a state, shadowing, and clutter where nothing is in sight."""
    if sky.surroundings is None:
        return jnp.ones(keys.shape)
    numbers = jax.vmap(partial(uniforms, shapes={"sky-sight": (), "sky-shadowing": ()}))(keys)
    probability, los_std_db, nlos_std_db, clutter_db = jnp.asarray(sky.surroundings)[_row(elevation)]
    normal = standard_normal(numbers["sky-shadowing"])
    in_sight = numbers["sky-sight"] < probability
    return from_db(jnp.where(in_sight, los_std_db * normal, nlos_std_db * normal - clutter_db))


@in_double
def fading_amplitude(sky: Sky, keys: Key) -> Complex[Array, " user"]:
    """Two-state flat fading of each user (ITU-R P.681); its mean power is not 1."""
    if sky.states is None:
        return jnp.ones(keys.shape, dtype=complex)
    names = ("sky-state", "sky-mean", "sky-direct", "sky-phase")
    drawn = jax.vmap(partial(uniforms, shapes={**dict.fromkeys(names, ()), "sky-scatter": (2,)}))(keys)
    state, mean, direct, phase = (drawn[name] for name in names)
    numbers = FadingNumbers(state, mean, direct, phase, complex_normal(drawn["sky-scatter"]))
    return flat_fading(sky.states, numbers, standard_normal)


@in_double
def user_power_gain(sky: Sky, keys: Key, elevation: Leaf) -> Float[Array, " user"]:
    """Power gain of each user's link by surroundings and fading together."""
    amplitude = fading_amplitude(sky, keys)
    return surroundings_gain(sky, keys, elevation) * (amplitude.real**2 + amplitude.imag**2)


def _row(elevation: Leaf) -> Any:
    """Of the tables of TR 38.811: the nearest elevation."""
    degrees = jnp.asarray(elevation) * (180.0 / math.pi)
    return jnp.clip(jnp.floor(degrees / 10.0 + 0.5), 1, 9).astype(int) - 1


__all__ = [
    "fading_amplitude",
    "has_users",
    "site_gain",
    "surroundings_gain",
    "user_keys",
    "user_power_gain",
]
