"""Steering vectors of any array and their derivatives.

Angles: azimuth from x towards y, elevation from the xy plane towards z, both in radians. The direction from the array
to the far point is ``d = (cos el cos az, cos el sin az, sin el)``.
"""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Complex, Float

from leoisac.antennas.arrays import ula
from leoisac.foundation.namespace import RealLike, array_namespace

Positions = Float[Any, "antenna 3"]
Direction = tuple[Any, Any, Any]


def steering_vector(positions: Positions, azimuth: RealLike, elevation: RealLike) -> Complex[Any, "... antenna"]:
    """Steering vector with unit-modulus entries, ``a_i = exp(+j 2 pi r_i . d)``.

    Args:
        positions: element positions in wavelengths (``ArrayLayout.positions``).
        azimuth: radians, any shape.
        elevation: radians, a shape that broadcasts against ``azimuth``.

    Returns:
        Complex array of the broadcast shape of the angles, with the antenna axis last. Its squared norm is the number
        of elements.
    """
    xp = array_namespace(positions, azimuth, elevation)
    x, y, z = (xp.cos(elevation) * xp.cos(azimuth), xp.cos(elevation) * xp.sin(azimuth), xp.sin(elevation))
    return xp.exp(1j * _phase(positions, (x, y, z), xp))


def steering_derivatives(
    positions: Positions, azimuth: RealLike, elevation: RealLike
) -> tuple[Complex[Any, "... antenna"], Complex[Any, "... antenna"]]:
    """Derivatives of the steering vector with respect to azimuth and to elevation, per radian.

    ``da_i/daz = j 2 pi (r_i . dd/daz) a_i`` and likewise for elevation, with
    ``dd/daz = (-cos el sin az, cos el cos az, 0)`` and ``dd/del = (-sin el cos az, -sin el sin az, cos el)``.
    Arguments as in ``steering_vector``; each result has its shape.
    """
    xp = array_namespace(positions, azimuth, elevation)
    a = steering_vector(positions, azimuth, elevation)
    cos_az, sin_az = xp.cos(azimuth), xp.sin(azimuth)
    cos_el, sin_el = xp.cos(elevation), xp.sin(elevation)
    by_azimuth = _phase(positions, (-cos_el * sin_az, cos_el * cos_az, 0.0 * cos_el), xp)
    by_elevation = _phase(positions, (-sin_el * cos_az, -sin_el * sin_az, cos_el), xp)
    return 1j * by_azimuth * a, 1j * by_elevation * a


def ula_steering_vector(angle: RealLike, count: int, spacing: float = 0.5) -> Complex[Any, "... antenna"]:
    """Steering vector of a uniform linear array, ``a_i = exp(j 2 pi spacing i sin(angle))``.

    Args:
        angle: radians from broadside, any shape, positive towards the higher elements.
        count: number of elements.
        spacing: element spacing in wavelengths.

    Returns:
        Complex array, shape of ``angle`` with the antenna axis last; unit-modulus entries.
    """
    # The array lies along x: broadside in the horizontal plane is azimuth 90 degrees.
    return steering_vector(ula(count, spacing).positions, math.pi / 2 - angle, 0.0)


def _phase(positions: Positions, direction: Direction, xp: Any) -> Float[Any, "... antenna"]:
    """``2 pi r . d`` for every direction and element.

    Summed term by term: a matrix product may round differently for different batch shapes.
    """
    x, y, z = (xp.asarray(component)[..., None] for component in direction)
    return 2.0 * math.pi * (x * positions[:, 0] + y * positions[:, 1] + z * positions[:, 2])
