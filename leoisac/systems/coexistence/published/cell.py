"""P1 and P3 by weighted minimum mean square errors under quality-of-service constraints, cell by cell (``turns``)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.lanes import take
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import LoopOutcome
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution, cell_metrics, cell_violation
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import Point, first_amplitude, least_power_start, zero_forcing_start
from leoisac.systems.coexistence.published.transmitter import update_transmitter
from leoisac.systems.coexistence.published.turns import REFERENCE, Case, Steps, Wmmse, designs, take_turns


@in_double
def solve_p1(problem: CellProblem, *, workers: int = 1, settings: Wmmse | None = None) -> CellSolution:
    """P1 for a batch of cells: beamformer and satellite power with the largest sum rate under all floors.

    The turns begin at the zero-forcing point; where the first transmitter update from there has no solution, at the
    least-power sensing design with what the users can get beside it. A cell is INFEASIBLE with a proof
    (``proofs.beyond_reach``) and is then not attempted. NO_FEASIBLE_POINT: neither start leads to a design, and nothing
    is proven; the design is the first start, and ``violation`` tells by how much it misses.

    Args:
        problem: cells, the cell axis first on every array.
        workers: processes that share the cells.
        settings: tolerances and limits of the algorithm.

    Returns:
        ``iterations`` counts transmitter updates, ``history`` holds the sum rate at the start and after each.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
    """
    least = np.asarray(jax.vmap(lambda cell: first_amplitude(cell, extra_bits=0.0))(problem))
    settings = settings or REFERENCE
    if settings.start not in ("floor", "budget"):
        raise ValueError(f"start = {settings.start!r}: must be floor or budget.")
    first = np.ones_like(least) if settings.start == "budget" else np.asarray(jax.vmap(first_amplitude)(problem))
    return _solve(problem, first, least, np.ones_like(least), False, workers, settings)


@in_double
def solve_p3(
    problem: CellProblem, q: Float[np.ndarray, " cell"], *, workers: int = 1, settings: Wmmse | None = None
) -> CellSolution:
    """P3 for a batch of cells: the beamformer with the largest sum rate at given satellite amplitudes ``q``.

    As ``solve_p1``.
    """
    given = np.asarray(q, dtype=float)
    return _solve(problem, given, given, given, True, workers, settings or REFERENCE)


@in_double
def wmmse(
    problem: CellProblem, start: Point, settings: Wmmse | None = None, *, power_is_fixed: bool = False
) -> LoopOutcome[Point]:
    """The algorithm in one cell from one start, which need not be feasible.

    FAILED: the first transmitter update has no solution.
    """
    return take_turns(STEPS, problem, start, settings or REFERENCE, power_is_fixed=power_is_fixed)


def _solve(
    problem: CellProblem,
    first_q: np.ndarray,
    least_q: np.ndarray,
    largest_q: np.ndarray,
    power_is_fixed: bool,
    workers: int,
    settings: Wmmse,
) -> CellSolution:
    require_reference()
    if problem.max_q is not None or problem.max_sut_leakage is not None:
        raise ConfigError("max_inr_db, max_pfd: this route knows no such limits; take the route `fast`.")
    problem = jax.tree.map(np.asarray, problem)
    impossible = beyond_reach(problem, least_q, largest_q)
    sensing = least_sensing_power(problem, first_q)
    cases = [
        Case(
            STEPS,
            take(problem, row),
            _starts(take(problem, row), take(sensing, row), float(first_q[row]), power_is_fixed),
            bool(impossible[row]),
            power_is_fixed,
            settings,
        )
        for row in range(len(first_q))
    ]
    return designs(cases, workers)


def _starts(problem: CellProblem, sensing: LeastPower, q: float, power_is_fixed: bool) -> tuple[Point, ...]:
    zero_forcing = Point(np.asarray(_zero_forcing(problem, q)), q)
    beamformer, amplitude = _beside_sensing(problem, sensing.beamformer, q)
    return zero_forcing, Point(np.asarray(beamformer), q if power_is_fixed else float(amplitude))


_zero_forcing = jax.jit(zero_forcing_start)
_beside_sensing = jax.jit(least_power_start)


@in_double
def judge_cell(
    problem: CellProblem, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Sum rate, and largest relative violation of a floor."""
    metrics = cell_metrics(problem, beamformer, q)
    return metrics.sum_rate, cell_violation(problem, metrics)


STEPS = Steps(update_transmitter, judge_cell)
