"""The stopping rule of Algorithms 1 and 2 as printed: ``while k < 30 and the sum rate has risen by 1e-5``.

No best iterate and no line search: the last point stands, also one that is lower than that before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float

from leoisac.foundation.status import Status
from leoisac.optim.conic.loop import Attempt, LoopOptions

State = TypeVar("State")


@dataclass(frozen=True)
class Ending(Generic[State]):
    """Where the loop ended.

    Attributes:
        state: the last point.
        status: CONVERGED (the rise was below the tolerance, or there was none); MAX_STEPS; INACCURATE (a step had no
            solution, the last point stands); FAILED (the first step had none); NONFINITE.
        iterations: steps tried.
        history: of ``shown`` at the start and after every step.
    """

    state: State
    status: Status
    iterations: int
    history: Float[np.ndarray, " step"]


def printed_loop(
    start: State,
    step: Callable[[State], Attempt[State]],
    measure: Callable[[State], float],
    shown: Callable[[State], float],
    options: LoopOptions,
) -> Ending[State]:
    """Steps from ``start`` until ``measure`` rises by less than the tolerance.

    Args:
        start: the first point.
        step: convexify and solve at a point.
        measure: what has to rise.
        shown: what the history holds.
        options: tolerance and most iterations.
    """
    state, before, history = start, measure(start), [shown(start)]
    for iteration in range(1, options.max_iterations + 1):
        candidate = step(state).candidate
        if candidate is None:
            status = Status.INACCURATE if iteration > 1 else Status.FAILED
            return Ending(state, status, iteration, np.array(history))
        state, reached = candidate, measure(candidate)
        history.append(shown(state))
        if not math.isfinite(reached):
            return Ending(state, Status.NONFINITE, iteration, np.array(history))
        if reached - before < options.tolerance:
            return Ending(state, Status.CONVERGED, iteration, np.array(history))
        before = reached
    return Ending(state, Status.MAX_STEPS, options.max_iterations, np.array(history))


__all__ = ["Ending", "printed_loop"]
