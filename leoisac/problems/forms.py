# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""What an array of a statement is as a function of the variables, entry by entry, and rules that keep this.

Everything of degree two or less in the variables ``x`` is linear in the *moments* ``(1, x)(1, x)^T``. A form records
for every entry its degree, whether it is convex or concave as a function of moments, and its sign. The rules are those
of disciplined convex programming (M. Grant, S. Boyd, Y. Ye, Disciplined convex programming, 2006) with moments in
place of variables. Beside the value at a reference point a form carries a *surrogate*: the value itself up to degree
two, and else its tangent in the moments at that reference, which is quadratic in ``x`` exactly and lies below what is
convex and above what is concave.

Surrogates are evaluated at a pair of points, ``left`` and ``right``: a product of two affine factors takes one factor
at each. ``sum_m u_m v_m`` then becomes a bilinear form that remembers who stood on which side, which shows that a
matrix of such sums is a Gram matrix; its symmetric part alone does not show it.

Signs of numbers that the data bring are *facts*: assumed, and checked with the data of every trial.
Signs of forms of degree two that no rule tells are *claims*, proven later from eigenvalues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp

CONVEX, CONCAVE, AFFINE = 1, 2, 3
"""Bits of ``Form.curve``."""
NONNEGATIVE, NONPOSITIVE = 1, 2
"""Bits of ``Form.sign``; zero has both."""
OTHER = 3
"""``Form.degree`` of what is no polynomial of degree two or less."""


@dataclass(frozen=True, slots=True)
class Form:
    """An array as a function of the variables; all arrays have its shape."""

    ref: Any
    """Value at the reference point."""
    zero: Any
    """Value at ``x = 0``; means something up to degree two."""
    left: Any
    """Surrogate: where of degree one at the left point, where of degree two at the pair of points."""
    right: Any
    """The same, but where of degree one at the right point."""
    degree: np.ndarray
    curve: np.ndarray
    sign: np.ndarray
    square: np.ndarray
    """Whether a sum of squares of entries whose surrogates are their own, and of known numbers >= 0."""
    fixed: bool = False
    """Whether a number of the statement itself, which neither variables nor data change."""
    needs: frozenset[int] = frozenset()
    """Claims on which it stands."""
    parts: dict[str, tuple[Form, ...]] = field(default_factory=dict)
    """What it is made of, by name; all parts have its shape unless said otherwise.

    ``over`` (n, d): n / d with d >= 0. ``log`` (u, s): s log u with s known. ``root`` (q): square root of q >= 0.
    ``squares`` (c, ...): sum of their squares. ``roots`` (p, q): sqrt(p q). ``upper`` (f): not more than f, which is
    concave. ``lower`` (f): not less than f, a known number. For matrices, or single entries in any shape: ``schur`` (c,
    A): c A^-1 c^T; ``gap`` (d, c, A): d - c A^-1 c^T, with d of shape ``(w, w)``, c of ``(w, k)``, A of ``(k, k)``. For
    matrices: ``correlation`` (J, p, q): J / sqrt(p q); ``scaled`` (V, p, q): V sqrt(p q). ``solved`` (A, b): A^-1 b.
    """

    @property
    def known(self) -> bool:
        """Whether no entry depends on the variables."""
        return not self.degree.any()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.degree.shape

    @property
    def size(self) -> int:
        return self.degree.size

    @property
    def quadratic(self) -> bool:
        """Whether all entries are of degree two or less."""
        return bool((self.degree <= 2).all())

    @property
    def is_complex(self) -> bool:
        return jnp.issubdtype(jnp.result_type(self.ref), jnp.complexfloating)

    def has(self, bit: int) -> np.ndarray:
        """Where ``curve`` has a bit; nowhere for complex arrays beyond degree two."""
        return (self.curve & bit) > 0


def constant(value: Any, fixed: bool) -> Form:
    """A number that does not depend on the variables. Signs of fixed ones are seen, of others asked for (``Facts``)."""
    shape = np.shape(value)
    real = fixed and np.asarray(value).dtype.kind in "fiub"
    sign = seen_sign(value) if real else np.zeros(shape, np.int8)
    square = (sign & NONNEGATIVE) > 0
    degree, curve = np.zeros(shape, np.int8), np.full(shape, AFFINE, np.int8)
    return Form(value, value, value, value, degree, curve, sign, square, fixed)


def seen_sign(value: Any) -> np.ndarray:
    value = np.asarray(value)
    return ((value >= 0) * NONNEGATIVE + (value <= 0) * NONPOSITIVE).astype(np.int8)


class Facts:
    """Signs of data and claims about forms, collected in the order in which rules ask for them.

    The rules run while a program is traced, before there are data: the sign of an array of data is assumed, the same
    for all its entries, and the program tells the one that it has with the data at hand. If they differ, the rules run
    again with that one.
    """

    def __init__(self, assumed: Sequence[int] = ()) -> None:
        self.assumed: list[int] = []
        self.actual: list[Any] = []
        """Whether all entries are >= 0, plus twice whether all are <= 0."""
        self.claims: list[tuple[str, tuple[Form, ...]]] = []
        self._given = list(assumed)

    def sign(self, form: Form) -> np.ndarray:
        """Sign bits of a known form."""
        if form.is_complex:
            return np.zeros(form.shape, np.int8)
        if form.fixed or form.sign.any():
            return form.sign
        place = len(self.assumed)
        sign = self._given[place] if place < len(self._given) else NONNEGATIVE
        self.assumed.append(sign)
        value = jnp.asarray(form.ref)
        self.actual.append(jnp.all(value >= 0) * NONNEGATIVE + jnp.all(value <= 0) * NONPOSITIVE)
        return np.full(form.shape, sign, np.int8)

    def claim(self, kind: str, *forms: Form) -> frozenset[int]:
        """``psd``: entries >= 0 everywhere; ``matrix``: positive semidefinite; ``equal``: two forms are the same."""
        self.claims.append((kind, forms))
        return frozenset([len(self.claims) - 1])

    def nonnegative(self, form: Form) -> frozenset[int] | None:
        """Claims on which ``form >= 0`` stands, for all its entries; None if no rule knows."""
        if form.is_complex:
            return None
        if form.known:
            return frozenset() if (self.sign(form) & NONNEGATIVE).all() else None
        if (form.sign & NONNEGATIVE).all():
            return form.needs
        if form.quadratic:
            return form.needs | self.claim("psd", form)
        if "gap" in form.parts:
            return form.needs | self.claim("matrix", *form.parts["gap"])
        return None


