"""How a design ended: integer codes that live in batches, each with a sentence that says what to try next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from leoisac.foundation.namespace import array_namespace

Design = TypeVar("Design")


class Status(IntEnum):
    """Outcome of one design. A batch carries an integer array of these."""

    CONVERGED = 0
    INACCURATE = 1
    MAX_STEPS = 2
    INFEASIBLE = 3
    NONFINITE = 4
    FAILED = 5
    NO_FEASIBLE_POINT = 6
    NOT_FOUND = 6
    """Another name of ``NO_FEASIBLE_POINT``."""

    @property
    def advice(self) -> str:
        """What happened and what to try next."""
        return _ADVICE[self]


_ADVICE = {
    Status.CONVERGED: "The design met its stopping rule and every constraint.",
    Status.INACCURATE: (
        "The solver stopped at reduced accuracy, or the design misses what its scheme enforces: look at `violation`, "
        "and try another start or route. Of a scheme of your own, `leoisac check FILE.py` names the constraint."
    ),
    Status.MAX_STEPS: "The step limit ended the solve; look at `violation`, allow more steps or more starts.",
    Status.INFEASIBLE: (
        "No design meets all constraints for this trial (certified by the problem's own test): "
        "raise a power budget or lower a requirement."
    ),
    Status.NONFINITE: (
        "A number of channels, design or metrics is not finite: check the channels for NaN and zeros, and for gains or "
        "noise in other units than amplitudes and W; where they are sound, what the scheme returns (a division by "
        "zero, a covariance that is not Hermitian or has negative eigenvalues)."
    ),
    Status.NO_FEASIBLE_POINT: (
        "No design that meets all constraints was found, and nothing proves that there is none: look at `violation`, "
        "and try more starts, a larger budget or a lower requirement."
    ),
    Status.FAILED: "The solver raised an exception; its traceback is stored with the unit.",
}


@dataclass(frozen=True)
class Solution(Generic[Design]):
    """Designs of a batch of trials with their outcome. Every field has the trial axis first.

    Attributes:
        value: the designs, in physical units (what would be uploaded to the transmitter).
        status: ``Status`` codes, shape ``(trial,)``.
        objective: the scheme's objective, recomputed from the physical design, shape ``(trial,)``.
        violation: largest relative constraint violation of the physical design, shape ``(trial,)``; 0 where all is met.
        iterations: steps taken, in the scheme's own unit, shape ``(trial,)``.
        history: objective after each iteration, shape ``(trial, iteration)``, missing values (NaN) past the end.
    """

    value: Design
    status: Any
    objective: Any
    violation: Any
    iterations: Any
    history: Any


def nonfinite_where(status: Any, *numbers: Any) -> Any:
    """``status``, but NONFINITE where it speaks of a design and one of the numbers is not finite.

    Solvers compare, and a NaN compares as whatever one did not think of. NumPy or JAX, one trial or a batch.
    """
    xp = array_namespace(status, *numbers)
    finite = xp.isfinite(xp.stack([xp.asarray(number) for number in numbers])).all(axis=0)
    return xp.where((status < int(Status.INFEASIBLE)) & ~finite, int(Status.NONFINITE), status)


class DesignError(RuntimeError):
    """Designs that cannot be used: none in a trial, with ``design(..., throw=True)``, or none of this configuration."""
