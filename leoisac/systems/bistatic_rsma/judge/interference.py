"""The direct path and the ground in the receive window, and what the receiver does against them. NumPy.

All powers are relative to the receiver noise. Random numbers have streams of their own, beside those of the echo's
symbols and noise, which stay as they are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import numpy as np
from jaxtyping import Complex
from scipy import fft

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.estimation.cancellation import cancel_direction, cancel_taps, delay_doppler_taps
from leoisac.geometry.bistatic import arrival_angles, bistatic_geometry, departure_angles
from leoisac.systems.bistatic_rsma.config import CANCELLERS
from leoisac.systems.bistatic_rsma.model import Interference
from leoisac.waveforms.echo import complex_noise, fractional_delay

_GROUND, _REFERENCE = 1, 2
"""Streams of random numbers beside the echo's own."""
_DOPPLER_STEP = 0.25
"""Of a Doppler cell: cells of the ground within this share one shift."""


class Heard(NamedTuple):
    """What is in the window besides echo and noise.

    Attributes:
        samples: direct path and ground, complex64, shape ``(rx, window)``.
        reference: what the reference channel gives: the direct path's waveform of unit amplitude, with its noise.
    """

    samples: np.ndarray
    reference: np.ndarray


def hear(
    scene: Interference, precoder: Complex[np.ndarray, "tx stream"], streams: np.ndarray, window: int, seed: int
) -> Heard:
    """Direct path, ground clutter and reference channel of one trial.

    Args:
        scene: powers and places.
        precoder: ``P``.
        streams: transmitted symbols, shape ``(stream, sample)``.
        window: samples of the window.
        seed: of the trial's echo.
    """
    satellite, axes = np.asarray(scene.satellite_m), np.asarray(scene.satellite_axes)
    weights = _weights(scene, satellite, axes, np.zeros((1, 3)), precoder)[0]
    waveform = fractional_delay(weights @ streams.astype(np.complex128), float(scene.direct_delay), window)
    receive = _steering(scene, *arrival_angles(np.zeros(3), satellite))
    amplitude = math.sqrt(float(scene.direct_snr))
    samples = (receive[:, None] * (amplitude * waveform)).astype(np.complex64)
    if np.asarray(scene.ground_m).size:
        samples += _ground(scene, precoder, streams, window, np.random.default_rng([seed, _GROUND]))
    reference = waveform
    if float(scene.reference_noise) > 0.0:
        power = float(np.mean(np.abs(weights @ streams) ** 2)) * float(scene.reference_noise)
        noise = complex_noise(np.random.default_rng([seed, _REFERENCE]), (1, window), power, np.complex128)[0]
        reference = waveform + noise
    return Heard(samples, reference)


def suppress(scene: Interference, samples: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The samples after the receiver's cancellers, one after the other. Linear in the samples."""
    azimuth, zenith = arrival_angles(np.zeros(3), np.asarray(scene.satellite_m))
    steering = _steering(scene, azimuth, zenith)
    for code in np.asarray(scene.cancellation):
        name = CANCELLERS[int(code)]
        if name == "null-beams":
            samples = cancel_direction(samples, steering[:, None])
            continue
        taps = delay_doppler_taps(
            reference,
            taps=int(scene.taps),
            dopplers=int(scene.dopplers) if name == "eca" else 0,
            step_hz=1.0 / (int(scene.num_samples) * float(scene.sample_time_s)),
            sample_time_s=float(scene.sample_time_s),
        )
        if name == "eca":
            samples = cancel_taps(samples, taps, int(scene.batches))
        else:
            slopes = steering_derivatives(_elements(scene.receiver_array), azimuth, 0.5 * math.pi - zenith)
            samples = cancel_direction(samples, np.stack([steering, *slopes], axis=1), taps)
    return samples


def _ground(
    scene: Interference, precoder: np.ndarray, streams: np.ndarray, window: int, rng: np.random.Generator
) -> np.ndarray:
    """Echoes of all cells: amplitudes of every draw complex normal, with a gamma texture where there is one.

    Cells of one delay, in whole samples after the direct path, and about one Doppler shift add up in space first; their
    streams are then convolved with what is left, by FFTs over the delay.
    """
    place, power = np.asarray(scene.ground_m), np.asarray(scene.ground_snr)
    satellite, axes = np.asarray(scene.satellite_m), np.asarray(scene.satellite_axes)
    amplitude = np.sqrt(power) * complex_noise(rng, (1, len(power)), 1.0, np.complex128)[0]
    spread = float(scene.texture_spread)
    if spread > 0.0:
        amplitude = amplitude * np.sqrt(rng.gamma(1.0 / spread, spread, len(power)))
    triangle = bistatic_geometry(satellite, place, np.zeros(3))
    tick = float(scene.sample_time_s)
    late = (triangle.range_tx + triangle.range_rx - triangle.range_los) / (float(scene.speed_of_light_m_s) * tick)
    delay = np.round(late).astype(int)
    sent_first = fractional_delay(streams, float(scene.direct_delay), window)  # as the direct path arrives
    step = _DOPPLER_STEP / (streams.shape[1] * tick)
    shift = np.round(np.asarray(scene.ground_doppler_hz) / step).astype(int)
    receive = _steering(scene, *arrival_angles(np.zeros(3), place))  # (cell, rx)
    driven = amplitude[:, None] * _weights(scene, satellite, axes, place, precoder)  # (cell, stream)
    latest = min(int(delay.max()), window - 1)
    size = cast(int, fft.next_fast_len(window + latest + 1))
    spectrum = fft.fft(sent_first.astype(np.complex64), size, axis=1)
    found = np.zeros((receive.shape[1], window), np.complex64)
    for value in np.unique(shift):
        kernel = np.zeros((streams.shape[0], receive.shape[1], latest + 1), np.complex64)
        for late_by in np.unique(delay[(shift == value) & (delay <= latest)]):
            cells = (shift == value) & (delay == late_by)
            kernel[:, :, late_by] = driven[cells].T @ receive[cells]
        summed = np.zeros((receive.shape[1], size), np.complex64)
        for one, sent in zip(kernel, spectrum, strict=True):
            summed += np.asarray(fft.fft(one, size, axis=1)) * sent
        turn = np.exp(2j * math.pi * value * step * tick * np.arange(window)).astype(np.complex64)
        found += np.asarray(fft.ifft(summed, axis=1))[:, :window] * turn
    return found


def _weights(
    scene: Interference, satellite: np.ndarray, axes: np.ndarray, place: np.ndarray, precoder: np.ndarray
) -> np.ndarray:
    """Weights of the streams towards places, shape ``(place, stream)``."""
    azimuth, off_nadir = departure_angles(satellite, place, axes)
    transmit = steering_vector(_elements(scene.satellite_array), azimuth, 0.5 * math.pi - off_nadir)
    return np.conj(transmit) @ precoder


def _steering(scene: Interference, azimuth: Any, zenith: Any) -> np.ndarray:
    return steering_vector(_elements(scene.receiver_array), azimuth, 0.5 * math.pi - zenith)


def _elements(array: Any) -> np.ndarray:
    rows, columns = (int(size) for size in np.asarray(array))
    return upa(rows, columns).positions
