"""Sensing alone: whether all targets can be sensed at all (paper, figure 8)."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.beam_powers import equal_powers
from leoisac.systems.coexistence.problem.coordination import BUDGETS
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.normalised import (
    flatten,
    fresh_problem,
    ideal_problem,
    judged,
    physical_design,
    unflatten,
)
from leoisac.systems.coexistence.problem.selecting import select_association


def solve_sensing_only(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """Least power on the sensing streams that gives every target its SCNR; the satellite transmits all of its power.

    Where more than the budget is needed the design is scaled down to it: the metric ``sensing_failure`` is then 1.
    """
    chosen = select_association(parameters, channels, association)
    problem = by_lanes(fresh_problem)(parameters, channels, chosen)
    return _least_power(parameters, channels, chosen, problem, 1.0)


def solve_sensing_only_free(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """The same without the satellite, by default with the nearest receivers."""
    chosen = select_association(parameters, channels, association, "nearest")
    return _least_power(parameters, channels, chosen, by_lanes(ideal_problem)(parameters, channels, chosen), 0.0)


def _least_power(
    parameters: Parameters, channels: Channels, association: np.ndarray, problem: Any, coupling: float
) -> Solution[Design]:
    power = equal_powers(parameters, problem)
    found: LeastPower = least_sensing_power(flatten(problem), np.sqrt(np.ravel(power)))
    beams = np.where(np.isfinite(found.beamformer), found.beamformer, 0.0)
    size = np.linalg.norm(beams, axis=(1, 2), keepdims=True)
    within = unflatten(beams / np.maximum(size, 1.0), association.shape[1])
    design = physical_design(parameters, within, power, power, association, coupling)
    iterations = np.sum(unflatten(found.iterations, association.shape[1]), axis=1)
    status = np.full(len(association), int(Status.CONVERGED), dtype=np.int32)
    return judged(parameters, channels, design, BUDGETS, status=status, iterations=iterations)
