"""The echo route: a design, then one frame of random symbols, its echo in noise and the radar's estimates from it."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from jaxtyping import Array, Complex

from leoisac.estimation.delay_doppler_ml import (
    DelayDopplerEstimate,
    KnownAmplitude,
    estimate_delay_doppler,
    wrapped_error,
)
from leoisac.estimation.sampled_echo_ml import SearchWindow, estimate_sampled_echo
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.systems.otfs_rsma.fast.echoes import several_estimates
from leoisac.systems.otfs_rsma.judge.evaluate import streams_at_target, target_images
from leoisac.systems.otfs_rsma.model import Channels, Design, Estimate, Parameters
from leoisac.systems.otfs_rsma.world.channels import noise_key
from leoisac.waveforms.delay_doppler_echo import delay_doppler_echo
from leoisac.waveforms.otfs import modulate
from leoisac.waveforms.sampled_echo import sampled_echo


def solve(designer: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Designs of a batch, each with the estimates from its trial's echo.

    Raises:
        ChannelError: for channels from plain arrays, which have neither symbols nor a seed for noise; for several
            targets or receive antennas with ideal pulses, of which there is no joint estimator.
    """
    if channels.symbols is None or channels.noise_seed is None:
        raise ChannelError(
            "echo: channels from plain arrays have no symbols; the echo route needs leoisac.draw(config)."
        )
    module, _, name = designer.partition(":")
    solution = getattr(importlib.import_module(f"leoisac.systems.otfs_rsma.{module}"), name)(parameters, channels)
    has_several = parameters.targets.shape[0] > 1 or parameters.n_rx > 1
    find = several_estimates if has_several else by_lanes(estimate_target)
    estimate = find(parameters, channels, solution.value.streams)
    return Solution(**{**vars(solution), "value": Design(solution.value.streams, estimate)})


def estimate_target(parameters: Parameters, channels: Channels, streams: Complex[Array, "stream entry"]) -> Estimate:
    """Maximum-likelihood estimates of one trial, within half an ambiguity of ideal pulses of the target.

    The echo's phase is random where the amplitude is unknown to the radar.
    """
    frame = parameters.frame
    numbers = uniforms(noise_key(channels, "echo"), {"noise": (frame.n_doppler, frame.n_delay, 2), "phase": (1,)})
    is_unknown = parameters.is_amplitude_unknown > 0.5
    turn = jnp.where(is_unknown, jnp.exp(2j * jnp.pi * numbers["phase"][0]), 1.0)
    amplitude = parameters.echo_amplitude * turn
    noise_power = parameters.echo_amplitude**2 / parameters.echo_to_noise
    noise = jnp.sqrt(noise_power) * complex_normal(numbers["noise"])
    receive = _sampled if parameters.is_echo_sampled else _ideal
    known, unknown = receive(parameters, channels, streams, amplitude, noise)
    found = jax.tree.map(lambda a, b: jnp.where(is_unknown, a, b), unknown, known)
    delay, doppler = parameters.target_delay, parameters.target_doppler
    return Estimate(
        delay_s=delay + wrapped_error(found.delay_s, delay, frame.slot_s),
        doppler_hz=doppler + wrapped_error(found.doppler_hz, doppler, frame.spacing_hz),
    )


def _sampled(
    parameters: Parameters,
    channels: Channels,
    streams: Complex[Array, "stream entry"],
    amplitude: Complex[Array, ""],
    noise: Complex[Array, "slot subcarrier"],
) -> tuple[DelayDopplerEstimate, DelayDopplerEstimate]:
    """Estimates for a known and for an unknown amplitude from the echo of the frame's rectangular pulses."""
    frame = parameters.frame
    delay, doppler = parameters.target_delay, parameters.target_doppler
    sent = modulate(jnp.einsum("s,sc->c", channels.symbols, streams_at_target(parameters, streams)), frame.n_delay)
    echo = amplitude * sampled_echo(sent, delay, doppler, sample_time_s=frame.sample_s)
    received = echo + noise.ravel()
    window = SearchWindow(delay, doppler, frame.slot_s, frame.spacing_hz)
    estimate = partial(estimate_sampled_echo, received, sent, window, sample_time_s=frame.sample_s)
    return estimate(known=KnownAmplitude(amplitude, delay)), estimate()


def _ideal(
    parameters: Parameters,
    channels: Channels,
    streams: Complex[Array, "stream entry"],
    amplitude: Complex[Array, ""],
    noise: Complex[Array, "slot subcarrier"],
) -> tuple[DelayDopplerEstimate, DelayDopplerEstimate]:
    """The same from the echo of ideal pulses, on the time-frequency grid."""
    frame = parameters.frame
    grid: dict[str, Any] = {"slot_s": frame.slot_s, "spacing_hz": frame.spacing_hz}
    x_tf = jnp.einsum("s,sni->ni", channels.symbols, target_images(parameters, streams))
    echo = delay_doppler_echo(x_tf, parameters.target_delay, parameters.target_doppler, amplitude, **grid)
    received = echo + noise
    known = KnownAmplitude(amplitude, parameters.target_delay)
    return estimate_delay_doppler(received, x_tf, known=known, **grid), estimate_delay_doppler(received, x_tf, **grid)


solve_rsma = partial(solve, "fast.max_min:solve_rsma")
solve_random = partial(solve, "fast.baselines:solve_random")
