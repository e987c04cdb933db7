"""Bistatic geometry: one transmitter, one target, one receiver, in any Cartesian frame.

A direction is an azimuth from x towards y and a polar angle from the z axis, both in radians. Functions compute in
the array library of their arguments, take positions of shape ``(..., 3)`` in metres, and are traceable by JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float

from leoisac.foundation.namespace import RealLike, array_namespace

Points = Float[Any, "*#batch 3"]
Axes = Float[Any, "3 3"]


class BistaticGeometry(NamedTuple):
    """Distances in metres and angles in radians of a transmitter, a target and a receiver.

    Attributes:
        range_tx: transmitter to target.
        range_rx: target to receiver.
        range_los: transmitter to receiver.
        bistatic_angle: at the target, between the directions to transmitter and receiver, 0 to pi.
        receiver_angle: at the receiver, between the directions to transmitter and target, 0 to pi.
    """

    range_tx: Any
    range_rx: Any
    range_los: Any
    bistatic_angle: Any
    receiver_angle: Any


def bistatic_geometry(transmitter_m: Points, target_m: Points, receiver_m: Points) -> BistaticGeometry:
    """Distances and angles of the triangle transmitter, target, receiver; the arguments broadcast."""
    xp = array_namespace(transmitter_m, target_m, receiver_m)
    to_transmitter, to_receiver = transmitter_m - target_m, receiver_m - target_m
    return BistaticGeometry(
        range_tx=_norm(to_transmitter, xp),
        range_rx=_norm(to_receiver, xp),
        range_los=_norm(transmitter_m - receiver_m, xp),
        bistatic_angle=_angle(to_transmitter, to_receiver, xp),
        receiver_angle=_angle(transmitter_m - receiver_m, target_m - receiver_m, xp),
    )


def departure_angles(platform_m: Points, point_m: Points, axes: Axes | None = None) -> tuple[Any, Any]:
    """Azimuth and off-nadir angle of points seen from a platform above.

    ``azimuth = atan2(y, x)``, ``off-nadir = arccos(-z / r)`` of the vector from platform to point, in the platform's
    axes.

    Args:
        platform_m: position of the platform.
        point_m: points.
        axes: rows are the platform's x, y and z axes (z away from nadir) in the frame of the positions; the frame's
            own axes when None.
    """
    azimuth, zenith = arrival_angles(platform_m, point_m, axes)
    return azimuth, array_namespace(zenith).pi - zenith


def arrival_angles(site_m: Points, point_m: Points, axes: Axes | None = None) -> tuple[Any, Any]:
    """Azimuth and zenith angle of points seen from a site: ``atan2(y, x)`` and ``arccos(z / r)``.

    Arguments as in ``departure_angles``.
    """
    xp = array_namespace(site_m, point_m)
    offset = point_m - site_m
    if axes is not None:
        offset = xp.sum(offset[..., None, :] * axes, axis=-1)
    x, y, z = offset[..., 0], offset[..., 1], offset[..., 2]
    # Two-argument form: the arc cosine loses half the digits near the axis.
    return xp.arctan2(y, x), xp.arctan2(xp.sqrt(x * x + y * y), z)


def unit_direction(azimuth: RealLike, zenith: RealLike) -> Any:
    """Unit vectors ``(sin zen cos az, sin zen sin az, cos zen)``, shape ``(..., 3)``."""
    xp = array_namespace(azimuth, zenith)
    x, y = xp.sin(zenith) * xp.cos(azimuth), xp.sin(zenith) * xp.sin(azimuth)
    return xp.stack(xp.broadcast_arrays(x, y, xp.cos(zenith) + 0.0 * x), axis=-1)


def ellipsoid_range(bistatic_range_m: RealLike, range_los_m: RealLike, cos_receiver_angle: RealLike) -> Any:
    """Distance from the receiver to the target on the ellipsoid of a bistatic range, along a direction.

    ``R_rx = (R^2 - R_los^2) / (2 (R - R_los cos(eta)))`` with the bistatic range ``R = R_tx + R_rx``: transmitter and
    receiver are the foci. There is no such point for ``R <= R_los``: the result is NaN.

    Args:
        bistatic_range_m: ``R``, path length transmitter - target - receiver.
        range_los_m: ``R_los``, transmitter to receiver.
        cos_receiver_angle: cosine of the angle ``eta`` at the receiver between transmitter and target.
    """
    xp = array_namespace(bistatic_range_m, range_los_m, cos_receiver_angle)
    exists = bistatic_range_m > range_los_m
    slack = xp.where(exists, bistatic_range_m - range_los_m * cos_receiver_angle, 1.0)
    return xp.where(exists, (bistatic_range_m**2 - range_los_m**2) / (2.0 * slack), xp.nan)


def ellipsoid_position(
    transmitter_m: Float[Any, "3"], azimuth: RealLike, zenith: RealLike, bistatic_range_m: RealLike
) -> Any:
    """Target position from angle of arrival and bistatic range; the receiver is the origin.

    The ray along the angle of arrival meets the ellipsoid of the bistatic range in one point (``ellipsoid_range``).

    Args:
        transmitter_m: position of the transmitter relative to the receiver.
        azimuth, zenith: angle of arrival at the receiver, radians; broadcast with the range.
        bistatic_range_m: path length transmitter - target - receiver (delay times the speed of light).

    Returns:
        Positions in metres, shape ``(..., 3)``; NaN where the range is not longer than the direct path.
    """
    xp = array_namespace(transmitter_m, azimuth, zenith, bistatic_range_m)
    direction = unit_direction(azimuth, zenith)
    range_los = _norm(transmitter_m, xp)
    cosine = xp.sum(direction * transmitter_m, axis=-1) / range_los
    return ellipsoid_range(bistatic_range_m, range_los, cosine)[..., None] * direction


def bistatic_doppler_hz(
    transmitter_m: Points,
    transmitter_velocity_m_s: Points,
    target_m: Points,
    target_velocity_m_s: Points,
    receiver_m: Points,
    wavelength_m: RealLike,
) -> Any:
    """Doppler shift of the echo at a receiver at rest, ``-(d/dt)(R_tx + R_rx) / wavelength``, in Hz."""
    xp = array_namespace(transmitter_m, target_m, receiver_m)
    from_transmitter = _unit(target_m - transmitter_m, xp)
    from_receiver = _unit(target_m - receiver_m, xp)
    rate = xp.sum(from_transmitter * (target_velocity_m_s - transmitter_velocity_m_s), axis=-1)
    rate = rate + xp.sum(from_receiver * target_velocity_m_s, axis=-1)
    return -rate / wavelength_m


def _norm(vector: Any, xp: Any) -> Any:
    return xp.sqrt(xp.sum(vector * vector, axis=-1))


def _unit(vector: Any, xp: Any) -> Any:
    return vector / _norm(vector, xp)[..., None]


def _angle(first: Any, second: Any, xp: Any) -> Any:
    """Angle between vectors; exact near 0 and pi, where the arc cosine is not."""
    first, second = xp.broadcast_arrays(first, second)
    cross = xp.cross(first, second)
    return xp.arctan2(_norm(cross, xp), xp.sum(first * second, axis=-1))
