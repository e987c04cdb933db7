"""Terrestrial links: log-distance path loss with shadowing, and a few-path (Saleh-Valenzuela) array channel."""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Complex, Float

from leoisac.antennas.steering import Positions, steering_vector
from leoisac.foundation.namespace import RealLike, array_namespace

UMI_LOS_INTERCEPT_DB = 32.4
UMI_LOS_EXPONENT = 2.1
UMI_LOS_SHADOWING_DB = 4.0
"""3GPP TR 38.901, Table 7.4.1-1, UMi street canyon, line of sight, before the breakpoint (PL1)."""


def log_distance_path_loss_db(
    distance_m: RealLike,
    frequency_hz: RealLike,
    *,
    intercept_db: RealLike = UMI_LOS_INTERCEPT_DB,
    exponent: RealLike = UMI_LOS_EXPONENT,
    shadowing_db: RealLike = 0.0,
) -> Any:
    """Path loss in dB, ``PL = intercept + 10 n log10(d / m) + 20 log10(f / GHz) + X``.

    The defaults are the 3GPP urban-micro line-of-sight law of TR 38.901, Table 7.4.1-1: 32.4 dB, n = 2.1, shadowing
    of 4 dB. That law holds for 10 m to the breakpoint 4 h'_BS h'_UT f / c (1.2 km at 20 GHz for 10 m and 1.5 m high
    antennas) and 0.5 to 100 GHz; below 10 m it is an extrapolation. A publication that gives the intercept at its
    carrier, frequency term included, is followed by passing that intercept with ``frequency_hz=1e9``. The power
    gain that ``saleh_valenzuela`` wants is ``units.from_db(-loss)``.

    Args:
        distance_m: three-dimensional distance ``d``, any shape.
        frequency_hz: carrier ``f``.
        intercept_db: loss at 1 m and 1 GHz.
        exponent: path-loss exponent ``n``.
        shadowing_db: ``X``, positive for a loss; a standard normal number times the standard deviation.
    """
    xp = array_namespace(distance_m, frequency_hz, intercept_db, exponent, shadowing_db)
    frequency_ghz = frequency_hz / 1e9
    return intercept_db + 10.0 * exponent * xp.log10(distance_m) + 20.0 * xp.log10(frequency_ghz) + shadowing_db


def saleh_valenzuela(
    power_gain: float | Float[Any, "*batch"],
    path_gains: Complex[Any, "*batch path"],
    azimuths: Float[Any, "*batch path"],
    elevations: Float[Any, "*batch path"],
    positions: Positions,
    *,
    array_gain: bool = True,
) -> Complex[Any, "*batch antenna"]:
    """Narrowband few-path channel from an array to single antennas.

    ``h = sqrt(N g / L) sum_l alpha_l a(az_l, el_l)`` with ``a`` of unit norm (its N entries have modulus 1/sqrt(N)),
    hence ``E ||h||^2 = N g`` for independent path gains ``alpha_l ~ CN(0, 1)``: each antenna has the mean power gain
    g, and received power grows with the array. With ``array_gain=False`` the factor N is left out, as some papers
    print it: then ``E ||h||^2 = g`` whatever the number of antennas.
    Saleh and Valenzuela, IEEE JSAC 5(2), 1987, in the array form of El Ayach et al., IEEE TWC 13(3), 2014.

    Args:
        power_gain: large-scale power gain ``g`` (path loss and shadowing), linear, one per receiver or one for all.
        path_gains: complex small-scale gains ``alpha`` of the L paths.
        azimuths: departure azimuths, radians.
        elevations: departure elevations, radians.
        positions: element positions in wavelengths (``ArrayLayout.positions``).
        array_gain: whether received power grows with the number of antennas.
    """
    xp = array_namespace(power_gain, path_gains, azimuths, elevations, positions)
    num_paths = path_gains.shape[-1]
    paths = path_gains[..., None] * steering_vector(positions, azimuths, elevations)
    scale = xp.sqrt(xp.asarray(power_gain))[..., None] / math.sqrt(num_paths)
    if not array_gain:
        scale = scale / math.sqrt(positions.shape[0])
    return scale * xp.sum(paths, axis=-2)
