"""Bounds of stated problems are the optima that other solvers find, wherever a relaxation is known to be tight."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.optimize import linprog

import leoisac as li
from leoisac.foundation.environment import COMPILE_VARIABLE
from leoisac.problems import (
    Beams,
    Covariance,
    Power,
    Real,
    at_least,
    at_most,
    equals,
    maximise,
    maximise_least,
    minimise,
)
from tests.problems.instances import gaussian

TRIALS = 2


def matched(v: Any, d: Any) -> Any:
    """A beampattern as near to a wanted one as can be, at any level, every antenna at its power."""
    powers = li.terms.beampattern(d.grid, covariance=v.covariance)
    each = equals(li.terms.power_per_antenna(covariance=v.covariance), 0.25)
    return minimise(jnp.mean((v.level[0] * d.shape - powers) ** 2), subject_to={"power": each})


def test_a_matched_beampattern_is_the_best_of_all_covariances() -> None:
    """The level is linear in the Lagrangian, with a slope of zero at the best multipliers."""
    cvxpy = pytest.importorskip("cvxpy")
    angles = np.linspace(-1.2, 1.2, 25)
    grid = np.exp(1j * np.pi * np.arange(4) * np.sin(angles)[:, None])
    shape = (np.abs(angles) < 0.3).astype(float)
    problem = li.Problem(
        matched,
        {"covariance": Covariance(antennas=4), "level": Real(1, lower=0.0)},
        data={"grid": ("angle", "tx"), "shape": ("angle",)},
    )
    solution = li.solve(problem, {"grid": grid, "shape": shape}, starts=2, trials=1)
    R, level = cvxpy.Variable((4, 4), hermitian=True), cvxpy.Variable()
    powers = cvxpy.hstack([cvxpy.real(cvxpy.conj(a) @ R @ a) for a in grid])
    goal = cvxpy.sum_squares(level * shape - powers) / len(shape)
    optimum = cvxpy.Problem(cvxpy.Minimize(goal), [R >> 0, cvxpy.real(cvxpy.diag(R)) == 0.25]).solve(
        solver=cvxpy.CLARABEL
    )
    assert solution.certificate == ("dual bound",)
    np.testing.assert_allclose(solution.objective, optimum, rtol=1e-6)
    assert np.all(np.abs(solution.gap) <= 1e-6)


def controlled(v: Any, d: Any) -> Any:
    """Least powers of links that disturb each other."""
    signal = jnp.diag(d.gains) * v.p
    rest = d.gains @ v.p - signal + 0.1
    return minimise(jnp.sum(v.p), subject_to={"quality": at_least(signal / rest, 0.8)})


def coupled() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([np.abs(gaussian(rng, 3, 3)) ** 2 + 3.0 * np.eye(3) for _ in range(TRIALS)])


@pytest.mark.parametrize("effort", ["quick", None])
def test_least_powers_are_those_of_a_linear_program(effort: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the effort of users, too: GCC 12.2 read a limit of 0.8 for one of 0.0 in the constants of this problem."""
    if effort is None:
        monkeypatch.delenv(COMPILE_VARIABLE, raising=False)
    gains = coupled()
    solution = li.solve(li.Problem(controlled, {"p": Power(3)}, data={"gains": ("rx", "tx")}), {"gains": gains})
    optima: list[float] = []
    for one in gains:
        own = np.diag(np.diag(one))
        optima.append(linprog(np.ones(3), A_ub=-(own - 0.8 * (one - own)), b_ub=np.full(3, -0.08)).fun)
    np.testing.assert_allclose(solution.objective, optima, rtol=1e-8)
    np.testing.assert_allclose(solution.bound, optima, rtol=1e-7)
    assert np.all(solution.gap >= -1e-10)


def balanced(v: Any, d: Any) -> Any:
    signal = jnp.diag(d.gains) * v.p
    return maximise_least(signal / (d.gains @ v.p - signal + 0.1), subject_to={"power": at_most(v.p, 1.0)})


