"""Carrier-to-noise ratios of channel arrays at the configuration's budgets, and what they cannot carry. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from leoisac.antennas.steering import ula_steering_vector
from leoisac.experiment.channel_levels import UNWANTED, Level, Levels, beam_gain, decibels
from leoisac.foundation.units import dbm_to_w, dbw_to_w, deg_to_rad, from_db
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.sensed import least_pattern_w, sensed_targets


def levels(config: SelfBackhaulConfig, arrays: Mapping[str, np.ndarray]) -> Levels:
    """Base station and satellite with all power in one matched beam, no interference."""
    noise = arrays["noise_power"]
    es_noise_dbm = config.noise_power_dbm if config.noise_power_es_dbm is None else config.noise_power_es_dbm
    at_es = noise * float(from_db(es_noise_dbm - config.noise_power_dbm))
    base, satellite = f"bs_power_dbw = {config.bs_power_dbw:g}", f"satellite_power_dbw = {config.satellite_power_dbw:g}"

    def ratio(name: str, power_dbw: float, receiver: np.ndarray) -> np.ndarray:
        gain = beam_gain(arrays[name])
        return power_dbw + decibels(gain / receiver.reshape(receiver.shape + (1,) * (gain.ndim - 1)))

    sinr_text = f"min_sinr_db = {config.min_sinr_db:g}"
    return Levels(
        {
            "h_users": Level(
                ratio("h_users", config.bs_power_dbw, noise),
                base,
                needed_db=config.min_sinr_db,
                needed_by=sinr_text,
            ),
            "h_es": Level(ratio("h_es", config.bs_power_dbw, at_es), base, UNWANTED),
            "g_users": Level(ratio("g_users", config.satellite_power_dbw, noise), satellite, UNWANTED),
            "g_es": Level(
                ratio("g_es", config.satellite_power_dbw, at_es),
                satellite,
                needed_db=feeder_need_db(config),
                needed_by=f"the least rates of {config.num_users} users ({sinr_text}) through one feeder link",
            ),
        },
        float(dbm_to_w(config.noise_power_dbm)),
        doubts=_sensing_doubts(config),
    )


def feeder_need_db(config: SelfBackhaulConfig) -> float:
    """Least C/N of a feeder link that carries the least rates of all users."""
    rates = config.num_users * np.log2(1.0 + float(from_db(config.min_sinr_db)))
    return float(decibels(2.0**rates - 1.0))


def requirement_doubts(config: SelfBackhaulConfig, feeder_db: float, access_db: float) -> list[str]:
    """What requirements ask for beyond what links can carry, at the C/N of the feeder link and of an access link."""
    found, need_db = [*_sensing_doubts(config)], feeder_need_db(config)
    left = 1.0 - least_sensing_w(config) / float(dbw_to_w(config.satellite_power_dbw))
    if left > 0.0 and feeder_db + float(decibels(left)) < need_db:
        carried, asked = (np.log2(1.0 + from_db(ratio)) for ratio in (feeder_db + float(decibels(left)), need_db))
        found.append(
            f"the feeder link carries {carried:.1f} bit/s/Hz with the power that sensing leaves, and the least rates "
            f"of num_users = {config.num_users} at min_sinr_db = {config.min_sinr_db:g} ask for {asked:.1f}: expect "
            "INFEASIBLE. Raise satellite_power_dbw, or ask for less."
        )
    if access_db < config.min_sinr_db:
        found.append(
            f"the access link's C/N of {access_db:.1f} dB at half the side is below min_sinr_db = "
            f"{config.min_sinr_db:g}: expect INFEASIBLE in most trials. Raise bs_power_dbw, or ask for less."
        )
    return found


def _sensing_doubts(config: SelfBackhaulConfig) -> tuple[str, ...]:
    power, sensing = float(dbw_to_w(config.satellite_power_dbw)), least_sensing_w(config)
    if sensing < power:
        return ()
    return (
        f"satellite_power_dbw = {config.satellite_power_dbw:g} is {power:.3g} W, and the beampattern towards the "
        f"targets alone takes at least {sensing:.3g} W: expect INFEASIBLE. Raise the power, or ask for less "
        "(pattern_min_w, min_detection_probability).",
    )


def least_sensing_w(config: SelfBackhaulConfig) -> float:
    """A power below which no sensing covariance has the beampattern asked for: weak duality, equal weights or one."""
    if config.pattern_mode == "joint":
        return 0.0  # the base station may do it
    sensed = sensed_targets(config)
    steering = sensed.steering
    if not config.has_consistent_sensing:
        angles = np.asarray(deg_to_rad(np.asarray(config.target_angles_deg)))
        steering = np.asarray(ula_steering_vector(angles, config.num_feeds)) / config.num_feeds**0.5
    asked = least_pattern_w(config, sensed)
    return float(max(np.sum(asked) / np.linalg.norm(steering, 2) ** 2, np.max(asked)))


__all__ = ["feeder_need_db", "least_sensing_w", "levels", "requirement_doubts"]
