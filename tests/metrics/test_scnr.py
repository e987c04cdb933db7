"""SCNR of linear receive filters: the best filter, invariances, and the covariance term by term."""

from __future__ import annotations

import numpy as np

from leoisac.metrics.scnr import (
    best_filter,
    best_scnr,
    best_scnr_of_streams,
    covariance_of_columns,
    filter_scnr,
    multistatic_columns,
    scnr_of_columns,
)


def _complex(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def test_no_filter_beats_the_best_one() -> None:
    rng = np.random.default_rng(0)
    signal, columns = _complex(rng, 50, 4), _complex(rng, 50, 4, 6)
    covariance = columns @ columns.conj().swapaxes(-1, -2) + np.eye(4)
    best = best_scnr(signal, covariance)
    np.testing.assert_allclose(filter_scnr(best_filter(signal, covariance), signal, covariance), best, rtol=1e-10)
    for _ in range(20):
        assert np.all(filter_scnr(_complex(rng, 50, 4), signal, covariance) <= best * (1 + 1e-12))


def test_units_do_not_count() -> None:
    rng = np.random.default_rng(1)
    signal, columns = _complex(rng, 3, 4), _complex(rng, 3, 4, 5)
    covariance = columns @ columns.conj().swapaxes(-1, -2) + np.eye(4)
    tiny = best_scnr(1e-9 * signal, 1e-18 * covariance)
    np.testing.assert_allclose(tiny, best_scnr(signal, covariance), rtol=1e-10)


def test_noise_alone_gives_the_matched_filter() -> None:
    signal = np.array([1.0 + 1.0j, 2.0, 0.0])
    np.testing.assert_allclose(best_scnr(signal, 0.5 * np.eye(3, dtype=complex)), 6.0 / 0.5)
    np.testing.assert_allclose(best_filter(signal, 0.5 * np.eye(3, dtype=complex)), 2.0 * signal.conj())


def test_the_covariance_is_the_sum_of_its_terms() -> None:
    rng = np.random.default_rng(2)
    echoes, others, clutter, external = (_complex(rng, n, 3) for n in (2, 4, 5, 1))
    lit = rng.uniform(0, 2, 5)
    expected = 0.7 * np.eye(3, dtype=complex)
    for column in (*echoes, *others, *(clutter * np.sqrt(lit)[:, None]), external[0]):
        expected += np.outer(column, column.conj())
    columns = multistatic_columns(echoes, others, clutter, lit, external[0])
    np.testing.assert_allclose(covariance_of_columns(columns, 0.7), expected, rtol=1e-12)


def test_many_antennas_are_worked_out_in_the_span_of_the_columns() -> None:
    rng = np.random.default_rng(3)
    signal, columns = _complex(rng, 5, 40), 30.0 * _complex(rng, 5, 7, 40)
    direct = best_scnr(signal, covariance_of_columns(columns, 0.3))
    np.testing.assert_allclose(scnr_of_columns(signal, columns, 0.3), direct, rtol=1e-9)


def test_streams_of_one_direction_share_the_best_filter() -> None:
    rng = np.random.default_rng(4)
    columns = _complex(rng, 4, 6)
    covariance = columns @ columns.conj().T + np.eye(4)
    direction, amplitudes = _complex(rng, 4), _complex(rng, 3)
    echoes = direction[:, None] * amplitudes
    expected = np.sum(np.abs(amplitudes) ** 2) * best_scnr(direction, covariance)
    np.testing.assert_allclose(best_scnr_of_streams(echoes, covariance), expected, rtol=1e-10)
    one = best_scnr_of_streams(1e-9 * _complex(rng, 4, 1), 1e-18 * covariance)
    assert np.isfinite(one)


def test_no_single_filter_beats_a_filter_for_every_stream() -> None:
    rng = np.random.default_rng(5)
    echoes, columns = _complex(rng, 4, 3), _complex(rng, 4, 6)
    covariance = columns @ columns.conj().T + np.eye(4)
    single = np.linalg.eigvals(np.linalg.solve(covariance, echoes @ echoes.conj().T)).real.max()
    assert best_scnr_of_streams(echoes, covariance) >= single