def test_the_fairest_powers_are_bounded_by_their_levels() -> None:
    """The denominators are positive only because powers are; the optimum by bisection over linear programs."""
    gains = coupled()
    solution = li.solve(li.Problem(balanced, {"p": Power(3)}, data={"gains": ("rx", "tx")}), {"gains": gains}, starts=2)
    for one, found, bound in zip(gains, solution.objective, solution.bound, strict=True):
        own, low, high = np.diag(np.diag(one)), 0.0, 1e3
        while high - low > 1e-9 * high:
            t = 0.5 * (low + high)
            rows = -(own - t * (one - own))
            fits = linprog(np.zeros(3), A_ub=rows, b_ub=np.full(3, -0.1 * t), bounds=[(0.0, 1.0)] * 3).status == 0
            low, high = (t, high) if fits else (low, t)
        np.testing.assert_allclose([found, bound], low, rtol=1e-6)


def secret(v: Any, d: Any) -> Any:
    rates = li.terms.secrecy_rate(d.h, v.w, d.g, noise=1.0, per_eavesdropper=True)
    return maximise(jnp.sum(rates), subject_to={"power": at_most(li.terms.power(v.w), 10.0)})


def test_secrecy_of_one_beam_is_an_eigenvalue() -> None:
    """``log2`` of the largest generalised eigenvalue (A. Khisti, G. W. Wornell, 2010)."""
    rng = np.random.default_rng(0)
    h, g = gaussian(rng, TRIALS, 4), gaussian(rng, TRIALS, 4)
    problem = li.Problem(secret, {"w": Beams(antennas=4, streams=1)}, data={"h": ("tx",), "g": ("tx",)})
    solution = li.solve(problem, {"h": h, "g": g}, starts=2)
    pairs = [tuple(np.eye(4) + 10.0 * np.outer(a, a.conj()) for a in pair) for pair in zip(h, g, strict=True)]
    optima = [np.log2(eigh(*pair, eigvals_only=True)[-1]) for pair in pairs]
    np.testing.assert_allclose(solution.objective, optima, rtol=1e-8)
    np.testing.assert_allclose(solution.bound, optima, rtol=1e-8)
    assert set(solution.certificate) == {"dual bound"}


def jammed(v: Any, d: Any) -> Any:
    """The weakest secrecy of two users, with artificial noise."""
    rates = li.terms.secrecy_rate(d.h, v.w, d.g, noise=1.0, per_eavesdropper=True)
    return maximise_least(rates, subject_to={"power": at_most(li.terms.power(v.w), 10.0)})


def frugal(v: Any, d: Any) -> Any:
    """Energy per bit."""
    rate = jnp.sum(li.terms.rate(li.terms.sinr(d.h, v.w, noise=1.0)))
    return minimise(
        li.terms.energy_per_bit(li.terms.power(v.w), rate, circuit_power=1.0),
        subject_to={"power": at_most(li.terms.power(v.w), 10.0)},
    )


@pytest.mark.parametrize("statement", [jammed, frugal])
def test_orthogonal_users_are_as_if_alone(statement: Any) -> None:
    """Where nobody disturbs anybody, and the eavesdropper hears nothing, the interference-free bound is the optimum."""
    h = np.eye(4, dtype=complex)[None, :2] * np.array([1.0, 2.0])[:, None]
    data = {"h": h, "g": np.zeros((1, 1, 4))}
    axes = {"h": ("user", "tx"), "g": ("eavesdropper", "tx")}
    used = {name: data[name] for name in (("h", "g") if statement is jammed else ("h",))}
    problem = li.Problem(statement, {"w": Beams(antennas=4, streams=3)}, data={name: axes[name] for name in used})
    solution = li.solve(problem, used, starts=4)
    assert solution.certificate == ("interference-free bound",)
    assert -1e-9 <= solution.gap[0] <= 1e-4
    if statement is jammed:  # equal SNRs, p_1 = 4 p_2
        np.testing.assert_allclose(solution.objective, np.log2(9.0), rtol=1e-6)
