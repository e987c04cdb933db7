"""Duality of downlink and uplink against closed forms, a conic solver, and the general bounds of quadratics."""

from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import Complex

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.optim.batched.sinr_duality import downlink_powers, uplink
from leoisac.optim.quadratic.bounds import best_bound

RATIO = 3.0


def channels(users: int, antennas: int, seed: int = 0) -> Complex[np.ndarray, "user antenna"]:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((users, antennas)) + 1j * rng.standard_normal((users, antennas))) / np.sqrt(2.0)


@in_double
def least_power(h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit beams as columns of users, their powers at unit noise, and the uplink's. All of one shape: compiled once."""
    return tuple(np.asarray(each) for each in _least_power(jnp.asarray(h)))


@jax.jit
def _least_power(h):
    rows, eye = jnp.conj(h), jnp.eye(h.shape[1])

    def loaded(powers):
        each = jnp.einsum("k,ka,kb->kab", powers, rows.conj(), rows)
        return eye + jnp.sum(each, axis=0) - each

    found = uplink(rows, loaded, RATIO, jnp.zeros(len(h)), steps=200)
    beams = found.directions.T
    received = jnp.abs(rows @ beams) ** 2
    own = jnp.diag(received)
    return beams, downlink_powers(own, received - jnp.diag(own), RATIO), found.powers


def test_orthogonal_users_pay_for_their_own_channel() -> None:
    h = np.eye(3, 4, dtype=complex) * np.array([[1.0], [2.0], [0.5]])
    _, powers, dual = least_power(h)
    np.testing.assert_allclose(powers, RATIO / np.array([1.0, 4.0, 0.25]), rtol=1e-12)
    np.testing.assert_allclose(dual, powers, rtol=1e-12)


def test_both_links_take_the_same_power_which_a_conic_solver_finds() -> None:
    cvxpy = pytest.importorskip("cvxpy")
    h = channels(3, 4)
    beams, powers, dual = least_power(h)
    received = np.abs(h.conj() @ (beams * np.sqrt(powers))) ** 2
    own = np.diag(received)
    np.testing.assert_allclose(own / (received.sum(axis=1) - own + 1.0), RATIO, rtol=1e-10)
    np.testing.assert_allclose(powers.sum(), dual.sum(), rtol=1e-10)
    w = cvxpy.Variable((4, 3), complex=True)
    seen = h.conj() @ w
    rules = [cvxpy.imag(cvxpy.diag(seen)) == 0]
    for k in range(3):
        others = cvxpy.hstack([seen[k, s] for s in range(3) if s != k] + [1.0])
        rules.append(cvxpy.norm(others) * np.sqrt(RATIO) <= cvxpy.real(seen[k, k]))
    optimum = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(w)), rules).solve(solver=cvxpy.CLARABEL)
    np.testing.assert_allclose(powers.sum(), optimum, rtol=1e-6)


def test_uplink_powers_are_the_multipliers_of_the_floors() -> None:
    """The general bound of quadratics takes them, and proves with them what the beams reach."""
    h = channels(3, 4, seed=1)
    _, powers, dual = least_power(h)
    size = 2 * h.size
    goal = np.diag([0.0, *np.ones(size)])
    rows = np.zeros((3, 1 + size, 1 + size))
    for k, row in enumerate(h.conj()):
        # |row w_s|^2 in the real and imaginary parts of the columns w_s, one after the other.
        a, b = np.concatenate([row.real, -row.imag]), np.concatenate([row.imag, row.real])
        square = np.outer(a, a) + np.outer(b, b)
        for s in range(3):
            place = slice(1 + s * len(a), 1 + (s + 1) * len(a))
            rows[k, place, place] = square / RATIO if s == k else -square
        rows[k, 0, 0] = -1.0
    bound = best_bound(goal, rows, dual, np.zeros(3, bool), wanted=powers.sum() * (1.0 - 1e-9))
    assert powers.sum() * (1.0 - 1e-9) <= bound.value <= powers.sum() * (1.0 + 1e-12)


def test_no_power_tells_equal_users_apart() -> None:
    """Of three users with one channel the least has a ratio below one half, at any power."""
    _, powers, dual = least_power(np.repeat(channels(1, 4), 3, axis=0))
    assert (dual >= 1e6).any()
    assert not (powers > 0.0).all()
