"""Route ``published`` of PA1: Algorithm 1 as the paper prints it, equations (26)-(40).

T. Wang, Q. Wang, "Joint Beamforming for Integrated Satellite-Terrestrial ISAC Systems", Sensors 26(7):2273, 2026.
Completed in one place: the interference (33) includes the noise, without which the tangent (36) is none and a step may
lower the rate. Step: maximise (39) subject to (40), the least SINR (27), the pattern (29) and the powers (30), (31).
Start: the least-power design. Beams: principal eigenvectors, line 9. Nothing is repaired afterwards: how far the beams
miss a constraint is the violation that the judge finds.
"""

from __future__ import annotations

import numpy as np

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.hermitian import principal_beam
from leoisac.optim.conic.loop import LoopOptions
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
from leoisac.systems.self_backhaul.published.lifted import Instance, Lifted, received_powers
from leoisac.systems.self_backhaul.published.pa1 import ENFORCES, improved, least_power_level
from leoisac.systems.self_backhaul.published.printed_loop import Ending, printed_loop
from leoisac.systems.self_backhaul.published.recovery import Beams


def algorithm_1(instance: Instance, start: Lifted, options: LoopOptions) -> Ending[Lifted]:
    """Algorithm 1 from a feasible point; the history holds ``min(sum R, R_s)`` of the covariances."""
    return printed_loop(
        start,
        lambda lifted: improved(instance, "paper", lifted),
        measure=lambda lifted: float(np.sum(received_powers(instance, lifted).rates)),
        shown=lambda lifted: received_powers(instance, lifted).delivered,
        options=options,
    )


def principal_beams(lifted: Lifted) -> Beams:
    """Line 9 of both algorithms: ``sqrt(lambda_1) u_1`` of every covariance of a data beam."""
    return Beams(principal_beam(lifted.W), principal_beam(lifted.V), lifted.V0)


def solve_pa1(
    parameters: Parameters, channels: Channels, options: LoopOptions | None = None, workers: int = 1
) -> Solution[JointDesign]:
    """PA1 by Algorithm 1 as printed, for a batch of trials.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        options: tolerance and most iterations; the paper's, 1e-5 and 30.
        workers: processes that share the trials.

    Returns:
        As ``pa1.solve_pa1``; at the step limit MAX_STEPS, and ``violation`` is that of the beams as they are.
    """
    return solve_batch(
        parameters,
        channels,
        design_trial,
        ENFORCES,
        objective="sum_rate",
        options=options or LoopOptions(),
        workers=workers,
    )


def design_trial(trial: Trial) -> Ended:
    """Physical design of one trial; at the top of the module, so that workers find it."""
    if not is_workable(trial.parameters, trial.channels):
        return missing(trial, Status.NONFINITE)
    instance = normalised_instance(trial.parameters, trial.channels)
    test = least_power_level(instance)
    if test.start is None or not test.level <= 1.0:
        return missing(trial, test.status, test.level - 1.0)
    found = algorithm_1(instance, test.start, trial.options)
    return finished(trial, principal_beams(found.state), found.status, found.iterations, found.history)


__all__ = ["algorithm_1", "design_trial", "principal_beams", "solve_pa1"]
