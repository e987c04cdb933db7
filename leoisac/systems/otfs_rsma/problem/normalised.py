"""The design problem (17) of one trial in the engine's numbers, and the way back to physical streams.

Normalised to power budget 1 and noise 1; in the time domain (see ``program``).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.status import Solution, nonfinite_where
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate, precoded_gains
from leoisac.systems.otfs_rsma.model import Channels, Design, Frame, Parameters
from leoisac.systems.otfs_rsma.problem.program import Program, Shape, amplitudes
from leoisac.systems.otfs_rsma.problem.sampled_margins import echo_maps
from leoisac.waveforms.delay_doppler_channel import time_operators
from leoisac.waveforms.otfs import demodulate


class Variant(NamedTuple):
    """What a scheme makes of the configuration, as numbers, so that one compiled program serves all schemes.

    Attributes:
        fixed_fraction: the common stream's share of the power that the scheme prescribes; negative: as configured.
        has_floor: the floor on the common rate is enforced.
        is_sensing: the ceilings of the bounds are enforced.
    """

    fixed_fraction: Leaf = -1.0
    has_floor: Leaf = 1.0
    is_sensing: Leaf = 1.0


VARIANTS: dict[str, Variant] = {
    "rsma": Variant(),
    "sdma": Variant(fixed_fraction=0.0, has_floor=0.0),
    "sdma-paper": Variant(fixed_fraction=0.0),
    "common-only": Variant(fixed_fraction=1.0),
    "no-crb": Variant(is_sensing=0.0),
    "no-common-floor": Variant(has_floor=0.0),
}
"""Designs by scheme name."""
FEASIBILITY = 1e-6
"""Largest relative violation of a design that counts."""


def as_numbers(variant: Variant) -> Variant:
    """Variant of arrays: one compilation for all."""
    return Variant(*(np.asarray(value, dtype=np.float64) for value in variant))


def refuse_weights(parameters: Parameters, route: str) -> None:
    """For routes whose objective is the rate alone.

    Raises:
        ConfigError: where the configuration weighs the delay bound.
    """
    if parameters.is_weighted:
        raise ConfigError(
            f"delay_weight = {float(parameters.delay_weight):g}: route `{route}` maximises the rate alone; set it to 0 "
            "or use the route `fast`."
        )


_partials: dict[tuple[Any, Shape], Any] = {}


def partial_of(function: Any, shape: Shape) -> Any:
    """``partial(function, shape)``, the same object for the same arguments: ``by_lanes`` compiles per object."""
    return _partials.setdefault((function, shape), partial(function, shape))


def shape_of(parameters: Parameters, channels: Channels) -> Shape:
    """What the program of a batch is compiled for."""
    frame = parameters.frame
    return Shape(
        n_delay=frame.n_delay,
        n_doppler=frame.n_doppler,
        n_users=int(np.shape(channels.path_gains)[1]),
        n_antennas=frame.n_antennas,
        delays=_delays(frame),
        is_total=parameters.is_total,
        is_sampled=parameters.is_ceiling_sampled,
        is_weighted=parameters.is_weighted,
    )


def formulate(parameters: Parameters, channels: Channels, variant: Variant) -> Program:
    """The program of one trial. Traceable.

    A split without power for the common stream has no floor (its rate is zero whatever is done).
    """
    frame = parameters.frame
    prescribed = jnp.asarray(variant.fixed_fraction) >= 0.0
    fraction = jnp.where(prescribed, variant.fixed_fraction, parameters.common_fraction)
    is_fixed = jnp.where(prescribed, 1.0, parameters.is_split_fixed)
    is_silent = (is_fixed > 0.5) & (fraction <= 0.0)
    taps, adjoint_taps = _taps(frame, precoded_gains(frame, channels.path_gains))
    amplitude = jnp.sqrt(parameters.total_power / parameters.noise)
    steering = parameters.target_steering[: frame.n_antennas]
    scale = 2.0 * parameters.echo_to_noise * parameters.total_power
    units = np.array([2.0 * np.pi * frame.spacing_hz, 2.0 * np.pi * frame.slot_s])
    maps, times = None, None
    if parameters.is_ceiling_sampled:
        units = np.array([1.0 / frame.sample_s, frame.n_cells * frame.sample_s])
        maps, times = echo_maps(parameters)
    ceilings = jnp.stack([parameters.crb_delay_max, parameters.crb_doppler_max])
    return Program(
        taps=_parts(taps * amplitude),
        adjoint_taps=_parts(adjoint_taps * amplitude),
        steering=jnp.stack([steering.real, steering.imag], axis=-1),
        sic_residual=parameters.sic_residual,
        common_fraction=fraction,
        is_split_fixed=is_fixed,
        has_equal_private=parameters.has_equal_private,
        common_floor=jnp.where(is_silent, 0.0, variant.has_floor * parameters.common_floor),
        ceilings=ceilings * scale * units**2,
        is_sensing=jnp.asarray(variant.is_sensing, dtype=float),
        is_amplitude_unknown=parameters.is_amplitude_unknown,
        gain_information=1.0 / (np.pi * frame.spacing_hz * parameters.target_delay) ** 2,
        echo_maps=maps,
        echo_times=times,
        delay_weight=parameters.delay_weight if parameters.is_weighted else None,
    )


def physical_streams(
    parameters: Parameters, program: Program, samples: Float[Array, "stream antenna 2 sample"]
) -> Complex[Array, "stream entry"]:
    """Physical delay-Doppler precoders from the program's unknowns; they spend the budget as the split says."""
    amplitude = jnp.sqrt(parameters.total_power) * amplitudes(samples, program)
    streams = demodulate(samples[:, :, 0] + 1j * samples[:, :, 1], parameters.frame.n_delay)
    return (amplitude[:, None, None] * streams).reshape(samples.shape[0], -1)


