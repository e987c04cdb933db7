"""Fast route of the joint design: all trials at once on the batched engine, with a certificate of infeasibility."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.options import EngineOptions
from leoisac.problems.given import Family, search, starting_points
from leoisac.systems.self_backhaul.fast.feasibility import StartPower, start_power
from leoisac.systems.self_backhaul.fast.joint_program import (
    MANY_USERS,
    Bases,
    Beams,
    Program,
    formulate,
    joint_beamforming,
    to_beams,
    to_values,
    variables,
)
from leoisac.systems.self_backhaul.fast.starts import MAX_STARTS, start_points
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.problem.normalised import (
    has_span,
    joint_design,
    judged,
    normalise,
    normalised_radii,
    on_span,
)

ENFORCES = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")
OPTIONS = EngineOptions(penalty=1.0, violation_tolerance=1e-3, gradient_floor=1e-2, value_tolerance=1e-4, lanes=16)
LARGE_OPTIONS = replace(
    OPTIONS,
    memory=24,
    inner_steps=200,
    max_ticks=6000,
    penalty=8.0,
    gradient_floor=2e-2,
    required_reduction=0.5,
    violation_tolerance=2e-3,
)
"""For more than ``MANY_USERS``: rounds are longer than the default settings allow."""
JOINT, LARGE = (Family(joint_beamforming, variables, engine=options) for options in (OPTIONS, LARGE_OPTIONS))
TOLERANCE = 1e-6


class Formulated(NamedTuple):
    """One trial ready for the engine."""

    program: Program
    bases: Bases
    starts: Leaf  # (1 + MAX_STARTS, n): the least-power design, then the others


def solve_pa1(parameters: Parameters, channels: Channels, *, starts: int = 2) -> Solution[JointDesign]:
    """PA1 for a batch: the joint design with perfect channel knowledge (paper, problem 17), without lifting.

    First comes the exact feasibility test, the least common power level ``u``: a dual value above 1 proves
    INFEASIBLE (weak duality), and the least-power design stands for the trial. All others are solved from ``starts``
    points, of which the least-power design is the first, and the best feasible result is kept; where there is none,
    NO_FEASIBLE_POINT says that nothing proves that there could be none.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 12; the same for every trial.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts gradient evaluations,
        ``history`` holds the sum rate after each round of the augmented Lagrangian, before the last correction.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")

    def solve_rest(chosen: Channels, level: StartPower) -> Solution[JointDesign]:
        ready: Formulated = by_lanes(_formulate)(parameters, chosen, level)
        problem = problem_for(chosen.h_users.shape[1]).of(ready.program)
        found = search(problem, ready.program, ready.starts, starts)
        return judged(
            parameters,
            chosen,
            by_lanes(_design)(parameters, found.values(problem), ready.bases),
            ENFORCES,
            **found.outcome,
        )

    return certified(parameters, channels, ENFORCES, solve_rest)


def problem_for(users: int) -> Family:
    """The design problem with the engine's settings for so many users."""
    return JOINT if users <= MANY_USERS else LARGE


def certified(
    parameters: Parameters,
    channels: Channels,
    enforces: tuple[str, ...],
    solve_rest: Callable[[Channels, StartPower], Solution[JointDesign]],
    *,
    error_share: float = 0.0,
    objective: str = "sum_rate",
    kind: type[JointDesign] = JointDesign,
) -> Solution[JointDesign]:
    """A batch whose certified part is settled by the least-power design and the rest by ``solve_rest``.

    Args:
        parameters, channels: as everywhere.
        enforces, objective: as in ``judged``.
        solve_rest: solves the trials without certificate, given their channels and least-power designs.
        error_share: of the channel errors' radii, under which the certificate is to hold (see ``least_power``).
        kind: of the designs.
    """
    level: StartPower = by_lanes(least_power, effort=1)(
        parameters, channels, np.full(batch_size(channels), error_share)
    )
    infeasible = level.lower > 1.0
    base = judged(
        parameters,
        channels,
        kind(**vars(by_lanes(design_of_beams)(parameters, Beams(level.w, level.v, level.U0)))),
        enforces,
        status=np.where(infeasible, int(Status.INFEASIBLE), int(Status.MAX_STEPS)),
        iterations=np.zeros(len(infeasible), dtype=np.int64),
        objective=objective,
    )
    rows = np.flatnonzero(~infeasible)
    if not len(rows):
        return base
    # The least-power design may well be feasible: it stands where nothing better was found.
    return _searched(merged(base, solve_rest(take(channels, rows), take(level, rows)), rows))


