"""When a trial that misses a constraint is proven infeasible."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.otfs_rsma.judge.sensing_limit import are_ceilings_reachable
from leoisac.systems.otfs_rsma.model import Channels, Parameters
from leoisac.systems.otfs_rsma.problem.bounds import common_rate_limit
from leoisac.systems.otfs_rsma.problem.normalised import FEASIBILITY, Variant, as_numbers


def certified(solution: Solution[Any], parameters: Parameters, channels: Channels, variant: Variant) -> Solution[Any]:
    """The solution, trials that miss a constraint INFEASIBLE where a certificate says that nothing can meet it."""
    missed = np.asarray(solution.violation) > FEASIBILITY
    if not missed.any():
        return solution
    unreachable = np.zeros(len(missed), dtype=bool)
    if variant.is_sensing:
        unreachable |= not are_ceilings_reachable(parameters)
    if variant.has_floor:
        limit = by_lanes(common_rate_limit)((parameters, as_numbers(variant)), channels)
        unreachable |= limit < float(parameters.common_floor) * (1.0 - 1e-9)
    status = np.where(missed & unreachable, int(Status.INFEASIBLE), solution.status).astype(np.int32)
    return Solution(**{**vars(solution), "status": status})
