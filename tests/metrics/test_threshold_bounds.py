"""Bounds in the threshold region against values computed apart, limits, and a simulation."""

import numpy as np
import pytest

from leoisac.metrics.fisher import cramer_rao_bounds, fisher_information
from leoisac.metrics.threshold_bounds import (
    barankin_bound,
    chapman_robbins_bound,
    interval_error_mse,
    interval_error_probability,
)

N = np.arange(10)


def _line(u, energy):
    return np.sqrt(energy) * np.exp(1j * np.pi * N * np.asarray(u)[..., None])


@pytest.mark.parametrize(
    ("energy", "bound", "local"),
    [(0.03, 0.43101, 5.9252e-3), (0.1, 0.022844, 1.7776e-3), (1.0, 1.7775e-4, 1.77756e-4)],
)
def test_one_test_point_on_a_line_of_ten_elements(energy, bound, local):
    offsets = np.concatenate([np.linspace(1e-3, 1.0, 4000), [1e-4]])
    distances = np.sum(np.abs(_line(offsets, energy) - _line(0.0, energy)) ** 2, axis=-1)
    assert chapman_robbins_bound(offsets, distances) == pytest.approx(bound, rel=1e-4)
    slope = (1j * np.pi * N * _line(0.0, energy))[:, None]
    assert cramer_rao_bounds(fisher_information(slope, 1.0))[0] == pytest.approx(local, rel=1e-4)


def test_test_points_together_are_never_worse_than_one_and_hold_unknown_amplitudes():
    energy, far = 0.1, np.linspace(-1.0, 1.0, 21)
    offsets = far[far != 0.0]
    means = _line(offsets, energy) - _line(0.0, energy)
    alone = chapman_robbins_bound(offsets, np.sum(np.abs(means) ** 2, axis=-1))
    assert barankin_bound(offsets[:, None], means)[0, 0] >= alone
    # Close points alone give the Cramer-Rao bound, here with the amplitude unknown.
    mean = _line(0.0, 1.0)
    jacobian = np.stack([1j * np.pi * N * mean, mean, 1j * mean], axis=1)
    steps = np.diag([1e-4, 1e-3, 1e-3])
    amplitude = 1.0 + steps[:, 1] + 1j * steps[:, 2]
    close = barankin_bound(steps, amplitude[:, None] * _line(steps[:, 0], 1.0) - mean)
    np.testing.assert_allclose(np.diag(close), cramer_rao_bounds(fisher_information(jacobian, 1.0)), rtol=2e-3)


@pytest.mark.parametrize(
    ("energy", "correlation", "expected"), [(10, 0.5, 0.0163112), (20, 0.2, 5.93711e-5), (20, 0.8, 0.0244292)]
)
def test_interval_errors(energy, correlation, expected):
    assert interval_error_probability(energy, correlation) == pytest.approx(expected, rel=1e-5)


def test_interval_errors_in_limits_and_by_simulation():
    assert interval_error_probability(8.0, 0.0) == pytest.approx(0.5 * np.exp(-4.0))
    assert interval_error_probability(8.0, 1.0) == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    noise = (rng.standard_normal((2, 200_000)) + 1j * rng.standard_normal((2, 200_000))) / np.sqrt(2)
    right, wrong = np.sqrt(6.0) + noise[0], 0.6 * np.sqrt(6.0) + 0.6 * noise[0] + 0.8 * noise[1]
    share = np.mean(np.abs(wrong) > np.abs(right))
    assert interval_error_probability(6.0, 0.6) == pytest.approx(share, rel=0.03)
    assert interval_error_mse(1e-3, np.full(4, 0.5), np.full(4, 2.0)) == pytest.approx(2.0)
    assert interval_error_mse(1e-3, np.full(2, 0.1), np.full(2, 1.0)) == pytest.approx(0.8e-3 + 0.2)
