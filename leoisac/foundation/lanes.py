# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""Batches in blocks of a fixed lane count, so that a trial's numbers never depend on its company.

Compiled programs differ in their last bits between batch shapes, but not between the lanes of one shape. Every batched
call therefore runs at ``LANES`` lanes: short blocks are padded by repeating the last trial, long ones are cut.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from leoisac.foundation.backend import JAX, chosen
from leoisac.foundation.compile_clock import making_programs
from leoisac.foundation.environment import compiles_quickly
from leoisac.foundation.jax_setup import LANES, in_double, jax, jnp
from leoisac.foundation.native.compiler import NoCompilerError
from leoisac.foundation.native.functions import NativeFunction, native_function, shapes_of
from leoisac.foundation.native.steps import UnsupportedError
from leoisac.foundation.status import Solution

jax.tree_util.register_dataclass(
    Solution,
    data_fields=["value", "status", "objective", "violation", "iterations", "history"],
    meta_fields=[],
)


class BatchedFunction(Protocol):
    """``f(parameters, *batched)`` over any number of trials; ``compilations()`` tells how often it was compiled."""

    def __call__(self, parameters: Any, *batched: Any) -> Any: ...

    def compilations(self) -> int: ...


class _ByLanes:
    def __init__(self, function: Callable[..., Any], effort: int, lanes: int, native: bool) -> None:
        self._function = function
        self._may_be_native = native
        self._effort = effort
        self._lanes = lanes
        self._compiled: dict[tuple[int, int], Any] = {}
        self._native: dict[Any, NativeFunction | None] = {}
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", "batched")

    @in_double
    def __call__(self, parameters: Any, *batched: Any) -> Any:
        count = batch_size(batched)
        native = self._native_program(parameters, batched)
        if native is not None:
            return native(parameters, batched)
        compiled = self._program(len(batched))
        blocks: list[Any] = []
        for start in range(0, count, self._lanes):
            block = take(batched, np.minimum(np.arange(start, start + self._lanes), count - 1))
            blocks.append(to_numpy(compiled(parameters, *block)))
        return take(concatenate(blocks), slice(0, count))

    def _native_program(self, parameters: Any, batched: tuple[Any, ...]) -> NativeFunction | None:
        """The native program for inputs of these shapes; None where JAX runs the function."""
        if not self._may_be_native or chosen() == JAX:
            return None
        trees = jax.tree.structure((parameters, batched))
        key = (shapes_of(parameters), shapes_of(batched, 1), trees, compiles_quickly())
        if key not in self._native:
            effort = 0 if compiles_quickly() else self._effort
            try:
                with making_programs():
                    self._native[key] = native_function(self._function, parameters, batched, effort)
            except (UnsupportedError, NoCompilerError):
                self._native[key] = None  # as random numbers have
        return self._native[key]

    def _program(self, inputs: int) -> Any:
        effort = 0 if compiles_quickly() else self._effort
        key = (inputs, effort)
        if key not in self._compiled:
            batched = jax.vmap(self._function, in_axes=(None, *([0] * inputs)))
            self._compiled[key] = jax.jit(batched, compiler_options=compiler_options(effort))
        return self._compiled[key]

    def compilations(self) -> int:
        native = sum(program is not None for program in self._native.values())
        return native + sum(program._cache_size() for program in self._compiled.values())


@functools.cache
def by_lanes(function: Callable[..., Any], effort: int = 0, lanes: int = LANES, native: bool = True) -> BatchedFunction:
    """Batched form of a single-trial function.

    Args:
        function: traceable ``f(parameters, *inputs)`` of one trial.
        effort: of the compiler, see ``compiler_options``.
        lanes: trials side by side; fewer than ``LANES`` where a single trial is long.
        native: false for a function that is known to have no native form (random numbers are JAX's own).

    Returns:
        The same function with a leading trial axis on every input and output but ``parameters``, for any number of
        trials; results are NumPy arrays. Compiled once per structure and shapes of its arguments, and the same object
        for the same ``function``: whoever needs it shares its programs.
    """
    return _ByLanes(function, effort, lanes, native)


def compiler_options(effort: int | None) -> dict[str, Any] | None:
    """XLA options for an effort of the compiler: 0, 1, or None for full optimisation.

    An ``effort`` of 0 takes a quarter of the time of full optimisation, and the code three times as long; 1 takes a
    third more than that, for code about as quick as fully optimised. The batched solvers, where the time goes, have
    full optimisation. Where the environment asks for quick compilation it is 0 everywhere: for a few trials of a large
    problem, and for tests. Other efforts may give other last bits.
    """
    if compiles_quickly():
        effort = 0
    return None if effort is None else _options(effort)


@functools.cache
def _options(effort: int) -> dict[str, Any] | None:
    """The options, or None where this XLA does not know them."""
    options: dict[str, Any] = {
        "xla_backend_optimization_level": effort,
        "xla_cpu_use_fusion_emitters": False,
        "xla_cpu_parallel_codegen_split_count": 1,  # parts are for threads, of which the client has one
    }
    if jax.default_backend() != "cpu":
        return None
    try:
        jax.jit(lambda: jnp.zeros(()), compiler_options=options)()
    except jax.errors.JaxRuntimeError:
        return None
    return options


def batch_size(tree: Any) -> int:
    """Length of the leading axis that all leaves share."""
    sizes = {int(np.shape(leaf)[0]) for leaf in jax.tree_util.tree_leaves(tree)}
    if len(sizes) != 1:
        raise ValueError(f"the arrays disagree on the number of trials: {sorted(sizes)}.")
    return sizes.pop()


def take(tree: Any, index: Any) -> Any:
    """The trials that ``index`` selects, of every leaf."""

    def pick(leaf: Any) -> Any:
        return np.asarray(leaf)[index]

    return jax.tree_util.tree_map(pick, tree)


def concatenate(trees: list[Any]) -> Any:
    """Batches put one after the other."""

    def join(*leaves: Any) -> Any:
        return np.concatenate(leaves)

    return jax.tree_util.tree_map(join, *trees)


def to_numpy(tree: Any) -> Any:
    """Every leaf as a NumPy array on the host."""
    return jax.tree_util.tree_map(np.asarray, tree)
