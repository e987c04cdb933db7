"""Arrays while a problem is translated: constants, what is in memory, what is yet to be computed, what is put together.

A complex array is two real ones. What is yet to be computed is a function from a place to an expression; a loop is
written only where an entry would otherwise be computed more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from leoisac.foundation.native.expressions import Buffer, Expression, Index, Literal, Load, place, row_major
from leoisac.foundation.native.steps import Stage


@dataclass(frozen=True)
class Constant:
    """Known while translating; ``buffer`` is the table of its entries, where it has more than one value."""

    array: np.ndarray
    buffer: Buffer | None
    stage = Stage.CONSTANT
    cost = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def at(self, index: Index, axes: int) -> Expression:
        if self.buffer is None:
            entries = self.array.reshape(-1) if self.array.size else np.zeros(1, self.array.dtype)  # nobody reads it
            return Literal(number(entries[0]))
        return Load(self.buffer, place(row_major(self.shape), 0, index, axes))

    @property
    def is_zero(self) -> bool:
        return self.buffer is None and not self.array.any()


@dataclass(frozen=True)
class View:
    """In memory: an affine part of a buffer."""

    buffer: Buffer
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    stage: Stage
    cost = 0.0

    def at(self, index: Index, axes: int) -> Expression:
        return Load(self.buffer, place(self.strides, self.offset, index, axes))

    @property
    def is_whole(self) -> bool:
        """In memory without gaps, in order."""
        steps = zip(self.shape, self.strides, row_major(self.shape), strict=True)
        return all(size == 1 or stride == wanted for size, stride, wanted in steps)


@dataclass(frozen=True)
class Pending:
    """To be computed where it is read, at a cost in multiplications an entry."""

    shape: tuple[int, ...]
    entry: Callable[[Index, int], Expression]
    stage: Stage
    cost: float

    def at(self, index: Index, axes: int) -> Expression:
        return self.entry(index, axes)


@dataclass(frozen=True)
class Piece:
    """``part`` at ``strides`` and ``offset`` of a whole, or at the places of a table."""

    part: Array
    strides: tuple[int, ...]
    offset: int
    table: Buffer | None = None


@dataclass(frozen=True)
class Assembly:
    """Zeros, and pieces added to them; disjoint ones that leave nothing out are ``exact``."""

    shape: tuple[int, ...]
    pieces: tuple[Piece, ...]
    stage: Stage
    exact: bool
    cost = np.inf

    def at(self, index: Index, axes: int) -> Expression:
        raise TypeError("an assembly is put into memory before it is read.")


Array: TypeAlias = "Constant | View | Pending | Assembly"


@dataclass(frozen=True)
class Value:
    """What a name stands for: one real array, or real and imaginary part."""

    shape: tuple[int, ...]
    dtype: np.dtype
    parts: tuple[Array, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def is_complex(self) -> bool:
        return np.issubdtype(self.dtype, np.complexfloating)


def number(value: float | int | bool) -> str:
    """A constant in C++."""
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    real = float(value)
    if np.isfinite(real):
        return repr(real) if real >= 0.0 and not np.signbit(real) else f"({real!r})"
    return "NAN" if np.isnan(real) else ("INFINITY" if real > 0.0 else "(-INFINITY)")


def type_of(dtype: np.dtype) -> str:
    """The type of a buffer for arrays of this type; flags are numbers, for they choose among numbers."""
    return "double" if dtype.kind in "fc" else "long"