def _searched(solved: Solution[JointDesign]) -> Solution[JointDesign]:
    """NO_FEASIBLE_POINT where the search from all starts left a constraint violated."""
    short = (solved.status < int(Status.INFEASIBLE)) & ~(solved.violation <= TOLERANCE)
    return replace(solved, status=np.where(short, int(Status.NO_FEASIBLE_POINT), solved.status))


def merged(base: Solution[JointDesign], solved: Solution[JointDesign], rows: np.ndarray) -> Solution[JointDesign]:
    """``base`` with the given rows replaced where ``solved`` meets the constraints, or violates them less."""
    better = (solved.violation <= TOLERANCE) | (solved.violation <= base.violation[rows])
    history = np.full((len(base.status), solved.history.shape[1]), np.nan)
    base = replace(base, history=history)

    def put(old: Any, new: Any) -> np.ndarray:
        both = np.array(old)
        both[rows[better]] = new[better]
        return both

    return jax.tree_util.tree_map(put, base, solved)


def _formulate(parameters: Parameters, channels: Channels, level: StartPower) -> Formulated:
    problem = normalise(parameters, channels)
    bs_beams = level.w
    span = None
    if has_span(problem, parameters.joint_pattern):
        problem, span = on_span(problem)
        bs_beams = bs_beams @ jnp.conj(span)
    program, bases, point = formulate(problem, parameters.joint_pattern)
    starts = jax.vmap(lambda beams: to_values(beams, bases))(start_points(problem, point))
    least_power = to_values(Beams(bs_beams, level.v, level.U0), bases)
    starts = {
        name: jnp.concatenate([jnp.where(jnp.isfinite(level.upper), least_power[name], others[0])[None], others])
        for name, others in starts.items()
    }
    if span is not None:
        bases = bases._replace(bs=span @ bases.bs)
    return Formulated(program, bases, starting_points(problem_for(len(level.w)), program, starts))


def _design(parameters: Parameters, values: Any, bases: Bases) -> JointDesign:
    return design_of_beams(parameters, to_beams(values, bases))


def design_of_beams(parameters: Parameters, beams: Beams) -> JointDesign:
    """Physical design of one trial."""
    sensing = beams.sensing @ jnp.conj(beams.sensing).T
    return joint_design(parameters, beams.bs, beams.satellite, sensing)


def least_power(parameters: Parameters, channels: Channels, share: Float[Array, ""]) -> StartPower:
    r"""Least common power level of one trial, with channel errors of a share of their radii along the channels.

    Errors that lengthen a channel for what disturbs and shorten it for the signal, by a relative :math:`\rho` each,
    amount to channels :math:`(1+\rho)h` and SINR targets :math:`[(1+\rho)/(1-\rho)]^2\gamma`. A guarantee covers these
    errors among others: with a share of 1, ``lower > 1`` certifies that no design can give it. A share of 0 is the
    test with the channels as known, exact.
    """
    problem = normalise(parameters, channels)
    radii = normalised_radii(parameters, channels)
    span = None
    if has_span(problem, parameters.joint_pattern):  # the errors lie along the channels, hence in their span
        problem, span = on_span(problem)
    h_users, user_loss = _lengthened(problem.h_users, share * radii.h_users)
    h_es, _ = _lengthened(problem.h_es, share * radii.h_es)
    g_users, _ = _lengthened(problem.g_users, share * radii.g_users)
    g_es, es_loss = _lengthened(problem.g_es, share * radii.g_es)
    bs_targets = problem.bs_targets * jnp.sqrt(problem.bs_pattern_gain)
    level = start_power(
        h_users,
        h_es,
        g_users,
        g_es,
        problem.targets,
        problem.demands,
        (2.0**problem.min_rate - 1.0) * user_loss,
        (2.0 ** (len(h_users) * problem.min_rate) - 1.0) * es_loss,
        bs_targets=bs_targets if parameters.joint_pattern else None,
    )
    if span is None:
        return level
    return replace(level, W=span @ level.W @ jnp.conj(span).T, w=level.w @ span.T)


def _lengthened(channel: Complex[Array, "*k n"], radius: Float[Array, "*k"]) -> tuple[Any, Any]:
    """Channels lengthened by their error, and the largest signal over the least, in power."""
    ratio = radius / jnp.maximum(jnp.linalg.norm(channel, axis=-1), 1e-30)
    # A ball that holds the zero channel leaves no signal; a little of it keeps the numbers finite, and is still valid.
    return channel * (1.0 + ratio)[..., None], ((1.0 + ratio) / jnp.maximum(1.0 - ratio, 1e-3)) ** 2
