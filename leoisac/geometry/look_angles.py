"""Where a satellite stands for a site, and a site for a satellite: azimuth, elevation, range, Doppler, off-nadir.

All directions are geometric: no refraction (0.1 deg at 10 deg elevation, ITU-R P.834) and no light time (a satellite
moves 15 m while its signal travels 600 km).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from leoisac.foundation.constants import EARTH_MEAN_RADIUS_M, SPEED_OF_LIGHT_M_S
from leoisac.geometry._annotations import Number, Numbers
from leoisac.geometry.sites import Site, ecef_to_enu, ecef_to_enu_vector


@dataclass(frozen=True, eq=False)
class LookAngles:
    """Satellites as a site sees them; every field has the shape of the satellite positions' leading axes.

    Attributes:
        azimuth_rad: clockwise from north, [0, 2 pi).
        elevation_rad: above the plane normal to the ellipsoid's normal, [-pi/2, pi/2].
        range_m: slant range.
        range_rate_m_s: its time derivative; negative while approaching.
        off_nadir_rad: at the satellite, between the direction to the Earth's centre and that to the site.
    """

    azimuth_rad: Float[np.ndarray, "*batch"]
    elevation_rad: Float[np.ndarray, "*batch"]
    range_m: Float[np.ndarray, "*batch"]
    range_rate_m_s: Float[np.ndarray, "*batch"]
    off_nadir_rad: Float[np.ndarray, "*batch"]


def look_angles(
    site: Site, position_ecef_m: Float[np.ndarray, "*batch 3"], velocity_ecef_m_s: Float[np.ndarray, "*batch 3"]
) -> LookAngles:
    """Look angles, range, range rate and off-nadir angle of satellites at ECEF positions and velocities.

    The velocity must be relative to the rotating Earth (ECEF), as ``ElementSet.propagate`` gives it: then the site is
    at rest, and the range rate holds the site's own motion of up to 465 m/s.
    """
    offset = ecef_to_enu(site, position_ecef_m)
    azimuth, elevation = enu_to_angles(offset)
    return LookAngles(
        azimuth_rad=azimuth,
        elevation_rad=elevation,
        range_m=np.asarray(np.linalg.norm(offset, axis=-1)),
        range_rate_m_s=range_rate(offset, ecef_to_enu_vector(site, velocity_ecef_m_s)),
        off_nadir_rad=off_nadir_rad(position_ecef_m, site.position_ecef_m),
    )


def enu_to_angles(
    offset_enu: Float[np.ndarray, "*batch 3"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Azimuth in [0, 2 pi), clockwise from north, and elevation of ENU directions of any length."""
    east, north, up = np.moveaxis(offset_enu, -1, 0)
    azimuth = np.mod(np.arctan2(east, north), 2.0 * math.pi)
    # A tiny negative angle is rounded up to 2 pi itself.
    azimuth = np.where(azimuth >= 2.0 * math.pi, 0.0, azimuth)
    return np.asarray(azimuth), np.asarray(np.arctan2(up, np.hypot(east, north)))


def angles_to_enu(azimuth_rad: Numbers, elevation_rad: Numbers) -> Float[np.ndarray, "... 3"]:
    """ENU unit vectors of azimuths and elevations, shape ``(..., 3)``."""
    azimuth, elevation = np.broadcast_arrays(azimuth_rad, elevation_rad)
    horizontal = np.cos(elevation)
    return np.stack([horizontal * np.sin(azimuth), horizontal * np.cos(azimuth), np.sin(elevation)], axis=-1)


def range_rate(
    relative_position_m: Float[np.ndarray, "*batch 3"], relative_velocity_m_s: Float[np.ndarray, "*batch 3"]
) -> Float[np.ndarray, "*batch"]:
    """Derivative of the distance in m/s: ``r . v / |r|`` of the relative position and velocity; NaN at distance 0."""
    distance = np.linalg.norm(relative_position_m, axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sum(relative_position_m * relative_velocity_m_s, axis=-1) / distance)


