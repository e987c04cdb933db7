"""Cancellation of the direct path: what goes, what stays, what a noisy reference leaves."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.estimation.cancellation import (
    cancel_direction,
    cancel_taps,
    delay_doppler_taps,
    null_constrained_weights,
)
from leoisac.waveforms.echo import complex_noise

LENGTH, TICK = 2048, 1e-6
POSITIONS = upa(5, 4).positions
DIRECT = steering_vector(POSITIONS, 0.3, 1.2)
ECHO = steering_vector(POSITIONS, -1.0, 0.7)


@pytest.fixture(scope="module")
def scene():
    """Reference, direct path with a weaker copy two samples later and a Doppler-shifted one, and an echo far away."""
    rng = np.random.default_rng(0)
    reference = complex_noise(rng, (1, LENGTH), dtype=np.complex128)[0]
    taps = delay_doppler_taps(reference, taps=4, dopplers=1, step_hz=1.0 / (LENGTH * TICK), sample_time_s=TICK)
    direct = DIRECT[:, None] * (1e3 * taps[4] + 30.0 * taps[6] + 5j * taps[9])
    late = np.concatenate([np.zeros(40, complex), reference[:-40]]) * np.exp(
        2j * np.pi * 7e3 * TICK * np.arange(LENGTH)
    )
    return rng, reference, taps, direct, ECHO[:, None] * late


def _db(after, before):
    return 20.0 * np.log10(np.linalg.norm(after) / np.linalg.norm(before))


@pytest.mark.parametrize("batches", [1, 3])
def test_least_squares_over_taps_leaves_nothing_of_them_and_most_of_the_rest(scene, batches):
    _, _, taps, direct, echo = scene
    assert _db(cancel_taps(direct, taps, batches), direct) < -150.0
    assert _db(cancel_taps(echo, taps, batches), echo) > -0.1


def test_an_exact_reference_leaves_less_than_two_hundred_decibels():
    rng = np.random.default_rng(2)
    reference = complex_noise(rng, (1, LENGTH), dtype=np.complex128)[0]
    direct = DIRECT[:, None] * reference
    once = cancel_taps(direct, reference[None])
    # The loading of 1e-9 leaves that much in amplitude; a second pass takes it, too.
    assert _db(once, direct) == pytest.approx(-180.0, abs=0.5)
    assert _db(cancel_taps(once, reference[None]), direct) < -200.0


@pytest.mark.parametrize("snr_db", [10.0, 30.0])
def test_the_noise_of_a_reference_stays(scene, snr_db):
    rng, reference, _, _, _ = scene
    noisy = reference + complex_noise(rng, (1, LENGTH), 10.0 ** (-snr_db / 10.0), np.complex128)[0]
    direct = DIRECT[:, None] * reference
    # c = 1 / (1 + 1 / SNR) of the noisy reference: the rest has 1 / (1 + SNR) of the power.
    expected = -10.0 * np.log10(1.0 + 10.0 ** (snr_db / 10.0))
    assert _db(cancel_taps(direct, noisy[None]), direct) == pytest.approx(expected, abs=0.3)


def test_projections_in_space_and_in_space_and_delay(scene):
    _, _, taps, direct, echo = scene
    assert _db(cancel_direction(direct, DIRECT[:, None]), direct) < -200.0
    near = DIRECT[:, None] * echo[0]
    assert _db(cancel_direction(near, DIRECT[:, None]), near) < -200.0
    # Only what also looks like a tap goes: an echo from the same direction at another delay stays.
    assert _db(cancel_direction(near, DIRECT[:, None], taps), near) > -0.1
    assert _db(cancel_direction(direct, DIRECT[:, None], taps), direct) < -150.0
    # With the slopes a direction that is a little off goes, too.
    off = steering_vector(POSITIONS, 0.302, 1.199)[:, None] * taps[:1]
    slopes = np.stack([DIRECT, *steering_derivatives(POSITIONS, 0.3, 1.2)], axis=1)
    assert _db(cancel_direction(off, slopes), off) < _db(cancel_direction(off, DIRECT[:, None]), off) - 25.0


def test_null_constrained_beams(scene):
    rng, *_ = scene
    snapshots = complex_noise(rng, (20, 400), dtype=np.complex128) + 3.0 * DIRECT[:, None] * complex_noise(
        rng, (1, 400), dtype=np.complex128
    )
    covariance = snapshots @ snapshots.conj().T / 400
    for weights in (
        null_constrained_weights(ECHO, DIRECT[:, None]),
        null_constrained_weights(ECHO, DIRECT[:, None], covariance),
    ):
        assert np.vdot(weights, ECHO) == pytest.approx(1.0)
        assert abs(np.vdot(weights, DIRECT)) < 1e-12
    # In white noise it is the projected steering vector; with a covariance none of its kind has less output power.
    white = null_constrained_weights(ECHO, DIRECT[:, None])
    projected = cancel_direction(ECHO[:, None], DIRECT[:, None])[:, 0]
    np.testing.assert_allclose(white, projected / np.vdot(projected, ECHO).real, atol=1e-12)
    best = null_constrained_weights(ECHO, DIRECT[:, None], covariance)
    power = [np.real(w.conj() @ covariance @ w) for w in (best, white)]
    assert power[0] <= power[1]
