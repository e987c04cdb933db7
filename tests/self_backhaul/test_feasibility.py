"""Start power: published values and shares, certificates, Clarabel, impossible requirements, batching."""

from dataclasses import replace

import numpy as np
import pytest

from leoisac.foundation.jax_setup import LANES, jax
from leoisac.systems.self_backhaul.fast.feasibility import start_power
from tests.oracles.self_backhaul_draw import draw
from tests.oracles.self_backhaul_instances import lifted_rates, r1, r2

compiled = jax.jit(start_power)
FIELDS = ("h_users", "h_es", "g_users", "g_es", "targets", "pattern_min")


def arguments(instance):
    users = len(instance.h_users)
    sinr, es_sinr = 2.0**instance.rate_min - 1, 2.0 ** (users * instance.rate_min) - 1
    return (*(getattr(instance, name) for name in FIELDS), sinr, es_sinr)


def solve(*data, power_weight=0.0, **more):
    """One compilation per shape: every number goes in as an array."""
    return compiled(*map(jax.numpy.asarray, data), power_weight=jax.numpy.asarray(power_weight), **more)


def powers(W, V, V0):
    return np.trace(W, axis1=1, axis2=2).real.sum(), np.trace(V + V0).real


def check_design(instance, solution, W, V):
    """Rates, pattern and power level of one design, recomputed from its matrices."""
    V0 = np.asarray(solution.V0)
    users = len(instance.h_users)
    rates, backhaul = lifted_rates(instance, np.asarray(W), np.asarray(V), V0)
    assert np.all(rates >= instance.rate_min - 1e-7)
    assert backhaul >= users * instance.rate_min - 1e-7
    pattern = np.einsum("ti,ij,tj->t", instance.targets.conj(), V0, instance.targets).real
    assert np.all(pattern >= instance.pattern_min * (1 - 1e-7))
    assert max(powers(np.asarray(W), np.asarray(V), V0)) <= solution.upper * (1 + 1e-7)


@pytest.mark.parametrize(
    ("instance", "level"),
    [
        pytest.param(r1(), 0.106425, id="R1"),
        pytest.param(r2(), 0.037318, id="R2", marks=pytest.mark.further),
    ],
)
def test_published_levels(instance, level):
    solution = solve(*arguments(instance))
    assert solution.converged
    assert solution.feasible
    assert solution.upper == pytest.approx(level, abs=1e-6)
    assert 0 <= solution.upper - solution.lower <= 1e-7 * solution.upper
    check_design(instance, solution, solution.W, solution.V)
    w, v, U0 = (np.asarray(x) for x in (solution.w, solution.v, solution.U0))
    check_design(instance, solution, w[:, :, None] * w[:, None, :].conj(), np.outer(v, v.conj()))
    assert U0.shape == (instance.g_es.size, len(instance.targets))
    np.testing.assert_allclose(U0 @ U0.conj().T, solution.V0, atol=1e-12)

    lean = solve(*arguments(instance), power_weight=1e-3)
    assert lean.lower <= solution.upper
    assert lean.upper == pytest.approx(float(solution.upper), rel=2e-3)
    # A common weight keeps both transmitters lean, so that no rate exceeds its floor.
    rates, backhaul = lifted_rates(instance, *(np.asarray(x) for x in (lean.W, lean.V, lean.V0)))
    np.testing.assert_allclose(rates, instance.rate_min, atol=1e-4)
    assert backhaul == pytest.approx(len(rates) * instance.rate_min, abs=1e-4)


