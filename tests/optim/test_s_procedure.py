"""Robust bounds as linear matrix inequalities against the exact extremes over the ball."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.optim.batched.trust_region import maximise_over_ball, minimise_over_ball
from leoisac.optim.conic.hermitian import coordinates
from leoisac.optim.conic.problem import parametric_problem, per_shape
from leoisac.optim.conic.s_procedure import ball_bound, ball_values
from leoisac.optim.conic.solving import solve_with_retries

N = 3


def hermitian(rng, rank, sign=1.0):
    factor = rng.standard_normal((N, rank)) + 1j * rng.standard_normal((N, rank))
    return sign * factor @ factor.conj().T


@per_shape
def extreme(relation, count):
    """Tightest bound that a given matrix keeps to: the matrix is a parameter behind an equality."""
    import cvxpy as cp

    given = cp.Parameter((N * N, count), name="X")
    X, bound = cp.Variable((N * N, count)), cp.Variable()
    ball = ball_bound("ball", [X[:, b] for b in range(count)], relation, bound, N)
    objective = cp.Minimize(bound) if relation == "<=" else cp.Maximize(bound)
    return parametric_problem(
        "extreme", objective, {"fixed": given == X, **ball.constraints}, {"X": given, **ball.parameters}, {"b": bound}
    )


def solved(relation, matrices, x, radius, **options):
    problem = extreme(relation, len(matrices))
    problem.assign({"X": coordinates(np.array(matrices)).T, **ball_values("ball", x, radius, **options)})
    assert solve_with_retries(problem).has_point
    return float(problem.variables["b"].value)


@pytest.mark.parametrize("radius", [0.05, 1.5])
@pytest.mark.parametrize(("rank", "sign"), [(1, 1.0), (2, 1.0), (3, 1.0), (3, -1.0)])
def test_bounds_are_the_exact_extremes(radius, rank, sign):
    rng = np.random.default_rng(rank)
    X = hermitian(rng, rank, sign)
    x = rng.standard_normal(N) + 1j * rng.standard_normal(N)
    r = np.asarray(radius)
    assert solved("<=", [X], x, radius) == pytest.approx(maximise_over_ball(X, x, r).value, abs=2e-6)
    assert solved(">=", [X], x, radius) == pytest.approx(minimise_over_ball(X, x, r).value, abs=2e-6)


def test_scales_unit_and_lift_change_nothing():
    rng = np.random.default_rng(7)
    parts = [hermitian(rng, 2), hermitian(rng, 1)]
    scales = [rng.uniform(0.1, 2.0, N), rng.uniform(0.1, 2.0, N)]
    x, radius = rng.standard_normal(N) + 1j * rng.standard_normal(N), 0.4
    total = sum(np.outer(d, d) * part for d, part in zip(scales, parts))
    largest, least = (f(total, x, np.asarray(radius)).value for f in (maximise_over_ball, minimise_over_ball))
    for unit, lift in ((1.0, 1.0), (20.0, 0.3)):
        options = {"scales": scales, "unit": unit, "lift": lift}
        assert unit * solved("<=", parts, x, radius, **options) == pytest.approx(largest, rel=1e-5)
        assert unit * solved(">=", parts, x, radius, **options) == pytest.approx(least, rel=1e-5)


def test_new_numbers_compile_nothing():
    assert extreme.builds() <= 4


def test_a_ball_without_extent_is_refused():
    with pytest.raises(ValueError, match="radius = 0"):
        ball_values("ball", np.ones(N, complex), 0.0)
