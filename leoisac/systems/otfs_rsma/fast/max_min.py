"""Fast route: all trials at once on the batched engine, one compiled program for all schemes, splits and ceilings.

Every result spends its budget and, after the engine's restoration, most meet their constraints to about 1e-10. Trials
that miss one are tried again from further starts; what is left is INFEASIBLE only with a certificate (no energy map
reaches the ceilings, or the common stream's power cannot carry the floor even without interference), else
NO_FEASIBLE_POINT.
"""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.backend import AUTO, JAX, requested, using
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.optim.options import EngineOptions
from leoisac.problems import Problem
from leoisac.problems.given import Found, search, starting_points
from leoisac.systems.otfs_rsma.fast.starts import MAX_STARTS, start_points
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem.certificate import certified
from leoisac.systems.otfs_rsma.problem.normalised import (
    FEASIBILITY,
    VARIANTS,
    Variant,
    as_numbers,
    formulate,
    judged,
    partial_of,
    physical_streams,
    shape_of,
)
from leoisac.systems.otfs_rsma.problem.program import Program, Shape, max_min_rate

OPTIONS = EngineOptions(penalty=0.5, feasibility=FEASIBILITY, lanes=16, quick_restoration=True)
MOST_NATIVE_CELLS = 256
"""Cells of the largest frame whose programs are compiled to native code unless asked for: of 1024 it took minutes."""
RETRIES = 4
"""Further starts for trials whose constraints are not met after the asked ones."""


class Ready(NamedTuple):
    """One trial ready for the engine."""

    program: Program
    starts: Leaf  # (MAX_STARTS, n)


class FirstStage(NamedTuple):
    """The best designs found for (17) of a batch, in the engine's numbers."""

    shape: Shape
    variant: Variant
    program: Program
    found: Found

    @property
    def met(self) -> np.ndarray:
        """Trials that meet all constraints."""
        return self.found.met(OPTIONS.feasibility)


@functools.cache
def rate_problem(shape: Shape) -> Problem:
    """Problem (17) for frames and users of a shape: one program for all schemes, splits and ceilings."""
    statement, starts = partial(max_min_rate, shape=shape), partial(start_points, shape=shape)
    return Problem(statement, shape.variables, name="max-min-rate", scaling="given", starts=starts, engine=OPTIONS)


def solve(scheme: str, parameters: Parameters, channels: Channels, *, starts: int = 1) -> Solution[Design]:
    """The max-min rate problem (17) for a batch of trials.

    Args:
        scheme: a key of ``problem.normalised.VARIANTS``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 16; the best result is kept. Ends of different starts lie within some 0.01 bit.
            With a ``delay_weight`` the best is that of the weighted sum, which ``history`` then holds.

    Returns:
        Streams in physical units; objective and violation are the judge's; ``iterations`` counts gradient evaluations
        of all starts, ``history`` holds the least rate after each round of the augmented Lagrangian. With the scheme
        ``sdma-paper``, and with ``rsma`` at a fraction of 0, a floor on the common rate is INFEASIBLE by construction;
        the designs are then those without the floor.

    Raises:
        ValueError: if ``starts`` is out of range.
    """
    first = first_stage(scheme, parameters, channels, starts)
    solution = finished(first, parameters, channels, first.found)
    return certified(solution, parameters, channels, VARIANTS[scheme])


def first_stage(scheme: str, parameters: Parameters, channels: Channels, starts: int) -> FirstStage:
    """The best designs found for a batch in the engine's numbers, for ``finished`` and for a second stage from there.

    Raises:
        ValueError: if ``starts`` is out of range.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    shape, variant = shape_of(parameters, channels), as_numbers(VARIANTS[scheme])
    ready: Ready = by_lanes(partial_of(_formulate, shape))((parameters, variant), channels)
    with engine_for(shape):
        found = search(rate_problem(shape), ready.program, ready.starts, starts, retries=RETRIES)
    return FirstStage(shape, variant, ready.program, found)


def finished(first: FirstStage, parameters: Parameters, channels: Channels, found: Found) -> Solution[Design]:
    """The solution that ``found`` is, judged from its physical streams."""
    setting = (parameters, first.variant)
    return by_lanes(partial_of(_finish, first.shape))(setting, channels, first.program, found)


def engine_for(shape: Shape) -> AbstractContextManager[None]:
    """The engine as chosen; on large frames that of JAX, whose compilation does not grow with the frame."""
    is_large = shape.n_delay * shape.n_doppler > MOST_NATIVE_CELLS
    return using(JAX if is_large else AUTO) if requested() == AUTO else nullcontext()


def _formulate(shape: Shape, setting: tuple[Parameters, Variant], channels: Channels) -> Ready:
    program = formulate(setting[0], channels, setting[1])
    return Ready(program, starting_points(rate_problem(shape), program))


def _finish(
    shape: Shape, setting: tuple[Parameters, Variant], channels: Channels, program: Program, found: Found
) -> Solution[Design]:
    parameters, variant = setting
    streams = physical_streams(parameters, program, rate_problem(shape).values(found.x)["samples"])
    return judged(
        parameters,
        channels,
        variant,
        streams,
        **found.outcome,
    )


solve_rsma = partial(solve, "rsma")
solve_sdma = partial(solve, "sdma")
solve_sdma_paper = partial(solve, "sdma-paper")
solve_common_only = partial(solve, "common-only")
solve_no_crb = partial(solve, "no-crb")
solve_no_common_floor = partial(solve, "no-common-floor")
