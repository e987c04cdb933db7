# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Solve many instances of one smooth constrained problem at once.

The public face of the engine: augmented Lagrangian with L-BFGS for every instance by itself
(``augmented_lagrangian``), then Newton ``restoration``. It has two backends, between which ``foundation.backend``
chooses: programs of XLA with instances side by side in lanes (``lanes``), and machine code of one instance at a time
(``optim.native``).

Results are the same bits in a batch of 1 or 10 000, in any order. In native code an instance is alone; in a program of
XLA a lane never sees its neighbours, the number of lanes never changes and every instance starts at the first tick of a
block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from leoisac.foundation.backend import threads, translated
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.last_solutions import last_solutions
from leoisac.foundation.status import Status
from leoisac.optim.batched.lanes import programs_of, restore_queue, run_queue
from leoisac.optim.begin import Begin
from leoisac.optim.native.engine import native_programs, program_of
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Path, Problem, key_of, stages_of


@dataclass(frozen=True)
class EngineResult:
    """Outcome of a batch; every field has the instance axis first.

    ``status`` is ``CONVERGED`` (stopping rule met, violation within ``feasibility``), ``INACCURATE`` (stopping rule
    met, but restoration left a larger violation), ``MAX_STEPS`` (a limit of the options ended the solve, or feasibility
    stalled) or ``NONFINITE``. The engine never says ``INFEASIBLE``: that needs a certificate of the problem's own.
    """

    x: Float[np.ndarray, "instance n"]
    objective: Float[np.ndarray, " instance"]
    """``fc`` at ``x``, after restoration."""
    violation: Float[np.ndarray, " instance"]
    """Largest ``-c`` at ``x``, at least 0; infinite where a constraint is not finite."""
    multipliers: Float[np.ndarray, "instance m"]
    """Of the Lagrangian ``objective - multipliers . c``, from the last round (before restoration)."""
    status: Int[np.ndarray, " instance"]
    ticks: Int[np.ndarray, " instance"]
    """Evaluations of value and gradient."""
    rounds: Int[np.ndarray, " instance"]
    """Multiplier updates."""
    stages: Int[np.ndarray, " instance"]
    """Stages of the path that were left behind; all but the last one where the solve went through."""
    objective_history: Float[np.ndarray, "instance round"]
    """Objective at the end of each round (of its stage), before restoration; NaN after the last."""
    violation_history: Float[np.ndarray, "instance round"]
    """Violation at the end of each round, before restoration; NaN after the last."""


@in_double
def solve(
    fc: Problem, x0: ArrayLike, data: Any, options: EngineOptions | None = None, path: Path = None
) -> EngineResult:
    """Minimise ``objective(x)`` subject to ``c(x) >= 0`` for a batch of instances, from one start each.

    Args:
        fc: ``fc(x, data) -> (objective, c)`` for one instance (see ``problem``); a module-level function or a
            ``functools.partial`` of one with hashable arguments, compiled once per options and shapes.
        x0: starts, one per instance, 64-bit floats of shape ``(instance, n)``.
        data: pytree of arrays with the instance axis first.
        options: settings; the default is ``EngineOptions()``.
        path: parameters of the stages on the way to the problem wanted, which is the last (see ``problem``).

    Raises:
        ValueError: ``x0`` has another rank, a leaf of ``data`` another number of instances, or leaves of ``path``
            differ in their number of stages.
        TypeError: ``x0`` is not an array of 64-bit floats.
    """
    return solve_multistart(fc, _checked_starts(x0, 2, "(instance, n)")[:, None], data, options, path)


@in_double
def solve_multistart(
    fc: Problem, x0: ArrayLike, data: Any, options: EngineOptions | None = None, path: Path = None
) -> EngineResult:
    """As ``solve``, from several starts per instance: ``x0`` has shape ``(instance, start, n)``, the best one is kept.

    Best is the lowest objective among starts with a violation of at most ``options.feasibility``, else the lowest
    violation; among equals the first start. ``ticks`` is the sum over the starts of an instance.
    """
    options = options or EngineOptions()
    starts = _checked_starts(x0, 3, "(instance, start, n)")
    last = last_solutions()
    if last is None:
        return _best_of_starts(fc, starts, data, options, path)
    place = last.place((key_of(fc), len(starts), starts.shape[2]))
    held: Begin | None = last.get(place)
    if held is None:
        found = _best_of_starts(fc, starts, data, options, path)
    else:
        found = _from_held(fc, starts, held, data, options, path, everywhere=last.refreshes)
    last.keep(place, Begin(found.x, found.multipliers))
    return found


def _best_of_starts(fc: Problem, starts: np.ndarray, data: Any, options: EngineOptions, path: Path) -> EngineResult:
    instances, count, size = starts.shape
    index = np.repeat(np.arange(instances), count)
    solved = _solve_queue(fc, starts.reshape(-1, size), data, path, index, options)
    objective, violation, ticks = (
        leaf.reshape(instances, count) for leaf in (solved.objective, solved.violation, solved.ticks)
    )
    rows = np.arange(instances) * count + best_start(objective, violation, options.feasibility)
    best = {name: leaf[rows] for name, leaf in vars(solved).items()}
    return EngineResult(**{**best, "ticks": ticks.sum(axis=1)})


