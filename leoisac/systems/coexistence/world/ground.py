"""Where the satellite is, as the cells see it. NumPy only, so that tables need no JAX."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from leoisac.foundation.config import ConfigError
from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M, SPEED_OF_LIGHT_M_S
from leoisac.foundation.units import dbm_to_w
from leoisac.propagation.sky import Sky as SkyOverUsers
from leoisac.propagation.sky import sky_of
from leoisac.propagation.sky_config import has_sky
from leoisac.systems.coexistence.config import CoexistenceConfig

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView

_ORBITAL_SPEED_M_S = 7.6e3
"""Of a low orbit, to 3 %: turns an along-track error into a time."""


@dataclass(frozen=True)
class Direction:
    """Satellite as seen from the cells.

    Attributes:
        elevation: radians.
        azimuth: radians from the x axis (east) towards y (north).
        range_m: slant range.
    """

    elevation: float
    azimuth: float
    range_m: float

    def offset(self, other: Direction) -> float:
        """Angle between two directions, radians."""
        first, second = self.unit_vector(), other.unit_vector()
        return float(math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second)))

    def unit_vector(self) -> np.ndarray:
        """Towards the satellite: east, north, up."""
        flat = math.cos(self.elevation)
        return np.array(
            [flat * math.cos(self.azimuth), flat * math.sin(self.azimuth), math.sin(self.elevation)], dtype=float
        )


@dataclass(frozen=True)
class Sky:
    """A real satellite over the cells.

    Attributes:
        true: where it is.
        predicted: where P1 takes it to be.
        sight: the satellite at its instant.
    """

    true: Direction
    predicted: Direction
    sight: ScenarioView


def slant_range(elevation: float | np.ndarray, altitude_m: float) -> float | np.ndarray:
    """Slant range over a spherical Earth in metres (TR 38.811, eq. 6.6-3); elevation in radians."""
    height = EARTH_MEAN_RADIUS_M * np.sin(elevation)
    return np.sqrt(height**2 + altitude_m**2 + 2.0 * altitude_m * EARTH_MEAN_RADIUS_M) - height


def sky(config: CoexistenceConfig) -> Sky | None:
    """The configuration's real satellite, and where P1 believes it to be; ``None`` without one.

    P1 designs for the satellite predicted from its elements. Two things make the prediction wrong: a clock or along-
    track error (``timing_offset_s``: the real satellite is that much later), and the age of the elements, which adds
    ``element_age_days * along_track_error_km_per_day`` along the track. Both are one delay along the orbit.

    Raises:
        ConfigError: if the prediction is below the horizon.
    """
    if config.satellite is None:
        return None
    from leoisac.geometry.satellite_view import view
    from leoisac.geometry.scenario_view import scenario_view

    sight = scenario_view(config.satellite)
    instant = sight.view.times[()]
    ahead = prediction_error_s(config)
    believed = view(sight.elements, sight.site, instant + np.timedelta64(round(1e9 * ahead), "ns"))
    if float(believed.elevation_rad) < 0.0:
        raise ConfigError(
            f"timing_offset_s = {config.timing_offset_s:g}, element_age_days = {config.element_age_days:g}: the "
            f"prediction, {timedelta(seconds=ahead)} ahead, is below the horizon; make the error smaller."
        )
    return Sky(_direction(sight.view), _direction(believed), sight)


def sky_over_users(config: CoexistenceConfig) -> SkyOverUsers | None:
    """What the satellite's links meet on their way (ConfigError as ``propagation.sky.sky_of``)."""
    over = sky(config) if has_sky(config) else None
    return sky_of(config, None if over is None else over.true.elevation, math.radians(config.min_elevation_deg))


def prediction_error_s(config: CoexistenceConfig) -> float:
    """How far the prediction is ahead of the satellite along its orbit, seconds."""
    along_track_m = 1e3 * config.along_track_error_km_per_day * config.element_age_days
    return config.timing_offset_s + along_track_m / _ORBITAL_SPEED_M_S


def _direction(view: object) -> Direction:
    elevation, compass, distance = (float(getattr(view, name)) for name in ("elevation_rad", "azimuth_rad", "range_m"))
    return Direction(elevation, 0.5 * math.pi - compass, distance)


def noise_power(config: CoexistenceConfig) -> float:
    """Noise of a receiver in W: density times bandwidth times noise figure."""
    return dbm_to_w(config.noise_density_dbm_hz + config.noise_figure_db) * config.bandwidth_hz


def friis_length(config: CoexistenceConfig) -> float:
    """``c / (kappa f)`` in metres, with ``kappa`` 2 pi as printed or 4 pi after Friis.

    Its square over the squared range is the free-space gain.
    """
    kappa = {"2pi": 2.0 * math.pi, "4pi": 4.0 * math.pi}[config.fspl_denominator]
    return SPEED_OF_LIGHT_M_S / (kappa * config.carrier_hz)
