"""Matched filters in delay and Doppler: a plain double sum, interpolation, detection, the whole bistatic search."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector
from leoisac.estimation.delay_doppler import delay_doppler_aod, delay_doppler_map, find_peak
from leoisac.geometry.bistatic import arrival_angles, bistatic_geometry, departure_angles
from leoisac.waveforms.echo import bistatic_echo, complex_noise

SAMPLE_S = 1e-6


def _received(delay, doppler, length, window, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    waveform = complex_noise(rng, (1, length), dtype=np.complex128)[0]
    echo = bistatic_echo(
        waveform, np.ones(1), amplitude=0.5j, delay=delay, doppler_hz=doppler, sample_time_s=SAMPLE_S, window=window
    )[0]
    return waveform, echo + complex_noise(rng, (1, window), power=max(noise, 1e-30), dtype=np.complex128)[0]


def _references(waveform, delays, true_delay, seed):
    """What a target at each delay would have sent: every delay is another direction, with another waveform."""
    others = complex_noise(np.random.default_rng([seed, 77]), (len(delays), len(waveform)), dtype=np.complex128)
    return np.where((delays == true_delay)[:, None], waveform, others)


@pytest.mark.parametrize("seed", range(3))
def test_map_is_the_plain_double_sum(seed):
    waveform, received = _received(3, 2e4, 24, 32, noise=0.1, seed=seed)
    delays = np.arange(1, 8)
    references = _references(waveform, delays, 3, seed)
    found = delay_doppler_map(received, references, delays, max_doppler_hz=1e5, sample_time_s=SAMPLE_S, pad=4)
    assert found.dopplers_hz[0] >= -1e5
    for i, delay in enumerate(delays):
        for j, doppler in enumerate(found.dopplers_hz):
            terms = received[delay : delay + 24] * references[i].conj()
            value = abs(np.sum(terms * np.exp(-2j * np.pi * doppler * SAMPLE_S * np.arange(24))))
            assert found.magnitude[i, j] == pytest.approx(value, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("doppler", [-23_450.0, 0.0, 310.0, 17_777.0])
def test_peak_is_interpolated_well_within_a_bin(doppler, seed):
    length = 512
    waveform, received = _received(11, doppler, length, 560, seed=seed)
    delays = np.arange(1, 41)
    references = _references(waveform, delays, 11, seed)
    found = delay_doppler_map(received, references, delays, max_doppler_hz=3e4, sample_time_s=SAMPLE_S)
    peak = find_peak(found)
    step = found.dopplers_hz[1] - found.dopplers_hz[0]
    assert peak.delay == 11
    assert peak.false_alarm < 1e-9
    # The random moduli of the waveform bend the main lobe a little; half a bin would be the error without a parabola.
    assert abs(peak.doppler_hz - doppler) < 0.1 * step


@pytest.mark.parametrize("seed", range(9, 13))
def test_noise_alone_is_not_detected(seed):
    waveform, _ = _received(11, 0.0, 512, 560)
    noise = complex_noise(np.random.default_rng(seed), (1, 560), dtype=np.complex128)[0]
    delays = np.arange(1, 41)
    references = _references(waveform, delays, 11, seed)
    found = delay_doppler_map(noise, references, delays, max_doppler_hz=3e4, sample_time_s=SAMPLE_S)
    assert find_peak(found).false_alarm > 1e-3


def test_wrong_requests_are_refused():
    waveform, received = _received(3, 0.0, 24, 32)
    with pytest.raises(ValueError, match="must lie within"):
        delay_doppler_map(received, waveform[None], np.array([9]), max_doppler_hz=1e5, sample_time_s=SAMPLE_S)
    with pytest.raises(ValueError, match="half the sampling rate"):
        delay_doppler_map(received, waveform[None], np.array([3]), max_doppler_hz=1e6, sample_time_s=SAMPLE_S)


def test_bistatic_search_returns_the_target():
    """Without noise: delay exact, Doppler within a tenth of a bin, position within the rounding of the delay."""
    light = 3e8
    satellite, target = np.array([30e3, -30e3, 340e3]), np.array([3e3, 3e3, 5e3])
    triangle = bistatic_geometry(satellite, target, np.zeros(3))
    sample_s, length, latest = 1e-7, 512, 128
    offset = int(triangle.range_los / (light * sample_s))
    delay = round(float(triangle.range_tx + triangle.range_rx) / (light * sample_s)) - offset
    rng = np.random.default_rng(0)
    precoder = rng.standard_normal((64, 3)) + 1j * rng.standard_normal((64, 3))
    streams = complex_noise(rng, (3, length))
    transmit, receive = upa(8, 8).positions, upa(6, 6).positions
    aod, aoa = departure_angles(satellite, target), arrival_angles(np.zeros(3), target)
    samples = bistatic_echo(
        (steering_vector(transmit, aod[0], np.pi / 2 - aod[1]).conj() @ precoder).astype(np.complex64) @ streams,
        steering_vector(receive, aoa[0], np.pi / 2 - aoa[1]),
        amplitude=1.0,
        delay=delay,
        doppler_hz=12_345.0,
        sample_time_s=sample_s,
        window=length + latest,
    )
    setting = {
        "receiver_positions": receive,
        "transmitter_m": satellite,
        "transmitter_axes": np.eye(3),
        "transmitter_positions": transmit,
        "delay_offset": offset,
        "max_delay": latest,
        "max_doppler_hz": 4e4,
        "sample_time_s": sample_s,
        "speed_of_light_m_s": light,
    }
    found = delay_doppler_aod(samples, precoder, streams, aoa_azimuth=aoa[0], aoa_zenith=aoa[1], **setting)
    assert found.delay == offset + delay
    assert found.doppler_hz == pytest.approx(12_345.0, abs=500.0)
    assert found.false_alarm < 1e-9
    # A third of a sample of rounding is 40 m along the line of sight, and 0.03 degrees at the satellite.
    np.testing.assert_allclose(found.position_m, target, atol=40.0)
    np.testing.assert_allclose([found.aod_azimuth, found.aod_off_nadir], aod, atol=1e-3)
    early = {**setting, "delay_offset": offset - 500}
    with pytest.raises(ValueError, match="every delay is shorter"):
        delay_doppler_aod(samples, precoder, streams, aoa_azimuth=aoa[0], aoa_zenith=aoa[1], **early)
