"""The second stage: the least bound of delay or Doppler shift at a share of the largest rate found.

Problem (17) leaves the bounds open where their ceilings are slack: designs of the same rate differ in them by factors,
and a solver ends at any. What the rate allows is a problem of its own: the least bound subject to all constraints of
(17) and a share of its largest rate found: 99.9 % by default, which says what the paper's table could have shown;
smaller ones draw the front of rate and bound. Not the paper's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.problems import at_least, minimise
from leoisac.problems.statement import Goal
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


def least_bound(v: Any, d: BoundProgram, shape: Shape) -> Goal:
    """Weighted logarithm of bounds over ceilings, subject to problem (17) at the rate that is kept."""
    first = max_min_rate(v, d.program, shape)
    margins = log_margins(v.samples, amplitudes(v.samples, d.program), d.program, shape)
    kept = at_least(first.objective, d.kept_rate)
    return minimise(-jnp.dot(d.weights, margins), {"kept_rate": kept, **first.subject_to})