def doppler_shift_hz(range_rate_m_s: Numbers, carrier_hz: Numbers) -> Float[np.ndarray, "..."]:
    """One-way Doppler shift in hertz, first order: ``-range_rate / c * carrier``. Approaching is positive.

    The neglected second order is below 0.7 Hz per GHz at 7.6 km/s.
    """
    return np.asarray(-np.asarray(range_rate_m_s) / SPEED_OF_LIGHT_M_S * np.asarray(carrier_hz))


def angle_between_rad(
    first: Float[np.ndarray, "... 3"], second: Float[np.ndarray, "... 3"]
) -> Float[np.ndarray, "..."]:
    """Angle between directions, [0, pi]: ``atan2(|a x b|, a . b)``, which keeps its digits near 0 and pi.

    Any lengths; the leading axes broadcast.
    """
    cross = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.asarray(np.arctan2(cross, np.sum(first * second, axis=-1)))


def angle_at_satellite_rad(
    satellite_m: Float[np.ndarray, "... 3"], first_m: Float[np.ndarray, "... 3"], second_m: Float[np.ndarray, "... 3"]
) -> Float[np.ndarray, "..."]:
    """Angle at the satellite between two points, such as a beam centre and a user; all positions in one frame."""
    return angle_between_rad(first_m - satellite_m, second_m - satellite_m)


def off_nadir_rad(satellite_ecef_m: Float[np.ndarray, "... 3"], point_ecef_m: Float[np.ndarray, "... 3"]) -> np.ndarray:
    """Angle at the satellite between the direction to the Earth's centre and that to a point.

    The geodetic vertical below the satellite differs from this geocentric nadir by up to 0.2 deg.
    """
    return angle_between_rad(-satellite_ecef_m, point_ecef_m - satellite_ecef_m)


def slant_range_m(
    altitude_m: Numbers, elevation_rad: Numbers, earth_radius_m: Number = EARTH_MEAN_RADIUS_M
) -> Float[np.ndarray, "..."]:
    """Slant range on a spherical Earth: ``sqrt(R^2 sin^2(e) + h^2 + 2 R h) - R sin(e)`` (TR 38.811, equation 6.6-3).

    Args:
        altitude_m: satellite altitude ``h`` above the sphere.
        elevation_rad: elevation ``e`` at a terminal on the sphere; broadcasts with the altitude.
        earth_radius_m: ``R``.

    Raises:
        ValueError: for negative altitudes.
    """
    altitude, vertical = np.asarray(altitude_m), earth_radius_m * np.sin(elevation_rad)
    if np.any(altitude < 0.0):
        raise ValueError(f"altitude_m is {np.min(altitude):.9g}; it must be 0 or more.")
    reach = altitude * (altitude + 2.0 * earth_radius_m)
    root = np.sqrt(vertical**2 + reach)
    # Two forms of one number: each is free of cancellation on its side.
    with np.errstate(invalid="ignore", divide="ignore"):
        stable = np.where(vertical > 0.0, reach / (root + vertical), root - vertical)
    return np.asarray(stable)


def spherical_off_nadir_rad(
    altitude_m: Numbers, elevation_rad: Numbers, earth_radius_m: Number = EARTH_MEAN_RADIUS_M
) -> Float[np.ndarray, "..."]:
    """Off-nadir angle on a spherical Earth: ``asin(R cos(e) / (R + h))``; arguments as for ``slant_range_m``."""
    return np.asarray(np.arcsin(earth_radius_m * np.cos(elevation_rad) / (earth_radius_m + np.asarray(altitude_m))))


def earth_central_angle_rad(
    altitude_m: Numbers, elevation_rad: Numbers, earth_radius_m: Number = EARTH_MEAN_RADIUS_M
) -> Float[np.ndarray, "..."]:
    """Angle at the Earth's centre between terminal and satellite, spherical: ``pi/2 - e - off-nadir``."""
    off_nadir = spherical_off_nadir_rad(altitude_m, elevation_rad, earth_radius_m)
    return np.asarray(math.pi / 2.0 - np.asarray(elevation_rad) - off_nadir)
