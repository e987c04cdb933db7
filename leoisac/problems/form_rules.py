# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Arithmetic of forms: what sums, products, quotients, powers and inverses of forms are (see ``forms``).

Beyond the usual rules, those of radio: ``n / d`` with ``d >= 0`` keeps both (SINR), ``log(n / d)`` too (rate);
``|c|^2 / a`` and ``c^T A^-1 c`` are jointly convex (S. Boyd, L. Vandenberghe, Convex Optimization, 2004, sec. 3.2.6 and
example 3.4), so ``d - c^T A^-1 c``, the information that is left where others are estimated too, is concave; and the
diagonal of the inverse of a positive semidefinite matrix is convex in the matrix (ibid., sec. 3.1.7).
"""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jnp
from leoisac.problems.forms import (
    AFFINE,
    CONCAVE,
    CONVEX,
    NONNEGATIVE,
    NONPOSITIVE,
    OTHER,
    VALUES,
    Facts,
    Form,
    all_needs,
    as_upper,
    broadcast_to,
    chosen,
    constant,
    elementwise,
    joined,
    rearranged,
    tangent,
)


def swapped(bits: np.ndarray) -> np.ndarray:
    """Convex for concave, or nonnegative for nonpositive."""
    return (((bits & 1) << 1) | ((bits & 2) >> 1)).astype(np.int8)


def linear(function: Any, form: Form) -> Form:
    """Real and imaginary part, conjugate, change of type: linear, entry by entry; signs are lost."""
    values = {name: function(getattr(form, name)) for name in VALUES}
    curve = np.where(form.degree <= 2, AFFINE, 0).astype(np.int8)
    sign, square = np.zeros(form.shape, np.int8), np.zeros(form.shape, bool)
    return Form(**values, degree=form.degree, curve=curve, sign=sign, square=square, fixed=form.fixed, needs=form.needs)


def real_part(form: Form) -> Form:
    return linear(jnp.real, form) if form.is_complex else form


def broadcast(form: Form, shape: tuple[int, ...]) -> Form:
    return form if form.shape == shape else rearranged(lambda array: broadcast_to(array, shape), form)


def paired(a: Form, b: Form) -> tuple[Form, Form]:
    shape = np.broadcast_shapes(a.shape, b.shape)
    return broadcast(a, shape), broadcast(b, shape)


def negative(form: Form) -> Form:
    values = {name: -getattr(form, name) for name in VALUES}
    square = np.zeros(form.shape, bool)
    signs = {"curve": swapped(form.curve), "sign": swapped(form.sign), "square": square}
    parts: dict[str, tuple[Form, ...]] = {}
    if "over" in form.parts:
        parts["over"] = (negative(form.parts["over"][0]), form.parts["over"][1])
    if "log" in form.parts:
        parts["log"] = (form.parts["log"][0], negative(form.parts["log"][1]))
    if "lower" in form.parts:
        parts["upper"] = (negative(form.parts["lower"][0]),)
    return replace(form, **values, **signs, parts=parts)


def add(facts: Facts, a: Form, b: Form) -> Form:
    a, b = paired(a, b)
    values = {name: getattr(a, name) + getattr(b, name) for name in VALUES}
    signs = [facts.sign(form) if form.known and not other.known else form.sign for form, other in ((a, b), (b, a))]
    squares = [
        form.square | ((sign & NONNEGATIVE) > 0) if form.known else form.square for form, sign in zip((a, b), signs)
    ]
    whole = Form(
        **values,
        degree=np.maximum(a.degree, b.degree),
        curve=a.curve & b.curve,
        sign=signs[0] & signs[1],
        square=squares[0] & squares[1],
        fixed=a.fixed and b.fixed,
        needs=all_needs(a, b),
    )
    return replace(whole, parts=_sum_parts(facts, a, b))


def _sum_parts(facts: Facts, a: Form, b: Form) -> dict[str, tuple[Form, ...]]:
    parts: dict[str, tuple[Form, ...]] = {}
    if "squares" in a.parts and "squares" in b.parts:
        parts["squares"] = a.parts["squares"] + b.parts["squares"]
    for form, other in ((a, b), (b, a)):
        if "over" in form.parts and other.known and not other.is_complex:
            n, d = form.parts["over"]
            parts["over"] = (add(facts, n, multiply(facts, other, d)), d)
    if "log" in a.parts and "log" in b.parts:
        together = _sum_of_logarithms(facts, a.parts["log"], b.parts["log"])
        if together is not None:
            parts["log"] = together
    if "upper" in a.parts or "upper" in b.parts:
        uppers = as_upper(a), as_upper(b)
        if uppers[0] is not None and uppers[1] is not None:
            parts["upper"] = (add(facts, uppers[0][0], uppers[1][0]),)
    if "lower" in a.parts or "lower" in b.parts:
        lowers = [
            form if form.known and not form.is_complex else form.parts.get("lower", (None,))[0] for form in (a, b)
        ]
        if lowers[0] is not None and lowers[1] is not None:
            parts["lower"] = (add(facts, lowers[0], lowers[1]),)
    return parts


def _sum_of_logarithms(facts: Facts, a: tuple[Form, ...], b: tuple[Form, ...]) -> tuple[Form, ...] | None:
    """``s log u - s log v`` as ``s log(u/v)``, the rate that an eavesdropper leaves, say; ``s`` is a fixed number."""
    (u, s), (v, t) = a, b
    if not (s.fixed and t.fixed and s.shape == t.shape and np.array_equal(s.ref, -np.asarray(t.ref))):
        return None
    if (np.asarray(s.ref) < 0.0).all():
        (u, s), (v, t) = b, a
    fractions = [form.parts.get("over", (form, constant(np.ones(form.shape), True))) for form in (u, v)]
    (n, d), (m, e) = fractions
    upper, lower = multiply(facts, n, e), multiply(facts, d, m)
    if not (upper.quadratic and lower.quadratic):
        return None
    ratio = divide(facts, upper, lower)
    return replace(ratio, needs=ratio.needs | all_needs(u, v)), s


def subtract(facts: Facts, a: Form, b: Form) -> Form:
    if b.known and not a.known:
        b = replace(b, sign=facts.sign(b))
    whole = add(facts, a, negative(b))
    if "schur" in b.parts and a.quadratic and a.size == b.size:
        c, matrix = b.parts["schur"]
        d = rearranged(lambda array: array.reshape(c.shape[0], c.shape[0]), a)
        whole = replace(whole, parts={**whole.parts, "gap": (d, c, matrix)})
    return whole


def multiply(facts: Facts, a: Form, b: Form) -> Form:
    if a.known and b.known:
        return constant(a.ref * b.ref, a.fixed and b.fixed)
    if a is b and not a.is_complex:
        return squared(facts, a)
    a, b = paired(a, b)
    if a.known or b.known:
        return _scaled(facts, *((b, a) if a.known else (a, b)))
    if "root" in a.parts and "root" in b.parts:
        whole = elementwise(operator.mul, a, b, sign=a.sign & b.sign & NONNEGATIVE)
        return replace(whole, parts={"roots": (a.parts["root"][0], b.parts["root"][0])})
    degree = np.where((a.degree + b.degree) <= 2, a.degree + b.degree, OTHER).astype(np.int8)
    both = (a.degree > 0) & (b.degree > 0)
    left = chosen(both, a.left * b.right, a.left * b.left)
    right = chosen(both, left, a.right * b.right)
    value, moved = tangent(operator.mul, a, b)
    exact = degree <= 2
    curve = np.where(exact, AFFINE, 0).astype(np.int8)
    sign = (a.sign & b.sign) & NONNEGATIVE
    left, right = chosen(exact, left, moved), chosen(exact, right, moved)
    return Form(
        value, a.zero * b.zero, left, right, degree, curve, sign, np.zeros(a.shape, bool), needs=all_needs(a, b)
    )


def _scaled(facts: Facts, form: Form, factor: Form) -> Form:
    """A form times a known number of the same shape."""
    values = {name: getattr(form, name) * factor.ref for name in VALUES}
    matters = not form.quadratic or factor.fixed or bool(form.sign.any())
    sign = facts.sign(factor) if matters else np.zeros(form.shape, np.int8)
    positive, flipped = (sign & NONNEGATIVE) > 0, (sign & NONPOSITIVE) > 0
    none = (sign == 0) | form.is_complex | factor.is_complex
    curve = np.where(positive, form.curve, np.where(flipped, swapped(form.curve), 0))
    curve = np.where(form.degree <= 2, AFFINE, np.where(none, 0, curve)).astype(np.int8)
    new_sign = np.where(positive, form.sign, np.where(flipped, swapped(form.sign), 0))
    # Where the factor is zero so is the product, of either sign and of degree zero; without data only if it is fixed.
    zero = positive & flipped & bool(factor.fixed)
    new_sign = np.where(zero, NONNEGATIVE | NONPOSITIVE, np.where(none, 0, new_sign)).astype(np.int8)
    square = (form.square & positive & ~none) | zero
    degree = np.where(zero & (form.degree <= 2), 0, form.degree).astype(np.int8)
    whole = Form(**values, degree=degree, curve=curve, sign=new_sign, square=square, needs=form.needs, parts={})
    if form.is_complex or factor.is_complex:
        return whole
    parts: dict[str, tuple[Form, ...]] = {}
    if "over" in form.parts:
        n, d = form.parts["over"]
        parts["over"] = (_scaled(facts, n, factor), d)
    if matters and positive.all():
        if "log" in form.parts:
            u, s = form.parts["log"]
            parts["log"] = (u, multiply(facts, s, factor))
        for side in ("upper", "lower"):
            if side in form.parts:
                parts[side] = (_scaled(facts, form.parts[side][0], factor),)
        root = constant((np.sqrt if factor.fixed else jnp.sqrt)(factor.ref), factor.fixed)
        if "squares" in form.parts:
            parts["squares"] = tuple(_scaled(facts, c, root) for c in form.parts["squares"])
        if form.size == 1:
            single, single_root = (constant(jnp.reshape(f.ref, (1, 1)), f.fixed) for f in (factor, root))
            if "schur" in form.parts:
                c, matrix = form.parts["schur"]
                parts["schur"] = (multiply(facts, c, single_root), matrix)
            if "gap" in form.parts:
                d, c, matrix = form.parts["gap"]
                parts["gap"] = (multiply(facts, d, single), multiply(facts, c, single_root), matrix)
    return replace(whole, parts=parts)


def squared(facts: Facts, form: Form) -> Form:
    """The square of a real form."""
    if "root" in form.parts:
        return form.parts["root"][0]
    if (form.degree <= 1).all():
        left = chosen(form.degree > 0, form.left * form.right, form.left * form.left)
        values = {"ref": form.ref * form.ref, "zero": form.zero * form.zero, "left": left, "right": left}
        curve, sign = np.full(form.shape, AFFINE, np.int8), np.full(form.shape, NONNEGATIVE, np.int8)
        # Affine entries squared are linear in the moments: over something they are not convex in these.
        square = form.degree == 0
        return Form(**values, degree=2 * form.degree, curve=curve, sign=sign, square=square, needs=form.needs)
    convex = (form.degree <= 2) | (form.has(CONVEX) & ((form.sign & NONNEGATIVE) > 0))
    whole = elementwise(jnp.square, form, curve=np.where(convex, CONVEX, 0), sign=NONNEGATIVE, square=form.degree <= 2)
    return replace(whole, parts={"squares": (form,)} if form.quadratic else {})


def absolute(facts: Facts, form: Form) -> Form:
    """Modulus, which is convex where of degree two or less; its square is known too."""
    if form.is_complex:
        square = add(facts, squared(facts, real_part(form)), squared(facts, linear(jnp.imag, form)))
    else:
        square = squared(facts, form)
    if form.quadratic and (form.degree > 1).any():
        # Convex in the moments, but with a kink where it is zero: there the tangent is not defined.
        whole = elementwise(jnp.abs, form, sign=NONNEGATIVE)
        return replace(whole, parts={"root": (square,)})
    return replace(root(facts, square), parts={"root": (square,)})


def root(facts: Facts, form: Form) -> Form:
    """Square root, which is concave."""
    needs = facts.nonnegative(form)
    if needs is None:
        return elementwise(jnp.sqrt, form)
    curve = np.where(form.has(CONCAVE), CONCAVE, 0)
    whole = elementwise(jnp.sqrt, form, curve=curve, sign=NONNEGATIVE)
    return replace(whole, needs=needs, parts={"root": (form,)})


def logarithm(facts: Facts, form: Form, value: Any = None) -> Form:
    """Natural logarithm; ``value`` is it at the reference, where there is a more exact way to it."""
    whole = elementwise(jnp.log, form, curve=np.where(form.has(CONCAVE), CONCAVE, 0))
    whole = whole if value is None else replace(whole, ref=value)
    parts: dict[str, tuple[Form, ...]] = {"log": (form, constant(np.ones(form.shape), True))}
    if "over" in form.parts:
        n, d = form.parts["over"]
        gain = subtract(facts, n, d)
        floor = constant(d.zero, False)
        above = subtract(facts, d, floor)
        if n.quadratic and d.quadratic and (facts.sign(floor) & NONNEGATIVE).all():
            # log(n/d) = log(1 + gain/d) <= log(1 + gain/floor): no more than without the others' interference.
            needs = facts.nonnegative(gain), facts.nonnegative(above)
            if needs[0] is not None and needs[1] is not None:
                inverse = constant(1.0 / floor.ref, False)
                one = constant(np.ones(form.shape), True)
                upper = elementwise(jnp.log, add(facts, one, multiply(facts, gain, inverse)), curve=CONCAVE)
                holds = form.needs | needs[0] | needs[1]
                parts["upper"] = (replace(upper, needs=holds),)
                # With no gain, what an eavesdropper has least.
                parts["lower"] = (replace(constant(np.zeros(form.shape), True), needs=holds),)
    return replace(whole, parts=parts)


def divide(facts: Facts, a: Form, b: Form) -> Form:
    if a.known and b.known:
        return constant(a.ref / b.ref, a.fixed and b.fixed)
    a, b = paired(a, b)
    if b.known:
        with np.errstate(divide="ignore", invalid="ignore"):
            return _scaled(facts, a, constant(1.0 / b.ref, b.fixed))
    whole = elementwise(operator.truediv, a, b)
    if "roots" in b.parts and a.quadratic and not a.is_complex:
        return replace(whole, parts={"correlation": (a, *b.parts["roots"])})
    if "scaled" in a.parts and b.quadratic:
        value, p, q = a.parts["scaled"]
        claims = facts.claim("equal", p, b) | facts.claim("equal", q, b)
        return replace(value, needs=value.needs | a.needs | b.needs | claims)
    if "over" in b.parts and a.known:
        n, d = b.parts["over"]
        inverted = divide(facts, multiply(facts, a, d), n)
        return replace(inverted, needs=inverted.needs | b.needs)
    concave = b.has(CONCAVE).all()
    needs = facts.nonnegative(b) if concave and not b.is_complex and not a.is_complex else None
    if needs is None:
        low = b.parts.get("lower", (None,))[0]
        if low is None or a.is_complex or not (facts.sign(low) & NONNEGATIVE).all():
            return whole
        return replace(whole, needs=whole.needs | low.needs, parts={"over": (a, b)})
    sign = facts.sign(a) if a.known else a.sign
    positive, negative_ = (sign & NONNEGATIVE) > 0, (sign & NONPOSITIVE) > 0
    number = a.degree == 0
    perspective = number & positive | a.square
    curve = np.where(perspective, CONVEX, np.where(number & negative_, CONCAVE, 0)).astype(np.int8)
    parts = {"over": (a, b)}
    if "squares" in a.parts and a.size == 1 and b.quadratic:
        parts["schur"] = _over_single(facts, a.parts["squares"], b)
    return replace(whole, curve=curve, sign=sign.astype(np.int8), needs=a.needs | needs, parts=parts)


def _over_single(facts: Facts, cs: tuple[Form, ...], b: Form) -> tuple[Form, Form]:
    """A sum of squares over one number: the row ``c`` and the matrix ``A`` of ``c A^-1 c^T``."""
    columns = [rearranged(lambda array: array.reshape(1, 1), c) for c in cs]
    row = columns[0] if len(cs) == 1 else rearranged(lambda *arrays: joined(*arrays, axis=1), *columns)
    repeated = rearranged(lambda array: broadcast_to(array.reshape(()), (len(cs), len(cs))), b)
    return row, multiply(facts, repeated, constant(np.eye(len(cs)), True))


def reduce_sum(facts: Facts, form: Form, axes: tuple[int, ...]) -> Form:
    values: dict[str, Any] = {name: jnp.sum(getattr(form, name), axis=axes) for name in VALUES}
    whole = Form(
        **values,
        degree=form.degree.max(axis=axes, initial=0),
        curve=np.bitwise_and.reduce(form.curve, axis=axes, initial=AFFINE),
        sign=np.bitwise_and.reduce(form.sign, axis=axes, initial=3),
        square=np.asarray(form.square.all(axis=axes)),
        fixed=form.fixed,
        needs=form.needs,
    )
    parts: dict[str, tuple[Form, ...]] = {}
    for side in ("upper", "lower"):
        if side in form.parts:
            parts[side] = (reduce_sum(facts, form.parts[side][0], axes),)
    if form.size == whole.size == 1:
        parts |= {name: form.parts[name] for name in ("schur", "gap") if name in form.parts}
    for name in ("over", "log"):
        if form.size == whole.size and name in form.parts:
            parts[name] = tuple(rearranged(lambda array: array.reshape(whole.shape), f) for f in form.parts[name])
    return replace(whole, parts=parts)
