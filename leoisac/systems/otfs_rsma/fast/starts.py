"""Start points of the fast route: eigen-beams with noise, then plain noise.

The directions of strongest reception come from a few power iterations. Noise is the same for all trials: a design never
depends on its company. Without noise streams that share a subspace would start in exact symmetry, and with little of it
the ceilings are far away: eigen-beams know nothing of the target.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.systems.otfs_rsma.problem.program import (
    Program,
    Shape,
    adjoint_channels,
    amplitudes,
    pass_channels,
    stream_rates,
)

MAX_STARTS = 16
_ITERATIONS = 8
_NOISE = 0.3
"""Power of the noise over that of an eigen-beam (measured: between 0.1 and 1 it hardly matters)."""


def start_points(program: Program, shape: Shape) -> dict[str, Array]:
    """Values of the variables to start from: an eigen-beam point first, every second one noise alone. Traceable.

    Beside the samples these are shares of the common rate where they count, and the least rate that both give.
    """
    noise = jnp.asarray(_noise(shape))
    beams = strong_directions(program, shape, noise[0, 1:])
    aligned = jnp.concatenate([jnp.sum(beams, axis=0, keepdims=True) / np.sqrt(shape.n_users), beams])
    # Noise has unit variance per number; beams get the same energy.
    energy = np.sqrt(shape.n_samples / shape.n_streams)
    kind = (np.arange(MAX_STARTS) % 2 == 0)[:, None, None, None, None]
    points = jnp.where(kind, energy * aligned + np.sqrt(_NOISE) * noise, noise)

    def rates(samples: Array) -> dict[str, Array]:
        private, common = stream_rates(samples, amplitudes(samples, program), program, shape)
        if not shape.is_total:
            return {"least": jnp.min(private)}
        split = allocate_common_rate(common, private)
        return {"shares": split.common_rate, "least": split.min_rate}

    # One after the other by the same code: written out sixteen times it was most of the program.
    return {"samples": points, **jax.lax.map(rates, points)}


def strong_directions(
    program: Program, shape: Shape, first: Float[Array, "user antenna 2 sample"]
) -> Float[Array, "user antenna 2 sample"]:
    """Unit vectors near each user's dominant right singular vector, by power iteration from ``first``."""
    own = jnp.asarray(np.eye(shape.n_users))[:, :, None, None]

    def iterated(_: Any, beams: Array) -> Array:
        received = pass_channels(shape.delays, program.taps, program.adjoint_taps, beams) * own
        beams = adjoint_channels(shape.delays, program.adjoint_taps, received)
        return beams / jnp.sqrt(jnp.sum(beams**2, axis=(1, 2, 3), keepdims=True))

    return jax.lax.fori_loop(0, _ITERATIONS, iterated, jnp.asarray(first))


@functools.cache
def _noise(shape: Shape) -> Float[np.ndarray, "start stream antenna 2 sample"]:
    return np.random.default_rng(20250602).standard_normal((MAX_STARTS, *shape.stream_shape))
