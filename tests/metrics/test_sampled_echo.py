"""Exact sampled echoes: the delay-Doppler channel, the Jacobian by differences, nearness to the ideal-pulse bounds."""

import numpy as np
import pytest

from leoisac.metrics.delay_doppler_fisher import delay_doppler_bounds, expected_energy
from leoisac.metrics.fisher import cramer_rao_bounds, effective_information, fisher_information
from leoisac.metrics.sampled_echo_fisher import sampled_echo_bounds, sampled_echo_information
from leoisac.waveforms.delay_doppler_channel import apply_paths, time_operators
from leoisac.waveforms.otfs import modulate, time_frequency_image
from leoisac.waveforms.sampled_echo import sampled_echo

M, N, SPACING_HZ = 4, 8, 7500.0
SAMPLE_S = 1 / (M * SPACING_HZ)
TARGET = {"delay_s": 1e-4, "doppler_hz": 4687.5, "sample_time_s": SAMPLE_S}


def _streams(seed, *shape):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((*shape, M * N)) + 1j * rng.standard_normal((*shape, M * N))
    return x / np.sqrt(np.sum(np.abs(x) ** 2, axis=(-2, -1), keepdims=True))


def test_targets_on_the_grid_are_paths_of_the_channel():
    samples = modulate(_streams(0, 1)[0], M)
    for delay, doppler in ((0, 0), (3, 5), (7, -2)):
        path = apply_paths(time_operators((delay,), (doppler,), M, N), np.ones(1), samples)
        echo = sampled_echo(samples, delay * SAMPLE_S, doppler * SPACING_HZ / N, sample_time_s=SAMPLE_S)
        np.testing.assert_allclose(echo, path, atol=1e-12)


@pytest.mark.parametrize("amplitude_known", [True, False])
def test_information_is_the_jacobians_by_differences(amplitude_known):
    samples = modulate(_streams(1, 3), M)

    def echo(delay, doppler, amplitude=1.0):
        gain = (1e-4 / delay) ** 2 * amplitude
        return (gain * sampled_echo(samples, delay, doppler, sample_time_s=SAMPLE_S)).ravel()

    tau, nu, dt, dn = 1e-4, 4687.5, 1e-9, 1e-2
    columns = [
        (echo(tau + dt, nu) - echo(tau - dt, nu)) / (2 * dt),
        (echo(tau, nu + dn) - echo(tau, nu - dn)) / (2 * dn),
        echo(tau, nu),
        1j * echo(tau, nu),
    ]
    full = fisher_information(np.stack(columns[: 2 if amplitude_known else 4], axis=-1), 0.1)
    wanted = full if amplitude_known else effective_information(full, 2)
    ours = sampled_echo_information(samples, echo_to_noise=10.0, amplitude_known=amplitude_known, **TARGET)
    scale = np.sqrt(np.outer(np.diagonal(wanted), np.diagonal(wanted)))
    np.testing.assert_allclose(ours / scale, wanted / scale, atol=1e-6)


@pytest.mark.parametrize("amplitude_known", [True, False])
def test_bounds_are_the_inverse_of_the_information(amplitude_known):
    samples = modulate(_streams(3, 3), M)
    setting = {"echo_to_noise": 10.0, "amplitude_known": amplitude_known, **TARGET}
    bounds = sampled_echo_bounds(samples, **setting)
    np.testing.assert_allclose(bounds, cramer_rao_bounds(sampled_echo_information(samples, **setting)), rtol=1e-9)
    assert np.all(np.isinf(sampled_echo_bounds(0.0 * samples, **setting)))


def test_ideal_pulses_are_a_fair_model_of_an_unknown_amplitude():
    streams = _streams(2, 200, 3)
    exact = cramer_rao_bounds(
        sampled_echo_information(modulate(streams, M), echo_to_noise=10.0, amplitude_known=False, **TARGET)
    )
    ideal = delay_doppler_bounds(
        expected_energy(time_frequency_image(streams, M)),
        delay_s=1e-4,
        echo_to_noise=10.0,
        slot_s=1 / SPACING_HZ,
        spacing_hz=SPACING_HZ,
        amplitude_known=False,
    )
    ratios = np.median(exact / np.stack(ideal, axis=-1), axis=0)
    assert np.all((ratios > 0.7) & (ratios < 1.3)), ratios
