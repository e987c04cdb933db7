"""The judge at full load: every stream has a symbol in every cell, precoded in space alone; rates behind equalisers.

A user receives ``y = sum_s (sum_a p_s,a H_a) x_s / sqrt(M N) + n``. Each step of its decoding takes one stream out,
with an LMMSE equaliser over the whole grid, against all that is still there and what cancellation has left of streams
before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.link.outcome import link_metrics
from leoisac.metrics.delay_doppler_fisher import DelayDopplerBounds, delay_doppler_bounds
from leoisac.metrics.equalised_streams import StreamRates, stream_rates
from leoisac.metrics.sampled_echo_fisher import sampled_echo_bounds
from leoisac.systems.otfs_rsma.judge.bound_metrics import FrameBounds, bound_margins, bound_metrics
from leoisac.systems.otfs_rsma.model import Channels, Frame, LoadedDesign, Parameters
from leoisac.waveforms.delay_doppler_channel import dense_operators, path_matrices, time_operators
from leoisac.waveforms.otfs import modulation_matrix, time_frequency_image

Metrics = dict[str, Float[Array, "..."]]


def matrices_of(frame: Frame, user: int) -> Complex[Any, "path cell cell"]:
    """Unit-gain delay-Doppler matrices of a user's paths, with its own Doppler shift."""
    paths, grid = frame.paths_of(user), (frame.n_delay, frame.n_doppler)
    if frame.user_dopplers is None:
        return path_matrices(*paths, *grid)
    modulation = modulation_matrix(*grid)
    in_time = dense_operators(time_operators(*paths, *grid)) * frame.turns(user)[:, :, None]
    return np.conj(modulation.T) @ in_time @ modulation


def data_matrices(frame: Frame, user: int, is_time_frequency: bool) -> Complex[Any, "path cell symbol"]:
    """Unit-gain paths of a user, from data symbols on their grid to received delay-Doppler cells."""
    matrices = matrices_of(frame, user)
    if not is_time_frequency:
        return matrices
    # Image of every delay-Doppler cell, one a row: the transform's transpose, whose conjugate is its inverse.
    images = time_frequency_image(np.eye(frame.n_cells), frame.n_delay).reshape(frame.n_cells, frame.n_cells)
    return matrices @ np.conj(images)


def step_rates(parameters: Parameters, channels: Channels, design: LoadedDesign) -> StreamRates:
    """Rates of every step of decoding, bit per cell, shape ``(step,)``; 0 where a step is none."""
    frame, decoding = parameters.frame, design.decoding
    gains, precoders = jnp.asarray(channels.path_gains), jnp.asarray(design.precoders)
    n_matrices = max(len(frame.user_delays), 1)
    matrices = [data_matrices(frame, user, parameters.is_time_frequency) for user in range(n_matrices)]
    users, wanted = jnp.asarray(decoding.users), jnp.asarray(decoding.streams)
    paths = jnp.stack(matrices)[users if n_matrices > 1 else jnp.zeros_like(users)]
    through = jnp.einsum("eap,as->esp", gains[users], precoders) / jnp.sqrt(float(frame.n_cells))
    arriving = jnp.einsum("esp,epcd->escd", through, paths)
    states = jnp.asarray(decoding.states)
    weights = jnp.where(states == 2, parameters.sic_residual, jnp.where(states == 1, 1.0, 0.0))
    covariance = jnp.einsum("es,escd,esfd->ecf", weights, arriving, jnp.conj(arriving))
    covariance = covariance + parameters.noise * np.eye(frame.n_cells)
    is_step = wanted >= 0
    own = arriving[jnp.arange(len(users)), jnp.maximum(wanted, 0)]
    rates = stream_rates(own, covariance)
    return StreamRates(*(jnp.where(is_step, rate, 0.0) for rate in rates))


