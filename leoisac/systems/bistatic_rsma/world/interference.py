"""What the radar receiver hears besides the echo: the direct path and the ground. Powers, Doppler shifts; NumPy only.

The receiver compensates the Doppler shift of the direct path, which it knows from the ephemeris: Doppler shifts inside
the receive window are relative to that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.config import ConfigError
from leoisac.foundation.units import from_db
from leoisac.geometry.bistatic import bistatic_doppler_hz
from leoisac.propagation.free_space import free_space_gain, wavelength
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import Placement, place
from leoisac.systems.bistatic_rsma.world.link import BistaticLink

EARLY_SAMPLES = 16
"""Samples of the window before the direct path, where it is in the window."""


class Clutter(NamedTuple):
    """Cells of the ground around the receiver.

    Attributes:
        position_m: shape ``(cell, 3)``.
        power: mean ``|alpha_c|^2`` of every cell.
        doppler_hz: relative to the direct path, ground at rest.
    """

    position_m: np.ndarray
    power: np.ndarray
    doppler_hz: np.ndarray


def hears_interference(config: BistaticRsmaConfig) -> bool:
    """Whether anything but the echo is in the window."""
    return config.direct_path or config.clutter


def direct_power_gain(config: BistaticRsmaConfig, link: BistaticLink) -> float:
    """``|alpha_d|^2 = G_sat G_R (lambda / (4 pi R_los))^2`` between one element each, before any suppression."""
    gains = from_db(config.satellite_gain_dbi + config.receiver_gain_dbi)
    return float(gains * free_space_gain(link.range_los, wavelength(config.carrier_hz, config.speed_of_light_m_s)))


def satellite_velocity(config: BistaticRsmaConfig, placement: Placement) -> Float[np.ndarray, "3"]:
    """Velocity of the satellite in the receiver's frame, m/s."""
    if placement.sight is not None:
        return np.asarray(placement.sight.view.velocity_enu_m_s, dtype=float)
    return 1e3 * np.asarray(config.satellite_velocity_km_s, dtype=float)


def direct_doppler_hz(config: BistaticRsmaConfig, placement: Placement) -> float:
    """Doppler shift of the direct path, ``v . u / lambda`` with the direction u from the satellite to the receiver."""
    toward = -placement.satellite_m / np.linalg.norm(placement.satellite_m)
    return float(satellite_velocity(config, placement) @ toward) / _wavelength(config)


def echo_doppler_hz(config: BistaticRsmaConfig) -> float:
    """Doppler shift of the echo by motion, relative to the direct path's.

    Raises:
        ConfigError: if that is beyond the search.
    """
    placement = place(config)
    shift = float(
        bistatic_doppler_hz(
            placement.satellite_m,
            satellite_velocity(config, placement),
            placement.target_m,
            np.asarray(config.target_velocity_m_s, dtype=float),
            np.zeros(3),
            _wavelength(config),
        )
    ) - direct_doppler_hz(config, placement)
    if abs(shift) > config.doppler_search_hz:
        raise ConfigError(
            f"doppler_search_hz = {config.doppler_search_hz:g}: the echo is shifted by {shift:.0f} Hz against the "
            "direct path; search further."
        )
    return shift


def ground_clutter(config: BistaticRsmaConfig) -> Clutter:
    """Surface cells in a disc around the receiver.

    ``|alpha_c|^2 = G_sat G_R lambda^2 sigma0 dA / ((4 pi)^3 R_t^2 R_r^2)``, ``sigma0 = gamma sqrt(sin e_t sin e_r)`` of
    the grazing angles of both paths (constant-gamma model in bistatic form: M. Skolnik, Radar Handbook, 2008,
    chapter 23). Flat ground; the cell under the receiver is left out.
    """
    placement, cell = place(config), config.clutter_cell_m
    count = int(1e3 * config.clutter_radius_km // cell)
    line = cell * np.arange(-count, count + 1)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line, indexing="ij"))
    distance = np.hypot(x, y)
    chosen = (distance <= 1e3 * config.clutter_radius_km) & (distance > 0.5 * cell)
    position = np.stack([x[chosen], y[chosen], np.zeros(int(chosen.sum()))], axis=1)
    back = np.hypot(distance[chosen], config.receiver_height_m)
    offset = position - placement.satellite_m
    out = np.linalg.norm(offset, axis=1)
    grazing = np.sqrt(np.maximum(-offset[:, 2] / out, 0.0) * config.receiver_height_m / back)
    gains = from_db(config.satellite_gain_dbi + config.receiver_gain_dbi + config.clutter_gamma_db)
    power = gains * _wavelength(config) ** 2 * grazing * cell**2 / ((4.0 * math.pi) ** 3 * out**2 * back**2)
    shift = offset / out[:, None] @ satellite_velocity(config, placement) / _wavelength(config)
    return Clutter(position, power, shift - direct_doppler_hz(config, placement))


def _wavelength(config: BistaticRsmaConfig) -> float:
    return float(wavelength(config.carrier_hz, config.speed_of_light_m_s))
