"""Pattern of a satellite feed: ITU-R S.1528 by its gain and beamwidth, or a circular aperture. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.antennas.aperture import aperture_gain, aperture_half_angle, aperture_peak_gain
from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import deg_to_rad, from_db, rad_to_deg, to_db
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig


def aperture_of(config: SelfBackhaulConfig) -> np.ndarray | None:
    """Radius of the aperture in wavelengths and its peak gain; ``None`` where the pattern is that of S.1528."""
    if config.feed_pattern == "s1528":
        return None
    radius = 0.5 * config.aperture_diameter_m * config.carrier_hz / SPEED_OF_LIGHT_M_S
    return np.array([radius, aperture_peak_gain(radius, config.aperture_efficiency)])


def feed_gain(config: SelfBackhaulConfig, off_axis: Any) -> Any:
    """Power gain of a feed at angles from its axis (radians)."""
    aperture = aperture_of(config)
    if aperture is None:
        half_power = deg_to_rad(config.half_power_angle_deg)
        return from_db(s1528_leo_gain_dbi(off_axis, config.max_gain_dbi, half_power, far_out_dbi=config.far_lobe_dbi))
    return aperture[1] * aperture_gain(off_axis, float(aperture[0]))


def peak_gain_dbi(config: SelfBackhaulConfig) -> float:
    """Gain of a feed on its axis."""
    aperture = aperture_of(config)
    return config.max_gain_dbi if aperture is None else float(to_db(aperture[1]))


def half_angle_deg(config: SelfBackhaulConfig) -> float:
    """One-sided half-power angle of a feed (ValueError for an aperture without one)."""
    aperture = aperture_of(config)
    return config.half_power_angle_deg if aperture is None else float(rad_to_deg(aperture_half_angle(aperture[0])))


__all__ = ["aperture_of", "feed_gain", "half_angle_deg", "peak_gain_dbi"]
