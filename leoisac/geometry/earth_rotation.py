"""Rotation of the Earth: from the inertial frame of SGP4 (TEME) to the Earth-fixed frame (ECEF).

TEME ("true equator, mean equinox") is turned about its z axis by Greenwich mean sidereal time of the IAU 1982 model
(Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753, appendix C). Polar motion is neglected (below 15 m
on the ground), and UT1 = UTC unless ``ut1_minus_utc_s`` says otherwise (1 s is 465 m along the equator; the difference
is kept below 0.9 s, and was below 0.2 s from 2021 to 2025). Both are far below the kilometre that element sets err by.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float

from leoisac.geometry._annotations import Instants, Number
from leoisac.geometry.instants import J2000_JULIAN_DATE, julian_date

_TURN = 2.0 * math.pi
_DAY_S = 86_400.0
_CENTURY_DAYS = 36_525.0
# Seconds of GMST at 0h UT1 and its powers of centuries from J2000 (Aoki et al., 1982; the whole turns left out).
_GMST_S = (67_310.548_41, 8_640_184.812_866, 0.093_104, -6.2e-6)


def gmst_rad(times: Instants, ut1_minus_utc_s: Number = 0.0) -> Float[np.ndarray, "..."]:
    """Greenwich mean sidereal time, IAU 1982, in [0, 2 pi).

    ``GMST = 67310.54841 + (876600 h + 8640184.812866) T + 0.093104 T^2 - 6.2e-6 T^3`` seconds, ``T`` in Julian
    centuries of UT1 from J2000 (Vallado, "Fundamentals of Astrodynamics and Applications", 4th ed., eq. 3-47).

    Args:
        times: one instant or an array of them; see ``instants.as_instants``.
        ut1_minus_utc_s: UT1 - UTC, from IERS Bulletin A; 0 is good to 0.9 s.
    """
    centuries, day_fraction = _ut1(times, ut1_minus_utc_s)
    a, b, c, d = _GMST_S
    seconds = a + centuries * (b + centuries * (c + centuries * d))
    return np.asarray(np.mod(day_fraction + seconds / _DAY_S, 1.0) * _TURN)


def gmst_rate_rad_s(times: Instants, ut1_minus_utc_s: Number = 0.0) -> Float[np.ndarray, "..."]:
    """Time derivative of ``gmst_rad``: 7.2921159e-5 rad/s (rotation with respect to the mean equinox)."""
    centuries, _ = _ut1(times, ut1_minus_utc_s)
    _, b, c, d = _GMST_S
    return np.asarray(
        _TURN / _DAY_S * (1.0 + (b + centuries * (2.0 * c + 3.0 * d * centuries)) / (_CENTURY_DAYS * _DAY_S))
    )


def teme_to_ecef(
    position_m: Float[np.ndarray, "*batch 3"],
    velocity_m_s: Float[np.ndarray, "*batch 3"],
    times: Instants,
    ut1_minus_utc_s: Number = 0.0,
) -> tuple[Float[np.ndarray, "*batch 3"], Float[np.ndarray, "*batch 3"]]:
    """Position and velocity in ECEF from TEME: ``r' = R3(GMST) r``, ``v' = R3(GMST) v - omega x r'``.

    Args:
        position_m: TEME positions.
        velocity_m_s: TEME velocities.
        times: of a shape that broadcasts to ``batch``.
        ut1_minus_utc_s: UT1 - UTC.
    """
    angle = gmst_rad(times, ut1_minus_utc_s)
    rate = gmst_rate_rad_s(times, ut1_minus_utc_s)
    cosine, sine = np.cos(angle), np.sin(angle)
    position = _turn(position_m, cosine, sine)
    velocity = _turn(velocity_m_s, cosine, sine)
    velocity[..., 0] += rate * position[..., 1]
    velocity[..., 1] -= rate * position[..., 0]
    return position, velocity


def _turn(vector: np.ndarray, cosine: Any, sine: Any) -> np.ndarray:
    x, y, z = np.moveaxis(vector, -1, 0)
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=-1)


def _ut1(times: Instants, ut1_minus_utc_s: Number) -> tuple[Any, Any]:
    """Centuries of UT1 from J2000, and the day's fraction since noon (kept apart for full precision)."""
    noon, fraction = julian_date(times)
    fraction = fraction + ut1_minus_utc_s / _DAY_S
    return (noon - J2000_JULIAN_DATE + fraction) / _CENTURY_DAYS, fraction
