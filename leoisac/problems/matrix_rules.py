# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Products, solutions and inverses of matrices of forms (see ``forms`` and ``form_rules``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems.form_rules import multiply, reduce_sum
from leoisac.problems.forms import (
    AFFINE,
    CONVEX,
    NONNEGATIVE,
    OTHER,
    Facts,
    Form,
    all_needs,
    broadcast_to,
    chosen,
    elementwise,
    joined,
    rearranged,
    tangent,
)

_LARGEST = 200_000
"""Products that are written out entry by entry have at most this many terms."""


def contract(facts: Facts, a: Form, b: Form, dimensions: Any) -> Form:
    """``dot_general``: sums of products over contracted axes, batch axes first."""

    def product(p: Any, q: Any) -> Any:
        return jax.lax.dot_general(p, q, dimensions, precision=jax.lax.Precision.HIGHEST)

    plain = dimensions == (((1,), (0,)), ((), ()))
    if plain and "solved" in b.parts and a.quadratic and a.shape[::-1] == b.shape:
        return _quadratic_over_matrix(facts, product, a, b)
    if not (a.quadratic and b.quadratic):
        return _written_out(facts, product, a, b, dimensions)
    degree = _degree(a, b, dimensions)
    value, moved = tangent(product, a, b)
    (a0, a1), (b0, b1) = ((_where(form, form.degree == 0), _where(form, form.degree > 0)) for form in (a, b))
    left = right = product(a1[0], b1[1])
    if a.known or b.known:
        left, right = product(a.left, b.left), product(a.right, b.right)
    elif (a.degree == 0).any() or (b.degree == 0).any():
        left = left + product(a0[0], b.left) + product(a1[0], b0[0])
        right = right + product(a0[1], b.right) + product(a1[1], b0[1])
    exact = degree <= 2
    count = _count(np.ones(a.shape), np.ones(b.shape), dimensions)
    signs = [facts.sign(form) if form.known and other.sign.any() else form.sign for form, other in ((a, b), (b, a))]
    nonnegative = (signs[0] & NONNEGATIVE) > 0, (signs[1] & NONNEGATIVE) > 0
    squares = (nonnegative[0], b.square) if a.known else (a.square, nonnegative[1])
    return Form(
        value,
        product(a.zero, b.zero),
        chosen(exact, left, moved),
        chosen(exact, right, moved),
        degree,
        curve=np.where(exact, AFFINE, 0).astype(np.int8),
        sign=np.where(_count(*nonnegative, dimensions) == count, NONNEGATIVE, 0).astype(np.int8),
        square=(_count(*squares, dimensions) == count) & (a.known or b.known),
        fixed=a.fixed and b.fixed,
        needs=all_needs(a, b),
    )


def _where(form: Form, mask: np.ndarray) -> tuple[Any, Any]:
    return jnp.where(mask, form.left, 0.0), jnp.where(mask, form.right, 0.0)


def _count(p: np.ndarray, q: np.ndarray, dimensions: Any) -> np.ndarray:
    """Number of contracted pairs where both are true."""
    (cp, cq), (bp, bq) = dimensions
    names = [[-1] * np.ndim(each) for each in (p, q)]
    for place, (i, j) in enumerate([*zip(bp, bq), *zip(cp, cq)]):
        names[0][i] = names[1][j] = place
    free = iter(range(len(bp) + len(cp), 52))
    names = [[next(free) if name < 0 else name for name in each] for each in names]
    batch = list(range(len(bp)))
    contracted = range(len(bp), len(bp) + len(cp))
    out = batch + [name for each in names for name in each if name not in batch and name not in contracted]
    return np.einsum(np.asarray(p, float), names[0], np.asarray(q, float), names[1], out)


def _degree(a: Form, b: Form, dimensions: Any) -> np.ndarray:
    degree = np.zeros(_count(np.zeros(a.shape), np.zeros(b.shape), dimensions).shape, np.int8)
    for p in range(3):
        for q in range(3):
            pairs = (a.degree == p, b.degree == q)
            if p + q and pairs[0].any() and pairs[1].any():
                found = _count(*pairs, dimensions) > 0
                degree = np.maximum(degree, np.where(found, min(p + q, OTHER), 0)).astype(np.int8)
    return degree