def user_rates(design: LoadedDesign, rates: Float[Array, " step"]) -> Float[Array, " user"]:
    """Rates of the users, bit per cell of all frames: of their own streams, and their part of a shared one.

    A stream that several users decode has the least of their rates.
    """
    decoding = design.decoding
    wanted, owners = jnp.asarray(decoding.streams), jnp.asarray(decoding.owners)
    is_wanted = wanted[:, None] == np.arange(owners.shape[1])
    of_stream = jnp.min(jnp.where(is_wanted, rates[:, None], jnp.inf), axis=0)
    of_stream = jnp.where(jnp.isfinite(of_stream), of_stream, 0.0)
    parts = owners.at[:, 0].multiply(jnp.asarray(design.shares))
    return jnp.asarray(decoding.frame_share) * (parts @ of_stream)


def even_frame_bounds(parameters: Parameters, power: Any, *, is_sampled: bool, is_known: bool) -> DelayDopplerBounds:
    """Bounds of a frame with independent symbols of equal power in all cells.

    Args:
        parameters: of the configuration.
        power: of the frame towards the target, through a steering vector of unit norm, W.
        is_sampled: of the sampled echo; else of ideal pulses.
        is_known: for a known echo amplitude.
    """
    frame = parameters.frame
    shared: dict[str, Any] = {
        "delay_s": parameters.target_delay,
        "echo_to_noise": parameters.echo_to_noise * parameters.beam_echo_gain,
        "amplitude_known": is_known,
    }
    if is_sampled:
        # One stream a cell: turned by a unitary matrix, independent symbols of equal power stay what they are.
        samples = jnp.sqrt(power / frame.n_cells) * np.eye(frame.n_cells, dtype=complex)
        return sampled_echo_bounds(
            samples, doppler_hz=parameters.target_doppler, sample_time_s=frame.sample_s, **shared
        )
    energy = power / frame.n_cells * np.ones((frame.n_doppler, frame.n_delay))
    return delay_doppler_bounds(energy, slot_s=frame.slot_s, spacing_hz=frame.spacing_hz, **shared)


def evaluate_loaded(parameters: Parameters, channels: Channels, design: LoadedDesign) -> Metrics:
    """Metrics of one trial's design at full load; rates in bit/s/Hz behind LMMSE equalisers, prefix ignored."""
    rates = step_rates(parameters, channels, design)
    equalised, gaussian = (user_rates(design, kind) for kind in rates)
    precoders, share = jnp.asarray(design.precoders), jnp.asarray(design.decoding.frame_share)
    total = share * jnp.sum(jnp.abs(precoders) ** 2)
    towards = share * jnp.sum(jnp.abs(parameters.target_steering @ precoders) ** 2)
    kinds = ((False, True), (False, False), (True, True), (True, False))
    bounds = FrameBounds(
        *(
            even_frame_bounds(parameters, towards, is_sampled=is_sampled, is_known=is_known)
            for is_sampled, is_known in kinds
        )
    )
    frame = parameters.frame
    sent = {} if design.words is None else link_metrics(design.words, total, frame.n_delay * frame.spacing_hz)
    return {
        **sent,
        "load_min_rate": jnp.min(equalised),
        "load_min_rate_joint": jnp.min(gaussian),
        "rate": equalised,
        "sum_rate": jnp.sum(equalised),
        "load": _load(design),
        "common_power_share": jnp.sum(jnp.abs(precoders[:, 0]) ** 2) * share / jnp.where(total > 0.0, total, 1.0),
        "total_power": total,
        **bound_metrics(bounds),
        **bound_margins(parameters, bounds),
        "margin_power": 1.0 - total / parameters.total_power,
    }


def _load(design: LoadedDesign) -> Float[Array, ""]:
    """Data symbols per cell: streams that somebody decodes, in the part of the frames in which they are sent."""
    wanted = jnp.asarray(design.decoding.streams)[:, None] == np.arange(design.precoders.shape[1])
    return jnp.asarray(design.decoding.frame_share) * jnp.sum(jnp.any(wanted, axis=0))


__all__ = [
    "data_matrices",
    "evaluate_loaded",
    "even_frame_bounds",
    "matrices_of",
    "step_rates",
    "user_rates",
]
