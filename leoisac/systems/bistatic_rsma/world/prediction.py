"""The sensing requirement at any target position: what a predicted position asks of a design. Traceable."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float
from scipy import stats

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.units import from_db
from leoisac.geometry.bistatic import arrival_angles, bistatic_geometry, departure_angles
from leoisac.propagation.free_space import wavelength
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.model import Prediction
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.link import noise_power

_LAWS = ("constant", "cos-half-beta", "sin-half-beta")


def prediction_of(config: BistaticRsmaConfig) -> Prediction:
    """The numbers of a configuration."""
    placement = place(config)
    spreading = (4.0 * math.pi) ** 3 * noise_power(config)
    gains = from_db(config.satellite_gain_dbi + config.receiver_gain_dbi)
    wavelength_m = wavelength(config.carrier_hz, config.speed_of_light_m_s)
    numbers: dict[str, Any] = {
        "satellite_m": placement.satellite_m,
        "satellite_axes": placement.satellite_axes,
        "elements": upa(*config.satellite_array).positions,
        "receiver_array": config.receiver_array,
        "echo_gain": config.num_samples * gains * wavelength_m**2 * config.rcs_m2 / spreading,
        "law": [float(config.rcs_model == name) for name in _LAWS],
        "thresholds": np.broadcast_to(config.crb_threshold_rad2, 2),
        "amplitude_known": float(config.target_amplitude == "known"),
        "std_m": config.position_std_m,
        "radius": math.sqrt(float(stats.chi2.ppf(config.position_confidence, 3))),
    }
    return Prediction(**{name: jnp.asarray(value, dtype=float) for name, value in numbers.items()})


def floors_at(prediction: Prediction, points_m: Float[Array, "*point 3"]) -> Float[Array, "*point"]:
    """Least target gain in W that meets the thresholds for targets at these points (``world.link.link_budget``)."""
    triangle = bistatic_geometry(prediction.satellite_m, points_m, jnp.zeros(3))
    half = 0.5 * triangle.bistatic_angle
    law = prediction.law[0] + prediction.law[1] * jnp.cos(half) + prediction.law[2] * jnp.sin(half)
    snr = prediction.echo_gain * law / (triangle.range_tx**2 * triangle.range_rx**2)
    azimuth, zenith = arrival_angles(jnp.zeros(3), points_m)
    sine, cosine = jnp.sin(zenith), jnp.cos(zenith)
    # Derivatives of the direction cosines by azimuth and zenith angle.
    slopes = jnp.stack(
        [
            jnp.stack([-sine * jnp.sin(azimuth), cosine * jnp.cos(azimuth)], axis=-1),
            jnp.stack([sine * jnp.cos(azimuth), cosine * jnp.sin(azimuth)], axis=-1),
        ],
        axis=-2,
    )
    rows, columns = prediction.receiver_array
    count, steps = rows * columns, jnp.stack([rows, columns]) - 1.0
    # Of pi times the elements' places: mean products about the corner, or about the mean for an unknown amplitude.
    squares = math.pi**2 * steps * jnp.where(prediction.amplitude_known > 0.0, (2.0 * steps + 1.0) / 6.0, 0.0)
    squares = jnp.where(prediction.amplitude_known > 0.0, squares, math.pi**2 * ((steps + 1.0) ** 2 - 1.0) / 12.0)
    across = prediction.amplitude_known * math.pi**2 * steps[0] * steps[1] / 4.0
    spread = (
        count * jnp.array([[1.0, 0.0], [0.0, 0.0]]) * squares[0]
        + count * jnp.array([[0.0, 0.0], [0.0, 1.0]]) * (squares[1])
    )
    spread = spread + count * jnp.array([[0.0, 1.0], [1.0, 0.0]]) * across
    information = jnp.einsum("...ki,kl,...lj->...ij", slopes, spread, slopes) * 2.0 * snr[..., None, None]
    determinant = information[..., 0, 0] * information[..., 1, 1] - information[..., 0, 1] ** 2
    bounds = jnp.stack([information[..., 1, 1], information[..., 0, 0]], axis=-1) / determinant[..., None]
    return jnp.max(bounds / prediction.thresholds, axis=-1)


def beams_at(prediction: Prediction, points_m: Float[Array, "*point 3"]) -> Complex[Array, "*point tx"]:
    """Steering vectors of the satellite's array towards points."""
    azimuth, off_nadir = departure_angles(prediction.satellite_m, points_m, prediction.satellite_axes)
    return steering_vector(prediction.elements, azimuth, 0.5 * math.pi - off_nadir)
