# pyright: reportUnknownMemberType=false, reportPrivateUsage=false
"""What each rule of scaling and form does for stated problems, and what more starts gain.

Rules are switched here, in the scales of an instance, which are data: one program serves them all. ``CONVERGED`` is
false where a design is off by more than ``ACCURACY`` from a known optimum that has no local ones beside it; it is
counted as reported, by the relative residual of the optimality conditions, and as the engine's absolute rules have it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from stated_families import FAMILIES, Drawn, selected, stacked

import leoisac as li
from leoisac.foundation.lanes import BatchedFunction, by_lanes
from leoisac.foundation.status import Status
from leoisac.problems import feasibility, formulation, programs, reporting, scaling, solving
from leoisac.problems.formulation import (
    DIFFERENCE,
    LOGARITHM,
    OBJECTIVE_LENGTH,
    RATIO,
    ROW_LENGTH,
    Rows,
    constraint_rows,
    has_least,
)
from leoisac.problems.problem import Layout, Problem

ACCURACY, FEASIBILITY = 1e-4, 1e-6
EXCESS = 3
"""A further form of a row: ``larger / smaller - 1``."""
START_COUNTS = (1, 4, 8, 32)
STUDIED: Mapping[str, tuple[str, int]] = {
    "P8 mask": ("masked sum rate, 4 antennas, 3 users", 32),
    "P10": ("sum rate, 4 antennas, 3 users", 32),
    "P10h": ("overloaded sum rate, 2 antennas, 3 users", 32),
    "crowded": ("weighted sum rate, 16 antennas, 12 users, 4 sensing streams, a target to light", 4),
}
"""Families whose starts are counted, what they are, and instances."""


class Rule(NamedTuple):
    """One way of scaling and writing a problem."""

    name: str
    scales: str = "gradients"
    """``none``; ``variables``: norms of the start; ``gradients``: as the project has it."""
    passes: int = solving.MOST_PASSES
    """Solves after the first, each in scales of its own start."""
    starts: int = 4
    polished: bool = True
    """Whether Newton's method improves the results."""
    form: str = "stated"
    """Of constraints: ``stated``, ``excess of floors``, ``excess`` or ``difference``."""
    linear: bool = False
    """Max-min over the least element itself instead of its logarithm."""


SCALES = tuple(
    Rule(
        f"{name}, {starts} start{'s' * (starts > 1)}{', not polished' * (not polished)}",
        scales,
        passes,
        starts,
        polished,
    )
    for polished, counts in ((False, (1, 4)), (True, (4,)))
    for name, scales, passes in (
        ("none", "none", 0),
        ("variables once", "variables", 0),
        ("gradients once", "gradients", 0),
        ("gradients twice", "gradients", 1),
        ("gradients, up to 5 times", "gradients", solving.MOST_PASSES),
    )
    for starts in counts
)
FORMS = (
    Rule("floors as a/b - 1", form="excess of floors"),
    Rule("floors and ceilings as larger/smaller - 1", form="excess"),
    Rule("floors and ceilings as differences", form="difference"),
    Rule("max-min over t itself", linear=True),
)
"""Against ``gradients, up to 5 times, 4 starts``."""
MOST_COORDINATES = 320
"""Of the instances that rules are tried on."""
_stated_rows, _stated_forms, _stated_programs = formulation.unscaled_rows, scaling._forms, solving.programs
_stated_statuses = reporting.statuses


def _rows_with_excess(rows: Rows, form: Any) -> Any:
    """Rows as the project has them, or in the further form."""
    excess = form == EXCESS
    valid = jnp.where(rows.smaller > 0.0, rows.smaller, jnp.nan)
    quotient = jnp.where(excess, rows.larger, 1.0) / jnp.where(excess, valid, 1.0) - 1.0
    return jnp.where(excess, quotient, _stated_rows(rows, jnp.where(excess, DIFFERENCE, form)))


