# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""``li.solve``: designs for every trial of a stated problem.

From each start once, in the scales of that start; then from the best result again, in its own scales, until the
optimality conditions hold to a relative residual (a solver's own tolerances are absolute, and mean nothing before the
scale is right). A result that is worse than a feasible start, or has better points beside it, is left for a cautious
walk (``caution``) from there. What is reported is recomputed from the final values of the variables, in the
statement's units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from leoisac.foundation.backend import using
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.optim.batched.engine import best_start
from leoisac.problems.caution import Reference, better_nearby, reference_of, walked
from leoisac.problems.descent import GAIN, OPTIONS, descend, improves, is_settled, polished
from leoisac.problems.feasibility import Phase, first_phase
from leoisac.problems.formulation import OBJECTIVE_LENGTH, Scaling, has_least
from leoisac.problems.given import unit_scaling
from leoisac.problems.points import FEASIBILITY, Ended, Point
from leoisac.problems.problem import Layout, Problem
from leoisac.problems.programs import Judged, Programs, programs
from leoisac.problems.reduction import Reduction, reduction_of
from leoisac.problems.reporting import joined, raise_unusable, reported
from leoisac.problems.scaling import Measured
from leoisac.problems.solution import StatedSolution
from leoisac.problems.starts import DECADES, DEFAULT_STARTS, FINE_DECADES, directions, groups, own_starts
from leoisac.problems.statement import ProblemError
from leoisac.problems.trial_data import TrialData, arrange

_MOST_CHANGE = 1e3
"""Largest change of the factor on the objective from pass to pass."""
_WITHIN_REACH = 1e-3
"""Relative violation up to which another pass is made."""
MOST_PASSES = 4
"""Solves from the best result, each in scales of its own start."""
BLOCK = 256
"""Trials that are held in memory together."""


@in_double
def solve(
    problem: Problem,
    data: Any,
    *,
    starts: int | None = None,
    start: Mapping[str, Any] | None = None,
    seed: int = 0,
    certificate: Literal["auto", "none"] = "auto",
    backend: Literal["auto", "jax", "native"] = "auto",
    trials: int | None = None,
    throw: bool = False,
) -> StatedSolution:
    """Solve a stated problem for every trial of its data.

    Args:
        problem: the statement with its variables.
        data: mapping, or other pytree, of arrays and numbers: with a leading trial axis, of the same length for all
            that have one, or common to all trials.
        starts: starts per trial besides those of ``start``; by default 8, or all that the problem has of its own.
        start: starts of your own: arrays by variable name, ``(trial, *shape)`` or ``(trial, start, *shape)``; tried
            first. A variable that is left out starts as it would have otherwise.
        seed: of the random starts.
        certificate: ``"auto"`` for a bound of the objective, and proofs of infeasibility, where they can be had.
        backend: of the engine: machine code by the C++ compiler of this machine, or JAX; ``"auto"`` is native where
            there is a compiler (docs/engine.md).
        trials: number of trials, where the data leave it open (1: no array has a trial axis).
        throw: raise when a trial has no usable design, instead of reporting it by its status.

    Returns:
        Designs, margins, multipliers and bounds with a status per trial. Numbers of a trial do not depend on the other
        trials of the call.

    Raises:
        ProblemError: the statement, the data or the starts cannot be used as they are.
        DesignError: with ``throw``, naming the trials without a usable design.
    """
    _check_options(problem, starts, start, certificate, backend)
    arranged = arrange(problem, data, trials)
    own = own_starts(problem, arranged.trials, start)
    with using(backend):
        blocks = [
            _solved_block(
                problem, arranged.block(first, BLOCK), starts, seed, _block_of(own, first), certificate == "auto"
            )
            for first in range(0, arranged.trials, BLOCK)
        ]
    solution = joined(blocks)
    if throw:
        raise_unusable(solution)
    return solution


def _solved_block(
    problem: Problem,
    data: TrialData,
    count: int | None,
    seed: int,
    own: Mapping[str, np.ndarray] | None,
    certify: bool,
) -> StatedSolution:
    """Solution of a block of trials."""
    starts = DEFAULT_STARTS if count is None else count
    if problem.starts is not None:
        own, starts = _with_those_of_the_problem(problem, data, count, own), 0
    smaller = reduction_of(problem, data) if problem.scaling == "gradients" else None
    if smaller is None:
        ended = _ended(problem, data, starts, seed, own)
    else:
        ended = _expanded(
            problem, data, smaller, _ended(smaller.problem, smaller.data, starts, seed, smaller.inside(own))
        )
    return reported(problem, programs(problem, data.layout), data, ended, certify)


