"""Water-filling with floors and caps: published values, optimality conditions, and a convex solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.search.water_filling import water_filling


def test_reference_values() -> None:
    np.testing.assert_allclose(water_filling(np.array([10.0, 5.0, 1.0, 0.1]), 1.0), [0.55, 0.45, 0, 0], atol=1e-12)
    gains, caps = np.array([100.0, 50.0, 10.0, 1.0]), np.array([0.2, 0.4, 0.3, 0.9])
    np.testing.assert_allclose(water_filling(gains, 1.0, 0.0, caps), [0.2, 0.4, 0.3, 0.1], atol=1e-12)
    floors = np.array([0.05, 0.05, 0.05, 0.3])
    np.testing.assert_allclose(water_filling(gains, 1.0, floors, caps), [0.2, 0.29, 0.21, 0.3], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(0, 10**6), st.floats(1e-3, 1e3))
def test_optimality_conditions(count: int, seed: int, total: float) -> None:
    rng = np.random.default_rng(seed)
    gains = 10.0 ** rng.uniform(-4, 4, count)
    floors = rng.uniform(0, 1, count) * total / (2 * count)
    caps = floors + rng.uniform(0, 2, count) * total
    power = water_filling(gains, total, floors, caps)
    assert np.all(power >= floors * (1 - 1e-12))
    assert np.all(power <= caps * (1 + 1e-12))
    assert power.sum() == pytest.approx(min(total, caps.sum()), rel=1e-9)
    slope = gains / (1 + gains * power)
    lowerable, raisable = power > floors + 1e-9 * total, power < caps - 1e-9 * total
    if power.sum() < caps.sum() * (1 - 1e-9) and lowerable.any() and raisable.any():
        assert slope[raisable].max() <= slope[lowerable].min() * (1 + 1e-6)


def test_bounds_that_leave_no_choice() -> None:
    gains = np.array([3.0, 2.0, 1.0])
    caps = np.array([0.1, 0.2, 0.3])
    np.testing.assert_allclose(water_filling(gains, 1.0, 0.0, caps), caps)
    np.testing.assert_allclose(water_filling(gains, 0.5, np.array([0.5, 0.3, 0.2])), [0.25, 0.15, 0.1])
    np.testing.assert_array_equal(water_filling(np.array([0.0, 5.0]), 1.0), [0.0, 1.0])
    np.testing.assert_allclose(water_filling(gains, 0.0), 0.0, atol=1e-15)


def test_batches_of_jax_arrays() -> None:
    gains = jnp.asarray([[10.0, 5.0, 1.0, 0.1], [1.0, 1.0, 1.0, 1.0]])
    powers = jax.jit(jax.vmap(lambda g: water_filling(g, 1.0)))(gains)
    np.testing.assert_allclose(powers, [[0.55, 0.45, 0, 0], [0.25, 0.25, 0.25, 0.25]], atol=1e-12)


def test_against_a_convex_solver() -> None:
    cp = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(5)
    gains = 10.0 ** rng.uniform(-1, 2, 5)
    floors = rng.uniform(0, 0.1, 5)
    caps = floors + rng.uniform(0, 0.5, 5)
    power = cp.Variable(5)
    objective = cp.Maximize(cp.sum(cp.log1p(cp.multiply(gains, power))))
    cp.Problem(objective, [cp.sum(power) <= 1.0, power >= floors, power <= caps]).solve(solver="CLARABEL")
    np.testing.assert_allclose(water_filling(gains, 1.0, floors, caps), power.value, atol=1e-5)
