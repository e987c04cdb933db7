"""The corrected witness for cells that share a beam: WMMSE with all beamformers and the power in one cone program.

As ``cell`` with the settings ``REFERENCE``: filters of least error (``beam_filters``), the transmitters of all cells
together (``beam_transmitter``), after every turn of P1 a search of the common power. The paper's footnote 2 has no
equations, so that there is no published route.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.coexistence.problem.beam_program import BeamProblem, beam_metrics, beam_violation
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.normalised import flatten
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import Point, first_amplitude, least_power_start, zero_forcing_start
from leoisac.systems.coexistence.published.beam_transmitter import update_beam
from leoisac.systems.coexistence.published.cell import REFERENCE, Ended

_log = logging.getLogger(__name__)
_POINTS = 41
_REACH = 3.0
_SEARCH_TOLERANCE = 1e-4


class Beam(NamedTuple):
    """One beam with its starts, and whether it is proven that it has no design."""

    problem: BeamProblem
    starts: tuple[Point, ...]
    beyond_reach: bool
    power_is_fixed: bool


@in_double
def solve_beam_p1(problem: BeamProblem, *, workers: int = 1) -> CellSolution:
    """P1 for a batch of beams: beamformers of all cells and the beam's power with the largest sum rate.

    Starts, statuses and ``iterations`` as of ``cell.solve_p1``; ``beamformer`` is (beam, cell, tx, stream).

    Args:
        problem: beams, the beam axis first on every array.
        workers: processes that share the beams.

    Raises:
        ConfigError: if the ``reference`` extra is not installed, and for limits that this route does not know.
    """
    least = np.asarray(_first_amplitudes(problem, 0.0))
    return _solve(problem, np.asarray(_first_amplitudes(problem, 1.0)), least, np.ones_like(least), False, workers)


@in_double
def solve_beam_p3(problem: BeamProblem, q: Float[np.ndarray, " beam"], *, workers: int = 1) -> CellSolution:
    """P3 for a batch of beams at given satellite amplitudes; as ``solve_beam_p1``."""
    given = np.asarray(q, dtype=float)
    return _solve(problem, given, given, given, True, workers)


@in_double
def beam_wmmse(problem: BeamProblem, start: Point, *, power_is_fixed: bool = False) -> LoopOutcome[Point]:
    """The algorithm in one beam from one start, which need not be feasible.

    FAILED: the first transmitter update has no solution.
    """

    def improve(point: Point) -> Attempt[Point]:
        update = update_beam(problem, point.beamformer, float(point.q), power_is_fixed=power_is_fixed)
        if update.beamformer is None or update.q is None:
            return Attempt(None, update.report)
        q = update.q
        if not power_is_fixed:
            q = float(_search(problem, update.beamformer, jnp.asarray(q)))
        return Attempt(Point(update.beamformer, q), update.report)

    procedure = Procedure(
        convexify=lambda point: point,
        solve=improve,
        measure=lambda point: _rate_and_violation(problem, point)[0],
        ready=lambda point: _rate_and_violation(problem, point)[1] <= REFERENCE.violation,
    )
    tolerance = REFERENCE.tolerance * max(1.0, _rate_and_violation(problem, start)[0])
    return successive_convex(procedure, start, LoopOptions(tolerance, REFERENCE.max_turns))


def _solve(
    problem: BeamProblem,
    first_q: np.ndarray,
    least_q: np.ndarray,
    largest_q: np.ndarray,
    power_is_fixed: bool,
    workers: int,
) -> CellSolution:
    require_reference()
    if problem.cells.max_q is not None or problem.cells.max_sut_leakage is not None:
        raise ConfigError("max_inr_db, max_pfd: this route knows no such limits; take the route `fast`.")
    problem = jax.tree.map(np.asarray, problem)
    share = problem.cross_tut.shape[1]
    alone: CellProblem = flatten(problem.cells)
    # A neighbour only disturbs: what a cell cannot do alone it cannot do in company.
    impossible = beyond_reach(alone, np.repeat(least_q, share), np.repeat(largest_q, share)).reshape(-1, share)
    sensing = least_sensing_power(alone, np.repeat(first_q, share))
    beams = [
        Beam(
            take(problem, row),
            _starts(take(problem, row), take(sensing, slice(row * share, (row + 1) * share)), q, power_is_fixed),
            bool(impossible[row].any()),
            power_is_fixed,
        )
        for row, q in enumerate(first_q.tolist())
    ]
    ended = list[Ended]()
    for beam, outcome in zip(beams, map_trials(_design, beams, workers), strict=True):
        if not outcome.ok:
            _log.error("a beam failed:\n%s", outcome.error)
        ended.append(outcome.result or Ended(beam.starts[0], Status.FAILED, 0, np.zeros(0)))
    judged = [_rate_and_violation(beam.problem, one.point) for beam, one in zip(beams, ended, strict=True)]
    width = 1 + REFERENCE.max_turns
    return CellSolution(
        beamformer=np.stack([one.point.beamformer for one in ended]),
        q=np.array([float(one.point.q) for one in ended]),
        status=np.array([int(one.status) for one in ended], dtype=np.int32),
        violation=np.array([violation for _, violation in judged]),
        objective=np.array([rate for rate, _ in judged]),
        iterations=np.array([one.turns for one in ended], dtype=np.int32),
        history=np.stack([np.pad(o.history, (0, width - len(o.history)), constant_values=np.nan) for o in ended]),
    )


def _design(beam: Beam) -> Ended:
    """One beam by the algorithm; at the top of the module, so that workers find it."""
    nothing = Ended(
        beam.starts[0], Status.INFEASIBLE if beam.beyond_reach else Status.NO_FEASIBLE_POINT, 0, np.zeros(0)
    )
    if beam.beyond_reach:
        return nothing
    turns = 0
    for start in beam.starts:
        found = beam_wmmse(beam.problem, start, power_is_fixed=beam.power_is_fixed)
        turns += found.iterations
        if found.status in (Status.FAILED, Status.NONFINITE):
            continue
        violation = _rate_and_violation(beam.problem, found.state)[1]
        status = Status.INACCURATE if violation > REFERENCE.feasibility else found.status
        return Ended(found.state, status, turns, found.history)
    return nothing._replace(turns=turns)


def _starts(problem: BeamProblem, sensing: LeastPower, q: float, power_is_fixed: bool) -> tuple[Point, ...]:
    """Zero forcing in every cell; the least-power sensing designs with what the users can get beside them."""
    plain, beside = _start_points(problem.cells, jnp.asarray(sensing.beamformer), jnp.asarray(q))
    louder = q if power_is_fixed else float(np.max(beside.q))
    return Point(np.asarray(plain), q), Point(np.asarray(beside.beamformer), louder)


@jax.jit
def _start_points(cells: CellProblem, sensing: jax.Array, q: jax.Array) -> tuple[jax.Array, Point]:
    plain = jax.vmap(lambda cell: zero_forcing_start(cell, q))(cells)
    return plain, jax.vmap(lambda cell, beams: least_power_start(cell, beams, q))(cells, sensing)


def _first_amplitudes(problem: BeamProblem, extra_bits: float) -> jax.Array:
    first = jax.tree.map(lambda leaf: leaf[:, 0], problem.cells)
    return jax.vmap(lambda cell: first_amplitude(cell, extra_bits=extra_bits))(first)


@jax.jit
def _search(problem: BeamProblem, beamformer: jax.Array, q: jax.Array) -> jax.Array:
    """As ``line_search.best_amplitude``, for all cells of the beam."""
    grid = jnp.minimum(q * jnp.asarray(np.geomspace(1.0 / _REACH, _REACH, _POINTS)), 1.0)

    def judge(amplitude: jax.Array) -> tuple[jax.Array, jax.Array]:
        metrics = beam_metrics(problem, beamformer, amplitude)
        return metrics.sum_rate, beam_violation(problem, metrics)

    rates, violations = jax.vmap(judge)(grid)
    kept = violations <= _SEARCH_TOLERANCE
    return jnp.where(jnp.any(kept), grid[jnp.argmax(jnp.where(kept, rates, -jnp.inf))], q)


@jax.jit
def _judge(problem: BeamProblem, beamformer: jax.Array, q: jax.Array) -> tuple[jax.Array, jax.Array]:
    metrics = beam_metrics(problem, beamformer, q)
    return metrics.sum_rate, beam_violation(problem, metrics)


def _rate_and_violation(problem: BeamProblem, point: Point) -> tuple[float, float]:
    rate, violation = _judge(problem, point.beamformer, jnp.asarray(point.q))
    return float(rate), float(violation)


__all__ = ["Beam", "beam_wmmse", "solve_beam_p1", "solve_beam_p3"]
