"""Published route of all modes: Algorithm 1 line by line, as printed.

J. Park, J. Seong, J. Ryu, Y. Mao, W. Shin, "A Bistatic ISAC Framework for LEO Satellite Systems: A Rate-Splitting
Approach", arXiv:2407.08923, 2024, Algorithm 1. What the print says and the corrected witness (``max_min``) does not do:
tangents are taken at the solver's slack variables; the outer loop tests the required shares ``w``, which already
contain the step, so that a measured share of 0.899 ends it and rank rows may never bind; ``w = 1`` is not avoided,
although the cone then has no interior; a stream without power is no exception; beams are the scaled principal
eigenvectors, and what they lose of power budget and floor is reported as a violation.

What the print leaves open and is read here: regularised zero forcing as the start, with exact powers for the first
tangents; the values of tolerances and of the first step (``max_min.Algorithm1``); a subproblem that the solver cannot
solve is "not solvable"; at most ``MOST_SOLVES`` subproblems. The pass counter n runs on from round to round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import embedding, outer, principal_beam
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.bistatic_rsma.model import Channels, Parameters, of_every_mode
from leoisac.systems.bistatic_rsma.published.batch import Ended, Trial, missing, solve_batch, undesignable
from leoisac.systems.bistatic_rsma.published.lifted import (
    Instance,
    ReceivedPowers,
    given_rows,
    received_powers,
    row,
    solution,
    values,
)
from leoisac.systems.bistatic_rsma.published.max_min import Algorithm1

MOST_SOLVES = 200
"""Subproblems in all; the print has no such limit."""


@dataclass(frozen=True)
class Slacks:
    """Where the tangents are taken: the slack variables ``d_k`` and ``f_k``, nats."""

    private: Float[np.ndarray, " user"]
    disturbing: Float[np.ndarray, " user"]


@dataclass(frozen=True)
class PrintedDesign:
    """Outcome of the printed algorithm on one instance, before beams are recovered.

    Attributes:
        status: CONVERGED; INACCURATE (the last round, or a pass of it, was not solvable); MAX_STEPS (a limit ended a
            loop); FAILED (nothing was solvable).
        lifted: covariances of the mode's streams.
        required: the shares ``w`` at the end.
        history: least rate of the start, then of every solved subproblem in the solver's word, bit/s/Hz.
        solves: subproblems, those without a point included.
        rounds: of the outer loop.
        steps: the step ``delta`` after every round.
    """

    status: Status
    lifted: Complex[np.ndarray, "stream n n"]
    required: Float[np.ndarray, " stream"]
    history: Float[np.ndarray, " step"]
    solves: int
    rounds: int
    steps: tuple[float, ...]


def printed_algorithm_1(
    instance: Instance, start: Complex[np.ndarray, "stream n n"], settings: Algorithm1 | None = None
) -> PrintedDesign:
    """Algorithm 1 as printed, from one start."""
    settings = settings or Algorithm1()
    powers = received_powers(instance, start)
    lifted, slacks = start, Slacks(powers.private, powers.disturbing)
    required, rank = np.zeros(len(start)), np.zeros_like(start)
    step, rounds, solves, history = settings.step, 0, 0, [powers.min_rate]
    steps, status, rate = list[float](), Status.FAILED, -np.inf
    while np.any(required < settings.least_ratio) and rounds < settings.max_rounds and solves < MOST_SOLVES:
        passes, ending = 0, Status.MAX_STEPS
        while passes < settings.max_passes and solves < MOST_SOLVES:
            found = _solve(instance, lifted, slacks, rank)
            solves += 1
            if found is None:
                ending = Status.INACCURATE
                break
            previous, (lifted, slacks, rate) = rate, found
            passes += 1
            history.append(rate)
            if abs(rate - previous) <= settings.tolerance:
                ending = Status.CONVERGED
                break
        step = settings.step if passes else step / 2.0
        steps.append(step)
        status = ending if passes or status is not Status.FAILED else Status.FAILED
        shares, directions = _principal(lifted)
        required = np.minimum(1.0, shares + step)
        rank = outer(directions) - required[:, None, None] * np.eye(directions.shape[1])
        rounds += 1
    if status is Status.CONVERGED and np.any(required < settings.least_ratio):
        status = Status.MAX_STEPS
    return PrintedDesign(status, lifted, required, np.array(history), solves, rounds, tuple(steps))


def _solve(
    instance: Instance, lifted: Complex[np.ndarray, "stream n n"], slacks: Slacks, rank: Any
) -> tuple[Complex[np.ndarray, "stream n n"], Slacks, float] | None:
    """Covariances, slacks and least rate of one subproblem, or nothing where it is not solvable."""
    problem = slack_subproblem(*instance.sizes)
    problem.assign(slack_values(instance, received_powers(instance, lifted), slacks, rank))
    report: SolveReport = solve_with_retries(problem)
    if not report.has_point:
        return None
    numbers = problem.values()
    private = slacks.private + numbers["private"] if instance.common else slacks.private
    found = Slacks(private, slacks.disturbing + numbers["disturbing"])
    return solution(instance, problem), found, float(numbers["least"]) / np.log(2.0)


@per_shape
def slack_subproblem(users: int, dimension: int, common: bool, radar: bool, interfering: bool) -> ParametricProblem:
    """The convex subproblem with its slack variables: the floor (27), rank rows (32), rates (33), (35), (38)-(41).

    Slack variables ``c, e`` below the logarithms of what is received, ``d, f`` above those of what disturbs, by
    tangents ``exp(d0) (d - d0 + 1)``. All four are deviations: of c and e from the logarithms at the last covariances
    (a scale of their rows, no more), of d and f from the last slacks.
    """
    cp = cvxpy_module()
    size, streams = dimension**2, users + common + radar
    V = cp.Variable((size, streams), name="V")
    least, e, f = cp.Variable(name="least"), cp.Variable(users, name="e"), cp.Variable(users, name="f")
    variables = {"V": V, "least": least, "disturbing": f}

    given = given_rows(users, size, streams)
    everything = cp.sum(V, axis=1)
    own = V[:, :users]
    decoded = cp.sum(own, axis=1) + (V[:, -1] if interfering else 0.0)
    others = cp.reshape(decoded, (size, 1), order="F") @ np.ones((1, users)) - own
    disturbing = cp.sum(cp.multiply(given["disturbing_rows"], others), axis=0) + given["disturbing_noise"]
    rates = given["private_offset"] + e - f
    constraints = {
        "e": cp.log(given["private_rows"] @ decoded + given["private_noise"]) >= e,
        "f": disturbing <= f + 1.0,
        "power": given["power_row"] @ everything <= 1.0,
        "floor": given["target_row"] @ everything >= given["floor"],
        "rank": cp.sum(cp.multiply(given["rank_rows"], V), axis=0) >= 0.0,
    }
    if common:
        given |= {
            "total_rows": row("total_rows", users, size),
            "total_noise": row("total_noise", users, nonneg=True),
            "tangent_rows": row("tangent_rows", users, size),
            "tangent_noise": row("tangent_noise", users, nonneg=True),
            "common_offset": row("common_offset", users),
        }
        c, d = cp.Variable(users, name="c"), cp.Variable(users, name="d")
        shares = cp.Variable(users, name="shares", nonneg=True)
        carried = everything if interfering or not radar else cp.sum(V[:, : users + 1], axis=1)
        constraints["c"] = cp.log(given["total_rows"] @ carried + given["total_noise"]) >= c
        constraints["d"] = given["tangent_rows"] @ decoded + given["tangent_noise"] <= d + 1.0
        constraints["common"] = given["common_offset"] + c - d >= cp.sum(shares)
        rates = rates + shares
        variables["private"] = d
    constraints["least"] = rates >= least
    side = 2 * dimension
    for j in range(streams):
        constraints[f"psd[{j}]"] = cp.reshape(embedding(dimension) @ V[:, j], (side, side), order="F") >> 0
    return parametric_problem("bistatic max-min rate, printed", cp.Maximize(least), constraints, given, variables)


def slack_values(
    instance: Instance, powers: ReceivedPowers, slacks: Slacks, rank: Complex[np.ndarray, "stream n n"]
) -> dict[str, np.ndarray]:
    """Parameter values of the subproblem: scales from the powers, tangents from the slacks."""
    found = values(instance, powers, rank)
    tangents = values(instance, ReceivedPowers(powers.total, slacks.private, slacks.disturbing), rank)
    found |= {name: tangents[name] for name in ("disturbing_rows", "disturbing_noise")}
    found["private_offset"] = powers.private - slacks.disturbing
    if instance.common:
        found |= {"tangent_rows": tangents["private_rows"], "tangent_noise": tangents["private_noise"]}
        found["common_offset"] = powers.total - slacks.private
    return found


def _principal(
    lifted: Complex[np.ndarray, "stream n n"],
) -> tuple[Float[np.ndarray, " stream"], Complex[np.ndarray, "stream n"]]:
    """``lambda_max / tr`` of every stream (1 where a stream is exactly zero) and the principal eigenvectors."""
    strength, vectors = np.linalg.eigh(lifted)
    power = np.sum(strength, axis=-1)
    return np.where(power > 0.0, strength[:, -1] / np.where(power > 0.0, power, 1.0), 1.0), vectors[..., -1]


def solve(
    scheme: str, parameters: Parameters, channels: Channels, *, workers: int = 1, settings: Algorithm1 | None = None
) -> Solution[Any]:
    """Algorithm 1 as printed for a batch of trials in one of the eight modes, from one start.

    A trial is INFEASIBLE exactly if the floor on the target gain exceeds what the whole power towards the target gives
    (``batch.undesignable`` says why that proves it). Nothing corrects the recovered beams: the violation is what rank
    one and the solver's accuracy cost. FAILED: no subproblem gave a point; the design is missing (NaN).

    Args:
        scheme: name of the mode, a key of ``model.MODES``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        workers: processes that share the trials.
        settings: tolerances and limits of the algorithm.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts convex subproblems,
        ``history`` holds the least rate of the start, then what the solver says after every subproblem.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
    """
    design = partial(_design, settings or Algorithm1())
    return solve_batch(scheme, parameters, channels, design, workers=workers, corrected=False)


def _design(settings: Algorithm1, trial: Trial) -> Ended:
    nothing = undesignable(trial)
    if nothing is not None:
        return nothing
    found = printed_algorithm_1(trial.instance, outer(trial.starts[0]), settings)
    if found.status is Status.FAILED:
        return missing(trial, Status.FAILED)
    return Ended(principal_beam(found.lifted), found.status, found.solves, found.history)


globals().update(of_every_mode(solve))
