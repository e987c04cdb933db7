"""What the satellite senses: where targets are, how the array sees them, what an echo is worth.

NumPy only, so that tables need no JAX. Two readings of the geometry (``sensing_geometry``):

* ``published``: a half-wavelength line array of one element per feed, every element with the feed's peak gain in every
  direction, and all targets at the Earth Station's range.
* ``consistent``: one antenna for everything. Targets lie on the Earth at their angles from nadir, in the plane of the
  local east; the feeds' patterns form the beampattern, and their common reflector gives them one phase centre.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from scipy.special import chndtr, chndtrinc

from leoisac.foundation.config import ConfigError
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import dbm_to_w, deg_to_rad, from_db
from leoisac.systems.self_backhaul.config import EARTH_RADIUS_M, SelfBackhaulConfig
from leoisac.systems.self_backhaul.world.feed import feed_gain, peak_gain_dbi
from leoisac.systems.self_backhaul.world.ground import Placement, place

IDLE = 0.1
"""Detection probability below which sensing does nothing."""


class Sensed(NamedTuple):
    """Targets as the satellite sees them.

    Attributes:
        steering: unit-norm vectors over the feeds; ``a^H V_0 a`` is the power in the beam matched to the direction.
            In the published reading those of the line array are in ``judge.evaluate``.
        gain: power gain of that beam towards the target, linear.
        distance_m: to the target.
        snr_per_watt: radar SNR, linear, after integration, per watt of ``a^H V_0 a``.
    """

    steering: Complex[np.ndarray, "target feed"]
    gain: Float[np.ndarray, " target"]
    distance_m: Float[np.ndarray, " target"]
    snr_per_watt: Float[np.ndarray, " target"]


def sensed_targets(config: SelfBackhaulConfig) -> Sensed:
    """Targets of a configuration in the reading that it asks for; with a real pass always the consistent one.

    Raises:
        ConfigError: if a direction misses the Earth, in the consistent reading.
    """
    placement = place(config)
    angles = np.asarray(deg_to_rad(np.asarray(config.target_angles_deg)))
    if config.has_consistent_sensing:
        amplitude = feed_amplitudes(config, angles, placement)
        gain = np.sum(amplitude**2, axis=1)
        steering = amplitude / np.sqrt(gain)[:, None] + 0j
        distance_m = _ranges_m(config, placement, angles)
    else:
        gain = np.full(angles.shape, from_db(peak_gain_dbi(config)))
        steering = np.full((len(angles), config.num_feeds), np.nan + 0j)
        distance_m = np.full(angles.shape, placement.slant_range_m)
    wavelength_m = SPEED_OF_LIGHT_M_S / config.carrier_hz
    # The radar equation of metrics.detection.radar_snr, which needs JAX.
    echo = gain * gain * wavelength_m**2 * config.rcs_m2 / ((4.0 * math.pi) ** 3 * distance_m**4)
    return Sensed(steering, gain, distance_m, echo * config.num_integrated / dbm_to_w(config.noise_power_dbm))


def least_pattern_w(config: SelfBackhaulConfig, sensed: Sensed) -> Float[np.ndarray, " target"]:
    """Least beampattern towards each target in W: as given, or what the least detection probability asks for."""
    if config.min_detection_probability is None:
        return np.broadcast_to(np.asarray(config.pattern_min_w, dtype=float), sensed.gain.shape)
    threshold = -2.0 * math.log(config.false_alarm)
    # P_D is the tail of a non-central chi-square variable of two degrees of freedom and non-centrality 2 SNR.
    snr = 0.5 * float(chndtrinc(threshold, 2.0, 1.0 - config.min_detection_probability))
    return snr / sensed.snr_per_watt


def detection_at(config: SelfBackhaulConfig, snr: Any) -> Any:
    """Detection probability of a steady target at an SNR, linear; ``metrics.detection`` without JAX, for tables."""
    return 1.0 - np.asarray(chndtr(-2.0 * math.log(config.false_alarm), 2.0, 2.0 * np.asarray(snr)))


def feed_amplitudes(
    config: SelfBackhaulConfig, angles: Float[np.ndarray, " angle"], placement: Placement | None = None
) -> Float[np.ndarray, "angle feed"]:
    """Amplitude gain of every feed towards directions at ``angles`` (radians) from nadir, in the plane of the east."""
    placement = place(config) if placement is None else placement
    directions = _directions(placement, angles)
    axes = placement.feed_centres_m - placement.satellite_m
    cross = np.linalg.norm(np.cross(directions[:, None], axes[None]), axis=-1)
    off_axis = np.arctan2(cross, directions @ axes.T)
    return np.sqrt(feed_gain(config, off_axis))


def _directions(placement: Placement, angles: Float[np.ndarray, " angle"]) -> Float[np.ndarray, "angle 3"]:
    """Unit vectors at angles from nadir, towards the local east."""
    nadir = np.array([0.0, 0.0, -EARTH_RADIUS_M]) - placement.satellite_m
    nadir = nadir / np.linalg.norm(nadir)
    east = np.array([1.0, 0.0, 0.0])
    east = east - (east @ nadir) * nadir
    east = east / np.linalg.norm(east)
    return np.cos(angles)[:, None] * nadir + np.sin(angles)[:, None] * east


def _ranges_m(
    config: SelfBackhaulConfig, placement: Placement, angles: Float[np.ndarray, " angle"]
) -> Float[np.ndarray, " angle"]:
    """Distances to where the directions meet the Earth."""
    from_centre = placement.satellite_m + np.array([0.0, 0.0, EARTH_RADIUS_M])
    height = float(np.linalg.norm(from_centre))
    room = EARTH_RADIUS_M**2 - (height * np.sin(angles)) ** 2
    if np.any(room <= 0.0):
        most = math.degrees(math.asin(min(EARTH_RADIUS_M / height, 1.0)))
        worst = config.target_angles_deg[int(np.argmin(room))]
        raise ConfigError(
            f"target_angles_deg = {worst:g}: looks past the Earth from {(height - EARTH_RADIUS_M) / 1e3:.0f} km; "
            f"angles must be below {most:.1f} degrees where the satellite is."
        )
    return height * np.cos(angles) - np.sqrt(room)


__all__ = ["IDLE", "Sensed", "detection_at", "feed_amplitudes", "least_pattern_w", "sensed_targets"]
