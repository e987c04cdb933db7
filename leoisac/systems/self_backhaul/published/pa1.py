"""Route ``reference`` of PA1: the concave-convex procedure over lifted variables with free rates, CVXPY and Clarabel.

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026.
Perfect channel knowledge. An exact convex test decides feasibility and gives the start; each iteration replaces the
logarithms of interference by tangents and solves a semidefinite program; beams are recovered without loss. The paper's
algorithm as printed is the route ``published``, see ``as_printed``.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.loop import Attempt, LoopOptions, Procedure
from leoisac.optim.conic.solving import solve_with_retries
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.published.batch import (
    Ended,
    Trial,
    finished,
    is_workable,
    missing,
    normalised_instance,
    solve_batch,
)
from leoisac.systems.self_backhaul.published.lifted import (
    Instance,
    Lifted,
    channel_values,
    least_powers,
    received_powers,
    scaling,
)
from leoisac.systems.self_backhaul.published.lifted_core import least_rate_values, tangent_values, unscaled
from leoisac.systems.self_backhaul.published.lifted_problems import SUBPROBLEMS, Form, feasibility_problem
from leoisac.systems.self_backhaul.published.lifted_procedure import (
    NO_POWER_SUFFICES,
    LiftedDesign,
    PowerLevel,
    designed,
    judged,
    power_level,
)
from leoisac.systems.self_backhaul.published.recovery import polish, recover

ENFORCES = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")


def least_power_level(instance: Instance) -> PowerLevel:
    """Exact test of feasibility: the least common level of both powers that meets every requirement.

    A convex problem (no iteration): with every user at the least rate the backhaul needs ``2^(M r_0) - 1``. The lifted
    problem, and with the lossless recovery of a satellite-only pattern the problem itself, is feasible exactly if the
    level is at most 1.
    """
    if min(np.min(np.sum(np.abs(instance.h_users) ** 2, axis=1)), np.sum(np.abs(instance.g_es) ** 2)) <= 0.0:
        return NO_POWER_SUFFICES

    def test(preference: float) -> PowerLevel:
        problem = feasibility_problem(*instance.sizes)
        units = scaling(instance, least_powers(instance))
        values = channel_values(instance, units) | least_rate_values(instance, units)
        problem.assign(values | {"weight": preference})
        return power_level(problem, units, solve_with_retries(problem))

    return judged(test)


def pa1_reference(instance: Instance, form: Form = "epigraph", options: LoopOptions | None = None) -> LiftedDesign:
    """The procedure on one trial: test of feasibility, then the concave-convex iterations.

    Args:
        instance: normalised trial.
        form: ``"epigraph"`` (free rates, fewer logarithms, fewer iterations) or ``"paper"`` (the printed step, whose
            tangents let the backhaul constraint move less).
        options: stopping rule; the default is the paper's, 1e-5 and 30 iterations.
    """
    procedure = Procedure(
        convexify=lambda lifted: lifted,
        solve=lambda lifted: improved(instance, form, lifted),
        measure=lambda lifted: received_powers(instance, lifted).delivered,
    )
    return designed(least_power_level(instance), len(instance.h_users), procedure, options=options)


def improved(instance: Instance, form: Form, lifted: Lifted) -> Attempt[Lifted]:
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
    """PA1 by the concave-convex procedure with free rates, for a batch of trials.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        form, options: see ``pa1_reference``.
        workers: processes that share the trials.

    Returns:
        Solution with physical designs. ``status`` is INFEASIBLE only if the least power level is proven to exceed 1
        (``lifted_procedure.judged``); the violation is then the level minus 1, the share by which power falls short
        (infinite if no power suffices), and design, objective and history are missing (NaN). FAILED: the
        solver gave no point at all in the test of feasibility or in the first iteration. ``history`` holds the start
        and every iteration.

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
    if not is_workable(trial.parameters, trial.channels):
        return missing(trial, Status.NONFINITE)
    instance = normalised_instance(trial.parameters, trial.channels)
    found = pa1_reference(instance, form, trial.options)
    if found.lifted is None:
        return missing(trial, found.status, found.power_level - 1.0)
    beams = polish(instance, recover(instance, found.lifted))
    return finished(trial, beams, found.status, found.iterations, found.history)


__all__ = ["improved", "least_power_level", "pa1_reference", "solve_pa1"]
