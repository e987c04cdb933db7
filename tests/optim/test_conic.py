"""Conic helpers: coordinates and recovery, compiled problems, statuses, the shared loop, two solvers that agree."""

from __future__ import annotations

import math
import sys

import cvxpy as cp
import numpy as np
import pytest
from oracles.self_backhaul_instances import r1, r2

from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import cvxpy_module, require_reference
from leoisac.optim.conic.hermitian import (
    congruence,
    coordinates,
    eigenvalue_ratio,
    embedding,
    feeder_congruence,
    from_coordinates,
    matched_beam,
    nulling_congruence,
    outer,
    positive_part,
    principal_beam,
    quadratic_form,
)
from leoisac.optim.conic.loop import Attempt, LoopOptions, Procedure, successive_convex
from leoisac.optim.conic.problem import DppError, parametric_problem, per_shape
from leoisac.optim.conic.semidefinite import LinearConstraint, solve_semidefinite
from leoisac.optim.conic.solving import SolveReport, solve_with_retries, status_of

RNG = np.random.default_rng(7)


def complex_normal(*shape):
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def random_covariance(n, rank):
    factor = complex_normal(n, rank)
    return factor @ factor.conj().T


# --- Hermitian matrices -------------------------------------------------------------------------------------------


def test_coordinates_turn_traces_into_dot_products_and_come_back():
    A, B = random_covariance(4, 2), random_covariance(4, 4)
    assert coordinates(A) @ coordinates(B) == pytest.approx(np.trace(A @ B).real, rel=1e-13)
    np.testing.assert_allclose(from_coordinates(coordinates(np.stack([A, B]))), np.stack([A, B]), atol=1e-14)


def test_the_real_embedding_repeats_every_eigenvalue():
    X = random_covariance(3, 3) - np.eye(3)
    real = (embedding(3) @ coordinates(X)).reshape(6, 6)
    np.testing.assert_allclose(real, real.T)
    np.testing.assert_allclose(np.linalg.eigvalsh(real), np.repeat(np.linalg.eigvalsh(X), 2), atol=1e-12)


def test_coordinates_refuse_a_length_that_is_no_square():
    with pytest.raises(ValueError, match="must be a square number"):
        from_coordinates(np.ones(5))


def test_matched_beam_keeps_its_signal_and_never_adds_power_in_any_direction():
    X, h = random_covariance(5, 3), complex_normal(5)
    beam = matched_beam(X, h)
    assert abs(np.vdot(h, beam)) ** 2 == pytest.approx(quadratic_form(h, X), rel=1e-12)
    assert np.linalg.eigvalsh(X - outer(beam)).min() > -1e-12 * np.trace(X).real


def test_matched_and_principal_beams_agree_with_a_rank_one_matrix():
    x, h = complex_normal(4), complex_normal(4)
    np.testing.assert_allclose(outer(matched_beam(outer(x), h)), outer(x), atol=1e-12)
    np.testing.assert_allclose(outer(principal_beam(outer(x))), outer(x), atol=1e-12)


def test_matched_beam_of_nothing_is_nothing():
    np.testing.assert_array_equal(matched_beam(np.zeros((3, 3), complex), np.ones(3, complex)), np.zeros(3))


def test_eigenvalue_ratio_and_positive_part():
    assert eigenvalue_ratio(np.diag([4.0, 1.0, -1e-9]).astype(complex)) == pytest.approx(0.25)
    assert eigenvalue_ratio(np.zeros((2, 2), complex)) == 0.0
    assert eigenvalue_ratio(np.ones((3, 1, 1), complex)).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(positive_part(np.diag([2.0, -1.0]).astype(complex)), np.diag([2.0, 0.0]), atol=1e-15)


