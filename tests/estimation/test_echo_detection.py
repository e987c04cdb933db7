"""Tests against noise alone hold their false-alarm rates."""

import numpy as np
import pytest

from leoisac.estimation.detection import (
    eigenvector_alignment,
    noise_eigenvalue_bound,
    peak_to_median,
    peak_to_median_bound,
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


def test_peak_to_median_of_noise():
    rng = np.random.default_rng(1)
    ratios = np.array([peak_to_median(np.abs(complex_noise(rng, (50, 100)))) for _ in range(400)])
    assert np.mean(ratios > peak_to_median_bound(5000, 0.1)) == pytest.approx(0.1, abs=0.04)
    assert np.mean(ratios) == pytest.approx(np.sqrt(np.log2(5000)), abs=0.2)
