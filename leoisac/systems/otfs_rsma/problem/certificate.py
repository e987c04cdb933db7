"""When a trial that misses a constraint is proven infeasible, and what it is otherwise.

Two proofs, both from relaxations that hold for every design:

* ceilings: the Fisher information is linear in the energy map, so that the least delay bound under the Doppler ceiling
  is a convex problem without channels; the cutting planes of ``judge.sensing_limit`` bound it from below;
* floor: the common rate of a user is at most that of the stream's whole power on the strongest eigen-beam of the
  channel, without interference (``common_rate_limit``).
"""

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
    """The solution; a trial that misses a constraint is INFEASIBLE where a proof says that nothing can meet it.

    Without a proof it is NO_FEASIBLE_POINT, unless its numbers are not finite or its solver failed.
    """
    missed = np.asarray(solution.violation) > FEASIBILITY
    if not missed.any():
        return solution
    unreachable = np.zeros(len(missed), dtype=bool)
    # The sampled echo's information is no function of the energy map: of its ceilings there is no such proof.
    if variant.is_sensing and not parameters.is_ceiling_sampled:
        unreachable |= not are_ceilings_reachable(parameters)
    if variant.has_floor:
        limit = by_lanes(common_rate_limit)((parameters, as_numbers(variant)), channels)
        unreachable |= limit < float(parameters.common_floor) * (1.0 - 1e-9)
    found = np.asarray(solution.status)
    searched = missed & (found < int(Status.INFEASIBLE))
    status = np.where(searched, int(Status.NO_FEASIBLE_POINT), found)
    status = np.where(missed & unreachable, int(Status.INFEASIBLE), status).astype(np.int32)
    return Solution(**{**vars(solution), "status": status})
