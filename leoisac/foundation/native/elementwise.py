# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Rules of operations that work entry by entry; complex ones as operations on real and imaginary parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from leoisac.foundation.native.arrays import Array, Assembly, Constant, Pending, Piece, Value
from leoisac.foundation.native.expressions import (
    Expression,
    Index,
    Operation,
    difference,
    negated,
    product,
    row_major,
    sum_of,
)
from leoisac.foundation.native.lowering import Translator, output, rule
from leoisac.foundation.native.steps import Step, UnsupportedError

_Join: TypeAlias = Callable[..., Expression]

_FUNCTIONS: dict[str, tuple[str, float]] = {
    "sqrt": ("std::sqrt({})", 8.0),
    "rsqrt": ("(1.0/std::sqrt({}))", 12.0),
    "cbrt": ("std::cbrt({})", 30.0),
    "exp": ("std::exp({})", 20.0),
    "exp2": ("std::exp2({})", 20.0),
    "expm1": ("std::expm1({})", 30.0),
    "log": ("std::log({})", 20.0),
    "log1p": ("std::log1p({})", 30.0),
    "logistic": ("(1.0/(1.0+std::exp(-{})))", 30.0),
    "sin": ("std::sin({})", 20.0),
    "cos": ("std::cos({})", 20.0),
    "tan": ("std::tan({})", 30.0),
    "asin": ("std::asin({})", 30.0),
    "acos": ("std::acos({})", 30.0),
    "atan": ("std::atan({})", 30.0),
    "sinh": ("std::sinh({})", 30.0),
    "cosh": ("std::cosh({})", 30.0),
    "tanh": ("std::tanh({})", 30.0),
    "asinh": ("std::asinh({})", 40.0),
    "acosh": ("std::acosh({})", 40.0),
    "atanh": ("std::atanh({})", 40.0),
    "erf": ("std::erf({})", 40.0),
    "erfc": ("std::erfc({})", 40.0),
    "bessel_i0e": ("bessel_i0e({})", 60.0),
    "bessel_i1e": ("bessel_i1e({})", 60.0),
    "lgamma": ("std::lgamma({})", 60.0),
    "floor": ("std::floor({})", 2.0),
    "ceil": ("std::ceil({})", 2.0),
    "is_finite": ("(long)std::isfinite({})", 2.0),
    "not": ("(long)!{}", 1.0),
}
_PAIRS: dict[str, tuple[str, float]] = {
    "div": ("({}/{})", 6.0),
    "max": ("larger({},{})", 1.0),
    "min": ("smaller({},{})", 1.0),
    "pow": ("std::pow({},{})", 60.0),
    "atan2": ("std::atan2({},{})", 40.0),
    "rem": ("remainder_of({},{})", 20.0),
    "gt": ("(long)({}>{})", 1.0),
    "ge": ("(long)({}>={})", 1.0),
    "lt": ("(long)({}<{})", 1.0),
    "le": ("(long)({}<={})", 1.0),
    "eq": ("(long)({}=={})", 1.0),
    "ne": ("(long)({}!={})", 1.0),
    "and": ("({}&{})", 1.0),
    "or": ("({}|{})", 1.0),
    "xor": ("({}^{})", 1.0),
}


def joined(translator: Translator, join: _Join, cost: float, *arrays: Array, shape: tuple[int, ...]) -> Array:
    """Entries made of the entries of arrays of one shape, or of scalars, which fit any."""

    def entry(index: Index, axes: int) -> Expression:
        return join(*(a.at(index if a.shape == shape else _fitted(a.shape, index), axes) for a in arrays))

    total = cost + sum(a.cost for a in arrays)
    return Pending(shape, entry, translator.stage_of(*arrays), total)


def _fitted(shape: tuple[int, ...], index: Index) -> Index:
    """The place in an array with axes of length one, or none, where the other one has longer ones."""
    if not shape:
        return ()
    return tuple(one if size > 1 else one.times(0) for size, one in zip(shape, index, strict=True))


