# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Rules of sums: reductions, products of matrices, running sums.

A product of arrays runs over one free axis in vectors, with the sums in registers: data of an instance are laid out
once so that this axis lies side by side in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from leoisac.foundation.native.arrays import Array, Constant, Value, View, type_of
from leoisac.foundation.native.expressions import Affine, Literal, Load, Operation, counters, place, row_major
from leoisac.foundation.native.lowering import Translator, output, rule
from leoisac.foundation.native.steps import Stage, Step, UnsupportedError
from leoisac.foundation.native.writing import Strided, Writer

_REDUCTIONS = {
    "reduce_sum": ("0.0", "{0}+{1}"),
    "reduce_max": ("(-INFINITY)", "larger({0},{1})"),
    "reduce_min": ("INFINITY", "smaller({0},{1})"),
    "reduce_prod": ("1.0", "{0}*{1}"),
    "reduce_and": ("1", "{0}&{1}"),
    "reduce_or": ("0", "{0}|{1}"),
}


_LEAST, _MOST = "(-0x7fffffffffffffffL-1)", "0x7fffffffffffffffL"


@rule(*_REDUCTIONS)
def _reduce(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, name = values[0], step.outputs[0]
    if value.is_complex and step.name == "reduce_prod":
        return _complex_product(translator, step, value)
    if value.is_complex and step.name != "reduce_sum":
        raise UnsupportedError(f"the primitive {step.name} of complex numbers")
    axes, kind = tuple(step.params["axes"]), type_of(name.dtype)
    first, join = _REDUCTIONS[step.name]
    if kind == "long":
        first = {"reduce_sum": "0", "reduce_prod": "1", "reduce_max": _LEAST, "reduce_min": _MOST}.get(step.name, first)
    parts = []
    for part in value.parts:
        part = translator.dense(part, value.dtype)
        stage = max(translator.writer.current(part.stage), Stage.DATA)
        target = translator.writer.array(name.shape, stage, kind)
        reduce_into(translator.writer, part, axes, target, first, join)
        parts.append(target)
    return output(step, *parts)


def _complex_product(translator: Translator, step: Step, value: Value) -> list[Value]:
    """The product along one axis, the factors laid side by side."""
    writer, (axis, *more) = translator.writer, step.params["axes"]
    if more:
        raise UnsupportedError("a product of complex numbers over several axes")
    stage = translator.stage_for(value)
    goal, views = translator.blank(step.outputs[0], stage)
    order = [*(k for k in range(len(value.shape)) if k != axis), axis]
    shape, axes = tuple(value.shape[k] for k in order), len(order)
    copies = [writer.array(shape, stage) for _ in value.parts]
    for part, copy in zip(value.parts, copies, strict=True):
        index = _permuted(counters(axes), order)
        writer.fill(copy, translator.dense(part, value.dtype).at(index, axes))
    writer.touch(stage, *(view.buffer for view in (*copies, *views)))
    (re, im), (out_re, out_im) = ([view.buffer.name for view in pair] for pair in (copies, views))
    length = shape[-1]
    body = f"const double a={re}[q*{length}+k],b={im}[q*{length}+k],s=x*a-y*b;y=x*b+y*a;x=s;"
    loop = f"for(int k=0;k<{length};++k){{{body}}}"
    head = f"for(int q=0;q<{prod(shape[:-1])};++q)"
    writer.say(stage, f"{head}{{double x=1.0,y=0.0;{loop}{out_re}[q]=x;{out_im}[q]=y;}}")
    return [goal]


def reduce_into(writer: Writer, part: Array, axes: Sequence[int], target: View, first: str, join: str) -> None:
    """Reduce axes of an array into memory."""
    shape, stage = part.shape, target.stage
    kept = [k for k in range(len(shape)) if k not in axes]
    if not all(shape):
        writer.fill(target, Literal(first))
        return
    if not kept or kept[-1] != len(shape) - 1:  # the last axis is summed over: one sum at a time
        order = [*kept, *axes]
        _accumulated(writer, part, order, len(kept), target, first, join, stage)
        return
    writer.fill(target, Literal(first))
    order = [*axes, *kept]
    sizes = [shape[k] for k in order]
    index = _permuted(counters(len(order)), order)
    strides = [0] * len(axes) + list(target.strides)
    at = place(strides, target.offset, counters(len(order)), len(order))
    goal = Load(target.buffer, at)
    writer.loop(stage, sizes, goal, Operation(join, (goal, part.at(index, len(order)))))


def _permuted(index: Sequence[Affine], order: Sequence[int]) -> tuple[Affine, ...]:
    """The place in the array of a loop whose counter ``k`` runs over axis ``order[k]``."""
    found = list(index)
    for counter, axis in zip(index, order, strict=True):
        found[axis] = counter
    return tuple(found)


def _accumulated(
    writer: Writer, part: Array, order: list[int], kept: int, target: View, first: str, join: str, stage: Stage
) -> None:
    sizes = [part.shape[k] for k in order]
    index = _permuted(counters(len(order)), order)
    at = place([*target.strides, *[0] * (len(order) - kept)], target.offset, counters(len(order)), len(order))
    writer.reduction(stage, sizes, kept, Load(target.buffer, at), part.at(index, len(order)), first, join)


@rule("cumsum")
def _running(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    name, axis = step.outputs[0], step.params["axis"]
    length = name.shape[axis]
    array = np.tril(np.ones((length, length))) if not step.params["reverse"] else np.triu(np.ones((length, length)))
    matrix = translator.constant(array)
    others = [k for k in range(len(name.shape)) if k != axis]
    parts = []
    for part in values[0].parts:
        one = Value(values[0].shape, np.dtype(float), (part,))
        found, _ = contracted(translator, matrix, one, ((1,), (axis,)), ((), ()))
        order = np.argsort([axis, *others])
        view = found.parts[0]
        assert isinstance(view, View)
        strides = tuple(view.strides[k] for k in order)
        parts.append(View(view.buffer, name.shape, strides, view.offset, view.stage))
    return output(step, *parts)


@rule("dot_general")
def _dot(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    contract, batch = step.params["dimension_numbers"]
    found, shape = contracted(translator, values[0], values[1], contract, batch)
    assert shape == step.outputs[0].shape
    return output(step, *found.parts)


def contracted(translator: Translator, a: Value, b: Value, contract: Any, batch: Any) -> tuple[Value, tuple[int, ...]]:
    """Sum of products over pairs of axes; batch axes first, then the free ones of both factors."""
    free = [
        [k for k in range(len(v.shape)) if k not in contract[side] and k not in batch[side]]
        for side, v in enumerate((a, b))
    ]
    shape = (
        *(a.shape[k] for k in batch[0]),
        *(a.shape[k] for k in free[0]),
        *(b.shape[k] for k in free[1]),
    )
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind not in "fc":
        raise UnsupportedError("products of matrices of whole numbers")
    a, b = (_factor(translator, v) for v in (a, b))
    stage = translator.stage_for(a, b)
    axes = _Axes(tuple(batch[0]), tuple(batch[1]), free[0], free[1], tuple(contract[0]), tuple(contract[1]))

    def part(*terms: tuple[Array, Array, float]) -> Array:
        real = [t for t in terms if not any(isinstance(f, Constant) and f.is_zero for f in t[:2])]
        if not real or not prod(a.shape[k] for k in contract[0]):
            return translator.constant(np.zeros(shape)).parts[0]
        target = translator.writer.array(shape, stage)
        for k, (x, y, sign) in enumerate(real):
            _contract(translator.writer, axes, x, y, target, stage, sign, add=k > 0)
        return target

    if a.is_complex and b.is_complex:
        (ar, ai), (br, bi) = a.parts, b.parts
        parts = part((ar, br, 1.0), (ai, bi, -1.0)), part((ar, bi, 1.0), (ai, br, 1.0))
    elif a.is_complex:
        parts = tuple(part((x, b.parts[0], 1.0)) for x in a.parts)
    elif b.is_complex:
        parts = tuple(part((a.parts[0], y, 1.0)) for y in b.parts)
    else:
        parts = (part((a.parts[0], b.parts[0], 1.0)),)
    return Value(shape, dtype, parts), shape


def _factor(translator: Translator, value: Value) -> Value:
    """A factor in memory, or constant."""
    parts = tuple(p if isinstance(p, (View, Constant)) else translator.writer.kept(p) for p in value.parts)
    return Value(value.shape, value.dtype, parts)


@dataclass(frozen=True)
class _Axes:
    """Axes of two factors: batch, free, contracted."""

    batch_a: tuple[int, ...]
    batch_b: tuple[int, ...]
    free_a: list[int]
    free_b: list[int]
    sum_a: tuple[int, ...]
    sum_b: tuple[int, ...]


def _contract(
    writer: Writer, axes: _Axes, x: Array, y: Array, target: View, stage: Stage, sign: float, add: bool
) -> None:
    a, b = _in_memory(writer, x), _in_memory(writer, y)
    free = _free_loops(axes, a, b, target)
    sums = [
        Strided(a.shape[i], a.strides[i], b.strides[j], 0, i, j) for i, j in zip(axes.sum_a, axes.sum_b, strict=True)
    ]
    free, sums = [loop for loop in free if loop.size > 1], [loop for loop in sums if loop.size > 1]
    inner = max(free, key=lambda loop: _merit(loop, a, b), default=None)
    if inner is not None and _merit(inner, a, b) < _worth_of_sums(sums):
        inner = None
    if inner is not None:
        a, b = _side_by_side(writer, a, inner.axis_a), _side_by_side(writer, b, inner.axis_b)
        free = _free_loops(axes, a, b, target)
        free = [loop for loop in free if loop.size > 1]
        sums = [
            Strided(a.shape[i], a.strides[i], b.strides[j], 0, i, j)
            for i, j in zip(axes.sum_a, axes.sum_b, strict=True)
            if a.shape[i] > 1
        ]
        inner = next(f for f in free if (f.axis_a, f.axis_b) == (inner.axis_a, inner.axis_b))
    outer = [loop for loop in free if loop is not inner]
    writer.contraction(stage, a, b, target, outer, _joined(sums), inner, sign, add)


def _in_memory(writer: Writer, array: Array) -> View:
    if isinstance(array, View):
        return array
    assert isinstance(array, Constant)
    if array.buffer is None:
        value = writer.table(array.array.reshape(-1)[:1].astype(float))
        return View(value, array.shape, (0,) * len(array.shape), 0, Stage.CONSTANT)
    return View(array.buffer, array.shape, row_major(array.shape), 0, Stage.CONSTANT)


def _free_loops(axes: _Axes, a: View, b: View, target: View) -> list[Strided]:
    found, out = list[Strided](), iter(target.strides)
    for i, j in zip(axes.batch_a, axes.batch_b, strict=True):
        found.append(Strided(a.shape[i], a.strides[i], b.strides[j], next(out), i, j))
    found += [Strided(a.shape[i], a.strides[i], 0, next(out), i, None) for i in axes.free_a]
    found += [Strided(b.shape[j], 0, b.strides[j], next(out), None, j) for j in axes.free_b]
    return found


def _merit(loop: Strided, a: View, b: View) -> float:
    """How well an axis serves as the one of the vectors."""
    if loop.size < 3 or loop.out != 1:
        return 0.0
    steps = [(a, loop.a, loop.axis_a), (b, loop.b, loop.axis_b)]
    for view, stride, axis in steps:
        if axis is not None and stride != 1 and view.stage > Stage.DATA:
            return 0.5
    vectors = -(-loop.size // 4)
    return 4.0 * loop.size / (4.0 * vectors) + min(vectors, 8) / 8.0


def _worth_of_sums(sums: Sequence[Strided]) -> float:
    """How well the sum itself would serve."""
    return 1.0 + max((min(loop.size, 32) / 16.0 for loop in sums if loop.a == 1 and loop.b == 1), default=-0.9)


def _side_by_side(writer: Writer, view: View, axis: int | None) -> View:
    """The factor with an axis side by side in memory; data are laid out anew where it is not."""
    if axis is None or view.strides[axis] == 1 or view.shape[axis] == 1:
        return view
    order = [*(k for k in range(len(view.shape)) if k != axis), axis]
    if view.stage == Stage.CONSTANT and view.buffer.values is not None:
        array = np.array([float(v.strip("()")) for v in view.buffer.values])
        places = np.full((), view.offset)
        for size, stride in zip(view.shape, view.strides, strict=True):
            places = np.add.outer(places, stride * np.arange(size))
        table = writer.table(array[places].transpose(order))
        return View(table, view.shape, _strides_in(view.shape, order), 0, Stage.CONSTANT)
    copy = writer.array([view.shape[k] for k in order], view.stage)
    turned = View(copy.buffer, view.shape, _strides_in(view.shape, order), 0, view.stage)
    axes = len(order)
    source = View(view.buffer, copy.shape, tuple(view.strides[k] for k in order), view.offset, view.stage)
    writer.fill(copy, source.at(counters(axes), axes))
    return turned


def _strides_in(shape: tuple[int, ...], order: Sequence[int]) -> tuple[int, ...]:
    """Strides by axis of memory in which the axes lie in another order."""
    inner = row_major([shape[k] for k in order])
    return tuple(inner[list(order).index(axis)] for axis in range(len(shape)))


def _joined(sums: list[Strided]) -> list[Strided]:
    """Sums over neighbouring axes as one, where both factors allow."""
    found: list[Strided] = []
    for loop in sums:
        if found and all(getattr(found[-1], s) == getattr(loop, s) * loop.size for s in "ab"):
            last = found.pop()
            loop = Strided(last.size * loop.size, loop.a, loop.b, 0, None, None)
        found.append(loop)
    return found
