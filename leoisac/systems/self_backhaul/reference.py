"""Reference route of PA1: the published concave-convex procedure over lifted variables, with CVXPY and Clarabel.

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026.
Perfect channel knowledge. An exact convex test decides feasibility and gives the start; each iteration replaces the
logarithms of interference by tangents and solves a semidefinite program; beams are recovered without loss.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.hermitian import eigenvalue_ratio
from leoisac.optim.conic.loop import Attempt, LoopOptions, Procedure, successive_convex
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.self_backhaul.lifted import (
    Instance,
    Lifted,
    channel_values,
    least_powers,
    received_powers,
    scaling,
    unscaled,
)
from leoisac.systems.self_backhaul.lifted_problems import SUBPROBLEMS, Form, feasibility_problem, tangent_values
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.recovery import polish, recover
from leoisac.systems.self_backhaul.reference_batch import (
    Ended,
    Trial,
    all_finite,
    finished,
    missing,
    normalised_instance,
    solve_batch,
)

_PREFERENCE = 1e-3
"""Weight of the powers themselves beside their level in the test of feasibility; the level is at most 0.1 % high."""
_DOUBT = 0.01
"""A level found at reduced accuracy decides on feasibility only when it is this far from 1."""

ENFORCES = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")


@dataclass(frozen=True)
class PowerLevel:
    """Outcome of the test of feasibility.

    Attributes:
        level: least common level ``u`` of both powers relative to their budgets; infinite if no power suffices, NaN
            if the test failed.
        status: CONVERGED (feasible), INFEASIBLE (certified), INACCURATE (too near to 1 for the accuracy reached), or
            what became of the solver.
        start: lifted design at that level, without rank constraints; every user at the least rate.
        report: the solver's.
    """

    level: float
    status: Status
    start: Lifted | None
    report: SolveReport | None


@dataclass(frozen=True)
class LiftedDesign:
    """Outcome of the published algorithm on one trial, in normalised units, before beams are recovered.

    Attributes:
        status: of the whole: see ``solve_pa1``.
        power_level: least power level ``u``; feasible if at most 1.
        lifted: covariances, ``None`` without a start.
        history: ``min(sum R, R_s)`` in bit/s/Hz at the start and after every iteration.
        iterations: semidefinite programs solved after the start.
        bs_rank_ratios: second over first eigenvalue of every ``W_m``.
        satellite_rank_ratio: the same of ``V``.
        reports: solver reports, that of the test of feasibility first.
    """

    status: Status
    power_level: float
    lifted: Lifted | None
    history: Float[np.ndarray, " step"]
    iterations: int
    bs_rank_ratios: Float[np.ndarray, " user"]
    satellite_rank_ratio: float
    reports: tuple[SolveReport, ...]


def least_power_level(instance: Instance) -> PowerLevel:
    """Exact test of feasibility: the least common level of both powers that meets every requirement.

    A convex problem (no iteration): with every user at the least rate the backhaul needs ``2^(M r_0) - 1``. The lifted
    problem, and with the lossless recovery of a satellite-only pattern the problem itself, is feasible exactly if the
    level is at most 1.
    """
    if min(np.min(np.sum(np.abs(instance.h_users) ** 2, axis=1)), np.sum(np.abs(instance.g_es) ** 2)) <= 0.0:
        return PowerLevel(math.inf, Status.INFEASIBLE, None, None)
    found = _test(instance, _PREFERENCE)
    # The preference for little power raises the level by up to 0.1 %: near 1 the bare level decides.
    if 1.0 < found.level <= 1.0 + 2.0 * _PREFERENCE:
        bare = _test(instance, 0.0)
        found = bare if bare.start is not None else found
    if found.start is None or found.level <= 1.0:
        return found
    certain = found.status is Status.CONVERGED or found.level > 1.0 + _DOUBT
    return replace(found, status=Status.INFEASIBLE if certain else Status.INACCURATE)


def _test(instance: Instance, preference: float) -> PowerLevel:
    problem = feasibility_problem(*instance.sizes)
    units = scaling(instance, least_powers(instance))
    es_sinr = math.expm1(len(instance.h_users) * instance.min_rate * math.log(2.0))
    es_min_signal = es_sinr * units.es_interference / units.es_total
    problem.assign(channel_values(instance, units) | {"es_min_signal": es_min_signal, "weight": preference})
    report = solve_with_retries(problem)
    if not report.has_point:
        level = math.inf if report.status is Status.INFEASIBLE else math.nan
        return PowerLevel(level, report.status, None, report)
    level = float(problem.variables["level"].value)
    return PowerLevel(level, report.status, unscaled(problem, units), report)


def pa1_reference(instance: Instance, form: Form = "epigraph", options: LoopOptions | None = None) -> LiftedDesign:
    """The published algorithm on one trial: test of feasibility, then the concave-convex procedure.

    Args:
        instance: normalised trial.
        form: ``"epigraph"`` (free rates, fewer logarithms, fewer iterations) or ``"paper"`` (as published). Both end at
            the same optimum; with the paper's tangents the backhaul constraint moves in smaller steps.
        options: stopping rule; the default is the paper's, 1e-5 and 30 iterations.
    """
    test = least_power_level(instance)
    feasible = test.start is not None and test.level <= 1.0
    reports = () if test.report is None else (test.report,)
    if not feasible or test.start is None:
        none = np.full(len(instance.h_users), np.nan)
        return LiftedDesign(test.status, test.level, None, np.zeros(0), 0, none, math.nan, reports)
    procedure = Procedure(
        convexify=lambda lifted: lifted,
        solve=lambda lifted: _improve(instance, form, lifted),
        measure=lambda lifted: received_powers(instance, lifted).delivered,
    )
    outcome = successive_convex(procedure, test.start, options)
    return LiftedDesign(
        outcome.status,
        test.level,
        outcome.state,
        outcome.history,
        outcome.iterations,
        eigenvalue_ratio(outcome.state.W),
        float(eigenvalue_ratio(outcome.state.V)),
        reports + outcome.reports,
    )


def _improve(instance: Instance, form: Form, lifted: Lifted) -> Attempt[Lifted]:
    """One step of the procedure: tangents at ``lifted``, scaled to its powers."""
    problem = SUBPROBLEMS[form](*instance.sizes)
    powers = received_powers(instance, lifted)
    units = scaling(instance, powers)
    values = channel_values(instance, units) | tangent_values(powers)
    if form == "epigraph":
        values["min_rate"] = instance.min_rate * math.log(2.0)
    problem.assign(values)
    report = solve_with_retries(problem)
    return Attempt(unscaled(problem, units) if report.has_point else None, report)


def solve_pa1(
    parameters: Parameters,
    channels: Channels,
    form: Form = "epigraph",
    options: LoopOptions | None = None,
    workers: int = 1,
) -> Solution[JointDesign]:
    """PA1 by the published algorithm for a batch of trials.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        form, options: see ``pa1_reference``.
        workers: processes that share the trials.

    Returns:
        Solution with physical designs. ``status`` is INFEASIBLE only if the least power level is certified to exceed
        1; the violation is then the level minus 1, the share by which power falls short (infinite if no power
        suffices), and design, objective and history are missing (NaN). FAILED: the solver gave no point at all in the
        test of feasibility or in the first iteration. ``history`` holds the start and every iteration.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
    """
    return solve_batch(
        parameters,
        channels,
        functools.partial(_design, form),
        ENFORCES,
        objective="sum_rate",
        options=options or LoopOptions(),
        workers=workers,
    )


def _design(form: Form, trial: Trial) -> Ended:
    """Physical design of one trial; at the top of the module, so that workers find it."""
    if not all_finite(trial.channels):
        return missing(trial, Status.NONFINITE)
    instance = normalised_instance(trial.parameters, trial.channels)
    found = pa1_reference(instance, form, trial.options)
    if found.lifted is None:
        return missing(trial, found.status, found.power_level - 1.0)
    beams = polish(instance, recover(instance, found.lifted))
    return finished(trial, beams, found.status, found.iterations, found.history)


__all__ = [
    "LiftedDesign",
    "PowerLevel",
    "least_power_level",
    "pa1_reference",
    "solve_pa1",
]
