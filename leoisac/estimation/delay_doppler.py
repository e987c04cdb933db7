"""Joint search for delay and Doppler shift by matched filters, and its bistatic form that also finds the target."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy import fft

from leoisac.antennas.steering import steering_vector
from leoisac.estimation.detection import false_alarm_probability, peak_to_median
from leoisac.geometry.bistatic import departure_angles, ellipsoid_position

_BLOCK = 32
"""Delays whose FFTs are in memory at once."""


class DelayDopplerMap(NamedTuple):
    """Matched-filter output ``|sum_l y[tau + l] x*[l] exp(-j 2 pi v l T_s)|``.

    Attributes:
        delays: samples after the start of the window.
        dopplers_hz: ascending.
        magnitude: shape ``(delay, doppler)``.
        noise_level: root mean square of every row if the received samples were noise of their mean power, shape
            ``(delay,)``: references of different delays differ in energy.
        doppler_cells: span of Doppler shifts in cells of ``1 / (L T_s)``.
        window: received samples.
    """

    delays: np.ndarray
    dopplers_hz: np.ndarray
    magnitude: np.ndarray
    noise_level: np.ndarray
    doppler_cells: float
    window: int

    @property
    def normalised(self) -> np.ndarray:
        """The map in units of the noise: squared, every cell of noise alone is ``Exp(1)``."""
        return self.magnitude / self.noise_level[:, None]


class Peak(NamedTuple):
    """Largest value of a delay-Doppler map.

    Attributes:
        delay: samples after the start of the window.
        doppler_hz: interpolated between the map's Doppler shifts.
        prominence: peak over the median of the normalised map.
        false_alarm: probability that noise alone has such a peak.
    """

    delay: int
    doppler_hz: float
    prominence: float
    false_alarm: float


class TargetEstimate(NamedTuple):
    """Delay, Doppler shift and place of a target from a bistatic echo.

    Attributes:
        delay: samples, absolute (transmitter - target - receiver).
        doppler_hz: Doppler shift.
        aod_azimuth, aod_off_nadir: angle of departure, radians.
        position_m: target position relative to the receiver, shape ``(3,)``.
        prominence, false_alarm: as in ``Peak``; an angle of arrival that is wrong gives no peak.
        map: the whole search.
    """

    delay: int
    doppler_hz: float
    aod_azimuth: float
    aod_off_nadir: float
    position_m: np.ndarray
    prominence: float
    false_alarm: float
    map: DelayDopplerMap


def doppler_bins(length: int, max_doppler_hz: float, sample_time_s: float, pad: int = 4) -> tuple[int, int]:
    """Points n of the FFT of ``delay_doppler_map``, and bins that it keeps on either side of zero.

    Bin m stands for the Doppler shift ``m / (n T_s)``. Arguments as there; ``length`` is that of a reference.
    """
    size = cast(int, fft.next_fast_len(pad * length))
    return size, min(int(max_doppler_hz * size * sample_time_s), (size - 1) // 2)


def delay_doppler_map(
    received: Complex[np.ndarray, " window"],
    references: Complex[np.ndarray, "delay sample"],
    delays: Int[np.ndarray, " delay"],
    *,
    max_doppler_hz: float,
    sample_time_s: float,
    pad: int = 4,
) -> DelayDopplerMap:
    """Matched-filter map over delays and Doppler shifts, one zero-padded FFT per delay.

    Args:
        received: one channel of received samples.
        references: transmitted waveform as it would be received from each delay (they may differ between delays).
        delays: samples after the start of ``received``; each leaves room for a whole reference.
        max_doppler_hz: Doppler shifts searched, both signs.
        sample_time_s: ``T_s``.
        pad: FFT points per sample: the Doppler step is at most ``1 / (pad L T_s)``.

    Raises:
        ValueError: if a delay leaves no room, or the Doppler span exceeds the sampling rate.
    """
    length = references.shape[1]
    if delays.min() < 0 or delays.max() + length > len(received):
        raise ValueError(
            f"delays from {delays.min()} to {delays.max()}: a reference of {length} samples must lie within the "
            f"{len(received)} received ones."
        )
    if not 0 < max_doppler_hz <= 0.5 / sample_time_s:
        raise ValueError(
            f"max_doppler_hz={max_doppler_hz:g}: must be positive and at most half the sampling rate, "
            f"{0.5 / sample_time_s:g}."
        )
    size, half = doppler_bins(length, max_doppler_hz, sample_time_s, pad)
    keep = np.arange(-half, half + 1)
    windows = np.lib.stride_tricks.sliding_window_view(received, length)
    magnitude = np.empty((len(delays), len(keep)), dtype=np.float64)
    for first in range(0, len(delays), _BLOCK):
        block = slice(first, first + _BLOCK)
        product = windows[delays[block]] * np.conj(references[block])
        magnitude[block] = np.abs(np.asarray(fft.fft(product, size, axis=1))[:, keep])
    level = np.linalg.norm(references, axis=1) * np.linalg.norm(received) / math.sqrt(len(received))
    cells = 2.0 * max_doppler_hz * length * sample_time_s
    floor = np.maximum(level.astype(float), np.finfo(np.float32).tiny)
    return DelayDopplerMap(delays, keep / (size * sample_time_s), magnitude, floor, cells, len(received))


def find_peak(found: DelayDopplerMap) -> Peak:
    """The largest value of the normalised map; between Doppler shifts by a parabola through the nearest powers."""
    shown = found.normalised
    row, column = np.unravel_index(int(np.argmax(shown)), shown.shape)
    doppler, statistic = found.dopplers_hz[column], float(shown[row, column]) ** 2
    if 0 < column < shown.shape[1] - 1:
        before, at, after = shown[row, column - 1 : column + 2] ** 2
        curvature = before - 2.0 * at + after
        if curvature < 0.0:
            shift = 0.5 * (before - after) / curvature
            doppler += shift * (found.dopplers_hz[1] - found.dopplers_hz[0])
            statistic -= 0.25 * (before - after) * shift
    false_alarm = false_alarm_probability(
        statistic, samples=found.window, delays=len(found.delays), doppler_cells=found.doppler_cells
    )
    return Peak(int(found.delays[row]), float(doppler), peak_to_median(shown), false_alarm)


def delay_doppler_aod(
    samples: Complex[np.ndarray, "rx window"],
    precoder: Complex[np.ndarray, "tx stream"],
    streams: Complex[np.ndarray, "stream sample"],
    *,
    aoa_azimuth: float,
    aoa_zenith: float,
    receiver_positions: Float[np.ndarray, "rx 3"],
    transmitter_m: Float[np.ndarray, "3"],
    transmitter_axes: Float[np.ndarray, "3 3"],
    transmitter_positions: Float[np.ndarray, "tx 3"],
    delay_offset: int,
    max_delay: int,
    max_doppler_hz: float,
    sample_time_s: float,
    speed_of_light_m_s: float,
    pad: int = 4,
) -> TargetEstimate:
    """Delay, Doppler shift and angle of departure of a target whose angle of arrival is known.

    Every delay puts the target on an ellipsoid with transmitter and receiver as foci; the ray along the angle of
    arrival meets it in one point, which gives the angle of departure and with it the reference waveform
    ``a^H(tau) P S`` for the matched filter on the beam ``b^H Y``. Delays that are not longer than the direct path are
    skipped.

    Args:
        samples: received samples ``Y``; the window starts ``delay_offset`` samples after transmission.
        precoder: ``P``.
        streams: transmitted symbols ``S``, known to the receiver.
        aoa_azimuth, aoa_zenith: angle of arrival, radians.
        receiver_positions: elements of the receive array in wavelengths.
        transmitter_m: transmitter relative to the receiver, metres.
        transmitter_axes: rows are the axes of the transmit array.
        transmitter_positions: elements of the transmit array in wavelengths, in its axes.
        delay_offset: whole samples of delay at which the window starts.
        max_delay: delays 1 to this are searched, in samples after ``delay_offset``.
        max_doppler_hz: Doppler shifts searched, both signs.
        sample_time_s: sampling interval.
        speed_of_light_m_s: speed of light.
        pad: as for ``delay_doppler_map``.

    Raises:
        ValueError: if no delay is longer than the direct path, or the window is too short.
    """
    delays = np.arange(1, max_delay + 1)
    ranges_m = speed_of_light_m_s * sample_time_s * (delay_offset + delays)
    beyond = ranges_m > np.linalg.norm(transmitter_m)
    if not beyond.any():
        raise ValueError(
            f"delay_offset={delay_offset}, max_delay={max_delay}: every delay is shorter than the direct path of "
            f"{np.linalg.norm(transmitter_m) / (speed_of_light_m_s * sample_time_s):.1f} samples."
        )
    delays = delays[beyond]
    positions = ellipsoid_position(transmitter_m, aoa_azimuth, aoa_zenith, ranges_m[beyond])
    azimuth, off_nadir = departure_angles(transmitter_m, positions, transmitter_axes)
    transmit = steering_vector(transmitter_positions, azimuth, 0.5 * math.pi - off_nadir)
    references = (np.conj(transmit) @ precoder).astype(streams.dtype) @ streams
    beam = steering_vector(receiver_positions, aoa_azimuth, 0.5 * math.pi - aoa_zenith).astype(samples.dtype)
    found = delay_doppler_map(
        np.conj(beam) @ samples,
        references,
        delays,
        max_doppler_hz=max_doppler_hz,
        sample_time_s=sample_time_s,
        pad=pad,
    )
    peak = find_peak(found)
    index = int(np.flatnonzero(delays == peak.delay)[0])
    return TargetEstimate(
        delay=delay_offset + peak.delay,
        doppler_hz=peak.doppler_hz,
        aod_azimuth=float(azimuth[index]),
        aod_off_nadir=float(off_nadir[index]),
        position_m=positions[index],
        prominence=peak.prominence,
        false_alarm=peak.false_alarm,
        map=found,
    )