def _ended(problem: Problem, data: TrialData, starts: int, seed: int, own: Mapping[str, np.ndarray] | None) -> Ended:
    """All passes of a block of trials."""
    compiled = programs(problem, data.layout)
    x = _starting_points(problem, compiled, data, starts, seed, own)
    counts = x.shape[1]
    trial = data.of(np.repeat(np.arange(data.trials), counts))
    x = x.reshape(-1, problem.coordinates)
    scaling = _scales_at(problem, compiled, data.layout, x, trial, counts)
    began = compiled.judge(None, x, trial, scaling)
    _check_some_start(problem, data, began, counts)
    first = descend(problem, compiled, data.layout, x, trial, scaling)
    cost, violation = first.cost.reshape(-1, counts), first.violation.reshape(-1, counts)
    chosen = best_start(cost, violation, FEASIBILITY)
    best = first.taken(np.arange(data.trials) * counts + chosen)
    best = best._replace(ticks=first.ticks.reshape(-1, counts).sum(axis=1))
    best = _refined(problem, compiled, data, best)
    safe = reference_of(problem, compiled, data, x.reshape(data.trials, counts, -1), began)
    strayed = np.flatnonzero(safe.passes(best))
    best = _from_safe_points(problem, compiled, data, best, strayed, safe.x[strayed])
    best, lost, phase = _found_feasible(problem, compiled, data, best)
    best, improvable = _escaped(problem, compiled, data, best, safe)
    agreeing = agreement(cost, violation, best.cost)
    # The start that led there agrees with itself, also where further passes have moved on.
    led = np.take_along_axis(violation, chosen[:, None], axis=1)[:, 0] <= FEASIBILITY
    led[strayed] = True
    return Ended(best, np.maximum(agreeing, led & (best.violation <= FEASIBILITY)), lost, phase, improvable)


def _from_safe_points(
    problem: Problem, compiled: Programs, data: TrialData, best: Point, trials: np.ndarray, x: np.ndarray
) -> Point:
    """With some trials walked on from feasible points ``x`` that are better than where they stand."""
    if not len(trials):
        return best
    at = walked(problem, compiled, data.layout, x, best.taken(trials), data.of(trials))
    return best.updated(trials, _refined(problem, compiled, data.chosen(trials), at))


_ESCAPES = 2
"""Times that a trial leaves a stationary point that is no optimum."""


def _escaped(
    problem: Problem, compiled: Programs, data: TrialData, best: Point, safe: Reference
) -> tuple[Point, np.ndarray]:
    """Points without better ones beside them, and the trials for which that could not be had."""
    improvable = np.zeros(data.trials, bool)
    trials = np.flatnonzero(best.violation <= FEASIBILITY)
    for left in reversed(range(_ESCAPES + 1)):
        if not len(trials):
            break
        x, found = better_nearby(problem, compiled, best.taken(trials), data.of(trials), safe.cost[trials])
        trials, x = trials[found], x[found]
        if left:
            best = _from_safe_points(problem, compiled, data, best, trials, x)
    improvable[trials] = True
    return best, improvable


def _with_those_of_the_problem(
    problem: Problem, data: TrialData, count: int | None, own: Mapping[str, np.ndarray] | None
) -> dict[str, np.ndarray]:
    """Starts ``(trial, start, *shape)``: the user's, then the first ``count`` of the problem's own."""
    found: dict[str, np.ndarray] = programs(problem, data.layout).own_starts(None, data.arrays)
    if own is None:
        return {name: values[:, :count] for name, values in found.items()}
    mine = next(iter(own.values())).shape[1]
    # A variable that the user leaves out starts where the problem's own first start has it.
    given = {name: own.get(name, np.repeat(values[:, :1], mine, axis=1)) for name, values in found.items()}
    return {name: np.concatenate([given[name], values[:, :count]], axis=1) for name, values in found.items()}


def _expanded(problem: Problem, data: TrialData, smaller: Reduction, ended: Ended) -> Ended:
    """Points of a reduced problem as points of all antennas, with the optimality conditions looked at there."""
    everyone = np.arange(data.trials)

    def moved(x: np.ndarray, scaling: Scaling, trials: np.ndarray) -> tuple[np.ndarray, Scaling]:
        whole = smaller.expanded(problem, x, trials)
        # A basis keeps norms: every variable has the scale that it had.
        first_of = np.cumsum([0, *(kind.coordinates for kind in smaller.problem.variables.values())])[:-1]
        lengths = [kind.coordinates for kind in problem.variables.values()]
        coordinates = np.repeat(scaling.coordinates[:, first_of], lengths, axis=1)
        return whole, scaling._replace(coordinates=coordinates)

    x, scaling = moved(ended.best.x, ended.best.scaling, everyone)
    instance = {"trial": data.arrays, "scaling": scaling}
    seen = programs(problem, data.layout).looked_at(None, x, ended.best.multipliers, instance)
    best = ended.best._replace(x=x, scaling=scaling, multipliers=seen.multipliers, kkt=seen.kkt)
    phase = ended.phase
    if phase is not None:
        x, scaling = moved(phase.x, phase.scaling, ended.lost)
        phase = phase._replace(x=x, scaling=scaling)
    return ended._replace(best=best, phase=phase)


