"""Mean motion and semi-major axis in the sense of SGP4 (Hoots and Roehrich, Spacetrack Report #3, 1980, section 6).

Element sets carry Kozai's mean motion; SGP4 first turns it into Brouwer's, whose two-body semi-major axis is the mean
size of the orbit. Constants are those of WGS72, for which element sets are fitted.
"""

from __future__ import annotations

import math

from leoisac.geometry._annotations import Number

WGS72_EQUATORIAL_RADIUS_M = 6_378_135.0
WGS72_GM_M3_S2 = 3.986_008e14
WGS72_J2 = 0.001_082_616


def brouwer_semi_major_axis_m(kozai_rad_s: Number, eccentricity: Number, inclination_rad: Number) -> float:
    """Brouwer mean semi-major axis from Kozai's mean motion: ``n'' = n / (1 + delta)``, ``a = (GM / n''^2)^(1/3)``."""
    brouwer_rad_s = kozai_rad_s / (1.0 + _oblateness(kozai_rad_s, eccentricity, inclination_rad))
    return (WGS72_GM_M3_S2 / brouwer_rad_s**2) ** (1.0 / 3.0)


def kozai_mean_motion_rad_s(semi_major_axis_m: Number, eccentricity: Number, inclination_rad: Number) -> float:
    """Kozai's mean motion of an orbit with a Brouwer mean semi-major axis; inverse of the above to rounding."""
    brouwer_rad_s = math.sqrt(WGS72_GM_M3_S2 / semi_major_axis_m**3)
    kozai_rad_s = brouwer_rad_s
    for _ in range(6):  # delta is below 1e-3 and hardly depends on n: each round gains three digits
        kozai_rad_s = brouwer_rad_s * (1.0 + _oblateness(kozai_rad_s, eccentricity, inclination_rad))
    return kozai_rad_s


def _oblateness(kozai_rad_s: Number, eccentricity: Number, inclination_rad: Number) -> float:
    """delta_0 of Spacetrack Report #3: Kozai's relative excess over Brouwer's mean motion."""
    shape = (1.0 - eccentricity**2) ** 1.5
    factor = 0.75 * WGS72_J2 * (3.0 * math.cos(inclination_rad) ** 2 - 1.0) / shape
    axis = (WGS72_GM_M3_S2 / kozai_rad_s**2) ** (1.0 / 3.0) / WGS72_EQUATORIAL_RADIUS_M
    first = factor / axis**2
    axis *= 1.0 - first * (1.0 / 3.0 + first * (1.0 + 134.0 / 81.0 * first))
    return factor / axis**2
