"""Echo synthesis against the matrix form, and the statistics of the noise."""

import numpy as np
import pytest

from leoisac.waveforms.echo import bistatic_echo, complex_noise


def test_echo_is_the_product_of_doppler_and_shift_matrices():
    rng = np.random.default_rng(0)
    waveform = rng.standard_normal(5) + 1j * rng.standard_normal(5)
    steering = np.exp(1j * rng.uniform(0, 6, 3))
    amplitude, delay, doppler, sample, window = 0.3 - 0.2j, 2, 0.7, 0.1, 9
    turn = np.diag(np.exp(2j * np.pi * doppler * sample * np.arange(1, 6)))
    padded = np.concatenate([waveform @ turn, np.zeros(4)])
    shift = np.eye(window, k=delay)  # row vector times this moves right
    expected = amplitude * np.outer(steering, padded @ shift)
    got = bistatic_echo(
        waveform, steering, amplitude=amplitude, delay=delay, doppler_hz=doppler, sample_time_s=sample, window=window
    )
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_an_echo_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="delays from 0 to 4 do"):
        bistatic_echo(
            np.ones(5, complex), np.ones(2), amplitude=1.0, delay=5, doppler_hz=0.0, sample_time_s=1.0, window=9
        )


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_noise_is_circular_white_and_of_the_power_asked_for(dtype):
    noise = complex_noise(np.random.default_rng(1), (4, 50_000), power=0.25, dtype=dtype)
    assert noise.dtype == dtype
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(0.25, rel=0.01)
    assert abs(np.mean(noise**2)) < 5e-3
    covariance = noise @ noise.conj().T / noise.shape[1]
    np.testing.assert_allclose(covariance, 0.25 * np.eye(4), atol=5e-3)
    assert abs(np.mean(noise[:, 1:] * noise[:, :-1].conj())) < 5e-3
