"""The engine on joint beamforming with a rate-limited feeder link, against published-algorithm values."""

import dataclasses

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.status import Status
from leoisac.optim.batched.engine import solve, solve_multistart
from tests.optim.pa1_problem import PA1_OPTIONS, batch, deterministic_instance, drawn_instance, pa1

R1 = deterministic_instance(3, 4, 3)
R2 = deterministic_instance(2, 3, 3, snr_es=200.0, gamma=0.02, rate_min=0.5)


ACCURATE = dataclasses.replace(
    PA1_OPTIONS, lanes=4, gradient_floor=1e-3, violation_tolerance=1e-4, value_tolerance=1e-7
)


@pytest.mark.parametrize(("instance", "sum_rate"), [(R1, 9.82935), pytest.param(R2, 7.25836, marks=pytest.mark.slow)])
def test_the_sum_rate_of_the_convex_concave_procedure(instance, sum_rate):
    points, data = batch([instance], 4)
    result = solve(pa1, points[0], jax.tree.map(lambda leaf: np.repeat(leaf, 4, axis=0), data), ACCURATE)
    assert np.all(result.status == Status.CONVERGED)
    assert np.all(result.violation <= 1e-9)
    np.testing.assert_allclose(-result.objective, sum_rate, rtol=0, atol=2e-5)


@pytest.mark.slow
def test_a_full_network():
    points, data = batch([drawn_instance(seed) for seed in range(70)], 2)
    result = solve_multistart(pa1, points, data, PA1_OPTIONS)
    assert -result.objective[0] == pytest.approx(15.5347, abs=0.01)
    infeasible = {9, 18, 34, 51}  # draws that the lifted feasibility test rejects
    assert set(np.flatnonzero(result.violation > 1e-6)) == infeasible
    assert not np.any(result.status[list(infeasible)] == Status.CONVERGED)

    alone = solve(pa1, points[:1, 0], jax.tree.map(lambda leaf: leaf[:1], data), PA1_OPTIONS)
    shuffled = np.random.default_rng(0).permutation(70)
    first = solve(pa1, points[:, 0].copy(), data, PA1_OPTIONS)
    again = solve(pa1, points[shuffled, 0], jax.tree.map(lambda leaf: leaf[shuffled], data), PA1_OPTIONS)
    assert np.array_equal(alone.x[0], first.x[0])
    assert np.array_equal(again.x, first.x[shuffled])


@pytest.mark.slow
def test_a_small_network():
    points, data = batch([drawn_instance(0, users=3)], 2)
    result = solve_multistart(pa1, points, data, dataclasses.replace(PA1_OPTIONS, lanes=4))
    assert -result.objective[0] == pytest.approx(14.0502, abs=0.01)


def test_the_draw_reproduces_the_published_norms():
    instance = drawn_instance(0)
    strength_h, strength_g = (np.sum(np.abs(channels) ** 2, axis=1) for channels in (instance.h, instance.g))
    expected = [554.511, 244.247, 989.281, 2337.713, 733.098, 147.574, 604.245, 597.850, 164.1006]
    np.testing.assert_allclose(strength_h, expected, rtol=1e-5)
    np.testing.assert_allclose(strength_g[[0, -1]], [1598.078, 4.973188e6], rtol=1e-5)
