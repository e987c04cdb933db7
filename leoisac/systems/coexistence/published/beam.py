"""The corrected witness for cells that share a beam: WMMSE with all beamformers and the power in one cone program.

The ``turns`` with the settings ``REFERENCE``: filters of least error (``beam_filters``), the transmitters of all cells
together (``beam_transmitter``), after every turn of P1 a search of the common power. The paper's footnote 2 has no
equations, so that there is no published route.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import take
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import LoopOutcome
from leoisac.systems.coexistence.problem.beam_program import BeamProblem, beam_metrics, beam_violation
from leoisac.systems.coexistence.problem.cell_program import CellProblem, CellSolution
from leoisac.systems.coexistence.problem.least_power import LeastPower, least_sensing_power
from leoisac.systems.coexistence.problem.normalised import flatten
from leoisac.systems.coexistence.problem.proofs import beyond_reach
from leoisac.systems.coexistence.problem.starts import Point, first_amplitude, least_power_start, zero_forcing_start
from leoisac.systems.coexistence.published.beam_transmitter import update_beam
from leoisac.systems.coexistence.published.turns import REFERENCE, Case, Steps, designs, take_turns


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
    return take_turns(STEPS, problem, start, REFERENCE, power_is_fixed=power_is_fixed)


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
    cases = [
        Case(
            STEPS,
            take(problem, row),
            _starts(take(problem, row), take(sensing, slice(row * share, (row + 1) * share)), q, power_is_fixed),
            bool(impossible[row].any()),
            power_is_fixed,
            REFERENCE,
        )
        for row, q in enumerate(first_q.tolist())
    ]
    return designs(cases, workers)


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


@in_double
def judge_beam(
    problem: BeamProblem, beamformer: Complex[Array, "cell tx stream"], q: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Sum rate of all cells, and largest relative violation of a floor."""
    metrics = beam_metrics(problem, beamformer, q)
    return metrics.sum_rate, beam_violation(problem, metrics)


STEPS = Steps(update_beam, judge_beam)

__all__ = ["beam_wmmse", "judge_beam", "solve_beam_p1", "solve_beam_p3"]