def judged(
    parameters: Parameters,
    channels: Channels,
    variant: Variant,
    streams: Complex[Array, "stream entry"],
    *,
    status: Any,
    iterations: Any,
    history: Any,
) -> Solution[Any]:
    """Solution of one trial whose objective and violation are the judge's, from the physical streams."""
    design = Design(streams)
    metrics = evaluate(parameters, channels, design)
    sensing = jnp.minimum(metrics["margin_crb_delay"], metrics["margin_crb_doppler"])
    margins = [
        metrics["margin_power"],
        jnp.where(jnp.asarray(variant.has_floor) > 0.5, metrics["margin_common_rate"], 0.0),
        jnp.where(jnp.asarray(variant.is_sensing) > 0.5, sensing, 0.0),
    ]
    objective = metrics["total_min_rate" if parameters.is_total else "min_rate"]
    violation = jnp.maximum(-jnp.min(jnp.stack(margins)), 0.0)
    return Solution(
        value=design,
        status=nonfinite_where(status, objective, violation),
        objective=objective,
        violation=violation,
        iterations=iterations,
        history=history,
    )


def _delays(frame: Frame) -> tuple[int, ...]:
    users = range(max(len(frame.user_delays), 1))
    return tuple(sorted({delay for user in users for delay in frame.paths_of(user)[0]}))


def _taps(frame: Frame, gains: Complex[Array, "user antenna path"]) -> tuple[Array, Array]:
    """Taps of the channels and of their adjoints in the time domain, ``(user, antenna, delay, sample)``.

    ``y[q] = sum_l c_l[q] x[q - l]`` and ``x[q] = sum_l conj(c_l[q + l]) y[q + l]``.
    """
    if frame.user_delays:
        each = [_taps_of(frame, user, gains[user : user + 1]) for user in range(len(frame.user_delays))]
        taps = jnp.concatenate(each)
    else:
        taps = _taps_of(frame, 0, gains)
    adjoint = [jnp.roll(jnp.conj(taps[:, :, i]), -delay, axis=-1) for i, delay in enumerate(_delays(frame))]
    return taps, jnp.stack(adjoint, axis=2)


def _taps_of(frame: Frame, user: int, gains: Complex[Array, "user antenna path"]) -> Complex[Array, "user antenna l q"]:
    """Taps of channels with the paths of a user."""
    delays, dopplers = frame.paths_of(user)
    weights = time_operators(delays, dopplers, frame.n_delay, frame.n_doppler).weights
    if frame.user_dopplers is not None:
        weights = weights * frame.turns(user)
    of_delay = np.array([[path_delay == delay for path_delay in delays] for delay in _delays(frame)], float)
    return jnp.einsum("kap,lp,pq->kalq", gains, of_delay, weights)


def _parts(values: Complex[Array, "*batch sample"]) -> Float[Array, "*batch 2 sample"]:
    return jnp.stack([values.real, values.imag], axis=-2)
