# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Programs in C++: the memory of leaves, the statements of every stage, and the function of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.native import control, decompositions, elementwise, movement, sums
from leoisac.foundation.native.arrays import Value, View, type_of
from leoisac.foundation.native.expressions import Buffer, counters, row_major
from leoisac.foundation.native.lowering import Translator
from leoisac.foundation.native.steps import Name, Stage, UnsupportedError, set_stages, traced
from leoisac.foundation.native.writing import SLACK, Writer

_RULES = (control, decompositions, elementwise, movement, sums)
"""Where the rules are that the translation looks up by name: importing these files is what enters them."""
MOST_STATEMENTS = 4000
"""A program of more statements is not ours to make: compiling it would take minutes."""
STACK_ENTRIES = 16384
"""Numbers that a stage keeps on the stack; further memory is on the heap."""


def shape_of(leaf: Any) -> jax.ShapeDtypeStruct:
    """Shape and type of a leaf, in the precision in which JAX would take it."""
    array = leaf if hasattr(leaf, "dtype") and hasattr(leaf, "shape") else np.asarray(leaf)
    return jax.ShapeDtypeStruct(tuple(array.shape), jax.dtypes.canonicalize_dtype(array.dtype))


def passed_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which a leaf is passed: one of three.

    Raises:
        UnsupportedError: for single precision, keys of random numbers and what else is no number.
    """
    if dtype.kind == "c" and dtype.itemsize == 16:
        return np.dtype(np.complex128)
    if dtype.kind == "f" and dtype.itemsize == 8:
        return np.dtype(np.float64)
    if dtype.kind in "iub":
        return np.dtype(np.int64)
    raise UnsupportedError(f"numbers of type {dtype}")


@dataclass(frozen=True)
class Leaf:
    """Memory of a leaf that the caller passes: its buffer, and how many entries of eight bytes it has."""

    value: Value
    buffer: Buffer
    size: int

    def load(self, source: str, number: int, row: str) -> str:
        """The statement that copies its row from the caller's array."""
        if not self.size:
            return ""
        pointer = f"static_cast<const {self.buffer.type}*>({source}[{number}])"
        return f"std::memcpy({self.buffer.name}, {pointer} + {row} * {self.size}, {self.size} * 8);"


def leaf_of(writer: Writer, name: Name, stage: Stage) -> Leaf:
    """Memory of an input."""
    kind = type_of(passed_type(name.dtype))
    parts = 2 if name.dtype.kind == "c" else 1
    size = parts * prod(name.shape)
    buffer = writer.buffer(size, kind)
    buffer.is_member = True
    strides = tuple(parts * s for s in row_major(name.shape))
    views = tuple(View(buffer, name.shape, strides, k, stage) for k in range(parts))
    return Leaf(Value(name.shape, name.dtype, views), buffer, size)


def given(name: str, shape: tuple[int, ...], stage: Stage) -> Value:
    """Real numbers that are an argument of a function."""
    view = View(Buffer(name, prod(shape)), shape, row_major(shape), 0, stage)
    return Value(shape, np.dtype(np.float64), (view,))


def finish(writer: Writer, value: Value, goal: str, stage: Stage) -> None:
    """Put a result where the caller finds it; complex numbers with real and imaginary parts side by side."""
    if not value.size:
        return
    count, axes = (2 if value.is_complex else 1), len(value.shape)
    kind = type_of(value.dtype)
    for k, part in enumerate(value.parts):
        strides = tuple(count * s for s in row_major(value.shape))
        target = View(Buffer(goal, count * value.size, kind), value.shape, strides, k, stage)
        writer.fill(target, writer.readable(part, kind).at(counters(axes), axes))


def tables(writer: Writer) -> str:
    """Declarations of constants.

    For the compiler they are no constants: GCC 12.2, which takes a few of their numbers for all of them where it makes
    vectors, read 0.8 for the fourth of ``0.8, 0.8, 0.8, 0.0, 0.0, 0.0``.
    """
    return "\n".join(
        f"alignas(32) {t.type} {t.name}[{t.size + SLACK}] = {{{','.join(t.values or ())}}};"
        for t in writer.tables.values()
    )


