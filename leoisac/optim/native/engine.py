# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""A queue of instances through a native program: what ``optim.batched.lanes`` does, one instance after the other."""

from __future__ import annotations

import ctypes
import functools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from leoisac.foundation.compile_clock import making_programs
from leoisac.foundation.environment import compiles_quickly
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.native.compiler import NoCompilerError, library_of
from leoisac.foundation.native.functions import address, addresses, passed
from leoisac.foundation.native.steps import UnsupportedError
from leoisac.optim.begin import Begin
from leoisac.optim.native.problem_source import ProblemSource, problem_source
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import Key, Path, Problem, key_of, stages_of

_NUMBERS = (
    "penalty",
    "penalty_growth",
    "penalty_limit",
    "required_reduction",
    "gradient_tolerance",
    "gradient_factor",
    "gradient_floor",
    "value_tolerance",
    "violation_tolerance",
    "approach_violation",
    "approach_penalty",
    "first_step",
    "armijo",
    "restoration_target",
    "active_margin",
    "landing_margin",
)
_COUNTS = (
    "max_ticks",
    "max_rounds",
    "stalled_rounds",
    "min_rounds",
    "inner_steps",
    "max_backtracks",
    "approach_ticks",
    "restoration_steps",
    "memory",
)
_OUTCOME = np.dtype(
    [
        *((name, np.float64) for name in ("objective", "violation", "penalty")),
        *((name, np.int64) for name in ("status", "ticks", "rounds", "stage")),
    ]
)


HEADERS = FilePath(__file__).parent / "source"


class _Options(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in _NUMBERS] + [(name, ctypes.c_long) for name in _COUNTS]


class Ended(NamedTuple):
    """Outcome of a queue, after restoration; queue position first. Fields as in ``batched.engine.EngineResult``."""

    x: Float[np.ndarray, "queue n"]
    objective: Float[np.ndarray, " queue"]
    violation: Float[np.ndarray, " queue"]
    multipliers: Float[np.ndarray, "queue m"]
    status: Int[np.ndarray, " queue"]
    ticks: Int[np.ndarray, " queue"]
    rounds: Int[np.ndarray, " queue"]
    stages: Int[np.ndarray, " queue"]
    objective_history: Float[np.ndarray, "queue round"]
    violation_history: Float[np.ndarray, "queue round"]


class Program(NamedTuple):
    """A compiled problem: for the shapes of its data, one number of curvature pairs."""

    library: ctypes.CDLL
    source: ProblemSource

    def solve(
        self,
        begin: Begin,
        data: Any,
        path: Path,
        index: Int[np.ndarray, " queue"],
        options: EngineOptions,
        threads: int = 1,
    ) -> Ended:
        """Solve every start with the data of the instance that ``index`` names for it."""
        starts, multipliers = begin.filled(self.source.m)
        total = len(starts)
        leaves = passed(jax.tree.leaves(data), self.source.data)
        stages = passed(jax.tree.leaves(path), self.source.path)
        x = np.zeros((total, self.source.n))
        objectives, violations = (np.zeros((total, options.max_rounds)) for _ in range(2))
        outcomes = np.zeros(total, _OUTCOME)
        index = np.ascontiguousarray(index, dtype=np.int64)
        given = _Options(**{name: getattr(options, name) for name in (*_NUMBERS, *_COUNTS)})

        def part(first: int, last: int) -> None:
            self.library.solve(
                ctypes.c_long(first),
                ctypes.c_long(last),
                address(index),
                addresses(leaves),
                addresses(stages),
                ctypes.c_long(stages_of(path)),
                address(starts),
                ctypes.byref(given),
                *(address(a) for a in (x, multipliers, objectives, violations, outcomes)),
            )

        _shared_out(part, total, threads)
        return Ended(
            x=x,
            objective=outcomes["objective"],
            violation=outcomes["violation"],
            multipliers=multipliers,
            status=outcomes["status"].astype(np.int32),
            ticks=outcomes["ticks"].astype(np.int32),
            rounds=outcomes["rounds"].astype(np.int32),
            stages=outcomes["stage"].astype(np.int32),
            objective_history=objectives,
            violation_history=violations,
        )

    def evaluate(
        self, x: Float[np.ndarray, " n"], data: Any, path: Path, stage: int, weight: float, weights: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Objective, constraints and slope of ``weight * objective + weights . c`` of the first instance."""
        leaves, stages = (
            passed(jax.tree.leaves(data), self.source.data),
            passed(jax.tree.leaves(path), self.source.path),
        )
        objective, c, g = np.zeros(1), np.zeros(self.source.m), np.zeros(self.source.n)
        x, weights = np.ascontiguousarray(x, dtype=float), np.ascontiguousarray(weights, dtype=float)
        self.library.evaluate(
            addresses(leaves),
            addresses(stages),
            ctypes.c_long(stage),
            address(x),
            ctypes.c_double(weight),
            *(address(a) for a in (weights, objective, c, g)),
        )
        return float(objective[0]), c, g


def program_of(fc: Problem, n: int, data: Any, path: Path, options: EngineOptions) -> Program:
    """The native program of a problem for data of these shapes. Partials of one function share it.

    Args:
        fc, n: the problem, and its number of variables.
        data: with the instance axis first.
        path: with the stage axis first, or None.

    Raises:
        UnsupportedError: something in the problem has no translation.
        NoCompilerError: this machine has no compiler that takes it.
    """
    leaves, tree = jax.tree.flatten((data, path))
    shapes = tuple((leaf.shape[1:], leaf.dtype.str) for leaf in leaves)
    made = _program(key_of(fc), n, shapes, tree, options.memory, compiles_quickly())
    if isinstance(made, Exception):
        raise made
    return made


def native_programs(fc: Problem, options: EngineOptions) -> int:
    """Number of native programs made so far for a problem."""
    return _made[key_of(fc), options.memory]


_made: Counter[Any] = Counter()


@functools.lru_cache(maxsize=128)
def _program(
    key: Key,
    n: int,
    shapes: tuple[tuple[tuple[int, ...], str], ...],
    tree: Any,
    memory: int,
    quick: bool,
) -> Program | Exception:
    """The program, or why there is none: a problem without one is not traced anew for every batch."""
    function, arguments, keywords = key
    fc = functools.partial(function, *arguments, **dict(keywords))
    data, path = jax.tree.unflatten(tree, [jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in shapes])
    try:
        with making_programs():
            made = problem_source(fc, n, data, path, memory)
            library = library_of(made.source, HEADERS, 0 if quick else None)
    except (UnsupportedError, NoCompilerError) as error:
        return error
    _made[key, memory] += 1
    return Program(library, made)


def _shared_out(part: Callable[[int, int], None], total: int, threads: int) -> None:
    """``part(first, last)`` over the queue, in as many threads; an instance's bits do not depend on their number."""
    if threads <= 1 or total <= 1:
        part(0, total)
        return
    pieces = min(total, 8 * threads)
    bounds = [total * k // pieces for k in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, bounds[:-1], bounds[1:]))
