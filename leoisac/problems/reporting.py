# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""From final points to what a user reads: values, margins, multipliers, statuses, all in the statement's units."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.lanes import concatenate
from leoisac.foundation.status import DesignError, Status
from leoisac.problems.bounds import NONE, Bound
from leoisac.problems.certificates import bounds_of, natural_coordinates, proven_infeasible
from leoisac.problems.formulation import DIFFERENCE, LOGARITHM, Scaling, constraint_rows, has_least
from leoisac.problems.points import FEASIBILITY, LOOSE, Ended, Point
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.programs import Judged, Programs
from leoisac.problems.solution import StatedSolution
from leoisac.problems.starts import groups
from leoisac.problems.statement import ProblemError
from leoisac.problems.trial_data import TrialData
from leoisac.problems.variables import Real


def by_name(layout: Layout, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of all rows ``(trial, row)`` as arrays ``(trial, *shape)`` by the name of their constraint."""
    return {block.name: rows[:, block.rows].reshape(len(rows), *block.shape) for block in layout.blocks}


def physical_multipliers(
    layout: Layout, scaling: Scaling, quantities: Any, objective: np.ndarray, multipliers: np.ndarray
) -> np.ndarray:
    """Derivative of the best objective with respect to every bound, ``(trial, row)``.

    A row ``c`` of the engine with multiplier ``lambda`` lowers its objective by ``lambda`` per unit of relaxation, so
    that a change of the bound costs ``-lambda dc/dbound``.
    """
    equals, at_most = layout.mask("equals"), layout.mask("at_most")
    count, again = layout.rows, np.flatnonzero(equals)
    quantity, bound = quantities.quantity, quantities.bound
    forward = _slope_of_row(scaling, slice(0, count), quantity, bound, bound_is_larger=at_most)
    price = -multipliers[:, :count] * forward
    if len(again):
        backward = _slope_of_row(
            scaling,
            slice(count, count + len(again)),
            quantity[:, again],
            bound[:, again],
            bound_is_larger=np.ones(len(again), bool),
        )
        price[:, again] -= multipliers[:, count : count + len(again)] * backward
    # From the engine's objective to the statement's.
    sign = 1.0 if layout.sense == "minimise" else -1.0
    unit = sign / scaling.objective
    if has_least(layout):
        unit = unit * np.where(scaling.logarithmic, objective, scaling.spread)
    return price * unit[:, None]


def _slope_of_row(scaling: Scaling, rows: slice, quantity: Any, bound: Any, bound_is_larger: np.ndarray) -> np.ndarray:
    """Derivative of the scaled row with respect to its bound."""
    form, factor = scaling.form[:, rows], scaling.factor[:, rows]
    sign = np.where(bound_is_larger, 1.0, -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = sign / bound
        # 1 - smaller / larger, by the larger or the smaller side.
        ratio = np.where(bound_is_larger, quantity / bound**2, -1.0 / quantity)
    slope = np.where(form == DIFFERENCE, sign, np.where(form == LOGARITHM, logarithm, ratio))
    return factor * slope


def element_weights(layout: Layout, scaling: Scaling, multipliers: np.ndarray) -> np.ndarray | None:
    """Weights of the elements of a ``maximise_least`` objective, sum one; None for other objectives."""
    if not has_least(layout):
        return None
    rows = slice(constraint_rows(layout), None)
    weights = multipliers[:, rows] * scaling.factor[:, rows]
    total = weights.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, weights / np.where(total > 0.0, total, 1.0), 1.0 / layout.elements)


def relative_gap(layout: Layout, objective: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """How far the objective is from its bound, relative to the larger of the two."""
    difference = objective - bound if layout.sense == "minimise" else bound - objective
    size = np.maximum(np.abs(objective), np.abs(bound))
    return difference / np.where(size > 0.0, size, 1.0)


def told(bound: Bound) -> str:
    """A bound in words."""
    if bound.kind == NONE:
        return f"no bound known: {bound.reason}".rstrip(": ")
    return f"{bound.kind} bound" + (f"; {bound.reason}" if bound.reason else "")


def joined(parts: list[StatedSolution]) -> StatedSolution:
    """Blocks of trials, one after the other."""
    if len(parts) == 1:
        return parts[0]
    fields = [{**vars(part), "certificate": np.asarray(part.certificate, object)} for part in parts]
    together: Any = concatenate(fields)
    return StatedSolution(**{**together, "certificate": tuple(together["certificate"])})


def raise_unusable(solution: StatedSolution) -> None:
    """DesignError where a trial has no usable design."""
    bad = np.flatnonzero(solution.status != Status.CONVERGED)
    if len(bad):
        first = int(bad[0])
        status = Status(int(solution.status[first]))
        raise DesignError(
            f"{len(bad)} of {len(solution.status)} trials have no usable design (trials "
            f"{', '.join(map(str, bad[:8]))}{', ...' if len(bad) > 8 else ''}); trial {first}: {status.name}, largest "
            f"relative violation {solution.violation[first]:.1e}. {status.advice}"
        )


def statuses(at: Point, violation: np.ndarray) -> np.ndarray:
    """Statuses of final points, before anything is known of infeasibility."""
    met = violation <= FEASIBILITY
    settled = (at.kkt <= LOOSE) | (at.status == Status.CONVERGED) & (at.kkt <= 10.0 * LOOSE)
    ended = np.where(settled, int(Status.CONVERGED), int(Status.MAX_STEPS))
    return np.where(met, ended, int(Status.NO_FEASIBLE_POINT)).astype(np.int32)


_LONGER = (1e3, 1e6, 1e9, 1e12, 1e15)
"""Factors by which variables grow where a missing limit is looked for: a constraint may forbid a large one that a small
one is far from."""
_FLAT = 1e-6
"""Relative change of the objective that is none."""


def _grows_without_end(
    problem: Problem, compiled: Programs, data: TrialData, best: Point, judged: Judged, scaling: Scaling
) -> np.ndarray:
    """Trials ``(trial,)`` whose objective still gains when variables grow a thousandfold, and whose constraints let
    them grow as far as numbers go.

    Raises:
        ProblemError: that is so in some trials, and in the others nothing forbids it either: a limit is missing.
    """
    endless, free = np.zeros(data.trials, bool), np.zeros(data.trials, bool)
    known = np.isfinite(judged.cost) & (judged.violation <= FEASIBILITY)
    for group in groups(problem):
        gain, allowed, size = np.zeros(data.trials), known, np.abs(judged.cost)
        for factor in _LONGER:
            if not allowed.any():
                break
            longer = compiled.judge(None, np.where(group, factor * best.x, best.x), data.arrays, scaling)
            # Numbers that overflow say nothing of a constraint.
            finite = np.isfinite(longer.cost) & np.isfinite(longer.violation)
            allowed = allowed & np.where(finite, longer.violation <= FEASIBILITY, factor > _LONGER[0])
            allowed &= ~finite | (longer.cost - judged.cost <= _FLAT * np.abs(judged.cost))
            if factor == _LONGER[0]:
                gain, size = judged.cost - longer.cost, np.maximum(size, np.abs(longer.cost))
        endless |= allowed & (gain > _FLAT * size)
        free |= allowed
    if endless.any() and (endless | free)[np.isfinite(judged.cost)].all():
        grown = [name for name, kind in problem.variables.items() if kind.is_amplitude or isinstance(kind, Real)]
        raise ProblemError(
            f"The objective of {problem.name} has no limit: it still gains when {' or '.join(grown)} grow a "
            "thousandfold, and no constraint forbids it. A limit is missing, such as at_most(li.terms.power(v.w), "
            "d.power)."
        )
    return endless


def reported(problem: Problem, compiled: Programs, data: TrialData, ended: Ended, certify: bool) -> StatedSolution:
    """Solution of a block of trials, recomputed from the final values."""
    layout, best = data.layout, ended.best
    # What a bound of zero is compared with is measured where the point is, not where its solve began.
    here = compiled.measure(None, best.x, data.arrays).scaling
    judged = compiled.judge(None, best.x, data.arrays, here)
    status = statuses(best, judged.violation)
    endless = _grows_without_end(problem, compiled, data, best, judged, here)
    unfinished = endless | (ended.improvable & (status == int(Status.CONVERGED)))
    status = np.where(unfinished, int(Status.MAX_STEPS), status)
    finite = np.isfinite(judged.objective) & np.isfinite(judged.violation)
    status = np.where(finite, status, int(Status.NONFINITE)).astype(np.int32)
    prices = physical_multipliers(layout, best.scaling, judged.quantities, judged.objective, best.multipliers)
    usable = status == int(Status.CONVERGED)
    bound, certificate = np.full(data.trials, np.nan), np.full(data.trials, "no design to bound", object)
    if certify and usable.any():
        rows = np.flatnonzero(usable)
        natural = natural_coordinates(problem, judged.values, best.x)[rows]
        weights = element_weights(layout, best.scaling, best.multipliers)
        found = bounds_of(
            problem, layout, natural, prices[rows], None if weights is None else weights[rows], data.of(rows)
        )
        bound[rows] = [one.value for one in found]
        certificate[rows] = [told(one) for one in found]
    elif not certify:
        certificate[:] = "not asked for"
    certificate[unfinished] = "no optimum: small steps still gain, although the optimality conditions hold"
    certificate[endless] = "unbounded: the objective gains as long as the variables grow"
    if certify and ended.phase is not None:
        lost, phase = ended.lost, ended.phase
        x = natural_coordinates(problem, compiled.judge(None, phase.x, data.of(lost), phase.scaling).values, phase.x)
        proven = proven_infeasible(problem, layout, x, phase.multipliers, phase.soft, phase.scaling, data.of(lost))
        status[lost[proven]] = int(Status.INFEASIBLE)
        certificate[lost[proven]] = (
            "infeasible: proven, by multipliers under which the constraints contradict each other"
        )
    return StatedSolution(
        value=judged.values,
        status=status,
        objective=np.where(judged.violation <= FEASIBILITY, judged.objective, np.nan),
        violation=np.where(finite, judged.violation, np.inf),
        iterations=best.ticks,
        history=np.zeros((data.trials, 0)),
        margin=by_name(layout, judged.margins),
        multipliers=by_name(layout, np.where(usable[:, None], prices, np.nan)),
        kkt=best.kkt,
        bound=bound,
        gap=relative_gap(layout, judged.objective, bound),
        certificate=tuple(str(text) for text in certificate),
        agreeing_starts=ended.agreeing,
        least_violation=np.where(judged.violation <= FEASIBILITY, 0.0, judged.violation),
    )
