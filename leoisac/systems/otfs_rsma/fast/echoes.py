"""Echoes of several targets, or at several receive antennas: the frame's sampled echoes in noise, estimated jointly.

All amplitudes are unknown to the radar, their phases random. With one receive antenna it knows the targets' angles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.antennas.steering import ula_steering_vector
from leoisac.estimation.sampled_echo_ml import SearchWindow
from leoisac.estimation.several_targets import associated, estimate_targets
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.systems.otfs_rsma.model import Channels, Estimate, Parameters
from leoisac.systems.otfs_rsma.world.channels import noise_key
from leoisac.waveforms.otfs import modulate
from leoisac.waveforms.sampled_echo import sampled_echo


def several_estimates(parameters: Parameters, channels: Channels, streams: Any) -> Estimate:
    """Joint estimates of a batch, each given to the target that it is nearest to, all together.

    Raises:
        ChannelError: with ideal pulses, of which there is no joint estimator.
    """
    if not parameters.is_echo_sampled:
        raise ChannelError(
            'pulse = "ideal": several targets and receive antennas have an estimator of the sampled echo alone; set '
            'pulse = "sampled", or leave out other_targets and n_rx.'
        )
    frame, targets = parameters.frame, np.asarray(parameters.targets)
    received, samples = by_lanes(_receive, native=False)(parameters, channels, streams)
    window = SearchWindow(targets[0, 0], targets[0, 1], frame.slot_s, frame.spacing_hz)
    angles = targets[:, 2] if parameters.n_rx == 1 else None
    # Distances in resolution cells.
    units = np.array([frame.sample_s, 1.0 / (frame.n_cells * frame.sample_s), 2.0 / max(parameters.n_rx, 1)])
    found = np.full((len(received), len(targets), 3), np.nan)
    for trial, (echoes, sent) in enumerate(zip(received, samples, strict=True)):
        if not (np.isfinite(echoes).all() and np.isfinite(sent).all() and np.any(sent)):
            continue
        one = estimate_targets(echoes, sent, window, len(targets), sample_time_s=frame.sample_s, angles_rad=angles)
        places = np.stack([one.delay_s, one.doppler_hz, one.angle_rad], axis=-1)
        found[trial] = places[associated(places / units, targets[:, :3] / units)]
    return Estimate(found[:, 0, 0], found[:, 0, 1], found)


def _receive(parameters: Parameters, channels: Channels, streams: Any) -> tuple[Any, Any]:
    """What the array receives of a trial's frame, ``(rx, cell)``, and the frame at the transmit antennas."""
    frame, targets, n_rx = parameters.frame, parameters.targets, parameters.n_rx
    shapes = {"noise": (n_rx, frame.n_cells, 2), "phase": (targets.shape[0],)}
    numbers = uniforms(noise_key(channels, "echoes"), shapes)
    per_antenna = jnp.asarray(streams).reshape(streams.shape[0], frame.n_antennas, frame.n_cells)
    samples = modulate(jnp.einsum("s,sac->ac", channels.symbols, per_antenna), frame.n_delay)
    transmit = ula_steering_vector(targets[:, 2], frame.n_antennas) / jnp.sqrt(float(frame.n_antennas))
    echoes = sampled_echo(jnp.conj(transmit) @ samples, targets[:, 0], targets[:, 1], sample_time_s=frame.sample_s)
    amplitudes = parameters.echo_amplitude * jnp.sqrt(targets[:, 3]) * jnp.exp(2j * jnp.pi * numbers["phase"])
    receive = ula_steering_vector(targets[:, 2], n_rx)
    noise = jnp.sqrt(parameters.echo_amplitude**2 / parameters.echo_to_noise) * complex_normal(numbers["noise"])
    return jnp.einsum("t,tr,tq->rq", amplitudes, receive, echoes) + noise, samples


__all__ = ["several_estimates"]
