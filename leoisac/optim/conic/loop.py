"""The loop that successive convex methods share: convexify at a point, solve, accept, measure, stop.

The concave-convex procedure, successive convex approximation and sequential rank-one relaxation differ in their maths
only; counting, history, the best iterate, stopping and stalling are the same and live here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float

from leoisac.foundation.status import Status
from leoisac.optim.conic.solving import SolveReport

State = TypeVar("State")


@dataclass(frozen=True)
class Attempt(Generic[State]):
    """Outcome of one convex subproblem: a candidate for the next state, or none, and the solver's report."""

    candidate: State | None
    report: SolveReport


def accept_candidate(state: State, attempt: Attempt[State]) -> State | None:
    """Default rule: go to the candidate; stop where there is none."""
    return attempt.candidate


def always_ready(state: Any) -> bool:
    """Default rule: a small change of the measure is enough to stop."""
    return True


@dataclass(frozen=True)
class Procedure(Generic[State]):
    """The maths of a successive convex method.

    Attributes:
        convexify: state -> numbers of the convex subproblem at the state.
        solve: numbers -> attempt.
        measure: state -> objective (maximised), recomputed from the state, not the solver's word.
        accept: (state, attempt) -> next state, or None to stop. A method that shortens its step after an infeasible
            subproblem returns the old point with the shorter step.
        ready: state -> whether stopping is allowed (a rank-one method waits for rank one).
    """

    convexify: Callable[[State], Any]
    solve: Callable[[Any], Attempt[State]]
    measure: Callable[[State], float]
    accept: Callable[[State, Attempt[State]], State | None] = accept_candidate
    ready: Callable[[State], bool] = always_ready


@dataclass(frozen=True)
class LoopOptions:
    """When to stop.

    Attributes:
        tolerance: largest change of the measure between two states that ends the loop.
        max_iterations: convex subproblems at most.
        stall_steps: end after so many steps in a row without a new best by ``stall_gain``; 0: never.
        stall_gain: see ``stall_steps``.
    """

    tolerance: float = 1e-5
    max_iterations: int = 30
    stall_steps: int = 0
    stall_gain: float = 1e-3

    def __post_init__(self) -> None:
        if not self.tolerance >= 0.0:
            raise ValueError(f"tolerance = {self.tolerance}: must be at least 0.")
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations = {self.max_iterations}: must be at least 1.")


@dataclass(frozen=True)
class LoopOutcome(Generic[State]):
    """Where a successive convex method ended.

    Attributes:
        state: the best state met (the start included) among those at which stopping is allowed, else the last.
        measure: its objective.
        status: CONVERGED (change within tolerance); INACCURATE (stalled, or a subproblem failed after progress had
            been made: the state stands, its value may be low); MAX_STEPS; FAILED (the first subproblem failed);
            NONFINITE (the measure is not finite).
        iterations: subproblems solved.
        history: objective at the start and after every accepted step.
        reports: solver reports, one per subproblem.
    """

    state: State
    measure: float
    status: Status
    iterations: int
    history: Float[np.ndarray, " step"]
    reports: tuple[SolveReport, ...]


def successive_convex(
    procedure: Procedure[State], start: State, options: LoopOptions | None = None
) -> LoopOutcome[State]:
    """Run a successive convex method from ``start``; nothing is raised by a failing subproblem."""
    options = options or LoopOptions()
    state, history, reports = start, [procedure.measure(start)], list[SolveReport]()
    best, best_measure = start, history[0]
    status, without_gain = Status.MAX_STEPS, 0
    while len(reports) < options.max_iterations:
        attempt = procedure.solve(procedure.convexify(state))
        reports.append(attempt.report)
        following = procedure.accept(state, attempt)
        if following is None:
            status = Status.INACCURATE if len(history) > 1 else Status.FAILED
            break
        state = following
        history.append(procedure.measure(state))
        if not math.isfinite(history[-1]):
            status = Status.NONFINITE
            break
        without_gain = 0 if history[-1] > best_measure + options.stall_gain else without_gain + 1
        if not procedure.ready(best) or (procedure.ready(state) and history[-1] > best_measure):
            best, best_measure = state, history[-1]
        if attempt.candidate is not None and procedure.ready(state):
            if abs(history[-1] - history[-2]) <= options.tolerance:
                status = Status.CONVERGED
                break
            if 0 < options.stall_steps <= without_gain:
                status = Status.INACCURATE
                break
    return LoopOutcome(best, best_measure, status, len(reports), np.array(history), tuple(reports))
