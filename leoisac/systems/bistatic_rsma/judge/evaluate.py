"""The judge: rates, bounds, powers and margins of any design, always from the physical precoder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.foundation.units import dbw_to_w, from_db
from leoisac.geometry.bistatic import arrival_angles, departure_angles, unit_direction
from leoisac.link.outcome import link_metrics
from leoisac.link.settings import link_numbers
from leoisac.metrics.rsma import allocate_common_rate, rate_splitting_sinr
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.propagation.rician import rician_power_quadrature
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.judge.bounds import echo_bounds
from leoisac.systems.bistatic_rsma.judge.grids import direction_cosines
from leoisac.systems.bistatic_rsma.judge.scenes import clutter_requirement, echo_scene, receiver_scenes
from leoisac.systems.bistatic_rsma.judge.several_metrics import several_metrics
from leoisac.systems.bistatic_rsma.model import Channels, Design, EchoScene, Estimate, Parameters
from leoisac.systems.bistatic_rsma.world.link import direct_steering, link_budget
from leoisac.systems.bistatic_rsma.world.prediction import prediction_of

Metrics = dict[str, Float[Array, "..."]]

_LEAST_COMMON_RATE = 1e-3
"""Common-rate margins are relative to the bound, but to no less than this (bit/s/Hz): a mode may have none."""
_TINY = 1e-300


class StreamRates(NamedTuple):
    """Rates of the common and the own private stream at every user, bit/s/Hz."""

    common: Any  # (..., user)
    private: Any  # (..., user)


@in_double
def parameters(config: BistaticRsmaConfig) -> Parameters:
    """The configuration's numbers that designs and the judge need, in SI."""
    link = link_budget(config)
    powers, weights = rician_power_quadrature(from_db(config.fading_factor_db))
    scalars = {
        "transmit_power": dbw_to_w(config.transmit_power_dbw),
        "kappa_azimuth": link.kappa_azimuth,
        "kappa_zenith": link.kappa_zenith,
        "kappa_azimuth_unknown": link.kappa_azimuth_unknown,
        "kappa_zenith_unknown": link.kappa_zenith_unknown,
    }
    return Parameters(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in scalars.items()},
        fading_powers=jnp.asarray(powers),
        fading_weights=jnp.asarray(weights),
        pattern_steering=jnp.asarray(pattern_steering(config)) if config.pattern_points else None,
        scene=echo_scene(config, link),
        coding={
            name: jnp.asarray(value)
            for name, value in (link_numbers(config) | {"by_mean": float(config.link_adaptation == "mean")}).items()
        },
        prediction=prediction_of(config) if config.robustness == "ellipsoid" else None,
        antenna_power=None if config.per_antenna_power_w is None else jnp.asarray(config.per_antenna_power_w),
        receivers=receiver_scenes(config),
        clutter=clutter_requirement(config, link),
        null_steering=jnp.asarray(direct_steering(config)) if config.direct_null else None,
    )


def pattern_steering(config: BistaticRsmaConfig) -> np.ndarray:
    """Steering vectors of the beampattern map, shape ``(pattern_y, pattern_x, tx)``.

    The map is over the direction cosines ``(sin(off-nadir) cos(azimuth), sin(off-nadir) sin(azimuth))``; its corners
    outside the unit circle are no directions.
    """
    cosine = direction_cosines(config.pattern_points)
    y, x = np.meshgrid(cosine, cosine, indexing="ij")
    radius = np.minimum(np.hypot(x, y), 1.0)
    return steering_vector(upa(*config.satellite_array).positions, np.arctan2(y, x), np.arccos(radius))


