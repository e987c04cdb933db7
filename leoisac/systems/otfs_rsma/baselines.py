"""Random streams: what is had without any optimisation."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import Key
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.otfs_rsma.fast import partial_of
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem import Variant, formulate, judged, physical_streams, shape_of
from leoisac.systems.otfs_rsma.program import Shape

_UNCONSTRAINED = Variant(has_floor=0.0, is_sensing=0.0)


def channel_key(channels: Channels) -> Key:
    """A key of one trial made of the digits of its first gain: the same channel, the same random numbers.

    Channels from plain arrays have no seed of their own.
    """
    digits = jnp.floor(jnp.mod(jnp.abs(channels.path_gains[0, 0, 0]) * 2.0**32, 1.0) * 2.0**31)
    return jax.random.fold_in(jax.random.key(0), digits.astype(jnp.uint32))


def solve_random(parameters: Parameters, channels: Channels) -> Solution[Design]:
    """Complex Gaussian streams scaled to the power split (a free one: all streams alike)."""
    return by_lanes(partial_of(_random, shape_of(parameters, channels)))(parameters, channels)


def _random(shape: Shape, parameters: Parameters, channels: Channels) -> Solution[Design]:
    program = formulate(parameters, channels, _UNCONSTRAINED)
    samples: Float[Array, "..."] = jax.random.normal(channel_key(channels), shape.stream_shape, dtype=jnp.float64)
    settled: dict[str, Any] = {
        "status": jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32),
        "iterations": jnp.zeros((), dtype=jnp.int32),
        "history": jnp.zeros((0,)),
    }
    return judged(parameters, channels, _UNCONSTRAINED, physical_streams(parameters, program, samples), **settled)
