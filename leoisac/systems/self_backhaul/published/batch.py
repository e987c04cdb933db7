"""What both reference schemes share: batches of trials through a design of one, judged from the physical beams."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from leoisac.foundation.lanes import batch_size, by_lanes, take, to_numpy
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import LoopOptions
from leoisac.optim.conic.pool import map_trials
from leoisac.systems.self_backhaul.judge.evaluate import evaluate
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.published.lifted import Instance
from leoisac.systems.self_backhaul.published.recovery import Beams

_TOLERANCE = 1e-6
"""Largest violation of a physical design that still counts as none."""

MOST_SNR = 1e30
"""Largest signal of a full budget over the noise: 300 dB, more than any link has."""

judge = by_lanes(evaluate)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """One trial of a batch: arrays without a trial axis."""

    parameters: Parameters
    channels: Channels
    options: LoopOptions


@dataclass(frozen=True)
class Ended:
    """What became of one trial.

    Attributes:
        design: physical; missing values (NaN) where there is none.
        status: of the whole.
        excess: where INFEASIBLE, the share by which power falls short.
        iterations: semidefinite programs solved after the start.
        history: objective after each of them, the start first; NaN past the end.
    """

    design: JointDesign
    status: Status
    excess: float
    iterations: int
    history: Float[np.ndarray, " step"]


def solve_batch(
    parameters: Parameters,
    channels: Channels,
    design: Callable[[Trial], Ended],
    enforces: Sequence[str],
    *,
    objective: str,
    options: LoopOptions,
    workers: int,
    kind: type[JointDesign] = JointDesign,
) -> Solution[JointDesign]:
    """Solution of a batch from a function of one trial.

    Args:
        parameters, channels: as everywhere; channels with a leading trial axis.
        design: importable by name, or a ``functools.partial`` of such a function.
        enforces: constraints, as the names of their margins, that count as violated.
        objective: the metric that is the scheme's.
        options: stopping rule.
        workers: processes that share the trials.
        kind: of the designs.
    """
    require_reference()
    parameters, channels = to_numpy(parameters), to_numpy(channels)
    items = [Trial(parameters, take(channels, index), options) for index in range(batch_size(channels))]
    ended = list[Ended]()
    for index, outcome in enumerate(map_trials(design, items, workers)):
        if not outcome.ok:
            _log.error("trial %d of the batch failed:\n%s", index, outcome.error)
        ended.append(outcome.result or missing(items[index], Status.FAILED))
    value = kind(
        bs_beams=np.stack([trial.design.bs_beams for trial in ended]),
        satellite_beam=np.stack([trial.design.satellite_beam for trial in ended]),
        sensing_covariance=np.stack([trial.design.sensing_covariance for trial in ended]),
    )
    metrics = judge(parameters, channels, value)
    margins = np.min([metrics[f"margin_{name}"] for name in enforces], axis=0)
    status = np.array([int(trial.status) for trial in ended])
    violation = np.where(status == Status.INFEASIBLE, [trial.excess for trial in ended], np.maximum(-margins, 0.0))
    short = (status == Status.CONVERGED) & ~(violation <= _TOLERANCE)
    return Solution(
        value=value,
        status=nonfinite_where(np.where(short, int(Status.INACCURATE), status), metrics[objective], margins),
        objective=metrics[objective],
        violation=violation,
        iterations=np.array([trial.iterations for trial in ended]),
        history=np.stack([trial.history for trial in ended]),
    )


def finished(trial: Trial, beams: Beams, status: Status, iterations: int, history: Float[np.ndarray, " step"]) -> Ended:
    """A trial with a design, from its beams in normalised units."""
    bs_power, satellite_power = float(trial.parameters.bs_power), float(trial.parameters.satellite_power)
    padded = np.full(trial.options.max_iterations + 1, np.nan)
    padded[: len(history)] = history
    return Ended(
        JointDesign(
            bs_beams=beams.w * math.sqrt(bs_power),
            satellite_beam=beams.v * math.sqrt(satellite_power),
            sensing_covariance=beams.V0 * satellite_power,
        ),
        status,
        0.0,
        iterations,
        padded,
    )


def missing(trial: Trial, status: Status, excess: float = math.nan) -> Ended:
    """No design: missing values of the right shapes."""
    users, bs_antennas = trial.channels.h_users.shape
    feeds = trial.channels.g_es.shape[0]
    nothing = complex(math.nan, math.nan)
    return Ended(
        JointDesign(
            bs_beams=np.full((users, bs_antennas), nothing),
            satellite_beam=np.full(feeds, nothing),
            sensing_covariance=np.full((feeds, feeds), nothing),
        ),
        status,
        excess,
        0,
        np.full(trial.options.max_iterations + 1, np.nan),
    )


def is_workable(parameters: Parameters, channels: Channels) -> bool:
    """Whether a convex solver can be believed: all numbers are finite, and no signal is beyond ``MOST_SNR``.

    Past that solvers call feasible problems infeasible.
    """
    gains = (channels.h_users, channels.h_es, channels.g_users, channels.g_es)
    if not all(bool(np.all(np.isfinite(value))) for value in (*gains, channels.noise_power)):
        return False
    with np.errstate(over="ignore"):
        strongest = max(float(np.max(np.abs(value))) for value in gains)
        budget = max(float(parameters.bs_power), float(parameters.satellite_power))
        return bool(np.square(strongest) * budget / np.asarray(channels.noise_power) <= MOST_SNR)


def normalised_instance(parameters: Parameters, channels: Channels) -> Instance:
    """One trial in units of noise and budgets, see ``lifted``; arrays of a single trial."""
    noise = float(channels.noise_power)
    bs_power, satellite_power = float(parameters.bs_power), float(parameters.satellite_power)
    bs, satellite = math.sqrt(bs_power / noise), math.sqrt(satellite_power / noise)
    es = 1.0 / math.sqrt(float(parameters.es_noise_ratio))
    # A joint pattern adds watts of both transmitters: relative to the satellite's budget, the other's count less.
    weight = math.sqrt(bs_power / satellite_power) if parameters.joint_pattern else 0.0
    return Instance(
        h_users=np.asarray(channels.h_users) * bs,
        h_es=np.asarray(channels.h_es) * (bs * es),
        g_users=np.asarray(channels.g_users) * satellite,
        g_es=np.asarray(channels.g_es) * (satellite * es),
        targets=np.asarray(parameters.satellite_steering),
        bs_targets=np.asarray(parameters.bs_steering) * weight,
        pattern_min=np.asarray(parameters.pattern_min) / satellite_power,
        min_rate=float(parameters.min_rate),
        joint=parameters.joint_pattern,
    )
