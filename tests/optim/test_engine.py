"""The batched engine: closed forms, optimality certificates, statuses, and the same bits in any company."""

import dataclasses
import functools
from typing import Any, NamedTuple

import numpy as np
import pytest

from leoisac.foundation.backend import using, why_not_native
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.last_solutions import REFRESH, LastSolutions
from leoisac.foundation.status import Status
from leoisac.optim.batched.engine import best_start, compilations, solve, solve_multistart
from leoisac.optim.batched.lanes import programs_of
from leoisac.optim.options import EngineOptions
from leoisac.optim.problem import kkt_residual

TIGHT = EngineOptions(
    lanes=8,
    inner_steps=200,
    gradient_tolerance=1e-2,
    gradient_floor=1e-9,
    value_tolerance=1e-14,
    violation_tolerance=1e-9,
)


def rosenbrock(x, data):
    return jnp.sum(data["valley"] * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2), jnp.zeros(0)


def quadratic_program(x, data):
    return 0.5 * x @ data["Q"] @ x + data["q"] @ x, data["b"] - data["A"] @ x


def shell(x, data, power=2):
    """Smallest ``x^T A x`` between two spheres: nonconvex, with the smallest eigenvalue as its optimum."""
    square = jnp.sum(jnp.abs(x) ** power)
    return x @ data["A"] @ x, jnp.stack([square - 1.0, data["outer"] - square])


class Stage(NamedTuple):
    steepness: Any
    limit: Any


def tilted_wells(x, data, stage):
    """Wells at about -1 and 1, the first one deeper, behind a wall at ``-limit``; flat wells merge into one."""
    objective = stage.steepness * (x[0] ** 2 - 1.0) ** 2 + data["tilt"] * x[0]
    return objective, jnp.stack([x[0] + data["widening"] * stage.limit, 5.0 - x[0]])


@pytest.fixture(params=["jax", "native"], autouse=True)
def backend(request):
    """Every test holds for both: they are twins."""
    if request.param == "native" and why_not_native():
        pytest.skip(why_not_native())
    with using(request.param):
        yield request.param


WAY = Stage(np.array([0.05, 1.0]), np.array([2.0, 0.9]))


def wells_batch(count):
    data = {"tilt": np.full(count, 0.3), "widening": np.ones(count)}
    return np.linspace(1.1, 1.6, count)[:, None], data


def shell_batch(count, size=6):
    rng = np.random.default_rng(1)
    root = rng.normal(size=(count, size, size))
    data = {"A": root @ root.transpose(0, 2, 1) / size + np.eye(size), "outer": np.full(count, 4.0)}
    return rng.normal(size=(count, size)), data


def rows(data, index):
    return jax.tree.map(lambda leaf: leaf[index], data)


def certificate(fc, result, data):
    return jax.jit(jax.vmap(functools.partial(kkt_residual, fc)))(result.x, data, result.multipliers)


def test_an_unconstrained_problem_reaches_a_stationary_point():
    rng = np.random.default_rng(0)
    start, data = rng.normal(size=(11, 4)), {"valley": np.linspace(50.0, 150.0, 11)[:, None]}
    result = solve(rosenbrock, start, data, TIGHT)
    assert np.all(result.status == Status.CONVERGED)
    assert result.multipliers.shape == (11, 0)
    assert np.all(result.violation == 0.0)
    residual = certificate(rosenbrock, result, data)
    assert np.max(residual.stationarity) < 1e-8
    global_optimum = result.objective < 1.0  # the other stationary minimum lies near (-1, 1, .., 1), objective near 3.7
    assert global_optimum.mean() > 0.5
    np.testing.assert_allclose(result.x[global_optimum], 1.0, atol=1e-7)


def test_a_convex_quadratic_program_satisfies_the_optimality_conditions():
    rng = np.random.default_rng(2)
    count, n, m = 12, 5, 4
    root = rng.normal(size=(count, n, n))
    data = {
        "Q": root @ root.transpose(0, 2, 1) + np.eye(n),
        "q": 3.0 * rng.normal(size=(count, n)),
        "A": rng.normal(size=(count, m, n)),
        "b": rng.uniform(0.05, 0.5, size=(count, m)),
    }
    # The first instance is a projection on one half-space, with its solution and multiplier in closed form.
    a, target = data["A"][0, 0], -data["q"][0]
    data["Q"][0] = np.eye(n)
    data["A"][0, 1:] = 0.0
    data["q"][0] = target if a @ target < 0 else -target
    target = -data["q"][0]
    result = solve(quadratic_program, np.zeros((count, n)), data, TIGHT)
    assert np.all(result.status == Status.CONVERGED)
    assert np.all(result.violation <= 1e-9)
    residual = certificate(quadratic_program, result, data)
    assert np.max(residual.stationarity) < 1e-7
    assert np.max(residual.complementarity) < 1e-8
    assert np.max(residual.sign) == 0.0
    multiplier = (a @ target - data["b"][0, 0]) / (a @ a)
    assert multiplier > 0.1
    np.testing.assert_allclose(result.multipliers[0], [multiplier, 0.0, 0.0, 0.0], atol=1e-8)
    np.testing.assert_allclose(result.x[0], target - multiplier * a, atol=1e-8)


