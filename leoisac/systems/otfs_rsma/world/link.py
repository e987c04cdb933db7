"""Noise and echo of a configuration: as its SNRs say, or from an absolute link budget. NumPy only.

A frame of radiated power ``P`` has the energy ``P N T``; a cell has the noise energy ``k T_sys``. Streams are counted
in ``sqrt(W)`` of the whole frame, so that noise per cell stands here as ``k T_sys B / (M N)``, referred to the
transmitter by the gain of the link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leoisac.antennas.steering import ula_steering_vector
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import deg_to_rad, from_db
from leoisac.geometry.travel import travel_of
from leoisac.propagation.bistatic_radar import echo_power_gain
from leoisac.propagation.free_space import free_space_gain, wavelength
from leoisac.propagation.noise import system_noise_temperature, thermal_noise_power
from leoisac.propagation.sky import Sky, sky_of
from leoisac.propagation.sky_config import has_sky
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView


@dataclass(frozen=True)
class Link:
    """Powers in W, gains linear.

    Attributes:
        receiver_noise: noise per cell of a receiver whose link has unit mean gain.
        echo_to_noise: echo power over noise per cell, per watt of the frame that a steering vector of unit norm sees.
        echo_amplitude: of the echo, in the same count.
        user_gain: mean gain of the link to the site, ``nan`` where SNRs define the noise.
    """

    receiver_noise: float
    echo_to_noise: float
    echo_amplitude: float
    user_gain: float


@dataclass(frozen=True)
class UserPlaces:
    """Where users are, seen from the satellite.

    Attributes:
        amplitude: of every user's link, relative to the site's.
        delays: residual delay in whole samples, the earliest user's 0.
        dopplers: residual Doppler shift in bins of ``1 / (N T)``, after that of the site was compensated.
    """

    amplitude: np.ndarray
    delays: tuple[int, ...]
    dopplers: tuple[float, ...]


def link_of(config: OtfsRsmaConfig) -> Link:
    """Noise and echo of a configuration."""
    if config.link == "snr":
        return Link(
            receiver_noise=config.total_power / float(from_db(config.comm_snr_db)),
            echo_to_noise=float(from_db(config.echo_snr_db)) / config.total_power,
            echo_amplitude=config.echo_gain * config.target_reflectivity,
            user_gain=float("nan"),
        )
    wavelength_m = wavelength(config.carrier_hz)
    element, loss = float(from_db(config.antenna_gain_dbi)), float(from_db(config.losses_db))
    user_gain = free_space_gain(site_range_m(config), wavelength_m)
    user_gain *= element * float(from_db(config.user_gain_dbi)) / loss
    target_m = 0.5 * SPEED_OF_LIGHT_M_S * config.target_delay
    echo = echo_power_gain(target_m, target_m, wavelength_m, config.rcs_m2, element, element) / loss**2
    echo *= array_gain(config)
    return Link(
        receiver_noise=_cell_noise(config, config.user_noise_figure_db) / user_gain,
        echo_to_noise=echo / _cell_noise(config, config.radar_noise_figure_db),
        echo_amplitude=float(np.sqrt(echo)),
        user_gain=user_gain,
    )


def array_gain(config: OtfsRsmaConfig) -> float:
    """Gain of the array towards the target: of beams (``space-dd``), or of antennas that all radiate the same."""
    if config.precoder_mode == "space-dd":
        return float(config.n_tx)
    steering = ula_steering_vector(deg_to_rad(config.target_angle_deg), config.n_tx)
    return float(np.abs(np.sum(np.asarray(steering))) ** 2) / config.n_tx


def site_range_m(config: OtfsRsmaConfig) -> float:
    """Slant range of the site around which users are."""
    sight = sight_of(config)
    return 1e3 * config.user_range_km if sight is None else float(sight.view.range_m)


def elevation(config: OtfsRsmaConfig) -> float:
    """Of the satellite at the site, radians; without a real one it is overhead."""
    sight = sight_of(config)
    return 0.5 * np.pi if sight is None else float(sight.view.elevation_rad)


def sky_over_users(config: OtfsRsmaConfig) -> Sky | None:
    """What links to users meet on their way (ConfigError as ``propagation.sky.sky_of``)."""
    return sky_of(config, elevation(config)) if has_sky(config) else None


def sight_of(config: OtfsRsmaConfig) -> ScenarioView | None:
    """The real satellite of the configuration at its instant, if it has one."""
    if config.satellite is None:
        return None
    from leoisac.geometry.scenario_view import scenario_view

    return scenario_view(config.satellite)


def user_places(config: OtfsRsmaConfig) -> UserPlaces | None:
    """Users on a circle around the site of a real satellite; ``None`` where there is none.

    The satellite compensates delay and Doppler shift of the site; what is left is the difference of ranges and range
    rates. Receivers are timed to a sample: residual delays are whole ones.
    """
    sight = sight_of(config)
    if sight is None:
        return None
    from leoisac.geometry.satellite_view import view
    from leoisac.geometry.sites import site_at_offset

    angles = 2.0 * np.pi * np.arange(config.n_users) / config.n_users
    offsets = 1e3 * config.user_spread_km * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    travel = travel_of(config)
    if travel is not None:
        heading = np.asarray(travel.heading)
        offsets = offsets + np.asarray(travel.way_m) * np.stack([np.sin(heading), np.cos(heading)])
    instant = sight.view.times
    height = config.satellite.height_m if config.satellite else 0.0
    views = [
        view(sight.elements, site_at_offset(sight.site, offset[0], offset[1], height), instant) for offset in offsets
    ]
    ranges = np.array([float(one.range_m) for one in views])
    rates = np.array([float(one.range_rate_m_s) for one in views]) - float(sight.view.range_rate_m_s)
    samples = ranges / SPEED_OF_LIGHT_M_S * config.n_delay * config.subcarrier_spacing
    shifts = -rates / wavelength(config.carrier_hz) * config.n_doppler * config.symbol_duration
    return UserPlaces(
        amplitude=float(sight.view.range_m) / ranges,
        delays=tuple(int(delay) for delay in np.round(samples - np.min(samples))),
        dopplers=tuple(float(shift) for shift in shifts),
    )


def _cell_noise(config: OtfsRsmaConfig, noise_figure_db: float) -> float:
    bandwidth = config.n_delay * config.subcarrier_spacing
    return float(thermal_noise_power(system_noise_temperature(noise_figure_db), bandwidth)) / config.n_dd
