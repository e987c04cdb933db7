"""The three stages: P1 in every cell, P2 at the satellite, P3 in every cell with fresh channels.

The optimisers of P1 and P3 come as functions on batches of normalised cells, so that one composition serves every
route; trials and cells are one axis for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution
from leoisac.systems.coexistence.problem.known_noise import assuming
from leoisac.systems.coexistence.problem.merging import merge_all
from leoisac.systems.coexistence.problem.normalised import (
    flatten,
    fresh_beams,
    fresh_problem,
    ideal_beams,
    ideal_problem,
    judged,
    physical_design,
    predicted_beams,
    predicted_problem,
    unflatten,
)
from leoisac.systems.coexistence.problem.proofs import ended

BUDGETS = ("bs_power", "satellite_power")
LIMITS = ("inr", "pfd")
ENFORCES = ("sut_rate", "scnr", *BUDGETS, *LIMITS)
ROUNDS = 3
"""Of P1 where beams hear each other."""


class CellSolvers(NamedTuple):
    """One route's optimisers of normalised cells.

    ``floors``: P2 keeps the least rates, and P3 is repeated where a merged power would break one. Both are additions to
    the paper, whose P2 (44) knows the caps alone. ``beam_p1``, ``beam_p3``: the same for all cells of a beam together
    (``BeamProblem``); ``None`` where a route has cells by themselves alone.
    """

    p1: Callable[[CellProblem], CellSolution]
    p3: Callable[[CellProblem, Any], CellSolution]
    floors: bool = True
    beam_p1: Callable[[BeamProblem], CellSolution] | None = None
    beam_p3: Callable[[BeamProblem, Any], CellSolution] | None = None


class Powers(NamedTuple):
    """Beam powers in shares of the satellite's budget, repeated for the cells of a beam."""

    cap: Float[np.ndarray, "trial cell"]
    power: Float[np.ndarray, "trial cell"]
    feasible: Bool[np.ndarray, " trial"]


def coordinate(
    parameters: Parameters, channels: Channels, association: Int[np.ndarray, "trial cell target"], solvers: CellSolvers
) -> Solution[Design]:
    """P1, P2 and P3 for a batch of trials.

    P1 designs with the terrestrial channels of its instant and the predicted satellite; its satellite powers are the
    caps of P2. P3 designs anew with fresh channels at the cap, the worst case. As a power below the cap lowers the
    satellite user's rate, P3 is repeated where that rate then misses its floor, with the floor ``log2(1 + (2^R_min - 1)
    cap / p)``, which gives ``R_min`` at ``p``. Cells of one beam are designed together.
    """
    channels, early = settled(parameters, channels, lambda known: first_stage(parameters, known, association, solvers))
    problem: CellProblem = by_lanes(predicted_problem)(parameters, channels, association)
    merged = merge(parameters, problem, early.beamformer, early.q, floors=solvers.floors)
    solution = refine(parameters, channels, association, merged, solvers, repair=solvers.floors)
    both = np.stack([solution.status, _hopeless(early.status)], axis=1)
    # The floors of P2 rest on P1's beams: others may leave the satellite users undisturbed.
    status = ended(parameters, channels, both, missed=~merged.feasible)
    iterations = solution.iterations + np.sum(early.iterations, axis=1)
    return replace(solution, status=status.astype(np.int32), iterations=iterations)


def first_stage(
    parameters: Parameters, channels: Channels, association: Int[np.ndarray, "trial cell target"], solvers: CellSolvers
) -> CellSolution:
    """P1 of a batch of trials: arrays have trial and cell axes, what belongs to a beam is repeated for its cells."""
    cells, share = association.shape[1], parameters.cells_per_beam
    if share == 1:
        problem: CellProblem = by_lanes(predicted_problem)(parameters, channels, association)
        return unflatten(solvers.p1(flatten(problem)), cells)
    beams = flatten(by_lanes(predicted_beams)(parameters, channels, association))
    return _spread(_beam_solver(solvers.beam_p1)(beams), cells, share)


