"""The second stage: the least bound of delay or Doppler shift at a share of the largest rate found.

Problem (17) leaves the bounds open where their ceilings are slack: designs of the same rate differ in them by factors,
and a solver ends at any. What the rate allows is a problem of its own: the least bound subject to all constraints of
(17) and a share of its largest rate found: 99.9 % by default, which says what the paper's table could have shown;
smaller ones draw the front of rate and bound. Not the paper's.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.systems.otfs_rsma.problem.program import Program, Shape, amplitudes, log_margins, max_min_rate


class BoundProgram(NamedTuple):
    """Data of one instance.

    Attributes:
        program: of the first stage.
        kept_rate: least rate that every user keeps, bit.
        weights: on the logarithms of the bounds of delay and Doppler shift.
    """

    program: Program
    kept_rate: Leaf
    weights: Leaf  # (2,)


def least_bound(x: Float[Array, " n"], data: BoundProgram, shape: Shape) -> tuple[Float[Array, ""], Float[Array, " m"]]:
    """Weighted logarithm of bounds over ceilings, and the constraints of ``max_min_rate`` at the rate that is kept.

    ``x`` are the unknowns of ``max_min_rate`` without the least rate.
    """
    _, constraints = max_min_rate(jnp.append(x, data.kept_rate), data.program, shape)
    samples = x[: shape.n_samples].reshape(shape.stream_shape)
    margins = log_margins(samples, amplitudes(samples, data.program), data.program, shape)
    return -jnp.dot(data.weights, margins), constraints