def test_congruences_level_what_is_received_over_very_unequal_channels():
    channels = complex_normal(2, 4) * np.array([[1e3], [1.0]])
    scale = feeder_congruence(channels, 100.0)
    assert np.sum(np.abs(channels @ scale.conj()) ** 2) < 2.0 * 100.0
    nulling = nulling_congruence(channels, 0.01)
    assert np.linalg.norm(nulling, 2) == pytest.approx(0.1)
    assert np.linalg.norm(channels.conj() @ nulling, 2) < 1.0 + 1e-9
    X = random_covariance(4, 2)
    received = np.real(np.einsum("i,ij,j", channels[0].conj(), congruence(scale, X), channels[0]))
    seen = scale.conj().T @ channels[0]
    assert received == pytest.approx(np.vdot(seen, X @ seen).real, rel=1e-9)


# --- compiled problems and solves ---------------------------------------------------------------------------------


@per_shape
def covering_problem(side, rows):
    """Least trace with given quadratic forms, as a real problem in coordinates."""
    x, forms = cp.Variable(side * side), cp.Parameter((rows, side * side), name="forms")
    covered = forms @ x >= 1.0
    psd = cp.reshape(embedding(side) @ x, (2 * side, 2 * side), order="F") >> 0
    objective = cp.Minimize(coordinates(np.eye(side)) @ x)
    return parametric_problem("covering", objective, {"covered": covered, "psd": psd}, {"forms": forms}, {"x": x})


@pytest.mark.parametrize(("instance", "least"), [(r1(), 0.079815), (r2(), 0.031926)])
def test_least_sensing_power_by_two_solvers_with_a_certificate(instance, least):
    forms = outer(instance.targets)
    problem = covering_problem(3, 2)
    problem.assign({"forms": coordinates(forms) / instance.pattern_min[:, None]})
    report = solve_with_retries(problem)
    assert report.status is Status.CONVERGED
    assert report.value == pytest.approx(least, abs=1e-6)

    constraints = [LinearConstraint((form,), ">=", g) for form, g in zip(forms, instance.pattern_min)]
    solution = solve_semidefinite([np.eye(3)], constraints)
    assert solution.status is Status.CONVERGED
    assert solution.value == pytest.approx(report.value, rel=1e-6)
    assert np.all(quadratic_form(instance.targets, solution.blocks[0]) >= instance.pattern_min * (1 - 1e-6))
    # Weak duality proves the value: multipliers with I - sum y_t a_t a_t^H >= 0 bound the trace from below.
    slack = np.eye(3) - np.einsum("t,tij->ij", solution.multipliers, forms)
    assert np.all(solution.multipliers >= 0.0)
    assert np.linalg.eigvalsh(slack).min() > -1e-7
    assert solution.multipliers @ instance.pattern_min == pytest.approx(solution.value, rel=1e-6)


def test_a_problem_is_built_once_per_shape_and_its_numbers_leave_no_trace():
    problem = covering_problem(3, 2)
    builds = covering_problem.builds()
    values = []
    for instance in (r1(), r2(), r1()):
        covering_problem(3, 2).assign({"forms": coordinates(outer(instance.targets)) / instance.pattern_min[:, None]})
        assert solve_with_retries(problem).status is Status.CONVERGED
        values.append(problem.values()["x"])
    assert covering_problem.builds() == builds
    np.testing.assert_array_equal(values[0], values[2])


def test_assignments_are_checked():
    problem = covering_problem(3, 2)
    with pytest.raises(ValueError, match=r"without a value: \['forms'\], unknown: \['form'\]"):
        problem.assign({"form": np.zeros((2, 9))})
    with pytest.raises(ValueError, match=r"forms has shape \(9, 2\), must be \(2, 9\)"):
        problem.assign({"forms": np.zeros((9, 2))})
    with pytest.raises(ValueError, match="forms is not finite"):
        problem.assign({"forms": np.full((2, 9), np.nan)})


