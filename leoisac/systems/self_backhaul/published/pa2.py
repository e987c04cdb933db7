"""Route ``reference`` of PA2: the worst-case design by the concave-convex procedure over lifted variables.

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026. Every
channel may be off by an error of bounded norm. The paper's scheme with exact S-procedure bounds in the place of its
own, some of which do not bound; rates are re-computed from the recovered beams with exact worst cases.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.hermitian import coordinates
from leoisac.optim.conic.loop import Attempt, LoopOptions, Procedure
from leoisac.optim.conic.problem import ParametricProblem
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii, error_radii
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters, RobustDesign
from leoisac.systems.self_backhaul.published.batch import (
    Ended,
    Trial,
    finished,
    is_workable,
    missing,
    normalised_instance,
    solve_batch,
)
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, ReceivedPowers, Scaling, least_powers
from leoisac.systems.self_backhaul.published.lifted_core import least_rate_values, tangent_values, unscaled
from leoisac.systems.self_backhaul.published.lifted_procedure import (
    NO_POWER_SUFFICES,
    LiftedDesign,
    PowerLevel,
    designed,
    judged,
    power_level,
)
from leoisac.systems.self_backhaul.published.lifted_robust import (
    robust_epigraph_problem,
    robust_feasibility_problem,
    robust_scaling,
    robust_values,
    worst_received_powers,
)
from leoisac.systems.self_backhaul.published.pa1 import pa1_reference
from leoisac.systems.self_backhaul.published.recovery import balance_feeder, polish, recover

ENFORCES = ("guaranteed_min_rate", "guaranteed_backhaul", "pattern", "satellite_power", "bs_power")

PA2_OPTIONS = LoopOptions(tolerance=1e-5, max_iterations=30, stall_steps=3, stall_gain=1e-3)

_IDLE_WEIGHT = 1e-4
"""Nats that a unit of satellite power costs: without it the optimal ``V`` keeps power where nothing sees it."""
_LIFTS = (1.0, 3.0)
"""Congruences of the robust bounds to try in turn; where one stalls at the first step, the other does not."""


def normalised_radii(parameters: Parameters, channels: Channels) -> ErrorRadii:
    """Radii of one trial in the units of ``normalised_instance``."""
    noise = float(channels.noise_power)
    radii = error_radii(parameters, channels)
    bs, satellite = (math.sqrt(float(p) / noise) for p in (parameters.bs_power, parameters.satellite_power))
    es = 1.0 / math.sqrt(float(parameters.es_noise_ratio))
    return ErrorRadii(
        radii.h_users * bs, radii.h_es * (bs * es), radii.g_users * satellite, radii.g_es * (satellite * es)
    )


def least_robust_power_level(instance: Instance, radii: ErrorRadii, user_rate: float | None = None) -> PowerLevel:
    """Test of feasibility: the least common level of both powers at which the requirements hold for all errors.

    Convex. Every user is sure of the least rate, and the feeder link of their sum; worst cases of signal and
    interference are taken separately, as in the guarantee itself. ``user_rate`` in the place of the users' least rate
    leaves the feeder link's requirement as it is.
    """
    users = instance if user_rate is None else replace(instance, min_rate=user_rate)
    reach = [
        *(np.linalg.norm(instance.h_users, axis=1) - radii.h_users),
        np.linalg.norm(instance.g_es) - radii.g_es,
    ]
    if min(reach) <= 0.0:
        # A ball that holds the zero channel leaves no signal, whatever the power.
        return NO_POWER_SUFFICES

    def test(preference: float) -> PowerLevel:
        problem = robust_feasibility_problem(*instance.sizes)
        units = robust_scaling(instance, radii, _rough_powers(instance, radii))
        values = least_rate_values(instance, units) | {"weight": preference}
        return power_level(problem, units, _solve(problem, users, radii, units, values))

    return judged(test)


def pa2_reference(instance: Instance, radii: ErrorRadii, options: LoopOptions = PA2_OPTIONS) -> LiftedDesign:
    """The procedure on one trial: robust test of feasibility, then concave-convex iterations from its minimiser.

    The minimiser is first scaled up to the budgets, which improves every rate and the numbers of the first iteration.
    """
    procedure = Procedure(
        convexify=lambda lifted: worst_received_powers(instance, radii, lifted),
        solve=lambda powers: _improve(instance, radii, powers),
        measure=lambda lifted: worst_received_powers(instance, radii, lifted).delivered,
    )
    test = least_robust_power_level(instance, radii)
    return designed(test, len(instance.h_users), procedure, 1.0 / test.level, options)


def solve_pa2(
    parameters: Parameters, channels: Channels, options: LoopOptions = PA2_OPTIONS, workers: int = 1
) -> Solution[JointDesign]:
    """PA2 by the concave-convex procedure with exact bounds, for a batch of trials.

    Args:
        parameters, channels: as everywhere; radius and model of the errors are in the parameters.
        options: stopping rule; the default is the paper's, and an end after 3 steps without a gain of 1e-3.
        workers: processes that share the trials.

    Returns:
        Solution with physical designs; ``objective`` and ``history`` are guaranteed sum rates, ``violation`` counts the
        guaranteed least rate and backhaul, the pattern and the powers. ``status``: CONVERGED; INACCURATE (the solver
        stalled after progress: the design holds its guarantee, its rate may be low); MAX_STEPS; INFEASIBLE (the least
        power level is proven to exceed 1, ``lifted_procedure.judged``; the violation is the excess, infinite where no
        power suffices); NONFINITE; FAILED (no point at all). A radius of zero is PA1.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
    """
    return solve_batch(
        parameters,
        channels,
        _design,
        ENFORCES,
        objective="guaranteed_sum_rate",
        options=options,
        workers=workers,
        kind=RobustDesign,
    )


def _design(trial: Trial) -> Ended:
    """Physical design of one trial; at the top of the module, so that workers find it."""
    if not is_workable(trial.parameters, trial.channels):
        return missing(trial, Status.NONFINITE)
    instance = normalised_instance(trial.parameters, trial.channels)
    if float(np.max(trial.parameters.error_radius)) <= 0.0:
        radii, found = None, pa1_reference(instance, options=trial.options)
    else:
        radii = normalised_radii(trial.parameters, trial.channels)
        found = pa2_reference(instance, radii, trial.options)
    if found.lifted is None:
        return missing(trial, found.status, found.power_level - 1.0)
    beams = recover(instance, found.lifted)
    if radii is not None:
        beams = balance_feeder(instance, beams, radii)
    return finished(trial, polish(instance, beams, radii), found.status, found.iterations, found.history)


def _improve(instance: Instance, radii: ErrorRadii, powers: ReceivedPowers) -> Attempt[Lifted]:
    """One step of the procedure: tangents at the worst-case powers, scaled to them."""
    problem = robust_epigraph_problem(*instance.sizes)
    units = robust_scaling(instance, radii, powers)
    values = tangent_values(powers) | {
        "min_rate": instance.min_rate * math.log(2.0),
        "idle_weight": _IDLE_WEIGHT * coordinates(np.conj(units.feeder.T) @ units.feeder),
    }
    report = _solve(problem, instance, radii, units, values)
    return Attempt(unscaled(problem, units) if report.has_point else None, report)


def _solve(
    problem: ParametricProblem, instance: Instance, radii: ErrorRadii, units: Scaling, values: dict[str, Any]
) -> SolveReport:
    """Solve with one congruence of the bounds after the other until there is a point or a certificate."""
    reports = list[SolveReport]()
    for lift in _LIFTS:
        problem.assign(robust_values(instance, radii, units, lift) | values)
        reports.append(solve_with_retries(problem))
        if reports[-1].has_point or reports[-1].status is Status.INFEASIBLE:
            break
    return replace(
        reports[-1],
        attempts=sum(report.attempts for report in reports),
        iterations=sum(report.iterations for report in reports),
        seconds=sum(report.seconds for report in reports),
        message="; ".join(report.message for report in reports),
    )


def _rough_powers(instance: Instance, radii: ErrorRadii) -> ReceivedPowers:
    """Powers to scale the test of feasibility by: a sensing waveform cannot be kept from all of the feeder's ball."""
    powers = least_powers(instance)
    interference = 1.0 + float(radii.g_es) ** 2 * float(np.max(instance.pattern_min))
    return replace(powers, es_signal=powers.es_signal * interference, es_interference=interference)


__all__ = ["PA2_OPTIONS", "least_robust_power_level", "normalised_radii", "pa2_reference", "solve_pa2"]
