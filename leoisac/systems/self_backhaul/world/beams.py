"""Beams of the satellite over the ground: of its feeds, or of what a design radiates through them. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import dbm_to_w, dbw_to_w, from_db
from leoisac.propagation.ground_beams import GroundBeams, ground_beams, off_axis, seen_places
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.feed import feed_gain
from leoisac.systems.self_backhaul.world.ground import place


def beam_map(config: SelfBackhaulConfig, east_m: np.ndarray, north_m: np.ndarray, design: Any = None) -> GroundBeams:
    """The strongest feed towards every place, or the power that one trial's design radiates there.

    Args:
        config: at an instant.
        east_m, north_m: places around the Earth Station, of one shape.
        design: of one trial (without trial axis), with a satellite beam or satellite beams and a sensing covariance.
    """
    placement = place(config)
    seen = seen_places(placement.satellite_m, east_m, north_m)
    axes = placement.feed_centres_m - placement.satellite_m
    gains = np.stack([np.asarray(feed_gain(config, off_axis(seen.down_m, axis))) for axis in axes], axis=-1)
    noise = dbm_to_w(config.noise_power_dbm) / float(from_db(config.user_gain_dbi))
    wavelength_m = SPEED_OF_LIGHT_M_S / config.carrier_hz
    if design is None:
        power = float(dbw_to_w(config.satellite_power_dbw))
        return ground_beams(seen, np.max(gains, axis=-1), power, wavelength_m, noise)
    amplitude = np.sqrt(gains)
    beams = getattr(design, "satellite_beams", None)
    beams = np.asarray(design.satellite_beam)[None] if beams is None else np.asarray(beams)
    covariance = np.asarray(design.sensing_covariance) + np.einsum("ki,kj->ij", beams, np.conj(beams))
    power = float(np.trace(covariance).real)
    radiated = np.einsum("...i,ij,...j->...", amplitude, covariance, amplitude).real
    return ground_beams(seen, np.maximum(radiated, 0.0) / power, power, wavelength_m, noise)


def half_width_m(config: SelfBackhaulConfig) -> float:
    """Half the width of a map that shows the feeds."""
    return 2.4e3 * config.beam_diameter_km


__all__ = ["beam_map", "half_width_m"]