def test_a_problem_that_would_be_compiled_every_time_is_refused_by_name():
    x, a, b = cp.Variable(), cp.Parameter(nonneg=True, name="rho"), cp.Parameter(nonneg=True, name="epsilon")
    with pytest.raises(DppError, match=r"`leakage` is convex but not DPP.*`rho \* epsilon`.*one parameter"):
        parametric_problem("demo", cp.Minimize(x), {"power": x >= 0, "leakage": a * b * x <= 1}, {"a": a, "b": b}, {})
    with pytest.raises(DppError, match=r"`power` is not convex; look at `1.0 <= "):
        parametric_problem("demo", cp.Minimize(x), {"power": cp.square(x) >= 1}, {}, {})
    with pytest.raises(ValueError, match="not named: rho"):
        parametric_problem("demo", cp.Minimize(x), {"power": x >= a}, {}, {})


def test_outcomes_of_solves_are_honest_and_never_raised():
    x = cp.Variable(name="x")
    infeasible = solve_with_retries(cp.Problem(cp.Minimize(x), [x >= 1, x <= 0]))
    assert infeasible.status is Status.INFEASIBLE
    assert infeasible.attempts == 1
    assert math.isnan(infeasible.value)
    unbounded = solve_with_retries(cp.Problem(cp.Minimize(x), [x <= 0]))
    assert unbounded.status is Status.FAILED
    assert "unbounded" in unbounded.message
    raised = solve_with_retries(cp.Problem(cp.Minimize(x), [x >= 0]), ladder=({"no_such_setting": 1},))
    assert raised.status is Status.FAILED
    assert "no_such_setting" in raised.message
    rescued = solve_with_retries(cp.Problem(cp.Minimize(x), [x >= 1]), ladder=({"no_such_setting": 1}, {}))
    assert rescued.status is Status.CONVERGED
    assert rescued.attempts == 2
    assert rescued.value == pytest.approx(1.0)


def test_statuses():
    words = ("optimal", "optimal_inaccurate", "infeasible", "user_limit", "infeasible_inaccurate", "solver_error")
    expected = [Status.CONVERGED, Status.INACCURATE, Status.INFEASIBLE, Status.MAX_STEPS, Status.FAILED, Status.FAILED]
    assert [status_of(word) for word in words] == expected


def test_semidefinite_programs_with_several_blocks_and_relations():
    forms = [np.diag([1.0, 0.0]), np.eye(3)]
    solution = solve_semidefinite(
        [-np.eye(2), np.eye(3)],
        [
            LinearConstraint((np.eye(2), None), "<=", 2.0),
            LinearConstraint((forms[0], forms[1]), "==", 3.0),
        ],
    )
    # All of the first block's trace of 2 may count as 2 of the 3; the second block pays the remaining 1.
    assert solution.value == pytest.approx(-1.0, abs=1e-6)
    assert solution.lower_bound == pytest.approx(-1.0, abs=1e-6)
    assert solution.multipliers[0] < 0.0
    assert solve_semidefinite([np.eye(2)], [LinearConstraint((np.eye(2),), "<=", -1.0)]).status is Status.INFEASIBLE
    with pytest.raises(ValueError, match=r"constraints\[0\].matrices have shapes"):
        solve_semidefinite([np.eye(2)], [LinearConstraint((np.eye(3),), ">=", 1.0)])


def test_without_the_extra_the_line_to_install_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    for needs in (require_reference, cvxpy_module):
        with pytest.raises(ConfigError, match=r'pip install "leoisac\[reference\]"'):
            needs()


# --- the shared loop ----------------------------------------------------------------------------------------------


def report(status):
    return SolveReport(status, 0.0, 1, 1, 0.0, "")


FINE, BAD = report(Status.CONVERGED), report(Status.FAILED)


def newton_for_root_two(fail_at=None, measure=lambda x: -abs(x * x - 2.0)):
    calls = []

    def solve(x):
        calls.append(x)
        return Attempt(None, BAD) if len(calls) - 1 == fail_at else Attempt((x + 2.0 / x) / 2.0, FINE)

    return Procedure(convexify=lambda x: x, solve=solve, measure=measure)


def test_loop_converges_and_keeps_its_history():
    outcome = successive_convex(newton_for_root_two(), 1.0, LoopOptions(tolerance=1e-9))
    assert outcome.status is Status.CONVERGED
    assert outcome.state == pytest.approx(math.sqrt(2.0), abs=1e-9)
    assert len(outcome.history) == outcome.iterations + 1 == len(outcome.reports) + 1
    np.testing.assert_allclose(outcome.history[:3], [-1.0, -0.25, -1.0 / 144.0])


