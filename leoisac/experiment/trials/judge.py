"""What counts: the outcome of a batch of designs, decided from what ``evaluate`` measured and not from solvers' word.

One rule for all that leaves the package, ``settled``: designs of ``li.design``, rows of a campaign, benchmarks, files.
A design is usable when CONVERGED, or INACCURATE or MAX_STEPS with a violation within the system's tolerance. The
violation is the larger of the solver's own figure and the largest shortfall among the margins that the scheme enforces;
a "converged" design that misses its constraints is INACCURATE. A design whose objective, violation or any metric is not
finite is NONFINITE, whatever its solver called it; so is one called INFEASIBLE by a solver that could not say by how
much: a certificate stands on numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leoisac.experiment.contracts import Scheme
from leoisac.foundation.status import Solution, Status

NOT_RUN = -1
"""Stored in place of a status for a trial that has not been computed yet."""


@dataclass(frozen=True)
class Outcome:
    """Judged batch: every array has the trial axis first; what has no usable design is a missing value (NaN)."""

    status: np.ndarray
    usable: np.ndarray
    violation: np.ndarray
    objective: np.ndarray
    iterations: np.ndarray
    history: np.ndarray
    metrics: Mapping[str, np.ndarray]


def settled(
    scheme: Scheme | None, solution: Solution[Any], metrics: Mapping[str, Any], tolerance: float
) -> Solution[Any]:
    """The solution with the statuses and violations that it deserves.

    Args:
        scheme: what it promises; nothing where it is not known.
        solution: as the solver has it.
        metrics: of its designs, from ``evaluate``.
        tolerance: the system's.

    Returns:
        A solution in which no design counts whose objective, violation or metrics are not finite, or that misses what
        its scheme enforces by more than the tolerance.

    Raises:
        ValueError: if the solution's arrays do not have one entry per trial, or hold an unknown status.
    """
    count = _trial_count(metrics)
    status = _column(solution.status, count, "status").astype(np.int8)
    if not np.isin(status, [int(item) for item in Status]).all():
        raise ValueError(f"status: unknown codes {sorted(set(status.tolist()))}.")
    own = _column(solution.violation, count, "violation").astype(np.float64)
    violation = np.fmax(own, _shortfall(scheme, metrics, count)) + 0.0  # one zero: a sign says nothing here
    finite = np.isfinite(_column(solution.objective, count, "objective")) & np.isfinite(own)
    for values in metrics.values():
        finite &= np.isfinite(np.asarray(values).reshape(count, -1)).all(axis=1)
    boasts = (status == Status.CONVERGED) & (violation > tolerance)
    status = np.where(boasts, Status.INACCURATE, status)
    claims_design = np.isin(status, [Status.CONVERGED, Status.INACCURATE, Status.MAX_STEPS])
    unfounded = (status == Status.INFEASIBLE) & np.isnan(own)
    status = np.where((claims_design & ~finite) | unfounded, Status.NONFINITE, status)
    return replace(solution, status=status.astype(np.int8), violation=violation)


def judge(scheme: Scheme, solution: Solution[Any], metrics: Mapping[str, Any], tolerance: float) -> Outcome:
    """The outcome of a batch of designs, ``settled`` first.

    Raises:
        ValueError: if the solution's arrays do not have one entry per trial, or hold an unknown status.
    """
    count = _trial_count(metrics)
    solution = settled(scheme, solution, metrics, tolerance)
    usable = is_usable(solution.status, solution.violation, tolerance)
    objective = np.asarray(solution.objective).astype(np.float64)
    return Outcome(
        status=solution.status,
        usable=usable,
        violation=solution.violation,
        objective=np.where(usable, objective, np.nan),
        iterations=_column(solution.iterations, count, "iterations").astype(np.int32),
        history=_trimmed(np.asarray(solution.history, dtype=np.float64), count),
        metrics={name: _masked(np.asarray(values), usable) for name, values in metrics.items()},
    )


def failed(count: int) -> Outcome:
    """Rows of a batch whose solver raised an exception."""
    missing = np.full(count, np.nan)
    return Outcome(
        status=np.full(count, Status.FAILED, dtype=np.int8),
        usable=np.zeros(count, dtype=bool),
        violation=missing,
        objective=missing,
        iterations=np.zeros(count, dtype=np.int32),
        history=np.empty((count, 0)),
        metrics={},
    )


def is_usable(status: np.ndarray, violation: np.ndarray, tolerance: float) -> np.ndarray:
    """Which designs count in statistics."""
    nearly = (status == Status.INACCURATE) | (status == Status.MAX_STEPS)
    return (status == Status.CONVERGED) | (nearly & (violation <= tolerance))


def _shortfall(scheme: Scheme | None, metrics: Mapping[str, Any], count: int) -> np.ndarray:
    """Largest relative shortfall over the margins that the scheme enforces; 0 where all are met."""
    worst = np.zeros(count)
    for name in scheme.enforces if scheme else ():
        if f"margin_{name}" in metrics:
            margins = np.asarray(metrics[f"margin_{name}"], dtype=np.float64).reshape(count, -1)
            worst = np.fmax(worst, -np.fmin.reduce(margins, axis=1, initial=np.inf))
    return worst


def _trial_count(metrics: Mapping[str, Any]) -> int:
    return int(np.shape(next(iter(metrics.values())))[0])


def _column(values: Any, count: int, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (count,):
        raise ValueError(f"{name}: has shape {array.shape}, expected one entry for each of {count} trials.")
    return array


def _masked(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    return np.where(usable.reshape(-1, *([1] * (values.ndim - 1))), values.astype(np.float64), np.nan)


def _trimmed(history: np.ndarray, count: int) -> np.ndarray:
    """History without the columns past the longest solve."""
    if history.ndim != 2 or history.shape[0] != count:
        raise ValueError(f"history: has shape {history.shape}, expected ({count}, iterations).")
    used = np.flatnonzero(~np.isnan(history).all(axis=0))
    return history[:, : int(used[-1]) + 1 if len(used) else 0]
