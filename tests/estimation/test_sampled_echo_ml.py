"""The estimator that knows the sampled echo: exact without noise, where the ideal-pulse one is a blind guess."""

import numpy as np
import pytest

from leoisac.estimation.delay_doppler_ml import KnownAmplitude, estimate_delay_doppler, wrapped_error
from leoisac.estimation.sampled_echo_ml import SearchWindow, estimate_sampled_echo
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.waveforms.otfs import modulate, time_frequency_image, wigner
from leoisac.waveforms.sampled_echo import sampled_echo

M, N, SPACING_HZ = 4, 8, 7500.0
SAMPLE_S = 1 / (M * SPACING_HZ)
TARGET = {"delay_s": 1.03e-4, "doppler_hz": 4711.0}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    return rng.standard_normal(M * N) + 1j * rng.standard_normal(M * N)


@pytest.mark.parametrize("amplitude_known", [True, False])
def test_without_noise_it_finds_any_target(frame, amplitude_known):
    samples = jnp.asarray(modulate(frame, M))
    received = 0.3j * sampled_echo(samples, **TARGET, sample_time_s=SAMPLE_S)
    known = KnownAmplitude(0.3j, TARGET["delay_s"]) if amplitude_known else None

    @jax.jit
    def found(y):
        window = SearchWindow(1e-4, 4687.5, 1 / SPACING_HZ, SPACING_HZ)
        return estimate_sampled_echo(y, samples, window, sample_time_s=SAMPLE_S, known=known)

    estimate = found(received)
    assert float(estimate.delay_s) == pytest.approx(TARGET["delay_s"], abs=1e-12)
    assert float(estimate.doppler_hz) == pytest.approx(TARGET["doppler_hz"], abs=1e-5)
    assert complex(estimate.amplitude) == pytest.approx(0.3j, abs=1e-8)


def test_the_ideal_pulse_estimator_does_not(frame):
    samples = modulate(frame, M)
    received = wigner(sampled_echo(samples, **TARGET, sample_time_s=SAMPLE_S), M)
    grid = {"slot_s": 1 / SPACING_HZ, "spacing_hz": SPACING_HZ}
    estimate = estimate_delay_doppler(jnp.asarray(received), jnp.asarray(time_frequency_image(frame, M)), **grid)
    delay = wrapped_error(estimate.delay_s, TARGET["delay_s"], 1 / SPACING_HZ)
    doppler = wrapped_error(estimate.doppler_hz, TARGET["doppler_hz"], SPACING_HZ)
    assert abs(float(delay)) > 1e-6 or abs(float(doppler)) > 50.0
