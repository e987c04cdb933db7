"""State an ISAC design as on paper; ``li.solve`` finds it for all trials at once. See ``docs/problems.md``."""

from __future__ import annotations

from leoisac.problems.problem import Problem
from leoisac.problems.statement import ProblemError, at_least, at_most, equals, maximise, maximise_least, minimise
from leoisac.problems.variables import Beams, Complex, Covariance, Phases, Power, Real, Split

__all__ = [
    "Beams",
    "Complex",
    "Covariance",
    "Phases",
    "Power",
    "Problem",
    "ProblemError",
    "Real",
    "Split",
    "at_least",
    "at_most",
    "equals",
    "maximise",
    "maximise_least",
    "minimise",
]