def _forms_of(rule: Rule, layout: Layout, rows: Any, logarithmic: Any) -> Any:
    """Form of every row under a rule."""
    form = _stated_forms(layout, rows, logarithmic)
    count = constraint_rows(layout)
    own, positive = form[:count], (rows.larger[:count] > 0.0) & (rows.smaller[:count] > 0.0)
    floors = own == LOGARITHM
    if rule.form.startswith("excess"):
        relative = floors if rule.form == "excess of floors" else floors | (own == RATIO)
        own = jnp.where(relative & positive, EXCESS, own)
    elif rule.form == "difference":
        own = jnp.full_like(own, DIFFERENCE)
    elements = form[count:]
    return jnp.concatenate([own, jnp.full_like(elements, DIFFERENCE) if rule.linear else elements])


def _measured(rule: Rule, problem: Problem, layout: Layout, _: None, x: Any, trial: Any) -> scaling.Measured:
    """Scales of one instance under a rule."""
    scaling._forms = functools.partial(_forms_of, rule)
    try:
        measured = scaling.measure(problem, layout, x, trial)
    finally:
        scaling._forms = _stated_forms
    scales = measured.scaling
    if rule.linear and has_least(layout):
        scales = _linear_level(problem, layout, x, trial, scales)
    if rule.scales == "gradients":
        return scaling.Measured(scales, measured.slope)
    scales = scales._replace(
        coordinates=jnp.ones_like(scales.coordinates) if rule.scales == "none" else scales.coordinates,
        objective=jnp.ones_like(scales.objective),
        spread=jnp.ones_like(scales.spread),
        factor=jnp.ones_like(scales.factor),
    )
    # The factor on the objective is made from the slope of all starts.
    return scaling.Measured(scales, jnp.full_like(measured.slope, OBJECTIVE_LENGTH))


def _linear_level(problem: Problem, layout: Layout, x: Any, trial: Any, scales: Any) -> Any:
    """The extra variable as a difference from the least element, in units of the steepest element's slope."""

    def elements(y: Any) -> Any:
        return problem.quantities(problem.values(scales.coordinates * y), trial).objective

    slopes = jnp.sqrt(jnp.sum(jax.jacrev(elements)(x / scales.coordinates) ** 2, axis=-1))
    spread = jnp.maximum(jnp.max(slopes), 1e-300)
    factor = scales.factor.at[-layout.elements :].set(ROW_LENGTH / jnp.sqrt(slopes**2 + spread**2))
    return scales._replace(logarithmic=jnp.zeros_like(scales.logarithmic), spread=spread, factor=factor)


def _unpolished(problem: Problem, layout: Layout, _: None, x: Any, multipliers: Any, instance: Any) -> Any:
    """The point as it is, with multipliers and residual."""
    kept, programs.POLISHING_STEPS = programs.POLISHING_STEPS, 0
    try:
        return programs.settle(problem, layout, None, None, x, multipliers, instance)
    finally:
        programs.POLISHING_STEPS = kept


@functools.cache
def _programs_of(rule: Rule, problem: Problem, layout: Layout) -> programs.Programs:
    """The problem's own programs, but for its scales, and for polishing where there is none."""
    own = _stated_programs(problem, layout)
    own = own._replace(measure=_measure_of(rule.scales, rule.form, rule.linear, problem, layout))
    return own if rule.polished else own._replace(settle=_settle_of(problem, layout))


@functools.cache
def _measure_of(scales: str, form: str, linear: bool, problem: Problem, layout: Layout) -> BatchedFunction:
    rule = Rule("", scales=scales, form=form, linear=linear)
    return by_lanes(functools.partial(_measured, rule, problem, layout))


@functools.cache
def _settle_of(problem: Problem, layout: Layout) -> BatchedFunction:
    return by_lanes(functools.partial(_unpolished, problem, layout), lanes=programs.SETTLING_LANES)


@contextlib.contextmanager
def switched(rule: Rule, ended: list[np.ndarray]) -> Generator[None]:
    """Within the context ``li.solve`` goes by this rule; statuses of the engine are appended to ``ended``."""

    def statuses(at: Any, violation: Any) -> Any:
        ended.append(np.asarray(at.status))
        return _stated_statuses(at, violation)

    kept = [(module, name, getattr(module, name)) for module, name in _PATCHED]
    try:
        for module in (formulation, scaling, feasibility):
            setattr(module, "unscaled_rows", _rows_with_excess)  # noqa: B010
        solving.MOST_PASSES = rule.passes
        solving.programs = functools.partial(_programs_of, rule)
        reporting.statuses = statuses
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)


