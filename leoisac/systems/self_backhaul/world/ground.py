"""Where satellite, feed centres, Earth Station and base station are. NumPy only, so that tables need no JAX.

The frame is local to the Earth Station: x east, y north, z up, metres. The served square is ``[0, side]^2`` with the
Earth Station in the corner (0, 0) and the base station in the centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leoisac.systems.self_backhaul.config import SelfBackhaulConfig

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView


@dataclass(frozen=True)
class Placement:
    """Positions in the Earth Station's frame.

    Attributes:
        satellite_m: shape ``(3,)``.
        feed_centres_m: where the feeds' axes meet the ground, shape ``(feed, 3)``; the first at the Earth Station.
        bs_m: base station, shape ``(2,)``.
        sight: the real satellite at its instant (``None`` without one).
    """

    satellite_m: np.ndarray
    feed_centres_m: np.ndarray
    bs_m: np.ndarray
    sight: ScenarioView | None = None

    @property
    def slant_range_m(self) -> float:
        """Distance from the Earth Station to the satellite."""
        return float(np.linalg.norm(self.satellite_m))


def place(config: SelfBackhaulConfig) -> Placement:
    """Positions for a configuration: overhead at ``altitude_km``, or where a real satellite is.

    The feed ring has the radius ``sqrt(3)/2`` beam diameters (neighbouring beams of a hexagonal pattern touch).
    """
    east, north = _feed_ring(config)
    bs = np.full(2, config.area_side_m / 2)
    if config.satellite is None:
        satellite = np.array([0.0, 0.0, config.altitude_km * 1e3])
        return Placement(satellite, np.stack([east, north, np.zeros_like(east)], axis=-1), bs)

    from leoisac.geometry.scenario_view import scenario_view
    from leoisac.geometry.sites import ecef_to_enu, ground_points

    sight = scenario_view(config.satellite)
    centres = ecef_to_enu(sight.site, ground_points(sight.site, east, north, config.satellite.height_m))
    return Placement(sight.view.position_enu_m, centres, bs, sight)


def _feed_ring(config: SelfBackhaulConfig) -> tuple[np.ndarray, np.ndarray]:
    radius_m = np.sqrt(3.0) / 2.0 * config.beam_diameter_km * 1e3
    angle = 2.0 * np.pi * np.arange(config.num_feeds - 1) / (config.num_feeds - 1)
    east, north = radius_m * np.cos(angle), radius_m * np.sin(angle)
    return np.concatenate([[0.0], east]), np.concatenate([[0.0], north])
