# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Quadratic surrogates of a statement: the matrices from which bounds and proofs are made.

A row ``larger >= smaller`` becomes ``s(x) >= 0`` with an ``s`` that is exactly quadratic and nowhere below what it
stands for: the row itself, ``n - g d`` for ``n / d >= g``, the same behind a logarithm or a root, or the tangent of
what is concave in the moments (see ``forms``). Whatever holds where all ``s >= 0`` holds for the statement. The
objective becomes a quadratic bound on its better side, exact at the reference point; a ratio, or the least of several,
becomes the pair ``(n, d)`` of each, from which the level sets follow.

Quadratics are given as symmetric matrices ``Q`` with ``s(x) = (1, x)^T Q (1, x)``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jax.extend.core import jaxpr_as_fun

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.lanes import compiler_options
from leoisac.optim.quadratic.limits import Limits
from leoisac.problems import form_rules as rules
from leoisac.problems.claims import proven
from leoisac.problems.forms import CONCAVE, CONVEX, Facts, Form, constant
from leoisac.problems.matrix_rules import bordered
from leoisac.problems.structure import interpret, variables_of

Sense = Literal["minimise", "maximise", "least"]
"""``least``: maximise the least entry of an array."""
_ATTEMPTS = 8
_AGREES = 1e-9


@dataclass(frozen=True)
class RowNumbers:
    """Quadratic rows of one trial, all ``>= 0`` where the statement's are met."""

    matrices: np.ndarray
    """``(row, 1 + n, 1 + n)``."""
    factor: np.ndarray
    """d row / d (larger - smaller) at the reference point: multipliers of ``larger - smaller`` are divided by it."""
    place: tuple[tuple[str, int], ...]
    """Name and flat index of every row."""
    larger: np.ndarray
    """The larger side at the reference point."""
    equality: np.ndarray
    relaxed: np.ndarray


@dataclass(frozen=True)
class GoalNumbers:
    """The objective of one trial: ``direct`` or by level sets."""

    direct: np.ndarray | None
    """``(1 + n, 1 + n)``; not more than a minimised objective, not less than a maximised one."""
    numerators: np.ndarray
    denominators: np.ndarray
    """``(entry, 1 + n, 1 + n)`` each; entries are the ratios of both, or increasing functions of them."""
    denominator_values: np.ndarray
    scales: np.ndarray
    """``s`` of entries that are ``s log(ratio)``, NaN elsewhere."""
    rooted: bool
    """Whether entries are square roots of the ratios."""
    relaxed: bool
    value: np.ndarray
    """The objective itself at the reference point, flat."""


@dataclass(frozen=True)
class Numbers:
    """Everything that a bound of one trial needs."""

    rows: RowNumbers
    goal: GoalNumbers | None
    reason: str
    """Why there is no goal, or which rows are left out."""


@dataclass(frozen=True)
class _Row:
    form: Form
    factor: Any
    relaxed: bool


def _row_candidates(facts: Facts, larger: Form, smaller: Form) -> list[_Row]:
    """Forms that are >= 0 where ``larger >= smaller``, the most exact ones first."""
    larger, smaller = rules.paired(larger, smaller)
    found: list[_Row] = []
    if smaller.known:
        found += _one_sided(facts, larger, smaller, 1.0)
    elif larger.known:
        found += _one_sided(facts, smaller, larger, -1.0)
    found.append(_Row(rules.subtract(facts, larger, smaller), jnp.ones(larger.shape), False))
    if "upper" in larger.parts:
        found.append(_Row(rules.subtract(facts, larger.parts["upper"][0], smaller), jnp.ones(larger.shape), True))
    return found


def _one_sided(facts: Facts, form: Form, bound: Form, side: float) -> list[_Row]:
    """``form >= bound`` (side 1) or ``form <= bound`` (side -1), the bound being known."""

    def difference(p: Form, q: Form) -> Form:
        return rules.subtract(facts, p, q) if side > 0 else rules.subtract(facts, q, p)

    if "log" in form.parts:
        u, s = form.parts["log"]
        if (facts.sign(s) & 1).all():
            level = constant(jnp.exp(bound.ref / s.ref), False)
            inner = [*_one_sided(facts, u, level, side), _Row(difference(u, level), jnp.ones(u.shape), False)]
            return [_Row(_standing_on(row.form, form), row.factor * u.ref / s.ref, False) for row in inner]
    if "over" in form.parts:
        n, d = form.parts["over"]
        row = _standing_on(difference(n, rules.multiply(facts, bound, d)), form)
        return [_Row(row, jnp.asarray(d.ref), False)]
    if "root" in form.parts and (facts.sign(bound) & 1).all():
        q = form.parts["root"][0]
        return [_Row(_standing_on(difference(q, rules.squared(facts, bound)), form), 2.0 * form.ref, False)]
    return []


