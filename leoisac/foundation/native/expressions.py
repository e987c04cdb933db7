"""Real numbers in a loop: where an array's entry lies, and what is made of it.

Every array is read through an ``Affine`` of the loop's counters for each of its axes. Moving data (slices, transposes,
broadcasts) therefore costs nothing: it changes what is read, and no loop is written for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple, TypeAlias

from leoisac.foundation.native.steps import Stage


class Affine(NamedTuple):
    """``constant + sum of factors[k] * counter k``."""

    factors: tuple[int, ...]
    constant: int = 0

    def times(self, factor: int) -> Affine:
        return Affine(tuple(factor * f for f in self.factors), factor * self.constant)

    def plus(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.factors, self.constant + other)
        factors = tuple(a + b for a, b in zip(self.factors, other.factors, strict=True))
        return Affine(factors, self.constant + other.constant)


Index: TypeAlias = tuple[Affine, ...]
"""A place in an array, one ``Affine`` per axis."""


def counters(axes: int) -> Index:
    """The place of every entry in a loop over all of an array's axes."""
    return tuple(Affine(tuple(int(k == axis) for k in range(axes))) for axis in range(axes))


def place(strides: Sequence[int], offset: int, index: Index, axes: int) -> Affine:
    """Where the entry at ``index`` lies in memory."""
    at = Affine((0,) * axes, offset)
    for stride, one in zip(strides, index, strict=True):
        at = at.plus(one.times(stride))
    return at


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of an array without gaps."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(eq=False)
class Buffer:
    """Memory: its name in the program, entries, type, and the stages that touch it."""

    name: str
    size: int
    type: str = "double"
    stages: set[Stage] = field(default_factory=set[Stage])
    values: tuple[str, ...] | None = None
    """Of a table of constants."""
    is_member: bool = False
    """Keeps its content between the functions of a program."""


@dataclass(frozen=True)
class Load:
    """An entry of a buffer, through a table of places if there is one."""

    buffer: Buffer
    at: Affine
    table: Buffer | None = None


@dataclass(frozen=True)
class Literal:
    """A constant."""

    text: str


@dataclass(frozen=True)
class Count:
    """A counter's value as a number."""

    at: Affine


@dataclass(frozen=True)
class Operation:
    """``template`` filled with its arguments."""

    template: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = "Load | Literal | Count | Operation"

ZERO, ONE = Literal("0.0"), Literal("1.0")


def leaves(expression: Expression) -> Iterator[Load | Count]:
    """Everything in an expression that depends on the counters."""
    if isinstance(expression, Operation):
        for argument in expression.arguments:
            yield from leaves(argument)
    elif not isinstance(expression, Literal):
        yield expression


def sum_of(a: Expression, b: Expression) -> Expression:
    if a == ZERO:
        return b
    return a if b == ZERO else Operation("({}+{})", (a, b))


def difference(a: Expression, b: Expression) -> Expression:
    if b == ZERO:
        return a
    return negated(b) if a == ZERO else Operation("({}-{})", (a, b))


def negated(a: Expression) -> Expression:
    return a if a == ZERO else Operation("(-{})", (a,))


def product(a: Expression, b: Expression) -> Expression:
    """A product; with a constant zero it is zero, whatever the other factor."""
    if ZERO in (a, b):
        return ZERO
    if a == ONE:
        return b
    return a if b == ONE else Operation("({}*{})", (a, b))


def written(expression: Expression, names: Sequence[str]) -> str:
    """An expression in C++, with the counters' names."""
    if isinstance(expression, Literal):
        return expression.text
    if isinstance(expression, Count):
        return f"({affine_text(expression.at, names)})"
    if isinstance(expression, Operation):
        return expression.template.format(*(written(argument, names) for argument in expression.arguments))
    inner = affine_text(expression.at, names)
    if expression.table is not None:
        inner = f"{expression.table.name}[{inner}]"
    return f"{expression.buffer.name}[{inner}]"


def loops(shape: Sequence[int], letter: str = "i") -> tuple[list[str], list[str]]:
    """Counters of loops over all axes, and the heads of these loops."""
    names = [f"{letter}{axis}" for axis in range(len(shape))]
    return names, [f"for(int {n}=0;{n}<{size};++{n})" for n, size in zip(names, shape, strict=True)]


def strided(strides: Sequence[int], names: Sequence[str], first: int = 0) -> str:
    """A place in memory, of counters one per axis."""
    return affine_text(Affine(tuple(strides), first), names)


def affine_text(at: Affine, names: Sequence[str]) -> str:
    terms = [name if f == 1 else f"{f}*{name}" for f, name in zip(at.factors, names, strict=True) if f]
    if at.constant or not terms:
        terms.append(str(at.constant))
    return "+".join(terms).replace("+-", "-")
