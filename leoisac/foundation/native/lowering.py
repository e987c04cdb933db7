# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""From steps to loops: every operation of a problem as an array that waits to be read, or a loop where it must be one.

``Translator`` knows what every name stands for; the rules themselves, one per primitive of JAX, are in ``elementwise``,
``movement``, ``sums`` and ``control``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from leoisac.foundation.native.arrays import Array, Value, View, type_of
from leoisac.foundation.native.steps import Atom, Name, Stage, Step, Traced, UnsupportedError
from leoisac.foundation.native.writing import Writer

Rule: TypeAlias = "Callable[[Translator, Step, list[Value]], list[Value]]"

RULES: dict[str, Rule] = {}
"""How each primitive is translated, by its name."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Decorator: the translation of these primitives."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


class Translator:
    """What every name of a program stands for, while its steps are translated one after the other."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.known: dict[int, Value] = {}

    def value(self, atom: Atom) -> Value:
        if isinstance(atom, Name):
            return self.known[id(atom)]
        return self.constant(np.asarray(atom))

    def constant(self, array: np.ndarray) -> Value:
        parts = [np.real(array), np.imag(array)] if np.iscomplexobj(array) else [array]
        return Value(array.shape, array.dtype, tuple(self.writer.constant(part) for part in parts))

    def run(self, program: Traced, arguments: Sequence[Value]) -> list[Value]:
        """Translate a program, given its arguments; its results."""
        for name, argument in zip(program.inputs, arguments, strict=True):
            self.known[id(name)] = argument
        finals = {id(a) for a in program.results if isinstance(a, Name)}
        for step in program.steps:
            self._take(step, finals)
        return [self.value(a) for a in program.results]

    def _take(self, step: Step, finals: set[int]) -> None:
        if step.name not in RULES:
            raise UnsupportedError(f"the primitive {step.name}")
        stage = self.writer.current(step.outputs[0].stage)
        outputs = RULES[step.name](self, step, [self.value(a) for a in step.inputs])
        for name, output in zip(step.outputs, outputs, strict=True):
            kind = type_of(name.dtype)
            later = any(stage < use.outputs[0].stage for use in name.uses) if stage == Stage.DATA else False
            uses = len(name.uses) + (id(name) in finals)
            parts = tuple(self.writer.settled(part, uses, later, kind) for part in output.parts)
            self.known[id(name)] = Value(name.shape, name.dtype, parts)

    # What rules are made with

    def stage_of(self, *arrays: Array) -> Stage:
        """The stage at which something made of these arrays is known."""
        return max((a.stage for a in arrays), default=Stage.CONSTANT)

    def stage_for(self, *values: Value) -> Stage:
        """The stage in which a statement made of these values lands."""
        return max(self.writer.current(self.stage_of(*(p for v in values for p in v.parts))), Stage.DATA)

    def dense(self, array: Array, dtype: np.dtype) -> Array:
        """The array, assembled if it is in pieces."""
        return self.writer.readable(array, type_of(dtype))

    def in_memory(self, value: Value) -> Value:
        """The value with all parts in memory, without gaps."""
        parts = tuple(self.writer.kept(part, type_of(value.dtype)) for part in value.parts)
        return Value(value.shape, value.dtype, parts)

    def blank(self, name: Name, stage: Stage) -> tuple[Value, tuple[View, ...]]:
        """Memory for an output."""
        count = 2 if np.issubdtype(name.dtype, np.complexfloating) else 1
        views = tuple(self.writer.array(name.shape, stage, type_of(name.dtype)) for _ in range(count))
        return Value(name.shape, name.dtype, views), views


def output(step: Step, *parts: Array) -> list[Value]:
    """The one output of a step."""
    name = step.outputs[0]
    return [Value(name.shape, name.dtype, parts)]
