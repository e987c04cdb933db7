# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Rules of operations that only move entries: they change where an array is read, or put arrays together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from leoisac.foundation.native.arrays import Array, Assembly, Constant, Pending, Piece, Value, View, type_of
from leoisac.foundation.native.expressions import Affine, Expression, Index, Load, place, product, row_major
from leoisac.foundation.native.lowering import Translator, output, rule
from leoisac.foundation.native.places import places_of
from leoisac.foundation.native.steps import Stage, Step, UnsupportedError


def _moved(translator: Translator, array: Array, shape: Sequence[int], back: Callable[[Index, int], Index]) -> Array:
    """The array read at ``back`` of a place in the new shape."""
    shape = tuple(shape)
    if isinstance(array, Constant) and array.buffer is None:
        if not array.array.size:
            return translator.writer.constant(np.zeros(shape, dtype=array.array.dtype))
        return translator.writer.constant(np.broadcast_to(array.array.reshape(-1)[0], shape))
    if isinstance(array, View):
        axes = len(shape)
        origin = (Affine((0,) * axes),) * axes
        start = place(array.strides, array.offset, back(origin, axes), axes).constant
        strides = []
        for axis in range(axes):
            unit = tuple(Affine((0,) * axes, int(k == axis)) for k in range(axes))
            strides.append(place(array.strides, array.offset, back(unit, axes), axes).constant - start)
        return View(array.buffer, shape, tuple(strides), start, array.stage)

    def entry(index: Index, axes: int) -> Expression:
        return array.at(back(index, axes), axes)

    return Pending(shape, entry, array.stage, array.cost)


def _each(translator: Translator, step: Step, value: Value, back: Callable[[Index, int], Index]) -> list[Value]:
    shape = step.outputs[0].shape
    parts = (translator.dense(p, value.dtype) for p in value.parts)
    return output(step, *(_moved(translator, p, shape, back) for p in parts))


