"""P1 and P3 by weighted minimum mean square errors under quality-of-service constraints, cell by cell.

J. Jee, J. G. Andrews, "Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic ISAC",
arXiv:2511.15947, (35)-(43): filters, weights and transmitter (``transmitter``) take turns. Two readings:

* ``PUBLISHED``: as printed, as far as it can be executed (``printed_filters``). The paper names no start; the satellite
  power begins at its budget (``start = "budget"``) or where its user has a bit more than the least rate (``"floor"``),
  and that decides much, because a near-unity filter lets the power move by about one over the SINR a turn.
* ``REFERENCE``, the corrected witness: filters of least mean square error, and after every turn of P1 a search of the
  satellite power for the beams reached (``line_search``), so that its start decides little.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution, cell_metrics, cell_violation
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import Point, first_amplitude, least_power_start, zero_forcing_start
from leoisac.systems.coexistence.published.line_search import best_amplitude
from leoisac.systems.coexistence.published.printed_filters import CORRECTED, PRINTED
from leoisac.systems.coexistence.published.transmitter import update_transmitter

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wmmse:
    """Settings of the algorithm; the paper names tolerance and turns without values.

    Attributes:
        line_search: search the satellite power after every turn (P1 only).
        filters: ``corrected``, ``printed`` or ``literal`` (``printed_filters``).
        start: satellite power of the first point of P1: ``floor``, at which its user, undisturbed, has the least rate
            and one bit, or ``budget``.
        tolerance: change of the sum rate, relative to that of the start, at which the turns end.
        violation: largest relative violation with which they may end.
        max_turns: turns at most.
        feasibility: largest relative violation of a design that counts as feasible; an interior-point method leaves
            some.
    """

    line_search: bool = True
    filters: str = CORRECTED
    start: str = "floor"
    tolerance: float = 1e-4
    violation: float = 2e-3
    max_turns: int = 60
    feasibility: float = 1e-4


REFERENCE = Wmmse()
PUBLISHED = Wmmse(line_search=False, filters=PRINTED, start="budget")


class Cell(NamedTuple):
    """One cell with its starts, and whether it is proven that it has no design."""

    problem: CellProblem
    starts: tuple[Point, ...]
    beyond_reach: bool
    power_is_fixed: bool
    settings: Wmmse


class Ended(NamedTuple):
    """What became of one cell."""

    point: Point
    status: Status
    turns: int
    history: Float[np.ndarray, " step"]


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
    cells = [
        Cell(
            take(problem, row),
            _starts(take(problem, row), take(sensing, row), float(first_q[row]), power_is_fixed),
            bool(impossible[row]),
            power_is_fixed,
            settings,
        )
        for row in range(len(first_q))
    ]
    ended = list[Ended]()
    for cell, outcome in zip(cells, map_trials(_design, cells, workers), strict=True):
        if not outcome.ok:
            _log.error("a cell failed:\n%s", outcome.error)
        ended.append(outcome.result or Ended(cell.starts[0], Status.FAILED, 0, np.zeros(0)))
    return _collected(cells, ended)


def _starts(problem: CellProblem, sensing: LeastPower, q: float, power_is_fixed: bool) -> tuple[Point, ...]:
    zero_forcing = Point(np.asarray(_zero_forcing(problem, q)), q)
    beamformer, amplitude = _beside_sensing(problem, sensing.beamformer, q)
    return zero_forcing, Point(np.asarray(beamformer), q if power_is_fixed else float(amplitude))


_zero_forcing = jax.jit(zero_forcing_start)
_beside_sensing = jax.jit(least_power_start)
_search = jax.jit(best_amplitude)


@jax.jit
def _judge(problem: CellProblem, beamformer: jax.Array, q: jax.Array) -> tuple[jax.Array, jax.Array]:
    metrics = cell_metrics(problem, beamformer, q)
    return metrics.sum_rate, cell_violation(problem, metrics)


def _rate_and_violation(problem: CellProblem, point: Point) -> tuple[float, float]:
    rate, violation = _judge(problem, point.beamformer, jnp.asarray(point.q))
    return float(rate), float(violation)


def _design(cell: Cell) -> Ended:
    """One cell by the algorithm; at the top of the module, so that workers find it."""
    turns = 0
    best = Ended(cell.starts[0], Status.INFEASIBLE if cell.beyond_reach else Status.NO_FEASIBLE_POINT, 0, np.zeros(0))
    if cell.beyond_reach:
        return best
    for start in cell.starts:
        found = wmmse(cell.problem, start, cell.settings, power_is_fixed=cell.power_is_fixed)
        turns += found.iterations
        if found.status in (Status.FAILED, Status.NONFINITE):
            continue
        violation = _rate_and_violation(cell.problem, found.state)[1]
        status = Status.INACCURATE if violation > cell.settings.feasibility else found.status
        return Ended(found.state, status, turns, found.history)
    return best._replace(turns=turns)


@in_double
def wmmse(
    problem: CellProblem, start: Point, settings: Wmmse | None = None, *, power_is_fixed: bool = False
) -> LoopOutcome[Point]:
    """The algorithm in one cell from one start, which need not be feasible.

    FAILED: the first transmitter update has no solution.
    """
    settings = settings or REFERENCE

    def improve(point: Point) -> Attempt[Point]:
        update = update_transmitter(
            problem, point.beamformer, float(point.q), power_is_fixed=power_is_fixed, filters=settings.filters
        )
        if update.beamformer is None or update.q is None:
            return Attempt(None, update.report)
        q = update.q
        if settings.line_search and not power_is_fixed:
            q = float(_search(problem, update.beamformer, jnp.asarray(q)))
        return Attempt(Point(update.beamformer, q), update.report)

    procedure = Procedure(
        convexify=lambda point: point,
        solve=improve,
        measure=lambda point: _rate_and_violation(problem, point)[0],
        ready=lambda point: _rate_and_violation(problem, point)[1] <= settings.violation,
    )
    tolerance = settings.tolerance * max(1.0, _rate_and_violation(problem, start)[0])
    return successive_convex(procedure, start, LoopOptions(tolerance, settings.max_turns))


def _collected(cells: list[Cell], ended: list[Ended]) -> CellSolution:
    judged = [_rate_and_violation(cell.problem, one.point) for cell, one in zip(cells, ended, strict=True)]
    # The same for every batch, so that batches can be put together.
    width = 1 + max((cell.settings.max_turns for cell in cells), default=0)
    beamformers: list[Complex[np.ndarray, "tx stream"]] = [one.point.beamformer for one in ended]
    return CellSolution(
        beamformer=np.stack(beamformers),
        q=np.array([float(one.point.q) for one in ended]),
        status=np.array([int(one.status) for one in ended], dtype=np.int32),
        violation=np.array([violation for _, violation in judged]),
        objective=np.array([rate for rate, _ in judged]),
        iterations=np.array([one.turns for one in ended], dtype=np.int32),
        history=np.stack([np.pad(o.history, (0, width - len(o.history)), constant_values=np.nan) for o in ended]),
    )
