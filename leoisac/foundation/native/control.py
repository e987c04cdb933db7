# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Rules of control flow: loops and branches that stay loops and branches."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from leoisac.foundation.native.arrays import Array, Pending, Value, View, type_of
from leoisac.foundation.native.expressions import Expression, Index, Operation, row_major
from leoisac.foundation.native.lowering import Translator, rule
from leoisac.foundation.native.steps import Name, Stage, Step, branches_of, flat
from leoisac.foundation.native.sums import reduce_into


def _own(translator: Translator, stage: Stage, names: Sequence[Name], values: Sequence[Value]) -> list[Value]:
    """New memory for every name, with the values in it."""
    made = []
    for name, value in zip(names, values, strict=True):
        blank, views = translator.blank(name, stage)
        for view, part in zip(views, value.parts, strict=True):
            translator.writer.copy(translator.dense(part, value.dtype), view)
        made.append(blank)
    return made


def _put(translator: Translator, goals: Sequence[Value], values: Sequence[Value]) -> None:
    """Values into memory that some of them may be read from: all are complete before the first is moved."""
    held = {id(p.buffer) for goal in goals for p in goal.parts if isinstance(p, View)}
    ready = []
    for value in values:
        parts = []
        for part in value.parts:
            view = translator.writer.kept(part, type_of(value.dtype))
            if id(view.buffer) in held:
                copy = translator.writer.array(view.shape, view.stage, view.buffer.type)
                translator.writer.copy(view, copy)
                view = copy
            parts.append(view)
        ready.append(Value(value.shape, value.dtype, tuple(parts)))
    for goal, value in zip(goals, ready, strict=True):
        for view, part in zip(goal.parts, value.parts, strict=True):
            assert isinstance(view, View)
            translator.writer.copy(part, view)


def _truth(translator: Translator, value: Value) -> str:
    view = translator.writer.kept(value.parts[0], "long")
    translator.writer.touch(view.stage, view.buffer)
    return f"{view.buffer.name}[{view.offset}]"


@rule("while")
def _while(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    test, body = flat(step.params["cond_jaxpr"]), flat(step.params["body_jaxpr"])
    n_test, n_body = step.params["cond_nconsts"], step.params["body_nconsts"]
    stage, writer = translator.stage_for(*values), translator.writer
    fixed = [translator.in_memory(v) for v in values[: n_test + n_body]]
    carry = _own(translator, stage, step.outputs, values[n_test + n_body :])
    with writer.block(stage, "for(;;){"):
        going = translator.in_memory(Translator(writer).run(test, [*fixed[:n_test], *carry])[0])
        writer.say(stage, f"if(!{_any(translator, going)})break;")
        found = Translator(writer).run(body, [*fixed[n_test:], *carry])
        if going.shape:  # loops side by side: those that have ended stand still
            found = [_chosen(translator, going, new, old) for new, old in zip(found, carry, strict=True)]
        _put(translator, carry, found)
    return carry


def _any(translator: Translator, value: Value) -> str:
    """Whether one of some flags is set."""
    view = value.parts[0]
    assert isinstance(view, View)
    if not value.shape:
        return _truth(translator, value)
    flag = translator.writer.array((), view.stage, "long")
    reduce_into(translator.writer, view, range(len(view.shape)), flag, "0", "{0}|{1}")
    return f"{flag.buffer.name}[0]"


def _chosen(translator: Translator, flags: Value, new: Value, old: Value) -> Value:
    """``new`` where flags are set, else ``old``; the flags' axes come first."""
    flag, axes_of = flags.parts[0], len(flags.shape)

    def part(first: Array, second: Array) -> Array:
        first = translator.dense(first, new.dtype)

        def entry(index: Index, axes: int) -> Expression:
            parts = flag.at(index[:axes_of], axes), first.at(index, axes), second.at(index, axes)
            return Operation("({}?{}:{})", parts)

        return Pending(new.shape, entry, translator.stage_of(flag, first, second), first.cost + 1.0)

    return Value(new.shape, new.dtype, tuple(part(a, b) for a, b in zip(new.parts, old.parts, strict=True)))


@rule("cond")
def _cond(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    stage, writer = translator.stage_for(*values), translator.writer
    operands = [translator.in_memory(v) for v in values[1:]]
    which = _truth(translator, translator.in_memory(values[0]))
    goals = [translator.blank(name, stage)[0] for name in step.outputs]
    branches = branches_of(step)
    for k, branch in enumerate(branches):
        test = f"if({which}<={k})" if k == 0 else f"if({which}=={k})"
        head = f"if({which}>={k})" if k == len(branches) - 1 else test
        with writer.block(stage, f"{head}{{"):
            _put(translator, goals, Translator(writer).run(flat(branch), operands))
    return goals


@rule("scan")
def _scan(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    params, writer = step.params, translator.writer
    consts, carried, length = params["num_consts"], params["num_carry"], params["length"]
    stage, body = translator.stage_for(*values), flat(params["jaxpr"])
    fixed = [translator.in_memory(v) for v in values[:consts]]
    carry = _own(translator, stage, step.outputs[:carried], values[consts : consts + carried])
    given = [translator.in_memory(v) for v in values[consts + carried :]]
    results = [translator.blank(name, stage)[0] for name in step.outputs[carried:]]
    turn = writer.array((), stage, "long")
    writer.touch(stage, turn.buffer)
    at = turn.buffer.name
    order = (
        f"{at}[0]={length - 1};{at}[0]>=0;--{at}[0]" if params["reverse"] else f"{at}[0]=0;{at}[0]<{length};++{at}[0]"
    )
    with writer.block(stage, f"for({order}){{"):
        now = [_row(translator, stage, value, at, into=None) for value in given]
        found = Translator(writer).run(body, [*fixed, *carry, *now])
        for goal, value in zip(results, found[carried:], strict=True):
            _row(translator, stage, goal, at, into=value)
        _put(translator, carry, found[:carried])
    return [*carry, *results]


def _row(translator: Translator, stage: Stage, whole: Value, at: str, into: Value | None) -> Value:
    """The row of an array at a place known at run time: read, or written where ``into`` is given."""
    shape, writer, parts = whole.shape[1:], translator.writer, list[Array]()
    for k, part in enumerate(whole.parts):
        assert isinstance(part, View)
        kind = part.buffer.type
        row = writer.array(shape, stage, kind) if into is None else writer.kept(into.parts[k], kind)
        rows = View(part.buffer, shape, row_major(shape), part.offset, stage)
        writer.shifted(stage, row, rows, f"{prod(shape)}*{at}[0]", read=into is None)
        parts.append(row)
    return Value(shape, whole.dtype, tuple(parts))
