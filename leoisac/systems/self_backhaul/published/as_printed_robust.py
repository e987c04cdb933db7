"""Route ``published`` of PA2: Algorithm 2 as the paper prints it, equations (49)-(76).

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026. How
what cannot be executed is read, and what the print does not guarantee, stands in ``printed_robust_problem``.

Start: the least common power level at which the worst case of every user's SINR reaches ``2^r_0`` (not ``2^r_0 - 1``,
because of (74)) and the feeder link carries ``M r_0``. Each step takes its tangents at (58), (59). Beams: principal
eigenvectors. Nothing is repaired afterwards.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.loop import Attempt, LoopOptions
from leoisac.optim.conic.solving import solve_with_retries
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters, RobustDesign
from leoisac.systems.self_backhaul.published.as_printed import design_trial, principal_beams
from leoisac.systems.self_backhaul.published.batch import (
    Ended,
    Trial,
    finished,
    is_workable,
    missing,
    normalised_instance,
    solve_batch,
)
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, received_powers
from leoisac.systems.self_backhaul.published.lifted_core import unscaled
from leoisac.systems.self_backhaul.published.lifted_procedure import PowerLevel
from leoisac.systems.self_backhaul.published.lifted_robust import robust_scaling
from leoisac.systems.self_backhaul.published.pa2 import ENFORCES, least_robust_power_level, normalised_radii
from leoisac.systems.self_backhaul.published.printed_loop import Ending, printed_loop
from leoisac.systems.self_backhaul.published.printed_robust_problem import printed_step, printed_values


class Point(NamedTuple):
    """A point of Algorithm 2.

    Attributes:
        lifted: its covariances.
        objective: (73) in bit/s/Hz; NaN at the start, which has none.
    """

    lifted: Lifted
    objective: float


def algorithm_2(instance: Instance, radii: ErrorRadii, start: Lifted, options: LoopOptions) -> Ending[Point]:
    """Algorithm 2 from a point; the history holds the printed objective (73), which is missing at the start."""
    return printed_loop(
        Point(start, math.nan),
        lambda point: step(instance, radii, point),
        measure=lambda point: -math.inf if math.isnan(point.objective) else point.objective,
        shown=lambda point: point.objective,
        options=options,
    )


def step(instance: Instance, radii: ErrorRadii, point: Point) -> Attempt[Point]:
    """One step: tangents at (58), (59) over the estimates, then the convex problem."""
    problem = printed_step(*instance.sizes)
    units = robust_scaling(instance, radii, received_powers(instance, point.lifted))
    problem.assign(printed_values(instance, radii, units))
    report = solve_with_retries(problem)
    found = Point(unscaled(problem, units), report.value / math.log(2.0)) if report.has_point else None
    return Attempt(found, report)


def solve_pa2(
    parameters: Parameters, channels: Channels, options: LoopOptions | None = None, workers: int = 1
) -> Solution[JointDesign]:
    """PA2 by Algorithm 2 as printed, for a batch of trials.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        options: tolerance and most iterations; the paper's, 1e-5 and 30.
        workers: processes that share the trials.

    Returns:
        Solution with physical designs. ``history``: the printed objective (73) after every step. ``objective`` and
        ``violation``: what the beams guarantee, by exact worst cases; where the history is higher, the print promised
        what does not hold. ``status``: as ``pa1.solve_pa1``; INFEASIBLE where no design gives the guarantee (proof:
        ``pa2.least_robust_power_level``), NO_FEASIBLE_POINT where there is only no start, FAILED where the first step
        has no solution. A radius of zero is Algorithm 1.
    """
    return solve_batch(
        parameters,
        channels,
        _design,
        ENFORCES,
        objective="guaranteed_sum_rate",
        options=options or LoopOptions(),
        workers=workers,
        kind=RobustDesign,
    )


def _design(trial: Trial) -> Ended:
    """Physical design of one trial; at the top of the module, so that workers find it."""
    if not is_workable(trial.parameters, trial.channels):
        return missing(trial, Status.NONFINITE)
    if float(np.max(trial.parameters.error_radius)) <= 0.0:
        return design_trial(trial)
    instance = normalised_instance(trial.parameters, trial.channels)
    radii = normalised_radii(trial.parameters, trial.channels)
    test = starting_point(instance, radii)
    if test.start is None or not test.level <= 1.0:
        return missing(trial, test.status, test.level - 1.0)
    found = algorithm_2(instance, radii, test.start, trial.options)
    if found.status is Status.FAILED:
        return missing(trial, Status.FAILED)
    return finished(trial, principal_beams(found.state.lifted), found.status, found.iterations, found.history)


def starting_point(instance: Instance, radii: ErrorRadii) -> PowerLevel:
    """Least power level at which the worst case of every user's SINR is ``2^r_0``.

    INFEASIBLE only if ``2^r_0 - 1``, the requirement itself, is out of reach, too; otherwise NO_FEASIBLE_POINT.
    """
    sharper = math.log2(1.0 + 2.0**instance.min_rate)
    test = least_robust_power_level(instance, radii, sharper)
    if test.status is Status.INFEASIBLE:
        needed = least_robust_power_level(instance, radii)
        return needed if needed.status is Status.INFEASIBLE else replace(test, status=Status.NO_FEASIBLE_POINT)
    return test


__all__ = ["Point", "algorithm_2", "solve_pa2", "starting_point", "step"]
