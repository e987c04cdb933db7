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

from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.systems.coexistence.model import Channels, Design, Parameters
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution
from leoisac.systems.coexistence.problem.merging import merge_all
from leoisac.systems.coexistence.problem.normalised import (
    flatten,
    fresh_problem,
    judged,
    physical_design,
    predicted_problem,
    unflatten,
)
from leoisac.systems.coexistence.problem.proofs import ended

BUDGETS = ("bs_power", "satellite_power")
ENFORCES = ("sut_rate", "scnr", *BUDGETS)


class CellSolvers(NamedTuple):
    """One route's optimisers of normalised cells.

    ``floors``: P2 keeps the least rates, and P3 is repeated where a merged power would break one. Both are additions to
    the paper, whose P2 (44) knows the caps alone.
    """

    p1: Callable[[CellProblem], CellSolution]
    p3: Callable[[CellProblem, Any], CellSolution]
    floors: bool = True


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
    caps of P2 (the least over the cells of a beam). P3 designs anew with fresh channels at the cap, the worst case. As
    a power below the cap lowers the satellite user's rate, P3 is repeated where that rate then misses its floor, with
    the floor ``log2(1 + (2^R_min - 1) cap / p)``, which gives ``R_min`` at ``p``.
    """
    cells = association.shape[1]
    problem: CellProblem = by_lanes(predicted_problem)(parameters, channels, association)
    first = solvers.p1(flatten(problem))
    early = unflatten(first, cells)
    merged = merge(parameters, problem, early.beamformer, early.q, floors=solvers.floors)
    solution = refine(parameters, channels, association, merged, solvers.p3, repair=solvers.floors)
    both = np.stack([solution.status, _hopeless(early.status)], axis=1)
    # The floors of P2 rest on P1's beams: others may leave the satellite users undisturbed.
    status = ended(parameters, channels, both, missed=~merged.feasible)
    iterations = solution.iterations + np.sum(early.iterations, axis=1)
    return replace(solution, status=status.astype(np.int32), iterations=iterations)


def merge(
    parameters: Parameters,
    problem: CellProblem,
    beamformer: np.ndarray,
    q: Float[np.ndarray, "trial cell"],
    *,
    floors: bool = True,
) -> Powers:
    """P2: powers of the spot beams from the cells' P1 designs (``problem`` has trial and cell axes)."""
    share = parameters.cells_per_beam
    leakage = np.sum(np.abs(np.einsum("bmt,bmts->bms", problem.h_sut, beamformer)) ** 2, axis=-1)
    gains = (problem.g_sut / (leakage + 1.0))[:, ::share]
    caps = np.min(np.reshape(q**2, (len(q), -1, share)), axis=2)
    power, feasible = merge_all(gains, caps, float(parameters.min_sut_rate) if floors else 0.0)
    return Powers(np.repeat(caps, share, axis=1), np.repeat(power, share, axis=1), feasible)


def refine(
    parameters: Parameters,
    channels: Channels,
    association: Int[np.ndarray, "trial cell target"],
    powers: Powers,
    solve_p3: Callable[[CellProblem, Any], CellSolution],
    *,
    repair: bool = True,
) -> Solution[Design]:
    """P3 at the caps, the check of the satellite users' rates at the merged powers, and the judge's verdict."""
    cells = association.shape[1]
    problem = flatten(serving(parameters, by_lanes(fresh_problem)(parameters, channels, association)))
    cap, power = np.ravel(powers.cap), np.ravel(powers.power)
    solved = solve_p3(problem, np.sqrt(cap))
    beamformer, status = np.array(solved.beamformer), np.array(solved.status)
    iterations, history = np.array(solved.iterations), np.array(solved.history)
    rows = np.flatnonzero(needs_repair(problem, beamformer, cap, power) & repair)
    if len(rows):
        raised = raised_floor(take(problem, rows), cap[rows], power[rows])
        again = solve_p3(raised, np.sqrt(cap[rows]))
        beamformer[rows], status[rows] = again.beamformer, again.status
        iterations[rows] += again.iterations
        history[rows] = again.history
    design = physical_design(parameters, unflatten(beamformer, cells), powers.power, powers.cap, association)
    return judged(
        parameters,
        channels,
        design,
        ENFORCES,
        status=ended(parameters, channels, np.reshape(status, (-1, cells))),
        iterations=np.sum(np.reshape(iterations, (-1, cells)), axis=1),
        history=_summed(unflatten(history, cells)),
    )


def unrefined(
    parameters: Parameters, channels: Channels, association: Int[np.ndarray, "trial cell target"], solvers: CellSolvers
) -> Solution[Design]:
    """P1 and P2 only: the beamformers of P1 stay, and meet the channels of P3's instant."""
    cells = association.shape[1]
    problem: CellProblem = by_lanes(predicted_problem)(parameters, channels, association)
    early = unflatten(solvers.p1(flatten(problem)), cells)
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


def serving(parameters: Parameters, problem: CellProblem) -> CellProblem:
    """Without a floor on the satellite user's rate in cells that have none (problem with trial and cell axes)."""
    serves = np.arange(problem.min_sut_rate.shape[1]) % parameters.cells_per_beam == 0
    return replace(problem, min_sut_rate=np.where(serves, problem.min_sut_rate, 0.0))


def needs_repair(
    problem: CellProblem, beamformer: Any, cap: Float[np.ndarray, " cell"], power: Float[np.ndarray, " cell"]
) -> Bool[np.ndarray, " cell"]:
    """Cells whose satellite user has its least rate at the cap but not at the merged power."""
    leakage = np.sum(np.abs(np.einsum("ct,cts->cs", problem.h_sut, beamformer)) ** 2, axis=-1)
    wanted = (2.0**problem.min_sut_rate - 1.0) * (leakage + 1.0)
    return (problem.g_sut * power < wanted * (1.0 - 1e-9)) & (problem.g_sut * cap >= wanted * (1.0 - 1e-6))


def raised_floor(
    problem: CellProblem, cap: Float[np.ndarray, " cell"], power: Float[np.ndarray, " cell"]
) -> CellProblem:
    """The cells with the rate floor at the cap that gives ``R_min`` at the merged power."""
    ratio = cap / np.maximum(power, 1e-300)
    return replace(problem, min_sut_rate=np.log2(1.0 + (2.0**problem.min_sut_rate - 1.0) * ratio))


def _hopeless(status: Int[np.ndarray, "trial cell"]) -> Int[np.ndarray, " trial"]:
    """What of P1's outcome a trial cannot recover from: P3 makes up for an inaccurate start, not for these."""
    return np.max(np.where(status >= int(Status.INFEASIBLE), status, 0), axis=1)


def _summed(history: Float[np.ndarray, "trial cell iteration"]) -> Float[np.ndarray, "trial iteration"]:
    """Sum rate of all cells after each iteration; a cell that has ended keeps its last value."""
    present = np.isfinite(history)
    last = np.maximum.accumulate(np.where(present, np.arange(history.shape[-1]), 0), axis=-1)
    held = np.take_along_axis(history, last, axis=-1)
    return np.where(present.any(axis=1), np.sum(held, axis=1), np.nan)
