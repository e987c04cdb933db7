import math

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax
from leoisac.metrics.sinr import beam_powers, downlink_sinr, received_power, spectral_efficiency, stream_sinr


def complex_normal(seed, *shape):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def test_sinr_of_every_user_by_hand():
    h, w, external = complex_normal(0, 3, 4), complex_normal(1, 3, 4), np.array([0.1, 0.2, 0.3])
    sinr = downlink_sinr(h, w, external, 0.5)
    for m in range(3):
        powers = [abs(np.vdot(h[m], w[n])) ** 2 for n in range(3)]
        assert sinr[m] == pytest.approx(powers[m] / (sum(powers) - powers[m] + external[m] + 0.5))


def test_a_batch_is_its_members_and_scalars_broadcast():
    h, w = complex_normal(2, 5, 2, 3), complex_normal(3, 5, 2, 3)
    sinr = downlink_sinr(h, w, 0.0, np.full((5, 1), 0.7))
    assert sinr.shape == (5, 2)
    np.testing.assert_allclose(sinr[4], downlink_sinr(h[4], w[4], 0.0, 0.7))
    np.testing.assert_allclose(downlink_sinr(h, w[0], 0.0, 0.7)[1], downlink_sinr(h[1], w[0], 0.0, 0.7))


def test_interference_survives_beside_a_signal_that_dwarfs_it():
    h = np.eye(2, dtype=complex)
    w = np.array([[1e9, 0.0], [1e-9, 1.0]], dtype=complex)
    assert downlink_sinr(h, w, 0.0, 1e-30)[0] == pytest.approx(1e36)


def test_received_power_is_the_quadratic_form():
    h, beams = complex_normal(4, 3, 4), complex_normal(5, 2, 4)
    covariance = beams.T @ beams.conj()
    np.testing.assert_allclose(received_power(h, covariance), np.sum(beam_powers(h, beams), axis=-1))
    stack = np.stack([covariance, 2 * covariance])
    np.testing.assert_allclose(received_power(h, stack), np.stack([1, 2])[:, None] * received_power(h, covariance))


def test_users_with_another_number_of_antennas_than_beams_are_refused():
    with pytest.raises(Exception, match="antenna"):
        downlink_sinr(complex_normal(0, 3, 4), complex_normal(0, 3, 5), 0.0, 1.0)


def test_sinr_traces_and_has_a_gradient_at_zero_beams():
    h = complex_normal(6, 2, 3)

    def sum_rate(x):
        return spectral_efficiency(downlink_sinr(h, x[0] + 1j * x[1], 0.0, 1.0)).sum()

    gradient = jax.jit(jax.grad(sum_rate))(np.zeros((2, 2, 3)))
    np.testing.assert_array_equal(gradient, 0.0)


def test_spectral_efficiency():
    np.testing.assert_allclose(spectral_efficiency(np.array([0.0, 1.0, 3.0])), [0.0, 1.0, 2.0])
    assert spectral_efficiency(1e-18) == pytest.approx(1e-18 / math.log(2))
    # The minimum SINR of 2.85 dB asks for 1.5497 bit/s/Hz.
    assert spectral_efficiency(10**0.285) == pytest.approx(1.5497, abs=5e-5)


def test_streams_beyond_the_users_only_disturb() -> None:
    h = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=complex)
    w = np.array([[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=complex)
    np.testing.assert_allclose(downlink_sinr(h, w, 0.0, 1.0), [9.0 / 2.0, 4.0 / 5.0])


def test_the_users_sinr_is_the_diagonal_of_that_of_all_streams() -> None:
    rng = np.random.default_rng(3)
    h, w = (rng.standard_normal((7, 3, 4)) + 1j * rng.standard_normal((7, 3, 4)) for _ in range(2))
    external, noise = rng.uniform(0, 1, (2, 7, 3))
    everywhere = stream_sinr(beam_powers(h, w), external, noise)
    own = downlink_sinr(h, w, external, noise)
    np.testing.assert_allclose(np.diagonal(everywhere, axis1=-2, axis2=-1), own, rtol=1e-12)
