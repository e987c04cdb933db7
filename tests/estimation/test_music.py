"""Direction finding: exact without noise, at the Cramer-Rao bound above threshold, wrong below it."""

import numpy as np
import pytest

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_derivatives, steering_vector
from leoisac.estimation.detection import eigenvector_alignment, spiked_threshold
from leoisac.estimation.music import beamscan_2d, music_2d, music_spectrum, principal_component
from leoisac.metrics.fisher import array_information, cramer_rao_bounds
from leoisac.waveforms.echo import complex_noise

AZIMUTH, ZENITH = 0.8, 0.6
SHAPE, COUNT = (8, 8), 256


def _source(eigenvalue, seed, shape=SHAPE, count=COUNT, azimuth=AZIMUTH, zenith=ZENITH):
    """Samples of one Gaussian source whose covariance has this eigenvalue over noise of unit power."""
    rng = np.random.default_rng(seed)
    steering = steering_vector(upa(*shape).positions, azimuth, np.pi / 2 - zenith)
    waveform = complex_noise(rng, (1, count)) * np.sqrt(eigenvalue / steering.size)
    noise = complex_noise(rng, (steering.size, count))
    return (steering[:, None] * waveform).astype(np.complex64) + noise, waveform


@pytest.mark.parametrize("estimator", [music_2d, beamscan_2d])
@pytest.mark.parametrize(("azimuth", "zenith"), [(0.8, 0.6), (-2.5, 1.2), (3.1, 0.05), (-0.4, 1.45)])
def test_exact_without_noise(estimator, azimuth, zenith):
    steering = steering_vector(upa(6, 9).positions, azimuth, np.pi / 2 - zenith)
    waveform = complex_noise(np.random.default_rng(0), (1, 40), dtype=np.complex128)
    estimate = estimator(steering[:, None] * waveform, (6, 9))
    np.testing.assert_allclose([estimate.azimuth, estimate.zenith], [azimuth, zenith], atol=1e-7)
    assert estimate.eigenvalue == pytest.approx(54 * np.mean(np.abs(waveform) ** 2), rel=1e-9)
    assert abs(np.vdot(estimate.subspace, steering)) == pytest.approx(np.sqrt(54), rel=1e-9)


def test_principal_component_is_that_of_the_full_decomposition():
    samples, _ = _source(2.0, 3)
    value, vector = principal_component(samples)
    values, vectors = np.linalg.eigh(samples @ samples.conj().T / COUNT)
    assert value == pytest.approx(values[-1], rel=1e-4)
    assert abs(np.vdot(vector, vectors[:, -1])) == pytest.approx(1.0, abs=1e-4)
    estimate = music_2d(samples, SHAPE)
    assert estimate.noise_power == pytest.approx(np.mean(values[:-1]), rel=1e-3)


def test_spectrum_peaks_at_the_estimate_on_a_fine_grid():
    samples, _ = _source(4.0, 5)
    estimate = music_2d(samples, SHAPE)
    azimuth, zenith = np.meshgrid(np.linspace(0.6, 1.0, 401), np.linspace(0.4, 0.8, 401), indexing="ij")
    spectrum = music_spectrum(estimate.subspace, SHAPE, azimuth, zenith)
    assert spectrum.max() == 1.0
    best = np.unravel_index(np.argmax(spectrum), spectrum.shape)
    assert abs(azimuth[best] - estimate.azimuth) <= 1e-3
    assert abs(zenith[best] - estimate.zenith) <= 1e-3


@pytest.mark.parametrize("estimator", [music_2d, beamscan_2d])
def test_error_meets_the_bound_ten_decibels_above_threshold(estimator):
    eigenvalue = 10.0 * spiked_threshold(64, COUNT)
    errors, energies = [], []
    for seed in range(120):
        samples, waveform = _source(eigenvalue, seed)
        estimate = estimator(samples, SHAPE)
        errors.append([estimate.azimuth - AZIMUTH, estimate.zenith - ZENITH])
        energies.append(np.sum(np.abs(waveform) ** 2))
    positions = upa(*SHAPE).positions
    information = array_information(
        np.stack(steering_derivatives(positions, AZIMUTH, np.pi / 2 - ZENITH)),
        steering_vector(positions, AZIMUTH, np.pi / 2 - ZENITH),
        float(np.mean(energies)),
        amplitude_known=False,
    )
    ratio = np.sqrt(np.mean(np.square(errors), axis=0) / cramer_rao_bounds(information))
    # Between the bound and 1.5 dB above it (120 trials know the ratio to 6 %).
    assert np.all(ratio > 0.85)
    assert np.all(ratio < 10 ** (1.5 / 20))


def test_textbook_line_array():
    # Ten elements, 100 snapshots, 0 dB, 20 degrees: deterministic bound 6.95415998e-6, stochastic 7.64957598e-6 rad^2.
    angle, errors = np.deg2rad(20.0), []
    for seed in range(200):
        samples, _ = _source(10.0, seed, shape=(10, 1), count=100, azimuth=0.0, zenith=angle)
        errors.append(music_2d(samples, (10, 1)).zenith - angle)
    assert np.mean(np.square(errors)) == pytest.approx(7.65e-6, rel=0.25)


def test_below_the_threshold_music_fails_and_the_beam_scan_does_not():
    eigenvalue = 0.6 * spiked_threshold(64, COUNT)
    music, scan = 0, 0
    for seed in range(20):
        samples, _ = _source(eigenvalue, seed)
        for estimator in (music_2d, beamscan_2d):
            estimate = estimator(samples, SHAPE)
            found = abs(estimate.azimuth - AZIMUTH) < 0.3 and abs(estimate.zenith - ZENITH) < 0.2
            music += found and estimator is music_2d
            scan += found and estimator is beamscan_2d
    assert scan >= 18
    assert music <= 12


def test_eigenvector_alignment_is_the_asymptotic_one():
    steering = steering_vector(upa(16, 16).positions, AZIMUTH, np.pi / 2 - ZENITH) / 16.0
    alignment = []
    for seed in range(10):
        samples, _ = _source(1.5, seed, shape=(16, 16), count=1024)
        alignment.append(abs(np.vdot(principal_component(samples)[1], steering)) ** 2)
    assert np.mean(alignment) == pytest.approx(eigenvector_alignment(1.5, 256, 1024), abs=0.02)


def test_samples_of_another_array_are_refused():
    with pytest.raises(ValueError, match="an array of shape"):
        music_2d(np.ones((10, 5), complex), SHAPE)
