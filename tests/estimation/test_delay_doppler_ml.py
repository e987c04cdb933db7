"""Maximum-likelihood delay and Doppler shift: noise-free echoes, an exhaustive twin, errors against the bounds."""

import functools

import numpy as np
import pytest

from leoisac.estimation.delay_doppler_ml import KnownAmplitude, estimate_delay_doppler, wrapped_error
from leoisac.estimation.target_errors import target_errors
from leoisac.foundation.lanes import by_lanes
from leoisac.waveforms.delay_doppler_echo import delay_doppler_echo
from leoisac.waveforms.otfs import time_frequency_image
from tests.oracles.otfs_frame import reference_streams

GRID = {"slot_s": 1 / 7500.0, "spacing_hz": 7500.0}
TARGET = {"delay_s": 1e-4, "doppler_hz": 4687.5}
IMAGES = time_frequency_image(reference_streams(0.3), 4)


def _frames(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 8, 4)) + 1j * rng.standard_normal((count, 8, 4))


@pytest.fixture(scope="module")
def estimators():
    def known(_, y, x, amplitude, delay):
        return estimate_delay_doppler(y, x, known=KnownAmplitude(amplitude, delay), **GRID)

    unknown = by_lanes(lambda _, y, x: estimate_delay_doppler(y, x, **GRID))
    return functools.partial(unknown, None), functools.partial(by_lanes(known), None)


def test_noise_free_echoes_are_found_anywhere(estimators):
    unknown, known = estimators
    rng = np.random.default_rng(1)
    x_tf, delay, doppler = _frames(40), rng.uniform(1e-5, 1 / 7500, 40), rng.uniform(0, 7500, 40)
    amplitude = 0.2 * np.exp(2j * np.pi * rng.uniform(size=40))
    y = delay_doppler_echo(x_tf, delay, doppler, amplitude, **GRID)
    for found in (unknown(y, x_tf), known(y, x_tf, amplitude, delay)):
        np.testing.assert_allclose(wrapped_error(found.delay_s, delay, 1 / 7500), 0.0, atol=1e-11)
        np.testing.assert_allclose(wrapped_error(found.doppler_hz, doppler, 7500.0), 0.0, atol=1e-3)
        np.testing.assert_allclose(found.amplitude, amplitude, rtol=1e-5)


def test_no_point_is_more_likely(estimators):
    unknown, known = estimators
    rng = np.random.default_rng(2)
    x_tf = _frames(40, seed=3)
    y = delay_doppler_echo(x_tf, *TARGET.values(), np.full(40, 1.0 + 0.0j), **GRID)
    y = y + 2.0 * (rng.standard_normal(y.shape) + 1j * rng.standard_normal(y.shape))
    delays, dopplers = np.meshgrid(np.arange(1, 200) / 200 / 7500, np.arange(200) / 200 * 7500, indexing="ij")
    for name in ("unknown", "known"):
        found = unknown(y, x_tf) if name == "unknown" else known(y, x_tf, np.ones(40) + 0j, np.full(40, 1e-4))
        for frame in range(3):

            def misfit(delay, doppler, x=x_tf[frame], received=y[frame], name=name):
                echo = delay_doppler_echo(x, delay, doppler, np.ones(np.shape(delay)), **GRID)
                fit = np.sum(np.conj(echo) * received, axis=(-2, -1)) / np.sum(np.abs(x) ** 2)
                a = fit if name == "unknown" else (1e-4 / delay) ** 2
                return np.sum(np.abs(received - a[..., None, None] * echo) ** 2, axis=(-2, -1))

            reached = misfit(np.array(found.delay_s[frame]), np.array(found.doppler_hz[frame]))
            assert reached <= misfit(delays, dopplers).min() * (1 + 1e-12)


def _excess_db(errors):
    return [
        10 * np.log10(np.mean(errors.delay**2) / np.mean(errors.delay_bound)),
        10 * np.log10(np.mean(errors.doppler**2) / np.mean(errors.doppler_bound)),
    ]


@pytest.mark.parametrize("amplitude_known", [False, True])
def test_errors_reach_the_bounds_at_high_snr(amplitude_known):
    errors = target_errors(
        IMAGES, **TARGET, echo_to_noise=10**3.5, amplitude_known=amplitude_known, frames=1920, **GRID
    )
    np.testing.assert_allclose(_excess_db(errors), 0.0, atol=0.5)
    # Unbiased: the mean error is within four of its standard errors.
    for error in (errors.delay, errors.doppler):
        assert abs(np.mean(error)) < 4 * np.std(error) / np.sqrt(1920)
    assert errors.delay_rmse() == pytest.approx(np.sqrt(np.mean(errors.delay_bound)), rel=0.06)
    few = target_errors(IMAGES, **TARGET, echo_to_noise=10**3.5, amplitude_known=amplitude_known, frames=3, **GRID)
    np.testing.assert_array_equal(few.doppler, errors.doppler[:3])


def test_low_snr_has_outliers():
    errors = target_errors(IMAGES, **TARGET, echo_to_noise=3.0, amplitude_known=False, frames=640, **GRID)
    assert min(_excess_db(errors)) > 1.0


def test_designs_must_match_the_frames():
    with pytest.raises(ValueError, match="2 designs and frames=3"):
        target_errors(np.stack([IMAGES] * 2), **TARGET, echo_to_noise=1.0, amplitude_known=False, frames=3, **GRID)