def _standing_on(form: Form, whole: Form) -> Form:
    """Parts of a whole mean something only if what was claimed for the whole holds."""
    return replace(form, needs=form.needs | whole.needs)


@dataclass(frozen=True)
class _Goal:
    direct: Form | None
    numerator: Form | None
    denominator: Form | None
    scale: Any
    rooted: bool
    relaxed: bool
    value: Any


def _goal_of(facts: Facts, sense: Sense, form: Form) -> _Goal | None:
    nothing = (None, None, None, jnp.full(form.shape, jnp.nan), False)
    wanted = CONVEX if sense == "minimise" else CONCAVE
    if sense != "least" and form.has(wanted).all():
        return _Goal(form, *nothing[1:], False, form.ref)
    inner, scale, rooted = form, nothing[3], False
    if "log" in form.parts and (facts.sign(form.parts["log"][1]) & 1).all():
        inner, scale = form.parts["log"][0], form.parts["log"][1].ref
    elif "root" in form.parts:
        inner, rooted = form.parts["root"][0], True
    n, d = inner.parts.get("over", (inner, constant(np.ones(inner.shape), True)))
    relaxed = False
    if inner is form and sense == "minimise" and not d.quadratic and "upper" in d.parts and (n.sign & 1).all():
        # Energy per bit: of more bits, an energy >= 0 has fewer per bit.
        d, relaxed = d.parts["upper"][0], True
    is_ratio = sense == "least" or "over" in form.parts
    if inner is form and sense != "minimise" and is_ratio and "upper" in n.parts and not n.has(CONCAVE).all():
        n, relaxed = n.parts["upper"][0], True
    if n.has(wanted).all() and (d.quadratic or relaxed) and not n.is_complex:
        return _Goal(None, _standing_on(n, form), d, scale, rooted, relaxed, form.ref)
    if sense == "maximise" and "upper" in form.parts:
        return _Goal(form.parts["upper"][0], *nothing[1:], True, form.ref)
    return None


class Surrogates:
    """The surrogates of one statement, found when first asked for and compiled once per shapes."""

    def __init__(
        self,
        raw: Callable[[Any, Any], tuple[Any, Mapping[str, Any]]],
        sense: Sense | None,
        equalities: frozenset[str],
        nonnegative: tuple[int, ...],
    ) -> None:
        """``raw(x, data) -> (objective, {name: (larger, smaller)})``; without ``sense`` the objective is left out."""
        self.raw, self.equalities, self.nonnegative = raw, equalities, nonnegative
        self.sense: Sense | None = sense
        self._programs: dict[Any, _Program] = {}
        self._latest: dict[Any, _Program] = {}

    def with_squares(self, matrices: np.ndarray) -> np.ndarray:
        """Forms with squares in the place of the variables that are at least zero, where all are linear in them."""
        places = np.array([j for j in self.nonnegative if not matrices[:, 1 + j, 1:].any()], int)
        # The two sides of a bilinear form may differ, their sum counts.
        symmetric = 0.5 * (matrices + np.swapaxes(matrices, 1, 2)) if len(places) else matrices
        return Limits(1 + places, np.zeros(len(places)), np.ones(len(places))).squared(symmetric)

    @in_double
    def numbers(self, x: Any, data: Any) -> Numbers:
        """The quadratics of one trial at a reference point."""
        shapes = jax.tree.map(lambda leaf: (np.shape(leaf), jnp.result_type(leaf).name), (x, data))
        key = (str(jax.tree.structure(shapes)), *map(str, jax.tree.leaves(shapes)))
        program = self._latest.get(key)
        for _ in range(_ATTEMPTS):
            if program is None:
                program = self._programs.setdefault((key, ()), _Program(self, []))
            found = program(x, data)
            actual = tuple(int(bits) for bits in found["actual"])
            if all(claimed & ~bits == 0 for claimed, bits in zip(program.assumed, actual)):
                if not program.checked:
                    program.check(x, data)
                self._latest[key] = program
                return program.assembled(found)
            program = self._programs.setdefault((key, actual), _Program(self, actual))
        raise ArithmeticError("The signs of the data lead from one structure to the next.")


