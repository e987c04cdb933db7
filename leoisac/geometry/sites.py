"""Places on the WGS84 ellipsoid and their local frames.

Frames: ECEF is Earth-centred and Earth-fixed (z to the north pole, x to the Greenwich meridian at the equator); ENU is
east, north, up at a site, up along the ellipsoid's normal. Latitudes are geodetic, heights are above the ellipsoid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from leoisac.foundation.constants import WGS84_FLATTENING, WGS84_SEMI_MAJOR_M
from leoisac.geometry._annotations import Number, Numbers
from leoisac.geometry.geodesics import geodesic_direct

_ECCENTRICITY_2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
_SEMI_MINOR_M = WGS84_SEMI_MAJOR_M * (1.0 - WGS84_FLATTENING)
_LATITUDE_ROUNDS = 5  # each gains four digits near the surface, and more than two at any height above -5000 km
_HEIGHT_M = (-500.0, 100_000.0)


@dataclass(frozen=True)
class Site:
    """A point on or near the ground. Radians and metres; ``Site.from_degrees`` takes degrees.

    Attributes:
        latitude_rad: geodetic latitude, -pi/2 to pi/2, north positive.
        longitude_rad: longitude, from -pi up to but not including 2 pi, east positive.
        height_m: height above the WGS84 ellipsoid (not above sea level: the geoid lies within 107 m of it),
            -500 m to 100 km.

    Raises:
        ValueError: where a value is outside its range or not finite.
    """

    latitude_rad: Number
    longitude_rad: Number
    height_m: Number = 0.0

    def __post_init__(self) -> None:
        latitude_deg, longitude_deg = math.degrees(self.latitude_rad), math.degrees(self.longitude_rad)
        hint = "Site takes radians; use Site.from_degrees(latitude_deg, longitude_deg, height_m) for degrees."
        if not abs(self.latitude_rad) <= math.pi / 2.0:
            raise ValueError(f"latitude is {latitude_deg:.9g} deg; allowed are -90 to 90 deg. {hint}")
        if not -math.pi <= self.longitude_rad < 2.0 * math.pi:
            raise ValueError(f"longitude is {longitude_deg:.9g} deg; allowed are -180 to below 360 deg. {hint}")
        if not _HEIGHT_M[0] <= self.height_m <= _HEIGHT_M[1]:
            raise ValueError(
                f"height_m is {self.height_m:.9g}; allowed are {_HEIGHT_M[0]:g} to {_HEIGHT_M[1]:g} m "
                "above the WGS84 ellipsoid. Give metres, not kilometres or feet."
            )

    @classmethod
    def from_degrees(cls, latitude_deg: Number, longitude_deg: Number, height_m: Number = 0.0) -> Site:
        """The site at a latitude and longitude in degrees and a height in metres."""
        if not abs(latitude_deg) <= 90.0:
            raise ValueError(
                f"latitude_deg is {latitude_deg:.9g}; allowed are -90 to 90. The order is latitude, longitude, height."
            )
        if not -180.0 <= longitude_deg < 360.0:
            raise ValueError(f"longitude_deg is {longitude_deg:.9g}; allowed are -180 to below 360 (east positive).")
        return cls(math.radians(latitude_deg), math.radians(longitude_deg), height_m)

    @property
    def position_ecef_m(self) -> Float[np.ndarray, "3"]:
        """Position in ECEF."""
        return geodetic_to_ecef(self.latitude_rad, self.longitude_rad, self.height_m)

    @property
    def enu_rotation(self) -> Float[np.ndarray, "3 3"]:
        """Rotation from ECEF to ENU axes; its rows are the east, north and up unit vectors."""
        return enu_rotation(self.latitude_rad, self.longitude_rad)


def geodetic_to_ecef(
    latitude_rad: Numbers, longitude_rad: Numbers, height_m: Numbers = 0.0
) -> Float[np.ndarray, "... 3"]:
    """ECEF position of geodetic coordinates, shape ``(..., 3)`` in metres; the arguments broadcast.

    ``x = (N + h) cos(lat) cos(lon), y = (N + h) cos(lat) sin(lon), z = (N (1 - e^2) + h) sin(lat)`` with the prime
    vertical radius ``N = a / sqrt(1 - e^2 sin^2(lat))`` (NGA.STND.0036, section 4).
    """
    latitude, longitude, height = np.broadcast_arrays(latitude_rad, longitude_rad, height_m)
    sine, cosine = np.sin(latitude), np.cos(latitude)
    prime_vertical = WGS84_SEMI_MAJOR_M / np.sqrt(1.0 - _ECCENTRICITY_2 * sine**2)
    horizontal = (prime_vertical + height) * cosine
    vertical = (prime_vertical * (1.0 - _ECCENTRICITY_2) + height) * sine
    return np.stack([horizontal * np.cos(longitude), horizontal * np.sin(longitude), vertical], axis=-1)


def ecef_to_geodetic(
    position_m: Float[np.ndarray, "*batch 3"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Geodetic latitude, longitude in [-pi, pi] and height in metres of ECEF positions.

    Bowring's iteration on the reduced latitude ("The accuracy of geodetic latitude and height equations", Survey
    Review 28, 1985): to rounding for heights from -5000 km to beyond the geostationary orbit.

    Args:
        position_m: ECEF positions; NaN stays NaN.

    Raises:
        ValueError: for points more than 5000 km below the surface, where latitude loses its meaning.
    """
    x, y, z = np.moveaxis(position_m, -1, 0)
    radius = np.sqrt(x * x + y * y + z * z)
    if np.any(radius < WGS84_SEMI_MAJOR_M - 5.0e6):
        raise ValueError(
            f"a position lies {np.nanmin(radius):.6g} m from the Earth's centre; geodetic coordinates need 1.4e6 m "
            "or more. Positions are in metres: were these kilometres?"
        )
    equatorial = np.hypot(x, y)
    sine, cosine = _unit(z, equatorial * (1.0 - WGS84_FLATTENING))
    second = _ECCENTRICITY_2 / (1.0 - _ECCENTRICITY_2)
    latitude_parts = z, equatorial
    for _ in range(_LATITUDE_ROUNDS):
        latitude_parts = (
            z + second * _SEMI_MINOR_M * sine**3,
            equatorial - _ECCENTRICITY_2 * WGS84_SEMI_MAJOR_M * cosine**3,
        )
        sine, cosine = _unit((1.0 - WGS84_FLATTENING) * latitude_parts[0], latitude_parts[1])
    sin_latitude, cos_latitude = _unit(*latitude_parts)
    # This form of the height is smooth at the poles, where the textbook one divides by cos(latitude).
    height = (
        equatorial * cos_latitude
        + z * sin_latitude
        - WGS84_SEMI_MAJOR_M * np.sqrt(1.0 - _ECCENTRICITY_2 * sin_latitude**2)
    )
    return np.asarray(np.arctan2(*latitude_parts)), np.asarray(np.arctan2(y, x)), np.asarray(height)


