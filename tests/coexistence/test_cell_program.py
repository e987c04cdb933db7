"""Metrics of the normalised cell: known numbers, an obvious twin, identities of filters and errors."""

import numpy as np
import pytest
from tiny_cell import BEAMFORMER, Q, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax
from leoisac.systems.coexistence.problem import cell_program

best_filters = jax.jit(cell_program.best_filters)
cell_metrics = jax.jit(cell_program.cell_metrics)
cell_violation = jax.jit(cell_program.cell_violation)
filter_errors = jax.jit(cell_program.filter_errors)


@jax.jit
def echoes_of(problem, beamformer, q):
    at = cell_program.received(problem, beamformer)
    return cell_program.echo_covariances(problem, at, q), cell_program.echo_signals(problem, at)


def test_known_metrics_of_the_tiny_cell():
    metrics = cell_metrics(tiny_cell(), BEAMFORMER, Q)
    np.testing.assert_allclose(metrics.tut_sinr, [1.4460944773, 1.2012513034], rtol=1e-9)
    np.testing.assert_allclose(metrics.sut_sinr, 4.2559935376, rtol=1e-9)
    np.testing.assert_allclose(metrics.scnr, [0.022741402], rtol=1e-7)


def test_known_filters_and_errors_of_the_tiny_cell():
    problem = tiny_cell()
    filters = best_filters(problem, BEAMFORMER, Q)
    np.testing.assert_allclose(filters.tut, [0.1231635514 + 0.0400182637j, -0.1136901942], atol=1e-9)
    np.testing.assert_allclose(filters.sut, 0.1908577874, atol=1e-9)
    expected = [[0.0233356031 + 0.0797261637j, 0.0830351855 - 0.0024432621j]]
    np.testing.assert_allclose(filters.target, expected, atol=1e-9)
    errors = filter_errors(problem, BEAMFORMER, Q, filters)
    np.testing.assert_allclose(errors.tut, [0.4088149535, 0.4542870677], atol=1e-9)
    np.testing.assert_allclose(errors.sut, 0.1902589858, atol=1e-9)
    np.testing.assert_allclose(errors.target, [0.9777642697], atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_covariance_is_the_sum_of_its_terms(seed: int):
    """Twin with a matrix per scatterer, term by term as the model states it."""
    problem, beamformer, q = random_cell(seed)
    users, targets = len(problem.h_tut), len(problem.target_tx)
    R = np.array(echoes_of(problem, beamformer, q)[0])
    for i in range(targets):
        own = beamformer[:, users + i]
        echoes = [np.outer(problem.target_echo[i, j], problem.target_tx[j]) for j in range(targets)]
        expected = np.eye(R.shape[1]) + q**2 * np.outer(problem.g_rad[i], problem.g_rad[i].conj())
        for j in range(targets):
            if j != i:
                expected = expected + np.outer(echoes[j] @ own, (echoes[j] @ own).conj())
        for column, line in zip(problem.clutter_echo[i], problem.clutter_tx, strict=True):
            seen = np.outer(column, line) @ beamformer
            expected = expected + seen @ seen.conj().T
        for s in range(beamformer.shape[1]):
            if s != users + i:
                seen = sum(echoes) @ beamformer[:, s]
                expected = expected + np.outer(seen, seen.conj())
        np.testing.assert_allclose(R[i], expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_error_behind_the_best_filter_is_one_over_one_plus_sinr(seed: int):
    problem, beamformer, q = random_cell(seed)
    metrics = cell_metrics(problem, beamformer, q)
    errors = filter_errors(problem, beamformer, q, best_filters(problem, beamformer, q))
    np.testing.assert_allclose(errors.tut, 1.0 / (1.0 + metrics.tut_sinr), rtol=1e-9)
    np.testing.assert_allclose(errors.sut, 1.0 / (1.0 + metrics.sut_sinr), rtol=1e-9)
    np.testing.assert_allclose(errors.target, 1.0 / (1.0 + metrics.scnr), rtol=1e-9)


def test_no_filter_beats_the_best_one():
    problem, beamformer, q = random_cell(7)
    R, d = (np.array(part) for part in echoes_of(problem, beamformer, q))
    best = np.array(cell_metrics(problem, beamformer, q).scnr)
    rng = np.random.default_rng(0)
    for i in range(len(d)):
        w = rng.standard_normal((200, d.shape[1])) + 1j * rng.standard_normal((200, d.shape[1]))
        ratio = np.abs(w @ d[i]) ** 2 / np.real(np.einsum("wr,rt,wt->w", w, R[i], w.conj()))
        assert np.all(ratio <= best[i] * (1.0 + 1e-12))
        optimal = np.linalg.solve(R[i], d[i]).conj()
        reached = abs(optimal @ d[i]) ** 2 / np.real(optimal @ R[i] @ optimal.conj())
        np.testing.assert_allclose(reached, best[i], rtol=1e-10)


def test_violation_is_relative_and_names_the_worst():
    problem = tiny_cell(min_sut_rate=4.0)
    metrics = cell_metrics(problem, BEAMFORMER, Q)
    np.testing.assert_allclose(cell_violation(problem, metrics), 1.0 - 0.22741402, rtol=1e-6)
    relaxed = tiny_cell(min_sut_rate=0.0, min_scnr=0.01)
    assert cell_violation(relaxed, cell_metrics(relaxed, BEAMFORMER, Q)) == 0.0
    loud = cell_metrics(relaxed, 2.0 * BEAMFORMER, Q)
    np.testing.assert_allclose(cell_violation(relaxed, loud), float(loud.power) - 1.0)