def test_a_certificate_sees_a_wrong_multiplier():
    data = {"Q": np.eye(2), "q": np.array([-2.0, 0.0]), "A": np.array([[1.0, 0.0]]), "b": np.array([1.0])}
    exact = kkt_residual(quadratic_program, jnp.array([1.0, 0.0]), data, jnp.array([1.0]))
    assert all(float(value) == 0.0 for value in exact)
    wrong = kkt_residual(quadratic_program, jnp.array([1.5, 0.0]), data, jnp.array([-1.0]))
    assert (float(wrong.stationarity), float(wrong.violation), float(wrong.sign)) == (1.5, 0.5, 1.0)
    assert float(wrong.complementarity) == 0.5


def test_a_nonconvex_problem_reaches_its_closed_form_and_restoration_its_constraint():
    start, data = shell_batch(20)
    result = solve(shell, start, data)
    smallest = np.linalg.eigvalsh(data["A"])[:, 0]
    assert np.all(result.status == Status.CONVERGED)
    assert np.all(result.violation <= 1e-9)
    np.testing.assert_allclose(result.objective, smallest, rtol=1e-5)
    np.testing.assert_allclose(result.multipliers[:, 0], smallest, rtol=1e-2)
    assert np.all(result.multipliers[:, 1] == 0.0)
    assert np.array_equal(np.isfinite(result.objective_history).sum(axis=1), result.rounds)
    last = result.violation_history[np.arange(20), result.rounds - 1]
    assert np.all(last <= EngineOptions().violation_tolerance)


def test_results_are_the_same_bits_in_any_company():
    start, data = shell_batch(200)
    everyone = solve(shell, start, data)
    for index in (np.arange(1), np.arange(150, 151), np.arange(64), np.random.default_rng(3).permutation(200)):
        some = solve(shell, start[index], rows(data, index))
        for name, leaf in vars(some).items():
            assert np.array_equal(leaf, getattr(everyone, name)[index], equal_nan=leaf.dtype.kind == "f"), name


def test_a_problem_is_compiled_once(backend):
    start, data = shell_batch(70)
    options = EngineOptions(stalled_rounds=5)  # not those of other tests
    before = compilations(shell, options)
    solve(shell, start, data, options)
    solve(functools.partial(shell), start[:3] + 1.0, rows(data, np.arange(3)), options)
    assert compilations(shell, options) - before <= (2 if backend == "jax" else 1)
    assert compilations(shell, options) > 0
    options = EngineOptions()
    assert programs_of(functools.partial(shell, power=4), options) is programs_of(
        functools.partial(shell, power=4), options
    )
    with pytest.raises(TypeError, match="pass arrays through data"):
        programs_of(functools.partial(shell, power=np.ones(2)), options)


@pytest.mark.slow
def test_a_spent_budget_is_named():
    start, data = shell_batch(20)
    result = solve(shell, start, data, EngineOptions(lanes=16, max_ticks=10))
    assert np.all(result.status == Status.MAX_STEPS)
    assert np.all(result.ticks == 10)


def test_statuses_are_honest_and_a_broken_lane_stays_alone():
    start, data = shell_batch(70)
    healthy = solve(shell, start, data)
    data["A"][3], data["outer"][5] = np.nan, 0.5
    start[7] = np.inf
    result = solve(shell, start, data)
    assert set(np.flatnonzero(result.status == Status.NONFINITE)) == {3, 7}
    assert result.status[5] == Status.MAX_STEPS
    assert result.violation[5] > 0.1
    assert result.ticks[5] < EngineOptions().max_ticks
    others = np.setdiff1d(np.arange(70), [3, 5, 7])
    assert np.array_equal(result.x[others], healthy.x[others])


def test_a_path_leads_from_the_wrong_valley_into_the_deeper_one():
    start, data = wells_batch(9)
    direct = solve(tilted_wells, start, data, TIGHT, Stage(WAY.steepness[1:], WAY.limit[1:]))
    assert np.all(direct.status == Status.CONVERGED)
    assert np.all(direct.x > 0.9)
    assert np.all(direct.stages == 0)
    result = solve(tilted_wells, start, data, TIGHT, WAY)
    assert np.all(result.status == Status.CONVERGED)
    assert np.all(result.stages == 1)
    np.testing.assert_allclose(result.x, -0.9, atol=1e-8)
    # Behind the wall the objective falls on with slope 4 s x (x^2 - 1) + tilt, which is the wall's multiplier.
    np.testing.assert_allclose(result.multipliers, [[0.984, 0.0]] * 9, atol=1e-6)
    np.testing.assert_allclose(result.objective, 0.19**2 - 0.27, atol=1e-8)