def evaluate(parameters: Parameters, channels: Channels, design: Design) -> Metrics:
    """Metrics of one trial's design.

    Rates (bit/s/Hz) are the paper's upper bounds, with mean path gains; ``ergodic_min_rate`` averages the instantaneous
    rates over each user's Rician fading and then shares the common rate anew; ``faded_min_rate`` is that of the
    trial's own fades. Bounds are in rad^2, powers and gains in W. Margins are relative, and met when not negative:
    ``margin_crb = ||P^H a_t||^2 / floor - 1``; ``margin_power = 1 - ||P||^2 / P_t``, or that of the element nearest to
    its limit where elements have limits and it is smaller; ``margin_common_rate`` compares the shares of the common
    rate (none of them negative) with the least rate at which all can decode it. All rates are those of the true
    channels; where designs know others, the common stream is slowed down to what all can decode.
    """
    users = channels.user_noise_ratio.shape[0]
    powers = stream_powers(channels.user_steering, design.precoder)
    interference = 0.0 if design.radar_interference is None else design.radar_interference
    rates = stream_rates(powers, interference, channels.user_noise_ratio)
    common_bound = jnp.min(rates.common)
    shares = _delivered_shares(channels, jnp.asarray(design.common_rate), common_bound)
    rate = rates.private + shares
    slack = jnp.minimum(common_bound - jnp.sum(shares), jnp.min(shares))
    per_stream = jnp.sum(_squared(design.precoder), axis=0)
    groups = jnp.stack([jnp.sum(per_stream[:users]), per_stream[users], per_stream[users + 1]])
    total = jnp.sum(per_stream)
    gain = jnp.sum(stream_powers(channels.target_steering[None], design.precoder))
    metrics = {
        "min_rate": jnp.min(rate),
        "rate": rate,
        "sum_rate": jnp.sum(rate),
        "private_rate": rates.private,
        "common_rate": shares,
        "common_rate_bound": common_bound,
        "ergodic_min_rate": _ergodic_min_rate(parameters, powers, interference, channels.user_noise_ratio),
        "faded_min_rate": _faded_min_rate(powers, interference, channels),
        "crb_azimuth": parameters.kappa_azimuth / gain,
        "crb_zenith": parameters.kappa_zenith / gain,
        "crb_azimuth_unknown": parameters.kappa_azimuth_unknown / gain,
        "crb_zenith_unknown": parameters.kappa_zenith_unknown / gain,
        "target_gain": gain,
        "target_gain_group": _by_group(stream_powers(channels.target_steering[None], design.precoder))[:, 0],
        "user_gain_group": _by_group(powers),
        "power_share": groups / jnp.maximum(total, _TINY),
        "total_power": total,
        "margin_crb": gain / channels.gain_floor - 1.0,
        "margin_power": _power_margin(parameters, design),
        "margin_common_rate": slack / jnp.maximum(common_bound, _LEAST_COMMON_RATE),
    }
    if parameters.clutter is not None:
        clutter = jnp.sum(stream_powers(parameters.clutter.rows, design.precoder))
        metrics["clutter_to_noise"] = clutter
        metrics["margin_scnr"] = gain / (parameters.clutter.least_gain * (1.0 + clutter)) - 1.0
    if parameters.null_steering is not None:
        metrics["direct_gain"] = jnp.sum(stream_powers(parameters.null_steering[None], design.precoder))
    if parameters.pattern_steering is not None:
        metrics["beampattern"] = group_beampattern(parameters.pattern_steering, design.precoder)
    if design.estimate is not None:
        metrics |= _echo_metrics(parameters.scene, channels, design.estimate)
        metrics |= echo_bounds(parameters.scene, channels, design.precoder)
        metrics |= several_metrics(parameters, channels, design)
    if design.words is not None:
        metrics |= link_metrics(design.words, total, 1.0 / parameters.scene.sample_time_s)
    return metrics


def _delivered_shares(
    channels: Channels, shares: Float[Array, " user"], common_bound: Float[Array, ""]
) -> Float[Array, " user"]:
    """Shares of the common rate, all of them smaller by the same factor where the true channels cannot carry them."""
    if channels.known_steering is None:
        return shares
    return shares * jnp.minimum(1.0, common_bound / jnp.maximum(jnp.sum(shares), _TINY))


def _power_margin(parameters: Parameters, design: Design) -> Float[Array, ""]:
    margin = 1.0 - jnp.sum(_squared(design.precoder)) / parameters.transmit_power
    if parameters.antenna_power is None:
        return margin
    return jnp.minimum(margin, 1.0 - jnp.max(jnp.sum(_squared(design.precoder), axis=1)) / parameters.antenna_power)


