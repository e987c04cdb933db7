# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""A problem as a C++ program: what is known with the data, at a point, and of the slope, as three functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax
from leoisac.optim.native import control, decompositions, elementwise, movement, sums
from leoisac.optim.native.arrays import Value, View
from leoisac.optim.native.expressions import Buffer, counters, row_major
from leoisac.optim.native.lowering import Translator
from leoisac.optim.native.steps import Name, Stage, set_stages, traced
from leoisac.optim.native.writing import SLACK, Writer
from leoisac.optim.problem import Path, Problem

_RULES = (control, decompositions, elementwise, movement, sums)
"""Where the rules are that the translation looks up by name: importing these files is what enters them."""
_STAGES = (Stage.DATA, Stage.POINT, Stage.SLOPE)


@dataclass(frozen=True)
class Emitted:
    """A program, and what it expects of its caller."""

    source: str
    n: int
    m: int
    data: tuple[np.dtype[Any], ...]
    """Types of the leaves of data, as they are passed."""
    path: tuple[np.dtype[Any], ...]


def emitted(fc: Problem, n: int, data: Any, path: Path, memory: int) -> Emitted:
    """The program of one instance.

    Args:
        fc: the problem.
        n: its number of variables.
        data: of one instance; only shapes and types matter.
        path: parameters of one stage likewise, or None.
        memory: curvature pairs of the engine.

    Raises:
        UnsupportedError: something in it has no translation.
    """
    leaves, tree = jax.tree.flatten(data)
    parameters, path_tree = jax.tree.flatten(path)
    count, size = len(leaves), n

    def problem(x: Any, rest: Sequence[Any]) -> tuple[Any, Any]:
        given = tree.unflatten(rest[:count])
        return fc(x, given) if path is None else fc(x, given, path_tree.unflatten(rest[count:]))

    shapes = [_shape(leaf) for leaf in (*leaves, *parameters)]
    point = jax.ShapeDtypeStruct((size,), np.float64)
    m = jax.eval_shape(problem, point, shapes)[1].size

    def everything(x: Any, weight: Any, weights: Any, *rest: Any) -> tuple[Any, ...]:
        (objective, c), pull = jax.vjp(lambda x: problem(x, rest), x)
        return objective, c.reshape(-1), pull((weight, weights.reshape(c.shape)))[0]

    one, many = jax.ShapeDtypeStruct((), np.float64), jax.ShapeDtypeStruct((m,), np.float64)
    program = traced(everything, (point, one, many, *shapes))
    known = [Stage.POINT, Stage.SLOPE, Stage.SLOPE, *[Stage.DATA] * len(shapes)]
    set_stages(program, known, program.results[:2])

    writer = Writer()
    arguments = [_given("x", (size,), Stage.POINT), _given("weight", (), Stage.SLOPE), _given("c", (m,), Stage.SLOPE)]
    fields: list[tuple[Buffer, int]] = []
    for name in program.inputs[3:]:
        value, buffer, length = _field(writer, name, len(fields))
        arguments.append(value)
        fields.append((buffer, length))
    results = Translator(writer).run(program, arguments)
    for value, goal, stage in zip(
        results, ("objective", "c", "g"), (Stage.POINT, Stage.POINT, Stage.SLOPE), strict=True
    ):
        _finish(writer, value, goal, stage)
    types = tuple(_passed(name.dtype) for name in program.inputs[3:])
    source = _source(writer, fields, count, size, m, memory)
    return Emitted(source, size, m, types[:count], types[count:])


def _shape(leaf: Any) -> jax.ShapeDtypeStruct:
    array = np.asarray(leaf) if not hasattr(leaf, "dtype") else leaf
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _passed(dtype: np.dtype) -> np.dtype:
    """The type in which a leaf is passed: one of three."""
    return np.dtype({"c": np.complex128, "f": np.float64}.get(dtype.kind, np.int64))


