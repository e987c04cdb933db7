"""The judge: rates, bounds, powers and margins of any design, always from the physical streams."""

from __future__ import annotations

from typing import Any

import numpy as np
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
from leoisac.metrics.multi_target_fisher import multi_target_bounds
from leoisac.metrics.rsma import RateSplittingSinr, allocate_common_rate
from leoisac.metrics.rsma_lmmse import effective_noise, lmmse_sinr
from leoisac.metrics.sampled_echo_fisher import sampled_echo_bounds
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.judge.bound_metrics import FrameBounds, bound_margins, bound_metrics
from leoisac.systems.otfs_rsma.judge.full_load import evaluate_loaded
from leoisac.systems.otfs_rsma.model import (
    Channels,
    Design,
    Frame,
    LoadedDesign,
    Parameters,
    PilotOutcome,
    RateBound,
    Reception,
)
from leoisac.systems.otfs_rsma.world.link import array_gain, link_of, user_places
from leoisac.waveforms.delay_doppler_channel import apply_in_time, apply_paths, path_operators, time_operators
from leoisac.waveforms.otfs import modulate, time_frequency_image

Metrics = dict[str, Float[Array, "..."]]


@in_double
def parameters(config: OtfsRsmaConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    fraction = config.common_power_fraction
    link = link_of(config)
    noise = _noise_with_errors(config, link.receiver_noise)
    steering = ula_steering_vector(deg_to_rad(config.target_angle_deg), config.n_tx)
    numbers = {
        "total_power": config.total_power,
        "noise": noise,
        "receiver_noise": link.receiver_noise,
        "pilot_energy": config.total_power * from_db(config.pilot_db),
        "sic_residual": config.sic_residual,
        "common_fraction": 0.0 if fraction == "free" else fraction,
        "is_split_fixed": fraction != "free",
        "has_equal_private": config.equal_private,
        "common_floor": config.common_rate_req,
        "crb_delay_max": config.crb_delay_max,
        "crb_doppler_max": config.crb_doppler_max,
        "is_amplitude_unknown": config.target_amplitude == "unknown",
        "echo_to_noise": link.echo_to_noise,
        "target_delay": config.target_delay,
        "target_doppler": config.target_doppler,
        "echo_amplitude": link.echo_amplitude,
        "delay_weight": config.delay_weight,
        "kept_rate_share": config.kept_rate_share,
        "passes_messages": config.equaliser == "mp",
        "beam_echo_gain": 1.0 if config.link == "snr" else config.n_tx / array_gain(config),
    }
    return Parameters(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        # A beam w arrives as a^H w.
        target_steering=jnp.asarray(steering.conj()) / jnp.sqrt(float(config.n_tx)),
        targets=jnp.asarray(_targets(config)),
        frame=frame_of(config),
        n_rx=config.n_rx,
        is_total=config.objective == "total",
        is_weighted=config.delay_weight > 0.0,
        is_realised=config.frame_model == "realisation",
        is_echo_sampled=config.pulse == "sampled",
        is_ceiling_sampled=config.ceiling_pulse == "sampled",
        is_time_frequency=config.waveform == "ofdm",
        is_joint=config.load_objective == "gaussian",
        coding={name: jnp.asarray(value) for name, value in link_numbers(config).items()},
    )


def _targets(config: OtfsRsmaConfig) -> np.ndarray:
    first = (config.target_delay, config.target_doppler, config.target_angle_deg, 0.0)
    rows = np.array([first, *config.other_targets])
    return np.column_stack([rows[:, :2], deg_to_rad(rows[:, 2]), from_db(rows[:, 3])])


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
    """Sizes and paths of a configuration.

    Raises:
        ConfigError: if users of a real satellite are further apart than a frame is long.
    """
    places = user_places(config)
    if places is not None and max(places.delays) + max(config.path_delays) >= config.n_dd:
        raise ConfigError(
            f"user_spread_km = {config.user_spread_km}: residual delays reach {max(places.delays)} samples, which with "
            f"path_delays is beyond the frame of {config.n_dd}; move users together or lengthen the frame."
        )
    return Frame(
        n_delay=config.n_delay,
        n_doppler=config.n_doppler,
        n_antennas=1 if config.precoder_mode == "dd" else config.n_tx,
        delays=tuple(config.path_delays),
        dopplers=tuple(float(doppler) for doppler in config.path_dopplers),
        spacing_hz=float(config.subcarrier_spacing),
        user_delays=places.delays if places else (),
        user_dopplers=jnp.asarray(places.dopplers) if places else None,
    )


def evaluate(
    parameters: Parameters,
    channels: Channels,
    design: Design | RateBound | Reception | LoadedDesign | PilotOutcome,
) -> Metrics:
    """Metrics of one trial's design.

    Rates are refined ones (arXiv:2506.02624, eqs. (2)-(8)): ``private_rate``, ``common_rate``, ``min_rate`` (the least
    private rate, the paper's objective) and ``total_min_rate`` (the least one with the common rate shared) are bits per
    stream symbol, one symbol a frame; ``rate`` and ``sum_rate``, with the common rate shared, are bit/s/Hz, prefix
    ignored. Bounds in s^2 and Hz^2 are for a known and an unknown echo amplitude, of ideal pulses (the paper's) and of
    the frame's own rectangular ones (``sampled``); with ``frame_model = "realisation"`` they are those of the trial's
    symbols. Where there are several targets or receive antennas each target has bounds of its own
    (``target_crb_...``). Designs at full load have rates in bit/s/Hz alone (``judge.full_load``). Margins are relative,
    of the expected frame and the amplitude that the configuration names, and met when not negative.

    Raises:
        ConfigError: if bounds of a realised frame are asked for and the channels hold no symbols.
    """
    if isinstance(design, RateBound):
        return {"min_rate": jnp.asarray(design.rate)}
    if isinstance(design, LoadedDesign):
        return evaluate_loaded(parameters, channels, design)
    if isinstance(design, PilotOutcome):
        return {"csi_error": design.errors, "csi_error_predicted": design.predicted, "paths_found": design.found}
    if isinstance(design, Reception):
        return {"bit_error_rate": design.bit_errors / design.bits}
    metrics = _rate_metrics(parameters, channels, design.streams)
    metrics |= _sensing_metrics(parameters, channels, design.streams)
    if parameters.n_rx > 1 or parameters.targets.shape[0] > 1:
        metrics |= _target_metrics(parameters, channels, design.streams)
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
        if design.estimate.targets is not None:
            errors = jnp.asarray(design.estimate.targets) - parameters.targets[:, :3]
            metrics |= {"target_delay_error": errors[:, 0], "target_doppler_error": errors[:, 1]}
            metrics |= {"target_angle_error": errors[:, 2]} if parameters.n_rx > 1 else {}
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
    if not frame.user_delays:
        return jnp.sum(_passed(frame, 0, gains, per_antenna[None]), axis=2)
    users = [_passed(frame, user, gains[user], per_antenna) for user in range(len(frame.user_delays))]
    return jnp.sum(jnp.stack(users), axis=2)


def _passed(
    frame: Frame, user: int, gains: Complex[Array, "*#batch antenna path"], x: Complex[Array, "*#batch antenna cell"]
) -> Complex[Array, "... antenna cell"]:
    """Frames through the paths of a user."""
    delays, dopplers = frame.paths_of(user)
    grid = (frame.n_delay, frame.n_doppler)
    if frame.user_dopplers is None and all(doppler.is_integer() for doppler in dopplers):
        return apply_paths(path_operators(delays, dopplers, *grid), gains, x)
    operators = time_operators(delays, dopplers, *grid)
    if frame.user_dopplers is not None:
        operators = operators._replace(weights=operators.weights * frame.turns(user))
    return apply_in_time(operators, gains, x, frame.n_delay)


def precoded_gains(frame: Frame, path_gains: Complex[Any, "user tx path"]) -> Complex[Array, "user antenna path"]:
    """Gains between precoded antennas and users: in mode ``dd`` all antennas are one, of unit mean gain."""
    path_gains = jnp.asarray(path_gains)
    if frame.n_antennas == path_gains.shape[1]:
        return path_gains
    return jnp.sum(path_gains, axis=1, keepdims=True) / jnp.sqrt(float(path_gains.shape[1]))


def streams_at_target(parameters: Parameters, streams: Complex[Any, "stream entry"]) -> Complex[Array, "stream cell"]:
    """Delay-Doppler grid of every stream as the target sees it."""
    frame = parameters.frame
    per_antenna = jnp.asarray(streams).reshape(streams.shape[0], frame.n_antennas, frame.n_cells)
    if frame.n_antennas == 1:
        return per_antenna[:, 0]
    return jnp.einsum("a,sac->sc", parameters.target_steering, per_antenna)


def target_images(parameters: Parameters, streams: Complex[Any, "stream entry"]) -> Complex[Array, "stream n i"]:
    """Time-frequency image of every stream as the target sees it."""
    return time_frequency_image(streams_at_target(parameters, streams), parameters.frame.n_delay)


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
    seen = streams_at_target(parameters, streams)
    images = time_frequency_image(seen, parameters.frame.n_delay)
    energy = expected_energy(images)
    bounds = _frame_bounds(parameters, energy, seen)
    margins = bound_margins(parameters, bounds)
    if parameters.is_realised:
        if channels.symbols is None:
            raise ConfigError('frame_model = "realisation": needs the symbols that `leoisac.draw` adds to channels.')
        energy = realised_energy(images, channels.symbols)
        bounds = _frame_bounds(parameters, energy, jnp.einsum("s,sc->c", channels.symbols, seen)[None])
    return {
        **bound_metrics(bounds),
        "fim": delay_doppler_information(energy, **_sensing(parameters), amplitude_known=True),
        **margins,
    }


def _target_metrics(parameters: Parameters, channels: Channels, streams: Complex[Any, "stream entry"]) -> Metrics:
    """Bounds of every target from the sampled echoes at the receive array, all others and all amplitudes unknown."""
    frame, targets = parameters.frame, parameters.targets
    per_antenna = jnp.asarray(streams).reshape(streams.shape[0], frame.n_antennas, frame.n_cells)
    if parameters.is_realised:
        per_antenna = jnp.einsum("s,sac->ac", channels.symbols, per_antenna)[None]
    bounds = multi_target_bounds(
        modulate(per_antenna, frame.n_delay),
        delays_s=targets[:, 0],
        dopplers_hz=targets[:, 1],
        angles_rad=targets[:, 2],
        echo_to_noise=parameters.echo_to_noise * targets[:, 3],
        n_rx=parameters.n_rx,
        sample_time_s=frame.sample_s,
    )
    found = {"target_crb_delay": bounds.delay, "target_crb_doppler": bounds.doppler, "target_crb_angle": bounds.angle}
    return {name: value for name, value in found.items() if value is not None}


def _frame_bounds(
    parameters: Parameters, energy: Float[Array, "slot subcarrier"], seen: Complex[Any, "stream cell"]
) -> FrameBounds:
    ideal = (_bounds(parameters, energy, is_known) for is_known in (True, False))
    return FrameBounds(*ideal, *(_sampled_bounds(parameters, seen, is_known) for is_known in (True, False)))


def _bounds(parameters: Parameters, energy: Float[Array, "slot subcarrier"], is_known: bool) -> DelayDopplerBounds:
    return delay_doppler_bounds(energy, **_sensing(parameters), amplitude_known=is_known)


def _sampled_bounds(parameters: Parameters, seen: Complex[Any, "stream cell"], is_known: bool) -> DelayDopplerBounds:
    return sampled_echo_bounds(
        modulate(seen, parameters.frame.n_delay),
        delay_s=parameters.target_delay,
        doppler_hz=parameters.target_doppler,
        echo_to_noise=parameters.echo_to_noise,
        sample_time_s=parameters.frame.sample_s,
        amplitude_known=is_known,
    )


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
    "streams_at_target",
    "target_images",
]
