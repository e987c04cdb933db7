"""Reference route of all modes: the published Algorithm 1, successive convex approximation inside rank-one relaxation.

J. Park, J. Seong, J. Ryu, Y. Mao, W. Shin, "A Bistatic ISAC Framework for LEO Satellite Systems: A Rate-Splitting
Approach", arXiv:2407.08923, 2024, Algorithm 1. Precoders are lifted to covariances, whose rank is unconstrained at
first; where a covariance is not rank one, its share of power along its principal direction is then raised in steps
(sequential rank-one constraint relaxation). Start point and tolerances, which the paper leaves open, are in
``starts`` and ``Algorithm1``.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.hermitian import outer, principal_beam
from leoisac.optim.conic.loop import Attempt, LoopOptions, LoopOutcome, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.bistatic_rsma.model import MODES, Channels, Design, Mode, Parameters
from leoisac.systems.bistatic_rsma.problem.normalised import LARGEST_FLOOR, Problem, judged, normalise, physical_design
from leoisac.systems.bistatic_rsma.problem.starts import MAX_STARTS, meet_power_and_floor, start_points
from leoisac.systems.bistatic_rsma.published.lifted import Instance, received_powers, solution, subproblem, values

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Algorithm1:
    """Settings of the published algorithm; the paper names them without values.

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
    """The published algorithm from one start, which need not be feasible.

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


@dataclass(frozen=True)
class Trial:
    """One trial of a batch and the points to start from (mode's streams only)."""

    instance: Instance
    starts: Complex[np.ndarray, "start stream dimension"]
    settings: Algorithm1


@dataclass(frozen=True)
class Ended:
    """What became of one trial: reduced precoder columns of the mode's streams, in normalised units."""

    columns: Complex[np.ndarray, "stream dimension"]
    status: Status
    iterations: int
    history: Float[np.ndarray, " step"]


def solve(
    scheme: str,
    parameters: Parameters,
    channels: Channels,
    *,
    starts: int = 1,
    workers: int = 1,
    settings: Algorithm1 | None = None,
) -> Solution[Design]:
    """The published algorithm for a batch of trials in one of the eight modes.

    As in the fast route, a trial is INFEASIBLE exactly if the floor on the target gain exceeds what the whole power
    towards the target gives, and every recovered design is corrected to spend exactly the power budget and to meet the
    floor. FAILED: the solver gave no point at all in the first subproblem, from no start; the design is missing (NaN).

    Args:
        scheme: name of the mode, a key of ``model.MODES``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        starts: points per trial, 1 to 16, those of the fast route; the best result is kept.
        workers: processes that share the trials.
        settings: tolerances and limits of the algorithm.

    Returns:
        Designs in physical units; objective and violation are the judge's; ``iterations`` counts convex subproblems of
        all starts, ``history`` holds the least rate of the covariances at the start and after each subproblem.

    Raises:
        ConfigError: if the ``reference`` extra is not installed.
        ValueError: if ``starts`` is out of range.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    require_reference()
    setting = (parameters, MODES[scheme])
    problems, points = by_lanes(_prepare)(setting, channels)
    trials = [
        _trial(take(problems, index), MODES[scheme], points[index, :starts], settings or Algorithm1())
        for index in range(batch_size(channels))
    ]
    ended = list[Ended]()
    for index, outcome in enumerate(map_trials(_design, trials, workers)):
        if not outcome.ok:
            _log.error("trial %d of the batch failed:\n%s", index, outcome.error)
        ended.append(outcome.result or _missing(trials[index], Status.FAILED))
    precoder = np.zeros((len(ended), *points.shape[2:]), dtype=complex)
    for row, trial, result in zip(precoder, trials, ended, strict=True):
        row[:, trial.instance.streams] = result.columns.T
    width = max(len(result.history) for result in ended)
    history = np.stack([np.pad(r.history, (0, width - len(r.history)), constant_values=np.nan) for r in ended])
    status = np.array([int(result.status) for result in ended], dtype=np.int32)
    iterations = np.array([result.iterations for result in ended], dtype=np.int32)
    return by_lanes(_finish)(setting, channels, problems, precoder, status, iterations, history)


def _design(trial: Trial) -> Ended:
    """Best result of one trial over its starts; at the top of the module, so that workers find it."""
    instance = trial.instance
    if not (np.all(np.isfinite(trial.starts)) and np.isfinite(instance.floor)):
        return _missing(trial, Status.NONFINITE)
    if instance.floor > LARGEST_FLOOR:
        return Ended(trial.starts[0], Status.INFEASIBLE, 0, np.zeros(0))
    best, best_rate, iterations = _missing(trial, Status.FAILED), -np.inf, 0
    for start in trial.starts:
        found = algorithm_1(instance, outer(start), trial.settings)
        iterations += found.iterations
        if found.lifted is None:
            continue
        columns = principal_beam(found.lifted)
        rate = received_powers(instance, outer(columns)).min_rate
        if rate > best_rate:
            best, best_rate = Ended(columns, found.status, 0, found.history), rate
    return replace(best, iterations=iterations)


def _missing(trial: Trial, status: Status) -> Ended:
    nothing = complex(np.nan, np.nan)
    return Ended(np.full(trial.starts.shape[1:], nothing), status, 0, np.zeros(0))


def _trial(
    problem: Problem, mode: Mode, points: Complex[np.ndarray, "start dimension stream"], settings: Algorithm1
) -> Trial:
    instance = Instance(
        users=problem.users,
        target=problem.target,
        floor=float(problem.floor),
        common=bool(mode.common),
        radar=bool(mode.radar),
        interfering=bool(problem.radar_interference),
    )
    return Trial(instance, np.swapaxes(points, 1, 2)[:, instance.streams], settings)


def _prepare(setting: tuple[Parameters, Mode], channels: Channels) -> tuple[Problem, Leaf]:
    parameters, mode = setting
    problem = normalise(parameters, channels, mode)
    return problem, start_points(problem, mode)


def _finish(
    setting: tuple[Parameters, Mode],
    channels: Channels,
    problem: Problem,
    precoder: Leaf,
    status: Leaf,
    iterations: Leaf,
    history: Leaf,
) -> Solution[Design]:
    parameters, mode = setting
    design = physical_design(parameters, problem, meet_power_and_floor(problem, precoder))
    return judged(parameters, channels, mode, design, status=status, iterations=iterations, history=history)


solve_rsma_radar_sic = partial(solve, "rsma-radar-sic")
solve_rsma_radar_nosic = partial(solve, "rsma-radar-nosic")
solve_rsma_noradar = partial(solve, "rsma-noradar")
solve_rsma_comm = partial(solve, "rsma-comm")
solve_sdma_radar_sic = partial(solve, "sdma-radar-sic")
solve_sdma_radar_nosic = partial(solve, "sdma-radar-nosic")
solve_sdma_noradar = partial(solve, "sdma-noradar")
solve_sdma_comm = partial(solve, "sdma-comm")
