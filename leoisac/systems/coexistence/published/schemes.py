"""Routes ``published`` and ``reference`` of the schemes: P1 and P3 by WMMSE over convex programs (``cell``)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from leoisac.foundation.status import Solution
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem import schemes
from leoisac.systems.coexistence.problem.coordination import CellSolvers
from leoisac.systems.coexistence.published.beam import solve_beam_p1, solve_beam_p3
from leoisac.systems.coexistence.published.cell import solve_p1, solve_p3
from leoisac.systems.coexistence.published.turns import PUBLISHED

_SOLVERS = CellSolvers(solve_p1, solve_p3, beam_p1=solve_beam_p1, beam_p3=solve_beam_p3)


def solve_proposed(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """The proposed scheme, P1 + P2 + P3.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        association: radar receiver of every target, (trial, cell, target) or (cell, target); by the configured rule
            when None.
    """
    return schemes.proposed(parameters, channels, _SOLVERS, association)


def solve_proposed_as_published(
    parameters: Parameters, channels: Channels, *, association: Any = None, start: str = PUBLISHED.start
) -> Solution[Design]:
    """The proposed scheme by (35)-(44) as printed: no power search, P2 without floors, no repair of P3 after merging.

    Args:
        parameters, channels, association: as of ``solve_proposed``.
        start: satellite power at which P1 begins, ``budget`` or ``floor``, which the paper leaves open.
    """
    settings = replace(PUBLISHED, start=start)
    solvers = CellSolvers(partial(solve_p1, settings=settings), partial(solve_p3, settings=settings), floors=False)
    return schemes.proposed(parameters, channels, solvers, association)


def solve_coop_uniform(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """Equal beam powers, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.coop_uniform(parameters, channels, _SOLVERS, association)


def solve_interference_free_wmmse(
    parameters: Parameters, channels: Channels, *, association: Any = None
) -> Solution[Design]:
    """Ideal without coupling, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.interference_free_wmmse(parameters, channels, _SOLVERS, association)
