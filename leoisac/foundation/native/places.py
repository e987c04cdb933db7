# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Where entries lie that are gathered from, or scattered to, places known while translating."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from leoisac.foundation.native.expressions import row_major
from leoisac.foundation.native.steps import Step, UnsupportedError


def gathered_places(step: Step, shape: tuple[int, ...], indices: np.ndarray) -> np.ndarray:
    """Flat places in an array of a shape, in the shape of what is gathered (``jax.lax.gather``)."""
    numbers, sizes = step.params["dimension_numbers"], step.params["slice_sizes"]
    result = step.outputs[0].shape
    counters = np.indices(result).reshape(len(result), *result)
    batch = [counters[k] for k in range(len(result)) if k not in numbers.offset_dims]
    offsets = iter([counters[k] for k in numbers.offset_dims])
    places = np.zeros(result, np.int64)
    starts = _starts(indices, batch, result)
    for axis, (length, size, stride) in enumerate(zip(shape, sizes, row_major(shape), strict=True)):
        if axis in numbers.operand_batching_dims:
            own = numbers.start_indices_batching_dims[numbers.operand_batching_dims.index(axis)]
            places += stride * batch[own]
            continue
        at: Any = 0 if axis in numbers.collapsed_slice_dims else next(offsets)
        if axis in numbers.start_index_map:
            start = starts[..., numbers.start_index_map.index(axis)]
            if _may_drop(step) and ((start < 0) | (start > length - size)).any():
                raise UnsupportedError("entries beyond an array's end")
            at = at + np.clip(start, 0, length - size)
        places += stride * at
    return places


def scattered_places(step: Step, shape: tuple[int, ...], indices: np.ndarray, updates: tuple[int, ...]) -> np.ndarray:
    """Flat places in an array of a shape, in the shape of the updates (``jax.lax.scatter``)."""
    numbers = step.params["dimension_numbers"]
    counters = np.indices(updates).reshape(len(updates), *updates)
    batch = [counters[k] for k in range(len(updates)) if k not in numbers.update_window_dims]
    offsets = iter([(counters[k], updates[k]) for k in numbers.update_window_dims])
    places = np.zeros(updates, np.int64)
    starts = _starts(indices, batch, updates)
    for axis, (length, stride) in enumerate(zip(shape, row_major(shape), strict=True)):
        if axis in numbers.operand_batching_dims:
            own = numbers.scatter_indices_batching_dims[numbers.operand_batching_dims.index(axis)]
            places += stride * batch[own]
            continue
        at, size = (0, 1) if axis in numbers.inserted_window_dims else next(offsets)
        if axis in numbers.scatter_dims_to_operand_dims:
            start = starts[..., numbers.scatter_dims_to_operand_dims.index(axis)]
            if ((start < 0) | (start > length - size)).any():
                raise UnsupportedError("entries that land beyond an array's end")
            at = at + start
        places += stride * at
    return places


def _starts(indices: np.ndarray, batch: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The index vector of every entry."""
    if not batch:
        return np.broadcast_to(indices.reshape(-1), (*shape, indices.shape[-1]))
    if not prod(shape):
        return np.zeros((*shape, indices.shape[-1]), np.int64)
    return indices[tuple(batch)]


def _may_drop(step: Step) -> bool:
    return "FILL" in str(step.params.get("mode", "")).upper()
