"""The turns of weighted minimum mean square errors, for whatever is designed together: a cell, or a beam of several.

J. Jee, J. G. Andrews, "Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic ISAC",
arXiv:2511.15947, (35)-(43): filters, weights and transmitters take turns. Two readings:

* ``PUBLISHED``: as printed, as far as it can be executed (``printed_filters``). The paper names no start; the satellite
  power begins at its budget (``start = "budget"``) or where its user has a bit more than the least rate (``"floor"``),
  and that decides much, because a near-unity filter lets the power move by about one over the SINR a turn.
* ``REFERENCE``, the corrected witness: filters of least mean square error, and after every turn of P1 a search of the
  satellite power for the beams reached (``line_search``), so that its start decides little.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.status import Status
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.coexistence.problem.cell_program import CellSolution
from leoisac.systems.coexistence.problem.starts import Point
from leoisac.systems.coexistence.published.line_search import Judge, best_amplitude
from leoisac.systems.coexistence.published.printed_filters import CORRECTED, PRINTED
from leoisac.systems.coexistence.published.transmitter import TransmitterUpdate

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


class Steps(NamedTuple):
    """What a kind of problem brings to the turns: functions at the top of a module, so that workers find them.

    Attributes:
        update: problem, beamformer, amplitude, whether that is fixed, and filters -> the next transmitters.
        judge: problem, beamformer, amplitude -> sum rate and largest relative violation; traceable.
    """

    update: Callable[[Any, np.ndarray, float, bool, str], TransmitterUpdate]
    judge: Judge


class Case(NamedTuple):
    """One problem with its starts, and whether it is proven that it has no design."""

    steps: Steps
    problem: Any
    starts: tuple[Point, ...]
    beyond_reach: bool
    power_is_fixed: bool
    settings: Wmmse


class Ended(NamedTuple):
    """What became of one problem."""

    point: Point
    status: Status
    turns: int
    history: Float[np.ndarray, " step"]


_search = jax.jit(best_amplitude, static_argnums=0)


@in_double
def take_turns(
    steps: Steps, problem: Any, start: Point, settings: Wmmse, *, power_is_fixed: bool
) -> LoopOutcome[Point]:
    """The algorithm from one start, which need not be feasible.

    FAILED: the first transmitter update has no solution.
    """

    def improve(point: Point) -> Attempt[Point]:
        update = steps.update(problem, point.beamformer, float(point.q), power_is_fixed, settings.filters)
        if update.beamformer is None or update.q is None:
            return Attempt(None, update.report)
        q = update.q
        if settings.line_search and not power_is_fixed:
            q = float(_search(steps.judge, problem, update.beamformer, jnp.asarray(q)))
        return Attempt(Point(update.beamformer, q), update.report)

    procedure = Procedure(
        convexify=lambda point: point,
        solve=improve,
        measure=lambda point: _rate_and_violation(steps, problem, point)[0],
        ready=lambda point: _rate_and_violation(steps, problem, point)[1] <= settings.violation,
    )
    tolerance = settings.tolerance * max(1.0, _rate_and_violation(steps, problem, start)[0])
    return successive_convex(procedure, start, LoopOptions(tolerance, settings.max_turns))


@in_double
def designs(cases: Sequence[Case], workers: int) -> CellSolution:
    """Every problem from its starts, until one leads to a design; the first axis is the problem."""
    ended = list[Ended]()
    for case, outcome in zip(cases, map_trials(_design, cases, workers), strict=True):
        if not outcome.ok:
            _log.error("a design failed:\n%s", outcome.error)
        ended.append(outcome.result or Ended(case.starts[0], Status.FAILED, 0, np.zeros(0)))
    judged = [_rate_and_violation(case.steps, case.problem, one.point) for case, one in zip(cases, ended, strict=True)]
    # The same for every batch, so that batches can be put together.
    width = 1 + max((case.settings.max_turns for case in cases), default=0)
    return CellSolution(
        beamformer=np.stack([one.point.beamformer for one in ended]),
        q=np.array([float(one.point.q) for one in ended]),
        status=np.array([int(one.status) for one in ended], dtype=np.int32),
        violation=np.array([violation for _, violation in judged]),
        objective=np.array([rate for rate, _ in judged]),
        iterations=np.array([one.turns for one in ended], dtype=np.int32),
        history=np.stack([np.pad(o.history, (0, width - len(o.history)), constant_values=np.nan) for o in ended]),
    )


def _design(case: Case) -> Ended:
    """One problem by the algorithm; at the top of the module, so that workers find it."""
    unfound = Status.INFEASIBLE if case.beyond_reach else Status.NO_FEASIBLE_POINT
    nothing = Ended(case.starts[0], unfound, 0, np.zeros(0))
    if case.beyond_reach:
        return nothing
    turns = 0
    for start in case.starts:
        found = take_turns(case.steps, case.problem, start, case.settings, power_is_fixed=case.power_is_fixed)
        turns += found.iterations
        if found.status in (Status.FAILED, Status.NONFINITE):
            continue
        violation = _rate_and_violation(case.steps, case.problem, found.state)[1]
        status = Status.INACCURATE if violation > case.settings.feasibility else found.status
        return Ended(found.state, status, turns, found.history)
    return nothing._replace(turns=turns)


_judged = jax.jit(lambda judge, *design: judge(*design), static_argnums=0)


def _rate_and_violation(steps: Steps, problem: Any, point: Point) -> tuple[float, float]:
    rate, violation = _judged(steps.judge, problem, point.beamformer, jnp.asarray(point.q))
    return float(rate), float(violation)
