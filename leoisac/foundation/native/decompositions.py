# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Rules of decompositions of small matrices, and of entries that are chosen by numbers known at run time."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from leoisac.foundation.native.arrays import Constant, Value, View, type_of
from leoisac.foundation.native.expressions import counters, loops, row_major, strided
from leoisac.foundation.native.lowering import Translator, rule
from leoisac.foundation.native.movement import gathered, scattered
from leoisac.foundation.native.places import read_places
from leoisac.foundation.native.steps import Stage, Step, UnsupportedError


def _call(
    translator: Translator, step: Step, values: list[Value], function: str, sizes: Sequence[int | str], matrix: int = 2
) -> list[Value]:
    """``function<sizes..., is_complex>(inputs..., outputs...)`` for every matrix of a stack."""
    writer = translator.writer
    stage = translator.stage_for(*values)
    inputs = [translator.in_memory(v) for v in values]
    goals = [translator.blank(name, stage)[0] for name in step.outputs]
    batch = prod(values[0].shape[:-matrix])
    is_complex = values[0].is_complex
    arguments: list[str] = []
    for value in (*inputs, *goals):
        step_size = prod(value.shape) // max(1, batch)
        for part in value.parts:
            assert isinstance(part, View)
            writer.touch(stage, part.buffer)
            arguments.append(f"{part.buffer.name}+{part.offset}+q*{step_size}")
    template = ",".join([*map(str, sizes), "true" if is_complex else "false"])
    writer.say(stage, f"for(int q=0;q<{batch};++q){function}<{template}>({','.join(arguments)});")
    return goals


LARGEST = 128
"""Side of the largest matrix that is rotated here: beyond, LAPACK is faster, and the stack of a thread too small."""


def _refuse_large(side: int) -> None:
    if side > LARGEST:
        raise UnsupportedError(f"eigenvalues or singular values of a matrix of side {side}, larger than {LARGEST}")


