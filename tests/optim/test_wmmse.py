"""WMMSE: closed forms, published values, symmetry, batching, and the slow twin."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax
from leoisac.optim.batched.wmmse import wmmse
from tests.oracles import wmmse as oracle

solve = jax.jit(wmmse, static_argnames="closed_form_multiplier")


def random_channels(rng, *shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)


def deterministic_channels(users, antennas, snr=30.0):
    n, m = np.arange(antennas), np.arange(users)[:, None]
    return np.sqrt(snr / antennas) * (1 + 0.1 * m) * np.exp(1j * (0.9 * (m + 1) * n + 0.35 * m * n**2))


@pytest.mark.parametrize(
    ("users", "antennas", "rate", "closed_form"),
    [(3, 4, 10.09425, False), (3, 4, 10.09425, True), (2, 3, 7.99281, False)],
)
def test_reference_values(users, antennas, rate, closed_form):
    h = deterministic_channels(users, antennas)
    solution = solve(h, np.ones(users), 1.0, closed_form_multiplier=closed_form)
    assert solution.converged
    assert solution.sum_rate == pytest.approx(rate, abs=1e-4)
    assert oracle.sum_rate(h, np.ones(users), np.asarray(solution.beams)) == pytest.approx(float(solution.sum_rate))


def test_single_user_is_maximum_ratio_transmission():
    h = random_channels(np.random.default_rng(1), 1, 5)
    solution = solve(h, np.array([0.3]), 2.0)
    assert solution.sum_rate == pytest.approx(np.log2(1 + 2.0 * np.linalg.norm(h) ** 2 / 0.3), rel=1e-12)
    assert abs(np.vdot(h, solution.beams)) == pytest.approx(np.sqrt(2.0) * np.linalg.norm(h), rel=1e-12)


def test_follows_the_slow_twin_round_by_round():
    """Same path, hence monotone as the twin is; more users than antennas, unequal noise, budget not 1."""
    rng = np.random.default_rng(2)
    h, noise, power = 3 * random_channels(rng, 4, 3), np.array([0.5, 1.0, 2.0, 0.1]), 5.0
    _, history = oracle.wmmse(h, noise, power, max_iterations=25, tolerance=0.0)
    assert np.all(np.diff(history) > -1e-9)
    rates = [float(solve(h, noise, power, max_iterations=k, tolerance=0.0).sum_rate) for k in (1, 2, 5, 25)]
    # The twin's beams may use less than the budget after a round; ours are scaled up to it on return.
    np.testing.assert_allclose(rates, [history[k] for k in (1, 2, 5, 25)], atol=1e-9)
    beams = solve(h, noise, power, max_iterations=25, tolerance=0.0).beams
    assert np.linalg.norm(beams) ** 2 == pytest.approx(power, rel=1e-12)


def test_orthogonal_channels_give_water_filling():
    gains, noise, power = np.array([9.0, 4.0, 1.0, 0.05]), np.array([1.0, 0.5, 1.0, 1.0]), 2.0
    unitary = np.linalg.qr(random_channels(np.random.default_rng(3), 4, 4))[0]
    h = np.sqrt(gains)[:, None] * unitary
    solution = solve(h, noise, power, max_iterations=20_000, tolerance=1e-13)
    floor = noise / gains
    level = (power + floor[:3].sum()) / 3
    assert floor[2] < level < floor[3]
    best = np.maximum(level - floor, 0)
    np.testing.assert_allclose(np.linalg.norm(solution.beams, axis=1) ** 2, best, atol=1e-4)
    assert solution.sum_rate == pytest.approx(np.log2(1 + best / floor).sum(), abs=1e-6)


def test_batch_lanes_do_not_see_each_other():
    """Fast and slow lanes together: each as alone (same bits at the same lane count), permuted users permute beams."""
    rng = np.random.default_rng(4)
    h = random_channels(rng, 6, 4, 5) * np.logspace(-1, 2, 6)[:, None, None]
    noise = np.ones((6, 4))
    batch = jax.jit(jax.vmap(lambda h, noise: wmmse(h, noise, 1.0)))
    together = batch(h, noise)
    assert np.ptp(np.asarray(together.iterations)) > 20
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled = batch(h[order], noise[order])
    assert np.array_equal(np.asarray(together.beams)[order], np.asarray(shuffled.beams))
    assert np.array_equal(np.asarray(together.iterations)[order], np.asarray(shuffled.iterations))
    repeated = batch(np.repeat(h[:1], 6, axis=0), noise)
    assert np.array_equal(np.asarray(repeated.beams)[0], np.asarray(together.beams)[0])

    users = np.array([2, 0, 3, 1])
    permuted = batch(h[:, users], noise)
    np.testing.assert_allclose(permuted.sum_rate, together.sum_rate, rtol=1e-6)
    np.testing.assert_allclose(permuted.beams[0], np.asarray(together.beams)[0][users], atol=1e-6)
    np.testing.assert_allclose(np.sum(np.abs(together.beams) ** 2, axis=(1, 2)), 1.0, rtol=1e-12)


def test_silent_user_zero_power_and_one_antenna():
    h = deterministic_channels(3, 4)
    with_silent = h.copy()
    with_silent[1] = 0.0
    for closed_form in (False, True):
        solution = solve(with_silent, np.ones(3), 1.0, closed_form_multiplier=closed_form)
        two = oracle.wmmse(h[[0, 2]], np.ones(2), 1.0)[1][-1]
        assert np.all(solution.beams[1] == 0)
        assert solution.sum_rate == pytest.approx(two, abs=1e-3)

        nothing = solve(h, np.ones(3), 0.0, closed_form_multiplier=closed_form)
        assert np.all(nothing.beams == 0)
        assert nothing.sum_rate == 0

    scalar = np.array([[2.0 + 1.0j], [0.5j], [1.0 + 0.0j]])
    solution = solve(scalar, np.ones(3), 10.0, max_iterations=5000, tolerance=1e-12)
    # One antenna is a degraded channel: everything to the strongest user is optimal.
    assert solution.sum_rate == pytest.approx(np.log2(1 + 50.0), rel=1e-3)
