"""Fast route of all eight modes: all trials at once on the batched engine, one compiled program for modes and powers.

The design problem is solved without lifting (``program``) from a few starts per trial. Every result is corrected to
spend exactly the power budget and to meet the floor, and its common rate is shared in closed form.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.optim.options import EngineOptions
from leoisac.problems.given import Family, search, starting_points
from leoisac.systems.bistatic_rsma.fast.program import (
    Program,
    antenna_load,
    formulate,
    max_min_rate,
    to_precoder,
    to_values,
    variables,
)
from leoisac.systems.bistatic_rsma.fast.robust import ENOUGH, ROUNDS, first_points, target_points, worst_place
from leoisac.systems.bistatic_rsma.model import MODES, Channels, Design, Mode, Parameters, of_every_mode
from leoisac.systems.bistatic_rsma.problem.normalised import Problem, TargetPoints, judged, normalise, physical_design
from leoisac.systems.bistatic_rsma.problem.starts import MAX_STARTS, default_starts, meet_power_and_floor, start_points

OPTIONS = EngineOptions(lanes=32, block_ticks=48, penalty=0.3)
MANY_USERS = 8
LARGE_OPTIONS = replace(OPTIONS, memory=24, inner_steps=200, gradient_tolerance=0.3, gradient_floor=5e-3)
"""For more than ``MANY_USERS``, whose rounds are longer than the default settings allow."""
RATES, LARGE = (
    Family(max_min_rate, variables, name="max-min-rate", engine=options) for options in (OPTIONS, LARGE_OPTIONS)
)


class Formulated(NamedTuple):
    """One trial ready for the engine."""

    problem: Problem
    program: Program
    bases: Leaf  # (stream, dimension, dimension)
    starts: Leaf  # (MAX_STARTS, n)


def solve(scheme: str, parameters: Parameters, channels: Channels, *, starts: int | None = None) -> Solution[Design]:
    """The paper's max-min rate problem for a batch of trials in one of the eight modes.

    A trial is INFEASIBLE exactly if the floor on the target gain exceeds what the whole power towards the target gives,
    which no precoder exceeds (``Problem.largest_floor``); its design is then just that, and the violation the relative
    shortfall. Every other design meets power budget, floor and common rate to rounding, whatever its status says about
    optimality.

    Args:
        scheme: name of the mode, a key of ``model.MODES``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 16; the best result is kept. Without a number 3 under rate splitting, where local
            optima differ in who has a private stream, and 2 otherwise, where they are rare.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts gradient evaluations
        of all starts, ``history`` holds the least rate after each round of the augmented Lagrangian.

    Raises:
        ValueError: if ``starts`` is out of range.
    """
    if parameters.prediction is not None and MODES[scheme].sensing:
        return _solve_all_over(scheme, parameters, channels, starts)
    return _solve(scheme, parameters, channels, starts, None)


def _solve_all_over(scheme: str, parameters: Parameters, channels: Channels, starts: int | None) -> Solution[Design]:
    """Designs that hold all over the ellipsoid of the predicted position, by a cutting set per trial."""
    points = by_lanes(_first_points)(parameters, channels)

    def attempt() -> tuple[Solution[Design], np.ndarray, np.ndarray]:
        """Designs for the places so far, where each is worst, and who misses the requirement there."""
        found = _solve(scheme, parameters, channels, starts, by_lanes(_target_points)(parameters, points))
        place, ratio = by_lanes(_worst_place)(parameters, channels, found.value)
        return found, place, (ratio < ENOUGH) & (found.status != Status.INFEASIBLE)

    found, place, missed = attempt()
    iterations = found.iterations
    for column in range(points.shape[1] - ROUNDS + 1, points.shape[1]):
        if not missed.any():
            break
        points[missed, column] = place[missed]
        found, place, missed = attempt()
        iterations = iterations + found.iterations
    # A requirement that is still missed somewhere is no design for the whole ellipsoid.
    status = np.where(missed & (found.status == Status.CONVERGED), int(Status.MAX_STEPS), found.status)
    return replace(found, status=status.astype(np.int32), iterations=iterations)


def _first_points(parameters: Parameters, channels: Channels) -> Leaf:
    assert parameters.prediction is not None
    assert channels.knowledge is not None
    return first_points(parameters.prediction, channels.knowledge.target_m)


def _target_points(parameters: Parameters, points: Leaf) -> TargetPoints:
    assert parameters.prediction is not None
    return target_points(parameters.prediction, points)


def _worst_place(parameters: Parameters, channels: Channels, design: Design) -> tuple[Leaf, Leaf]:
    assert parameters.prediction is not None
    return worst_place(parameters.prediction, channels, design)


def _solve(
    scheme: str, parameters: Parameters, channels: Channels, starts: int | None, points: TargetPoints | None
) -> Solution[Design]:
    """One design of every trial; ``points`` are further places of the target, of every trial."""
    mode = MODES[scheme]
    starts = default_starts(mode) if starts is None else starts
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    setting = (parameters, mode)
    if points is None:
        ready: Formulated = by_lanes(_formulate)(setting, channels)
    else:
        ready = by_lanes(_formulate_at)(setting, channels, points)
    floors = ready.problem.floor
    if ready.problem.point_floors is not None:
        floors = np.maximum(floors, np.max(ready.problem.point_floors, axis=-1))
    rows = np.flatnonzero(~(floors > ready.problem.largest_floor))
    family = RATES if ready.problem.users.shape[1] <= MANY_USERS else LARGE
    found = search(family, ready.program, ready.starts, starts, rows=rows)
    columns = found.values(family.of(ready.program))["columns"]
    return by_lanes(_finish)(setting, channels, ready.problem, ready.bases, (columns, found.outcome))


def _formulate(setting: tuple[Parameters, Mode], channels: Channels) -> Formulated:
    return _formulate_at(setting, channels, None)


def _formulate_at(setting: tuple[Parameters, Mode], channels: Channels, extra: TargetPoints | None) -> Formulated:
    parameters, mode = setting
    problem = normalise(parameters, channels, mode, extra)
    points = start_points(problem, mode)
    program, bases = formulate(problem, points[0])
    values = jax.vmap(partial(to_values, problem, program, bases))(points)
    return Formulated(problem, program, bases, starting_points(RATES, program, values))


def _finish(
    setting: tuple[Parameters, Mode], channels: Channels, problem: Problem, bases: Leaf, found: tuple[Leaf, Any]
) -> Solution[Design]:
    (parameters, mode), (columns, outcome) = setting, found
    precoder = meet_power_and_floor(problem, to_precoder(columns, bases) * problem.stream_mask)
    if problem.antenna_share is not None:
        precoder = precoder / jnp.sqrt(jnp.maximum(antenna_load(problem, precoder), 1.0))
    return judged(parameters, channels, mode, physical_design(parameters, problem, precoder), **outcome)


globals().update(of_every_mode(solve))
