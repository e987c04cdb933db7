"""Several targets at a receive array: the Jacobian by differences, one target alone, near and far pairs."""

import math

import numpy as np
import pytest

from leoisac.metrics.fisher import cramer_rao_bounds, effective_information, fisher_information
from leoisac.metrics.multi_target_fisher import multi_target_bounds
from leoisac.metrics.sampled_echo_fisher import sampled_echo_bounds
from leoisac.waveforms.otfs import modulate
from leoisac.waveforms.sampled_echo import sampled_echo

M, N, SAMPLE_S = 4, 8, 1 / 30e3


def _samples(n_tx, seed=0, streams=2):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((streams, n_tx, M * N)) + 1j * rng.standard_normal((streams, n_tx, M * N))
    return modulate(x / np.linalg.norm(x), M)


def _targets(*rows):
    delays, dopplers, angles, powers = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return {"delays_s": delays, "dopplers_hz": dopplers, "angles_rad": angles, "echo_to_noise": powers}


def test_bounds_are_those_of_a_jacobian_by_differences():
    samples, n_rx = _samples(3), 4
    rows = [(1.03e-4, 4711.0, 0.2, 10.0), (2.2e-4, 1200.0, -0.4, 3.0)]

    def echoes(x):
        total = 0.0
        for (delay, doppler, angle), (real, imaginary) in zip(
            x[:6].reshape(3, 2).T, x[6:].reshape(2, 2).T, strict=True
        ):
            phase = math.pi * math.sin(angle)
            transmit = np.exp(-1j * phase * np.arange(3)) / math.sqrt(3.0)
            sent = np.einsum("a,saq->sq", transmit, samples)
            turned = sampled_echo(sent, np.full(2, delay), np.full(2, doppler), sample_time_s=SAMPLE_S)
            received = np.exp(1j * phase * np.arange(n_rx))[:, None, None] * turned
            total = total + (real + 1j * imaginary) * received
        return np.ravel(total)

    amplitudes = np.sqrt([row[3] for row in rows])
    at = np.array([*(row[i] for i in range(3) for row in rows), *amplitudes, 0.0, 0.0])
    steps = np.array([1e-9] * 2 + [1e-2] * 2 + [1e-6] * 6)
    columns = [(echoes(at + h) - echoes(at - h)) / (2.0 * step) for h, step in zip(np.diag(steps), steps, strict=True)]
    expected = cramer_rao_bounds(effective_information(fisher_information(np.stack(columns, axis=-1), 1.0), 6))
    found = multi_target_bounds(samples, **_targets(*rows), n_rx=n_rx, sample_time_s=SAMPLE_S)
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-4)


def test_one_target_at_one_antenna_is_the_plain_echo():
    samples = _samples(1)
    found = multi_target_bounds(samples, **_targets((1e-4, 4687.5, 0.0, 10.0)), n_rx=1, sample_time_s=SAMPLE_S)
    target = {"delay_s": 1e-4, "doppler_hz": 4687.5, "sample_time_s": SAMPLE_S}
    plain = sampled_echo_bounds(samples[:, 0], echo_to_noise=10.0, amplitude_known=False, **target)
    np.testing.assert_allclose([found.delay[0], found.doppler[0]], plain, rtol=1e-9)
    assert found.angle is None


def test_antennas_that_radiate_the_same_leave_the_closed_form_of_the_array():
    """The angle of one target: ``6 / (SNR pi^2 cos^2 (n^2 - 1) n)`` of a half-wavelength line array."""
    samples, n, angle = _samples(1), 8, 0.3
    found = multi_target_bounds(samples, **_targets((1e-4, 4687.5, angle, 10.0)), n_rx=n, sample_time_s=SAMPLE_S)
    expected = 6.0 / (10.0 * (math.pi * math.cos(angle)) ** 2 * n * (n**2 - 1))
    assert found.angle[0] == pytest.approx(expected, rel=1e-9)


def test_a_second_target_costs_and_an_array_tells_them_apart():
    samples = _samples(1)
    one = (1e-4, 4687.5, 0.0, 10.0)

    def bounds(*rows, n_rx=1):
        return multi_target_bounds(samples, **_targets(*rows), n_rx=n_rx, sample_time_s=SAMPLE_S)

    alone = bounds(one).delay[0]
    near = bounds(one, (1.2e-4, 4900.0, 0.5, 10.0)).delay[0]
    far = bounds(one, (4e-4, 9000.0, 0.5, 10.0)).delay[0]
    assert alone < far < near
    apart = bounds(one, (1.2e-4, 4900.0, 0.5, 10.0), n_rx=8).delay[0]
    assert apart < near / 8.0 * 1.0001