@pytest.mark.further
def test_feasible_share_of_both_parameter_sets():
    """Seeds 0 to 9 at 10 W per direction: share and median of the 20 GHz and of the 30 GHz set; lanes stay apart."""
    draws = [draw(seed).normalised() for seed in range(10)]
    stacked = [np.array([getattr(x, name) for x in draws]) for name in FIELDS]
    noise = 10 ** (-6.8 / 20)
    scale = (10 ** (-3.52 / 20) * noise, 10 ** (-3.52 / 20) * noise, 2 / 3 * noise, 2 / 3 * noise, 1.0, 1.0)
    both = [np.concatenate([x, factor * x]) for x, factor in zip(stacked, scale, strict=True)]
    both[5] = 10 * both[5]
    both = [np.resize(x, (LANES, *x.shape[1:])) for x in both]
    sinr = 2 ** draws[0].rate_min - 1
    batch = jax.jit(jax.vmap(start_power, in_axes=(0,) * 6 + (None, None)))
    solution = batch(*both, sinr, 2 ** (8 * draws[0].rate_min) - 1)
    assert np.all(solution.converged)
    upper, lower = np.asarray(solution.upper), np.asarray(solution.lower)
    assert np.all((lower <= upper) & (upper <= lower * (1 + 1e-7)))
    upper, lower = upper[:20], lower[:20]
    assert np.mean(upper[:10] <= 1) == 0.9
    assert np.all(lower[10:] > 1)
    assert np.median(upper[:10]) == pytest.approx(0.42, abs=0.005)
    assert np.median(upper[10:]) == pytest.approx(4.46, abs=0.01)

    order = np.random.default_rng(0).permutation(LANES)
    shuffled = batch(*(x[order] for x in both), sinr, 2 ** (8 * draws[0].rate_min) - 1)
    for a, b in zip(jax.tree.leaves(solution), jax.tree.leaves(shuffled), strict=True):
        assert np.array_equal(np.asarray(a)[order], np.asarray(b))


def test_impossible_requirements_give_an_infinite_level():
    """Two users on one channel, and one on none: no NaN, zero designs, a huge certified bound."""
    instance = arguments(r1())
    shared = instance[0].copy()
    shared[1] = 1.5 * shared[0]
    silent = instance[0].copy()
    silent[2] = 0.0
    for h_users, sinr in ((shared, 2.0), (silent, 1.0)):
        solution = solve(h_users, *instance[1:6], sinr, instance[7])
        assert np.isinf(solution.upper)
        assert solution.lower > 1e5
        assert solution.converged
        assert not solution.feasible
        for design in (solution.W, solution.V, solution.V0, solution.w, solution.v, solution.U0):
            assert np.all(design == 0)


def clarabel_level(cp, instance, sinr, es_sinr, steering=None):
    """The lifted program as it is written."""
    h, h_s, g, g_s, targets, demands = (getattr(instance, name) for name in FIELDS)
    (users, n_b), n_s = h.shape, g_s.size
    u, W = cp.Variable(), [cp.Variable((n_b, n_b), hermitian=True) for _ in range(users)]
    V, V0 = cp.Variable((n_s, n_s), hermitian=True), cp.Variable((n_s, n_s), hermitian=True)

    def power(x, X):
        return cp.real(x.conj() @ X @ x)

    rows = [X >> 0 for X in (*W, V, V0)]
    rows += [sum(cp.real(cp.trace(X)) for X in W) <= u, cp.real(cp.trace(V + V0)) <= u]
    for m in range(users):
        noise = sum(power(h[m], W[n]) for n in range(users) if n != m) + power(g[m], V + V0) + 1
        rows.append(power(h[m], W[m]) >= sinr * noise)
    rows.append(power(g_s, V) / es_sinr >= sum(power(h_s, X) for X in W) + power(g_s, V0) + 1)
    for t, demand in enumerate(demands):
        bs = 0 if steering is None else sum(power(steering[t], X) for X in W)
        rows.append((power(targets[t], V0) + bs) / demand >= 1)
    problem = cp.Problem(cp.Minimize(u), rows)
    problem.solve(solver=cp.CLARABEL)
    return problem.value


def test_against_clarabel():
    cp = pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    rng = np.random.default_rng(7)
    for _ in range(3):
        changed = {
            name: getattr(r1(), name) * (1 + 0.3 * rng.normal(size=getattr(r1(), name).shape))
            for name in ("h_users", "h_es", "g_users", "g_es")
        }
        instance = replace(r1(), **changed)
        sinr, es_sinr = rng.uniform(0.5, 1.5), rng.uniform(5.0, 20.0)
        solution = solve(*arguments(instance)[:6], sinr, es_sinr)
        assert solution.upper == pytest.approx(clarabel_level(cp, instance, sinr, es_sinr), rel=1e-5)


@pytest.mark.slow
def test_joint_pattern_against_clarabel():
    """The base station's own beams light the targets, too: a lower level than the satellite alone needs."""
    cp = pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    instance = r1()
    steering = np.exp(1j * np.pi * np.outer(np.sin(np.deg2rad([-30.0, 20.0])), np.arange(4))) / 2
    joint = solve(*arguments(instance), bs_targets=steering)
    assert joint.converged
    assert joint.upper < 0.99 * 0.106425
    assert joint.upper == pytest.approx(clarabel_level(cp, instance, 1.0, 7.0, steering), rel=1e-5)
