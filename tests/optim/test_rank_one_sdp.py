"""Rank-one semidefinite programs: closed forms, certificates, derivatives, Clarabel, batching."""

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax
from leoisac.optim.batched.covering import covering_sdp
from leoisac.optim.batched.rank_one_blocks import BlockFamily, block_rate, factorise
from leoisac.optim.batched.rank_one_sdp import maximise_dual

cover = jax.jit(covering_sdp)


def random_vectors(rng, *shape):
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)


def steering(elements, degrees):
    sine = np.sin(np.deg2rad(np.asarray(degrees, dtype=float)))
    return np.exp(1j * np.pi * np.outer(sine, np.arange(elements))) / np.sqrt(elements)


def check_certificates(cost, atoms, demands, solution, tolerance=1e-8):
    """Primal feasibility, dual feasibility, gap and rank of one covering, recomputed from the output alone."""
    V, U, y = (np.asarray(x) for x in (solution.covariance, solution.factor, solution.dual))
    np.testing.assert_allclose(U @ U.conj().T, V, atol=1e-12 * max(1.0, np.trace(V).real))
    assert U.shape == (len(cost), len(demands))
    reached = np.einsum("ti,ij,tj->t", atoms.conj(), V, atoms).real
    assert np.all(reached >= demands * (1 - 1e-12))
    assert np.trace(cost @ V).real == pytest.approx(float(solution.value), rel=1e-12)
    assert np.all(y >= 0)
    slack = cost - np.einsum("t,ti,tj->ij", y, atoms, atoms.conj())
    assert np.linalg.eigvalsh(slack)[0] >= -1e-12 * np.linalg.eigvalsh(cost)[-1]
    assert y @ demands == pytest.approx(float(solution.lower_bound), rel=1e-12)
    assert 0 <= solution.value - solution.lower_bound <= tolerance * solution.value


@pytest.mark.parametrize(("demand", "power"), [(0.05, 0.079815), (0.02, 0.031926)])
def test_minimum_sensing_power(demand, power):
    """Published values: three feeds, targets at -30 and 20 degrees; three further directions have no demand."""
    atoms, demands = steering(3, [-30, 20, 0, 45, -60]), np.array([demand, demand, 0.0, 0.0, 0.0])
    solution = cover(np.eye(3, dtype=complex), atoms, demands)
    assert solution.converged
    assert solution.value == pytest.approx(power, abs=1e-6)
    check_certificates(np.eye(3), atoms, demands, solution)


def test_one_demand_has_a_closed_form():
    rng = np.random.default_rng(0)
    root = random_vectors(rng, 3, 3)
    cost = root @ root.conj().T + 0.1 * np.eye(3)
    atoms, demands = random_vectors(rng, 5, 3), np.array([0.0, 3.0, 0.0, 0.0, 0.0])
    solution = cover(cost, atoms, demands)
    filtered = np.linalg.solve(cost, atoms[1])
    price = np.vdot(atoms[1], filtered).real
    assert solution.value == pytest.approx(3.0 / price, rel=1e-8)
    expected = 3.0 / price**2 * np.outer(filtered, filtered.conj())
    np.testing.assert_allclose(solution.covariance, expected, atol=1e-4 * float(solution.value))


def test_orthogonal_atoms_are_served_one_by_one():
    """Powers over nine decades; the two further vectors have no demand."""
    rng = np.random.default_rng(1)
    gains, demands = np.array([4.0, 1e-2, 1e7]), np.array([1.0, 2.0, 0.5, 0.0, 0.0])
    unitary = np.linalg.qr(random_vectors(rng, 3, 3))[0]
    atoms = np.concatenate([np.sqrt(gains)[:, None] * unitary, random_vectors(rng, 2, 3)])
    solution = cover(np.eye(3, dtype=complex), atoms, demands)
    assert solution.value == pytest.approx(np.sum(demands[:3] / gains), rel=1e-8)


def test_batch_of_hard_costs_stays_certified_and_independent():
    """Leakage penalties up to 1e4 times the power, as a sensing design beside a strong feeder link has them."""
    rng = np.random.default_rng(2)
    atoms, demands = steering(7, [-54, -18, 18, 54]), np.array([0.01, 0.02, 0.001, 0.01])
    direction = random_vectors(rng, 7)
    leakage = np.outer(direction, direction.conj()) / np.linalg.norm(direction) ** 2
    costs = np.array([np.eye(7) + k * leakage for k in (0.0, 1.0, 10.0, 100.0, 1e3, 1e4)])
    batch = jax.jit(jax.vmap(covering_sdp, in_axes=(0, None, None)))
    together = batch(costs, atoms, demands)
    assert np.all(together.converged)
    for lane in range(6):
        check_certificates(costs[lane], atoms, demands, jax.tree.map(lambda x, lane=lane: x[lane], together))
    order = np.array([4, 2, 0, 5, 1, 3])
    shuffled = batch(costs[order], atoms, demands)
    for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(shuffled), strict=True):
        assert np.array_equal(np.asarray(a)[order], np.asarray(b))
    scaled = batch(costs, 1e4 * atoms, 1e2 * demands)
    np.testing.assert_allclose(scaled.value, 1e-6 * together.value, rtol=1e-8)