@rule("transpose")
def _transpose(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    inverse = np.argsort(step.params["permutation"])
    return _each(translator, step, values[0], lambda index, axes: tuple(index[k] for k in inverse))


@rule("broadcast_in_dim")
def _broadcast(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, axes_of = values[0], step.params["broadcast_dimensions"]

    def back(index: Index, axes: int) -> Index:
        return tuple(
            index[k] if size > 1 else Affine((0,) * axes) for size, k in zip(value.shape, axes_of, strict=True)
        )

    if value.size < prod(step.outputs[0].shape):  # each entry is read more than once
        parts = tuple(translator.writer.kept(p, type_of(value.dtype)) if p.cost > 0 else p for p in value.parts)
        value = Value(value.shape, value.dtype, parts)
    return _each(translator, step, value, back)


@rule("reshape", "squeeze", "expand_dims")
def _reshape(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, shape = values[0], step.outputs[0].shape
    if step.params.get("dimensions") is not None and step.name == "reshape":
        raise UnsupportedError("a reshape with an order of its own")
    parts = (reshaped(translator, p, value, shape) for p in value.parts)
    return output(step, *parts)


def reshaped(translator: Translator, array: Array, value: Value, shape: tuple[int, ...]) -> Array:
    """The array in another shape, through memory where places do not follow each other evenly."""
    back = _splitting(value.shape, shape)
    array = translator.dense(array, value.dtype)
    if back is None and not (isinstance(array, Constant) and array.buffer is None):
        array = translator.writer.kept(array, type_of(value.dtype))
        return View(array.buffer, shape, row_major(shape), array.offset, array.stage)
    return _moved(translator, array, shape, back or (lambda index, axes: index))


def _splitting(old: tuple[int, ...], new: tuple[int, ...]) -> Callable[[Index, int], Index] | None:
    """Old places as affine functions of new ones, where axes are only split, added or dropped; else None."""
    groups: list[list[int]] = []
    k = 0
    for size in old:
        group, covered = list[int](), 1
        while covered < size:
            if k == len(new):
                return None
            group.append(k)
            covered *= new[k]
            k += 1
        if covered != size:
            return None
        groups.append(group)
    if any(size != 1 for size in new[k:]):
        return None

    def back(index: Index, axes: int) -> Index:
        found = []
        for group in groups:
            at, stride = Affine((0,) * axes), 1
            for axis in reversed(group):
                at = at.plus(index[axis].times(stride))
                stride *= new[axis]
            found.append(at)
        return tuple(found)

    return back


@rule("slice")
def _slice(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    starts, strides = step.params["start_indices"], step.params["strides"] or (1,) * len(values[0].shape)

    def back(index: Index, axes: int) -> Index:
        return tuple(one.times(t).plus(s) for one, s, t in zip(index, starts, strides, strict=True))

    return _each(translator, step, values[0], back)


@rule("rev")
def _reverse(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape, turned = values[0].shape, step.params["dimensions"]

    def back(index: Index, axes: int) -> Index:
        return tuple(
            one.times(-1).plus(size - 1) if k in turned else one
            for k, (one, size) in enumerate(zip(index, shape, strict=True))
        )

    return _each(translator, step, values[0], back)


@rule("split", "unstack")
def _split(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, axis, at = values[0], step.params["axis"], 0
    value = Value(value.shape, value.dtype, tuple(translator.dense(p, value.dtype) for p in value.parts))
    sizes = [int(s) for s in step.params.get("sizes") or [1] * len(step.outputs)]
    found: list[Value] = []
    for name, size in zip(step.outputs, sizes, strict=True):

        def back(index: Index, axes: int, first: int = at) -> Index:
            if step.name == "unstack":
                return (*index[:axis], Affine((0,) * axes, first), *index[axis:])
            return tuple(one.plus(first) if k == axis else one for k, one in enumerate(index))

        parts = tuple(_moved(translator, p, name.shape, back) for p in value.parts)
        found.append(Value(name.shape, name.dtype, parts))
        at += int(size)
    return found


@rule("pad")
def _pad(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, filler = values
    config, shape = step.params["padding_config"], step.outputs[0].shape
    first, last = zip(*((low, high) for low, high, _ in config), strict=True) if config else ((), ())
    if min((*first, *last), default=0) < 0:
        raise UnsupportedError("a negative padding")
    if not all(isinstance(p, Constant) and p.is_zero for p in filler.parts):
        raise UnsupportedError("a padding with numbers other than zero")
    whole = row_major(shape)
    strides = tuple(s * (gap + 1) for s, (_, _, gap) in zip(whole, config, strict=True))
    offset = sum(s * low for s, low in zip(whole, first, strict=True))
    parts = (
        Assembly(shape, (Piece(translator.dense(p, value.dtype), strides, offset),), _known(p), False)
        for p in value.parts
    )
    return output(step, *parts)


@rule("concatenate", "stack")
def _together(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape = step.outputs[0].shape
    axis: int = step.params["dimension" if step.name == "concatenate" else "axis"]
    whole, at, pieces = row_major(shape), 0, list[list[Piece]]()
    count = 2 if np.issubdtype(step.outputs[0].dtype, np.complexfloating) else 1
    for value in values:
        strides = whole if step.name == "concatenate" else (*whole[:axis], *whole[axis + 1 :])
        parts = [translator.dense(p, value.dtype) for p in value.parts]
        if value.size:
            pieces.append([Piece(p, strides, at * whole[axis]) for p in parts])
        at += value.shape[axis] if step.name == "concatenate" else 1
    found = []
    for k in range(count):
        mine = tuple(piece[k] for piece in pieces)
        found.append(Assembly(shape, mine, translator.stage_of(*(p.part for p in mine)), True))
    return output(step, *found)


@rule("tile")
def _tile(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Copies side by side: loops over copies and entries of every axis, which follow each other in memory."""
    value, shape = values[0], step.outputs[0].shape
    if not value.size or not prod(shape):
        return output(step, *(translator.constant(np.zeros(shape)).parts[0] for _ in value.parts))
    repeats = [new // old for new, old in zip(shape, value.shape, strict=True)]
    pairs = tuple(size for pair in zip(repeats, value.shape, strict=True) for size in pair)
    whole = row_major(shape)
    strides = tuple(s for old, stride in zip(value.shape, whole, strict=True) for s in (old * stride, stride))
    found = []
    for part in value.parts:
        kept = translator.writer.kept(part, type_of(value.dtype))
        copies = _moved(translator, kept, pairs, lambda index, axes: index[1::2])
        found.append(Assembly(shape, (Piece(copies, strides, 0),), _known(part), True))
    return output(step, *found)


def _known(array: Array) -> Stage:
    return max(array.stage, Stage.DATA)


def gathered(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Entries at places known while translating."""
    value, shape, indices = values[0], step.outputs[0].shape, values[1].parts[0]
    assert isinstance(indices, Constant)
    table = places_of(step, value.shape, indices.array, shape)
    parts = []
    for part in value.parts:
        if isinstance(part, Constant) and part.buffer is None:
            parts.append(translator.writer.constant(np.broadcast_to(part.array.reshape(-1)[0], shape)))
            continue
        view = translator.writer.kept(translator.dense(part, value.dtype), type_of(value.dtype))
        parts.append(_looked_up(translator, view, table, shape))
    return output(step, *parts)


def _looked_up(translator: Translator, view: View, places: np.ndarray, shape: tuple[int, ...]) -> Array:
    """Entries of memory at given places: a view where they follow each other evenly."""
    strides = _even(places, shape)
    if strides is not None:
        first = int(places.reshape(-1)[0])
        return View(view.buffer, shape, strides, view.offset + first, view.stage)
    table = translator.writer.table(places + view.offset)

    def entry(index: Index, axes: int) -> Expression:
        return Load(view.buffer, place(row_major(shape), 0, index, axes), table)

    return Pending(shape, entry, view.stage, 0.5)


def _even(places: np.ndarray, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Strides if the places are affine in the position."""
    if not places.size:
        return None
    places = places.reshape(shape)
    origin = (0,) * len(shape)
    strides = []
    for axis, size in enumerate(shape):
        second = tuple(int(k == axis) for k in range(len(shape)))
        strides.append(int(places[second] - places[origin]) if size > 1 else 0)
    grid = np.indices(shape)
    fits = places[origin] + sum((s * g for s, g in zip(strides, grid, strict=True)), np.zeros(shape, int))
    return tuple(strides) if (fits == places).all() else None


def scattered(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Entries added to, or put at, places known while translating."""
    value, which, updates = values
    shape, indices = step.outputs[0].shape, which.parts[0]
    assert isinstance(indices, Constant)
    places = places_of(step, shape, indices.array, updates.shape)
    if step.name == "scatter" and len(np.unique(places)) < places.size:
        raise UnsupportedError("entries that are set twice")
    parts = []
    for base, update in zip(value.parts, updates.parts, strict=True):
        table = translator.writer.table(places)
        update = translator.dense(update, updates.dtype)
        piece = Piece(update, row_major(updates.shape), 0, table)
        if step.name == "scatter":
            parts.append(_overwritten(translator, value, base, piece, places))
            continue
        under = () if isinstance(base, Constant) and base.is_zero else _pieces_of(translator, base, value)
        stage = max(translator.stage_of(base, update), Stage.DATA)
        parts.append(Assembly(shape, (*under, piece), stage, False))
    return output(step, *parts)


def _pieces_of(translator: Translator, base: Array, value: Value) -> tuple[Piece, ...]:
    if isinstance(base, Assembly):
        return base.pieces
    return (Piece(translator.dense(base, value.dtype), row_major(value.shape), 0),)


def _overwritten(translator: Translator, value: Value, base: Array, piece: Piece, places: np.ndarray) -> Array:
    kept = np.ones(value.size)
    kept[places.reshape(-1)] = 0.0
    mask = translator.constant(kept.reshape(value.shape)).parts[0]
    base = translator.dense(base, value.dtype)

    def entry(index: Index, axes: int) -> Expression:
        return product(base.at(index, axes), mask.at(index, axes))

    masked = Pending(value.shape, entry, max(base.stage, Stage.DATA), base.cost + 1.0)
    stage = max(translator.stage_of(base, piece.part), Stage.DATA)
    return Assembly(value.shape, (Piece(masked, row_major(value.shape), 0), piece), stage, False)


@rule("dynamic_slice", "dynamic_update_slice")
def _dynamic(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    is_update = step.name == "dynamic_update_slice"
    value, starts = values[0], values[2:] if is_update else values[1:]
    small = values[1].shape if is_update else step.outputs[0].shape
    stage, writer = translator.stage_for(*values), translator.writer
    scalar = writer.array((), stage, "long")
    strides = row_major(value.shape)
    terms = []
    for start, size, length, stride in zip(starts, small, value.shape, strides, strict=True):
        view = writer.kept(start.parts[0], "long")
        writer.touch(stage, view.buffer)
        terms.append(f"{stride}*clamped({view.buffer.name}[{view.offset}],{length - size})")
    writer.touch(stage, scalar.buffer)
    writer.say(stage, f"{scalar.buffer.name}[0]={'+'.join(terms) or '0'};")
    kind = type_of(value.dtype)
    found = []
    for k, part in enumerate(value.parts):
        memory = writer.kept(part, kind, stage)
        if is_update:
            whole = writer.array(value.shape, stage, kind)
            writer.copy(memory, whole)
            memory, piece = whole, writer.kept(values[1].parts[k], kind, stage)
        else:
            piece = writer.array(small, stage, kind)
        window = View(memory.buffer, small, strides, memory.offset, stage)
        writer.shifted(stage, piece, window, f"{scalar.buffer.name}[0]", read=not is_update)
        found.append(memory if is_update else piece)
    return output(step, *found)
