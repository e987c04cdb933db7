"""Track of one target from bistatic fixes: an extended Kalman filter with constant velocity. NumPy.

State: position and velocity relative to the receiver, metres and metres per second. A measurement is azimuth and zenith
angle of arrival, bistatic range (transmitter - target - receiver) and Doppler shift (Y. Bar-Shalom, X. R. Li and T.
Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, chapters 6 and 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leoisac.geometry.bistatic import arrival_angles, bistatic_doppler_hz, ellipsoid_position

_STEPS = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1])
"""Of difference quotients, in the units of the state."""


class Fix(NamedTuple):
    """What one instant tells.

    Attributes:
        time_s: instant.
        transmitter_m, transmitter_velocity_m_s: of the transmitter relative to the receiver, shape ``(3,)``.
        values: azimuth, zenith angle (rad), bistatic range (m), Doppler shift (Hz).
        variances: of these.
    """

    time_s: float
    transmitter_m: np.ndarray
    transmitter_velocity_m_s: np.ndarray
    values: np.ndarray
    variances: np.ndarray


class Track(NamedTuple):
    """Filtered states from the second fix on.

    Attributes:
        states: shape ``(fix - 1, 6)``.
        covariances: what the filter believes of their errors, shape ``(fix - 1, 6, 6)``.
    """

    states: np.ndarray
    covariances: np.ndarray


def track_target(fixes: Sequence[Fix], wavelength_m: float, acceleration_density: float) -> Track:
    """Filter fixes in the order of time; the first two start the track.

    Args:
        fixes: at least two.
        wavelength_m: of the carrier.
        acceleration_density: of white acceleration along every axis, (m/s^2)^2 s.

    Raises:
        ValueError: for fewer than two fixes, or times that do not grow.
    """
    if len(fixes) < 2:
        raise ValueError(f"fixes has {len(fixes)}: a track starts from two.")
    gaps = np.diff([fix.time_s for fix in fixes])
    if np.any(gaps <= 0.0):
        raise ValueError("fixes: times must grow from one to the next.")
    first, second = (_position(fix) for fix in fixes[:2])
    spreads = [_position_covariance(fix, place) for fix, place in zip(fixes[:2], (first, second), strict=True)]
    state = np.concatenate([second, (second - first) / gaps[0]])
    covariance = np.block(
        [
            [spreads[1], spreads[1] / gaps[0]],
            [spreads[1] / gaps[0], (spreads[0] + spreads[1]) / gaps[0] ** 2],
        ]
    )
    # The difference of two places misses what the target accelerates between them.
    covariance[3:, 3:] += acceleration_density * gaps[0] / 3.0 * np.eye(3)
    states, covariances = [state], [covariance]
    for fix, gap in zip(fixes[2:], gaps[1:], strict=True):
        state, covariance = _predict(state, covariance, float(gap), acceleration_density)
        state, covariance = _update(state, covariance, fix, wavelength_m)
        states.append(state)
        covariances.append(covariance)
    return Track(np.array(states), np.array(covariances))


def measured(fix: Fix, state: Float[np.ndarray, "6"], wavelength_m: float) -> Float[np.ndarray, "4"]:
    """What a target in this state would measure at the instant of a fix, without errors."""
    place, velocity, origin = state[:3], state[3:], np.zeros(3)
    azimuth, zenith = arrival_angles(origin, place)
    path = np.linalg.norm(place - fix.transmitter_m) + np.linalg.norm(place)
    shift = bistatic_doppler_hz(fix.transmitter_m, fix.transmitter_velocity_m_s, place, velocity, origin, wavelength_m)
    return np.array([azimuth, zenith, path, shift], dtype=float)


def _position(fix: Fix) -> np.ndarray:
    return np.asarray(ellipsoid_position(fix.transmitter_m, *fix.values[:3]))


def _position_covariance(fix: Fix, place: np.ndarray) -> np.ndarray:
    """Of the place that angles and range give."""
    jacobian = _jacobian(fix, np.concatenate([place, np.zeros(3)]), 1.0)[:3, :3]
    inverse = np.linalg.inv(jacobian)
    return inverse @ np.diag(fix.variances[:3]) @ inverse.T


def _jacobian(fix: Fix, state: np.ndarray, wavelength_m: float) -> np.ndarray:
    columns = [
        _wrapped(measured(fix, state + step, wavelength_m) - measured(fix, state - step, wavelength_m)) / (2.0 * size)
        for step, size in zip(np.diag(_STEPS), _STEPS, strict=True)
    ]
    return np.stack(columns, axis=1)


def _predict(state: np.ndarray, covariance: np.ndarray, gap: float, density: float) -> tuple[np.ndarray, np.ndarray]:
    move = np.eye(6)
    move[:3, 3:] = gap * np.eye(3)
    noise = np.kron([[gap**3 / 3.0, gap**2 / 2.0], [gap**2 / 2.0, gap]], density * np.eye(3))
    return move @ state, move @ covariance @ move.T + noise


def _update(state: np.ndarray, covariance: np.ndarray, fix: Fix, wavelength_m: float) -> tuple[np.ndarray, np.ndarray]:
    jacobian = _jacobian(fix, state, wavelength_m)
    # In units of the measurements' own errors, so that radians, metres and hertz stand side by side.
    scale = 1.0 / np.sqrt(fix.variances)
    innovation = scale * _wrapped(fix.values - measured(fix, state, wavelength_m))
    rows = scale[:, None] * jacobian
    spread = rows @ covariance @ rows.T + np.eye(4)
    gain = np.linalg.solve(spread, rows @ covariance).T
    keep = np.eye(6) - gain @ rows
    # Joseph's form stays symmetric and positive.
    return state + gain @ innovation, keep @ covariance @ keep.T + gain @ gain.T


def _wrapped(difference: np.ndarray) -> np.ndarray:
    """Differences of measurements with that of the azimuth within -pi and pi."""
    return np.concatenate([[np.angle(np.exp(1j * difference[0]))], difference[1:]])
