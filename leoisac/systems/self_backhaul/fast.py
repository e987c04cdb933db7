"""Fast route of the joint design: all trials at once on the batched engine, with a certificate of infeasibility."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.batched.engine import EngineResult, solve, solve_multistart
from leoisac.optim.batched.options import EngineOptions
from leoisac.systems.self_backhaul.feasibility import StartPower, start_power
from leoisac.systems.self_backhaul.joint_program import (
    Bases,
    Beams,
    Program,
    formulate,
    joint_beamforming,
    to_beams,
    to_variables,
)
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.problem import joint_design, judged, normalise
from leoisac.systems.self_backhaul.starts import MAX_STARTS, start_points

ENFORCES = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")
OPTIONS = EngineOptions(penalty=1.0, violation_tolerance=1e-2, gradient_floor=1e-2, lanes=16)
TOLERANCE = 1e-6


class Formulated(NamedTuple):
    """One trial ready for the engine."""

    program: Program
    bases: Bases
    starts: Leaf  # (MAX_STARTS, n)


def solve_pa1(parameters: Parameters, channels: Channels, *, starts: int = 3) -> Solution[JointDesign]:
    """PA1 for a batch: the joint design with perfect channel knowledge (paper, problem 17), without lifting.

    Every trial is solved from ``starts`` points and the best feasible result kept. Trials without a feasible result
    go to the exact feasibility test (least power level ``u``): ``u > 1`` certifies INFEASIBLE; otherwise they are
    solved again from the least-power design, which also stands in where even that fails.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 12; the same for every trial.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts gradient evaluations,
        ``history`` holds the sum rate after each round of the augmented Lagrangian, before the last correction.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    ready: Formulated = by_lanes(_formulate)(parameters, channels)
    result = solve_multistart(joint_beamforming, ready.starts[:, :starts], ready.program, OPTIONS)
    design: JointDesign = by_lanes(_design)(parameters, result.x, ready.program, ready.bases)
    solution = judged(
        parameters,
        channels,
        design,
        ENFORCES,
        status=result.status,
        iterations=result.ticks,
        history=-result.objective_history,
    )
    suspects = np.flatnonzero(~(solution.violation <= TOLERANCE))
    if len(suspects):
        _second_look(parameters, channels, ready, solution, suspects)
    return solution


def _second_look(
    parameters: Parameters, channels: Channels, ready: Formulated, solution: Solution[JointDesign], rows: np.ndarray
) -> None:
    """Certify infeasibility of the given trials, or solve them again from the least-power design. Writes in place."""
    level: StartPower = by_lanes(_least_power)(parameters, take(channels, rows))
    infeasible = level.lower > 1.0
    solution.status[rows[infeasible]] = int(Status.INFEASIBLE)
    hopeful = np.flatnonzero(~infeasible & np.isfinite(level.upper))
    if not len(hopeful):
        return
    rows, level, ready = rows[hopeful], take(level, hopeful), take(ready, rows[hopeful])
    beams = Beams(level.w, level.v, level.U0)
    start = by_lanes(_variables)(parameters, beams, ready.bases)
    result: EngineResult = solve(joint_beamforming, start, ready.program, OPTIONS)
    solved = by_lanes(_design)(parameters, result.x, ready.program, ready.bases)
    fallback = by_lanes(_design_of_beams)(parameters, beams)
    chosen = take(channels, rows)
    again = judged(parameters, chosen, solved, ENFORCES, status=result.status, iterations=result.ticks)
    plain = judged(parameters, chosen, fallback, ENFORCES, status=result.status, iterations=result.ticks)
    for index, row in enumerate(rows):
        best, status = again, again.status[index]
        if not again.violation[index] <= TOLERANCE and plain.violation[index] <= again.violation[index]:
            best, status = plain, int(Status.MAX_STEPS)
        if best.violation[index] <= solution.violation[row]:
            _overwrite(solution, row, best, index, status)


def _overwrite(solution: Solution[Any], row: int, source: Solution[Any], index: int, status: int) -> None:
    for name, values in vars(solution.value).items():
        values[row] = getattr(source.value, name)[index]
    solution.status[row] = status
    solution.objective[row] = source.objective[index]
    solution.violation[row] = source.violation[index]
    solution.iterations[row] += source.iterations[index]


def _formulate(parameters: Parameters, channels: Channels) -> Formulated:
    problem = normalise(parameters, channels)
    program, bases, point = formulate(problem, parameters.joint_pattern)
    starts = jax.vmap(lambda beams: to_variables(beams, bases))(start_points(problem, point))
    return Formulated(program, bases, starts)


def _design(parameters: Parameters, x: Any, program: Program, bases: Bases) -> JointDesign:
    return _design_of_beams(parameters, to_beams(x, program, bases))


def _design_of_beams(parameters: Parameters, beams: Beams) -> JointDesign:
    sensing = beams.sensing @ jnp.conj(beams.sensing).T
    return joint_design(parameters, beams.bs, beams.satellite, sensing)


def _variables(parameters: Parameters, beams: Beams, bases: Bases) -> Any:
    del parameters
    return to_variables(beams, bases)


def _least_power(parameters: Parameters, channels: Channels) -> StartPower:
    problem = normalise(parameters, channels)
    users = problem.h_users.shape[0]
    bs_gain = jnp.sqrt(problem.bs_pattern_gain)
    return start_power(
        problem.h_users,
        problem.h_es,
        problem.g_users,
        problem.g_es,
        problem.targets,
        problem.demands,
        2.0**problem.min_rate - 1.0,
        2.0 ** (users * problem.min_rate) - 1.0,
        bs_targets=problem.bs_targets * bs_gain if parameters.joint_pattern else None,
    )
