"""Rate-splitting SINRs behind LMMSE filters: reference values, explicit filters, simulated links."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.rsma_lmmse import effective_noise, filter_sinr, lmmse_filters, lmmse_sinr
from leoisac.waveforms.delay_doppler_channel import apply_paths, channel_matrix, path_matrices, path_operators
from tests.oracles.otfs_frame import DELAYS, DOPPLERS, reference_gains, reference_streams

NOISE, CSI_ERROR, RESIDUAL = 10**-2.5, 10**-2.5, 0.03
N_0 = effective_noise(NOISE, CSI_ERROR, 1.0, n_cells=32)


@pytest.fixture(scope="module")
def link():
    """Channels and received streams of the reference case, every antenna radiating the same grid."""
    gains = reference_gains().sum(axis=1) / np.sqrt(4)
    streams = reference_streams(0.3)
    received = apply_paths(path_operators(DELAYS, DOPPLERS, 4, 8), gains[:, None], streams[None])
    return channel_matrix(path_matrices(DELAYS, DOPPLERS, 4, 8), gains), streams, received


def _random_streams(seed, batch=6, users=3, cells=7):
    rng = np.random.default_rng(seed)
    shape = (batch, users, users + 1, cells)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def test_reference_case(link):
    H, _, received = link
    np.testing.assert_allclose(np.linalg.norm(H, axis=(1, 2)), [8.130977914825381, 1.9236510274790548], rtol=1e-10)
    np.testing.assert_allclose(
        np.linalg.norm(H, ord=2, axis=(1, 2)), [2.4493528180095208, 0.5385904273661692], rtol=1e-10
    )
    traces = [5.248577161883219 + 22.32437149296627j, -0.9550829352024897 - 2.5039190880479727j]
    np.testing.assert_allclose(np.trace(H, axis1=1, axis2=2), traces, rtol=1e-10)
    sinr = lmmse_sinr(received, N_0, RESIDUAL)
    np.testing.assert_allclose(sinr.common, [51.04045374302225, 6.583067641813017], rtol=1e-10)
    np.testing.assert_allclose(sinr.private, [92.58773211586494, 3.7479925088351433], rtol=1e-10)


def test_reference_case_with_one_grid_per_antenna():
    streams = reference_streams(0.3, length=128).reshape(3, 4, 32)
    gains = reference_gains()
    received = apply_paths(path_operators(DELAYS, DOPPLERS, 4, 8), gains[:, None], streams[None]).sum(axis=-2)
    sinr = lmmse_sinr(received, N_0, RESIDUAL)
    np.testing.assert_allclose(sinr.common, [13.008304434967759, 46.325669036615714], rtol=1e-10)
    np.testing.assert_allclose(sinr.private, [47.15476098060583, 10.809894387133392], rtol=1e-10)


@pytest.mark.parametrize("noise", [1.0, 1e-6])
def test_gram_form_is_the_explicit_ratio(noise):
    received = _random_streams(0)
    filters = lmmse_filters(received, noise, RESIDUAL)
    gram, explicit = lmmse_sinr(received, noise, RESIDUAL), filter_sinr(filters, received, noise, RESIDUAL)
    np.testing.assert_allclose(gram, explicit, rtol=1e-10 if noise == 1.0 else 1e-8)
    # The filters are the published ones, inverting the covariance of all cells.
    for k in range(3):
        for kind, residual in enumerate((1.0, RESIDUAL)):
            a = received[2, k]
            covariance = noise * np.eye(7) + sum(
                (residual if s == 0 else 1.0) * np.outer(a[s], a[s].conj()) for s in range(4)
            )
            expected = a[0 if kind == 0 else k + 1].conj() @ np.linalg.inv(covariance)
            np.testing.assert_allclose(filters[2, k, kind], expected, atol=1e-8 * np.linalg.norm(expected))


def test_filters_are_the_best_ones_up_to_scale():
    received, rng = _random_streams(1), np.random.default_rng(2)
    filters = lmmse_filters(received, 0.5, RESIDUAL)
    best = filter_sinr(filters, received, 0.5, RESIDUAL)
    scaled = filter_sinr(filters * (2.0 - 3.0j), received, 0.5, RESIDUAL)
    np.testing.assert_allclose(scaled, best, rtol=1e-12)
    for _ in range(20):
        bent = filters + 0.03 * np.abs(filters) * rng.standard_normal(filters.shape)
        other = filter_sinr(bent, received, 0.5, RESIDUAL)
        assert np.all(np.asarray(other) <= np.asarray(best) * (1 + 1e-12))


def test_limits():
    received = _random_streams(3, users=2)
    # Nothing but the own stream: the matched-filter bound.
    alone = received * np.array([0.0, 1.0, 0.0])[:, None]
    energy = np.sum(np.abs(received[:, 0, 1]) ** 2, axis=-1)
    np.testing.assert_allclose(lmmse_sinr(alone, 0.1, 0.0).private[:, 0], energy / 0.1, rtol=1e-12)
    # Full cancellation makes the private rate blind to the common stream, none makes it interference.
    louder = received * np.array([10.0, 1.0, 1.0])[:, None]
    clean = lmmse_sinr(received, 0.1, 0.0).private
    np.testing.assert_allclose(lmmse_sinr(louder, 0.1, 0.0).private, clean, rtol=1e-12)
    assert np.all(lmmse_sinr(louder, 0.1, 1.0).private < clean)


def test_traces_in_batches_with_derivatives():
    received = _random_streams(4, users=2) * np.array([0.0, 1.0, 1.0])[:, None]
    noise = np.linspace(0.1, 1.0, 6)

    def least(a, n):
        sinr = lmmse_sinr(a, n, 0.0)
        return sinr.private.min(), jnp.stack(sinr)

    slope, batch = jax.jit(jax.vmap(jax.grad(least, has_aux=True)))(jnp.asarray(received), jnp.asarray(noise))
    assert np.all(np.isfinite(slope))
    together = np.stack(lmmse_sinr(received, noise, 0.0), axis=1)
    np.testing.assert_allclose(batch, together, rtol=1e-12)
    np.testing.assert_allclose(together[3], np.stack(lmmse_sinr(received[3], noise[3], 0.0)), rtol=1e-12)


def _measured_db(link, model, rng, draws=2000):
    """SINRs of links whose true channel is the estimate plus independent errors; symbols and noise averaged out."""
    H, streams, received = link
    noise = effective_noise(NOISE, CSI_ERROR, 1.0, n_cells=32, model=model)
    filters = lmmse_filters(received, noise, RESIDUAL)
    spread = np.sqrt(CSI_ERROR / (32 if model == "total" else 1) / 2)
    measured = np.empty((2, 2))
    for k in range(2):
        errors = spread * (rng.standard_normal((draws, 32, 32)) + 1j * rng.standard_normal((draws, 32, 32)))
        arrived = np.einsum("dij,sj->dsi", H[k] + errors, streams)
        for kind, wanted in enumerate((0, k + 1)):
            removed = np.zeros(3)[:, None] * received[k]
            removed[wanted] = received[k, wanted]
            if kind == 1:
                removed[0] = (1 - np.sqrt(RESIDUAL)) * received[k, 0]
            w = filters[k, kind]
            disturbance = np.sum(np.abs((arrived - removed) @ w) ** 2, axis=-1) + NOISE * np.linalg.norm(w) ** 2
            measured[kind, k] = np.abs(received[k, wanted] @ w) ** 2 / np.mean(disturbance)
    predicted = np.stack(lmmse_sinr(received, noise, RESIDUAL))
    return 10 * np.log10(measured), 10 * np.log10(predicted)


@pytest.mark.parametrize("model", ["entry", "total"])
def test_formula_predicts_a_simulated_link(link, model):
    measured, predicted = _measured_db(link, model, np.random.default_rng(7))
    np.testing.assert_allclose(measured, predicted, atol=0.1)


def test_error_models():
    assert effective_noise(1.0, 0.5, 2.0, n_cells=4, model="entry") == 2.0
    assert effective_noise(1.0, 0.5, 2.0, n_cells=4, model="total") == 1.25
