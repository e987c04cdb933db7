"""P1 and P3 for the cells of a beam together: one program for all of them, or one cell after the other.

``joint``: every beamformer of the beam and its power at once. ``blocks``: cell after cell with the others as they are,
each for the sum rate of all, then the power by a line search, until a round gains less than 1e-4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.problems.given import Family, search
from leoisac.systems.coexistence.fast.cell import OPTIONS, TOLERANCE, merged
from leoisac.systems.coexistence.problem.beam_direct import (
    BeamData,
    beam_rate,
    beam_variables,
    formulate_beam,
    to_beam_design,
    to_beam_variables,
)
from leoisac.systems.coexistence.problem.beam_program import BeamProblem, beam_metrics, beam_violation
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution
from leoisac.systems.coexistence.problem.direct_program import Bases, Program
from leoisac.systems.coexistence.problem.least_power import least_power_design
from leoisac.systems.coexistence.problem.normalised import flatten
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import first_amplitude, start_points_at

RATES = Family(beam_rate, beam_variables, name="beam-rate", engine=OPTIONS)
COORDINATIONS = ("joint", "blocks")
GRID = 41
_REACH = 3.0
_ROUNDS = 12
_GAIN = 1e-4
_DATA_AMPLITUDE = 0.1


class Formulated(NamedTuple):
    """One beam ready for the engine."""

    programs: Program  # leading (cell,)
    bases: Bases
    start: Leaf  # (n,)


def solve_beam_p1(problem: BeamProblem, *, coordination: str = "joint") -> CellSolution:
    """P1 for a batch of beams: beamformers of all cells and the beam's power with the largest sum rate.

    As ``cell.solve_p1``, a leading beam axis before the cells' in ``beamformer``.

    Raises:
        ValueError: for an unknown coordination.
    """
    least: np.ndarray = by_lanes(_least_amplitude)(None, problem)
    first: np.ndarray = by_lanes(_first_amplitude)(None, problem)
    return _solve(problem, first, least, _largest(problem.cells, least), 0.0, coordination)


def solve_beam_p3(problem: BeamProblem, q: Float[np.ndarray, " beam"], *, coordination: str = "joint") -> CellSolution:
    """P3 for a batch of beams at given satellite amplitudes; as ``solve_beam_p1``."""
    given = np.asarray(q, dtype=float)
    return _solve(problem, given, given, given, 1.0, coordination)


def beam_amplitude(_: None, problem: BeamProblem, beamformer: Any, q: Any) -> Any:
    """Amplitude with the largest true sum rate that keeps the floors, on a grid around ``q``; ``q`` where none does."""
    most = jnp.ones(()) if problem.cells.max_q is None else problem.cells.max_q[0]
    grid = jnp.minimum(q * jnp.asarray(np.geomspace(1.0 / _REACH, _REACH, GRID)), most)

    def judge(amplitude: Any) -> tuple[Any, Any]:
        metrics = beam_metrics(problem, beamformer, amplitude)
        return metrics.sum_rate, beam_violation(problem, metrics)

    rates, violations = jax.vmap(judge)(grid)
    kept = violations <= TOLERANCE
    return jnp.where(jnp.any(kept), grid[jnp.argmax(jnp.where(kept, rates, -jnp.inf))], q)


def _solve(
    problem: BeamProblem,
    first_q: np.ndarray,
    least_q: np.ndarray,
    largest_q: np.ndarray,
    power_is_fixed: float,
    coordination: str,
) -> CellSolution:
    if coordination not in COORDINATIONS:
        raise ValueError(f"coordination = {coordination!r}: must be one of {', '.join(COORDINATIONS)}.")
    run = _joint if coordination == "joint" else _blocks
    fixed = np.full(len(first_q), power_is_fixed)
    ready = by_lanes(_formulated)(None, problem, first_q, fixed)
    solution = run(ready, problem, ready.start)
    rows = np.flatnonzero(~(solution.violation <= TOLERANCE))
    if not len(rows):
        return solution
    hard, few = take((problem, ready), rows)
    again = run(few, hard, by_lanes(_from_least_power)(None, few, hard, least_q[rows]))
    solution = merged(solution, again, rows)
    unmet = ~(solution.violation[rows] <= TOLERANCE) & (solution.status[rows] != Status.NONFINITE)
    # A neighbour only disturbs: what a cell cannot do alone it cannot do in company.
    share = hard.cross_tut.shape[1]
    alone = flatten(hard.cells)
    impossible = beyond_reach(alone, np.repeat(least_q[rows], share), np.repeat(largest_q[rows], share))
    solution.status[rows[unmet]] = int(Status.NO_FEASIBLE_POINT)
    solution.status[rows[unmet & impossible.reshape(-1, share).any(axis=1)]] = int(Status.INFEASIBLE)
    return solution


def _joint(ready: Formulated, problem: BeamProblem, start: np.ndarray) -> CellSolution:
    return _run(ready, problem, start, np.ones_like(start), np.zeros(problem.cells.target_tx.shape[:3]))[0]


def _blocks(ready: Formulated, problem: BeamProblem, start: np.ndarray) -> CellSolution:
    cells, size = problem.cross_tut.shape[1], start.shape[1] - 1
    moves = np.asarray(ready.programs.power_is_fixed)[:, 0] < 0.5
    x, before, spent = np.array(start), np.full(len(start), -np.inf), np.zeros(len(start), dtype=np.int64)
    history = list[np.ndarray]()
    while True:
        statuses = list[np.ndarray]()
        for cell in range(cells):
            free = np.zeros(start.shape[1])
            free[cell * size // cells : (cell + 1) * size // cells] = 1.0
            free[-1] = 1.0  # the power, too: a search for given beams alone stays close to where it starts
            # What other cells miss they must make up for themselves; it may not grow.
            slack = np.maximum(0.0, by_lanes(_sensing_shortfall)(None, problem, ready, x))
            slack[:, cell] = 0.0
            block, x = _run(ready, problem, x, np.broadcast_to(free, x.shape), slack)
            statuses.append(block.status)
            spent += block.iterations
            amplitude = by_lanes(beam_amplitude)(None, problem, block.beamformer, block.q)
            x[moves, -1] = np.log(amplitude[moves])
        beamformer, q, rate, violation = by_lanes(_finish)(None, problem, ready, x)
        history.append(rate)
        if len(history) == _ROUNDS or np.all(rate - before < _GAIN * np.abs(rate)):
            status = np.where(violation <= TOLERANCE, np.max(statuses, axis=0), int(Status.MAX_STEPS))
            return CellSolution(beamformer, q, status, violation, rate, spent, _padded(history))
        before = rate


def _padded(history: list[np.ndarray]) -> np.ndarray:
    rates = np.stack(history, axis=1)
    return np.pad(rates, ((0, 0), (0, _ROUNDS - rates.shape[1])), constant_values=np.nan)


def _run(
    ready: Formulated, problem: BeamProblem, start: np.ndarray, free: np.ndarray, slack: np.ndarray
) -> tuple[CellSolution, np.ndarray]:
    """Solution from a start, and its variables; ``free`` is 1 where they move."""
    found = search(RATES, BeamData(ready.programs, np.array(free), start, slack), start[:, None])
    x = free * found.x + (1.0 - free) * start
    beamformer, q, rate, violation = by_lanes(_finish)(None, problem, ready, x)
    status = np.array(found.status)
    return CellSolution(beamformer, q, status, violation, rate, found.iterations, found.history), x


def _formulated(_: None, problem: BeamProblem, q: Any, power_is_fixed: Any) -> Formulated:
    def first(cell: CellProblem) -> Any:
        return start_points_at(cell, q).beamformer[0]

    beamformer = jax.vmap(first)(problem.cells)
    programs, bases = formulate_beam(problem, beamformer, q, power_is_fixed)
    return Formulated(programs, bases, to_beam_variables(programs, bases, beamformer, q))


def _from_least_power(_: None, ready: Formulated, problem: BeamProblem, q: Any) -> Leaf:
    """Variables of every cell's least-power radar beams with a little power for its data beams."""
    beamformer, amplitude = to_beam_design(ready.start, ready.programs, ready.bases)

    def cell(one: CellProblem, beams: Any) -> Any:
        users = one.h_tut.shape[0]
        found = least_power_design(one, q).beamformer
        found = jnp.where(jnp.isfinite(found), found, 0.0)
        radar = found[:, users:] / jnp.maximum(1.0, jnp.linalg.norm(found))
        return jnp.concatenate([_DATA_AMPLITUDE * beams[:, :users], radar], axis=1)

    return to_beam_variables(ready.programs, ready.bases, jax.vmap(cell)(problem.cells, beamformer), amplitude)