def _echo_metrics(scene: EchoScene, channels: Channels, estimate: Estimate) -> Metrics:
    """Errors of the receiver's estimates: estimated minus true, azimuths within -pi to pi."""
    aoa = arrival_angles(jnp.zeros(3), scene.target_m)
    aod = departure_angles(scene.satellite_m, scene.target_m, scene.satellite_axes)
    pointing = jnp.sum(unit_direction(*aoa) * unit_direction(estimate.aoa_azimuth, estimate.aoa_zenith))
    doppler = 0.0 if channels.echo is None else channels.echo.doppler_hz
    metrics = {
        "aoa_azimuth_error": _wrapped(estimate.aoa_azimuth - aoa[0]),
        "aoa_zenith_error": estimate.aoa_zenith - aoa[1],
        "aoa_error": jnp.arccos(jnp.clip(pointing, -1.0, 1.0)),
        "delay_error": (estimate.delay - scene.delay) * scene.sample_time_s,
        "doppler_shift": jnp.asarray(doppler, dtype=float),
        "doppler_error": estimate.doppler_hz - doppler,
        "aod_azimuth_error": _wrapped(estimate.aod_azimuth - aod[0]),
        "aod_off_nadir_error": estimate.aod_off_nadir - aod[1],
        "position_error": jnp.linalg.norm(estimate.position_m - scene.target_m),
        "eigenvalue_ratio": jnp.asarray(estimate.eigenvalue_ratio),
        "prominence": jnp.asarray(estimate.prominence),
        "echo_false_alarm": jnp.asarray(estimate.false_alarm),
        "echo_detected": jnp.asarray(estimate.false_alarm < scene.false_alarm_rate, dtype=float),
    }
    if estimate.residual_to_noise is not None:
        for name in ("interference_to_noise", "residual_to_noise", "echo_kept"):
            metrics[name] = jnp.asarray(getattr(estimate, name))
    if estimate.music_spectrum is not None:
        metrics["music_spectrum"] = jnp.asarray(estimate.music_spectrum)
        metrics["delay_doppler_map"] = jnp.asarray(estimate.delay_doppler_map)
    return metrics


def _wrapped(angle: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.arctan2(jnp.sin(angle), jnp.cos(angle))


def stream_powers(
    steering: Complex[Any, "*batch tx"], precoder: Complex[Any, "tx stream"]
) -> Float[Any, "*batch stream"]:
    """``|a^H p_j|^2`` in W for every direction and stream."""
    xp = array_namespace(steering, precoder)
    return _squared(xp.einsum("...n,nj->...j", xp.conj(steering), precoder))


def stream_rates(
    powers: Float[Any, "*batch user stream"], radar_interference: RealLike, noise: Float[Any, "*batch user"]
) -> StreamRates:
    """Rates of the common and private streams from received powers and noise in the same unit.

    The common stream is decoded first against all private ones; the radar sequence disturbs both where it is not
    cancelled (``radar_interference`` = 1).
    """
    users = powers.shape[-2]
    radar = radar_interference * powers[..., users + 1]
    sinr = rate_splitting_sinr(powers[..., :users], powers[..., users], radar, noise)
    return StreamRates(spectral_efficiency(sinr.common), spectral_efficiency(sinr.private))


def group_beampattern(
    steering: Complex[Any, "*batch tx"], precoder: Complex[Any, "tx stream"]
) -> Float[Any, "3 *batch"]:  # noqa: F821
    """Beampattern ``sum_j |a^H p_j|^2 / ||P||_F^2`` of the private, common and radar streams, at most N_tx."""
    xp = array_namespace(steering, precoder)
    total = xp.sum(_squared(precoder))
    return _by_group(stream_powers(steering, precoder)) / xp.maximum(total, _TINY)


def _by_group(powers: Float[Any, "*batch stream"]) -> Float[Any, "3 *batch"]:  # noqa: F821
    """Powers of the private streams together, the common stream, the radar sequence."""
    xp = array_namespace(powers)
    return xp.stack([xp.sum(powers[..., :-2], axis=-1), powers[..., -2], powers[..., -1]])


def _ergodic_min_rate(
    parameters: Parameters,
    powers: Float[Array, "user stream"],
    radar_interference: RealLike,
    noise: Float[Array, " user"],
) -> Float[Array, ""]:
    """All streams share a user's fade x, which scales its noise ratio: ``rho -> rho / x``."""
    faded_noise = noise / parameters.fading_powers[:, None]
    rates = stream_rates(
        jnp.broadcast_to(powers, (*faded_noise.shape, powers.shape[-1])), radar_interference, faded_noise
    )
    common, private = (jnp.sum(parameters.fading_weights[:, None] * rate, axis=0) for rate in rates)
    return allocate_common_rate(common, private).min_rate


def _faded_min_rate(
    powers: Float[Array, "user stream"], radar_interference: RealLike, channels: Channels
) -> Float[Array, ""]:
    """Least rate at the trial's own fades, the common rate shared for them."""
    fade = jnp.maximum(_squared(channels.user_fading), _TINY)
    rates = stream_rates(powers, radar_interference, channels.user_noise_ratio / fade)
    return allocate_common_rate(rates.common, rates.private).min_rate


def _squared(values: Complex[Any, "..."]) -> Float[Any, "..."]:
    # Not through the modulus: that has no derivative at zero.
    return values.real**2 + values.imag**2


__all__ = [
    "StreamRates",
    "evaluate",
    "group_beampattern",
    "parameters",
    "pattern_steering",
    "stream_powers",
    "stream_rates",
]
