"""Users that travel: straight on, or to and fro along a line within their area. Traceable.

Headings have keys of their own (``travel``), so that those of all other draws stay; a place after no way is the drawn
one to the last bit.
"""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.keys import Key, entity_keys, purpose_keys, uniforms
from leoisac.geometry.travel import Travel

_FLAT = 1e-9


@in_double
def directions(travel: Travel, key: Key, count: int) -> Float[Array, "user 2"]:
    """Unit vectors (east, north) of the users' headings: stated, or uniform all around.

    Args:
        travel: of ``travel_of``.
        key: the trial's.
        count: of users.
    """
    keys = entity_keys(purpose_keys(key, ("travel",))[0], count)
    drawn = 2.0 * math.pi * jax.vmap(lambda one: uniforms(one, {"heading": ()})["heading"])(keys)
    heading = jnp.where(jnp.isnan(travel.heading), drawn, travel.heading)
    return jnp.stack([jnp.sin(heading), jnp.cos(heading)], axis=-1)


@in_double
def straight_on(travel: Travel, places_m: Float[Array, "user 2"], along: Float[Array, "user 2"]) -> Any:
    """Places after the way, on and on."""
    return places_m + travel.way_m * along


@in_double
def within_disc(
    travel: Travel, places_m: Float[Array, "user 2"], along: Float[Array, "user 2"], radius_m: Any
) -> Float[Array, "user 2"]:
    """Places after the way, to and fro along the chord of a disc around the origin.

    Who starts outside the disc turns round at his own distance from the origin.
    """
    ahead, squared = jnp.sum(places_m * along, axis=-1), jnp.sum(places_m**2, axis=-1)
    half = jnp.sqrt(jnp.maximum(ahead**2 - squared + jnp.maximum(radius_m**2, squared), 0.0))
    return places_m + _folded(travel.way_m, -ahead - half, -ahead + half)[:, None] * along


@in_double
def within_square(
    travel: Travel, places_m: Float[Array, "user 2"], along: Float[Array, "user 2"], side_m: Any
) -> Float[Array, "user 2"]:
    """Places after the way, to and fro along the chord of a square from the origin to (side, side)."""
    slope = jnp.where(jnp.abs(along) < _FLAT, _FLAT, along)
    walls = jnp.stack([-places_m / slope, (side_m - places_m) / slope])
    low = jnp.max(jnp.min(walls, axis=0), axis=-1)
    high = jnp.min(jnp.max(walls, axis=0), axis=-1)
    return places_m + _folded(travel.way_m, low, high)[:, None] * along


def _folded(way: Any, low: Any, high: Any) -> Any:
    """A way from 0 that turns round at both ends, ``low <= 0 <= high``."""
    length = jnp.maximum(high - low, _FLAT)
    on = jnp.mod(way - low, 2.0 * length)
    # After no way exactly nothing, whatever rounding makes of the ends.
    return jnp.where(way == 0.0, 0.0, low + jnp.where(on < length, on, 2.0 * length - on))


__all__ = ["directions", "straight_on", "within_disc", "within_square"]
