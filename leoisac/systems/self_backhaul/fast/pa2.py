"""Fast route of the robust joint design: all trials at once on the batched engine, by continuation in the radius."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.optim.options import EngineOptions
from leoisac.problems.given import Family, search, starting_points
from leoisac.systems.self_backhaul.fast.feasibility import StartPower
from leoisac.systems.self_backhaul.fast.joint_program import to_values
from leoisac.systems.self_backhaul.fast.pa1 import certified, design_of_beams
from leoisac.systems.self_backhaul.fast.robust_program import (
    RobustProgram,
    Stage,
    formulate_robust,
    robust_beamforming,
    robust_variables,
    to_robust_beams,
)
from leoisac.systems.self_backhaul.fast.starts import MAX_STARTS, start_points
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters, RobustDesign
from leoisac.systems.self_backhaul.problem.normalised import judged, normalise, normalised_radii

ENFORCES = ("guaranteed_min_rate", "guaranteed_backhaul", "pattern", "satellite_power", "bs_power")
OBJECTIVE = "guaranteed_sum_rate"
TOLERANCE = 1e-6
OPTIONS = EngineOptions(
    penalty=5.0,
    violation_tolerance=1e-3,
    gradient_floor=1e-3,
    value_tolerance=1e-5,
    max_ticks=3000,
    lanes=16,
    quick_restoration=True,
)
PATH = Stage(np.array([0.05, 0.3, 0.6, 1.0, 1.0]), np.array([1e-3, 1e-3, 1e-3, 1e-4, 1e-10]))
"""Radius and smoothing: at the full radius at once only a fifth of the starts, or fewer, would become feasible."""
ROBUST = Family(robust_beamforming, robust_variables, engine=OPTIONS, path=PATH)


class Formulated(NamedTuple):
    """One trial ready for the engine."""

    program: RobustProgram
    starts: Leaf  # (MAX_STARTS, n)


def solve_pa2(parameters: Parameters, channels: Channels, *, starts: int = 2) -> Solution[JointDesign]:
    """PA2 for a batch: the largest sum rate that all channel errors within the radius leave, without lifting.

    First comes a feasibility test, the least common power level ``u`` under errors along the channels, which every
    guarantee covers: a dual value above 1 proves INFEASIBLE (weak duality: no design withstands even these errors), and
    the least-power design stands for the trial. All others are solved from ``starts`` points on a path of growing
    radius, and the best feasible result is kept.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 12; the same for every trial.

    Returns:
        Designs in physical units. Objective (guaranteed sum rate) and violation (of guaranteed least rate, guaranteed
        backhaul, pattern, powers) are the judge's, with exact worst cases. A trial in which no start became feasible
        and of which nothing proves that no design is, is NO_FEASIBLE_POINT, with the violation that is left.
        ``iterations`` counts gradient evaluations, ``history`` holds the sum rate after each round, before the last
        correction.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")

    def solve_rest(chosen: Channels, _: StartPower) -> Solution[JointDesign]:
        ready: Formulated = by_lanes(formulate)(parameters, chosen)
        found = search(ROBUST, ready.program, ready.starts, starts)
        return judged(
            parameters,
            chosen,
            RobustDesign(**vars(by_lanes(design_of)(parameters, found.x, ready.program))),
            ENFORCES,
            **found.outcome,
            objective=OBJECTIVE,
        )

    return certified(
        parameters, channels, ENFORCES, solve_rest, error_share=1.0, objective=OBJECTIVE, kind=RobustDesign
    )


def formulate(parameters: Parameters, channels: Channels) -> Formulated:
    """One trial as a program with starting points.

    Unlike in PA1 the least-power design is none of them: on this path it ends several per cent lower than the others.
    """
    problem, radii = normalise(parameters, channels), normalised_radii(parameters, channels)
    program, bases, point = formulate_robust(problem, radii, parameters.joint_pattern)
    starts = jax.vmap(lambda beams: to_values(beams, bases))(start_points(problem, point))
    return Formulated(program, starting_points(ROBUST, program, starts))


def design_of(parameters: Parameters, x: Float[Array, " n"], program: RobustProgram) -> JointDesign:
    """The physical design of the engine's variables."""
    return design_of_beams(parameters, to_robust_beams(ROBUST.of(program).values(x), program))


__all__ = ["ENFORCES", "TOLERANCE", "solve_pa2"]