def _given(name: str, shape: tuple[int, ...], stage: Stage) -> Value:
    """An argument of the functions."""
    view = View(Buffer(name, prod(shape), outer=True), shape, row_major(shape), 0, stage)
    return Value(shape, np.dtype(np.float64), (view,))


def _field(writer: Writer, name: Name, number: int) -> tuple[Value, Buffer, int]:
    """Memory of a leaf of data."""
    parts = 2 if name.dtype.kind == "c" else 1
    size = parts * prod(name.shape)
    buffer = Buffer(f"d{number}", max(1, size), "double" if name.dtype.kind in "fc" else "long", set(Stage))
    writer.buffers.append(buffer)
    strides = tuple(parts * s for s in row_major(name.shape))
    views = tuple(View(buffer, name.shape, strides, k, Stage.DATA) for k in range(parts))
    return Value(name.shape, name.dtype, views), buffer, size


def _finish(writer: Writer, value: Value, goal: str, stage: Stage) -> None:
    """Put a result where the caller finds it."""
    if not value.size:
        return
    part = writer.readable(value.parts[0])
    axes = len(value.shape)
    target = View(Buffer(goal, value.size, outer=True), value.shape, row_major(value.shape), 0, stage)
    writer.fill(target, part.at(counters(axes), axes))


def _source(writer: Writer, fields: list[tuple[Buffer, int]], count: int, n: int, m: int, memory: int) -> str:
    """The text of the program."""
    given = {id(buffer) for buffer, _ in fields}
    local: dict[Stage, list[Buffer]] = {stage: [] for stage in _STAGES}
    members: list[Buffer] = []
    for buffer in writer.buffers:
        stages = buffer.stages - {Stage.CONSTANT}
        if id(buffer) in given or len(stages) != 1:
            members.append(buffer)
        else:
            local[next(iter(stages))].append(buffer)

    def declared(buffer: Buffer) -> str:
        return f"alignas(32) {buffer.type} {buffer.name}[{buffer.size + SLACK}];"

    def body(stage: Stage) -> str:
        return "\n    ".join([*map(declared, local[stage]), *writer.lines[stage]])

    tables = "\n".join(
        f"alignas(32) static const {t.type} {t.name}[{t.size + SLACK}] = {{{','.join(t.values or ())}}};"
        for t in writer.tables.values()
    )
    loads = [
        f"std::memcpy(d{k}, static_cast<const {b.type}*>(data[{k}]) + instance * {size}, {size} * 8);"
        for k, (b, size) in enumerate(fields[:count])
        if size
    ]
    stage_loads = [
        f"std::memcpy(d{count + k}, static_cast<const {b.type}*>(path[{k}]) + stage * {size}, {size} * 8);"
        for k, (b, size) in enumerate(fields[count:])
        if size
    ]
    return _TEMPLATE.format(
        n=n,
        m=m,
        memory=memory,
        tables=tables,
        members="\n  ".join(map(declared, members)),
        loads="\n    ".join(loads),
        stage_loads="\n    ".join(stage_loads),
        prepare=body(Stage.DATA),
        forward=body(Stage.POINT),
        backward=body(Stage.SLOPE),
    )


_TEMPLATE = """#include "engine.hpp"
#include "linalg.hpp"
#include "interface.hpp"
{tables}
struct Problem {{
  static constexpr int N = {n}, M = {m};
  const void* const* path = nullptr;
  {members}
  void load(const void* const* data, long instance) {{
    {loads}
  }}
  void enter(long stage) {{
    {stage_loads}
    prepare();
  }}
  __attribute__((noinline)) void prepare() {{
    {prepare}
  }}
  __attribute__((noinline)) void forward(const double* __restrict x, double& value, double* __restrict c) {{
    double objective[1];
    {forward}
    value = objective[0];
  }}
  __attribute__((noinline)) void backward(
      const double* __restrict x, double given, const double* __restrict c, double* __restrict g) {{
    const double weight[1] = {{given}};
    {backward}
  }}
}};
INTERFACE(Problem, {memory})
"""

__all__ = ["Emitted", "emitted"]