def test_degenerate_demands():
    """More demands than dimensions, equal atoms, a zero demand, none at all, and one that nothing can meet."""
    rng = np.random.default_rng(3)
    atoms = random_vectors(rng, 5, 3)
    atoms[1] = atoms[0]
    demands = np.array([1.0, 2.0, 0.0, 1.0, 0.5])
    cost = np.eye(3, dtype=complex)
    solution = cover(cost, atoms, demands)
    check_certificates(cost, atoms, demands, solution)

    nothing = cover(cost, atoms, np.zeros(5))
    assert nothing.value == 0
    assert nothing.lower_bound == 0
    assert np.all(nothing.covariance == 0)

    atoms[3] = 0.0
    impossible = cover(cost, atoms, demands)
    assert np.isinf(impossible.value)
    assert not impossible.converged
    assert all(np.all(np.isfinite(x)) for x in (impossible.covariance, impossible.factor, impossible.dual))


def family_and_plain_blocks(rng):
    """Three members of one family, and the same three blocks as plain families; four variables, five atoms."""
    atoms = random_vectors(rng, 5, 3)
    weights, own = rng.uniform(0.5, 1.0, (5, 4)), -rng.uniform(0.1, 0.2, (3, 4))
    constants, identity = rng.uniform(0, 1, 5), np.array([0.0, 0.0, 0.3, -0.1])

    def family_of(*data):
        return BlockFamily(*map(jax.numpy.asarray, (*data[:4], 2.0, data[4])))

    family = family_of(atoms, weights, constants, identity, own)
    plain = []
    for k in range(3):
        changed = weights.copy()
        changed[k] = own[k]
        order = np.r_[k, np.delete(np.arange(5), k)]
        plain.append(family_of(atoms[order], changed[order], constants[order], identity, changed[order][:1]))
    return family, tuple(plain)


def member_blocks(family, k, z):
    """``B_k`` and its derivatives by the definition."""
    weights = np.array(family.weights)
    weights[k] = family.own[k]
    projectors = np.einsum("ji,jl->jil", family.atoms, np.conj(family.atoms))
    slopes = np.einsum("jv,jil->vil", weights, projectors) + np.asarray(family.identity)[:, None, None] * np.eye(3)
    constant = np.einsum("j,jil->il", family.constants, projectors) + float(family.identity_constant) * np.eye(3)
    return constant + np.einsum("v,vil->il", z, slopes), slopes


def test_barrier_derivatives_and_step_bound():
    rng = np.random.default_rng(4)
    family, plain = family_and_plain_blocks(rng)
    z, direction = jax.numpy.array([0.2, 0.1, 0.3, 0.2]), jax.numpy.asarray(rng.normal(size=4))

    @jax.jit
    def evaluate(family):
        factor = factorise(family, z)
        return factor.gradient, factor.hessian, block_rate(family, factor, direction)

    gradient, hessian, bound = evaluate(family)
    expected_gradient, expected_hessian, steepest = np.zeros(4), np.zeros((4, 4)), []
    for k in range(3):
        block, slopes = member_blocks(family, k, np.asarray(z))
        relative = np.linalg.solve(block, slopes)
        expected_gradient += np.trace(relative, axis1=1, axis2=2).real
        expected_hessian += np.einsum("vil,wli->vw", relative, relative).real
        steepest.append(-np.linalg.eigvals(np.einsum("v,vil->il", direction, relative)).real.min())
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12)
    np.testing.assert_allclose(hessian, expected_hessian, rtol=1e-12)
    assert bound >= max(steepest)
    assert bound == pytest.approx(max(float(evaluate(block)[2]) for block in plain), rel=1e-9)


@pytest.mark.slow
def test_family_equals_plain_blocks():
    rng = np.random.default_rng(5)
    family, plain = family_and_plain_blocks(rng)
    b, upper = np.array([1.0, 2.0, 0.5, 1.0]), np.array([np.inf, np.inf, 1.0, np.inf])
    start = np.full(4, 0.01)
    solve = jax.jit(maximise_dual)
    one, three = solve(b, (family,), upper, start), solve(b, plain, upper, start)
    assert one.converged
    assert three.converged
    assert one.dual_value == pytest.approx(float(three.dual_value), rel=1e-7)
    assert 0 < one.gap <= 1e-8 * (one.dual_value + one.gap)
    for k in range(3):
        np.testing.assert_allclose(one.primal[0][k], three.primal[k][0], atol=1e-4)


def test_against_clarabel():
    cp = pytest.importorskip("cvxpy")
    pytest.importorskip("clarabel")
    rng = np.random.default_rng(6)
    for dim, count in ((3, 5), (3, 5)):
        root = random_vectors(rng, dim, dim)
        cost, atoms, demands = (
            root @ root.conj().T + np.eye(dim),
            random_vectors(rng, count, dim),
            rng.uniform(1, 2, count),
        )
        V = cp.Variable((dim, dim), hermitian=True)
        rows = [cp.real(a.conj() @ V @ a) >= demand for a, demand in zip(atoms, demands, strict=True)]
        problem = cp.Problem(cp.Minimize(cp.real(cp.trace(cost @ V))), [V >> 0, *rows])
        # As exact as the comparison asks for: the default of 1e-8 is out of reach of some processors, with a warning.
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-7, tol_gap_rel=1e-7, tol_feas=1e-7)
        assert cover(cost, atoms, demands).value == pytest.approx(problem.value, rel=1e-6)
