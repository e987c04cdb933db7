"""Random streams: what is had without any optimisation."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem.normalised import (
    Variant,
    formulate,
    judged,
    partial_of,
    physical_streams,
    shape_of,
)
from leoisac.systems.otfs_rsma.problem.program import Shape
from leoisac.systems.otfs_rsma.world.channels import channel_key

_UNCONSTRAINED = Variant(has_floor=0.0, is_sensing=0.0)


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