_PATCHED = (
    (formulation, "unscaled_rows"),
    (scaling, "unscaled_rows"),
    (feasibility, "unscaled_rows"),
    (solving, "MOST_PASSES"),
    (solving, "programs"),
    (reporting, "statuses"),
)


def rules_part(record: dict[str, Any], groups: Iterable[tuple[str, list[dict[str, Any]], list[Drawn]]]) -> None:
    """Every rule on every instance of moderate size in its recipe's units; the one on max-min where there is one."""
    for name, values, drawn in groups:
        problem, data = stacked(name, drawn)
        if problem.coordinates > MOST_COORDINATES:
            continue
        known = np.array([value["optimum"] for value in values])
        best_known = np.array([bool(value.get("best_known")) for value in values])
        for rule in (*SCALES, *FORMS):
            if rule.linear and not name.startswith(("P2", "P7 multicast")):
                continue
            ended: list[np.ndarray] = []
            with switched(rule, ended):
                solution = li.solve(problem, data, starts=rule.starts, certificate="none")
            error = FAMILIES[name].reported(solution.objective) / known - 1.0
            accurate = np.where(best_known, -error, np.abs(error)) <= ACCURACY
            feasible = solution.violation <= FEASIBILITY
            converged = (solution.status == Status.CONVERGED) & ~accurate
            by_engine = (ended[0] == Status.CONVERGED) & feasible & ~accurate
            row = {
                "instances": len(values),
                "solved": int(np.sum(accurate & feasible)),
                "false": int(np.sum(converged)),
                "false_by_engine": int(np.sum(by_engine)),
                "ticks": int(np.sum(solution.iterations)),
            }
            place = record["rules"].setdefault(rule.name, {}).setdefault(name, dict.fromkeys(row, 0))
            for key, count in row.items():
                place[key] += count
            print(f"{name}, {rule.name}: " + ", ".join(f"{key} {count}" for key, count in row.items()), flush=True)


def tables(rules: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[str]:
    """What the rules come to in all: shares solved and false statuses, local optima apart."""
    lines: list[str] = []
    for rule in (*SCALES, *FORMS):
        families = rules.get(rule.name, {})
        if not families:
            continue

        def total(key: str, local: bool | None = None, families: Any = families) -> int:
            return sum(row[key] for name, row in families.items() if local in (None, FAMILIES[name].local))

        lines.append(
            f"{rule.name:50s} solved {total('solved'):3d} of {total('instances'):3d}, false CONVERGED "
            f"{total('false', False):2d} (by the engine {total('false_by_engine', False):2d}), at local optima "
            f"{total('false', True):2d}, ticks {total('ticks'):7d}"
        )
    return lines


def starts_part(record: dict[str, Any], wanted: str) -> None:
    """Mean and largest loss of the objective against the most starts, by family."""
    for name, (told, count) in STUDIED.items():
        if not selected(name, wanted):
            continue
        problem, data = stacked(name, [FAMILIES[name].draw(seed) for seed in range(count)])
        found = {n: li.solve(problem, data, starts=n, certificate="none") for n in START_COUNTS}
        most = found[START_COUNTS[-1]]
        rows: dict[str, Any] = {}
        for n, solution in found.items():
            usable = solution.status == Status.CONVERGED
            loss = 1.0 - solution.objective / most.objective
            rows[str(n)] = {
                "mean_loss": float(np.mean(loss)),
                "largest_loss": float(np.max(loss)),
                "share_within_1e-4": float(np.mean(loss <= ACCURACY)),
                "share_usable": float(np.mean(usable)),
                "agreeing_starts": float(np.mean(solution.agreeing_starts)),
                "ticks": float(np.mean(solution.iterations)),
            }
            print(f"{told}, {n} starts: " + ", ".join(f"{k} {v:.3g}" for k, v in rows[str(n)].items()), flush=True)
        record["starts"][told] = {"instances": count, **rows}