def _from_held(
    fc: Problem, starts: np.ndarray, held: Begin, data: Any, options: EngineOptions, path: Path, everywhere: bool
) -> EngineResult:
    """On from the last solution; from the starts, too, if asked for, and where it does not converge.

    Who begins near a solution of the problem wanted needs no stages on the way to it. The last penalty is not taken
    over: it would make the first round stiff.
    """
    index = np.arange(len(starts))
    wanted = jax.tree.map(lambda leaf: np.asarray(leaf)[-1:], path)
    warm = _solve_queue(fc, held.x, data, wanted, index, options, held)
    rows = index if everywhere else np.flatnonzero(warm.status != Status.CONVERGED)
    if not len(rows):
        return warm
    cold = _best_of_starts(fc, starts[rows], jax.tree.map(lambda leaf: np.asarray(leaf)[rows], data), options, path)
    objective, violation = (
        np.stack([getattr(warm, name)[rows], getattr(cold, name)], axis=1) for name in ("objective", "violation")
    )
    better = best_start(objective, violation, options.feasibility) == 1
    both = {name: np.array(leaf) for name, leaf in vars(warm).items()}
    for name, leaf in vars(cold).items():
        both[name][rows[better]] = leaf[better]
    both["ticks"][rows] = warm.ticks[rows] + cold.ticks
    return EngineResult(**both)


def best_start(
    objective: Float[np.ndarray, "instance start"],
    violation: Float[np.ndarray, "instance start"],
    feasibility: float,
) -> Int[np.ndarray, " instance"]:
    """Index of the feasible start with the lowest objective, or of the least violation where none is feasible."""
    feasible = (violation <= feasibility) & np.isfinite(objective)
    lowest = np.argmin(np.where(feasible, objective, np.inf), axis=1)
    least_violated = np.argmin(np.where(np.isnan(violation), np.inf, violation), axis=1)
    return np.where(feasible.any(axis=1), lowest, least_violated)


def compilations(fc: Problem, options: EngineOptions | None = None) -> int:
    """Programs compiled so far for this problem and these options: per set of shapes two of XLA, or a native one."""
    options = options or EngineOptions()
    return programs_of(fc, options).compilations() + native_programs(fc, options)


def _solve_queue(
    fc: Problem,
    starts: np.ndarray,
    data: Any,
    path: Path,
    index: np.ndarray,
    options: EngineOptions,
    held: Begin | None = None,
) -> EngineResult:
    """Solve every start with the data of the instance that ``index`` names for it, on from ``held`` where given."""
    begin = held or Begin(starts)
    data, path = jax.tree.map(np.asarray, (data, path))
    _check_instances(data, int(index[-1]) + 1 if len(index) else 0)
    _check_stages(path)
    if len(starts):
        native = translated(fc, lambda: program_of(fc, starts.shape[1], data, path, options))
        if native is not None:
            return _judged(EngineResult(*native.solve(begin, data, path, index, options, threads())), options)
    programs = programs_of(fc, options)
    ended = run_queue(programs, begin, data, path, index, options)
    restored = restore_queue(programs, ended, data, path, index, options.lanes)
    solved = EngineResult(
        x=np.asarray(restored.x),
        objective=np.asarray(restored.objective),
        violation=np.asarray(restored.violation),
        multipliers=np.asarray(ended.outer.multipliers),
        status=np.asarray(ended.status),
        ticks=np.asarray(ended.ticks),
        rounds=np.asarray(ended.outer.rounds),
        stages=np.asarray(ended.outer.stage),
        objective_history=np.asarray(ended.outer.objective_history),
        violation_history=np.asarray(ended.outer.violation_history),
    )
    return _judged(solved, options)


def _judged(solved: EngineResult, options: EngineOptions) -> EngineResult:
    """With statuses that follow from the final points."""
    violated = (solved.status == Status.CONVERGED) & ~(solved.violation <= options.feasibility)
    status = np.where(violated, int(Status.INACCURATE), solved.status)
    status = np.where(np.isfinite(solved.objective), status, int(Status.NONFINITE)).astype(np.int32)
    return replace(solved, status=status)


def _checked_starts(x0: ArrayLike, rank: int, axes: str) -> np.ndarray:
    starts = np.asarray(x0)
    if starts.dtype != np.float64:
        raise TypeError(f"x0 has type {starts.dtype}: the engine works on float64; split complex variables into reals.")
    if starts.ndim != rank:
        raise ValueError(f"x0 has shape {starts.shape}; it must be {axes}: add the missing axis of length one.")
    return starts


def _check_instances(data: Any, instances: int) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(data):
        if leaf.ndim == 0 or len(leaf) != instances:
            raise ValueError(
                f"data{jax.tree_util.keystr(path)} has shape {leaf.shape}, but x0 has {instances} instances: every "
                "leaf of data needs the instance axis first; repeat what is common to all instances."
            )


def _check_stages(path: Path) -> None:
    stages = stages_of(path)
    for place, leaf in jax.tree_util.tree_leaves_with_path(path):
        if leaf.ndim == 0 or len(leaf) != stages or stages == 0:
            raise ValueError(
                f"path{jax.tree_util.keystr(place)} has shape {leaf.shape}, but the path has {stages} stages: every "
                "leaf of path needs the stage axis first, of length one or more."
            )