def _unit(sine: Any, cosine: Any) -> tuple[Any, Any]:
    norm = np.hypot(sine, cosine)
    return sine / norm, cosine / norm


def enu_rotation(latitude_rad: Numbers, longitude_rad: Numbers) -> Float[np.ndarray, "... 3 3"]:
    """Rotation from ECEF to ENU axes, shape ``(..., 3, 3)``; its rows are the east, north and up unit vectors."""
    latitude, longitude = np.broadcast_arrays(latitude_rad, longitude_rad)
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(latitude), np.cos(latitude), np.sin(longitude), np.cos(longitude)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(sin_lon)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return np.stack([east, north, up], axis=-2)


def ecef_to_enu(site: Site, position_m: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Positions relative to the site in its ENU frame, from ECEF positions; metres."""
    return (position_m - site.position_ecef_m) @ site.enu_rotation.T


def enu_to_ecef(site: Site, position_enu_m: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """ECEF positions from positions relative to the site in its ENU frame; metres."""
    return position_enu_m @ site.enu_rotation + site.position_ecef_m


def ecef_to_enu_vector(site: Site, vector: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Free vectors (velocities, directions) turned from ECEF to ENU axes.

    An ECEF velocity is relative to the rotating Earth and therefore to the site: nothing needs subtracting.
    """
    return vector @ site.enu_rotation.T


def enu_to_ecef_vector(site: Site, vector_enu: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Free vectors (velocities, directions) turned from ENU to ECEF axes."""
    return vector_enu @ site.enu_rotation


def ground_points(site: Site, east_m: Numbers, north_m: Numbers, height_m: Numbers = 0.0) -> Float[np.ndarray, "... 3"]:
    """ECEF positions of points at offsets along the ground from a site, shape ``(..., 3)``.

    The offset is walked on the ellipsoid: a geodesic of length ``sqrt(east^2 + north^2)`` that leaves the site at
    azimuth ``atan2(east, north)``. Good for beam centres and users hundreds of kilometres away, where the tangent plane
    has long left the Earth.

    Args:
        site: where the geodesics start; its height plays no part.
        east_m: offsets to the east.
        north_m: offsets to the north; broadcasts with ``east_m`` and ``height_m``.
        height_m: heights of the points above the ellipsoid.
    """
    azimuth, distance = np.arctan2(east_m, north_m), np.hypot(east_m, north_m)
    latitude, longitude, _ = geodesic_direct(site.latitude_rad, site.longitude_rad, azimuth, distance)
    return geodetic_to_ecef(latitude, longitude, height_m)


def site_at_offset(site: Site, east_m: Number, north_m: Number, height_m: Number = 0.0) -> Site:
    """The site at an offset along the ground from another one (the geodesic of ``ground_points``)."""
    azimuth, distance = math.atan2(east_m, north_m), math.hypot(east_m, north_m)
    latitude, longitude, _ = geodesic_direct(site.latitude_rad, site.longitude_rad, azimuth, distance)
    return Site(float(latitude), float(longitude), height_m)
