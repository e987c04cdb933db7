# pyright: reportUnknownMemberType=false
"""One convex solve that never raises: Clarabel, other Clarabel settings where it stalls, and an honest status."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import cvxpy_module

Settings = Mapping[str, Any]

CLARABEL_LADDER: tuple[Settings, ...] = (
    MappingProxyType({"static_regularization_constant": 3e-7}),
    MappingProxyType({}),
    MappingProxyType(
        {
            "max_step_fraction": 0.9,
            "static_regularization_constant": 1e-7,
            "equilibrate_max_iter": 50,
            "tol_gap_abs": 1e-5,
            "tol_gap_rel": 1e-5,
            "tol_feas": 1e-6,
        }
    ),
)
"""Settings to try in turn: full accuracy with 30 times Clarabel's regularisation; Clarabel's own; looser tolerances.

Lifted problems repeat every eigenvalue of a Hermitian matrix in the real cone. With the default regularisation
Clarabel ends them at reduced accuracy (a gap of 1e-6 instead of 1e-8), from 5e-8 to 1e-6 it solves them fully in as
many iterations; iterative refinement removes the regularisation's own error.
"""

_STATUS = {
    "optimal": Status.CONVERGED,
    "optimal_inaccurate": Status.INACCURATE,
    "infeasible": Status.INFEASIBLE,
    "user_limit": Status.MAX_STEPS,
}
"""CVXPY's status -> ours; all others are FAILED: an inaccurate certificate of infeasibility certifies nothing."""

_POINT = ("optimal", "optimal_inaccurate")


@dataclass(frozen=True)
class SolveReport:
    """How a convex solve ended.

    Attributes:
        status: CONVERGED; INACCURATE (a point at reduced accuracy); INFEASIBLE (certified by a dual ray); MAX_STEPS
            (no point within the limit); FAILED.
        value: optimal value, NaN without a point.
        attempts: settings tried.
        iterations: interior-point iterations of all attempts.
        seconds: wall-clock time of all attempts, compilation included.
        message: the solver's own word, one per attempt; a traceback where it raised.
    """

    status: Status
    value: float
    attempts: int
    iterations: int
    seconds: float
    message: str

    @property
    def has_point(self) -> bool:
        """The variables hold a point that may be used, after recomputing what matters."""
        return self.status in (Status.CONVERGED, Status.INACCURATE)


def status_of(solver_status: str) -> Status:
    """Our status for a word of CVXPY's: optimal, optimal_inaccurate, infeasible, user_limit, ..."""
    return _STATUS.get(solver_status, Status.FAILED)


def solve_with_retries(
    problem: Any, ladder: Sequence[Settings] = CLARABEL_LADDER, solver: str = "CLARABEL", accept_inaccurate: bool = True
) -> SolveReport:
    """Solve a ``cvxpy.Problem`` (or what holds one as ``.problem``); nothing is raised.

    Every attempt starts from scratch (``warm_start=False``), so that a result depends on the numbers alone and not on
    what was solved before. The first attempt with a point or a certificate ends the ladder.

    Args:
        problem: its parameters are set.
        ladder: solver settings to try in turn.
        solver: CVXPY's name of the solver.
        accept_inaccurate: take a point at reduced accuracy at once; otherwise the further settings are tried for a
            better one, and the last inaccurate point is taken if there is none.
    """
    problem = getattr(problem, "problem", problem)
    start, messages, iterations = time.perf_counter(), list[str](), 0
    status, fallback = Status.FAILED, None
    for settings in ladder:
        status, word, steps = _attempt(problem, solver, settings)
        messages.append(word)
        iterations += steps
        if status is Status.INACCURATE and not accept_inaccurate:
            fallback = (float(problem.value), _snapshot(problem))
            continue
        if status in (Status.CONVERGED, Status.INACCURATE, Status.INFEASIBLE):
            fallback = None
            break
    value = float(problem.value) if status in (Status.CONVERGED, Status.INACCURATE) else float("nan")
    if fallback is not None:
        status, value = Status.INACCURATE, fallback[0]
        for variable, saved in fallback[1]:
            variable.save_value(saved)
    seconds = time.perf_counter() - start
    return SolveReport(status, value, len(messages), iterations, seconds, "; ".join(messages))


def _attempt(problem: Any, solver: str, settings: Settings) -> tuple[Status, str, int]:
    options = {"max_threads": 1, **settings} if solver == "CLARABEL" else dict(settings)
    cvxpy = cvxpy_module()
    try:
        with warnings.catch_warnings():
            # CVXPY warns of inaccurate points; the status says so.
            warnings.simplefilter("ignore")
            problem.solve(solver=solver, warm_start=False, verbose=False, **options)
    except cvxpy.error.SolverError as error:
        return Status.FAILED, f"solver_error ({error})", 0
    except Exception:
        return Status.FAILED, traceback.format_exc(), 0
    word = str(problem.status)
    steps = int(getattr(problem.solver_stats, "num_iters", 0) or 0)
    status = status_of(word)
    if word in _POINT and not _has_values(problem):
        return Status.FAILED, f"{word} without values", steps
    return status, word, steps


def _has_values(problem: Any) -> bool:
    return all(variable.value is not None for variable in problem.variables())


def _snapshot(problem: Any) -> list[tuple[Any, Any]]:
    return [(variable, variable.value) for variable in problem.variables()]