def test_stages_are_data_and_a_walk_does_not_see_its_neighbours():
    start, data = wells_batch(9)
    data["widening"][4] = -10.0  # a wall that nothing satisfies, at the first stage already
    everyone = solve(tilted_wells, start, data, TIGHT, WAY)
    assert everyone.status[4] == Status.MAX_STEPS
    assert everyone.stages[4] == 0
    before = compilations(tilted_wells, TIGHT)
    index = np.array([7, 4, 0])
    some = solve(tilted_wells, start[index], rows(data, index), TIGHT, WAY)
    for name, leaf in vars(some).items():
        assert np.array_equal(leaf, getattr(everyone, name)[index], equal_nan=leaf.dtype.kind == "f"), name
    solve(tilted_wells, start, data, TIGHT, Stage(np.array([0.1, 2.0]), np.array([1.5, 1.0])))
    assert compilations(tilted_wells, TIGHT) == before


def test_a_path_with_uneven_leaves_is_refused():
    start, data = wells_batch(2)
    with pytest.raises(ValueError, match=r"path\.limit has shape \(1,\), but the path has 2 stages"):
        solve(tilted_wells, start, data, TIGHT, WAY._replace(limit=WAY.limit[1:]))


def test_several_starts_give_the_best_feasible_one():
    start, data = shell_batch(6)
    starts = np.stack([start, start[::-1], np.full_like(start, np.nan)], axis=1)
    best = solve_multistart(shell, starts, data)
    singles = [solve(shell, starts[:, k].copy(), data) for k in range(3)]
    finite = np.stack([single.objective for single in singles[:2]])
    assert np.array_equal(best.objective, finite.min(axis=0))
    assert np.array_equal(best.ticks, sum(single.ticks for single in singles))
    assert np.all(best.status == Status.CONVERGED)


def test_the_best_start_is_feasible_before_it_is_good():
    objective = np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [3.0, 2.0, 1.0]])
    violation = np.array([[0.0, 1e-3, 0.0], [0.0, 0.0, np.nan], [0.3, 0.1, 0.2]])
    assert best_start(objective, violation, 1e-6).tolist() == [0, 0, 1]


def test_no_instances_give_an_empty_result():
    start, data = shell_batch(1)
    result = solve(shell, start[:0], rows(data, np.arange(0)))
    assert result.x.shape == (0, 6)
    assert result.multipliers.shape == (0, 2)


def test_wrong_input_is_refused_with_the_remedy():
    start, data = shell_batch(4)
    with pytest.raises(ValueError, match=r"x0 has shape \(6,\)"):
        solve(shell, start[0], data)
    with pytest.raises(TypeError, match="float64"):
        solve(shell, start.astype(np.float32), data)
    with pytest.raises(ValueError, match=r"data\['A'\]"):
        solve(shell, start, {**data, "A": data["A"][:3]})
    with pytest.raises(ValueError, match="block_ticks = 20"):
        dataclasses.replace(TIGHT, block_ticks=20)


def test_the_last_solution_is_where_the_next_search_begins():
    rng = np.random.default_rng(5)
    root = rng.normal(size=(6, 5, 5))
    data = {
        "Q": root @ root.transpose(0, 2, 1) + np.eye(5),
        "q": rng.normal(size=(6, 5)),
        "A": rng.normal(size=(6, 3, 5)),
        "b": np.full((6, 3), 0.1),
    }
    near = {**data, "q": 1.01 * data["q"]}
    last, starts = LastSolutions(), np.zeros((6, 1, 5))
    with last.used():
        first = solve_multistart(quadratic_program, starts, data, TIGHT)
    with last.used():
        again = solve_multistart(quadratic_program, starts, near, TIGHT)
    cold = solve_multistart(quadratic_program, starts, near, TIGHT)
    same = solve_multistart(quadratic_program, starts, data, TIGHT)
    np.testing.assert_array_equal(first.x, same.x)  # the first update has nothing to go on from
    assert again.ticks.sum() < 0.8 * cold.ticks.sum()
    np.testing.assert_allclose(again.x, cold.x, atol=1e-7)
    np.testing.assert_allclose(again.multipliers, cold.multipliers, atol=1e-5)


def test_who_follows_a_solution_looks_around_now_and_then():
    """The deeper of two wells turns; the follower stays in its own until all starts are tried again."""
    data = {"tilt": np.array([0.3]), "widening": np.ones(1)}
    turned = {"tilt": np.array([-0.3]), "widening": np.ones(1)}
    stage = Stage(np.array([1.0]), np.array([2.0]))
    starts, last, found = np.array([[[-1.1], [1.1]]]), LastSolutions(), []
    for update in range(1, REFRESH + 1):
        with last.used():
            end = solve_multistart(tilted_wells, starts, data if update == 1 else turned, TIGHT, stage)
        found.append(float(end.x[0, 0]))
    assert np.allclose(found[:-1], -1.0, atol=0.1)
    assert found[-1] == pytest.approx(1.0, abs=0.1)
