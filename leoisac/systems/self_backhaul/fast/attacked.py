"""PA2 under attack: designs by the fast route, then a search for channel errors that break what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leoisac.foundation.lanes import take
from leoisac.foundation.status import Solution, Status
from leoisac.systems.self_backhaul.fast import pa2
from leoisac.systems.self_backhaul.judge.adversary import attack_designs
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters


def solve_pa2(parameters: Parameters, channels: Channels, *, random: int = 1000) -> Solution[JointDesign]:
    """The designs of ``pa2.solve_pa2`` with what the worst errors that were found leave of their promises.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        random: random errors per receiver, beside the searched ones; see ``adversary``.

    Returns:
        Solution with the same designs. ``history``: the guaranteed sum rate, then the delivered one under attack.
        ``violation`` counts a broken promise, relative to it; a design that breaks one is INACCURATE.
    """
    solution = pa2.solve_pa2(parameters, channels)
    history = np.full((len(solution.status), 2), np.nan)
    violation, status = np.array(solution.violation), np.array(solution.status)
    rows = np.flatnonzero(violation <= pa2.TOLERANCE)
    if len(rows):
        found = attack_designs(parameters, take(channels, rows), take(solution.value, rows), random=random)
        history[rows, 0] = solution.objective[rows]
        history[rows, 1] = np.minimum(np.sum(found.rate, axis=1), found.backhaul_rate)
        margin = np.min([found.margin_min_rate, found.margin_promise, found.margin_backhaul], axis=0)
        violation[rows] = np.maximum(violation[rows], -margin)
    broken = (status == Status.CONVERGED) & (violation > pa2.TOLERANCE)
    status[broken] = int(Status.INACCURATE)
    return replace(solution, status=status, violation=violation, history=history)


__all__ = ["solve_pa2"]
