"""Tests against noise alone hold their false-alarm rates."""

import numpy as np
import pytest
from scipy import special, stats

from leoisac.estimation.delay_doppler import delay_doppler_map, find_peak
from leoisac.estimation.detection import _TRACY_WIDOM_2 as QUANTILES
from leoisac.estimation.detection import (
    eigenvector_alignment,
    false_alarm_probability,
    noise_eigenvalue_bound,
    peak_to_median,
    spiked_threshold,
)
from leoisac.waveforms.echo import complex_noise


def test_threshold_of_the_published_receiver():
    assert spiked_threshold(1024, 4352) == pytest.approx(0.485, abs=5e-4)
    assert eigenvector_alignment(0.48, 1024, 4352) == 0.0
    assert eigenvector_alignment(1e6, 1024, 4352) == pytest.approx(1.0, abs=1e-5)


def test_noise_eigenvalues_rarely_pass_the_bound():
    rng = np.random.default_rng(0)
    largest = []
    for _ in range(300):
        noise = complex_noise(rng, (24, 96), dtype=np.complex128)
        largest.append(np.linalg.eigvalsh(noise @ noise.conj().T / 96)[-1])
    assert 0.04 < np.mean(np.array(largest) > noise_eigenvalue_bound(24, 96, 0.10)) < 0.17
    assert np.mean(np.array(largest) > noise_eigenvalue_bound(24, 96, 0.001)) < 0.02
    with pytest.raises(ValueError, match="must be one of"):
        noise_eigenvalue_bound(24, 96, 0.5)


def test_quantiles_are_those_of_tracy_and_widom():
    """The distribution as a determinant of the Airy kernel at nodes (F. Bornemann, Math. Comp. 79, 2010)."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    rows, columns = np.sqrt(30.0), np.sqrt(60.0)
    for rate in (0.10, 0.05, 0.01, 0.001):
        quantile = QUANTILES[rate]
        x, w = quantile + 8.0 * (nodes + 1.0), 8.0 * weights
        value, slope = special.airy(x)[:2]
        apart = x[:, None] - x
        with np.errstate(invalid="ignore"):
            kernel = (value[:, None] * slope - slope[:, None] * value) / apart
        kernel[np.diag_indices(40)] = slope**2 - x * value**2
        below = np.linalg.det(np.eye(40) - np.sqrt(w[:, None] * w) * kernel)
        assert 1.0 - below == pytest.approx(rate, rel=1e-3)
        scale = (rows + columns) * (1.0 / rows + 1.0 / columns) ** (1.0 / 3.0)
        expected = ((rows + columns) ** 2 + scale * quantile) / 60
        assert noise_eigenvalue_bound(30, 60, rate) == pytest.approx(expected, rel=1e-12)


def test_maps_of_noise_alone_hold_the_stated_rate_whatever_the_references_energies():
    """References of very unequal energy and direction, a beam chosen by its energy: what a receiver really does."""
    rng, rates = np.random.default_rng(1), []
    length, delays = 128, np.arange(1, 21)
    for _ in range(600):
        streams = complex_noise(rng, (3, length), dtype=np.complex128)
        weights = rng.standard_normal((len(delays), 3)) * np.geomspace(1.0, 30.0, len(delays))[:, None]
        beams = 5.0 * complex_noise(rng, (8, length + 20), dtype=np.complex128)
        strongest = beams[np.argmax(np.linalg.norm(beams, axis=1))]
        found = delay_doppler_map(strongest, weights @ streams, delays, max_doppler_hz=4e4, sample_time_s=1e-6)
        rates.append(find_peak(found).false_alarm)
    for rate in (0.5, 0.1):
        assert np.mean(np.array(rates) < rate) == pytest.approx(rate, abs=3.0 * np.sqrt(rate / 600))


def test_one_cell_of_a_short_window_is_exact():
    """``(1 - t / M)^(M - 1)``: a beta distribution, whatever the noise power."""
    for samples, statistic in ((8, 3.0), (20, 6.0)):
        found = false_alarm_probability(statistic, samples=samples, delays=1, doppler_cells=0.0)
        assert found == pytest.approx(stats.beta.sf(statistic / samples, 1, samples - 1), rel=1e-12)


def test_false_alarm_probability_in_limits():
    assert false_alarm_probability(0.0, samples=100, delays=5, doppler_cells=3.0) == 1.0
    assert false_alarm_probability(100.0, samples=100, delays=5, doppler_cells=3.0) == 0.0
    # One cell of a long window is Exp(1); few of them add up.
    assert false_alarm_probability(9.0, samples=10**7, delays=1, doppler_cells=0.0) == pytest.approx(
        np.exp(-9.0), rel=1e-5
    )
    one, many = (false_alarm_probability(30.0, samples=400, delays=d, doppler_cells=8.0) for d in (1, 100))
    assert many == pytest.approx(100.0 * one, rel=1e-6)
    assert false_alarm_probability(30.0, samples=400, delays=1, doppler_cells=8.0, beams=100) == many


def test_peak_to_median_of_noise():
    rng = np.random.default_rng(1)
    ratios = np.array([peak_to_median(np.abs(complex_noise(rng, (50, 100)))) for _ in range(200)])
    assert np.mean(ratios) == pytest.approx(np.sqrt(np.log2(5000)), abs=0.2)