def applied(text: str) -> _Join:
    return lambda *arguments: Operation(text, arguments)


def _dense(translator: Translator, values: list[Value]) -> list[Value]:
    return [Value(v.shape, v.dtype, tuple(translator.dense(p, v.dtype) for p in v.parts)) for v in values]


def _real_only(step: Step, values: list[Value]) -> None:
    if any(v.is_complex for v in values):
        raise UnsupportedError(f"the primitive {step.name} of complex numbers")


@rule(*_FUNCTIONS)
def _function(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    text, cost = _FUNCTIONS[step.name]
    values = _dense(translator, values)
    if values[0].is_complex:
        return _complex_function(translator, step, values[0])
    return output(step, joined(translator, applied(text), cost, values[0].parts[0], shape=step.outputs[0].shape))


def _complex_function(translator: Translator, step: Step, value: Value) -> list[Value]:
    real, imaginary = (translator.writer.kept(p) for p in value.parts)
    if step.name == "log":
        modulus = joined(
            translator, applied("(0.5*std::log({0}*{0}+{1}*{1}))"), 25.0, real, imaginary, shape=value.shape
        )
        phase = joined(translator, applied("std::atan2({1},{0})"), 40.0, real, imaginary, shape=value.shape)
        return output(step, modulus, phase)
    if step.name != "exp":
        raise UnsupportedError(f"the primitive {step.name} of complex numbers")
    parts = (
        joined(translator, applied(f"(std::exp({{}})*std::{name}({{}}))"), 40.0, real, imaginary, shape=value.shape)
        for name in ("cos", "sin")
    )
    return output(step, *parts)


@rule(*_PAIRS)
def _pair(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    if step.name == "div" and any(v.is_complex for v in values):
        return _quotient(translator, step, values)
    if step.name in ("eq", "ne") and any(v.is_complex for v in values):
        return _compared(translator, step, values)
    _real_only(step, values)
    text, cost = _PAIRS[step.name]
    a, b = (v.parts[0] for v in _dense(translator, values))
    return output(step, joined(translator, applied(text), cost, a, b, shape=step.outputs[0].shape))


def _compared(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    """Whether complex numbers are equal: both of their parts."""
    shape = step.outputs[0].shape
    zero = translator.constant(np.zeros(())).parts[0]
    pairs = [p for v in _dense(translator, values) for p in (*v.parts, zero)[:2]]
    text = "(long)({0}=={2}&&{1}=={3})" if step.name == "eq" else "(long)({0}!={2}||{1}!={3})"
    return output(step, joined(translator, applied(text), 2.0, *pairs, shape=shape))


@rule("add", "add_any", "sub")
def _sum(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    join = difference if step.name == "sub" else sum_of
    name, parts = step.outputs[0], list[Array]()
    first, second = values
    for k in range(2 if np.issubdtype(name.dtype, np.complexfloating) else 1):
        pair = [v.parts[k] if k < len(v.parts) else translator.constant(np.zeros(())).parts[0] for v in (first, second)]
        parts.append(_part_of_sum(translator, step, join, pair))
    return output(step, *parts)


def _part_of_sum(translator: Translator, step: Step, join: _Join, pair: list[Array]) -> Array:
    shape = step.outputs[0].shape
    if any(isinstance(p, Assembly) for p in pair) and step.name != "sub" and all(p.shape == shape for p in pair):
        # Slopes of slices: their zeros are never written, all pieces are added up in one place.
        pieces = [
            p.pieces if isinstance(p, Assembly) else (Piece(p, row_major(shape), 0),)
            for p in sorted(pair, key=lambda p: isinstance(p, Assembly))
        ]
        return Assembly(shape, (*pieces[0], *pieces[1]), translator.stage_of(*pair), False)
    a, b = (translator.dense(p, step.outputs[0].dtype) for p in pair)
    return joined(translator, join, 1.0, a, b, shape=shape)


@rule("mul")
def _product(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape, (a, b) = step.outputs[0].shape, _dense(translator, values)
    return output(step, *product_parts(translator, a, b, shape))


def product_parts(translator: Translator, a: Value, b: Value, shape: tuple[int, ...]) -> list[Array]:
    """Real and, for complex factors, imaginary part of a product."""

    def times(x: Array, y: Array) -> Array:
        return joined(translator, product, 1.0, x, y, shape=shape)

    if a.is_complex and b.is_complex:
        (ar, ai), (br, bi) = (_cheap(translator, v).parts for v in (a, b))
        real = joined(translator, difference, 1.0, times(ar, br), times(ai, bi), shape=shape)
        return [real, joined(translator, sum_of, 1.0, times(ar, bi), times(ai, br), shape=shape)]
    if a.is_complex or b.is_complex:
        number, factor = (a, b) if a.is_complex else (b, a)
        return [times(part, _cheap(translator, factor).parts[0]) for part in number.parts]
    return [times(a.parts[0], b.parts[0])]


def _cheap(translator: Translator, value: Value) -> Value:
    """The value in a form that may be read twice."""
    parts = tuple(translator.writer.kept(p) if p.cost > 2.0 else p for p in value.parts)
    return Value(value.shape, value.dtype, parts)


def _quotient(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape, (a, b) = step.outputs[0].shape, _dense(translator, values)
    is_real = not b.is_complex or (isinstance(b.parts[1], Constant) and b.parts[1].is_zero)
    if is_real:
        divisor = _cheap(translator, Value(b.shape, b.dtype, b.parts[:1])).parts[0]
        return output(
            step, *(joined(translator, applied("({}/{})"), 6.0, part, divisor, shape=shape) for part in a.parts)
        )
    # In units of the divisor's larger part, whose square may be no number.
    real, imaginary = (translator.writer.kept(p) for p in b.parts)

    def kept(text: str, cost: float, *arrays: Array) -> Array:
        return translator.writer.kept(joined(translator, applied(text), cost, *arrays, shape=b.shape))

    unit = kept("larger(std::fabs({}),std::fabs({}))", 3.0, real, imaginary)
    br, bi = (kept("({}/{})", 6.0, part, unit) for part in (real, imaginary))
    squared = kept("(({0}*{0}+{1}*{1})*{2})", 4.0, br, bi, unit)
    opposite = Value(b.shape, b.dtype, (br, joined(translator, negated, 0.0, bi, shape=b.shape)))
    parts = product_parts(translator, a, opposite, shape)
    return output(step, *(joined(translator, applied("({}/{})"), 6.0, part, squared, shape=shape) for part in parts))


@rule("neg")
def _negative(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape = step.outputs[0].shape
    parts = (translator.dense(p, values[0].dtype) for p in values[0].parts)
    return output(step, *(joined(translator, negated, 0.5, p, shape=shape) for p in parts))


@rule("integer_pow", "square")
def _power(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    exponent, shape = step.params.get("y", 2), step.outputs[0].shape
    value = _dense(translator, values)[0]
    if value.is_complex:
        if exponent < 1:
            raise UnsupportedError(f"complex numbers to the power {exponent}")
        kept = found = translator.in_memory(value)
        for _ in range(exponent - 1):
            found = Value(shape, value.dtype, tuple(product_parts(translator, found, kept, shape)))
        return output(step, *found.parts)
    base = value.parts[0]
    if base.cost > 2.0:
        base = translator.writer.kept(base)
    text = "*".join(["{0}"] * abs(exponent)) or "1.0"
    text = f"({text})" if exponent >= 0 else f"(1.0/({text}))"
    cost = max(0, abs(exponent) - 1) + (6.0 if exponent < 0 else 0.0)
    return output(step, joined(translator, applied(text), cost, base, shape=shape))


@rule("sign")
def _sign(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    _real_only(step, values)
    text = "(double)(({0}>0.0)-({0}<0.0))"
    base = translator.writer.kept(values[0].parts[0])
    return output(step, joined(translator, applied(text), 2.0, base, shape=step.outputs[0].shape))


@rule("abs")
def _modulus(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    shape, value = step.outputs[0].shape, _dense(translator, values)[0]
    if value.is_complex:
        parts = [translator.writer.kept(p) for p in value.parts]
        return output(step, joined(translator, applied("std::hypot({},{})"), 20.0, *parts, shape=shape))
    return output(step, joined(translator, applied("std::fabs({})"), 1.0, value.parts[0], shape=shape))


@rule("real", "imag")
def _part(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    return output(step, values[0].parts[("real", "imag").index(step.name)])


@rule("conj")
def _conjugate(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, shape = values[0], step.outputs[0].shape
    if not value.is_complex:
        return output(step, value.parts[0], translator.constant(np.zeros(shape)).parts[0])
    imaginary = translator.dense(value.parts[1], value.dtype)
    return output(step, value.parts[0], joined(translator, negated, 0.5, imaginary, shape=shape))


@rule("complex")
def _complex(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    return output(step, values[0].parts[0], values[1].parts[0])


@rule("select_n")
def _select(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    if len(values) != 3:
        raise UnsupportedError("a choice among more than two arrays")
    which, *cases = _dense(translator, values)
    test = which.parts[0]
    if test.cost > 0 and len(cases[0].parts) > 1:
        test = translator.writer.kept(test, "long")
    shape = step.outputs[0].shape
    parts = (
        joined(translator, lambda t, a, b: Operation("({}?{}:{})", (t, b, a)), 1.0, test, a, b, shape=shape)
        for a, b in zip(cases[0].parts, cases[1].parts, strict=True)
    )
    return output(step, *parts)


@rule("clamp")
def _clamp(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    _real_only(step, values)
    low, x, high = (v.parts[0] for v in _dense(translator, values))
    text = applied("smaller(larger({},{}),{})")
    return output(step, joined(translator, text, 2.0, low, x, high, shape=step.outputs[0].shape))


@rule("convert_element_type", "reduce_precision")
def _convert(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    value, name = values[0], step.outputs[0]
    was, becomes = value.dtype.kind, name.dtype.kind
    if becomes == "c":
        zero = translator.constant(np.zeros(name.shape)).parts[0]
        return output(step, *(value.parts if value.is_complex else (_number(translator, value), zero)))
    if becomes == "f":
        return output(step, value.parts[0] if was in "fc" else _number(translator, value))
    if was in "fc":
        text = "(long)({}!=0.0)" if becomes == "b" else "(long)({})"
    else:
        text = "(long)({}!=0)" if becomes == "b" and was != "b" else "{}"
    part = translator.dense(value.parts[0], value.dtype)
    return output(step, joined(translator, applied(text), 0.5, part, shape=name.shape))


def _number(translator: Translator, value: Value) -> Array:
    """The array as floating numbers."""
    if value.dtype.kind in "fc":
        return value.parts[0]
    part = translator.dense(value.parts[0], value.dtype)
    if part.shape == value.shape and not part.cost and hasattr(part, "array"):
        return translator.writer.constant(np.asarray(part.array, dtype=float))  # type: ignore[union-attr]
    return joined(translator, applied("(double)({})"), 0.5, part, shape=value.shape)


@rule("iota")
def _counting(translator: Translator, step: Step, values: list[Value]) -> list[Value]:
    name = step.outputs[0]
    shape = [1] * len(name.shape)
    shape[step.params["dimension"]] = -1
    array = np.arange(name.shape[step.params["dimension"]]).reshape(shape)
    return [translator.constant(np.broadcast_to(array, name.shape).astype(name.dtype))]
