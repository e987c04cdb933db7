"""Several echoes in one window: all found, none disturbed by the others, the search ends."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.estimation.echo_model import EchoSearch, Transmitter
from leoisac.estimation.several_echoes import estimate_echoes
from leoisac.geometry.bistatic import arrival_angles, bistatic_geometry, departure_angles
from leoisac.waveforms.echo import bistatic_echo, complex_noise

LIGHT, TICK, LENGTH, LATEST = 3e8, 1e-7, 256, 80
SATELLITE = np.array([30e3, -30e3, 340e3])
SEARCH = EchoSearch((6, 5), LENGTH, LATEST, 4e4, TICK, beams=6)
OFFSET = int(np.linalg.norm(SATELLITE) / (LIGHT * TICK))
TRANSMITTER = Transmitter(SATELLITE, np.eye(3), upa(4, 4).positions, OFFSET, LIGHT)
TARGETS = ((3e3, 3e3, 5e3), (4.5e3, 1e3, 5e3), (1.5e3, 4e3, 7e3))
DOPPLERS, AMPLITUDES = (12e3, -20e3, 3e3), (1.0, 0.5 + 0.4j, -0.45)


def _window(count, noise):
    rng = np.random.default_rng(0)
    precoder = rng.standard_normal((16, 3)) + 1j * rng.standard_normal((16, 3))
    streams = complex_noise(rng, (3, LENGTH))
    samples = noise * complex_noise(rng, (30, LENGTH + LATEST))
    truth = []
    for target, doppler, amplitude in list(zip(TARGETS, DOPPLERS, AMPLITUDES, strict=True))[:count]:
        place = np.array(target)
        triangle = bistatic_geometry(SATELLITE, place, np.zeros(3))
        delay = float(triangle.range_tx + triangle.range_rx) / (LIGHT * TICK) - OFFSET
        aod, aoa = departure_angles(SATELLITE, place), arrival_angles(np.zeros(3), place)
        transmit = steering_vector(upa(4, 4).positions, aod[0], np.pi / 2 - aod[1])
        samples = samples + bistatic_echo(
            (np.conj(transmit) @ precoder).astype(np.complex64) @ streams,
            steering_vector(upa(6, 5).positions, aoa[0], np.pi / 2 - aoa[1]),
            amplitude=amplitude,
            delay=delay,
            doppler_hz=doppler,
            sample_time_s=TICK,
            window=LENGTH + LATEST,
        )
        u, w = place[:2] / np.linalg.norm(place)
        truth.append([u, w, delay, doppler])
    return samples.astype(np.complex64), precoder, streams, np.array(truth)


@pytest.mark.parametrize("count", [1, 3])
def test_all_echoes_are_found_and_no_more(count):
    samples, precoder, streams, truth = _window(count, 0.5)
    found = estimate_echoes(samples, precoder, streams, TRANSMITTER, SEARCH, most=5, accept=lambda value: value > 18.0)
    assert len(found) == count
    seen = np.array([[float(value) for value in (one.u, one.w, one.delay, one.doppler_hz)] for one in found])
    order = [int(np.argmin(np.abs(seen[:, 2] - delay))) for delay in truth[:, 2]]
    assert sorted(order) == list(range(count))
    # Noise alone moves them by a hundredth of a cell; another echo left in would by a tenth.
    cells = np.array([2 / 6, 2 / 5, 1.0, 1 / (LENGTH * TICK)])
    assert np.abs((seen[order] - truth) / cells).max() < 0.04


def test_no_more_than_wanted_and_amplitudes_must_be_unknown():
    samples, precoder, streams, _ = _window(3, 0.5)
    known = (samples, precoder, streams, TRANSMITTER)
    assert len(estimate_echoes(*known, SEARCH, most=2, accept=lambda _: True)) == 2
    knows = EchoSearch((6, 5), LENGTH, LATEST, 4e4, TICK, beams=6, amplitude_known=True)
    with pytest.raises(ValueError, match="amplitude_known"):
        estimate_echoes(*known, knows, most=2, accept=lambda _: True)
