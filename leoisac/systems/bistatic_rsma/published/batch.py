"""What both algorithms over covariances share: a batch as instances, and designs from what is found."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.bistatic_rsma.model import MODES, Channels, Design, Mode, Parameters
from leoisac.systems.bistatic_rsma.problem.normalised import LARGEST_FLOOR, Problem, judged, normalise, physical_design
from leoisac.systems.bistatic_rsma.problem.starts import MAX_STARTS, meet_power_and_floor, published_start, start_points
from leoisac.systems.bistatic_rsma.published.lifted import Instance

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """One trial of a batch and the points to start from (mode's streams only)."""

    instance: Instance
    starts: Complex[np.ndarray, "start stream dimension"]


@dataclass(frozen=True)
class Ended:
    """What became of one trial: reduced precoder columns of the mode's streams, in normalised units."""

    columns: Complex[np.ndarray, "stream dimension"]
    status: Status
    iterations: int
    history: Float[np.ndarray, " step"]


def missing(trial: Trial, status: Status) -> Ended:
    """A trial without a design: columns that are no numbers."""
    nothing = complex(np.nan, np.nan)
    return Ended(np.full(trial.starts.shape[1:], nothing), status, 0, np.zeros(0))


def undesignable(trial: Trial) -> Ended | None:
    """The outcome of a trial that no algorithm needs to look at.

    INFEASIBLE is proven: by Cauchy and Schwarz ``||P^H a_t||^2 <= N_tx ||P||^2``, so that no precoder within the power
    budget meets a floor above the largest gain.
    """
    if not (np.all(np.isfinite(trial.starts)) and np.isfinite(trial.instance.floor)):
        return missing(trial, Status.NONFINITE)
    if trial.instance.floor > LARGEST_FLOOR:
        return Ended(trial.starts[0], Status.INFEASIBLE, 0, np.zeros(0))
    return None


def solve_batch(
    scheme: str,
    parameters: Parameters,
    channels: Channels,
    design: Callable[[Trial], Ended],
    *,
    starts: int = 1,
    workers: int = 1,
    corrected: bool = True,
) -> Solution[Any]:
    """Designs of a batch by an algorithm for one trial.

    Args:
        scheme: name of the mode, a key of ``model.MODES``.
        parameters, channels: as everywhere; channels with a leading trial axis.
        design: of one trial; where there are workers, a function that they can find by its name.
        starts: points per trial, 1 to 16, those of the fast route.
        workers: processes that share the trials.
        corrected: whether designs are scaled to spend exactly the power budget and to meet the floor; otherwise the
            start is the bare published one, too.

    Raises:
        ConfigError: if the ``reference`` extra is not installed, or for what Algorithm 1 does not know.
        ValueError: if ``starts`` is out of range.
    """
    if not 1 <= starts <= MAX_STARTS:
        raise ValueError(f"starts = {starts}: must be 1 to {MAX_STARTS}.")
    require_reference()
    if parameters.antenna_power is not None:
        raise ConfigError("per_antenna_power_w: Algorithm 1 knows no limits of elements; design by the fast route.")
    if parameters.clutter is not None:
        raise ConfigError('sensing_requirement = "scnr": Algorithm 1 knows no clutter; design by the fast route.')
    if parameters.prediction is not None or (
        channels.knowledge is not None and channels.knowledge.user_points is not None
    ):
        raise ConfigError("robustness, user_robustness: Algorithm 1 knows neither; design by the fast route.")
    setting = (parameters, MODES[scheme])
    problems, points = by_lanes(prepared if corrected else _prepared_as_published)(setting, channels)
    trials = [
        _trial(take(problems, index), MODES[scheme], points[index, :starts]) for index in range(batch_size(channels))
    ]
    ended = list[Ended]()
    for index, outcome in enumerate(map_trials(design, trials, workers)):
        if not outcome.ok:
            _log.error("trial %d of the batch failed:\n%s", index, outcome.error)
        ended.append(outcome.result or missing(trials[index], Status.FAILED))
    precoder = np.zeros((len(ended), *points.shape[2:]), dtype=complex)
    for row, trial, result in zip(precoder, trials, ended, strict=True):
        row[:, trial.instance.streams] = result.columns.T
    width = max(len(result.history) for result in ended)
    history = np.stack([np.pad(r.history, (0, width - len(r.history)), constant_values=np.nan) for r in ended])
    status = np.array([int(result.status) for result in ended], dtype=np.int32)
    iterations = np.array([result.iterations for result in ended], dtype=np.int32)
    finish = by_lanes(_finished if corrected else _finished_as_found)
    return finish(setting, channels, problems, precoder, status, iterations, history)


def prepared(setting: tuple[Parameters, Mode], channels: Channels) -> tuple[Problem, Leaf]:
    """The reduced problem of one trial and its start points."""
    parameters, mode = setting
    problem = normalise(parameters, channels, mode)
    return problem, start_points(problem, mode)


def _prepared_as_published(setting: tuple[Parameters, Mode], channels: Channels) -> tuple[Problem, Leaf]:
    parameters, mode = setting
    problem = normalise(parameters, channels, mode)
    return problem, published_start(problem, mode)[None]


def _trial(problem: Problem, mode: Mode, points: Complex[np.ndarray, "start dimension stream"]) -> Trial:
    instance = Instance(
        users=problem.users,
        target=problem.target,
        floor=float(problem.floor),
        common=bool(mode.common),
        radar=bool(mode.radar),
        interfering=bool(problem.radar_interference),
    )
    return Trial(instance, np.swapaxes(points, 1, 2)[:, instance.streams])


def _judge(
    correct: Callable[[Problem, Any], Any],
    setting: tuple[Parameters, Mode],
    channels: Channels,
    problem: Problem,
    precoder: Leaf,
    status: Leaf,
    iterations: Leaf,
    history: Leaf,
) -> Solution[Design]:
    parameters, mode = setting
    design = physical_design(parameters, problem, correct(problem, precoder))
    return judged(parameters, channels, mode, design, status=status, iterations=iterations, history=history)


def _as_found(problem: Problem, precoder: Any) -> Any:
    return precoder


_finished = partial(_judge, meet_power_and_floor)
_finished_as_found = partial(_judge, _as_found)
