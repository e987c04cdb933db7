"""How far the clocks of changing numbers have gone at an instant of a pass.

Every process is a stationary first-order autoregressive one (``foundation.evolution``), whose clock counts
decorrelations: shadowing by the way of a user (TR 38.901, table 7.5-6, "correlation distance") and of the satellite
over the sky, fading by coherence blocks with the correlation of Jakes over each, weather by its time constant (ITU-R
P.1853).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special

from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.evolution import MOST_KNOTS, SPACING, Reading, reading
from leoisac.geometry.time_axis import elapsed_s, parts, sky_way

TERRESTRIAL_SHADOWING = "terrestrial-shadowing"
TERRESTRIAL_FADING = "terrestrial-fading"
SATELLITE_SHADOWING = "satellite-shadowing"
SATELLITE_FADING = "satellite-fading"
WEATHER = "weather"
FRESH = "fresh"
"""New in every coherence block: noise, errors of estimates."""

_NOTHING_LEFT = 40.0
"""Decorrelations after which nothing is left: ``exp(-40)``."""
_FIRST_ZERO = 2.404825557695773
"""Of the Bessel function J0: a block that reaches it leaves nothing."""


def readings(config: Config) -> Mapping[str, Reading] | None:
    """The clock of every process at the configuration's instant; None where it is at no instant of a ``[time]`` axis.

    Raises:
        ConfigError: where blocks are too many to be counted.
    """
    elapsed = elapsed_s(config)
    if elapsed is None:
        return None
    time, _ = parts(config)
    block_s = time.coherence_block_s
    blocks = math.floor(elapsed / block_s + 1e-9)
    seconds, way = sky_way(config)
    wavelength_m = SPEED_OF_LIGHT_M_S / float(getattr(config, "carrier_hz"))  # noqa: B009
    own_speed = time.local_speed_m_s + time.travel_speed_m_s
    walked = own_speed * elapsed / time.shadowing_decorrelation_m
    turned = float(np.interp(elapsed, seconds, way))
    # Scatterers at a distance see the satellite turn as if the user went that far around them.
    speed = np.hypot(own_speed, time.scatterer_distance_m * np.gradient(way) if len(way) > 1 else 0.0)
    lost = block_loss(speed, wavelength_m, block_s)
    since_s = np.concatenate([[0.0], np.cumsum(0.5 * (lost[1:] + lost[:-1]) if len(way) > 1 else np.zeros(0))])
    clocks = {
        TERRESTRIAL_SHADOWING: walked,
        TERRESTRIAL_FADING: blocks * float(block_loss(own_speed, wavelength_m, block_s)),
        SATELLITE_SHADOWING: walked + turned / math.radians(time.sky_decorrelation_deg),
        SATELLITE_FADING: float(np.interp(blocks * block_s, seconds, since_s)) / block_s,
        WEATHER: elapsed / time.weather_decorrelation_s,
        FRESH: _NOTHING_LEFT * blocks,
    }
    most = max(clocks, key=lambda name: clocks[name])
    if clocks[most] > SPACING * MOST_KNOTS:
        raise ConfigError(
            f"time.coherence_block_s = {block_s:g}: {elapsed:g} s are more blocks than can be counted; make it longer."
        )
    return {name: reading(clock) for name, clock in clocks.items()}


def block_loss(speed_m_s: Any, wavelength_m: float, block_s: float) -> Any:
    """``-ln |J0(2 pi v T / lambda)|``: what isotropic fading loses in a coherence block, up to 40 (all of it)."""
    turned = 2.0 * math.pi * np.asarray(speed_m_s) * block_s / wavelength_m
    left = np.where(turned < _FIRST_ZERO, special.j0(np.minimum(turned, _FIRST_ZERO)), 0.0)
    with np.errstate(divide="ignore"):
        return np.minimum(-np.log(np.maximum(left, 0.0)), _NOTHING_LEFT) + 0.0


__all__ = [
    "FRESH",
    "SATELLITE_FADING",
    "SATELLITE_SHADOWING",
    "TERRESTRIAL_FADING",
    "TERRESTRIAL_SHADOWING",
    "WEATHER",
    "block_loss",
    "readings",
]
