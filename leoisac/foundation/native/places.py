# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Where entries lie that are gathered, or scattered to: places known while translating, and places known at run time.

Both operations of JAX pair every entry of an array (what is gathered, the updates) with one of another. Axis by axis of
the latter, its place is that of a row, or an offset inside a window, or a component of an index vector, or their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from leoisac.foundation.native.expressions import row_major
from leoisac.foundation.native.steps import Step, UnsupportedError


@dataclass(frozen=True)
class AxisPlace:
    """How the place along one axis of an array follows from an entry's counters; None for what has no part in it."""

    stride: int
    last_start: int
    """Last start of a window that lies within the axis."""
    row: int | None
    """Counter of a row."""
    offset: int | None
    """Counter within a window."""
    start: int | None
    """Component of the index vector."""


@dataclass(frozen=True)
class Places:
    """Places of all entries; ``batch`` are the counters that choose an index vector."""

    axes: tuple[AxisPlace, ...]
    batch: tuple[int, ...]


def read_places(step: Step, shape: tuple[int, ...], entries: tuple[int, ...]) -> Places:
    """Of a gather or scatter in an array of a shape, whose gathered entries or updates have the shape ``entries``."""
    numbers = step.params["dimension_numbers"]
    if step.name == "gather":
        inside, dropped = numbers.offset_dims, numbers.collapsed_slice_dims
        starts, rows = numbers.start_index_map, numbers.start_indices_batching_dims
        sizes = step.params["slice_sizes"]
    else:
        inside, dropped = numbers.update_window_dims, numbers.inserted_window_dims
        starts, rows = numbers.scatter_dims_to_operand_dims, numbers.scatter_indices_batching_dims
        windows = iter([entries[k] for k in inside])
        alone = {*dropped, *numbers.operand_batching_dims}
        sizes = [1 if axis in alone else next(windows) for axis in range(len(shape))]
    batch = tuple(k for k in range(len(entries)) if k not in inside)
    offsets, axes = iter(inside), list[AxisPlace]()
    for axis, (length, size, stride) in enumerate(zip(shape, sizes, row_major(shape), strict=True)):
        if axis in numbers.operand_batching_dims:
            row = batch[rows[numbers.operand_batching_dims.index(axis)]]
            axes.append(AxisPlace(stride, length - 1, row, None, None))
            continue
        offset = None if axis in dropped else next(offsets)
        start = starts.index(axis) if axis in starts else None
        axes.append(AxisPlace(stride, length - size, None, offset, start))
    return Places(tuple(axes), batch)


def places_of(step: Step, shape: tuple[int, ...], indices: np.ndarray, entries: tuple[int, ...]) -> np.ndarray:
    """Flat places in an array of a shape, in the shape of the entries, for known index vectors."""
    places, counters = read_places(step, shape, entries), np.indices(entries)
    found, vectors = np.zeros(entries, np.int64), _vectors(indices, [counters[k] for k in places.batch], entries)
    for axis in places.axes:
        for counter in (axis.row, axis.offset):
            found += 0 if counter is None else axis.stride * counters[counter]
        if axis.start is not None:
            start = vectors[..., axis.start]
            if _is_strict(step) and ((start < 0) | (start > axis.last_start)).any():
                raise UnsupportedError("entries beyond an array's end")
            found += axis.stride * np.clip(start, 0, axis.last_start)
    return found


def _vectors(indices: np.ndarray, batch: list[np.ndarray], entries: tuple[int, ...]) -> np.ndarray:
    """The index vector of every entry."""
    if not batch:
        return np.broadcast_to(indices.reshape(-1), (*entries, indices.shape[-1]))
    if not prod(entries):
        return np.zeros((*entries, indices.shape[-1]), np.int64)
    return indices[tuple(batch)]


def _is_strict(step: Step) -> bool:
    """Whether entries beyond the end are something else than those at the end."""
    return step.name != "gather" or "FILL" in str(step.params.get("mode", "")).upper()
