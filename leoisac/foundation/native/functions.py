# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Functions of one trial as native programs over a batch: the native form of what ``foundation.lanes`` runs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.native.compiler import library_of
from leoisac.foundation.native.emission import COMPACT, FunctionSource, function_source, shape_of


class NativeFunction:
    """``f(parameters, *batched)`` for leaves of certain shapes, one trial after the other."""

    def __init__(self, library: ctypes.CDLL, source: FunctionSource, tree: Any) -> None:
        self._library = library
        self._source = source
        self._tree = tree

    def __call__(self, parameters: Any, batched: Sequence[Any]) -> Any:
        """Results with a leading trial axis, as NumPy arrays."""
        shared, own = jax.tree.leaves(parameters), jax.tree.leaves(batched)
        trials = len(own[0])
        first = passed(shared, self._source.inputs[: len(shared)])
        rest = passed(own, self._source.inputs[len(shared) :])
        results = [np.empty((trials, *shape), _result_type(kind)) for shape, kind in self._source.outputs]
        self._library.call(
            addresses(first), addresses(rest), addresses(results), ctypes.c_long(0), ctypes.c_long(trials)
        )
        kinds = (kind for _, kind in self._source.outputs)
        return jax.tree.unflatten(self._tree, [r.astype(k, copy=False) for r, k in zip(results, kinds, strict=True)])


def shapes_of(tree: Any, drop: int = 0) -> tuple[tuple[tuple[int, ...], str], ...]:
    """Shapes, without the first ``drop`` axes, and types of all leaves."""

    def told(leaf: Any) -> tuple[tuple[int, ...], str]:
        if type(leaf) is float and not drop:  # most of a system's parameters
            return (), "<f8"
        known = leaf if type(leaf) is np.ndarray else shape_of(leaf)
        return tuple(known.shape[drop:]), known.dtype.str if isinstance(known.dtype, np.dtype) else str(known.dtype)

    return tuple(told(leaf) for leaf in jax.tree.leaves(tree))


def native_function(
    function: Callable[..., Any], parameters: Any, batched: Sequence[Any], effort: int | None
) -> NativeFunction:
    """The native program of a function for inputs of these shapes; batched ones have the trial axis first.

    Raises:
        UnsupportedError: something in it has no translation.
        NoCompilerError: there is no compiler, or it refused the program.
    """
    parameter_tree, own_tree = (jax.tree.structure(tree) for tree in (parameters, batched))
    count = parameter_tree.num_leaves
    trees: list[Any] = []

    def flat(*leaves: Any) -> list[Any]:
        own = own_tree.unflatten(leaves[count:])
        results, tree = jax.tree.flatten(function(parameter_tree.unflatten(leaves[:count]), *own))
        trees.append(tree)
        return results

    shared, own = (
        [jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in shapes]
        for shapes in (shapes_of(parameters), shapes_of(batched, 1))
    )
    source = function_source(flat, shared, own)
    text = COMPACT + source.source if effort == 0 else source.source
    return NativeFunction(library_of(text, effort=effort), source, trees[-1])


def passed(leaves: Sequence[Any], types: Sequence[np.dtype[Any]]) -> list[np.ndarray]:
    """Leaves as a program reads them."""
    return [np.ascontiguousarray(leaf, dtype=kind) for leaf, kind in zip(leaves, types, strict=True)]


def address(array: np.ndarray) -> ctypes.c_void_p:
    """Where an array lies."""
    return ctypes.c_void_p(array.__array_interface__["data"][0])


def addresses(arrays: Sequence[np.ndarray]) -> Any:
    """Where arrays lie, as a C array."""
    return (ctypes.c_void_p * max(1, len(arrays)))(*(a.__array_interface__["data"][0] for a in arrays))


def _result_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind in "fc" else np.dtype(np.int64)
