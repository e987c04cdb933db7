"""Rates behind equalisers against the inverse of the whole error matrix, and the bound that joint decoding is."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.equalised_streams import equalised_rate, gaussian_rate, stream_rates


def _arrivals(seed, cells=6):
    rng = np.random.default_rng(seed)
    wanted, other = rng.standard_normal((2, cells, cells)) + 1j * rng.standard_normal((2, cells, cells))
    interference = other @ other.conj().T + 0.3 * np.eye(cells)
    return wanted, interference


def test_rates_are_those_of_the_error_matrix():
    wanted, interference = _arrivals(0)
    errors = np.linalg.inv(np.eye(6) + wanted.conj().T @ np.linalg.inv(interference) @ wanted)
    rates = stream_rates(wanted, interference + wanted @ wanted.conj().T)
    assert rates.equalised == pytest.approx(np.mean(-np.log2(np.diag(errors).real)), rel=1e-12)
    assert rates.gaussian == pytest.approx(-np.log2(np.linalg.det(errors).real) / 6, rel=1e-12)
    assert rates.equalised < rates.gaussian


def test_a_unitary_turn_of_the_symbols_changes_equalised_rates_alone():
    wanted, interference = _arrivals(1)
    turn = np.linalg.qr(_arrivals(2)[0])[0]
    covariance = interference + wanted @ wanted.conj().T
    assert gaussian_rate(wanted @ turn, covariance) == pytest.approx(gaussian_rate(wanted, covariance), rel=1e-12)
    assert abs(equalised_rate(wanted @ turn, covariance) - equalised_rate(wanted, covariance)) > 1e-3


def test_a_flat_channel_has_no_loss():
    flat = 2.0 * np.linalg.qr(_arrivals(3)[0])[0]
    covariance = 4.5 * np.eye(6, dtype=complex)
    rates = stream_rates(flat, covariance)
    np.testing.assert_allclose(rates, np.log2(1.0 + 4.0 / 0.5), rtol=1e-12)
    traced = stream_rates(jnp.asarray(flat), jnp.asarray(covariance))
    np.testing.assert_allclose(traced, rates, rtol=1e-12)