def _finish(_: None, problem: BeamProblem, ready: Formulated, x: Any) -> tuple[Any, Any, Any, Any]:
    beamformer, q = to_beam_design(x, ready.programs, ready.bases)
    most = 1.0 if problem.cells.max_q is None else problem.cells.max_q[0]
    q = jnp.minimum(q, most)
    metrics = beam_metrics(problem, beamformer, q)
    return beamformer, q, metrics.sum_rate, beam_violation(problem, metrics)


def _largest(cells: CellProblem, least: np.ndarray) -> np.ndarray:
    return np.ones_like(least) if cells.max_q is None else np.asarray(cells.max_q)[:, 0]


def _sensing_shortfall(_: None, problem: BeamProblem, ready: Formulated, x: Any) -> Leaf:
    beamformer, q = to_beam_design(x, ready.programs, ready.bases)
    scnr = beam_metrics(problem, beamformer, q).scnr
    return -jnp.log(jnp.maximum(scnr, 1e-300) / problem.cells.min_scnr[:, None])


def _first(problem: BeamProblem) -> CellProblem:
    return jax.tree.map(lambda leaf: leaf[0], problem.cells)


def _least_amplitude(_: None, problem: BeamProblem) -> Leaf:
    return first_amplitude(_first(problem), extra_bits=0.0)


def _first_amplitude(_: None, problem: BeamProblem) -> Leaf:
    return first_amplitude(_first(problem))


__all__ = ["COORDINATIONS", "GRID", "beam_amplitude", "solve_beam_p1", "solve_beam_p3"]
