"""The target's echo at the receiver, and what the receiver finds out from it, one trial at a time.

The ml receiver finds direction, delay, Doppler shift and departure at once from the block that it knows. The others
first find the angle of arrival, by MUSIC or beam scan, then delay, Doppler shift and angle of departure by matched
filters along the ellipsoids of constant delay. All powers are relative to the receiver noise.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.estimation.bistatic_ml import (
    angles_of,
    estimate_echo,
    matched_snapshot,
    target_position,
)
from leoisac.estimation.delay_doppler import DelayDopplerMap, TargetEstimate, delay_doppler_aod
from leoisac.estimation.detection import false_alarm_probability
from leoisac.estimation.echo_model import EchoSearch, Transmitter
from leoisac.estimation.music import beamscan_2d, music_2d, music_spectrum
from leoisac.foundation.config import ConfigError
from leoisac.geometry.bistatic import arrival_angles, departure_angles
from leoisac.systems.bistatic_rsma.config import ESTIMATORS
from leoisac.systems.bistatic_rsma.judge.bounds import transmitter_of
from leoisac.systems.bistatic_rsma.judge.grids import DopplerColumns, direction_cosines, doppler_columns, pooled
from leoisac.systems.bistatic_rsma.judge.interference import Heard, hear, suppress
from leoisac.systems.bistatic_rsma.judge.several import detect, further_echoes
from leoisac.systems.bistatic_rsma.model import Echo, EchoScene, Estimate
from leoisac.waveforms.blocks import BLOCKS, symbol_block
from leoisac.waveforms.echo import bistatic_echo, complex_noise

_CALIBRATION, _BITS, _RECEIVERS = 3, 4, 6
"""Streams of random numbers beside those of ``judge.interference`` and ``judge.several``."""


class Observation(NamedTuple):
    """What the receiver has: its samples in units of the noise, and the transmitted symbols.

    Attributes:
        samples: complex64, shape ``(rx, window)``; the noise power is 1.
        streams: complex64, shape ``(stream, sample)``; unit power.
        echo: the echo alone, and
        heard: what else is in the samples; ``None`` in a clean window.
    """

    samples: np.ndarray
    streams: np.ndarray
    echo: np.ndarray | None = None
    heard: Heard | None = None


def observe(scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], echo: Echo, receiver: int = 0) -> Observation:
    """Simulate the receive window of one trial.

    ``Y = alpha b [a^H P S V(v), 0] J(tau) + Z`` with CN(0, 1) noise and independent symbols S of unit power (the radar
    sequence, too): CN(0, 1), or those of the configured frames.
    The delay is the true one, between samples, or rounded where the configuration says so. Receivers after the first
    (``receiver`` > 0) hear the same symbols in noise of their own.

    Raises:
        ConfigError: if the echo arrives after the window's last delay.
    """
    rng = np.random.default_rng(int(echo.seed))
    delay, latest, length = float(scene.echo_delay), int(scene.max_delay), int(scene.num_samples)
    if delay > latest:
        raise ConfigError(
            f"max_delay_samples = {latest}: the echo arrives {delay:.4g} samples after the direct path; allow for more."
        )
    satellite, target = np.asarray(scene.satellite_m), np.asarray(scene.target_m)
    aod_azimuth, aod_off_nadir = departure_angles(satellite, target, np.asarray(scene.satellite_axes))
    aoa_azimuth, aoa_zenith = arrival_angles(np.zeros(3), target)
    transmit = steering_vector(_positions(scene.satellite_array), aod_azimuth, 0.5 * math.pi - aod_off_nadir)
    receive = steering_vector(_positions(scene.receiver_array), aoa_azimuth, 0.5 * math.pi - aoa_zenith)
    if float(scene.calibration_error) > 0.0:
        receive = receive * calibration_errors(scene, int(echo.seed))
    streams = complex_noise(rng, (precoder.shape[1], length))
    if receiver:
        rng = np.random.default_rng([int(echo.seed), _RECEIVERS, receiver])
    samples = complex_noise(rng, (len(receive), length + latest))
    kind = BLOCKS[int(scene.waveform)]
    if kind != "gaussian":  # the same noise for every waveform
        bits = np.random.default_rng([int(echo.seed), _BITS])
        streams = symbol_block(kind, bits, len(streams), length, int(scene.subcarriers)).astype(np.complex64)
    alone = bistatic_echo(
        (np.conj(transmit) @ precoder).astype(np.complex64) @ streams,
        receive,
        amplitude=echo_amplitude(scene, echo),
        delay=delay,
        doppler_hz=float(echo.doppler_hz) - float(scene.doppler_centre_hz),
        sample_time_s=float(scene.sample_time_s),
        window=length + latest,
    )
    samples += alone
    if scene.further is not None:
        samples += further_echoes(scene, scene.further, precoder, streams, int(echo.seed))
    if scene.interference is None:
        return Observation(samples, streams)
    heard = hear(scene.interference, precoder, streams, length + latest, int(echo.seed))
    if float(scene.calibration_error) > 0.0:
        off = calibration_errors(scene, int(echo.seed)).astype(np.complex64)
        heard = heard._replace(samples=heard.samples * off[:, None])
    samples += heard.samples
    return Observation(samples, streams, alone, heard)


def calibration_errors(scene: EchoScene, seed: int) -> np.ndarray:
    """Unknown phase factors of the receiver's elements in one trial, shape ``(rx,)``."""
    rng = np.random.default_rng([seed, _CALIBRATION])
    return np.exp(1j * float(scene.calibration_error) * rng.standard_normal(math.prod(_receiver_shape(scene))))


