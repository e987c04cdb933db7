"""Spot beam of the satellite over the ground. NumPy only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.antennas.simple_patterns import gaussian_beam_gain
from leoisac.foundation.config import ConfigError
from leoisac.foundation.units import deg_to_rad, from_db
from leoisac.propagation.ground_beams import GroundBeams, ground_beams, off_axis, seen_places
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.world.ground import friis_length, noise_power, sky


def beam_map(config: CoexistenceConfig, east_m: np.ndarray, north_m: np.ndarray, design: Any = None) -> GroundBeams:
    """The beam on the site with an equal share of the satellite's power; with a design, with that of its first cell.

    Raises:
        ConfigError: without a real satellite, whose direction is then drawn.
    """
    over = sky(config)
    if over is None:
        raise ConfigError("beam map: needs a [satellite] part; without one the satellite's direction is drawn.")
    satellite = over.true.range_m * over.true.unit_vector()
    seen = seen_places(satellite, east_m, north_m)
    angle = off_axis(seen.down_m, -satellite)
    half_power = deg_to_rad(config.half_power_angle_deg)
    if config.beam_pattern == "s1528":
        gain = from_db(s1528_leo_gain_dbi(angle, config.satellite_gain_dbi, half_power))
    else:
        gain = float(from_db(config.satellite_gain_dbi)) * gaussian_beam_gain(angle, half_power)
    power = config.satellite_power_w / config.num_beams
    if design is not None:
        power = float(np.asarray(design.beam_power)[0])
    noise = noise_power(config) / float(from_db(config.tut_gain_dbi))
    return ground_beams(seen, gain, power, 4.0 * math.pi * friis_length(config), noise)


def half_width_m(config: CoexistenceConfig) -> float:
    """Half the width of a map that shows the spot overhead and its flank."""
    over = sky(config)
    distance = 1e3 * config.altitude_km if over is None else over.true.range_m
    return 3.0 * distance * math.tan(deg_to_rad(config.half_power_angle_deg))


__all__ = ["beam_map", "half_width_m"]
