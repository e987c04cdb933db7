"""Schemes made of the optimisers of P1 and P3, for any route; rooms ``fast`` and ``published`` bind them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.beam_powers import equal_powers, water_filled
from leoisac.systems.coexistence.problem.coordination import (
    CellSolvers,
    Powers,
    coordinate,
    fresh_of,
    refine,
    third_stage,
    unrefined,
)
from leoisac.systems.coexistence.problem.known_noise import assuming
from leoisac.systems.coexistence.problem.normalised import (
    fresh_problem,
    ideal_problem,
    judged,
    physical_design,
)
from leoisac.systems.coexistence.problem.proofs import ended
from leoisac.systems.coexistence.problem.selecting import select_association

IDEAL = ("scnr", "bs_power", "satellite_power")


def proposed(
    parameters: Parameters, channels: Channels, solvers: CellSolvers, association: Any = None
) -> Solution[Design]:
    """P1, P2 and P3 with the configuration's association."""
    return coordinate(parameters, channels, select_association(parameters, channels, association), solvers)


def proposed_genie(
    parameters: Parameters, channels: Channels, solvers: CellSolvers, association: Any = None
) -> Solution[Design]:
    """All three stages with the channels and the satellite of P3's instant."""
    current = replace(channels, h_tut=channels.h_tut_fresh, h_sut=channels.h_sut_fresh, predicted=None)
    return proposed(parameters, current, solvers, association)


def proposed_unrefined(
    parameters: Parameters, channels: Channels, solvers: CellSolvers, association: Any = None
) -> Solution[Design]:
    """P1 and P2 without P3."""
    return unrefined(parameters, channels, select_association(parameters, channels, association), solvers)


def coop_uniform(
    parameters: Parameters, channels: Channels, solvers: CellSolvers, association: Any = None
) -> Solution[Design]:
    """Equal powers of the spot beams, beams by P3."""
    chosen = select_association(parameters, channels, association)
    problem = by_lanes(fresh_problem)(parameters, channels, chosen)
    power = equal_powers(parameters, problem)
    if problem.max_q is not None:
        power = np.minimum(power, np.asarray(problem.max_q) ** 2)
    channels = assuming(channels, power[:, :: parameters.cells_per_beam])
    return refine(parameters, channels, chosen, Powers(power, power, np.ones(len(power), dtype=bool)), solvers)


def interference_free_wmmse(
    parameters: Parameters, channels: Channels, solvers: CellSolvers, association: Any = None
) -> Solution[Design]:
    """Ideal without coupling as in ``interference-free``, with the beams of P3 in place of zero forcing."""
    chosen = select_association(parameters, channels, association, "nearest")
    problem = by_lanes(ideal_problem)(parameters, channels, chosen)
    power = water_filled(parameters, problem)
    fresh = fresh_of(parameters, channels, chosen, coupled=False)
    solved = third_stage(parameters, fresh, np.sqrt(power), solvers)
    design = physical_design(parameters, solved.beamformer, power, power, chosen, coupling=0.0)
    return judged(
        parameters,
        channels,
        design,
        IDEAL,
        status=ended(parameters, channels, solved.status, coupled=False),
        iterations=np.sum(solved.iterations, axis=1),
    )
