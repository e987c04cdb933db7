"""Channel ageing: what is left of a fading channel after a while."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Complex
from scipy import special

from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.namespace import RealLike, array_namespace


def jakes_correlation(
    speed_m_s: float | np.ndarray, carrier_hz: float | np.ndarray, delay_s: float | np.ndarray
) -> Any:
    """Magnitude ``|J_0(2 pi f_D t)|`` of the correlation of isotropic fading after a delay, ``f_D = v f / c``.

    W. C. Jakes, Microwave Mobile Communications, 1974, section 1.3. NumPy only: it is computed once per configuration.
    """
    doppler_hz = speed_m_s * np.asarray(carrier_hz) / SPEED_OF_LIGHT_M_S
    return np.abs(special.j0(2.0 * math.pi * doppler_hz * delay_s))


def gauss_markov(gains: Complex[Any, "..."], innovation: Complex[Any, "..."], correlation: RealLike) -> Any:
    """Fading one step later, ``rho alpha + sqrt(1 - rho^2) e``: same mean power for innovations ``e`` of that power.

    Args:
        gains: ``alpha``.
        innovation: ``e``, independent of it.
        correlation: ``rho``, 0 to 1.
    """
    return correlation * gains + ageing_spread(correlation) * innovation


def ageing_spread(correlation: RealLike) -> Any:
    """``sqrt(1 - rho^2)``: amplitude of what is new after the delay."""
    xp = array_namespace(correlation)
    return xp.sqrt(xp.maximum(1.0 - correlation**2, 0.0))