def _starting_points(
    problem: Problem,
    compiled: Programs,
    data: TrialData,
    starts: int,
    seed: int,
    own: Mapping[str, np.ndarray] | None,
) -> np.ndarray:
    """Coordinates ``(trial, start, coordinate)``, the user's own first."""
    size = problem.coordinates
    mine = 0 if own is None else next(iter(own.values())).shape[1]
    x = directions(problem, data, starts + mine, seed)
    trial = data.of(np.repeat(np.arange(data.trials), starts + mine))
    flat = x.reshape(-1, size)
    all_given = not starts and own is not None and len(own) == len(problem.variables)
    for decades in () if all_given or problem.scaling == "given" else (DECADES, FINE_DECADES):
        flat = compiled.magnitude({"groups": groups(problem), "decades": decades}, flat, trial)
    x = flat.reshape(data.trials, -1, size)
    if own is None:
        return x
    # Library starts first in `directions`: the user's own take their numbers at the end, and stand first here.
    given, first = x[:, starts:].copy(), 0
    for name, kind in problem.variables.items():
        if name in own:
            given[..., first : first + kind.coordinates] = kind.locate(own[name])
        first += kind.coordinates
    return np.concatenate([given, x[:, :starts]], axis=1)


def _check_some_start(problem: Problem, data: TrialData, judged: Judged, starts: int) -> None:
    """Refuse a statement that gives no finite number at any start of any trial with finite data."""
    sides = np.concatenate([judged.quantities.quantity, judged.quantities.bound], axis=1)
    finite = np.isfinite(judged.objective) & np.isfinite(sides).all(axis=1)
    sound = np.flatnonzero(data.finite())
    if finite.any() or not len(sound):
        return
    first = int(sound[0]) * starts
    bad = [] if np.isfinite(judged.objective[first]) else [f"objective {judged.objective[first]}"]
    for block in data.layout.blocks:
        quantity, bound = judged.quantities.quantity[first, block.rows], judged.quantities.bound[first, block.rows]
        if not (np.isfinite(quantity).all() and np.isfinite(bound).all()):
            bad.append(f"constraint {block.name!r} ({quantity} against {bound})")
    raise ProblemError(
        f"The statement {problem.name} gives no finite number at any start of any trial; in trial {sound[0]}: "
        f"{'; '.join(bad)}. Look for a division by zero, and for logarithms and roots of what is not positive; where a "
        "particular start avoids it, pass it as start={...}."
    )


def _scales_at(
    problem: Problem, compiled: Programs, layout: Layout, x: np.ndarray, trial: Any, starts: int | None = None
) -> Scaling:
    """Scales at points, ``starts`` of every trial in turn where given."""
    if problem.scaling == "given":
        return unit_scaling(layout, problem.coordinates, len(x))
    measured: Measured = compiled.measure(None, x, trial)
    return measured.scaling if starts is None else _scales_of_starts(layout, measured, starts)


def _scales_of_starts(layout: Layout, measured: Measured, starts: int) -> Scaling:
    """Every start in its own scales, but one factor on the objective for all starts of a trial."""
    if has_least(layout):
        return measured.scaling
    slope = measured.slope.reshape(-1, starts)
    # A start in a hollow of the objective must not set the scale, nor one on a cliff.
    ordered = np.sort(np.where(np.isfinite(slope) & (slope > 0.0), slope, np.inf), axis=1)
    middle = np.maximum(np.isfinite(ordered).sum(axis=1) - 1, 0) // 2
    usual = np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]
    factor = OBJECTIVE_LENGTH / np.where(np.isfinite(usual), usual, 1.0)
    return measured.scaling._replace(objective=np.repeat(factor, starts))