def tangent(function: Callable[..., Any], *forms: Form) -> tuple[Any, Any]:
    """Value at the reference, and first-order expansion there at the surrogates of the arguments."""
    refs = tuple(jnp.asarray(form.ref) for form in forms)
    steps = tuple(jnp.asarray(form.left - form.ref, ref.dtype) for form, ref in zip(forms, refs))
    value, slope = jax.jvp(function, refs, steps)
    return value, value + slope


def elementwise(function: Callable[..., Any], *forms: Form, degree: Any = OTHER, **tags: Any) -> Form:
    """A nonlinear function of forms, with its tags; ``curve`` and ``sign`` are unknown unless given."""
    value, moved = tangent(function, *forms)
    zero = function(*(form.zero for form in forms))
    given = {"degree": degree, "curve": 0, "sign": 0, "square": False, **tags}
    kinds = {"degree": np.int8, "curve": np.int8, "sign": np.int8, "square": bool}
    filled: dict[str, Any] = {
        name: np.broadcast_to(np.asarray(given[name], kind), np.shape(value)) for name, kind in kinds.items()
    }
    return Form(value, zero, moved, moved, **filled, needs=all_needs(*forms))


def all_needs(*forms: Form) -> frozenset[int]:
    return frozenset[int]().union(*(form.needs for form in forms))


def chosen(exact: np.ndarray, value: Any, moved: Any) -> Any:
    """``value`` where exact, else ``moved``; the other then leaves no trace, nor NaNs, in derivatives."""
    return value if exact.all() else jnp.where(exact, value, moved) if exact.any() else moved


def on_tags(function: Callable[..., Any], *tags: np.ndarray) -> np.ndarray:
    """A structural operation on arrays of tags, at once also while a program is being traced."""
    with jax.ensure_compile_time_eval():
        result = np.asarray(function(*(np.asarray(tag, np.int32) for tag in tags)))
    return result.astype(tags[0].dtype)


def broadcast_to(array: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(array, shape) if isinstance(array, np.ndarray) else jnp.broadcast_to(array, shape)


def joined(*arrays: Any, axis: int = 0) -> Any:
    at_once = all(isinstance(array, np.ndarray) for array in arrays)
    return np.concatenate(arrays, axis) if at_once else jnp.concatenate(arrays, axis)


def _array(value: Any) -> Any:
    return value if isinstance(value, jax.Array) else np.asarray(value)


VALUES = ("ref", "zero", "left", "right")
SHAPED = ("over", "log", "root", "squares", "roots", "upper", "lower", "correlation", "scaled")
"""Parts that a structural operation treats as the whole."""


def rearranged(function: Callable[..., Any], *forms: Form) -> Form:
    """An operation that only moves, repeats, selects or joins entries."""
    values: dict[str, Any] = {name: function(*(_array(getattr(form, name)) for form in forms)) for name in VALUES}
    tags: dict[str, Any] = {
        name: on_tags(function, *(getattr(form, name) for form in forms))
        for name in ("degree", "curve", "sign", "square")
    }
    whole = Form(**values, **tags, fixed=all(form.fixed for form in forms), needs=all_needs(*forms))
    return replace(whole, parts=_rearranged_parts(function, forms, whole.size))


def _rearranged_parts(function: Callable[..., Any], forms: Sequence[Form], size: int) -> dict[str, tuple[Form, ...]]:
    parts: dict[str, tuple[Form, ...]] = {}
    if len(forms) == 1:
        for name, members in forms[0].parts.items():
            if name in SHAPED:
                parts[name] = tuple(rearranged(function, member) for member in members)
            elif name in ("schur", "gap") and forms[0].size == size == 1:
                parts[name] = members
        return parts
    for name, complete in (("over", _as_fraction), ("log", _as_log), ("upper", as_upper)):
        members = [complete(form) for form in forms]
        if any(name in form.parts for form in forms) and all(member is not None for member in members):
            tuples = [member for member in members if member is not None]
            parts[name] = tuple(rearranged(function, *column) for column in zip(*tuples))
    return parts


def _as_fraction(form: Form) -> tuple[Form, Form] | None:
    if "over" in form.parts:
        return form.parts["over"][0], form.parts["over"][1]
    return (form, constant(np.ones(form.shape), True)) if form.quadratic and not form.is_complex else None


def _as_log(form: Form) -> tuple[Form, ...] | None:
    return form.parts.get("log")


def as_upper(form: Form) -> tuple[Form] | None:
    """A concave form that is not below: its own upper one, or the form itself."""
    if "upper" in form.parts:
        return (form.parts["upper"][0],)
    return (form,) if form.has(CONCAVE).all() and not form.is_complex else None