def _written_out(facts: Facts, product: Any, a: Form, b: Form, dimensions: Any) -> Form:
    """Every product by itself, so that each keeps its rules."""
    (ca, cb), (ba, bb) = dimensions
    free = [
        [axis for axis in range(len(form.shape)) if axis not in (*c, *batch)]
        for form, c, batch in ((a, ca, ba), (b, cb, bb))
    ]
    frees = [[form.shape[axis] for axis in axes] for form, axes in zip((a, b), free)]
    batch, common = [a.shape[axis] for axis in ba], [a.shape[axis] for axis in ca]
    shape = (*batch, *frees[0], *frees[1], *common)
    if np.prod(shape, dtype=float) > _LARGEST:
        return elementwise(product, a, b)

    def spread(form: Form, axes: list[int], inner: list[int]) -> Form:
        def place(array: Any) -> Any:
            return broadcast_to(array.transpose(axes).reshape(inner), shape)

        return rearranged(place, form)

    first = spread(a, [*ba, *free[0], *ca], [*batch, *frees[0], *(1 for _ in frees[1]), *common])
    second = spread(b, [*bb, *free[1], *cb], [*batch, *(1 for _ in frees[0]), *frees[1], *common])
    axes = tuple(range(len(shape) - len(common), len(shape)))
    return reduce_sum(facts, multiply(facts, first, second), axes)


def _quadratic_over_matrix(facts: Facts, product: Any, c: Form, solved: Form) -> Form:
    """``c A^-1 b`` where b is the transpose of c: convex in c and A on its diagonal."""
    matrix, b = solved.parts["solved"]
    claims = facts.claim("equal", c, rearranged(lambda array: array.T, b)) | facts.claim("matrix", matrix)
    whole = elementwise(product, c, solved, **_on_diagonal(c.shape[0]))
    return replace(whole, needs=whole.needs | claims, parts={"schur": (c, matrix)})


def _on_diagonal(count: int) -> dict[str, np.ndarray]:
    diagonal = np.eye(count, dtype=np.int8)
    return {"curve": CONVEX * diagonal, "sign": NONNEGATIVE * diagonal}


def solve(facts: Facts, matrix: Form, b: Form) -> Form:
    """``A^-1 b``; by itself of no known curvature."""
    whole = elementwise(jnp.linalg.solve, matrix, b)
    square = matrix.quadratic and b.quadratic and len(matrix.shape) == 2 == len(b.shape)
    return replace(whole, parts={"solved": (matrix, b)} if square and not matrix.is_complex else {})


def inverse(facts: Facts, form: Form) -> Form:
    """Inverse of a real matrix: the diagonal is convex in a positive semidefinite matrix of forms."""
    if "gap" in form.parts and form.shape == form.parts["gap"][0].shape:
        wanted = form.shape[0]
        return rearranged(lambda array: array[:wanted, :wanted], inverse(facts, bordered(*form.parts["gap"])))
    whole = elementwise(jnp.linalg.inv, form)
    if form.is_complex:
        return whole
    if "correlation" in form.parts:
        information, p, q = form.parts["correlation"]
        rows = rearranged(lambda array: broadcast_to(array[..., :1], array.shape), p)
        columns = rearranged(lambda array: array.swapaxes(-1, -2), rows)
        claims = facts.claim("equal", p, rows) | facts.claim("equal", q, columns)
        value = inverse(facts, information)
        return replace(whole, parts={"scaled": (replace(value, needs=value.needs | claims), p, q)})
    if not form.quadratic:
        return whole
    tags = {name: np.broadcast_to(tag, form.shape) for name, tag in _on_diagonal(form.shape[-1]).items()}
    whole = elementwise(jnp.linalg.inv, form, **tags)
    return replace(whole, needs=form.needs | facts.claim("matrix", form))


def bordered(d: Form, c: Form, matrix: Form) -> Form:
    """``[[d, c], [c^T, A]]``."""
    upper = rearranged(lambda p, q: joined(p, q, axis=1), d, c)
    lower = rearranged(lambda p, q: joined(p.T, q, axis=1), c, matrix)
    return rearranged(lambda p, q: joined(p, q), upper, lower)
