"""Reference route of all modes: Algorithm 1 corrected, successive convex approximation inside rank-one relaxation.

J. Park, J. Seong, J. Ryu, Y. Mao, W. Shin, "A Bistatic ISAC Framework for LEO Satellite Systems: A Rate-Splitting
Approach", arXiv:2407.08923, 2024, Algorithm 1. Precoders are lifted to covariances, whose rank is unconstrained at
first; where a covariance is not rank one, its share of power along its principal direction is then raised in steps
(sequential rank-one constraint relaxation). What differs from the printed lines (``printed``): tangents are taken at
the exact powers and not at the solver's slacks, the loop ends when the measured shares, not the required ones, are
those of rank one, and the recovered beams are scaled onto power budget and floor. Start point and tolerances, which the
paper leaves open, are in ``starts`` and ``Algorithm1``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.hermitian import outer, principal_beam
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.bistatic_rsma.model import MODES, Channels, Parameters, of_every_mode
from leoisac.systems.bistatic_rsma.problem.starts import default_starts
from leoisac.systems.bistatic_rsma.published.batch import Ended, Trial, missing, solve_batch, undesignable
from leoisac.systems.bistatic_rsma.published.lifted import Instance, received_powers, solution, subproblem, values


@dataclass(frozen=True)
class Algorithm1:
    """Settings of Algorithm 1 in both routes; the paper names them without values.

    Attributes:
        tolerance: change of the least rate, bit/s/Hz, at which the successive convex approximation ends.
        max_passes: subproblems of one approximation at most.
        least_ratio: share of a stream's power in its principal direction from which it counts as rank one.
        step: growth of the required share from round to round; halved after a failed subproblem.
        least_step: the algorithm gives up below this step.
        max_rounds: rounds of rank control at most.
        silent_power: streams with less power than this have no meaningful rank.
    """

    tolerance: float = 1e-4
    max_passes: int = 60
    least_ratio: float = 0.999
    step: float = 0.1
    least_step: float = 1e-6
    max_rounds: int = 30
    silent_power: float = 1e-5


@dataclass(frozen=True)
class LiftedDesign:
    """Outcome of the algorithm on one instance from one start, before beams are recovered.

    Attributes:
        status: CONVERGED; INACCURATE (a subproblem failed, or rank control stalled, after progress had been made);
            MAX_STEPS (a limit ended the inner or the outer loop); FAILED (the first subproblem failed).
        lifted: covariances of the mode's streams; ``None`` if FAILED.
        history: least rate in bit/s/Hz at the start and after every subproblem.
        iterations: subproblems solved.
        rounds: rounds of rank control, the first one without.
        ratios: share of each stream's power in its principal direction; 1 for a silent one.
        reports: of the solver, one per subproblem.
    """

    status: Status
    lifted: Complex[np.ndarray, "stream n n"] | None
    history: Float[np.ndarray, " step"]
    iterations: int
    rounds: int
    ratios: Float[np.ndarray, " stream"]
    reports: tuple[SolveReport, ...]


def algorithm_1(
    instance: Instance, start: Complex[np.ndarray, "stream n n"], settings: Algorithm1 | None = None
) -> LiftedDesign:
    """The corrected algorithm from one start, which need not be feasible.

    The instance must have a floor of at most 1; every subproblem of the first round is then feasible.
    """
    settings = settings or Algorithm1()
    lifted, step, rounds = start, settings.step, 0
    rank = np.zeros_like(start)
    history, reports, status = np.zeros(0), tuple[SolveReport, ...](), Status.FAILED
    while rounds < settings.max_rounds:
        inner = _relax(instance, lifted, rank, LoopOptions(settings.tolerance, settings.max_passes))
        reports += inner.reports
        history = np.concatenate([history, inner.history[bool(len(history)) :]])
        if inner.status is Status.FAILED:
            if rounds == 0:
                return LiftedDesign(Status.FAILED, None, history, len(reports), 0, np.full(len(start), np.nan), reports)
            step /= 2.0
            status = Status.INACCURATE
            if step < settings.least_step:
                break
        else:
            lifted, step, rounds, status = inner.state, settings.step, rounds + 1, inner.status
        ratios, directions = _principal(lifted, settings.silent_power)
        if np.all(ratios >= settings.least_ratio):
            break
        # A share of exactly one leaves the cone without interior.
        share = np.minimum(1.0 - 1e-6, ratios + step)[:, None, None]
        rank = outer(directions) - share * np.eye(directions.shape[1])
    ratios, _ = _principal(lifted, settings.silent_power)
    if status is Status.CONVERGED and not np.all(ratios >= settings.least_ratio):
        status = Status.MAX_STEPS
    return LiftedDesign(status, lifted, history, len(reports), rounds, ratios, reports)


def _relax(
    instance: Instance,
    lifted: Complex[np.ndarray, "stream n n"],
    rank: Complex[np.ndarray, "stream n n"],
    rule: LoopOptions,
) -> LoopOutcome[Complex[np.ndarray, "stream n n"]]:
    """Successive convex approximation with the given rank control, from the given covariances."""
    problem = subproblem(*instance.sizes)

    def improve(numbers: dict[str, np.ndarray]) -> Attempt[Complex[np.ndarray, "stream n n"]]:
        problem.assign(numbers)
        report = solve_with_retries(problem)
        return Attempt(solution(instance, problem) if report.has_point else None, report)

    procedure = Procedure(
        convexify=lambda state: values(instance, received_powers(instance, state), rank),
        solve=improve,
        measure=lambda state: received_powers(instance, state).min_rate,
        # The start need meet neither the floor nor the rank control: it may not stand for the best.
        ready=lambda state: state is not lifted,
    )
    return successive_convex(procedure, lifted, rule)


def _principal(
    lifted: Complex[np.ndarray, "stream n n"], silent_power: float
) -> tuple[Float[np.ndarray, " stream"], Complex[np.ndarray, "stream n"]]:
    """Share of each stream's power along its principal direction (1 for a silent stream), and the directions."""
    strength, vectors = np.linalg.eigh(lifted)
    power = np.sum(strength, axis=-1)
    silent = power < silent_power
    return np.where(silent, 1.0, strength[:, -1] / np.where(silent, 1.0, power)), vectors[..., -1]


