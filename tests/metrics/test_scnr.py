"""SCNR of linear receive filters: the best filter, invariances, and the covariance term by term."""

from __future__ import annotations

import numpy as np

from leoisac.metrics.scnr import best_filter, best_scnr, filter_scnr, multistatic_covariance


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
    echoes, others, clutter, external = (
        _complex(rng, 2, 3),
        _complex(rng, 4, 3),
        _complex(rng, 5, 4, 3),
        _complex(rng, 3),
    )
    expected = 0.7 * np.eye(3, dtype=complex)
    for column in (*echoes, *others, *clutter.reshape(20, 3), external):
        expected += np.outer(column, column.conj())
    np.testing.assert_allclose(multistatic_covariance(echoes, others, clutter, external, 0.7), expected, rtol=1e-12)
