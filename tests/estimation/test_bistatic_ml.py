"""Joint maximum likelihood of a bistatic echo: the top of the likelihood, its edges, what it refuses."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.estimation.bistatic_ml import angles_of, estimate_echo, matched_snapshot, target_position
from leoisac.estimation.echo_model import EchoSearch, Transmitter
from leoisac.geometry.bistatic import arrival_angles, bistatic_geometry, departure_angles
from leoisac.waveforms.echo import bistatic_echo, complex_noise

LIGHT, TICK, LENGTH, LATEST = 3e8, 1e-7, 256, 80
SATELLITE, TARGET = np.array([30e3, -30e3, 340e3]), np.array([2e3, 3e3, 5e3])
SEARCH = EchoSearch((6, 5), LENGTH, LATEST, 4e4, TICK, beams=6)
TRIANGLE = bistatic_geometry(SATELLITE, TARGET, np.zeros(3))
OFFSET = int(TRIANGLE.range_los / (LIGHT * TICK))
TRANSMITTER = Transmitter(SATELLITE, np.eye(3), upa(4, 4).positions, OFFSET, LIGHT)
DELAY = float(TRIANGLE.range_tx + TRIANGLE.range_rx) / (LIGHT * TICK) - OFFSET
ARRIVAL = arrival_angles(np.zeros(3), TARGET)


def _window(noise, seed=0, doppler=12_345.0, amplitude=0.6 - 0.8j):
    rng = np.random.default_rng(seed)
    precoder = rng.standard_normal((16, 3)) + 1j * rng.standard_normal((16, 3))
    streams = complex_noise(rng, (3, LENGTH))
    aod = departure_angles(SATELLITE, TARGET)
    transmit = steering_vector(upa(4, 4).positions, aod[0], np.pi / 2 - aod[1])
    samples = bistatic_echo(
        (np.conj(transmit) @ precoder).astype(np.complex64) @ streams,
        steering_vector(upa(6, 5).positions, ARRIVAL[0], np.pi / 2 - ARRIVAL[1]),
        amplitude=amplitude,
        delay=DELAY,
        doppler_hz=doppler,
        sample_time_s=TICK,
        window=LENGTH + LATEST,
    )
    return samples + noise * complex_noise(rng, samples.shape), precoder, streams


def test_everything_is_found_without_noise():
    window = _window(1e-6)
    found = estimate_echo(*window, TRANSMITTER, SEARCH)
    np.testing.assert_allclose(angles_of(found.u, found.w), ARRIVAL, atol=1e-5)
    assert found.delay == pytest.approx(DELAY, abs=1e-4)
    assert found.doppler_hz == pytest.approx(12_345.0, abs=2.0)
    assert found.amplitude == pytest.approx(0.6 - 0.8j, abs=1e-3)
    np.testing.assert_allclose(target_position(TRANSMITTER, TICK, found), TARGET, atol=0.3)
    snapshot = matched_snapshot(*window, TRANSMITTER, SEARCH, found)
    steering = steering_vector(upa(6, 5).positions, ARRIVAL[0], np.pi / 2 - ARRIVAL[1])
    assert abs(np.vdot(snapshot, steering)) == pytest.approx(np.linalg.norm(snapshot) * np.sqrt(30), rel=1e-4)


def test_the_estimate_is_the_top_of_the_likelihood():
    """No point near it explains more energy; computed plainly from the samples."""
    samples, precoder, streams = _window(12.0, seed=3)
    found = estimate_echo(samples, precoder, streams, TRANSMITTER, SEARCH)

    def energy(u, w, delay, doppler):
        azimuth, zenith = np.arctan2(w, u), np.arcsin(np.hypot(u, w))
        at = found._replace(u=u, w=w, delay=delay, doppler_hz=doppler)
        place = target_position(TRANSMITTER, TICK, at)
        aod = departure_angles(SATELLITE, place)
        transmit = steering_vector(upa(4, 4).positions, aod[0], np.pi / 2 - aod[1])
        receive = steering_vector(upa(6, 5).positions, azimuth, np.pi / 2 - zenith)
        waveform = np.conj(transmit) @ precoder @ streams.astype(complex)
        reference = bistatic_echo(
            waveform,
            receive,
            amplitude=1.0,
            delay=delay,
            doppler_hz=doppler,
            sample_time_s=TICK,
            window=LENGTH + LATEST,
        )
        return abs(np.vdot(reference, samples)) ** 2 / (30 * np.linalg.norm(waveform) ** 2)

    best = np.array([found.u, found.w, found.delay, found.doppler_hz])
    top = energy(*best)
    assert found.energy == pytest.approx(top, rel=2e-3)
    for step in np.diag([0.01, 0.01, 0.02, 100.0]):
        assert energy(*(best + step)) < top
        assert energy(*(best - step)) < top


@pytest.mark.further
def test_all_beams_are_searched_on_request():
    window = _window(30.0, seed=1)
    every = EchoSearch((6, 5), LENGTH, LATEST, 4e4, TICK, beams=30)
    assert every.searched_beams <= 30
    found = estimate_echo(*window, TRANSMITTER, every)
    np.testing.assert_allclose(angles_of(found.u, found.w), ARRIVAL, atol=0.2)


def test_windows_of_another_size_are_refused():
    samples, precoder, streams = _window(0.0)
    with pytest.raises(ValueError, match="the search expects"):
        estimate_echo(samples[:, 1:], precoder, streams, TRANSMITTER, SEARCH)