def _refined(problem: Problem, compiled: Programs, data: TrialData, best: Point) -> Point:
    """Polished, and with further passes, rescaled at the best point, for the trials that are not settled then."""
    best = polished(compiled, best, data.arrays)
    # What is far from feasible is for the first phase, which knows how: more of the same is in vain.
    open_trials = np.flatnonzero(np.isfinite(best.cost) & ~is_settled(best) & (best.violation <= _WITHIN_REACH))
    for _ in range(MOST_PASSES if problem.scaling == "gradients" else 0):
        if not len(open_trials):
            break
        at, trial = best.taken(open_trials), data.of(open_trials)
        scaling = compiled.measure(None, at.x, trial).scaling
        # A gradient that vanishes at the best point gives no scale: there, the one before is kept.
        low, high = at.scaling.objective / _MOST_CHANGE, at.scaling.objective * _MOST_CHANGE
        scaling = scaling._replace(objective=np.clip(scaling.objective, low, high))
        after = polished(compiled, descend(problem, compiled, data.layout, at.x, trial, scaling), trial)
        after = after._replace(ticks=after.ticks + at.ticks)
        better = improves(after, at)
        best = best.updated(open_trials[better], after.taken(better))
        gained = (at.cost - after.cost > GAIN * np.abs(at.cost)) | (after.kkt < 0.5 * at.kkt)
        gained |= (at.violation > FEASIBILITY) & (after.violation < 0.5 * at.violation)
        open_trials = open_trials[~is_settled(best)[open_trials] & better & gained]
    return best


def _found_feasible(
    problem: Problem, compiled: Programs, data: TrialData, best: Point
) -> tuple[Point, np.ndarray, Phase | None]:
    """First phase for the trials without a feasible point; those that it helps are solved from there.

    Returns:
        The points, and for the trials that stay without: their numbers and the outcome of their first phase.
    """
    lost = np.flatnonzero(np.isfinite(best.cost) & ~(best.violation <= FEASIBILITY))
    if not len(lost):
        return best, lost, None
    at, trial = best.taken(lost), data.of(lost)
    scaling = compiled.measure(None, at.x, trial).scaling
    phase = first_phase(problem, compiled.softness, compiled.elastic, at.x, trial, scaling, OPTIONS)
    scaling = compiled.measure(None, phase.x, trial).scaling
    phase = first_phase(problem, compiled.softness, compiled.elastic, phase.x, trial, scaling, OPTIONS)
    judged = compiled.judge(None, phase.x, trial, scaling)
    helped = (judged.violation <= FEASIBILITY) & np.isfinite(judged.cost)
    closer = judged.violation < at.violation
    unknown = np.full(len(lost), np.inf)
    scaling = _scales_at(problem, compiled, data.layout, phase.x, trial)
    moved = at._replace(x=phase.x, cost=judged.cost, violation=judged.violation, scaling=scaling, kkt=unknown)
    best = best.updated(lost[closer], moved.taken(closer))
    if helped.any():
        found = data.of(lost[helped])
        scaling = _scales_at(problem, compiled, data.layout, phase.x[helped], found)
        again = descend(problem, compiled, data.layout, phase.x[helped], found, scaling)
        better = again.violation <= FEASIBILITY
        best = best.updated(lost[helped][better], again.taken(better))
        refined = _refined(problem, compiled, data.chosen(lost[helped]), best.taken(lost[helped]))
        best = best.updated(lost[helped], refined)
    kept = np.flatnonzero(~(best.violation[lost] <= FEASIBILITY))
    return best, lost[kept], jax.tree.map(lambda leaf: leaf[kept], phase) if len(kept) else None


def agreement(cost: np.ndarray, violation: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Number of starts ``(trial,)`` that ended at the best objective, to one part in a thousand."""
    close = np.abs(cost - best[:, None]) <= 1e-3 * np.abs(best[:, None])
    return np.sum(close & (violation <= FEASIBILITY), axis=1)


def _block_of(own: Mapping[str, np.ndarray] | None, first: int) -> dict[str, np.ndarray] | None:
    return None if own is None else {name: array[first : first + BLOCK] for name, array in own.items()}


def _check_options(problem: Any, starts: Any, start: Any, certificate: str, backend: str) -> None:
    if not isinstance(problem, Problem):
        raise ProblemError(
            f"The first argument is a {type(problem).__name__}; it must be a Problem: "
            "li.Problem(statement, variables={...})."
        )
    if starts is not None and (isinstance(starts, bool) or not isinstance(starts, int | np.integer) or starts < 0):
        raise ProblemError(f"starts = {starts!r}; it must be a whole number, or None for the default.")
    if starts == 0 and start is None:
        raise ProblemError("starts = 0, and none of your own: there is no start to solve from.")
    if certificate not in ("auto", "none"):
        raise ProblemError(f'certificate = {certificate!r}; it must be "auto" or "none".')
    if backend not in ("auto", "jax", "native"):
        raise ProblemError(f'backend = {backend!r}; it must be "auto", "jax" or "native".')
