"""Receive filters as the paper prints them, and where they differ from those of least mean square error.

J. Jee, J. G. Andrews, arXiv:2511.15947, (35)-(39), conjugates completed for channels that are rows:

* (35), (38): ``w_k = (h_k f_k)^* / (||h_k F||^2 + g_k p + 1)``, of least error;
* (36): ``w = sqrt(g p) / (||h_S F||^2 + 1)`` lacks the satellite's own power ``g p``; behind this filter the error of
  (43) exceeds ``2^-R_min`` whatever the transmitter does, so that the first update has no solution. ``PRINTED`` has it
  added, ``LITERAL`` has not;
* (37), (39): ``w_i = (R_i^-1 G_i f_{K+i})^H`` with ``R_i = Gb F F^H Gb^H + p g g^H + I`` and ``Gb`` the sum of all
  echo channels: targets and clutter add coherently, whereas (19)-(21), by which designs are judged, add the clutter and
  the own stream's other echoes incoherently. The filter is thus not of least error, and the update stricter than it
  needs to be.
"""

from __future__ import annotations

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.systems.coexistence.problem.cell_program import (
    CellProblem,
    Filters,
    Received,
    best_filters,
    echo_signals,
    received,
)

CORRECTED, PRINTED, LITERAL = "corrected", "printed", "literal"
RULES = (CORRECTED, PRINTED, LITERAL)


def filters_by(
    rule: str, problem: CellProblem, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""] | float
) -> Filters:
    """Receive filters of a design; ``corrected`` ones are those of least mean square error.

    Raises:
        ValueError: for an unknown rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule = {rule!r}: must be one of {', '.join(RULES)}.")
    best = best_filters(problem, beamformer, q)
    if rule == CORRECTED:
        return best
    at = received(problem, beamformer)
    signal = echo_signals(problem, at)
    inverse = jnp.linalg.solve(coherent_covariances(problem, at, q), signal[..., None])[..., 0]
    sut = best.sut
    if rule == LITERAL:
        sut = jnp.sqrt(problem.g_sut) * q / (jnp.sum(jnp.abs(at.sut) ** 2) + 1.0)
    return Filters(best.tut, sut, jnp.conj(inverse))


def coherent_covariances(
    problem: CellProblem, at: Received, q: Float[Array, ""] | float
) -> Complex[Array, "target rx rx"]:
    """(39): covariance at the receiver of every target if all echoes of a stream add coherently."""
    echoes = jnp.einsum("ijr,js->irs", problem.target_echo, at.target)
    echoes = echoes + jnp.einsum("ilr,ls->irs", problem.clutter_echo, at.clutter)
    columns = jnp.concatenate([echoes, q * problem.g_rad[..., None]], axis=-1)
    return columns @ jnp.conj(jnp.swapaxes(columns, -1, -2)) + jnp.eye(problem.g_rad.shape[1])
