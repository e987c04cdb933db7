"""Reference route of P1 and P3: weighted minimum mean square errors under quality-of-service constraints, cell by cell.

J. Jee, J. G. Andrews, "Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic ISAC",
arXiv:2511.15947, Algorithm 2: filters, weights and transmitter (``transmitter``) take turns. Start and stopping rule,
which the paper leaves open, are in ``starts`` and ``Wmmse``. The power line search after every turn is an addition
without which the outcome is set by the start (``line_search``); ``Wmmse(line_search=False)`` is the algorithm as
printed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution, cell_metrics, cell_violation
from leoisac.systems.coexistence.problem.least_power import LeastPower, beyond_reach, least_sensing_power
from leoisac.systems.coexistence.problem.starts import Point, first_amplitude, least_power_start, zero_forcing_start
from leoisac.systems.coexistence.published.line_search import best_amplitude
from leoisac.systems.coexistence.published.transmitter import update_transmitter

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wmmse:
    """Settings of the published algorithm; the paper names them without values.

    Attributes:
        line_search: search the satellite power after every turn (P1 only).
        tolerance: change of the sum rate, relative to that of the start, at which the turns end.
        violation: largest relative violation with which they may end.
        max_turns: turns at most.
        feasibility: largest relative violation of a design that counts as feasible; an interior-point method leaves
            some.
    """

    line_search: bool = True
    tolerance: float = 1e-4
    violation: float = 2e-3
    max_turns: int = 60
    feasibility: float = 1e-4


class Cell(NamedTuple):
    """One cell with its start and its certificate."""

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
    least-power sensing design with what the users can get beside it. A cell is INFEASIBLE if neither leads to a design
    and the least sensing power exceeds the budget, or the satellite's whole power does not give its user the least
    rate. FAILED: neither leads to a design, without that certificate; the design is the start, and ``violation`` tells
    by how much it misses.

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
    first = np.asarray(jax.vmap(first_amplitude)(problem))
    return _solve(problem, first, least, np.ones_like(least), False, workers, settings or Wmmse())


@in_double
def solve_p3(
    problem: CellProblem, q: Float[np.ndarray, " cell"], *, workers: int = 1, settings: Wmmse | None = None
) -> CellSolution:
    """P3 for a batch of cells: the beamformer with the largest sum rate at given satellite amplitudes ``q``.

    As ``solve_p1``.
    """
    given = np.asarray(q, dtype=float)
    return _solve(problem, given, given, given, True, workers, settings or Wmmse())


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
    problem = jax.tree.map(np.asarray, problem)
    impossible = beyond_reach(problem, least_sensing_power(problem, least_q), least_q, largest_q)
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
    """One cell by the published algorithm; at the top of the module, so that workers find it."""
    turns = 0
    best = Ended(cell.starts[0], Status.INFEASIBLE if cell.beyond_reach else Status.FAILED, 0, np.zeros(0))
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
    """The published algorithm in one cell from one start, which need not be feasible.

    FAILED: the first transmitter update has no solution.
    """
    settings = settings or Wmmse()

    def improve(point: Point) -> Attempt[Point]:
        update = update_transmitter(problem, point.beamformer, float(point.q), power_is_fixed=power_is_fixed)
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
