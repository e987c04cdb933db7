"""Loops in C++: collects statements by stage, and the memory that they need."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import numpy as np

from leoisac.foundation.native.arrays import Array, Assembly, Constant, View, number, type_of
from leoisac.foundation.native.expressions import (
    Affine,
    Buffer,
    Count,
    Expression,
    Literal,
    Load,
    Operation,
    counters,
    leaves,
    loops,
    place,
    row_major,
    strided,
    written,
)
from leoisac.foundation.native.steps import Stage

SLACK = 4
"""Entries behind the end of every buffer: the last vector of a row may be read in full."""
_SIMPLE = 1.0
"""An array of this cost an entry is rather computed again than kept."""


@dataclass(frozen=True)
class Strided:
    """One axis of a product of arrays: its length, and the strides of both factors and of the result.

    ``axis_a`` and ``axis_b`` are the axes of the factors that it runs over, None where it is none of theirs.
    """

    size: int
    a: int
    b: int
    out: int
    axis_a: int | None
    axis_b: int | None


@dataclass
class Writer:
    """What has been written so far."""

    prefix: str = ""

    def __post_init__(self) -> None:
        self.lines: dict[Stage, list[str]] = {stage: [] for stage in Stage}
        self.buffers: list[Buffer] = []
        self.tables: dict[tuple[str, bytes], Buffer] = {}
        self._nested: list[tuple[Stage, list[str]]] = []

    # Memory

    def buffer(self, size: int, kind: str = "double") -> Buffer:
        made = Buffer(f"b{len(self.buffers)}", max(1, size), kind)
        self.buffers.append(made)
        return made

    def array(self, shape: Sequence[int], stage: Stage, kind: str = "double") -> View:
        """New memory without gaps."""
        shape = tuple(shape)
        return View(self.buffer(prod(shape), kind), shape, row_major(shape), 0, stage)

    def constant(self, array: np.ndarray) -> Constant:
        array = np.asarray(array)
        if array.size == 0 or (array == array.reshape(-1)[0]).all():
            return Constant(array, None)
        return Constant(array, self.table(array))

    def table(self, array: np.ndarray) -> Buffer:
        """Memory of constants, the same for the same content."""
        kind = type_of(array.dtype)
        flat = np.ascontiguousarray(array.reshape(-1), dtype=float if kind == "double" else np.int64)
        key = kind, flat.tobytes()
        if key not in self.tables:
            values = tuple(number(v) for v in flat)
            self.tables[key] = Buffer(f"{self.prefix}k{len(self.tables)}", flat.size, kind, values=values)
        return self.tables[key]

    # Statements

    def say(self, stage: Stage, line: str) -> None:
        if self._nested:
            self._nested[-1][1].append(line)
        else:
            self.lines[stage].append(line)

    def current(self, stage: Stage) -> Stage:
        """The stage in which statements land: inside a block, the block's."""
        return self._nested[-1][0] if self._nested else stage

    @contextmanager
    def block(self, stage: Stage, head: str, tail: str = "}") -> Generator[None]:
        """Statements within go between ``head`` and ``tail``."""
        lines: list[str] = []
        self._nested.append((self.current(stage), lines))
        try:
            yield
        finally:
            self._nested.pop()
        for line in (head, *lines, tail):
            self.say(stage, line)

    def touch(self, stage: Stage, *buffers: Buffer) -> None:
        for one in buffers:
            one.stages.add(self.current(stage))

    def loop(self, stage: Stage, shape: Sequence[int], target: Load, value: Expression, join: str = "=") -> None:
        """``target join value`` at every place of ``shape``."""
        reads = list(leaves(value))
        self.touch(stage, target.buffer, *(r.buffer for r in reads if isinstance(r, Load)))
        self.touch(stage, *(r.table for r in reads if isinstance(r, Load) and r.table is not None))
        shape, target, value = _collapsed(tuple(shape), target, value)
        names, heads = loops(shape)
        self.say(stage, f"{''.join(heads)}{written(target, names)}{join}{written(value, names)};")

    def fill(self, view: View, value: Expression, join: str = "=") -> None:
        """A statement over all of a view."""
        axes = len(view.shape)
        target = Load(view.buffer, place(view.strides, view.offset, counters(axes), axes))
        self.loop(view.stage, view.shape, target, value, join)

    def reduction(
        self,
        stage: Stage,
        shape: Sequence[int],
        kept: int,
        target: Load,
        value: Expression,
        first: str,
        join: str,
    ) -> None:
        """``target`` as the reduction of ``value`` over all but the first ``kept`` axes."""
        reads = list(leaves(value))
        self.touch(stage, target.buffer, *(r.buffer for r in reads if isinstance(r, Load)))
        names, heads = loops(shape)
        pragma = '_Pragma("omp simd reduction(+:s)") ' if join == "{0}+{1}" else ""
        kind = target.buffer.type
        entry = join.format("s", written(value, names))
        inner = "".join(heads[kept:-1]) + (f"{pragma}{heads[-1]}" if len(shape) > kept else "")
        self.say(
            stage,
            f"{''.join(heads[:kept])}{{{kind} s={first}; {inner} s={entry}; {written(target, names)}=s;}}",
        )

    def contraction(
        self,
        stage: Stage,
        a: View,
        b: View,
        target: View,
        outer: Sequence[Strided],
        sums: Sequence[Strided],
        inner: Strided | None,
        sign: float,
        add: bool,
    ) -> None:
        """``target (+)= sign * sum a b``; the loop of the vectors is ``inner``, or the last sum."""
        self.touch(stage, a.buffer, b.buffer, target.buffer)
        names, heads = loops([loop.size for loop in outer])
        head = "".join(heads)

        *summed, last = sums or [Strided(1, 0, 0, 0, None, None)]
        summed_names, summed_heads = loops([loop.size for loop in summed], "j")

        def at(view: View, which: str) -> str:
            places = [getattr(loop, which) for loop in (*outer, *summed)]
            return f"{view.buffer.name}+{strided(places, [*names, *summed_names], view.offset)}"

        first, second, goal = (at(view, which) for view, which in ((a, "a"), (b, "b"), (target, "out")))
        flags = f"{'true' if add or summed else 'false'},{'true' if sign < 0 else 'false'}"
        size = 1 if inner is None else inner.size
        if inner is None:
            call = f"dot_into<{last.size},{last.a},{last.b},{flags}>"
        elif inner.a and inner.b:
            call = f"blend_into<{last.size},{last.a},{last.b},{size},{flags}>"
        elif inner.b:
            call = f"combine_into<{last.size},{last.a},{last.b},{size},{flags}>"
        else:
            call = f"combine_into<{last.size},{last.b},{last.a},{size},{flags}>"
            first, second = second, first
        run = f"{''.join(summed_heads)}{call}({first},{second},{goal});"
        if summed and not add:
            run = f"{{for(int v=0;v<{size};++v)({goal})[v]=0.0; {run}}}"
        self.say(stage, f"{head}{run}")

    def shifted(self, stage: Stage, small: View, large: View, offset: str, read: bool) -> None:
        """Between an array and the part of a larger one, of its shape, that begins at an offset known at run time.

        Args:
            small: the array.
            large: the part as it would lie at offset 0.
            offset: in C++.
            read: from the larger one; else written to it.
        """
        names, heads = loops(small.shape)
        one = f"{small.buffer.name}[{strided(small.strides, names, small.offset)}]"
        other = f"{large.buffer.name}[{offset}+{strided(large.strides, names, large.offset)}]"
        self.touch(stage, small.buffer, large.buffer)
        self.say(stage, f"{''.join(heads)}{one}={other};" if read else f"{''.join(heads)}{other}={one};")

    # From arrays to memory

    def kept(self, array: Array, kind: str = "double", stage: Stage | None = None) -> View:
        """The array in memory without gaps, computed there if need be."""
        if isinstance(array, View) and array.is_whole:
            return array
        stage = self.current(array.stage if stage is None else stage)
        stage = max(stage, Stage.DATA)
        view = self.array(array.shape, stage, kind)
        self.copy(array, view)
        return view

    def readable(self, array: Array, kind: str = "double") -> Array:
        """The array in a form that can be read at any place."""
        return self.kept(array, kind) if isinstance(array, Assembly) else array

    def copy(self, array: Array, view: View) -> None:
        """Put an array into given memory."""
        if not prod(view.shape):
            return
        if not isinstance(array, Assembly):
            self.fill(view, array.at(counters(len(view.shape)), len(view.shape)))
            return
        if not array.exact:
            self.fill(view, Literal("0"))
        for piece in array.pieces:
            shape, axes = piece.part.shape, len(piece.part.shape)
            if piece.table is None:
                target = Load(view.buffer, place(piece.strides, piece.offset, counters(axes), axes))
            else:
                at = place(row_major(shape), 0, counters(axes), axes)
                target = Load(view.buffer, at, piece.table)
                self.touch(view.stage, piece.table)
            part = self.readable(piece.part)
            self.loop(view.stage, shape, target, part.at(counters(axes), axes), "=" if array.exact else "+=")

    def settled(self, array: Array, uses: int, later: bool, kind: str = "double") -> Array:
        """The array as its readers should find it: in memory where it would be computed more than once."""
        if isinstance(array, (Constant, View)):
            return array
        if isinstance(array, Assembly):
            return array if uses <= 1 and not later else self.kept(array, kind)
        one = prod(array.shape) == 1
        again = array.cost > _SIMPLE and (uses > 1 or one)
        if array.cost > 0 and (again or later or array.cost > 48.0):
            return self.kept(array, kind)
        return array


def _collapsed(shape: tuple[int, ...], target: Load, value: Expression) -> tuple[tuple[int, ...], Load, Expression]:
    """The same loop with fewer counters: axes of length one dropped, neighbours joined where all strides allow."""
    places = [target.at, *(leaf.at for leaf in leaves(value))]
    groups: list[tuple[int, int]] = []  # (size, axis whose factor counts)
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if groups:
            joined, last = groups[-1]
            if all(at.factors[last] == at.factors[axis] * size for at in places):
                groups[-1] = (joined * size, axis)
                continue
        groups.append((size, axis))
    axes = [axis for _, axis in groups]

    def shortened(at: Affine) -> Affine:
        return Affine(tuple(at.factors[axis] for axis in axes), at.constant)

    def through(expression: Expression) -> Expression:
        if isinstance(expression, Operation):
            return Operation(expression.template, tuple(through(a) for a in expression.arguments))
        if isinstance(expression, Load):
            return Load(expression.buffer, shortened(expression.at), expression.table)
        return Count(shortened(expression.at)) if isinstance(expression, Count) else expression

    return tuple(size for size, _ in groups), Load(target.buffer, shortened(target.at), target.table), through(value)