def solve(
    scheme: str,
    parameters: Parameters,
    channels: Channels,
    *,
    starts: int | None = None,
    workers: int = 1,
    settings: Algorithm1 | None = None,
) -> Solution[Any]:
    """The corrected algorithm for a batch of trials in one of the eight modes.

    As in the fast route, a trial is INFEASIBLE exactly if the floor on the target gain exceeds what the whole power
    towards the target gives, which proves it, and every recovered design is corrected to spend exactly the power budget
    and to meet the floor. FAILED: the solver gave no point at all in the first subproblem, from no start; the design is
    missing (NaN).

    Args:
        scheme: name of the mode, a key of ``model.MODES``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 16, those of the fast route, and by default as many; the best result is kept.
        workers: processes that share the trials.
        settings: tolerances and limits of the algorithm.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts convex subproblems of
        all starts, ``history`` holds the least rate of the covariances at the start and after each subproblem.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
        ValueError: if ``starts`` is out of range.
    """
    design = partial(_design, settings or Algorithm1())
    starts = default_starts(MODES[scheme]) if starts is None else starts
    return solve_batch(scheme, parameters, channels, design, starts=starts, workers=workers)


def _design(settings: Algorithm1, trial: Trial) -> Ended:
    """Best result of one trial over its starts; at the top of the module, so that workers find it."""
    nothing = undesignable(trial)
    if nothing is not None:
        return nothing
    instance = trial.instance
    best, best_rate, iterations = missing(trial, Status.FAILED), -np.inf, 0
    for start in trial.starts:
        found = algorithm_1(instance, outer(start), settings)
        iterations += found.iterations
        if found.lifted is None:
            continue
        columns = principal_beam(found.lifted)
        rate = received_powers(instance, outer(columns)).min_rate
        if rate > best_rate:
            best, best_rate = Ended(columns, found.status, 0, found.history), rate
    return replace(best, iterations=iterations)


globals().update(of_every_mode(solve))
