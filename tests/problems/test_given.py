"""Statements in numbers of order one: solved as written, with starts, settings and paths of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

import leoisac as li
from leoisac.foundation.status import Status
from leoisac.optim.options import EngineOptions
from leoisac.problems import Complex, Problem, ProblemError, Real, at_least, at_most, equals, maximise_least, minimise
from leoisac.problems.formulation import stated
from leoisac.problems.given import Family, as_written, search, standard_order, starting_points, unit_scaling
from leoisac.problems.trial_data import arrange

GAINS = np.array([[1.0, 2.0], [3.0, 0.5], [2.0, 2.0]])
"""Of two channels that do not disturb each other; three trials."""


def fair(v: Any, d: Any) -> Any:
    """Equal powers received: the least is ``budget / sum(1 / gain)``, and grows by so much per unit of the budget."""
    powers = v.a**2
    return maximise_least(
        d.gain * powers,
        {
            "budget": at_most(jnp.sum(powers), d.budget),
            "first": at_least(powers[0], 0.9 * d.budget, where=d.wants_first),
        },
    )


def _fair_starts(d: Any) -> dict[str, Any]:
    return {"a": jnp.sqrt(d.budget) * np.array([[0.5, 0.6], [0.1, 0.9]])}


class _Fair(NamedTuple):
    gain: Any
    budget: Any
    wants_first: Any


FAIR = Problem(fair, {"a": Real(2)}, scaling="given", starts=_fair_starts)
FAIR_DATA = {"gain": GAINS, "budget": np.array([1.0, 2.0, 1.0]), "wants_first": np.array([0.0, 0.0, 1.0])}


class TestSolve:
    def test_the_least_of_several_its_multipliers_and_what_does_not_apply(self) -> None:
        solution = li.solve(FAIR, FAIR_DATA)
        least = FAIR_DATA["budget"] / np.sum(1.0 / GAINS, axis=1)
        least[2] = 0.1 * 2.0  # where the first has its 90 %
        assert (solution.status == Status.CONVERGED).all()
        np.testing.assert_allclose(solution.objective, least, rtol=1e-6)
        np.testing.assert_allclose(solution.multipliers["budget"][:2], least[:2] / FAIR_DATA["budget"][:2], rtol=1e-5)
        # Both constraints of the last trial: t = 2 (budget - floor).
        np.testing.assert_allclose(solution.multipliers["budget"][2], 2.0, rtol=1e-5)
        np.testing.assert_allclose(solution.multipliers["first"], [0.0, 0.0, -2.0], atol=1e-5)

    def test_scales_from_gradients_agree_also_on_what_does_not_apply(self) -> None:
        by_gradients = li.solve(Problem(fair, {"a": Real(2)}), FAIR_DATA, starts=2)
        np.testing.assert_allclose(by_gradients.objective, li.solve(FAIR, FAIR_DATA).objective, rtol=1e-6)
        np.testing.assert_allclose(by_gradients.multipliers["first"], [0.0, 0.0, -2.0], atol=1e-5)

    def test_an_equation_and_an_inequality(self) -> None:
        h = np.array([[1.0 + 1.0j, 2.0], [0.5, 1.0j]])

        def shortest(v: Any, d: Any) -> Any:
            along = jnp.conj(d.h) @ v.w
            return minimise(
                jnp.sum(jnp.real(v.w) ** 2 + jnp.imag(v.w) ** 2),
                {"slack": at_least(5.0, jnp.real(along)), "along": equals(jnp.real(along), d.value)},
            )

        problem = Problem(shortest, {"w": Complex(2)}, scaling="given")
        solution = li.solve(problem, {"h": h, "value": 1.5}, start={"w": h}, starts=2)
        square = np.sum(np.abs(h) ** 2, axis=1)
        np.testing.assert_allclose(solution.objective, 1.5**2 / square, rtol=1e-6)
        np.testing.assert_allclose(solution.multipliers["along"], 3.0 / square, rtol=1e-5)
        np.testing.assert_allclose(solution.multipliers["slack"], 0.0, atol=1e-9)

    def test_what_counts_beside_the_least(self) -> None:
        """``t + c a_0`` on the unit circle with equal gains: the least of both is that of the second."""

        def statement(v: Any, d: Any) -> Any:
            return maximise_least(v.a, {"ball": at_most(jnp.sum(v.a**2), 1.0)}, beside=d.weight * v.a[0])

        given = Problem(statement, {"a": Real(2)}, scaling="given", starts=lambda d: {"a": np.array([[0.3, 0.2]])})
        weight = np.array([0.5, 3.0])
        best = np.sqrt(1.0 + weight**2)  # the length of (weight, 1), where it points into the first's half
        best[0] = (1.0 + weight[0]) / np.sqrt(2.0)  # there both are equal
        for problem in (given, Problem(statement, {"a": Real(2)})):
            np.testing.assert_allclose(li.solve(problem, {"weight": weight}, starts=1).objective, best, rtol=1e-6)

    def test_own_starts_come_after_those_of_the_call_and_take_the_librarys_place(self) -> None:
        data = {"gain": GAINS, "budget": 1.0, "wants_first": 0.0}
        one, two = li.solve(FAIR, data, starts=1), li.solve(FAIR, data)
        more = li.solve(FAIR, data, start={"a": np.full((3, 2), 0.5)})
        assert [solution.agreeing_starts.tolist() for solution in (one, two, more)] == [[1] * 3, [2] * 3, [3] * 3]


def test_rows_are_the_statements_own_in_scales_of_one() -> None:
    """Two ways to the same numbers: as written, and by forms and factors that change nothing."""

    def mixed(v: Any, d: Any) -> Any:
        return maximise_least(
            v.a[:2] * d.gain,
            {"floor": at_least(v.a**3, 0.1), "equation": equals(v.a[0] * v.a[1], 0.2), "cap": at_most(v.a[2], 1.0)},
        )

    problem = Problem(mixed, {"a": Real(3, upper=2.0)}, scaling="given")
    data = arrange(problem, {"gain": GAINS}, None)
    scaling = unit_scaling(data.layout, 3, 1)
    y = np.random.default_rng(0).uniform(0.5, 1.5, 4)
    one = data.of(0)
    objective, rows = as_written(problem, y, one)
    instance = {"trial": one, "scaling": type(scaling)(*(leaf[0] for leaf in scaling))}
    wanted, forms = stated(problem, data.layout, y, instance)
    np.testing.assert_array_equal(objective, wanted)
    np.testing.assert_array_equal(standard_order(data.layout, np.asarray(rows)[None])[0], forms)


def _hollow(v: Any, d: Any) -> Any:
    """``x^3 - 12 x >= 20``: from the left one ends at the hill of 16 at -2."""
    return minimise(0.1 * (v.x[0] - 3.5) ** 2, {"hill": at_least((v.x[0] ** 3 - 12.0 * v.x[0]) / 20.0, d.level)})


class TestSearch:
    def test_further_starts_for_those_who_miss_a_row_only(self) -> None:
        def starts(d: Any) -> dict[str, Any]:
            return {"x": jnp.where(np.array([[True], [False]]), d.first, 6.0)}

        options = EngineOptions(penalty=20.0)
        problem = Problem(_hollow, {"x": Real(1)}, scaling="given", starts=starts, engine=options)
        data = {"level": np.array([1.0, 1.0]), "first": np.array([-2.0, 5.0])}
        points = np.stack([starting_points(problem, {k: v[i] for k, v in data.items()}) for i in range(2)])
        alone, helped = (search(problem, data, points, 1, retries=retries) for retries in (0, 1))
        root = np.max(np.real(np.roots([1.0, 0.0, -12.0, -20.0])))
        assert alone.met(1e-6).tolist() == [False, True]
        np.testing.assert_allclose(helped.objective, 0.1 * (root - 3.5) ** 2, rtol=1e-6)
        assert helped.x[1] == alone.x[1]
        second = search(problem, {k: v[:1] for k, v in data.items()}, points[:1], 1, retries=1)
        np.testing.assert_array_equal(second.x, helped.x[:1])

    def test_a_path_ends_at_the_problem_wanted(self) -> None:
        def statement(v: Any, d: Any, stage: Any) -> Any:
            return minimise(jnp.sum((v.x - d.centre) ** 2), {"floor": at_least(v.x, stage["floor"])})

        path = {"floor": np.array([0.0, 1.0, 3.0])}
        options = EngineOptions(value_tolerance=1e-9)
        problem = Problem(statement, {"x": Real(2)}, scaling="given", path=path, engine=options)
        data = {"centre": np.array([[1.0, 5.0], [4.0, 2.0]])}
        found = search(problem, data, np.zeros((2, 1, 2)))
        np.testing.assert_allclose(found.objective, [4.0, 1.0], rtol=1e-6)
        solution = li.solve(problem, data, start={"x": np.zeros((2, 2))}, starts=0)
        np.testing.assert_allclose(solution.value["x"], [[3.0, 5.0], [4.0, 3.0]], rtol=1e-6)
        np.testing.assert_allclose(solution.margin["floor"], [[0.0, 2 / 3], [1 / 3, 0.0]], atol=1e-6)

    def test_one_statement_of_all_sizes_and_trials_that_are_left_out(self) -> None:
        family = Family(fair, lambda d: {"a": Real(np.shape(d.gain)[-1])}, engine=EngineOptions(penalty=2.0))
        for users in (2, 3):
            gain = np.random.default_rng(users).uniform(0.5, 2.0, (4, users))
            data = _Fair(gain, np.ones(4), np.zeros(4))
            starts = {"a": np.full((1, users), 0.4)}
            points = np.stack([starting_points(family, _Fair(*(v[i] for v in data)), starts) for i in range(4)])
            found = search(family, data, points, rows=np.array([0, 2, 3]))
            least = 1.0 / np.sum(1.0 / gain, axis=1)
            np.testing.assert_allclose(found.objective[[0, 2, 3]], least[[0, 2, 3]], rtol=1e-6)
            assert found.status.tolist() == [Status.CONVERGED, Status.INFEASIBLE, *[Status.CONVERGED] * 2]
            np.testing.assert_array_equal(found.x[1], points[1, 0])
            assert family.of(data) is family.of(_Fair(*(v[0] for v in data)))
        nobody = search(family, data, points, rows=np.array([], int))
        assert (nobody.status == Status.INFEASIBLE).all()
        assert family.compilations() > 0

    def test_least_elements_of_starts_are_computed_or_taken(self) -> None:
        trial = {name: values[0] for name, values in FAIR_DATA.items()}
        points = np.asarray(starting_points(FAIR, trial))
        np.testing.assert_allclose(points[:, 2], np.min(GAINS[0] * points[:, :2] ** 2, axis=1))
        told = Problem(fair, {"a": Real(2)}, scaling="given", starts=lambda d: {**_fair_starts(d), "least": np.ones(2)})
        assert np.asarray(starting_points(told, trial))[:, 2].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: _problem(scaling="unit"),
            'scaling = \'unit\'; it must be "gradients" or "given"',
        ),
        (lambda: _problem(starts={"a": GAINS}), "starts is a dict; it must be a function"),
        (lambda: _problem(engine={"penalty": 1.0}), "engine is a dict; it must be"),
        (lambda: _problem(path=GAINS), 'A path needs scaling="given"'),
        (lambda: search(_problem(), FAIR_DATA, np.zeros((3, 1, 3))), "is in units of its own: use li.solve"),
        (lambda: li.solve(_with_starts(lambda d: {"b": GAINS}), FAIR_DATA), "are b; they must be a mapping"),
        (lambda: li.solve(_with_starts(lambda d: GAINS), FAIR_DATA), "are a ndarray; they must be a mapping"),
        (lambda: li.solve(_with_starts(lambda d: {"a": GAINS[0]}), FAIR_DATA), r"shape \(2,\) for 'a'; it must be"),
        (lambda: at_least(GAINS, 1.0, where=np.ones(3)), r"where has shape \(3,\), which does not broadcast"),
        (lambda: maximise_least(GAINS, beside=GAINS[0]), r"has shape \(2,\); it must be one number per trial"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        make()


def _problem(**options: Any) -> Problem:
    return Problem(fair, {"a": Real(2)}, **options)


def _with_starts(starts: Any) -> Problem:
    return _problem(scaling="given", starts=starts)