def members(writer: Writer) -> str:
    """Declarations of what more than one stage touches."""
    inside = {id(b) for stage in Stage for b in _on_stack(writer, stage)}
    return "\n  ".join(_declared(b) for b in writer.buffers if id(b) not in inside)


def body(writer: Writer, stage: Stage) -> str:
    """Statements of a stage, with the memory that only it touches."""
    if sum(map(len, writer.lines.values())) > MOST_STATEMENTS:
        raise UnsupportedError(f"a program of more than {MOST_STATEMENTS} statements")
    own = [_declared(b) for b in _on_stack(writer, stage)]
    return "\n    ".join([*own, *writer.lines[stage]])


def _on_stack(writer: Writer, stage: Stage) -> list[Buffer]:
    """The memory that only this stage touches, as far as a stack has room: a thread's may be half a megabyte."""
    found: list[Buffer] = []
    room = STACK_ENTRIES
    for buffer in writer.buffers:
        if _home(buffer) == stage and buffer.size + SLACK <= room:
            found.append(buffer)
            room -= buffer.size + SLACK
    return found


def _home(buffer: Buffer) -> Stage | None:
    stages = buffer.stages - {Stage.CONSTANT}
    return next(iter(stages)) if len(stages) == 1 and not buffer.is_member else None


def _declared(buffer: Buffer) -> str:
    return f"alignas(32) {buffer.type} {buffer.name}[{buffer.size + SLACK}];"


@dataclass(frozen=True)
class FunctionSource:
    """A program of a function of one trial."""

    source: str
    inputs: tuple[np.dtype[Any], ...]
    """Types of the leaves, those that all trials share first."""
    outputs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]
    """Shapes and types of the results' leaves."""


def function_source(function: Callable[..., Any], shared: Sequence[Any], own: Sequence[Any]) -> FunctionSource:
    """The program of a function of flat leaves.

    Args:
        function: of the leaves; its results are flat leaves, too.
        shared: shapes of the leaves that are the same for all trials.
        own: shapes of the leaves of one trial.

    Raises:
        UnsupportedError: something in it has no translation.
    """
    program = traced(function, (*shared, *own))
    stages = [*[Stage.DATA] * len(shared), *[Stage.POINT] * len(own)]
    set_stages(program, stages, program.results)
    writer = Writer()
    leaves = [leaf_of(writer, name, stage) for name, stage in zip(program.inputs, stages, strict=True)]
    results = Translator(writer).run(program, [leaf.value for leaf in leaves])
    outputs, stores = [], []
    for k, value in enumerate(results):
        kind = passed_type(value.dtype)
        size = value.size * (2 if value.is_complex else 1)
        stores.append(f"{type_of(kind)}* o{k} = static_cast<{type_of(kind)}*>(outputs[{k}]) + trial * {size};")
        outputs.append((value.shape, value.dtype))
    for k, value in enumerate(results):
        finish(writer, value, f"o{k}", Stage.POINT)
    count = len(shared)
    source = _FUNCTION.format(
        tables=tables(writer),
        members=members(writer),
        shared="\n    ".join(leaf.load("shared", k, "0") for k, leaf in enumerate(leaves[:count])),
        own="\n    ".join(leaf.load("own", k, "trial") for k, leaf in enumerate(leaves[count:])),
        prepare=body(writer, Stage.DATA),
        outputs="\n    ".join(stores),
        statements=body(writer, Stage.POINT),
    )
    types = tuple(passed_type(name.dtype) for name in program.inputs)
    return FunctionSource(source, types, tuple(outputs))


COMPACT = "#define COMPACT\n"
"""Before a program whose sums of products are to share one loop: quick to compile, half as quick to run."""

_FUNCTION = """#include "kernels.hpp"
#include "linalg.hpp"
{tables}
struct Function {{
  {members}
  void prepare(const void* const* shared) {{
    {shared}
    {prepare}
  }}
  void run(const void* const* own, void* const* outputs, long trial) {{
    {own}
    {outputs}
    {statements}
  }}
}};
extern "C" void call(const void* const* shared, const void* const* own, void* const* outputs, long first, long last) {{
  auto function = new Function;
  std::memset(static_cast<void*>(function), 0, sizeof(Function));
  function->prepare(shared);
  for (long trial = first; trial < last; ++trial) function->run(own, outputs, trial);
  delete function;
}}
"""
