"""Echoes of targets beside the first, and what the receiver takes for echoes. NumPy."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Complex

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.estimation.bistatic_ml import EchoEstimate, target_position
from leoisac.estimation.detection import false_alarm_probability
from leoisac.estimation.echo_model import EchoSearch, Transmitter
from leoisac.estimation.several_echoes import estimate_echoes
from leoisac.foundation.config import ConfigError
from leoisac.geometry.bistatic import arrival_angles, departure_angles
from leoisac.systems.bistatic_rsma.model import Detections, EchoScene, FurtherTargets
from leoisac.waveforms.echo import bistatic_echo

_TARGETS = 5
"""Stream of random numbers beside those of ``judge.interference`` and ``judge.sensing``."""
SPARE = 2
"""Detections beyond the number of targets for which there is room: ghosts."""


def further_echoes(
    scene: EchoScene,
    further: FurtherTargets,
    precoder: Complex[np.ndarray, "tx stream"],
    streams: Complex[np.ndarray, "stream sample"],
    seed: int,
) -> Complex[np.ndarray, "rx window"]:
    """Echoes of the targets after the first, each with a phase and, unless by motion, a Doppler shift of its own.

    Raises:
        ConfigError: if an echo arrives after the window's last delay.
    """
    latest, window = int(scene.max_delay), int(scene.num_samples) + int(scene.max_delay)
    satellite, axes = np.asarray(scene.satellite_m), np.asarray(scene.satellite_axes)
    transmitting, receiving = (
        upa(int(array[0]), int(array[1])).positions
        for array in (np.asarray(scene.satellite_array), np.asarray(scene.receiver_array))
    )
    rounded = float(scene.echo_delay).is_integer() and float(scene.echo_delay) != float(scene.delay)
    total = np.zeros((len(receiving), window), np.complex64)
    for index, place in enumerate(np.asarray(further.target_m)):
        numbers = np.random.default_rng([seed, _TARGETS, index]).random(2)
        delay = float(np.asarray(further.delay)[index])
        delay = float(round(delay)) if rounded else delay
        if delay > latest:
            raise ConfigError(
                f"max_delay_samples = {latest}: the echo of target {index + 2} arrives {delay:.4g} samples after the "
                "direct path; allow for more."
            )
        doppler = float(further.max_doppler_hz) * (2.0 * numbers[1] - 1.0)
        if further.doppler_hz is not None:
            doppler = float(np.asarray(further.doppler_hz)[index])
        aod = departure_angles(satellite, place, axes)
        aoa = arrival_angles(np.zeros(3), place)
        transmit = steering_vector(transmitting, aod[0], 0.5 * math.pi - aod[1])
        amplitude = math.sqrt(float(np.asarray(further.echo_snr)[index])) * np.exp(2j * math.pi * numbers[0])
        total += bistatic_echo(
            (np.conj(transmit) @ precoder).astype(np.complex64) @ streams,
            steering_vector(receiving, aoa[0], 0.5 * math.pi - aoa[1]),
            amplitude=complex(amplitude),
            delay=delay,
            doppler_hz=doppler - float(scene.doppler_centre_hz),
            sample_time_s=float(scene.sample_time_s),
            window=window,
        )
    return total


def detect(
    scene: EchoScene,
    search: EchoSearch,
    transmitter: Transmitter,
    precoder: Complex[np.ndarray, "tx stream"],
    samples: Complex[np.ndarray, "rx window"],
    streams: Complex[np.ndarray, "stream sample"],
) -> tuple[EchoEstimate, Detections]:
    """All that passes for an echo at the configured false-alarm rate, and the one nearest to the first target.

    At least one: whether that is an echo at all is what ``Estimate.false_alarm`` says.
    """
    most = len(np.asarray(further_of(scene).target_m)) + 1 + SPARE
    cells = 2.0 * search.max_doppler_hz * search.num_samples * search.sample_time_s

    def accept(statistic: float) -> bool:
        probability = false_alarm_probability(
            statistic, samples=search.window, delays=search.max_delay, doppler_cells=cells, beams=search.searched_beams
        )
        return float(probability) < float(scene.false_alarm_rate)

    found = estimate_echoes(samples, precoder, streams, transmitter, search, most=most, accept=accept)
    places = [np.asarray(target_position(transmitter, search.sample_time_s, one)) for one in found]
    spare = most - len(found)

    def column(name: str) -> np.ndarray:
        return np.array([float(getattr(one, name)) for one in found] + [0.0] * spare)

    detections = Detections(
        u=column("u"),
        w=column("w"),
        delay=column("delay"),
        doppler_hz=column("doppler_hz") + float(scene.doppler_centre_hz) * (np.arange(most) < len(found)),
        position_m=np.concatenate([np.stack(places), np.zeros((spare, 3))]),
        valid=np.arange(most) < len(found),
    )
    place = np.asarray(scene.target_m)
    direction = place[:2] / np.linalg.norm(place)
    rows, columns = search.receiver
    away = [
        np.hypot((float(one.u) - direction[0]) * rows / 2.0, (float(one.w) - direction[1]) * columns / 2.0)
        + abs(float(one.delay) - float(scene.delay))
        for one in found
    ]
    return found[int(np.argmin(away))], detections


def further_of(scene: EchoScene) -> FurtherTargets:
    """The further targets of a scene that has them."""
    assert scene.further is not None
    return scene.further


__all__ = ["SPARE", "detect", "further_echoes", "further_of"]
