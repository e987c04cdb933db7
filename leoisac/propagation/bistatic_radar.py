"""Bistatic radar equation and laws of the bistatic radar cross-section."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.foundation.units import to_db


def bistatic_rcs(monostatic_rcs_m2: RealLike, bistatic_angle: RealLike, law: str) -> Any:
    """Bistatic radar cross-section in m^2 from the monostatic one.

    ``constant``: the monostatic value. ``cos-half-beta``: times ``cos(beta/2)``, largest for backscatter.
    ``sin-half-beta``: times ``sin(beta/2)``, largest for forward scatter.

    Args:
        monostatic_rcs_m2: monostatic cross-section.
        bistatic_angle: ``beta`` at the target between the directions to transmitter and receiver, radians, 0 to pi.
        law: name of the law.

    Raises:
        ValueError: for an unknown law.
    """
    xp = array_namespace(monostatic_rcs_m2, bistatic_angle)
    if law == "constant":
        return monostatic_rcs_m2 + 0.0 * bistatic_angle
    if law == "cos-half-beta":
        return monostatic_rcs_m2 * xp.cos(0.5 * bistatic_angle)
    if law == "sin-half-beta":
        return monostatic_rcs_m2 * xp.sin(0.5 * bistatic_angle)
    raise ValueError(f"law={law!r}: must be one of constant, cos-half-beta, sin-half-beta.")


def echo_power_gain(
    range_tx_m: RealLike,
    range_rx_m: RealLike,
    wavelength_m: RealLike,
    rcs_m2: RealLike,
    transmit_gain: RealLike = 1.0,
    receive_gain: RealLike = 1.0,
) -> Any:
    """Power gain of an echo, ``G_t G_r wavelength^2 sigma / ((4 pi)^3 R_tx^2 R_rx^2)`` (bistatic radar equation).

    Far field, no losses; the monostatic echo has ``R_rx = R_tx``. Arguments broadcast.

    Args:
        range_tx_m, range_rx_m: transmitter to target and target to receiver.
        wavelength_m: wavelength.
        rcs_m2: bistatic radar cross-section ``sigma``.
        transmit_gain, receive_gain: power gains of the antenna elements, linear.
    """
    spreading = (4.0 * math.pi) ** 3 * range_tx_m**2 * range_rx_m**2
    return transmit_gain * receive_gain * wavelength_m**2 * rcs_m2 / spreading


def echo_path_loss_db(
    range_tx_m: float | np.ndarray,
    range_rx_m: float | np.ndarray,
    wavelength_m: float | np.ndarray,
    rcs_m2: float | np.ndarray,
) -> Any:
    """Loss of an echo between isotropic antennas in dB: ``echo_power_gain`` inverted. For tables: NumPy only."""
    return -to_db(echo_power_gain(range_tx_m, range_rx_m, wavelength_m, rcs_m2))