def settled(parameters: Parameters, channels: Channels, solve: Callable[[Channels], Any]) -> tuple[Channels, Any]:
    """P1 where beams of one colour hear each other: rounds in which each knows the others' powers of the last one.

    The first round assumes equal powers. P2 lowers powers and never raises them: at the caps of the last round, which
    P2 and P3 take for the others' powers, every receiver hears at least as much as in the end.

    Args:
        parameters, channels: of a batch of trials.
        solve: P1 for given channels; what it returns has amplitudes ``q`` (trial, cell).

    Returns:
        Channels with the caps of the last round, and its designs.
    """
    found = solve(channels)
    if channels.other_beams is None:
        return channels, found
    for _ in range(ROUNDS - 1):
        channels = assuming(channels, found.q[:, :: parameters.cells_per_beam] ** 2)
        found = solve(channels)
    return assuming(channels, found.q[:, :: parameters.cells_per_beam] ** 2), found


def third_stage(
    parameters: Parameters,
    problem: CellProblem | BeamProblem,
    q: Float[np.ndarray, "trial cell"],
    solvers: CellSolvers,
) -> CellSolution:
    """P3 at given amplitudes, axes as of ``first_stage``; ``problem`` has trials, and cells or beams, on two axes."""
    cells, share = q.shape[1], parameters.cells_per_beam
    if share == 1:
        return unflatten(solvers.p3(flatten(problem), np.ravel(q)), cells)
    return _spread(_beam_solver(solvers.beam_p3)(flatten(problem), np.ravel(q[:, ::share])), cells, share)


def fresh_of(parameters: Parameters, channels: Channels, association: Any, *, coupled: bool = True) -> Any:
    """What P3 designs: cells, or beams where cells share one; without the coupling of the networks for the ideal."""
    if parameters.cells_per_beam == 1:
        return by_lanes(fresh_problem if coupled else ideal_problem)(parameters, channels, association)
    return by_lanes(fresh_beams if coupled else ideal_beams)(parameters, channels, association)


def merge(
    parameters: Parameters,
    problem: CellProblem,
    beamformer: np.ndarray,
    q: Float[np.ndarray, "trial cell"],
    *,
    floors: bool = True,
) -> Powers:
    """P2: powers of the spot beams from the P1 designs (``problem`` has trial and cell axes).

    The satellite user of a beam hears all of its cells, which have one amplitude.
    """
    share = parameters.cells_per_beam
    gains = (problem.g_sut / (_leakage(problem, beamformer, share) + 1.0))[:, ::share]
    caps = q[:, ::share] ** 2
    power, feasible = merge_all(gains, caps, float(parameters.min_sut_rate) if floors else 0.0)
    return Powers(np.repeat(caps, share, axis=1), np.repeat(power, share, axis=1), feasible)


def refine(
    parameters: Parameters,
    channels: Channels,
    association: Int[np.ndarray, "trial cell target"],
    powers: Powers,
    solvers: CellSolvers,
    *,
    repair: bool = True,
) -> Solution[Design]:
    """P3 at the caps, the check of the satellite users' rates at the merged powers, and the judge's verdict."""
    cells, share = association.shape[1], parameters.cells_per_beam
    problem = fresh_of(parameters, channels, association)
    solved = third_stage(parameters, problem, np.sqrt(powers.cap), solvers)
    beamformer, status = np.array(solved.beamformer), np.array(solved.status)
    iterations, history = np.array(solved.iterations), np.array(solved.history)
    alone: CellProblem = by_lanes(fresh_problem)(parameters, channels, association)
    short = needs_repair(alone, beamformer, powers.cap, powers.power, share) & repair
    rows = np.flatnonzero(short.any(axis=1))
    if len(rows):
        cap, power = powers.cap[rows], powers.power[rows]
        again = third_stage(parameters, raised_floor(take(problem, rows), cap, power), np.sqrt(cap), solvers)
        changed = short[rows]
        for old, new in ((beamformer, again.beamformer), (status, again.status), (history, again.history)):
            old[rows] = np.where(np.reshape(changed, (*changed.shape, *[1] * (old.ndim - 2))), new, old[rows])
        iterations[rows] += np.where(changed, again.iterations, 0)
    design = physical_design(parameters, beamformer, powers.power, powers.cap, association)
    return judged(
        parameters,
        channels,
        design,
        ENFORCES,
        status=ended(parameters, channels, np.reshape(status, (-1, cells))),
        iterations=np.sum(iterations, axis=1),
        history=_summed(history),
    )


