"""Where satellite, target, users and the disc of users are. NumPy only, so that tables need no JAX.

The frame is the radar receiver's: the receiver in the origin, z up, metres. Without a real satellite the ground is the
plane z = 0; with one, x is east and y is north of the receiver's site, and the ground follows the Earth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

if TYPE_CHECKING:
    from leoisac.geometry.scenario_view import ScenarioView
    from leoisac.geometry.sites import Site


@dataclass(frozen=True)
class Placement:
    """Positions in the receiver's frame, metres.

    Attributes:
        satellite_m: shape ``(3,)``.
        satellite_axes: rows are the x, y and z axes of the satellite's panel; z points away from nadir.
        target_m: shape ``(3,)``.
        centre_m: centre of the disc of users, shape ``(3,)``.
        centre_axes: rows are east, north and up there.
        ground_curvature: 1 / (2 R): the ground falls by this times the squared distance from the centre; 0 when flat.
        users_m: users at fixed places, shape ``(user, 3)``; ``None`` when they are drawn.
        sight: the real satellite at its instant (``None`` without one).
    """

    satellite_m: np.ndarray
    satellite_axes: np.ndarray
    target_m: np.ndarray
    centre_m: np.ndarray
    centre_axes: np.ndarray
    ground_curvature: float
    users_m: np.ndarray | None
    sight: ScenarioView | None = None

    @property
    def elevation(self) -> float:
        """Of the satellite at the receiver, radians."""
        east, north, up = self.satellite_m
        return math.atan2(float(up), float(np.hypot(east, north)))


def place(config: BistaticRsmaConfig) -> Placement:
    """Positions for a configuration: as it states them over flat ground, or below a real satellite."""
    target = 1e3 * np.asarray(config.target_position_km)
    if config.satellite is not None:
        return _below_real_satellite(config, target)
    satellite = 1e3 * np.asarray(config.satellite_position_km)
    return Placement(
        satellite_m=satellite,
        satellite_axes=np.eye(3),
        target_m=target,
        centre_m=_flat_centre(config, satellite),
        centre_axes=np.eye(3),
        ground_curvature=0.0,
        users_m=_stated_users(config),
    )


def _flat_centre(config: BistaticRsmaConfig, satellite: np.ndarray) -> np.ndarray:
    if config.coverage_centre == "sub-satellite":
        return satellite * (1.0, 1.0, 0.0)
    if config.coverage_centre == "receiver":
        return np.zeros(3)
    return np.array([1e3 * config.coverage_centre[0], 1e3 * config.coverage_centre[1], 0.0])


def _stated_users(config: BistaticRsmaConfig) -> np.ndarray | None:
    if config.user_positions_km is None:
        return None
    return 1e3 * np.array([(*place, 0.0)[:3] for place in config.user_positions_km])


def _below_real_satellite(config: BistaticRsmaConfig, target: np.ndarray) -> Placement:
    from leoisac.geometry.scenario_view import scenario_view
    from leoisac.geometry.sites import Site, ecef_to_enu, ground_points

    assert config.satellite is not None
    sight = scenario_view(config.satellite)
    site, height_m = sight.site, config.satellite.height_m
    below = Site(float(sight.view.sub_satellite_latitude_rad), float(sight.view.sub_satellite_longitude_rad), height_m)
    centre = _curved_centre(config, site, below)
    users = _stated_users(config)
    if users is not None:
        users = ecef_to_enu(site, ground_points(site, users[:, 0], users[:, 1], height_m + users[:, 2]))
    return Placement(
        satellite_m=sight.view.position_enu_m,
        satellite_axes=below.enu_rotation @ site.enu_rotation.T,
        target_m=target,
        centre_m=ecef_to_enu(site, centre.position_ecef_m),
        centre_axes=centre.enu_rotation @ site.enu_rotation.T,
        ground_curvature=0.5 / EARTH_MEAN_RADIUS_M,
        users_m=users,
        sight=sight,
    )


def _curved_centre(config: BistaticRsmaConfig, site: Site, below: Site) -> Any:
    from leoisac.geometry.sites import site_at_offset

    if config.coverage_centre == "sub-satellite":
        return below
    if config.coverage_centre == "receiver":
        return site
    east_km, north_km = config.coverage_centre
    return site_at_offset(site, 1e3 * east_km, 1e3 * north_km, below.height_m)