class _Program:
    """One compiled program: the quadratics, given the signs of the data."""

    def __init__(self, owner: Surrogates, assumed: Sequence[int]) -> None:
        self._given, self._owner = list(assumed), owner
        self.checked = False
        self.assumed: list[int] = []
        self.rows: list[tuple[str, np.ndarray, _Row, bool]] = []
        self.goal: _Goal | None = None
        self.left_out: list[str] = []
        self.claims: dict[int, tuple[str, tuple[int, ...]]] = {}
        self.exact = np.zeros(0, bool)
        self._compiled = jax.jit(self._traced, compiler_options=compiler_options(0))

    def __call__(self, x: Any, data: Any) -> dict[str, Any]:
        return jax.tree.map(np.asarray, self._compiled(jnp.asarray(x), data))

    def _forms(self, ref: Any, left: Any, right: Any, data: Any) -> tuple[list[Form], dict[str, Any]]:
        """All forms of which the quadratics are wanted, and numbers beside them."""
        owner, facts = self._owner, Facts(self._given)
        objective, groups = interpret(facts, owner.raw, variables_of(ref, left, right, owner.nonnegative), data)
        self.rows, self.left_out = [], []
        sides: list[Any] = []
        for name, (larger, smaller) in groups.items():
            equal = name in owner.equalities
            candidates = _row_candidates(facts, larger, smaller)
            free = np.ones(candidates[0].form.shape, bool)
            for row in candidates:
                fits = row.form.has(CONCAVE) & ((row.form.degree <= 2) | (not equal)) & (not (equal and row.relaxed))
                taken = free & fits & (not row.form.is_complex)
                free = free & ~taken
                if taken.any():
                    self.rows.append((name, np.flatnonzero(taken), row, equal))
                    side = jnp.broadcast_to(jnp.real(larger.ref), row.form.shape)
                    sides.append(jnp.ravel(side)[self.rows[-1][1]])
            if free.any():
                self.left_out.append(name)
        sense = owner.sense
        self.goal = None if sense is None else _goal_of(facts, sense, objective)
        forms = [row.form for _, _, row, _ in self.rows]
        if self.goal is not None:
            forms += [f for f in (self.goal.direct, self.goal.numerator, self.goal.denominator) if f is not None]
        needed = sorted(frozenset[int]().union(*(form.needs for form in forms)))
        claimed: list[Form] = []
        for index in needed:
            kind, members = facts.claims[index]
            whole = [bordered(*members)] if kind == "matrix" and len(members) == 3 else list(members)
            self.claims[index] = (kind, whole[0].shape)
            claimed += whole
        self.assumed = facts.assumed
        factors = [jnp.broadcast_to(row.factor, row.form.shape).ravel()[at] for _, at, row, _ in self.rows]
        numbers: dict[str, Any] = {"actual": facts.actual, "factors": factors, "larger": sides}
        if self.goal is not None:
            numbers["scale"] = jnp.broadcast_to(self.goal.scale, np.shape(self.goal.value)).ravel()
            numbers["goal"] = jnp.ravel(self.goal.value)
            numbers["denominator"] = jnp.ravel(1.0 if self.goal.denominator is None else self.goal.denominator.ref)
        at = [place for _, place, _, _ in self.rows] + [slice(None)] * (len(forms) - len(self.rows) + len(claimed))
        self.exact = np.concatenate([np.zeros(0, bool)] + [(f.degree <= 2).ravel()[p] for f, p in zip(forms, at)])
        self.count = len(self.exact)
        numbers["values"] = _flat([form.ref for form in forms], at)
        return _flat([form.left for form in forms + claimed], at), numbers  # type: ignore[return-value]

    def _traced(self, ref: Any, data: Any) -> dict[str, Any]:
        # The rules run once; derivatives are those of the operations that they have left behind.
        none = jnp.zeros_like(ref)
        closed, shape = jax.make_jaxpr(self._forms, return_shape=True)(ref, none, none, data)
        leaves = jax.tree.leaves(data)

        def evaluated(left: Any, right: Any) -> tuple[Any, Any]:
            return jax.tree.unflatten(jax.tree.structure(shape), jaxpr_as_fun(closed)(ref, left, right, *leaves))

        def by_right(left: Any) -> tuple[Any, Any]:
            slope = jax.jacrev(lambda right: evaluated(left, right)[0])(none)
            return slope, slope

        at_zero, numbers = evaluated(none, none)
        mixed, right = jax.jacfwd(by_right, has_aux=True)(none)
        left = jax.jacrev(lambda point: evaluated(point, none)[0])(none)
        upper = jnp.concatenate([at_zero[:, None, None], right[:, None, :]], axis=2)
        lower = jnp.concatenate([left[:, :, None], jnp.swapaxes(mixed, 1, 2)], axis=2)
        return {**numbers, "matrices": jnp.concatenate([upper, lower], axis=1)}

    def check(self, x: Any, data: Any) -> None:
        """What rules say of degrees and tangents, held against the statement at the reference and two other points."""
        rng, size = np.random.default_rng(0), np.linalg.norm(x)
        matrices = self(x, data)["matrices"][: self.count]
        for point in (np.asarray(x), *(size * v / np.linalg.norm(v) for v in rng.standard_normal((2, np.size(x))))):
            moment = np.concatenate([[1.0], point])
            ours = np.einsum("i,kij,j->k", moment, matrices, moment)
            theirs = self(point, data)["values"]
            scale = np.abs(moment) @ np.abs(matrices) @ np.abs(moment)
            wrong = self.exact & (np.abs(ours - theirs) > _AGREES * scale)
            if wrong.any():
                raise ArithmeticError("A surrogate differs from what it stands for: please report the statement.")
        self.checked = True

    def assembled(self, found: dict[str, Any]) -> Numbers:
        holds = self._proven(found)
        symmetric = 0.5 * (found["matrices"] + np.swapaxes(found["matrices"], 1, 2))
        finite = np.isfinite(symmetric).all(axis=(1, 2))
        matrices, factors, larger, place = [], [], [], list[tuple[str, int]]()
        equality, relaxed, start = list[bool](), list[bool](), 0
        out = list(self.left_out)
        for (name, at, row, equal), factor, side in zip(self.rows, found["factors"], found["larger"]):
            block = slice(start, start + len(at))
            start += len(at)
            good = finite[block] & np.isfinite(factor) & (factor > 0.0) & (row.form.needs <= holds)
            out += [name] * (not good.all())
            matrices.append(symmetric[block][good])
            factors.append(factor[good])
            larger.append(side[good])
            place += [(name, int(index)) for index in at[good]]
            equality += [equal] * int(good.sum())
            relaxed += [row.relaxed] * int(good.sum())
        width = symmetric.shape[-1]
        rows = RowNumbers(
            np.concatenate([np.zeros((0, width, width)), *matrices]),
            np.concatenate([np.zeros(0), *factors]),
            tuple(place),
            np.concatenate([np.zeros(0), *larger]),
            np.array(equality, bool),
            np.array(relaxed, bool),
        )
        reason = f"without {', '.join(dict.fromkeys(out))}" if out else ""
        goal = self._goal_numbers(found, symmetric[start : self.count], holds)
        return Numbers(rows, goal, reason)

    def _goal_numbers(self, found: dict[str, Any], matrices: np.ndarray, holds: frozenset[int]) -> GoalNumbers | None:
        goal = self.goal
        if goal is None or not np.isfinite(matrices).all():
            return None
        forms = [form for form in (goal.direct, goal.numerator, goal.denominator) if form is not None]
        if not frozenset[int]().union(*(form.needs for form in forms)) <= holds:
            return None
        empty, half = matrices[:0], len(matrices) // 2
        direct = None if goal.direct is None else matrices[0]
        pair = (empty, empty) if goal.direct is not None else (matrices[:half], matrices[half:])
        return GoalNumbers(
            direct, *pair, found["denominator"], found["scale"], goal.rooted, goal.relaxed, found["goal"]
        )

    def _proven(self, found: dict[str, Any]) -> frozenset[int]:
        """Claims that the numbers of this trial bear out."""
        matrices, holds = found["matrices"][self.count :], set[int]()
        for index, (kind, shape) in sorted(self.claims.items()):
            size = int(np.prod(shape)) * (2 if kind == "equal" else 1)
            if proven(kind, shape, self._owner.with_squares(matrices[:size])):
                holds.add(index)
            matrices = matrices[size:]
        return frozenset(holds)


def _flat(arrays: list[Any], at: list[Any]) -> Any:
    return jnp.concatenate([jnp.zeros(0)] + [jnp.ravel(array)[place] for array, place in zip(arrays, at)])


@functools.cache
def surrogates(
    raw: Callable[[Any, Any], tuple[Any, Mapping[str, Any]]],
    sense: Sense | None = None,
    equalities: frozenset[str] = frozenset(),
    nonnegative: tuple[int, ...] = (),
) -> Surrogates:
    """The surrogates of a statement, the same object for the same ``raw`` (a hashable one, kept for good).

    Variables at the places ``nonnegative`` are at least zero at all points that count, by rows of the statement or by
    their nature.
    """
    return Surrogates(raw, sense, equalities, nonnegative)
