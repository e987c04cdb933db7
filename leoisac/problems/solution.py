"""What comes back from a stated problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from leoisac.foundation.status import Solution


@dataclass(frozen=True)
class StatedSolution(Solution[Mapping[str, np.ndarray]]):
    """Designs of a batch of trials. Every array has the trial axis first; one trial alone has an axis of length one.

    ``value`` has the variables by name, in the units of the statement; ``objective`` is the statement's own, not
    scaled; ``violation`` is the largest relative violation of all constraints, recomputed from ``value``.

    Attributes:
        margin: by constraint name, ``(trial, *shape)``: relative to the bound, at least 0 where met; for an equation
            minus the relative error. Where a bound is zero, relative to how far the quantity moves when the variables
            move by their own size.
        multipliers: by constraint name, ``(trial, *shape)``: derivative of the best objective with respect to the
            bound, in the statement's units; zero where a constraint does not bind. NaN where no design was found.
        kkt: relative residual of the optimality conditions,
            ``||grad f - J^T lambda|| / max(||grad f||, ||J^T lambda||)`` of the scaled problem.
        bound: best proven bound of the objective; NaN where none is known.
        gap: relative distance of the objective from it, at least 0 up to rounding.
        certificate: per trial, where the bound comes from, or why there is none.
        agreeing_starts: starts that ended within one part in a thousand of the best one.
        least_violation: largest relative violation that no design found goes below, where none is feasible; else 0.
    """

    margin: Mapping[str, Float[np.ndarray, "trial ..."]]
    multipliers: Mapping[str, Float[np.ndarray, "trial ..."]]
    kkt: Float[np.ndarray, " trial"]
    bound: Float[np.ndarray, " trial"]
    gap: Float[np.ndarray, " trial"]
    certificate: tuple[str, ...]
    agreeing_starts: Int[np.ndarray, " trial"]
    least_violation: Float[np.ndarray, " trial"]

    def __repr__(self) -> str:
        from leoisac.foundation.status import Status

        counts = {status.name: int(np.sum(self.status == status)) for status in Status}
        said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return f"StatedSolution({len(self.status)} trials: {said}; value: {', '.join(self.value)})"
