"""Urban macro cells of 3GPP TR 38.901: path loss, probability of a line of sight, and clustered array channels."""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Complex

from leoisac.foundation.namespace import RealLike, array_namespace

UMA_LOS_SHADOWING_DB = 4.0
UMA_NLOS_SHADOWING_DB = 6.0
"""Standard deviations of shadowing, TR 38.901, Table 7.4.1-1."""

ENVIRONMENT_HEIGHT_M = 1.0
"""Effective environment height of users below 13 m, Table 7.4.1-1, note 1."""

_SPEED_OF_LIGHT_M_S = 3.0e8
"""As the report rounds it in the breakpoint distance."""


def uma_breakpoint_m(carrier_hz: RealLike, bs_height_m: RealLike, user_height_m: RealLike) -> Any:
    """Breakpoint distance ``4 (h_BS - 1) (h_UT - 1) f / c`` with c = 3e8 m/s (Table 7.4.1-1, note 1)."""
    heights = (bs_height_m - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    return 4.0 * heights * carrier_hz / _SPEED_OF_LIGHT_M_S


def uma_los_path_loss_db(
    ground_distance_m: RealLike, carrier_hz: RealLike, bs_height_m: RealLike, user_height_m: RealLike
) -> Any:
    """Path loss in dB with line of sight, TR 38.901, Table 7.4.1-1, UMa LOS.

    ``28 + 22 log10 d_3D + 20 log10 f`` (f in GHz) up to the breakpoint distance, beyond it
    ``28 + 40 log10 d_3D + 20 log10 f - 9 log10(d_BP^2 + (h_BS - h_UT)^2)``. Stated for 10 m to 5 km, h_BS = 25 m and
    users from 1.5 to 22.5 m; outside it is an extrapolation.

    Args:
        ground_distance_m: horizontal distance ``d_2D``, any shape.
        carrier_hz: 0.5 to 100 GHz.
        bs_height_m, user_height_m: heights above 1 m.
    """
    xp = array_namespace(ground_distance_m, carrier_hz, bs_height_m, user_height_m)
    height = bs_height_m - user_height_m
    breakpoint_m = uma_breakpoint_m(carrier_hz, bs_height_m, user_height_m)
    log_distance = 0.5 * xp.log10(ground_distance_m**2 + height**2)
    common = 28.0 + 20.0 * xp.log10(carrier_hz / 1e9)
    near = common + 22.0 * log_distance
    far = common + 40.0 * log_distance - 9.0 * xp.log10(breakpoint_m**2 + height**2)
    return xp.where(ground_distance_m <= breakpoint_m, near, far)


def uma_nlos_path_loss_db(
    ground_distance_m: RealLike, carrier_hz: RealLike, bs_height_m: RealLike, user_height_m: RealLike
) -> Any:
    """Path loss in dB without line of sight, TR 38.901, Table 7.4.1-1, UMa NLOS.

    ``max(PL_LOS, 13.54 + 39.08 log10 d_3D + 20 log10 f - 0.6 (h_UT - 1.5))``. Arguments as of
    ``uma_los_path_loss_db``.
    """
    xp = array_namespace(ground_distance_m, carrier_hz, bs_height_m, user_height_m)
    distance = xp.sqrt(ground_distance_m**2 + (bs_height_m - user_height_m) ** 2)
    loss = 13.54 + 39.08 * xp.log10(distance) + 20.0 * xp.log10(carrier_hz / 1e9) - 0.6 * (user_height_m - 1.5)
    return xp.maximum(uma_los_path_loss_db(ground_distance_m, carrier_hz, bs_height_m, user_height_m), loss)


def uma_los_probability(ground_distance_m: RealLike, user_height_m: RealLike) -> Any:
    """Probability of a line of sight, TR 38.901, Table 7.4.2-1, UMa (users up to 23 m)."""
    xp = array_namespace(ground_distance_m, user_height_m)
    distance = xp.maximum(ground_distance_m, 18.0)
    height_factor = (xp.maximum(user_height_m - 13.0, 0.0) / 10.0) ** 1.5
    street = 18.0 / distance + xp.exp(-distance / 63.0) * (1.0 - 18.0 / distance)
    tall = 1.0 + 1.25 * height_factor * (distance / 100.0) ** 3 * xp.exp(-distance / 150.0)
    return xp.where(ground_distance_m <= 18.0, 1.0, street * tall)


def laplace(uniform: RealLike, standard_deviation: RealLike) -> Any:
    """Zero-mean Laplace numbers of a standard deviation from uniform ones (inverse distribution function)."""
    xp = array_namespace(uniform, standard_deviation)
    centred = uniform - 0.5
    magnitude = -xp.log1p(-2.0 * xp.abs(centred)) / math.sqrt(2.0)
    return standard_deviation * xp.sign(centred) * magnitude


def clustered_rows(
    ray_gains: Complex[Any, "*batch cluster ray"],
    ray_steering: Complex[Any, "*batch cluster ray antenna"],
) -> Complex[Any, "*batch antenna"]:
    """Row channel of scattered rays, ``sum_ij alpha_ij a^H(theta_ij) / sqrt(N_c N_r)``.

    With ``alpha ~ CN(0, 1)`` and unit-modulus steering every antenna has mean power gain 1.

    Args:
        ray_gains: ``alpha``.
        ray_steering: steering vectors ``a`` of the rays.
    """
    xp = array_namespace(ray_gains, ray_steering)
    count = ray_gains.shape[-1] * ray_gains.shape[-2]
    return xp.einsum("...cr,...cra->...a", ray_gains, xp.conj(ray_steering)) / math.sqrt(count)
