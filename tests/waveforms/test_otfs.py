"""OTFS modem: reference values, plain sums, unitarity, and the way through the physical channel."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.waveforms import otfs
from tests.oracles.otfs_frame import heisenberg_by_sums, isfft_by_sums

M, N = 4, 8


@pytest.fixture
def x_dd():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, M, N)) + 1j * rng.standard_normal((3, M, N))


def test_isfft_of_an_impulse():
    impulse = np.zeros((M, N))
    impulse[1, 2] = 1.0
    x_tf = otfs.isfft(impulse)
    assert x_tf[1, 1] == pytest.approx(0.176776695297, abs=1e-12)
    assert x_tf[3, 2] == pytest.approx(0.176776695297j, abs=1e-12)


def test_transforms_are_the_plain_sums(x_dd):
    for grid in x_dd:
        x_tf = otfs.isfft(grid)
        np.testing.assert_allclose(x_tf, isfft_by_sums(grid), atol=1e-13)
        np.testing.assert_allclose(otfs.heisenberg(x_tf), heisenberg_by_sums(x_tf), atol=1e-13)


def test_every_step_is_inverted_and_keeps_the_energy(x_dd):
    x = otfs.delay_doppler_vector(x_dd)
    assert x[1, 5 * M + 2] == x_dd[1, 2, 5]
    np.testing.assert_array_equal(otfs.delay_doppler_grid(x, M), x_dd)
    x_tf = otfs.isfft(x_dd)
    samples = otfs.heisenberg(x_tf)
    np.testing.assert_allclose(otfs.sfft(x_tf), x_dd, atol=1e-14)
    np.testing.assert_allclose(otfs.wigner(samples, M), x_tf, atol=1e-14)
    np.testing.assert_allclose(otfs.time_frequency_image(x, M), x_tf, atol=1e-14)
    np.testing.assert_allclose(otfs.modulate(x, M), samples, atol=1e-14)
    np.testing.assert_allclose(otfs.demodulate(samples, M), x, atol=1e-14)
    energy = np.sum(np.abs(x_dd) ** 2, axis=(1, 2))
    np.testing.assert_allclose(np.sum(np.abs(x_tf) ** 2, axis=(1, 2)), energy)
    np.testing.assert_allclose(np.sum(np.abs(samples) ** 2, axis=1), energy)


def test_modulation_matrix_is_the_modem(x_dd):
    x = otfs.delay_doppler_vector(x_dd)
    matrix = otfs.modulation_matrix(M, N)
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(M * N), atol=1e-14)
    np.testing.assert_allclose(x @ matrix.T, otfs.modulate(x, M), atol=1e-13)


def test_jax_and_numpy_agree(x_dd):
    x_tf = jax.jit(lambda x: otfs.isfft(x))(jnp.asarray(x_dd))
    np.testing.assert_allclose(x_tf, otfs.isfft(x_dd), atol=1e-14)


def test_a_frame_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="n_delay=5"):
        otfs.modulate(np.zeros(32), 5)
