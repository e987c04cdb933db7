"""Rician fading: moments of the draws, expectations against closed forms and adaptive quadrature."""

import numpy as np
import pytest
from scipy import integrate, special

from leoisac.propagation.rician import rician_fading, rician_power_quadrature


@pytest.mark.parametrize("factor", [0.0, 1.0, 10.0, 1e4])
def test_moments_of_the_power(factor):
    powers, weights = rician_power_quadrature(factor)
    assert np.sum(weights) == pytest.approx(1.0, rel=1e-12)
    assert powers @ weights == pytest.approx(1.0, rel=1e-10)
    # Var|g|^2 = (1 + 2 K) / (1 + K)^2.
    variance = (1 + 2 * factor) / (1 + factor) ** 2
    assert powers**2 @ weights - 1.0 == pytest.approx(variance, rel=1e-7)


@pytest.mark.parametrize("snr", [1e-2, 1.0, 1e2, 1e4])
def test_rayleigh_rate_is_the_exponential_integral(snr):
    powers, weights = rician_power_quadrature(0.0)
    rate = weights @ np.log1p(snr * powers)
    assert rate == pytest.approx(np.exp(1 / snr) * special.exp1(1 / snr), abs=1e-9)


@pytest.mark.parametrize("factor", [0.3, 10.0])
def test_rate_against_adaptive_quadrature(factor):
    powers, weights = rician_power_quadrature(factor)

    def integrand(r, snr):
        exponent = (np.sqrt(factor + 1) * r - np.sqrt(factor)) ** 2
        density = 2 * (factor + 1) * r * np.exp(-exponent) * special.i0e(2 * r * np.sqrt(factor * (factor + 1)))
        return density * np.log2(1 + snr * r * r)

    for snr in (0.5, 1e3):
        expected, _ = integrate.quad(integrand, 0.0, 8.0, args=(snr,), epsabs=1e-12, epsrel=1e-12, limit=200)
        assert weights @ np.log2(1 + snr * powers) == pytest.approx(expected, abs=1e-9)


def test_draws_have_unit_power_and_the_published_parts():
    normal = np.random.default_rng(0).standard_normal((200_000, 2))
    fading = rician_fading(normal, 10.0)
    assert np.mean(np.abs(fading) ** 2) == pytest.approx(1.0, abs=5e-3)
    assert np.mean(fading.real) == pytest.approx(np.sqrt(10 / 22), abs=3e-3)
    assert np.var(fading.imag) == pytest.approx(1 / 22, rel=0.02)


def test_decibels_are_refused():
    with pytest.raises(ValueError, match="not dB"):
        rician_power_quadrature(-3.0)
