"""Atmospheric attenuation by simple statistics: rain as a random power gain, gases as a constant.

These are the models of the multibeam-satellite literature, in which rain attenuation in decibels is log-normal. They
know no climate, frequency or elevation.
"""

from __future__ import annotations

from typing import Any

from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.foundation.units import from_db


def gaussian_db_rain_gain(normal: RealLike, mean_db: RealLike, std_db: RealLike) -> Any:
    """Power gain whose decibels are normal and capped at 0 dB: ``10 log10 beta = min(mean_db + std_db x, 0)``.

    Args:
        normal: ``x``, independent standard normal numbers, one per receiver, any shape.
        mean_db: mean of the gain before the cap; negative, since rain attenuates (-3.125 dB is typical).
        std_db: standard deviation before the cap (1.591 dB is typical).
    """
    xp = array_namespace(normal, mean_db, std_db)
    return from_db(xp.minimum(mean_db + std_db * normal, 0.0))


def lognormal_db_rain_gain(normal: RealLike, log_mean: RealLike, log_std: RealLike) -> Any:
    """Power gain whose attenuation in decibels is log-normal: ``10 log10 beta = -exp(log_mean + log_std x)``.

    Args:
        normal: ``x``, independent standard normal numbers, one per receiver, any shape.
        log_mean: mean of the natural logarithm of the attenuation in dB; the median attenuation is ``exp(log_mean)``
            dB (0.044 dB for -3.125).
        log_std: standard deviation of that logarithm.
    """
    xp = array_namespace(normal, log_mean, log_std)
    return from_db(-xp.exp(log_mean + log_std * normal))


def gas_gain(loss_db: RealLike) -> Any:
    """Power gain of a constant gaseous attenuation of ``loss_db`` (positive) along the path."""
    return from_db(-loss_db)
