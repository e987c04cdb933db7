"""Thermal noise: temperature, figure, power, G/T."""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.foundation.constants import BOLTZMANN_J_K
from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import from_db, to_db

REFERENCE_TEMPERATURE_K = 290.0
"""Temperature to which noise figures refer (IEEE standard)."""


def thermal_noise_power(temperature_k: RealLike, bandwidth_hz: RealLike, boltzmann_j_k: float = BOLTZMANN_J_K) -> Any:
    """Noise power in watts, ``k T B``. Pass ``boltzmann_j_k`` to follow a publication that rounds it."""
    return boltzmann_j_k * temperature_k * bandwidth_hz


def system_noise_temperature(
    noise_figure_db: RealLike, antenna_temperature_k: RealLike = REFERENCE_TEMPERATURE_K
) -> Any:
    """System noise temperature in kelvin at the antenna terminals, ``T_a + (F - 1) 290 K``.

    TR 38.821, section 6.1.3: a handset with F = 7 dB and T_a = 290 K has 1453 K, a terminal with F = 1.2 dB and
    T_a = 150 K has 242 K.
    """
    return antenna_temperature_k + (from_db(noise_figure_db) - 1.0) * REFERENCE_TEMPERATURE_K


def figure_of_merit_db_per_k(receive_gain_dbi: float | np.ndarray, system_temperature_k: float | np.ndarray) -> Any:
    """Receiver figure of merit G/T in dB/K, ``G_dBi - 10 log10(T / K)``. For tables: NumPy only."""
    return receive_gain_dbi - to_db(system_temperature_k)
