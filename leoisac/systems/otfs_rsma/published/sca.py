"""Reference route: successive convex approximation in CVXPY (WMMSE bounds of the rates, tangents of the energies).

The paper solves (17) by a genetic algorithm alone; this is the convex method of the field, as a witness for the fast
route. A slack keeps the first subproblems feasible: a start point usually misses a ceiling.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import batch_size, by_lanes, take
from leoisac.foundation.status import Solution, Status
from leoisac.optim.conic.extra import require_reference
from leoisac.optim.conic.loop import Attempt, LoopOptions, Procedure, successive_convex
from leoisac.optim.conic.pool import map_trials
from leoisac.optim.conic.solving import solve_with_retries
from leoisac.systems.otfs_rsma.judge.evaluate import target_images
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.problem.bounds import channel_matrices
from leoisac.systems.otfs_rsma.problem.certificate import certified
from leoisac.systems.otfs_rsma.problem.normalised import (
    VARIANTS,
    Variant,
    as_numbers,
    formulate,
    judged,
    partial_of,
    refuse_weights,
    shape_of,
)
from leoisac.systems.otfs_rsma.problem.program import Program, Shape
from leoisac.systems.otfs_rsma.published.surrogate import Instance, Streams, subproblem, values
from leoisac.systems.otfs_rsma.world.channels import channel_key

_log = logging.getLogger(__name__)
_SETTLED_SLACK = 1e-6
_LATE_SLOTS, _LATE_CARRIER = 0.15, 0.3
"""A start whose energy lies in late slots, and there on the first subcarrier too, is nearer to the ceilings."""


class _Numbers(NamedTuple):
    """What an instance is made of, from JAX."""

    channels: Leaf
    target: Leaf
    start: Leaf  # (stream, entry)
    program: Program


class _State(NamedTuple):
    streams: Streams
    slack: float


@dataclass(frozen=True)
class _Trial:
    instance: Instance
    start: Streams
    options: LoopOptions


@dataclass(frozen=True)
class _Ended:
    streams: Streams
    status: Status
    iterations: int
    history: np.ndarray


def solve(
    scheme: str,
    parameters: Parameters,
    channels: Channels,
    *,
    workers: int = 1,
    max_iterations: int = 120,
    tolerance: float = 1e-4,
) -> Solution[Design]:
    """Successive convex approximation for a batch of trials, from one random start each.

    Args:
        scheme: a key of ``problem.normalised.VARIANTS`` that has private streams.
        parameters, channels: as everywhere; channels with a leading trial axis.
        workers: processes that share the trials.
        max_iterations: convex subproblems at most; convergence is slow where power has to leave the common stream.
        tolerance: change of the least rate in nats at which it ends.

    Returns:
        Physical streams that spend the budget as the split says; objective and violation are the judge's; ``history``
        holds the least rate in bit at the start and after every subproblem.

    Raises:
        ConfigError: if the ``reference`` extra is not installed; for ceilings on the bounds of the sampled echo.
    """
    require_reference()
    refuse_weights(parameters, "reference")
    if parameters.is_ceiling_sampled:
        raise ConfigError(
            'ceiling_pulse = "sampled": route `reference` has the surrogate of ideal pulses only; use the route `fast`.'
        )
    variant, shape = VARIANTS[scheme], shape_of(parameters, channels)
    setting = (parameters, as_numbers(variant))
    numbers: _Numbers = by_lanes(partial_of(_prepare, shape))(setting, channels)
    options = LoopOptions(tolerance=tolerance, max_iterations=max_iterations)
    trials = [_trial(parameters, take(numbers, index), options) for index in range(batch_size(channels))]
    ended = list[_Ended]()
    for index, outcome in enumerate(map_trials(_design, trials, workers)):
        if outcome.result is None:
            _log.error("trial %d of the batch failed:\n%s", index, outcome.error)
        ended.append(outcome.result if outcome.result is not None else _failed(trials[index].start))
    longest = max(len(item.history) for item in ended)
    history = np.full((len(ended), longest), np.nan)
    for row, item in zip(history, ended, strict=True):
        row[: len(item.history)] = item.history / np.log(2.0)
    streams = np.stack([item.streams for item in ended]) * np.sqrt(float(parameters.total_power))
    status = np.array([int(item.status) for item in ended], dtype=np.int32)
    iterations = np.array([item.iterations for item in ended], dtype=np.int32)
    solution = by_lanes(_finish)(setting, channels, streams, status, iterations, history)
    return certified(solution, parameters, channels, variant)


def _prepare(shape: Shape, setting: tuple[Parameters, Variant], channels: Channels) -> _Numbers:
    parameters, variant = setting
    frame = parameters.frame
    matrices = channel_matrices(frame, channels.path_gains)
    entries = matrices.shape[-1]
    # Images of unit streams are the columns of the map from a stream to what the target sees.
    images = target_images(parameters, jnp.eye(entries, dtype=complex))
    target = images.reshape(entries, -1).T
    n, i = np.arange(frame.n_doppler)[:, None], np.arange(frame.n_delay)
    shaping = (1.0 + _LATE_SLOTS * n + _LATE_CARRIER * ((i == 0) & (n >= frame.n_doppler // 2))).ravel()
    parts = jax.random.normal(channel_key(channels), (2, shape.n_streams, entries), dtype=jnp.float64)
    noise = parts[0] + 1j * parts[1]
    start = noise + (shaping - 1.0) * (noise @ target.T) @ jnp.conj(target)
    scale = jnp.sqrt(parameters.total_power / parameters.noise)
    return _Numbers(matrices * scale, target, start, formulate(parameters, channels, variant))


def _trial(parameters: Parameters, numbers: _Numbers, options: LoopOptions) -> _Trial:
    program, users = numbers.program, numbers.channels.shape[0]
    is_fixed, fraction = bool(program.is_split_fixed), float(program.common_fraction)
    left = 1.0 - fraction if is_fixed else 1.0
    is_unknown = bool(program.is_amplitude_unknown)
    ceilings = np.where(program.is_sensing > 0.5, program.ceilings, np.inf)
    instance = Instance(
        channels=numbers.channels,
        target=numbers.target,
        sic_residual=float(program.sic_residual),
        common_power=fraction if is_fixed else 1.0,
        private_power=left,
        each_private_power=left / users if program.has_equal_private > 0.5 else left,
        floor=float(program.common_floor) * np.log(2.0),
        ceilings=(float(ceilings[0]), float(ceilings[1])),
        gain_information=0.0 if is_unknown else float(program.gain_information),
        is_amplitude_unknown=is_unknown,
        n_delay=parameters.frame.n_delay,
        has_common=not is_fixed or fraction > 0.0,
        is_total=parameters.is_total,
    )
    return _Trial(instance, _spend(instance, numbers.start, is_fixed), options)


def _design(trial: _Trial) -> _Ended:
    instance = trial.instance
    problem = subproblem(*instance.sizes)

    def improve(numbers: dict[str, np.ndarray]) -> Attempt[_State]:
        problem.assign(numbers)
        report = solve_with_retries(problem)
        if not report.has_point:
            return Attempt(None, report)
        found = problem.values()
        entries = instance.channels.shape[2]
        streams = (found["p"][:entries] + 1j * found["p"][entries:]).T
        if not instance.has_common:
            streams = np.concatenate([np.zeros((1, entries)), streams])
        return Attempt(_State(streams, float(found["slack"])), report)

    procedure = Procedure(
        convexify=lambda state: values(instance, state.streams),
        solve=improve,
        measure=lambda state: instance.objective(state.streams),
        ready=lambda state: state.slack <= _SETTLED_SLACK,
    )
    outcome = successive_convex(procedure, _State(trial.start, np.inf), trial.options)
    is_fixed = instance.common_power + instance.private_power < 1.5
    streams = _spend(instance, outcome.state.streams, is_fixed)
    return _Ended(streams, outcome.status, outcome.iterations, outcome.history)


def _spend(instance: Instance, streams: Streams, is_fixed: bool) -> Streams:
    """Streams scaled up to the powers of a fixed split, or together to the whole budget; a silent common stream."""
    power = np.sum(np.abs(streams) ** 2, axis=1)
    if not is_fixed:
        return streams / np.sqrt(np.sum(power))
    left = np.sum(power[1:])
    if instance.each_private_power < instance.private_power:
        private = np.sqrt(instance.each_private_power / power[1:])
    else:
        private = np.full(len(power) - 1, np.sqrt(instance.private_power / left))
    common = np.sqrt(instance.common_power / power[0]) if power[0] > 0.0 else 0.0
    return streams * np.append(common, private)[:, None]


def _failed(start: Streams) -> _Ended:
    return _Ended(np.full_like(start, np.nan), Status.FAILED, 0, np.zeros(0))


def _finish(
    setting: tuple[Parameters, Variant],
    channels: Channels,
    streams: Complex[Array, "stream entry"],
    status: Any,
    iterations: Any,
    history: Any,
) -> Solution[Design]:
    parameters, variant = setting
    return judged(parameters, channels, variant, streams, status=status, iterations=iterations, history=history)


solve_rsma = partial(solve, "rsma")
solve_sdma = partial(solve, "sdma")
solve_no_crb = partial(solve, "no-crb")
solve_no_common_floor = partial(solve, "no-common-floor")