@rule("eigh")
def _eigh(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    if step.params.get("subset_by_index") not in (None, (0, values[0].shape[-1])):
        raise UnsupportedError("some of the eigenvalues only")
    _refuse_large(values[0].shape[-1])
    return _call(translator, step, values, "eigh", [values[0].shape[-1]])


@rule("cholesky")
def _cholesky(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    return _call(translator, step, values, "cholesky", [values[0].shape[-1]])


@rule("lu")
def _lu(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    rows, columns = values[0].shape[-2:]
    if rows != columns:
        raise UnsupportedError("the LU decomposition of a matrix that is not square")
    return _call(translator, step, values, "lu", [rows])


@rule("triangular_solve")
def _triangular(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    p, (a, b) = step.params, values
    if a.is_complex != b.is_complex:
        raise UnsupportedError("a system of real and complex numbers")
    flags = [p["left_side"], p["lower"], p["transpose_a"], p["conjugate_a"], p["unit_diagonal"]]
    sizes = [a.shape[-1], *b.shape[-2:], *("true" if flag else "false" for flag in flags)]
    return _call(translator, step, values, "triangular", sizes)


@rule("qr")
def _qr(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    if step.params.get("pivoting"):
        raise UnsupportedError("the QR decomposition with pivoting")
    rows, columns = values[0].shape[-2:]
    return _call(translator, step, values, "qr", [rows, columns, step.outputs[0].shape[-1]])


@rule("svd")
def _svd(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    rows, columns = values[0].shape[-2:]
    if step.params.get("subset_by_index") not in (None, (0, min(rows, columns))):
        raise UnsupportedError("some of the singular values only")
    if step.params["full_matrices"] and rows != columns and len(step.outputs) > 1:
        raise UnsupportedError("singular vectors beyond the singular values")
    _refuse_large(max(rows, columns))
    return _call(translator, step, values, "svd", [rows, columns])


@rule("sort")
def _sort(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """By the first array; all are put into its order, along the last axis of copies."""
    axis = step.params["dimension"]
    if step.params["num_keys"] != 1 or values[0].is_complex:
        raise UnsupportedError("sorting by more than one array, or complex ones")
    writer, shape = translator.writer, values[0].shape
    stage = translator.stage_for(*values)
    if not prod(shape):
        return values
    order = [*(k for k in range(len(shape)) if k != axis), axis]
    turned = tuple(shape[k] for k in order)
    inverse = [order.index(k) for k in range(len(shape))]
    rows, length = prod(turned[:-1]), turned[-1]
    places = writer.array((rows, length), stage, "long")
    found: list[Value] = []
    for number, value in enumerate(values):
        parts = []
        for part in value.parts:
            kind = type_of(value.dtype)
            source = writer.kept(part, kind, stage)
            copy, target = writer.array(turned, stage, kind), writer.array(turned, stage, kind)
            writer.fill(copy, source.at(tuple(counters(len(shape))[k] for k in inverse), len(shape)))
            writer.touch(stage, copy.buffer, target.buffer, places.buffer)
            row = f"q*{length}"
            if number == 0:
                call = f"order_of<{length}>({copy.buffer.name}+{row},{places.buffer.name}+{row})"
                writer.say(stage, f"for(int q=0;q<{rows};++q){call};")
            moved = f"{target.buffer.name}[{row}+i]={copy.buffer.name}[{row}+{places.buffer.name}[{row}+i]]"
            writer.say(stage, f"for(int q=0;q<{rows};++q)for(int i=0;i<{length};++i){moved};")
            strides = tuple(row_major(turned)[k] for k in inverse)
            parts.append(View(target.buffer, shape, strides, 0, stage))
        found.append(Value(value.shape, value.dtype, tuple(parts)))
    return found


@rule("argmax", "argmin")
def _extreme(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """The first place of the largest or smallest entry; that of the first NaN where there is one."""
    value, (axis,), writer = values[0], step.params["axes"], translator.writer
    if value.is_complex:
        raise UnsupportedError("the largest of complex numbers")
    stage = translator.stage_for(value)
    goal, (target,) = translator.blank(step.outputs[0], stage)
    source = writer.kept(value.parts[0], type_of(value.dtype), stage)
    writer.touch(stage, source.buffer, target.buffer)
    outer, inner = prod(value.shape[:axis]), prod(value.shape[axis + 1 :])
    at = f"{source.buffer.name}[{source.offset}+(q*{value.shape[axis]}+{{}})*{inner}+i]"
    test = f"{at.format('k')}{'>' if step.name == 'argmax' else '<'}{at.format('best')}"
    if value.dtype.kind == "f":
        test = f"{at.format('best')}=={at.format('best')}&&({test}||{at.format('k')}!={at.format('k')})"
    loop = f"long best=0;for(int k=1;k<{value.shape[axis]};++k)if({test})best=k;"
    head = f"for(int q=0;q<{outer};++q)for(int i=0;i<{inner};++i)"
    writer.say(stage, f"{head}{{{loop}{target.buffer.name}[q*{inner}+i]=best;}}")
    return [goal]


@rule("lu_pivots_to_permutation")
def _permutation(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    sizes = [values[0].shape[-1], step.params["permutation_size"]]
    return _call(translator, step, values, "permutation_of", sizes, matrix=1)


@rule("gather")
def _gather(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Entries at places known while translating, or at run time."""
    if isinstance(values[1].parts[0], Constant):
        return gathered(translator, step, values)
    value, indices, name = translator.in_memory(values[0]), values[1], step.outputs[0]
    stage, writer = translator.stage_for(*values), translator.writer
    goal, views = translator.blank(name, stage)
    names, heads = loops(name.shape)
    places, _ = _places_text(translator, step, stage, value.shape, indices, name.shape, names, clamps=True)
    for part, view in zip(value.parts, views, strict=True):
        assert isinstance(part, View)
        writer.touch(stage, part.buffer, view.buffer)
        to = f"{view.buffer.name}[{strided(view.strides, names)}]"
        writer.say(stage, f"{''.join(heads)}{to}={part.buffer.name}[{part.offset}+{places}];")
    return [goal]


@rule("scatter-add", "scatter_add", "scatter")
def _scatter(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Entries added at places known while translating, or at run time; then those beyond the end are dropped."""
    if isinstance(values[1].parts[0], Constant):
        return scattered(translator, step, values)
    if step.name == "scatter":
        raise UnsupportedError("entries put at places that depend on numbers")
    base, indices, updates = values[0], values[1], translator.in_memory(values[2])
    stage, writer = translator.stage_for(*values), translator.writer
    goal, views = translator.blank(step.outputs[0], stage)
    names, heads = loops(updates.shape)
    places, starts = _places_text(translator, step, stage, base.shape, indices, updates.shape, names, clamps=False)
    tests = "&&".join(f"{start}>=0&&{start}<={last}" for start, last in starts)
    head = f"{''.join(heads)}if({tests})" if tests else "".join(heads)
    for part, view, update in zip(base.parts, views, updates.parts, strict=True):
        writer.copy(translator.dense(part, base.dtype), view)
        assert isinstance(update, View)
        writer.touch(stage, view.buffer, update.buffer)
        source = f"{update.buffer.name}[{strided(update.strides, names, update.offset)}]"
        writer.say(stage, f"{head}{view.buffer.name}[{places}]+={source};")
    return [goal]


def _places_text(
    translator: Translator,
    step: Step,
    stage: Stage,
    shape: tuple[int, ...],
    indices: Value,
    entries: tuple[int, ...],
    names: Sequence[str],
    clamps: bool,
) -> tuple[str, list[tuple[str, int]]]:
    """The place of an entry in C++; the starts of windows in it, each with the last one within its axis."""
    places, (where,) = read_places(step, shape, entries), translator.in_memory(indices).parts
    assert isinstance(where, View)
    translator.writer.touch(stage, where.buffer)
    row = strided(where.strides[:-1], [names[k] for k in places.batch], where.offset)
    terms, starts = list[str](), list[tuple[str, int]]()
    for axis in places.axes:
        terms += [f"{axis.stride}*{names[counter]}" for counter in (axis.row, axis.offset) if counter is not None]
        if axis.start is not None:
            start = f"{where.buffer.name}[{row}+{axis.start}]"
            starts.append((start, axis.last_start))
            terms.append(f"{axis.stride}*" + (f"clamped({start},{axis.last_start})" if clamps else start))
    return "+".join(terms) or "0", starts
