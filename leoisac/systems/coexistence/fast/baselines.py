"""Schemes without the optimisers of P1 and P3: zero-forcing beams, plain or regularised, nearest association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.coexistence.judge.evaluate import TOLERANCE
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.beam_powers import equal_powers, water_filled
from leoisac.systems.coexistence.problem.cell_program import CellProblem
from leoisac.systems.coexistence.problem.coordination import BUDGETS, ENFORCES, merge
from leoisac.systems.coexistence.problem.normalised import (
    flatten,
    fresh_problem,
    ideal_problem,
    judged,
    physical_design,
    predicted_problem,
    unflatten,
)
from leoisac.systems.coexistence.problem.proofs import ended
from leoisac.systems.coexistence.problem.regularised import regularised_at, regularised_search
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.problem.zero_forcing import PowerSearch, power_search, zero_forcing


def solve_interference_free(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """Ideal without coupling: zero forcing in the cells, water-filling at the satellite, judged without coupling.

    No bound: beams by P3 on the same channels are better (``interference-free-wmmse``), and so is the proposed scheme,
    interference and all, where zero forcing collapses.
    """
    return _blind(parameters, channels, association, coupling=0.0)


def solve_greedy(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """Each network designs as if the other did not exist (the interference-free design), and meets reality."""
    return _blind(parameters, channels, association, coupling=1.0)


def solve_uniform(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """As greedy, with equal powers for the users and for the spot beams."""
    return _blind(parameters, channels, association, coupling=1.0, uniform=True)


def solve_zf_eps(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """ZF-EPS: zero forcing that spares the satellite user, satellite powers by exhaustive search.

    Every cell's search, on the channels of P1, gives the cap of its beam; P2 merges them; the beams are formed anew
    with fresh channels. A design that misses a floor, as where targets stand in nearly one direction, is none.
    """
    return _searched(parameters, channels, association, _search, _zero_forcing)


def solve_rzf_eps(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """RZF-EPS: as ``solve_zf_eps`` with regularised zero forcing and least-power sensing streams."""
    return _searched(parameters, channels, association, _regularised_search, _regularised)


def _searched(
    parameters: Parameters,
    channels: Channels,
    association: Any,
    search: Callable[..., PowerSearch],
    form: Callable[..., Complex[Array, "tx stream"]],
) -> Solution[Design]:
    chosen = select_association(parameters, channels, association, "nearest")
    cells = chosen.shape[1]
    problem = by_lanes(predicted_problem)(parameters, channels, chosen)
    found = unflatten(by_lanes(search)(None, flatten(problem)), cells)
    powers = merge(parameters, problem, found.beamformer, found.q)
    fresh = flatten(by_lanes(fresh_problem)(parameters, channels, chosen))
    beamformer = by_lanes(form)(None, fresh, np.sqrt(np.ravel(powers.cap)))
    design = physical_design(parameters, unflatten(beamformer, cells), powers.power, powers.cap, chosen)
    solution = judged(parameters, channels, design, ENFORCES, status=_converged(chosen), iterations=_none(chosen))
    missed = solution.violation > TOLERANCE
    status = ended(parameters, channels, solution.status[:, None], missed=missed)
    return replace(solution, status=status)


def _blind(
    parameters: Parameters, channels: Channels, association: Any, *, coupling: float, uniform: bool = False
) -> Solution[Design]:
    chosen = select_association(parameters, channels, association, "nearest")
    problem = by_lanes(ideal_problem)(parameters, channels, chosen)
    power = (equal_powers if uniform else water_filled)(parameters, problem)
    form = _equal_zero_forcing if uniform else _zero_forcing
    beamformer = by_lanes(form)(None, flatten(problem), np.sqrt(np.ravel(power)))
    design = physical_design(parameters, unflatten(beamformer, chosen.shape[1]), power, power, chosen, coupling)
    return judged(parameters, channels, design, BUDGETS, status=_converged(chosen), iterations=_none(chosen))


def _search(_: None, problem: CellProblem) -> PowerSearch:
    return power_search(problem)


def _regularised_search(_: None, problem: CellProblem) -> PowerSearch:
    return regularised_search(problem)


def _regularised(_: None, problem: CellProblem, q: Float[Array, ""]) -> Complex[Array, "tx stream"]:
    return regularised_at(problem, q).beamformer


def _zero_forcing(_: None, problem: CellProblem, q: Float[Array, ""]) -> Complex[Array, "tx stream"]:
    return zero_forcing(problem, q)


def _equal_zero_forcing(_: None, problem: CellProblem, q: Float[Array, ""]) -> Complex[Array, "tx stream"]:
    return zero_forcing(problem, q, equal_powers=True)


def _converged(association: np.ndarray) -> np.ndarray:
    return np.full(len(association), int(Status.CONVERGED), dtype=np.int32)


def _none(association: np.ndarray) -> np.ndarray:
    return np.zeros(len(association), dtype=np.int32)