def unrefined(
    parameters: Parameters, channels: Channels, association: Int[np.ndarray, "trial cell target"], solvers: CellSolvers
) -> Solution[Design]:
    """P1 and P2 only: the beamformers of P1 stay, and meet the channels of P3's instant."""
    channels, early = settled(parameters, channels, lambda known: first_stage(parameters, known, association, solvers))
    problem: CellProblem = by_lanes(predicted_problem)(parameters, channels, association)
    powers = merge(parameters, problem, early.beamformer, early.q, floors=solvers.floors)
    design = physical_design(parameters, early.beamformer, powers.power, powers.cap, association)
    return judged(
        parameters,
        channels,
        design,
        BUDGETS,
        status=ended(parameters, channels, _hopeless(early.status)[:, None]),
        iterations=np.sum(early.iterations, axis=1),
    )


def needs_repair(
    problem: CellProblem,
    beamformer: Any,
    cap: Float[np.ndarray, "trial cell"],
    power: Float[np.ndarray, "trial cell"],
    share: int = 1,
) -> Bool[np.ndarray, "trial cell"]:
    """Cells whose satellite user has its least rate at the cap but not at the merged power."""
    wanted = (2.0**problem.min_sut_rate - 1.0) * (_leakage(problem, beamformer, share) + 1.0)
    return (problem.g_sut * power < wanted * (1.0 - 1e-9)) & (problem.g_sut * cap >= wanted * (1.0 - 1e-6))


def raised_floor(problem: Any, cap: Float[np.ndarray, "trial cell"], power: Float[np.ndarray, "trial cell"]) -> Any:
    """Cells, or beams, with the rate floor at the cap that gives ``R_min`` at the merged power."""
    cells = problem.cells if isinstance(problem, BeamProblem) else problem
    ratio = np.reshape(cap / np.maximum(power, 1e-300), np.shape(cells.min_sut_rate))
    raised = replace(cells, min_sut_rate=np.log2(1.0 + (2.0**cells.min_sut_rate - 1.0) * ratio))
    return replace(problem, cells=raised) if isinstance(problem, BeamProblem) else raised


def _leakage(problem: CellProblem, beamformer: Any, share: int) -> Float[np.ndarray, "trial cell"]:
    """Power of the base stations of every cell's beam at its satellite user."""
    own = np.sum(np.abs(np.einsum("bmt,bmts->bms", problem.h_sut, beamformer)) ** 2, axis=-1)
    together = np.sum(np.reshape(own, (len(own), -1, share)), axis=2)
    return np.repeat(together, share, axis=1)


def _beam_solver(solver: Callable[..., CellSolution] | None) -> Callable[..., CellSolution]:
    if solver is None:
        raise ConfigError(
            "cells_per_beam: this route designs every cell by itself, and cells of one beam hear each other; take the "
            "route `fast` or `reference`, or one cell in every beam."
        )
    return solver


def _spread(solved: CellSolution, cells: int, share: int) -> CellSolution:
    """A batch of beams as trials and cells; evaluations and course of a beam count in its first cell."""
    beams = cells // share

    def repeated(values: np.ndarray) -> np.ndarray:
        return np.repeat(np.reshape(values, (-1, beams, *values.shape[1:])), share, axis=1)

    first = np.arange(cells) % share == 0
    beamformer = np.asarray(solved.beamformer)
    spread = CellSolution(*map(repeated, map(np.asarray, solved)))
    return spread._replace(
        beamformer=np.reshape(beamformer, (-1, cells, *beamformer.shape[2:])),
        iterations=np.where(first, spread.iterations, 0),
        history=np.where(first[:, None], spread.history, np.nan),
    )


def _hopeless(status: Int[np.ndarray, "trial cell"]) -> Int[np.ndarray, " trial"]:
    """What of P1's outcome a trial cannot recover from: P3 makes up for an inaccurate start, not for these."""
    return np.max(np.where(status >= int(Status.INFEASIBLE), status, 0), axis=1)


def _summed(history: Float[np.ndarray, "trial cell iteration"]) -> Float[np.ndarray, "trial iteration"]:
    """Sum rate of all cells after each iteration; a cell that has ended keeps its last value."""
    present = np.isfinite(history)
    last = np.maximum.accumulate(np.where(present, np.arange(history.shape[-1]), 0), axis=-1)
    held = np.take_along_axis(history, last, axis=-1)
    return np.where(present.any(axis=1), np.sum(held, axis=1), np.nan)
