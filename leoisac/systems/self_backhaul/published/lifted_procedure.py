"""The procedure over covariances, whatever problems it solves: an exact test, then tangents step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from leoisac.foundation.status import Status
from leoisac.optim.conic.hermitian import eigenvalue_ratio
from leoisac.optim.conic.loop import LoopOptions, Procedure, successive_convex
from leoisac.optim.conic.problem import ParametricProblem
from leoisac.optim.conic.solving import SolveReport
from leoisac.systems.self_backhaul.published.lifted import Lifted, Scaling
from leoisac.systems.self_backhaul.published.lifted_core import unscaled

_PREFERENCE = 1e-3
"""Weight of the powers themselves beside their level in the test of feasibility; the level is at most 0.2 % high."""
_DOUBT = 0.01
"""A level found at reduced accuracy, a gap of at most 1e-4, decides on feasibility only when it is this far from 1."""


@dataclass(frozen=True)
class PowerLevel:
    """Outcome of the test of feasibility.

    Attributes:
        level: least common level ``u`` of both powers relative to their budgets; infinite if no power suffices, NaN
            if the test failed.
        status: CONVERGED (feasible), INFEASIBLE (proven, see ``judged``), INACCURATE (too near to 1 for the
            accuracy reached), or what became of the solver.
        start: lifted design at that level, without rank constraints; every user at the least rate.
        report: the solver's.
    """

    level: float
    status: Status
    start: Lifted | None
    report: SolveReport | None


NO_POWER_SUFFICES = PowerLevel(math.inf, Status.INFEASIBLE, None, None)
"""Of a trial without any signal, whatever the power."""


@dataclass(frozen=True)
class LiftedDesign:
    """Outcome of the procedure on one trial, in normalised units, before beams are recovered.

    Attributes:
        status: of the whole: see ``solve_pa1`` and ``solve_pa2``.
        power_level: least power level ``u``; feasible if at most 1.
        lifted: covariances, ``None`` without a start.
        history: ``min(sum R, R_s)`` in bit/s/Hz at the start and after every iteration, exact; guaranteed rates where
            channels have errors.
        iterations: semidefinite programs solved after the start.
        bs_rank_ratios: second over first eigenvalue of every ``W_m``.
        satellite_rank_ratio: the same of ``V``.
        reports: solver reports, that of the test of feasibility first.
    """

    status: Status
    power_level: float
    lifted: Lifted | None
    history: Float[np.ndarray, " step"]
    iterations: int
    bs_rank_ratios: Float[np.ndarray, " user"]
    satellite_rank_ratio: float
    reports: tuple[SolveReport, ...]


def power_level(problem: ParametricProblem, units: Scaling, report: SolveReport) -> PowerLevel:
    """What a solved test of feasibility says, not yet judged."""
    if not report.has_point:
        level = math.inf if report.status is Status.INFEASIBLE else math.nan
        return PowerLevel(level, report.status, None, report)
    return PowerLevel(float(problem.variables["level"].value), report.status, unscaled(problem, units), report)


def judged(test: Callable[[float], PowerLevel]) -> PowerLevel:
    """The verdict of a test of feasibility, ``test(weight of the powers beside their level)``.

    INFEASIBLE is proven by the dual of the convex test, which drops the rank constraints and with them can only lower
    the level: the solver's dual ray, or its dual value, equal to the level within the solver's accuracy. With a weight
    on the powers the level found is at most ``1 + 2 weight`` times the least one, which is allowed for.
    """
    found, high = test(_PREFERENCE), 1.0 + 2.0 * _PREFERENCE
    # The preference for little power raises the level by up to 0.2 %: near 1 the bare level decides.
    if 1.0 < found.level <= high:
        bare = test(0.0)
        found, high = (bare, 1.0) if bare.start is not None else (found, high)
    if found.start is None or found.level <= 1.0:
        return found
    certain = found.level > (high if found.status is Status.CONVERGED else 1.0 + _DOUBT)
    return replace(found, status=Status.INFEASIBLE if certain else Status.INACCURATE)


def designed(
    test: PowerLevel, users: int, procedure: Procedure[Lifted], scale: float = 1.0, options: LoopOptions | None = None
) -> LiftedDesign:
    """The procedure from ``scale`` times the design of the test, or the missing design of an infeasible trial."""
    reports = () if test.report is None else (test.report,)
    if test.start is None or not test.level <= 1.0:
        none = np.full(users, np.nan)
        return LiftedDesign(test.status, test.level, None, np.zeros(0), 0, none, math.nan, reports)
    start = Lifted(test.start.W * scale, test.start.V * scale, test.start.V0 * scale)
    outcome = successive_convex(procedure, start, options)
    return LiftedDesign(
        outcome.status,
        test.level,
        outcome.state,
        outcome.history,
        outcome.iterations,
        eigenvalue_ratio(outcome.state.W),
        float(eigenvalue_ratio(outcome.state.V)),
        reports + outcome.reports,
    )
