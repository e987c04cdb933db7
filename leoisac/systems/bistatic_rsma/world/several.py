"""Targets and radar receivers beside the first: where they are, and their links. NumPy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.units import from_db
from leoisac.geometry.bistatic import bistatic_doppler_hz, bistatic_geometry
from leoisac.propagation.bistatic_radar import bistatic_rcs, echo_power_gain
from leoisac.propagation.free_space import wavelength
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.interference import satellite_velocity
from leoisac.systems.bistatic_rsma.world.link import BistaticLink, noise_power

_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
"""Between one further place and the next around the first, so that more of them leave the others where they are."""


class FurtherLinks(NamedTuple):
    """Radar links of the further targets, in SI.

    Attributes:
        target_m: positions, shape ``(further, 3)``.
        echo_snr: ``|alpha|^2 / sigma^2``, 1/W.
        delay: samples after the direct path's whole ones, not rounded.
        doppler_hz: of the motion, direct path's included; ``None`` where shifts are drawn.
    """

    target_m: np.ndarray
    echo_snr: np.ndarray
    delay: np.ndarray
    doppler_hz: np.ndarray | None


def further_targets(config: BistaticRsmaConfig, link: BistaticLink) -> FurtherLinks:
    """Where the further targets are and what their echoes have, the same cross-section for all."""
    placement = place(config)
    target = _further_m(config.further_targets_km, config.num_targets, config.target_spacing_km, placement.target_m)
    triangle = bistatic_geometry(placement.satellite_m, target, np.zeros(3))
    rcs = bistatic_rcs(config.rcs_m2, triangle.bistatic_angle, config.rcs_model)
    length = float(wavelength(config.carrier_hz, config.speed_of_light_m_s))
    gains = from_db(config.satellite_gain_dbi), from_db(config.receiver_gain_dbi)
    alpha_squared = echo_power_gain(triangle.range_tx, triangle.range_rx, length, rcs, *gains)
    path = np.asarray(triangle.range_tx) + np.asarray(triangle.range_rx)
    doppler = None
    if config.by_motion:
        velocity = satellite_velocity(config, placement), np.asarray(config.target_velocity_m_s, dtype=float)
        doppler = np.array(
            [
                bistatic_doppler_hz(placement.satellite_m, velocity[0], one, velocity[1], np.zeros(3), length)
                for one in target
            ]
        )
        doppler = doppler.reshape(-1)
    return FurtherLinks(
        target_m=target,
        echo_snr=np.broadcast_to(alpha_squared / noise_power(config), len(target)),
        delay=path * config.bandwidth_hz / config.speed_of_light_m_s - link.delay_offset,
        doppler_hz=doppler,
    )


def further_receivers_m(config: BistaticRsmaConfig) -> Float[np.ndarray, "further 3"]:
    """Positions of the receivers after the first, on the ground."""
    places = config.further_receivers_km
    flat = None if places is None else tuple((*one, 0.0) for one in places)
    return _further_m(flat, config.num_receivers, config.receiver_spacing_km, np.zeros(3))


def seen_by(config: BistaticRsmaConfig, receiver_m: Float[np.ndarray, "3"]) -> BistaticRsmaConfig:
    """The configuration in the frame of another receiver, which is its only one."""
    satellite, target = (
        tuple(float(value) for value in np.asarray(place_km) - 1e-3 * receiver_m)
        for place_km in (config.satellite_position_km, config.target_position_km)
    )
    return config.replace(
        satellite_position_km=satellite,
        target_position_km=target,
        num_receivers=1,
        further_receivers_km=None,
        pattern_points=0,
    )


def _further_m(
    places_km: tuple[tuple[float, float, float], ...] | None,
    count: int,
    spacing_km: float,
    first_m: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "further 3"]:
    """Stated places, or places around the first, in metres."""
    if places_km is not None:
        return 1e3 * np.asarray(places_km, dtype=float).reshape(-1, 3)
    turn = _GOLDEN_ANGLE * np.arange(count - 1)
    return first_m + 1e3 * spacing_km * np.stack([np.cos(turn), np.sin(turn), 0.0 * turn], axis=1)


__all__ = ["FurtherLinks", "further_receivers_m", "further_targets", "seen_by"]
