"""Fast route of P1 and P3: all cells of all trials and powers at once on the batched engine (``direct_program``)."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.optim.options import EngineOptions
from leoisac.problems.given import Family, search, starting_points
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution, cell_metrics, cell_violation
from leoisac.systems.coexistence.problem.direct_program import (
    Bases,
    Program,
    formulate,
    sum_rate,
    to_design,
    to_values,
    variables,
)
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import MAX_STARTS, Point, first_amplitude, start_points, start_points_at

OPTIONS = EngineOptions(lanes=16, quick_restoration=True)
RATES = Family(sum_rate, variables, name="sum-rate", engine=OPTIONS)
TOLERANCE = 1e-6
"""Largest relative violation of a design that counts as feasible."""
_SAME_RATE = 1e-6
"""Loss of sum rate, bit/s/Hz, that a design with a better status may have."""
_DATA_AMPLITUDE = 0.1
"""Factor on the data beams where a cell starts from its least-power sensing design."""


class Formulated(NamedTuple):
    """One cell ready for the engine."""

    program: Program
    bases: Bases
    starts: Leaf  # (MAX_STARTS, n)


def solve_p1(problem: CellProblem, *, starts: int = 1) -> CellSolution:
    """P1 for a batch of cells: beamformer and satellite power with the largest sum rate under all floors.

    A cell that meets the step limit goes on once, in variables scaled anew for where it is. A cell that ends
    short of a floor is solved once more from its least-power sensing design. If it then still is, it is INFEASIBLE with
    a proof (``proofs.beyond_reach``), NO_FEASIBLE_POINT without one.

    Args:
        problem: cells, the cell axis first on every array.
        starts: points per cell, 1 to 8; the best feasible result is kept. The first has the satellite power that gives
            its user one bit more than the least rate, all others a thousand times that.

    Returns:
        Designs that meet every floor to ``TOLERANCE`` wherever ``status`` is CONVERGED; ``iterations`` counts gradient
        evaluations of all starts, ``history`` holds the sum rate after each round of the augmented Lagrangian.

    Raises:
        ValueError: if ``starts`` is out of range.
    """
    ready = by_lanes(_formulate_p1)(None, problem)
    least: np.ndarray = by_lanes(_least_amplitude)(None, problem)
    largest = np.ones_like(least) if problem.max_q is None else np.asarray(problem.max_q)
    return _solve(ready, problem, starts, least, largest)


def solve_p3(problem: CellProblem, q: Float[np.ndarray, " cell"], *, starts: int = 1) -> CellSolution:
    """P3 for a batch of cells: the beamformer with the largest sum rate at given satellite amplitudes ``q``.

    As ``solve_p1``; the starts differ in their disturbance.
    """
    given = np.asarray(q, dtype=float)
    return _solve(by_lanes(_formulate_p3)(None, problem, given), problem, starts, given, given)


def _solve(
    ready: Formulated, problem: CellProblem, starts: int, least_q: np.ndarray, largest_q: np.ndarray
) -> CellSolution:
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    solution = _run(ready, problem, ready.starts[:, :starts])
    solution = _rescued(ready, problem, solution, least_q, largest_q)
    rows = np.flatnonzero((solution.status == Status.MAX_STEPS) & (solution.violation <= TOLERANCE))
    if not len(rows):
        return solution
    fixed = ready.program.power_is_fixed[rows]
    point = Point(solution.beamformer[rows, None], solution.q[rows, None])
    again = by_lanes(_formulated)(None, take(problem, rows), point, fixed)
    return merged(solution, _run(again, take(problem, rows), again.starts), rows)


def _rescued(
    ready: Formulated, problem: CellProblem, solution: CellSolution, least_q: np.ndarray, largest_q: np.ndarray
) -> CellSolution:
    """Cells short of a floor once more from their least-power sensing design, and the verdict on those that stay so."""
    rows = np.flatnonzero(~(solution.violation <= TOLERANCE))
    if not len(rows):
        return solution
    hard, few = take((problem, ready), rows)
    sensing = least_sensing_power(hard, least_q[rows])
    again = _run(few, hard, by_lanes(_from_least_power)(None, few, sensing)[:, None])
    solution = merged(solution, again, rows)
    impossible = beyond_reach(hard, least_q[rows], largest_q[rows])
    unmet = ~(solution.violation[rows] <= TOLERANCE) & (solution.status[rows] != Status.NONFINITE)
    solution.status[rows[unmet]] = int(Status.NO_FEASIBLE_POINT)
    solution.status[rows[unmet & impossible]] = int(Status.INFEASIBLE)
    return solution


def _run(ready: Formulated, problem: CellProblem, starts: Float[np.ndarray, "cell start n"]) -> CellSolution:
    found = search(RATES, ready.program, starts)
    beamformer, q, rate, violation = by_lanes(_finish)(None, problem, ready.program, ready.bases, found.x)
    return CellSolution(
        beamformer=beamformer,
        q=q,
        status=np.array(found.status),
        violation=violation,
        objective=rate,
        iterations=found.iterations,
        history=found.history,
    )


def merged(first: CellSolution, again: CellSolution, rows: np.ndarray) -> CellSolution:
    """``first`` with the given rows replaced where ``again`` is better; evaluations add up."""
    before = first.violation[rows]
    both_feasible = (again.violation <= TOLERANCE) & (before <= TOLERANCE)
    better = np.where(both_feasible, again.objective > first.objective[rows] - _SAME_RATE, again.violation < before)

    def put(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        merged = np.array(old)
        merged[rows[better]] = new[better]
        return merged

    iterations = np.array(first.iterations)
    iterations[rows] += again.iterations
    return CellSolution(*map(put, first, again))._replace(iterations=iterations)


def _from_least_power(_: None, ready: Formulated, sensing: LeastPower) -> Leaf:
    """Variables of the least-power radar beams with a little power for the data beams of the first start."""
    users, values = ready.program.g_tut.shape[0], RATES.of(ready.program).values(ready.starts[0])
    beamformer, q = to_design(values, ready.program, ready.bases)
    finite = jnp.where(jnp.isfinite(sensing.beamformer), sensing.beamformer, 0.0)
    radar = finite[:, users:] / jnp.maximum(1.0, jnp.linalg.norm(finite))
    data = _DATA_AMPLITUDE * beamformer[:, :users]
    values = to_values(ready.program, ready.bases, jnp.concatenate([data, radar], axis=1), q)
    return starting_points(RATES, ready.program, {name: value[None] for name, value in values.items()})[0]


def _least_amplitude(_: None, problem: CellProblem) -> Leaf:
    return first_amplitude(problem, extra_bits=0.0)


def _formulate_p1(_: None, problem: CellProblem) -> Formulated:
    return _formulated(None, problem, start_points(problem), 0.0)


def _formulate_p3(_: None, problem: CellProblem, q: Float[Any, ""]) -> Formulated:
    return _formulated(None, problem, start_points_at(problem, q), 1.0)


def _formulated(_: None, problem: CellProblem, points: Point, power_is_fixed: Any) -> Formulated:
    # Variables scaled at a point with much satellite power lead into worse optima: the first has little.
    first = jax.tree.map(lambda leaf: leaf[0], points)
    program, bases = formulate(problem, first.beamformer, first.q, power_is_fixed)
    values = jax.vmap(partial(to_values, program, bases))(*points)
    return Formulated(program, bases, starting_points(RATES, program, values))


def _finish(_: None, problem: CellProblem, program: Program, bases: Bases, x: Any) -> tuple[Any, Any, Any, Any]:
    beamformer, q = to_design(RATES.of(program).values(x), program, bases)
    q = jnp.minimum(q, 1.0 if problem.max_q is None else problem.max_q)
    metrics = cell_metrics(problem, beamformer, q)
    return beamformer, q, metrics.sum_rate, cell_violation(problem, metrics)
