"""Power line search: the best satellite amplitude for fixed beams.

The published iteration moves a satellite amplitude near saturation by about ``1 / SINR`` per step, so that its outcome
is where it starts (J. Jee, J. G. Andrews, arXiv:2511.15947, (35)-(43)). For fixed beams the true sum rate of one
amplitude costs next to nothing: a grid around the amplitude reached makes up for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp

Judge: TypeAlias = Callable[[Any, Array, Array], tuple[Array, Array]]
"""Problem, beamformer, amplitude -> sum rate and largest relative violation, receive filters being optimal."""

_POINTS = 41
_REACH = 3.0
TOLERANCE = 1e-4
"""Relative violation that an amplitude may leave."""


def best_amplitude(
    judge: Judge, problem: Any, beamformer: Complex[Array, "*cell tx stream"], q: Float[Array, ""]
) -> Float[Array, ""]:
    """Amplitude with the largest true sum rate that keeps the floors, on 41 geometric points from ``q / 3`` to ``3 q``.

    Points above 1 count as 1. ``q`` itself, which is on the grid, if no point keeps the floors. Traceable.
    """
    grid = jnp.minimum(q * jnp.asarray(np.geomspace(1.0 / _REACH, _REACH, _POINTS)), 1.0)
    rates, violations = jax.vmap(lambda amplitude: judge(problem, beamformer, amplitude))(grid)
    kept = violations <= TOLERANCE
    return jnp.where(jnp.any(kept), grid[jnp.argmax(jnp.where(kept, rates, -jnp.inf))], q)
