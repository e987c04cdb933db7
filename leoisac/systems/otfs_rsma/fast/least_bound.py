"""Routes ``least-delay`` and ``least-doppler``: from the best design for (17) to the least bound that its rate allows.

The first stage is the fast route. The second minimises one bound subject to all constraints and ``kept_rate_share`` of
that trial's largest rate found (``problem.least_bound``), from the first stage's end and from noise around it: at that
end gradients of constraints that are not active say little, and with some noise starts agree to about one part in a
thousand. Bounds fall steeply with the last thousandth of the rate: a first stage from one start instead of eight ends
0.004 bit lower, and the delay bound with it 5 %; from eight to sixteen starts that is 0.7 %. Ours alone; the paper has
no such stage.
"""

from __future__ import annotations

import functools
from functools import partial

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.problems import Problem
from leoisac.problems.given import search
from leoisac.systems.otfs_rsma.fast.max_min import OPTIONS, engine_for, finished, first_stage
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem.certificate import certified
from leoisac.systems.otfs_rsma.problem.least_bound import BoundProgram, least_bound
from leoisac.systems.otfs_rsma.problem.normalised import VARIANTS, partial_of, refuse_weights
from leoisac.systems.otfs_rsma.problem.program import Program, Shape

MAX_BOUND_STARTS = 8
_BOUNDS = ("delay", "doppler")
_NOISE = (0.0, 0.1, 0.2, 0.3)
"""Noise of the starts relative to the first stage's samples, in turn."""
_SCALES = (1.0, 0.1, 0.01)
"""Weight of the bound: trials whose second stage fails or does not end are tried again where constraints weigh more."""
_NO_RATE = 1e-6
"""Below this many bits there is no private stream whose rate could be kept."""


def solve(
    bound: str,
    scheme: str,
    parameters: Parameters,
    channels: Channels,
    *,
    starts: int = 8,
    bound_starts: int = 8,
    seed: int = 0,
) -> Solution[Design]:
    """Designs of the least delay or Doppler bound at a share of the largest rate, for a batch of trials.

    Args:
        bound: ``"delay"`` or ``"doppler"``; of a known or unknown echo amplitude, as the ceilings are.
        scheme: a key of ``problem.normalised.VARIANTS`` whose ceilings are enforced.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: of the first stage, as in ``fast.max_min.solve``.
        bound_starts: of the second stage, 1 to 8; the first is the first stage's end itself.
        seed: of the noise, the same for all trials.

    Returns:
        As ``fast.max_min.solve``, objective and ``history`` (of the first stage) being rates; ``iterations`` counts
        gradient evaluations of both stages. Where the second stage finds nothing better the design is that of the
        first, so that no bound is above its.

    Raises:
        ValueError: if a number of starts is out of range.
        ConfigError: where the configuration weighs the delay bound against the rate.
    """
    if not 1 <= bound_starts <= MAX_BOUND_STARTS:
        raise ValueError(f"bound_starts = {bound_starts}: must be 1 to {MAX_BOUND_STARTS}.")
    refuse_weights(parameters, f"least-{bound}")
    first = first_stage(scheme, parameters, channels, starts)
    points, rate = np.asarray(first.found.x)[:, :-1], np.asarray(first.found.x)[:, -1]
    weights = np.tile(np.eye(2)[_BOUNDS.index(bound)], (len(points), 1))
    kept = np.where(rate > _NO_RATE, float(parameters.kept_rate_share) * rate, -1.0)
    size = np.sqrt(np.mean(points**2, axis=1))[:, None, None]
    around = points[:, None] + size * _noise(points.shape[1], seed)[:bound_starts]
    before = np.array(by_lanes(partial_of(_bound_at, first.shape))(None, first.program, weights, points))
    # A design whose second stage failed has a bound, but not its least one.
    x, ticks = np.array(first.found.x), np.array(first.found.iterations)
    status = np.where(first.met, int(Status.MAX_STEPS), first.found.status)
    left = np.flatnonzero(first.met)
    for scale in _SCALES:
        if not len(left):
            break
        data = BoundProgram(take(first.program, left), kept[left], scale * weights[left])
        with engine_for(first.shape):
            result = search(bound_problem(first.shape), data, around[left])
        better = (result.violation <= OPTIONS.feasibility) & (result.objective <= scale * before[left])
        done = left[better]
        x[done] = np.column_stack([result.x, kept[left]])[better]
        status[done] = result.status[better]
        before[done] = result.objective[better] / scale
        ticks[left] += result.iterations
        left = left[~better | (result.status != int(Status.CONVERGED))]
    found = first.found._replace(x=x, status=status.astype(np.int32), iterations=ticks)
    solution = finished(first, parameters, channels, found)
    return certified(solution, parameters, channels, VARIANTS[scheme])


@functools.cache
def bound_problem(shape: Shape) -> Problem:
    """The second stage for frames and users of a shape."""
    statement = partial(least_bound, shape=shape)
    return Problem(statement, shape.variables, name="least-bound", scaling="given", engine=OPTIONS)


def _bound_at(shape: Shape, _: None, program: Program, weights: Array, x: Array) -> Float[Array, ""]:
    problem = bound_problem(shape)
    return problem.goal(problem.values(x), BoundProgram(program, jnp.zeros(()), weights)).objective


@functools.cache
def _noise(size: int, seed: int) -> Float[np.ndarray, "start n"]:
    levels = np.resize(_NOISE, MAX_BOUND_STARTS)[:, None]
    noise = levels * np.random.default_rng((20250602, seed)).standard_normal((MAX_BOUND_STARTS, size))
    noise.setflags(write=False)
    return noise


solve_delay_rsma = partial(solve, "delay", "rsma")
solve_delay_sdma = partial(solve, "delay", "sdma")
solve_delay_common_only = partial(solve, "delay", "common-only")
solve_doppler_rsma = partial(solve, "doppler", "rsma")
solve_doppler_sdma = partial(solve, "doppler", "sdma")
solve_doppler_common_only = partial(solve, "doppler", "common-only")
