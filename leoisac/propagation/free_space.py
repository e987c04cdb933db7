"""Free-space propagation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import to_db


def wavelength(frequency_hz: RealLike, speed_of_light_m_s: float = SPEED_OF_LIGHT_M_S) -> Any:
    """Wavelength in metres, ``c / f``. Pass ``speed_of_light_m_s`` to follow a publication that rounds it."""
    return speed_of_light_m_s / frequency_hz


def free_space_amplitude_gain(distance_m: RealLike, wavelength_m: RealLike) -> Any:
    """Amplitude gain between isotropic antennas, ``lambda / (4 pi d)`` (root of the basic loss of ITU-R P.525).

    Far field only (``d`` much larger than ``lambda``); the shapes of the arguments broadcast.
    """
    return wavelength_m / (4.0 * math.pi * distance_m)


def free_space_gain(distance_m: RealLike, wavelength_m: RealLike) -> Any:
    """Power gain between isotropic antennas, ``(lambda / (4 pi d))^2``: the inverse of the free-space path loss."""
    return free_space_amplitude_gain(distance_m, wavelength_m) ** 2


def free_space_loss(distance_m: RealLike, wavelength_m: RealLike) -> Any:
    """Free-space path loss as a ratio of powers, ``(4 pi d / lambda)^2``."""
    return 1.0 / free_space_gain(distance_m, wavelength_m)


def free_space_loss_db(distance_m: float | np.ndarray, wavelength_m: float | np.ndarray) -> Any:
    """Free-space path loss in dB, ``20 log10(4 pi d / lambda)``. For tables: NumPy only."""
    return to_db(free_space_loss(distance_m, wavelength_m))
