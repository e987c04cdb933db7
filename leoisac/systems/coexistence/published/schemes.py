"""Reference route of the schemes: P1 and P3 by the published alternating optimisation (WMMSE over convex programs)."""

from __future__ import annotations

from typing import Any

from leoisac.foundation.status import Solution
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem import schemes
from leoisac.systems.coexistence.problem.coordination import CellSolvers
from leoisac.systems.coexistence.published.cell import solve_p1, solve_p3

_SOLVERS = CellSolvers(solve_p1, solve_p3)


def solve_proposed(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """The proposed scheme, P1 + P2 + P3.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        association: radar receiver of every target, (trial, cell, target) or (cell, target); by the configured rule
            when None.
    """
    return schemes.proposed(parameters, channels, _SOLVERS, association)


def solve_coop_uniform(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """Equal beam powers, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.coop_uniform(parameters, channels, _SOLVERS, association)


def solve_interference_free_wmmse(
    parameters: Parameters, channels: Channels, *, association: Any = None
) -> Solution[Design]:
    """Ideal without coupling, beams by P3; arguments as of ``solve_proposed``."""
    return schemes.interference_free_wmmse(parameters, channels, _SOLVERS, association)
