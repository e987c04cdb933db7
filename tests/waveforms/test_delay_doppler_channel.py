"""Delay-Doppler channels: reference entries, the physical time domain, sparse against dense, fractional Doppler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.waveforms import delay_doppler_channel as channel
from leoisac.waveforms import ofdm, otfs
from tests.oracles.otfs_frame import DELAYS, DOPPLERS, channel_samples

M, N = 4, 8


def _complex(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


@pytest.mark.parametrize(
    ("path", "entries"),
    [
        (
            (1, 2),
            {
                0: (27, 0.382683432365 + 0.923879532511j),
                1: (24, 1),
                4: (31, 0.923879532511 + 0.382683432365j),
                13: (4, 1),
            },
        ),
        (
            (2, -1),
            {
                0: (6, 0.923879532511 - 0.382683432365j),
                3: (5, 0.980785280403 - 0.195090322016j),
                31: (1, 0.980785280403 - 0.195090322016j),
            },
        ),
    ],
)
def test_reference_entries(path, entries):
    operators = channel.path_operators([path[0]], [path[1]], M, N)
    for row, (column, weight) in entries.items():
        assert operators.columns[0, row] == column
        assert operators.weights[0, row] == pytest.approx(weight, abs=1e-11)


@pytest.mark.parametrize(("delays", "dopplers"), [(DELAYS, DOPPLERS), ((0, 4, 9, 31), (0, -3, 11, 1))])
def test_closed_form_is_the_time_domain(delays, dopplers):
    rng = np.random.default_rng(1)
    gains, x = _complex(rng, 4), _complex(rng, M * N)
    operators = channel.path_operators(delays, dopplers, M, N)
    modulation = otfs.modulation_matrix(M, N)
    in_time = channel.dense_operators(channel.time_operators(delays, dopplers, M, N))
    dense = np.conj(modulation.T) @ np.tensordot(gains, in_time, 1) @ modulation
    H = channel.channel_matrix(channel.path_matrices(delays, dopplers, M, N), gains)
    assert np.max(np.abs(H - dense)) < 1e-13
    y = channel.apply_paths(operators, gains, x)
    assert np.max(np.abs(H @ x - y)) < 1e-13
    physical = channel_samples(otfs.modulate(x, M), gains, delays, dopplers)
    np.testing.assert_allclose(otfs.modulate(y, M), physical, atol=1e-12)


def test_fractional_doppler_goes_through_time():
    rng = np.random.default_rng(2)
    gains, x, dopplers = _complex(rng, 4), _complex(rng, M * N), (0.3, 2.0, -1.25, 2.9)
    operators = channel.time_operators(DELAYS, dopplers, M, N)
    y = channel.apply_in_time(operators, gains, x, M)
    H = channel.channel_matrix(channel.path_matrices(DELAYS, dopplers, M, N), gains)
    np.testing.assert_allclose(H @ x, y, atol=1e-13)
    physical = channel_samples(otfs.modulate(x, M), gains, DELAYS, dopplers)
    np.testing.assert_allclose(otfs.modulate(y, M), physical, atol=1e-12)
    with pytest.raises(ValueError, match="fractional"):
        channel.path_operators(DELAYS, dopplers, M, N)


def test_operators_are_unitary_and_conserve_energy_on_average():
    operators = channel.path_operators(DELAYS, DOPPLERS, M, N)
    dense = channel.dense_operators(operators)
    np.testing.assert_allclose(dense @ np.conj(np.swapaxes(dense, 1, 2)), np.tile(np.eye(M * N), (4, 1, 1)), atol=1e-14)
    np.testing.assert_allclose(channel.dense_operators(operators.adjoint()), np.conj(np.swapaxes(dense, 1, 2)))


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_any_grid(n_delay, n_doppler, data):
    cells = n_delay * n_doppler
    delays = data.draw(st.lists(st.integers(0, cells - 1), min_size=1, max_size=4))
    dopplers = [data.draw(st.integers(-20, 20)) for _ in delays]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    gains, x, z = _complex(rng, len(delays)), _complex(rng, cells), _complex(rng, cells)
    operators = channel.path_operators(delays, dopplers, n_delay, n_doppler)
    in_time = channel.time_operators(delays, dopplers, n_delay, n_doppler)
    y = channel.apply_paths(operators, gains, x)
    np.testing.assert_allclose(y, channel.apply_in_time(in_time, gains, x, n_delay), atol=1e-11)
    back = channel.apply_paths(operators.adjoint(), gains.conj(), z)
    assert np.vdot(z, y) == pytest.approx(np.vdot(back, x), abs=1e-10)


def test_batches_broadcast_and_trace():
    rng = np.random.default_rng(3)
    gains, x = _complex(rng, 5, 2, 1, 4), _complex(rng, 5, 1, 3, M * N)
    operators = channel.path_operators(DELAYS, DOPPLERS, M, N)
    y = jax.jit(lambda g, x: channel.apply_paths(operators, g, x))(jnp.asarray(gains), jnp.asarray(x))
    H = channel.channel_matrix(channel.path_matrices(DELAYS, DOPPLERS, M, N), gains[:, :, 0])
    np.testing.assert_allclose(y, np.einsum("tkrc,tsc->tksr", H, x[:, 0]), atol=1e-12)


def test_ofdm_symbols_are_the_physical_channel():
    rng = np.random.default_rng(4)
    gains, symbols, prefix = _complex(rng, 4), _complex(rng, N, M), max(DELAYS)
    bodies = np.fft.ifft(symbols, norm="ortho")
    sent = np.concatenate([bodies[:, M - prefix :], bodies], axis=1).ravel()
    received = np.zeros((N, M), dtype=complex)
    for h, delay, doppler in zip(gains, DELAYS, DOPPLERS, strict=True):
        for n in range(N):
            for m in range(M):
                q = n * (M + prefix) + m
                received[n, m] += h * np.exp(2j * np.pi * doppler * (q - delay) / (M * N)) * sent[q + prefix - delay]
    H = ofdm.ofdm_channel(ofdm.ofdm_path_matrices(DELAYS, DOPPLERS, M, N), gains)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", H, symbols), np.fft.fft(received, norm="ortho"), atol=1e-12)


def test_static_ofdm_has_one_tap_per_subcarrier():
    gains = np.array([0.5, 0.2j, -0.3])
    H = ofdm.ofdm_channel(ofdm.ofdm_path_matrices((0, 1, 3), (0, 0, 0), M, N), gains)
    response = np.fft.fft(np.array([0.5, 0.2j, 0.0, -0.3]))
    np.testing.assert_allclose(H, np.tile(np.diag(response), (N, 1, 1)), atol=1e-14)


@pytest.mark.parametrize("delays", [(0, -1), (0, 32), (0, 0.5), (0,)])
def test_impossible_paths_are_refused(delays):
    with pytest.raises(ValueError, match="delays"):
        channel.path_operators(delays, (0, 1), M, N)
