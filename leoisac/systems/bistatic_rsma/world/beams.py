"""Beams of the satellite over the ground: matched to the target, or of a design's precoder. NumPy only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.foundation.units import dbw_to_w, from_db
from leoisac.geometry.bistatic import departure_angles
from leoisac.propagation.free_space import wavelength
from leoisac.propagation.ground_beams import GroundBeams, ground_beams, seen_places
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.link import noise_power, target_steering


def beam_map(config: BistaticRsmaConfig, east_m: np.ndarray, north_m: np.ndarray, design: Any = None) -> GroundBeams:
    """The beam matched to the target, or what one trial's design radiates.

    Args:
        config: at an instant.
        east_m, north_m: places around the receiver, of one shape.
        design: of one trial (without trial axis), with a precoder.
    """
    placement = place(config)
    seen = seen_places(placement.satellite_m, east_m, north_m)
    azimuth, off_nadir = departure_angles(placement.satellite_m, seen.position_m, placement.satellite_axes)
    towards = steering_vector(upa(*config.satellite_array).positions, azimuth, 0.5 * math.pi - off_nadir)
    if design is None:
        beams = target_steering(config)[:, None] / math.sqrt(config.num_tx)
        power = float(dbw_to_w(config.transmit_power_dbw))
        share = np.sum(np.abs(np.conj(towards) @ beams) ** 2, axis=-1)
    else:
        beams = np.asarray(design.precoder)
        power = float(np.sum(np.abs(beams) ** 2))
        share = np.sum(np.abs(np.conj(towards) @ beams) ** 2, axis=-1) / power
    noise = noise_power(config) / float(from_db(config.user_gain_dbi))
    wavelength_m = wavelength(config.carrier_hz, config.speed_of_light_m_s)
    return ground_beams(seen, float(from_db(config.satellite_gain_dbi)) * share, power, wavelength_m, noise)


def half_width_m(config: BistaticRsmaConfig) -> float:
    """Half the width of a map that shows the main beam overhead, and the users' disc."""
    height_m = float(place(config).satellite_m[2])
    return max(2.5 * height_m / max(config.satellite_array), 600.0 * config.coverage_diameter_km)


__all__ = ["beam_map", "half_width_m"]