def test_loop_statuses():
    assert successive_convex(newton_for_root_two(), 1.0, LoopOptions(max_iterations=2)).status is Status.MAX_STEPS
    first = successive_convex(newton_for_root_two(fail_at=0), 1.0)
    assert (first.status, first.state, first.iterations) == (Status.FAILED, 1.0, 1)
    later = successive_convex(newton_for_root_two(fail_at=2), 1.0)
    assert (later.status, later.iterations, len(later.history)) == (Status.INACCURATE, 3, 3)
    broken = successive_convex(newton_for_root_two(measure=lambda x: -1.0 if x == 1.0 else math.nan), 1.0)
    assert (broken.status, broken.state) == (Status.NONFINITE, 1.0)


def test_loop_that_jitters_keeps_the_best_state_and_stops():
    values = iter([1.0, 5.0, 4.9, 5.0005, 4.8, 4.9])
    procedure = Procedure(convexify=lambda x: x, solve=lambda x: Attempt(next(values), FINE), measure=lambda x: x)
    outcome = successive_convex(procedure, 0.0, LoopOptions(stall_steps=3))
    assert outcome.status is Status.INACCURATE
    assert outcome.state == outcome.measure == 5.0005
    assert outcome.history.tolist() == [0.0, 1.0, 5.0, 4.9, 5.0005, 4.8]


def test_loop_options_are_checked():
    with pytest.raises(ValueError, match="max_iterations = 0"):
        LoopOptions(max_iterations=0)
    with pytest.raises(ValueError, match="tolerance = -1"):
        LoopOptions(tolerance=-1.0)


def test_sequential_rank_one_relaxation_runs_on_the_same_loop():
    """Multicast with more users than antennas: the relaxation has rank two; rank one is reached step by step."""
    h = np.exp(1j * np.outer([1.0, 2.0, 3.3, 4.7, 5.9], np.arange(3)))
    constraints = [LinearConstraint((outer(row),), ">=", 1.0) for row in h]

    def solve(state):
        W, share, step = state
        target = share + step
        leading = np.linalg.eigh(W)[1][:, -1]
        ranked = LinearConstraint((outer(leading) - target * np.eye(3),), ">=", 0.0)
        solution = solve_semidefinite([np.eye(3)], [*constraints, ranked])
        outcome = SolveReport(solution.status, solution.value, 1, solution.iterations, 0.0, solution.message)
        if not outcome.has_point:
            return Attempt(None, outcome)
        found = solution.blocks[0]
        return Attempt((found, 1.0 - _rest(found), min(step, _rest(found))), outcome)

    def accept(state, attempt):
        return attempt.candidate if attempt.candidate is not None else (state[0], state[1], state[2] / 2)

    relaxed = solve_semidefinite([np.eye(3)], constraints)
    assert eigenvalue_ratio(relaxed.blocks[0]) > 1e-3
    procedure = Procedure(
        convexify=lambda state: state,
        solve=solve,
        measure=lambda state: -float(np.trace(state[0]).real),
        accept=accept,
        ready=lambda state: _rest(state[0]) < 1e-6,
    )
    start = (relaxed.blocks[0], 1.0 - _rest(relaxed.blocks[0]), 0.1)
    outcome = successive_convex(procedure, start, LoopOptions(tolerance=1e-4, max_iterations=40))
    assert outcome.status is Status.CONVERGED
    W = outcome.state[0]
    assert eigenvalue_ratio(W) < 1e-5
    assert np.trace(W).real >= relaxed.value - 1e-7
    assert np.all(quadratic_form(h, outer(principal_beam(W))) > 1.0 - 1e-4)


def _rest(W):
    """Share of the trace outside the leading eigenvalue."""
    values = np.linalg.eigvalsh(W)
    return float(1.0 - values[-1] / values.sum())
