"""Fast route of the schemes: P1 and P3 on the batched engine."""

from __future__ import annotations

from functools import partial
from typing import Any

from leoisac.foundation.status import Solution
from leoisac.systems.coexistence.fast.beam import COORDINATIONS, solve_beam_p1, solve_beam_p3
from leoisac.systems.coexistence.fast.cell import solve_p1, solve_p3
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem import schemes
from leoisac.systems.coexistence.problem.coordination import CellSolvers

STARTS = 1


def solve_proposed(
    parameters: Parameters,
    channels: Channels,
    *,
    association: Any = None,
    starts: int = STARTS,
    coordination: str = COORDINATIONS[0],
) -> Solution[Design]:
    """The proposed scheme, P1 + P2 + P3.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        association: radar receiver of every target, (trial, cell, target) or (cell, target); by the configured rule
            when None.
        starts: points from which every optimisation of a cell starts.
        coordination: of cells that share a beam: ``joint``, or ``blocks``, one cell after the other.
    """
    return schemes.proposed(parameters, channels, _solvers(starts, coordination), association)


def solve_proposed_genie(
    parameters: Parameters, channels: Channels, *, association: Any = None, starts: int = STARTS
) -> Solution[Design]:
    """P1 knows the fresh channels; arguments as of ``solve_proposed``."""
    return schemes.proposed_genie(parameters, channels, _solvers(starts), association)


def solve_proposed_unrefined(
    parameters: Parameters, channels: Channels, *, association: Any = None, starts: int = STARTS
) -> Solution[Design]:
    """P1 and P2 without P3; arguments as of ``solve_proposed``."""
    return schemes.proposed_unrefined(parameters, channels, _solvers(starts), association)


def solve_coop_uniform(
    parameters: Parameters, channels: Channels, *, association: Any = None, starts: int = STARTS
) -> Solution[Design]:
    """Equal beam powers, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.coop_uniform(parameters, channels, _solvers(starts), association)


def solve_interference_free_wmmse(
    parameters: Parameters, channels: Channels, *, association: Any = None, starts: int = STARTS
) -> Solution[Design]:
    """Ideal without coupling, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.interference_free_wmmse(parameters, channels, _solvers(starts), association)


def _solvers(starts: int, coordination: str = COORDINATIONS[0]) -> CellSolvers:
    return CellSolvers(
        partial(solve_p1, starts=starts),
        partial(solve_p3, starts=starts),
        beam_p1=partial(solve_beam_p1, coordination=coordination),
        beam_p3=partial(solve_beam_p3, coordination=coordination),
    )
