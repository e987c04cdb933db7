"""Circular aperture with even illumination: the satellite antenna of 3GPP TR 38.811, clause 6.4.1.

Traceable by JAX, which is not imported. Peak gain and beamwidth follow from the aperture, unlike those of the reference
envelopes in ``satellite_patterns``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.foundation.namespace import RealLike, array_namespace

HALF_POWER_ARGUMENT = 1.6163399561
"""``x`` at which ``4 (J1(x) / x)^2 = 1/2``."""
MINUS_3_DB_ARGUMENT = 1.6137412899
"""``x`` at which it is ``10^-0.3``, by which TR 38.821, tables 6.1.1.1-1 and -2, state beamwidths."""

# Abramowitz and Stegun, eqs. 9.4.4 and 9.4.6: coefficients of (x/3)^2k up to 3, of (3/x)^k beyond; to 1e-7.
_NEAR = (0.5, -0.56249985, 0.21093573, -0.03954289, 0.00443319, -0.00031761, 0.00001109)
_AMPLITUDE = (0.79788456, 0.00000156, 0.01659667, 0.00017105, -0.00249511, 0.00113653, -0.00020033)
_PHASE = (-2.35619449, 0.12499612, 0.00005650, -0.00637879, 0.00074348, 0.00079824, -0.00029166)


def aperture_gain(off_axis: RealLike, radius_wavelengths: RealLike) -> Any:
    """Power gain relative to the axis, ``4 |J1(k a sin t) / (k a sin t)|^2`` up to 90 degrees (TR 38.811, 6.4.1).

    Args:
        off_axis: ``t`` in radians, 0 to pi, any shape; behind the aperture the gain is 0.
        radius_wavelengths: ``a`` over the wavelength, so that ``k a`` is 2 pi times it.
    """
    xp = array_namespace(off_axis, radius_wavelengths)
    argument = 2.0 * math.pi * radius_wavelengths * xp.sin(off_axis)
    relative = 4.0 * bessel_j1_ratio(argument) ** 2
    return xp.where(xp.abs(off_axis) <= 0.5 * math.pi, relative, 0.0)


def aperture_peak_gain(radius_wavelengths: float, efficiency: float = 1.0) -> float:
    """Gain on the axis, ``eta (k a)^2``: that of the area ``pi a^2`` times the efficiency."""
    return efficiency * (2.0 * math.pi * radius_wavelengths) ** 2


def aperture_half_angle(radius_wavelengths: float, argument: float = HALF_POWER_ARGUMENT) -> float:
    """Off-axis angle of half the power in radians (``MINUS_3_DB_ARGUMENT``: of -3 dB); twice it is the beamwidth.

    Raises:
        ValueError: for an aperture so small that its gain does not fall that far.
    """
    sine = argument / (2.0 * math.pi * radius_wavelengths)
    if not sine <= 1.0:
        raise ValueError(
            f"radius_wavelengths is {radius_wavelengths:g}; below {argument / (2.0 * math.pi):.3f} no angle has lost "
            "half the power."
        )
    return math.asin(sine)


def bessel_j1_ratio(x: RealLike) -> Any:
    """``J1(x) / x`` for ``x >= 0``, 1/2 at 0; to 2e-8 of its largest value."""
    xp = array_namespace(x)
    near, far = xp.minimum(x, 3.0) / 3.0, 3.0 / xp.maximum(x, 3.0)
    small = _polynomial(_NEAR, near**2)
    amplitude, phase = _polynomial(_AMPLITUDE, far), _polynomial(_PHASE, far)
    beyond = xp.maximum(x, 3.0)
    large = amplitude * xp.cos(beyond + phase) / beyond**1.5
    return xp.where(xp.asarray(x) <= 3.0, small, large)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    value: Any = np.float64(0.0)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


__all__ = [
    "HALF_POWER_ARGUMENT",
    "MINUS_3_DB_ARGUMENT",
    "aperture_gain",
    "aperture_half_angle",
    "aperture_peak_gain",
    "bessel_j1_ratio",
]