def estimate_target(
    scene: EchoScene,
    precoder: Complex[np.ndarray, "tx stream"],
    observation: Observation,
    amplitude: complex = 1.0 + 0.0j,
) -> Estimate:
    """Angle of arrival, delay, Doppler shift, angle of departure and position by the receiver of the configuration.

    Args:
        scene: sizes, spans and the receiver.
        precoder: ``P``.
        observation: samples and symbols.
        amplitude: the echo's complex amplitude, for a receiver that knows it.
    """
    interference = scene.interference
    if interference is None or observation.heard is None or observation.echo is None:
        return _estimate(scene, precoder, observation, amplitude)
    heard, reference = observation.heard
    cleaned, residual, echo = (
        suppress(interference, part, reference) for part in (observation.samples, heard, observation.echo)
    )
    found = _estimate(scene, precoder, observation._replace(samples=cleaned), amplitude)
    return replace(
        found,
        interference_to_noise=float(np.mean(np.abs(heard) ** 2)),
        residual_to_noise=float(np.mean(np.abs(residual) ** 2)),
        echo_kept=float(np.linalg.norm(echo) ** 2 / np.linalg.norm(observation.echo) ** 2),
    )


def _estimate(
    scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], observation: Observation, amplitude: complex
) -> Estimate:
    if ESTIMATORS[int(scene.estimator)] == "ml":
        return _joint_estimate(scene, precoder, observation, amplitude)
    return _two_step_estimate(scene, precoder, observation)


def _two_step_estimate(
    scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], observation: Observation
) -> Estimate:
    """Angle of arrival from the samples alone, then matched filters."""
    shape = _receiver_shape(scene)
    find = music_2d if ESTIMATORS[int(scene.estimator)] == "music" else beamscan_2d
    angle = find(observation.samples, shape)
    offset = np.asarray(scene.aoa_offset)
    azimuth, zenith = _offset_angles(angle.azimuth + offset[0], angle.zenith + offset[1])
    found = _matched_filters(scene, precoder, observation, azimuth, zenith)
    keep = int(scene.map_points)
    return Estimate(
        aoa_azimuth=azimuth,
        aoa_zenith=zenith,
        eigenvalue_ratio=angle.eigenvalue / max(angle.noise_power, np.finfo(np.float32).tiny),
        delay=float(found.delay - int(scene.delay_offset)),
        doppler_hz=found.doppler_hz + float(scene.doppler_centre_hz),
        aod_azimuth=found.aod_azimuth,
        aod_off_nadir=found.aod_off_nadir,
        position_m=found.position_m,
        prominence=found.prominence,
        false_alarm=found.false_alarm,
        music_spectrum=_spectrum_map(angle.subspace, shape, keep) if keep else None,
        delay_doppler_map=_delay_doppler_map(found.map, scene) if keep else None,
    )


def _joint_estimate(
    scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], observation: Observation, amplitude: complex
) -> Estimate:
    """Everything at once by maximum likelihood."""
    search = echo_search(scene)
    transmitter = Transmitter(*(np.asarray(value) for value in transmitter_of(scene, precoder.shape[0])))
    detections = None
    if scene.further is None:
        found = estimate_echo(observation.samples, precoder, observation.streams, transmitter, search, amplitude)
    else:
        window = observation.samples, observation.streams
        found, detections = detect(scene, search, transmitter, precoder, *window)
    place = np.asarray(target_position(transmitter, search.sample_time_s, found))
    azimuth, zenith = (float(angle) for angle in angles_of(found.u, found.w))
    aod = departure_angles(np.asarray(scene.satellite_m), place, np.asarray(scene.satellite_axes))
    cells = 2.0 * search.max_doppler_hz * search.num_samples * search.sample_time_s
    statistic, keep = float(found.statistic), int(scene.map_points)
    seen = _matched_filters(scene, precoder, observation, azimuth, zenith).map if keep else None
    spectrum = None
    if seen is not None:
        snapshot = np.asarray(
            matched_snapshot(observation.samples, precoder, observation.streams, transmitter, search, found)
        )
        spectrum = _spectrum_map(snapshot / np.linalg.norm(snapshot), search.receiver, keep)
    return Estimate(
        aoa_azimuth=azimuth,
        aoa_zenith=zenith,
        eigenvalue_ratio=float(found.energy) / search.window,
        delay=float(found.delay),
        doppler_hz=float(found.doppler_hz) + float(scene.doppler_centre_hz),
        aod_azimuth=float(aod[0]),
        aod_off_nadir=float(aod[1]),
        position_m=place,
        prominence=math.sqrt(statistic / math.log(2.0)),
        false_alarm=false_alarm_probability(
            statistic, samples=search.window, delays=search.max_delay, doppler_cells=cells, beams=search.searched_beams
        ),
        music_spectrum=spectrum,
        delay_doppler_map=None if seen is None else _delay_doppler_map(seen, scene),
        detections=detections,
    )


