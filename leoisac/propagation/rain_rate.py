"""Attenuation by rain of a rate on a slant path: ITU-R P.838-3, and the path of P.618-13. NumPy only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.foundation.namespace import RealLike

# Tables 1 to 4 of P.838-3: rows of a_j, b_j, c_j, then m and c of the straight line.
_K_H = (((-5.33980, -0.10008, 1.13098), (-0.35351, 1.26970, 0.45400), (-0.23789, 0.86036, 0.15354),
         (-0.94158, 0.64552, 0.16817)), -0.18961, 0.71147)  # fmt: skip
_K_V = (((-3.80595, 0.56934, 0.81061), (-3.44965, -0.22911, 0.51059), (-0.39902, 0.73042, 0.11899),
         (0.50167, 1.07319, 0.27195)), -0.16398, 0.63297)  # fmt: skip
_ALPHA_H = (((-0.14318, 1.82442, -0.55187), (0.29591, 0.77564, 0.19822), (0.32177, 0.63773, 0.13164),
             (-5.37610, -0.96230, 1.47828), (16.1721, -3.29980, 3.43990)), 0.67849, -1.95537)  # fmt: skip
_ALPHA_V = (((-0.07771, 2.33840, -0.76284), (0.56727, 0.95545, 0.54039), (-0.20238, 1.14520, 0.26809),
             (-48.2991, 0.791669, 0.116226), (48.5833, 0.791459, 0.116479)), -0.053739, 0.83433)  # fmt: skip
LEAST_HZ, MOST_HZ = 1e9, 55e9
"""Carriers of P.618-13's rain method; P.838-3 alone goes from 1 to 1000 GHz."""
LEAST_ELEVATION_DEG = 5.0


def specific_attenuation(
    rain_rate_mm_h: RealLike, carrier_hz: float, elevation: RealLike, polarization_tilt: float
) -> Any:
    """``gamma_R = k R^alpha`` in dB/km, ITU-R P.838-3, eqs. (1) to (5).

    Args:
        rain_rate_mm_h: ``R``, any shape.
        carrier_hz: 1 to 1000 GHz.
        elevation: of the path, radians.
        polarization_tilt: to the horizontal, radians; pi/4 for a circular polarization.
    """
    k, alpha = rain_coefficients(carrier_hz, elevation, polarization_tilt)
    return k * np.asarray(rain_rate_mm_h) ** alpha


def rain_coefficients(carrier_hz: float, elevation: RealLike, polarization_tilt: float) -> tuple[Any, Any]:
    """``k`` and ``alpha`` of P.838-3 (arguments as of ``specific_attenuation``)."""
    log_f = math.log10(carrier_hz / 1e9)
    k_h, k_v = 10.0 ** _curve(_K_H, log_f), 10.0 ** _curve(_K_V, log_f)
    alpha_h, alpha_v = _curve(_ALPHA_H, log_f), _curve(_ALPHA_V, log_f)
    mix = np.cos(elevation) ** 2 * math.cos(2.0 * polarization_tilt)
    k = 0.5 * (k_h + k_v + (k_h - k_v) * mix)
    return k, 0.5 * (k_h * alpha_h + k_v * alpha_v + (k_h * alpha_h - k_v * alpha_v) * mix) / k


def slant_rain_loss_db(
    rain_rate_mm_h: float,
    carrier_hz: float,
    elevation: RealLike,
    *,
    rain_height_m: float,
    site_height_m: float,
    latitude: float,
    polarization_tilt: float,
) -> Any:
    """Loss on a slant path through rain of a rate at the ground, dB: P.618-13, section 2.2.1.1, steps 2 to 9.

    There the rate is the one exceeded for 0.01 % of the time, and the factors of the path stand for the sizes of rain
    cells at such rates; here it is any rate, which is the usual reading where a rate is measured.

    Args:
        rain_rate_mm_h: ``R`` at the ground.
        carrier_hz: 1 to 55 GHz.
        elevation: radians, 5 to 90 degrees.
        rain_height_m: above the sea; no loss where it is not above the site.
        site_height_m: above the sea.
        latitude: radians.
        polarization_tilt: radians.

    Raises:
        ValueError: outside these carriers and elevations.
    """
    check_range(carrier_hz, elevation)
    above_km = 1e-3 * (rain_height_m - site_height_m)
    if above_km <= 0.0 or rain_rate_mm_h <= 0.0:
        return np.zeros(np.shape(elevation))
    theta, f = np.asarray(elevation, dtype=float), carrier_hz / 1e9
    gamma = specific_attenuation(rain_rate_mm_h, carrier_hz, theta, polarization_tilt)
    ground_km = above_km / np.tan(theta)
    shrink = 1.0 + 0.78 * np.sqrt(ground_km * gamma / f) - 0.38 * (1.0 - np.exp(-2.0 * ground_km))
    across_km = ground_km / shrink
    is_steeper = np.arctan2(above_km, across_km) > theta
    length_km = np.where(is_steeper, across_km / np.cos(theta), above_km / np.sin(theta))
    beyond_deg = max(36.0 - abs(math.degrees(latitude)), 0.0)
    decay = 1.0 - np.exp(-np.degrees(theta) / (1.0 + beyond_deg))
    rise = 1.0 + np.sqrt(np.sin(theta)) * (31.0 * decay * np.sqrt(length_km * gamma) / f**2 - 0.45)
    return gamma * length_km / rise


def zonal_rain_height_m(latitude: float) -> float:
    """Height of rain above the sea by latitude (radians), as ITU-R P.618-5 states it.

    5 km between 21° S and 23° N, falling by 75 m a degree north of it and by 100 m a degree south of it.
    """
    degrees = math.degrees(latitude)
    if degrees > 23.0:
        return 1e3 * (5.0 - 0.075 * (degrees - 23.0))
    return 1e3 * max(5.0 + 0.1 * min(degrees + 21.0, 0.0), 0.0)


def check_range(carrier_hz: float, elevation: RealLike) -> None:
    """ValueError for carriers and elevations for which ITU-R P.618 has no method."""
    if not LEAST_HZ <= carrier_hz <= MOST_HZ:
        raise ValueError(f"carrier_hz is {carrier_hz:g}; ITU-R P.618 is used from 1 to 55 GHz.")
    degrees = np.degrees(np.asarray(elevation, dtype=float))
    if np.any((degrees < LEAST_ELEVATION_DEG) | (degrees > 90.0 + 1e-9)):
        worst = float(np.ravel(degrees)[np.argmin(np.ravel(degrees))])
        raise ValueError(
            f"the elevation is {worst:.4g} degrees; ITU-R P.618 is used from {LEAST_ELEVATION_DEG:g} to 90."
        )


def _curve(table: tuple[tuple[tuple[float, float, float], ...], float, float], log_f: float) -> float:
    bumps, slope, offset = table
    return sum(a * math.exp(-(((log_f - b) / c) ** 2)) for a, b, c in bumps) + slope * log_f + offset


__all__ = [
    "check_range",
    "rain_coefficients",
    "slant_rain_loss_db",
    "specific_attenuation",
    "zonal_rain_height_m",
]
