"""Beams of a satellite over the ground: gain and carrier-to-noise ratio of places around a site. NumPy only."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M


class GroundBeams(NamedTuple):
    """What places get, ``nan`` where the satellite is below their horizon.

    Attributes:
        gain: power gain over an isotropic antenna with the same power, linear.
        carrier_to_noise: of a user there, linear: full power (or a design's), free space, no fading.
    """

    gain: Float[np.ndarray, "*place"]
    carrier_to_noise: Float[np.ndarray, "*place"]


class Seen(NamedTuple):
    """Places as the satellite sees them.

    Attributes:
        position_m: in the site's frame (east, north, up), on a ground that falls as the Earth does.
        down_m: from the satellite to the place.
        range_m: its length.
        is_above: the satellite is above the place's horizon.
    """

    position_m: Float[np.ndarray, "*place 3"]
    down_m: Float[np.ndarray, "*place 3"]
    range_m: Float[np.ndarray, "*place"]
    is_above: np.ndarray


def seen_places(satellite_m: np.ndarray, east_m: np.ndarray, north_m: np.ndarray) -> Seen:
    """Places at distances east and north of the site (of the same shape), for a satellite in the site's frame."""
    east, north = np.broadcast_arrays(np.asarray(east_m, dtype=float), np.asarray(north_m, dtype=float))
    fall = (east**2 + north**2) / (2.0 * EARTH_MEAN_RADIUS_M)
    places = np.stack([east, north, -fall], axis=-1)
    down = places - satellite_m
    distance = np.linalg.norm(down, axis=-1)
    upwards = places + np.array([0.0, 0.0, EARTH_MEAN_RADIUS_M])
    return Seen(places, down, distance, np.sum(-down * upwards, axis=-1) > 0.0)


def off_axis(down_m: np.ndarray, axis_m: np.ndarray) -> Float[np.ndarray, "*place"]:
    """Angles between directions and an axis; exact near zero."""
    cross = np.linalg.norm(np.cross(down_m, axis_m), axis=-1)
    return np.arctan2(cross, down_m @ axis_m)


def ground_beams(seen: Seen, gain: np.ndarray, power_w: float, wavelength_m: float, noise_w: float) -> GroundBeams:
    """Of a gain towards every place, for a total power and a user's noise (his antenna's gain in it)."""
    visible = np.where(seen.is_above, gain, np.nan)
    space = (wavelength_m / (4.0 * math.pi * seen.range_m)) ** 2
    return GroundBeams(visible, visible * power_w * space / noise_w)


__all__ = ["GroundBeams", "Seen", "ground_beams", "off_axis", "seen_places"]