def echo_search(scene: EchoScene) -> EchoSearch:
    """Sizes and spans of the ml receiver's search."""
    return EchoSearch(
        receiver=_receiver_shape(scene),
        num_samples=int(scene.num_samples),
        max_delay=int(scene.max_delay),
        max_doppler_hz=float(scene.doppler_search_hz),
        sample_time_s=float(scene.sample_time_s),
        beams=int(scene.search_beams),
        amplitude_known=bool(scene.amplitude_known),
    )


def sense(scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], echo: Echo) -> Estimate:
    """One trial: the echo of a precoder, and the receiver's estimates from it."""
    return estimate_target(scene, precoder, observe(scene, precoder, echo), echo_amplitude(scene, echo))


def echo_amplitude(scene: EchoScene, echo: Echo) -> complex:
    """Complex amplitude ``alpha`` of the echo in units of the noise."""
    return math.sqrt(float(scene.echo_snr)) * complex(np.exp(1j * float(echo.phase)))


def _matched_filters(
    scene: EchoScene,
    precoder: Complex[np.ndarray, "tx stream"],
    observation: Observation,
    azimuth: float,
    zenith: float,
) -> TargetEstimate:
    return delay_doppler_aod(
        observation.samples,
        precoder,
        observation.streams,
        aoa_azimuth=azimuth,
        aoa_zenith=zenith,
        receiver_positions=_positions(scene.receiver_array),
        transmitter_m=np.asarray(scene.satellite_m),
        transmitter_axes=np.asarray(scene.satellite_axes),
        transmitter_positions=_positions(scene.satellite_array),
        delay_offset=int(scene.delay_offset),
        max_delay=int(scene.max_delay),
        max_doppler_hz=float(scene.doppler_search_hz),
        sample_time_s=float(scene.sample_time_s),
        speed_of_light_m_s=float(scene.speed_of_light_m_s),
    )


def _receiver_shape(scene: EchoScene) -> tuple[int, int]:
    rows, columns = (int(size) for size in np.asarray(scene.receiver_array))
    return rows, columns


def _positions(array: Any) -> np.ndarray:
    rows, columns = (int(size) for size in np.asarray(array))
    return upa(rows, columns).positions


def _offset_angles(azimuth: float, zenith: float) -> tuple[float, float]:
    """The same direction with the zenith angle within 0 to pi."""
    if 0.0 <= zenith <= math.pi:
        return azimuth, zenith
    return azimuth + math.pi, abs(zenith) if zenith < 0.0 else 2.0 * math.pi - zenith


def _spectrum_map(subspace: np.ndarray, shape: tuple[int, int], points: int) -> np.ndarray:
    """MUSIC spectrum of a signal vector over the direction cosines, relative to its peak; zero beyond the horizon."""
    cosine = direction_cosines(points)
    w, u = np.meshgrid(cosine, cosine, indexing="ij")
    radius = np.hypot(u, w)
    spectrum = music_spectrum(subspace, shape, np.arctan2(w, u), np.arcsin(np.minimum(radius, 1.0)))
    return np.where(radius <= 1.0, spectrum, 0.0)


def _delay_doppler_map(found: DelayDopplerMap, scene: EchoScene) -> np.ndarray:
    """The map relative to its peak, at the delays and Doppler shifts of ``grids``; zero at delays not searched."""
    columns, shown = _columns(scene), found.normalised
    full = np.zeros((int(scene.max_delay), len(columns.centres_hz)))
    full[found.delays - 1] = pooled(shown / shown.max(), columns)
    return full[int(scene.early) :]


def _columns(scene: EchoScene) -> DopplerColumns:
    return doppler_columns(int(scene.num_samples), float(scene.sample_time_s), float(scene.doppler_search_hz))
