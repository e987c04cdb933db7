"""Bounds on delay, Doppler shift and angle of several targets from the exact sampled echoes at a receive array.

Antenna r of a line array receives ``y_r[q] = sum_t a_t b_r(theta_t) e_t[q] + n``, where ``e_t`` is the sampled echo of
what reaches target t (``waveforms.sampled_echo``). All amplitudes are unknown complex numbers, so that neither the
origin of the indices nor that of the array tells anything.

Source: P. Stoica and J. Li, MIMO Radar Signal Processing, 2009, chapter 1; the Slepian-Bangs formula of
``metrics.fisher``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.antennas.steering import ula_steering_vector
from leoisac.foundation.namespace import array_namespace
from leoisac.metrics.fisher import cramer_rao_bounds, effective_information, fisher_information
from leoisac.waveforms.sampled_echo import baseband_frequencies, sampled_echo


class TargetBounds(NamedTuple):
    """Cramer-Rao bounds of every target, all others and all amplitudes unknown; shapes ``(target,)``.

    Attributes:
        delay: s^2.
        doppler: Hz^2.
        angle: rad^2; of one receive antenna ``None``, the angles then being known.
    """

    delay: Any
    doppler: Any
    angle: Any


def multi_target_bounds(
    samples: Complex[Any, "stream antenna cell"],
    *,
    delays_s: Float[Any, " target"],
    dopplers_hz: Float[Any, " target"],
    angles_rad: Float[Any, " target"],
    echo_to_noise: Float[Any, " target"],
    n_rx: int,
    sample_time_s: float,
) -> TargetBounds:
    """Bounds for streams with independent symbols of unit power, from their samples at every transmit antenna.

    Args:
        samples: samples of every stream at every antenna of a half-wavelength line array; one antenna radiates the same
            everywhere. Its steering vectors have unit norm.
        delays_s, dopplers_hz, angles_rad: of the targets, angles from the broadside of both arrays.
        echo_to_noise: power of each echo at one antenna over noise per sample, per watt of the frame.
        n_rx: antennas of the half-wavelength line array that receives.
        sample_time_s: ``T_s``.
    """
    xp = array_namespace(samples, delays_s, dopplers_hz, angles_rad, echo_to_noise)
    n_streams, n_tx, count = samples.shape
    n_targets = delays_s.shape[0]
    frequencies = baseband_frequencies(count, sample_time_s)
    transmit, transmit_slope = (vectors / math.sqrt(n_tx) for vectors in _line_array(xp, angles_rad, n_tx))
    receive, receive_slope = _line_array(xp, angles_rad, n_rx)
    # A beam w reaches the target as a^H w.
    reaching, reaching_slope = (
        xp.einsum("ta,saq->tsq", xp.conj(vectors), samples) for vectors in (transmit, transmit_slope)
    )

    def echo(sent: Any) -> Any:
        shape = (n_targets, n_streams)
        delay, doppler = (xp.broadcast_to(value[:, None], shape) for value in (delays_s, dopplers_hz))
        return sampled_echo(sent, delay, doppler, sample_time_s=sample_time_s)

    at_target = echo(reaching)
    slope = echo(xp.fft.ifft(-2j * np.pi * frequencies * xp.fft.fft(reaching, axis=-1), axis=-1))
    by_delay = slope - 2j * np.pi * dopplers_hz[:, None, None] * at_target
    times = np.arange(count) * sample_time_s - delays_s[:, None]
    by_doppler = 2j * np.pi * times[:, None] * at_target
    amplitude = xp.sqrt(echo_to_noise)[:, None, None, None]

    def seen(vectors: Any, echoes: Any) -> Any:
        return (vectors[:, :, None, None] * echoes[:, None]).reshape(n_targets, -1)

    def scaled(columns: Any) -> Any:
        return amplitude[:, 0, 0] * columns

    wanted = [scaled(seen(receive, by_delay)), scaled(seen(receive, by_doppler))]
    if n_rx > 1:
        wanted.append(scaled(seen(receive_slope, at_target) + seen(receive, echo(reaching_slope))))
    amplitudes = seen(receive, at_target)
    columns = xp.concatenate([*wanted, amplitudes, 1j * amplitudes])
    information = effective_information(fisher_information(columns.T, 1.0), len(wanted) * n_targets)
    bounds = cramer_rao_bounds(information).reshape(len(wanted), n_targets)
    return TargetBounds(bounds[0], bounds[1], bounds[2] if n_rx > 1 else None)


def _line_array(xp: Any, angles: Any, count: int) -> tuple[Any, Any]:
    """Steering vectors of a half-wavelength line array and their derivatives by the angle, ``(target, antenna)``."""
    vectors = ula_steering_vector(angles, count)
    return vectors, 1j * math.pi * np.arange(count) * xp.cos(angles)[:, None] * vectors


__all__ = ["TargetBounds", "multi_target_bounds"]
