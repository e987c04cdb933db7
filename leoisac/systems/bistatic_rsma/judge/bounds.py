"""Cramer-Rao bounds of everything that the receiver estimates, for what it knows. Traceable.

All from the mean Fisher information of direction, delay and Doppler shift together (``metrics.echo_fisher``): the
maximum-likelihood receiver knows the transmitted block, and the amplitude if so stated. Beam scan and MUSIC find the
direction without the block, which costs the factor ``1 + 1 / lambda``; what follows uses it. Departure and position are
functions of direction and delay.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.estimation.echo_model import Transmitter, echo_weights, target_place
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.geometry.bistatic import arrival_angles, departure_angles, unit_direction
from leoisac.metrics.echo_fisher import EchoShape, echo_information, unknown_waveform_factor
from leoisac.systems.bistatic_rsma.config import ESTIMATORS
from leoisac.systems.bistatic_rsma.model import Channels, EchoScene


def echo_bounds(
    scene: EchoScene, channels: Channels, precoder: Complex[Array, "tx stream"]
) -> dict[str, Float[Array, ""]]:
    """Bounds of the variances (of the squared distance for the position) at the true target, SI and radians."""
    transmitter = transmitter_of(scene, precoder.shape[0])
    direction = unit_direction(*arrival_angles(jnp.zeros(3), scene.target_m))
    point = jnp.stack([direction[0], direction[1], scene.delay])
    doppler = 0.0 if channels.echo is None else channels.echo.doppler_hz
    known, unknown = (
        _inverse(information_at(scene, precoder, point, doppler, scene.echo_snr, amplitude_known=flag))
        for flag in (True, False)
    )
    rows, columns = scene.receiver_array
    at, _ = echo_weights(transmitter, scene.sample_time_s, precoder, *point)
    array_snr = rows * columns * scene.echo_snr * jnp.sum(jnp.abs(at) ** 2)
    blind = unknown.at[:2, 2:].set(0.0).at[2:, :2].set(0.0)
    blind = blind.at[:2, :2].multiply(unknown_waveform_factor(jnp.maximum(array_snr, 1e-300)))
    joint = jnp.where(scene.amplitude_known > 0, known, unknown)
    covariance = jnp.where(scene.estimator == ESTIMATORS.index("ml"), joint, blind)

    def seen(parameters: Any) -> Any:
        """What is reported, as functions of direction cosines, delay and Doppler shift."""
        u, w, delay, shift = parameters
        place, _ = target_place(transmitter, scene.sample_time_s, u, w, delay)
        arrival = arrival_angles(jnp.zeros(3), place)
        departure = departure_angles(scene.satellite_m, place, scene.satellite_axes)
        return jnp.stack([*arrival, delay * scene.sample_time_s, shift, *departure, *place])

    jacobian = jax.jacfwd(seen)(jnp.append(point, jnp.asarray(doppler, dtype=float)))
    variances = jnp.einsum("ip,pq,iq->i", jacobian, covariance, jacobian)
    names = ("aoa_azimuth", "aoa_zenith", "delay", "doppler", "aod_azimuth", "aod_off_nadir")
    bounds = {f"{name}_bound": variances[index] for index, name in enumerate(names)}
    return bounds | {"position_bound": jnp.sum(variances[len(names) :])}


def information_at(
    scene: EchoScene,
    precoder: Complex[Array, "tx stream"],
    point: Float[Array, "3"],
    doppler_hz: Any,
    echo_snr: Any,
    *,
    amplitude_known: bool,
) -> Float[Array, "4 4"]:
    """Information of a receiver that knows the block about direction cosines, delay in samples and Doppler shift.

    Args:
        scene: sizes and places.
        precoder: ``P``.
        point: direction cosines and delay of the target.
        doppler_hz: its Doppler shift.
        echo_snr: ``|alpha|^2 / sigma^2``, 1/W.
        amplitude_known: whether the receiver knows the complex amplitude.
    """
    transmitter = transmitter_of(scene, precoder.shape[0])

    def weights(at: Any) -> Any:
        return echo_weights(transmitter, scene.sample_time_s, precoder, at[0], at[1], at[2])[0]

    at, slopes = weights(point), jax.jacfwd(weights)(point)  # (stream,), (stream, 3)
    slopes = jnp.concatenate([slopes.T, jnp.zeros((1, at.shape[0]))])
    rows, columns = scene.receiver_array
    shape = EchoShape(rows, columns, scene.num_samples, scene.sample_time_s)
    return echo_information(shape, at, slopes, echo_snr, doppler_hz, amplitude_known=amplitude_known)


def transmitter_of(scene: EchoScene, num_tx: int) -> Transmitter:
    """The satellite as the receiver knows it."""
    row, column = jnp.divmod(jnp.arange(num_tx), scene.satellite_array[1])
    positions = 0.5 * jnp.stack([row, column, jnp.zeros_like(row)], axis=-1)
    return Transmitter(
        scene.satellite_m, scene.satellite_axes, positions, scene.delay_offset * 1.0, scene.speed_of_light_m_s
    )


def _inverse(information: Float[Array, "p p"]) -> Float[Array, "p p"]:
    """Inverse of an information matrix of parameters in very different units."""
    scale = 1.0 / jnp.sqrt(jnp.maximum(jnp.diagonal(information), 1e-300))
    return scale[:, None] * jnp.linalg.inv(information * scale[:, None] * scale) * scale
