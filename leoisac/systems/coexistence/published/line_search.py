"""Power line search: the best satellite amplitude for fixed beams.

The published iteration moves a satellite amplitude near saturation by about ``1 / SINR`` per step, so that its outcome
is where it starts (J. Jee, J. G. Andrews, arXiv:2511.15947, (35)-(43)). For fixed beams the true sum rate of one
amplitude costs next to nothing: a grid around the amplitude reached makes up for it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.problem.cell_program import CellProblem, cell_metrics, cell_violation

_POINTS = 41
_REACH = 3.0
TOLERANCE = 1e-4
"""Relative violation that an amplitude may leave."""


def best_amplitude(
    problem: CellProblem, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""]
) -> Float[Array, ""]:
    """Amplitude with the largest true sum rate that keeps the floors, on 41 geometric points from ``q / 3`` to ``3 q``.

    Receive filters are optimal at every point, points above 1 count as 1. ``q`` itself, which is on the grid, if no
    point keeps the floors. Traceable.
    """
    factors = jnp.asarray(np.geomspace(1.0 / _REACH, _REACH, _POINTS))
    grid = jnp.minimum(q * factors, 1.0)

    def judge(amplitude: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        metrics = cell_metrics(problem, beamformer, amplitude)
        return metrics.sum_rate, cell_violation(problem, metrics)

    rates, violations = jax.vmap(judge)(grid)
    kept = violations <= TOLERANCE
    return jnp.where(jnp.any(kept), grid[jnp.argmax(jnp.where(kept, rates, -jnp.inf))], q)
