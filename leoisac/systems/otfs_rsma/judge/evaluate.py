"""The judge: rates, bounds, powers and margins of any design, always from the physical streams."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.antennas.steering import ula_steering_vector
from leoisac.estimation.pilot_dictionary import doppler_fit, expected_error, ridge
from leoisac.estimation.pilots import PilotLayout, gain_error, pilot_layout
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.units import deg_to_rad, from_db
from leoisac.link.outcome import link_metrics
from leoisac.link.settings import link_numbers
from leoisac.metrics.delay_doppler_fisher import (
    DelayDopplerBounds,
    delay_doppler_bounds,
    delay_doppler_information,
    expected_energy,
    realised_energy,
)
from leoisac.metrics.rsma import RateSplittingSinr, allocate_common_rate
from leoisac.metrics.rsma_lmmse import effective_noise, lmmse_sinr
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.model import Channels, Design, Frame, Parameters, PilotOutcome, RateBound, Reception
from leoisac.waveforms.delay_doppler_channel import apply_in_time, apply_paths, path_operators, time_operators
from leoisac.waveforms.otfs import time_frequency_image

Metrics = dict[str, Float[Array, "..."]]


@in_double
def parameters(config: OtfsRsmaConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    fraction = config.common_power_fraction
    receiver_noise = config.total_power / float(from_db(config.comm_snr_db))
    noise = _noise_with_errors(config, receiver_noise)
    steering = ula_steering_vector(deg_to_rad(config.target_angle_deg), config.n_tx)
    numbers = {
        "total_power": config.total_power,
        "noise": noise,
        "receiver_noise": receiver_noise,
        "pilot_energy": config.total_power * from_db(config.pilot_db),
        "sic_residual": config.sic_residual,
        "common_fraction": 0.0 if fraction == "free" else fraction,
        "is_split_fixed": fraction != "free",
        "has_equal_private": config.equal_private,
        "common_floor": config.common_rate_req,
        "crb_delay_max": config.crb_delay_max,
        "crb_doppler_max": config.crb_doppler_max,
        "is_amplitude_unknown": config.target_amplitude == "unknown",
        "echo_to_noise": from_db(config.echo_snr_db) / config.total_power,
        "target_delay": config.target_delay,
        "target_doppler": config.target_doppler,
        "echo_amplitude": config.echo_gain * config.target_reflectivity,
    }
    return Parameters(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        # A beam w arrives as a^H w.
        target_steering=jnp.asarray(steering.conj()) / jnp.sqrt(float(config.n_tx)),
        frame=frame_of(config),
        is_total=config.objective == "total",
        is_realised=config.frame_model == "realisation",
        coding={name: jnp.asarray(value) for name, value in link_numbers(config).items()},
    )


def _noise_with_errors(config: OtfsRsmaConfig, receiver_noise: float) -> float:
    """``N_0``, with the stated error of the channel estimate or that of pilots."""
    common = {"total_power": config.total_power, "n_cells": config.n_dd}
    if config.csi_source == "stated":
        error = float(from_db(config.csi_error_db))
        return effective_noise(receiver_noise, error, **common, model=config.csi_error_model)
    variance = receiver_noise / (config.total_power * float(from_db(config.pilot_db)))
    error = float(expected_pilot_error(frame_of(config), variance, config.pilot_estimator))
    return effective_noise(receiver_noise, error, **common, model="total")


def pilot_layout_of(frame: Frame) -> PilotLayout:
    """Pilots of all precoded antennas in a frame.

    Raises:
        ValueError: if its paths cannot be told apart.
    """
    return pilot_layout(frame.n_delay, frame.n_doppler, frame.n_antennas, frame.delays, frame.dopplers)


def expected_pilot_error(frame: Frame, variance: Any, estimator: str) -> Any:
    """Expected squared error of a link's channel from pilots, the same for all antennas.

    Args:
        frame: with its paths, of power ``1 / P`` each.
        variance: receiver noise over a pilot's energy.
        estimator: ``least-squares`` or ``lmmse``.
    """
    layout, n_paths = pilot_layout_of(frame), len(frame.delays)
    if layout.is_whole:
        return n_paths * gain_error(variance, 1.0 / n_paths, estimator)
    fit = doppler_fit(layout)
    level = ridge(fit, variance, n_paths, estimator)
    return expected_error(layout, fit, frame.delays, frame.dopplers, variance, level)


def frame_of(config: OtfsRsmaConfig) -> Frame:
    """Sizes and paths of a configuration."""
    return Frame(
        n_delay=config.n_delay,
        n_doppler=config.n_doppler,
        n_antennas=1 if config.precoder_mode == "dd" else config.n_tx,
        delays=tuple(config.path_delays),
        dopplers=tuple(float(doppler) for doppler in config.path_dopplers),
        spacing_hz=float(config.subcarrier_spacing),
    )


def evaluate(
    parameters: Parameters, channels: Channels, design: Design | RateBound | Reception | PilotOutcome
) -> Metrics:
    """Metrics of one trial's design.

    Rates are refined ones (arXiv:2506.02624, eqs. (2)-(8)): ``private_rate``, ``common_rate``, ``min_rate`` (the least
    private rate, the paper's objective) and ``total_min_rate`` (the least one with the common rate shared) are bits per
    stream symbol, one symbol a frame; ``rate`` and ``sum_rate``, with the common rate shared, are bit/s/Hz, prefix
    ignored. Bounds in s^2 and Hz^2 are for a known and an unknown echo amplitude; with ``frame_model =
    "realisation"`` they are those of the trial's symbols. Margins are relative, of the expected frame and the amplitude
    that the configuration names, and met when not negative.

    Raises:
        ConfigError: if bounds of a realised frame are asked for and the channels hold no symbols.
    """
    if isinstance(design, RateBound):
        return {"min_rate": jnp.asarray(design.rate)}
    if isinstance(design, PilotOutcome):
        return {"csi_error": design.errors, "csi_error_predicted": design.predicted, "paths_found": design.found}
    if isinstance(design, Reception):
        return {"bit_error_rate": design.bit_errors / design.bits}
    metrics = _rate_metrics(parameters, channels, design.streams)
    metrics |= _sensing_metrics(parameters, channels, design.streams)
    streams = jnp.asarray(design.streams)
    total = jnp.sum(jnp.abs(streams) ** 2)
    metrics |= {
        "total_power": total,
        "common_power_share": jnp.sum(jnp.abs(streams[0]) ** 2) / jnp.where(total > 0.0, total, 1.0),
        "margin_power": 1.0 - total / parameters.total_power,
    }
    if design.estimate is not None:
        metrics |= {
            "delay_error": design.estimate.delay_s - parameters.target_delay,
            "doppler_error": design.estimate.doppler_hz - parameters.target_doppler,
        }
    if design.words is not None:
        frame = parameters.frame  # one symbol of a stream in every frame
        metrics |= link_metrics(design.words, total, frame.n_delay * frame.spacing_hz, 1.0 / frame.n_cells)
    return metrics


def received_streams(
    frame: Frame, path_gains: Complex[Any, "user tx path"], streams: Complex[Any, "stream entry"]
) -> Complex[Array, "user stream cell"]:
    """What every user receives of every stream, ``a_s = H_k P_s`` on the delay-Doppler grid.

    With one precoded antenna all ``tx`` radiate the same frame with weights ``1 / sqrt(N_t)``.
    """
    per_antenna = jnp.asarray(streams).reshape(streams.shape[0], frame.n_antennas, frame.n_cells)
    gains = precoded_gains(frame, path_gains)[:, None]  # (user, 1, antenna, path)
    grid = (frame.n_delay, frame.n_doppler)
    if all(doppler.is_integer() for doppler in frame.dopplers):
        arriving = apply_paths(path_operators(frame.delays, frame.dopplers, *grid), gains, per_antenna[None])
    else:
        operators = time_operators(frame.delays, frame.dopplers, *grid)
        arriving = apply_in_time(operators, gains, per_antenna[None], frame.n_delay)
    return jnp.sum(arriving, axis=2)


def precoded_gains(frame: Frame, path_gains: Complex[Any, "user tx path"]) -> Complex[Array, "user antenna path"]:
    """Gains between precoded antennas and users: in mode ``dd`` all antennas are one, of unit mean gain."""
    path_gains = jnp.asarray(path_gains)
    if frame.n_antennas == path_gains.shape[1]:
        return path_gains
    return jnp.sum(path_gains, axis=1, keepdims=True) / jnp.sqrt(float(path_gains.shape[1]))


def target_images(parameters: Parameters, streams: Complex[Any, "stream entry"]) -> Complex[Array, "stream n i"]:
    """Time-frequency image of every stream as the target sees it."""
    frame = parameters.frame
    per_antenna = jnp.asarray(streams).reshape(streams.shape[0], frame.n_antennas, frame.n_cells)
    seen = per_antenna[:, 0]
    if frame.n_antennas > 1:
        seen = jnp.einsum("a,sac->sc", parameters.target_steering, per_antenna)
    return time_frequency_image(seen, frame.n_delay)


def sinrs(
    parameters: Parameters, path_gains: Complex[Any, "user tx path"], streams: Complex[Any, "stream entry"]
) -> RateSplittingSinr:
    """Refined SINRs of the common and the own private stream at every user."""
    received = received_streams(parameters.frame, path_gains, streams)
    return lmmse_sinr(received, parameters.noise, parameters.sic_residual)


def _rate_metrics(parameters: Parameters, channels: Channels, streams: Complex[Any, "stream entry"]) -> Metrics:
    sinr = sinrs(parameters, channels.path_gains, streams)
    common, private = spectral_efficiency(sinr.common), spectral_efficiency(sinr.private)
    shared = allocate_common_rate(common, private)
    rate = (private + shared.common_rate) / parameters.frame.n_cells
    # Relative to the floor; without one every common stream will do.
    floor = parameters.common_floor
    margin = jnp.where(floor > 0.0, jnp.min(common) / jnp.where(floor > 0.0, floor, 1.0) - 1.0, 0.0)
    return {
        "sinr_common": sinr.common,
        "sinr_private": sinr.private,
        "private_rate": private,
        "common_rate": common,
        "min_rate": jnp.min(private),
        "total_min_rate": shared.min_rate,
        "rate": rate,
        "sum_rate": jnp.sum(rate),
        "margin_common_rate": margin,
    }


def _sensing_metrics(parameters: Parameters, channels: Channels, streams: Complex[Any, "stream entry"]) -> Metrics:
    images = target_images(parameters, streams)
    energy = expected_energy(images)
    known, unknown = (_bounds(parameters, energy, is_known) for is_known in (True, False))
    design_unknown = parameters.is_amplitude_unknown > 0.5
    margins = {
        "margin_crb_delay": parameters.crb_delay_max / jnp.where(design_unknown, unknown.delay, known.delay) - 1.0,
        "margin_crb_doppler": parameters.crb_doppler_max / jnp.where(design_unknown, unknown.doppler, known.doppler)
        - 1.0,
    }
    if parameters.is_realised:
        if channels.symbols is None:
            raise ConfigError('frame_model = "realisation": needs the symbols that `leoisac.draw` adds to channels.')
        energy = realised_energy(images, channels.symbols)
        known, unknown = (_bounds(parameters, energy, is_known) for is_known in (True, False))
    return {
        "crb_delay": known.delay,
        "crb_doppler": known.doppler,
        "crb_delay_unknown": unknown.delay,
        "crb_doppler_unknown": unknown.doppler,
        "fim": delay_doppler_information(energy, **_sensing(parameters), amplitude_known=True),
        **margins,
    }


def _bounds(parameters: Parameters, energy: Float[Array, "slot subcarrier"], is_known: bool) -> DelayDopplerBounds:
    return delay_doppler_bounds(energy, **_sensing(parameters), amplitude_known=is_known)


def _sensing(parameters: Parameters) -> dict[str, Any]:
    return {
        "delay_s": parameters.target_delay,
        "echo_to_noise": parameters.echo_to_noise,
        "slot_s": parameters.frame.slot_s,
        "spacing_hz": parameters.frame.spacing_hz,
    }


__all__ = [
    "evaluate",
    "expected_pilot_error",
    "frame_of",
    "parameters",
    "pilot_layout_of",
    "precoded_gains",
    "received_streams",
    "sinrs",
    "target_images",
]
