"""Schemes without the optimisers of P1 and P3: zero-forcing beams, plain or regularised, nearest association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.coexistence.judge.evaluate import TOLERANCE
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.beam_powers import equal_powers, water_filled
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.cell_program import CellProblem
from leoisac.systems.coexistence.problem.coordination import BUDGETS, ENFORCES, fresh_of, merge, settled
from leoisac.systems.coexistence.problem.normalised import (
    flatten,
    ideal_problem,
    judged,
    physical_design,
    predicted_beams,
    predicted_problem,
    unflatten,
)
from leoisac.systems.coexistence.problem.proofs import ended
from leoisac.systems.coexistence.problem.regularised import SEARCH_POINTS as REGULARISED_POINTS
from leoisac.systems.coexistence.problem.regularised import regularised_at, regularised_search
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.problem.zero_forcing import (
    SEARCH_POINTS,
    PowerSearch,
    beam_power_search,
    in_company,
    power_search,
    zero_forcing,
)

Beams = Complex[Array, "... tx stream"]


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
    return _searched(parameters, channels, association, (_search, _search_beam), _FORM)


def solve_rzf_eps(parameters: Parameters, channels: Channels, *, association: Any = None) -> Solution[Design]:
    """RZF-EPS: as ``solve_zf_eps`` with regularised zero forcing and least-power sensing streams."""
    return _searched(parameters, channels, association, (_regularised_search, _regularised_beam), _REGULARISED_FORM)


def _searched(
    parameters: Parameters,
    channels: Channels,
    association: Any,
    searches: tuple[Callable[..., PowerSearch], Callable[..., PowerSearch]],
    form: Form,
) -> Solution[Design]:
    chosen = select_association(parameters, channels, association, "nearest")
    cells, share = chosen.shape[1], parameters.cells_per_beam

    def search(known: Channels) -> PowerSearch:
        if share == 1:
            problem = by_lanes(predicted_problem)(parameters, known, chosen)
            return unflatten(by_lanes(searches[0])(None, flatten(problem)), cells)
        beams = by_lanes(predicted_beams)(parameters, known, chosen)
        joint: PowerSearch = by_lanes(searches[1])(None, flatten(beams))
        antennas, streams = joint.beamformer.shape[2:]
        return PowerSearch(
            np.reshape(joint.beamformer, (-1, cells, antennas, streams)),
            np.repeat(np.reshape(joint.q, (-1, cells // share)), share, axis=1),
            joint.feasible,
        )

    channels, found = settled(parameters, channels, search)
    problem = by_lanes(predicted_problem)(parameters, channels, chosen)
    powers = merge(parameters, problem, found.beamformer, found.q)
    beamformer = _formed(form, parameters, fresh_of(parameters, channels, chosen), powers.cap)
    design = physical_design(parameters, beamformer, powers.power, powers.cap, chosen)
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
    form = _EQUAL_FORM if uniform else _FORM
    beamformer = _formed(form, parameters, fresh_of(parameters, channels, chosen, coupled=False), power)
    design = physical_design(parameters, beamformer, power, power, chosen, coupling)
    return judged(parameters, channels, design, BUDGETS, status=_converged(chosen), iterations=_none(chosen))


def _formed(form: Form, parameters: Parameters, problem: Any, power: np.ndarray) -> np.ndarray:
    """Beams at given powers; ``problem`` as of ``fresh_of``."""
    cells, share = power.shape[1], parameters.cells_per_beam
    q = np.sqrt(power[:, ::share])
    beams = by_lanes(form.of_cell if share == 1 else form.of_beam)(None, flatten(problem), np.ravel(q))
    return np.reshape(beams, (-1, cells, *beams.shape[-2:]))


def _search(_: None, problem: CellProblem) -> PowerSearch:
    return power_search(problem)


def _search_beam(_: None, problem: BeamProblem) -> PowerSearch:
    return beam_power_search(problem, zero_forcing, SEARCH_POINTS)


def _regularised_beam(_: None, problem: BeamProblem) -> PowerSearch:
    return beam_power_search(problem, _regularised_form, REGULARISED_POINTS)


def _regularised_search(_: None, problem: CellProblem) -> PowerSearch:
    return regularised_search(problem)


def _zero_forcing(_: None, problem: CellProblem, q: Float[Array, ""]) -> Beams:
    return zero_forcing(problem, q)


def _equal_zero_forcing(_: None, problem: CellProblem, q: Float[Array, ""]) -> Beams:
    return zero_forcing(problem, q, equal_powers=True)


def _regularised(_: None, problem: CellProblem, q: Float[Array, ""]) -> Beams:
    return regularised_at(problem, q).beamformer


def _zero_forcing_beam(_: None, problem: BeamProblem, q: Float[Array, ""]) -> Beams:
    return in_company(problem, zero_forcing, q)


def _equal_beam(_: None, problem: BeamProblem, q: Float[Array, ""]) -> Beams:
    return in_company(problem, partial(zero_forcing, equal_powers=True), q)


def _regularised_form(problem: CellProblem, q: Float[Array, ""]) -> Beams:
    return regularised_at(problem, q).beamformer


def _regularised_formed_beam(_: None, problem: BeamProblem, q: Float[Array, ""]) -> Beams:
    return in_company(problem, _regularised_form, q)


class Form(NamedTuple):
    """How beams are formed at a satellite power: in a cell, and in the cells of a beam."""

    of_cell: Callable[..., Beams]
    of_beam: Callable[..., Beams]


_FORM = Form(_zero_forcing, _zero_forcing_beam)
_EQUAL_FORM = Form(_equal_zero_forcing, _equal_beam)
_REGULARISED_FORM = Form(_regularised, _regularised_formed_beam)


def _converged(association: np.ndarray) -> np.ndarray:
    return np.full(len(association), int(Status.CONVERGED), dtype=np.int32)


def _none(association: np.ndarray) -> np.ndarray:
    return np.zeros(len(association), dtype=np.int32)
