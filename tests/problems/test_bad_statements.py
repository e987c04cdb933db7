"""What cannot be solved as stated is refused in words, before any work starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import leoisac as li
from leoisac.problems import (
    Beams,
    Covariance,
    Phases,
    Power,
    Real,
    Split,
    at_least,
    at_most,
    maximise,
    maximise_least,
    minimise,
)
from leoisac.problems.trial_data import arrange
from tests.problems.instances import gaussian

H = gaussian(np.random.default_rng(0), 3, 2, 4)
"""Three trials, two users, four antennas."""
DATA = {"h": H, "power": 1.0}
KINDS = {"w": Beams(antennas=4, streams=2)}
POWER = "power"


def _sum_rate(v: Any, d: Any) -> Any:
    return jnp.sum(li.terms.rate(li.terms.sinr(d.h, v.w, noise=1.0)))


def _budget(v: Any, d: Any) -> Any:
    return {POWER: at_most(li.terms.power(v.w), d.power)}


def _no_goal(v: Any, d: Any) -> Any:
    return _sum_rate(v, d)


def _branches(v: Any, d: Any) -> Any:
    return maximise(_sum_rate(v, d) if li.terms.power(v.w) > 1.0 else 0.0, subject_to=_budget(v, d))


def _numpy(v: Any, d: Any) -> Any:
    return maximise(np.log(_sum_rate(v, d)), subject_to=_budget(v, d))


BAD: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "complex objective": (lambda v, d: maximise(jnp.sum(v.w)), r"objective of maximise is complex: take jnp\.real"),
    "array objective": (
        lambda v, d: maximise(li.terms.sinr(d.h, v.w, noise=1.0)),
        r"has shape \(2,\); it must be one number per trial.*jnp\.sum, or write maximise_least",
    ),
    "comparison": (
        lambda v, d: maximise(_sum_rate(v, d), subject_to={POWER: li.terms.power(v.w) <= d.power}),
        r"Constraint 'power' is an array of true and false.*at_least\(a, b\) in place of a >= b",
    ),
    "python bool": (
        lambda v, d: maximise(_sum_rate(v, d), subject_to={POWER: True}),  # type: ignore[dict-item]
        r"Constraint 'power' is True or False.*at_least",
    ),
    "list of constraints": (
        lambda v, d: maximise(_sum_rate(v, d), subject_to=[at_most(li.terms.power(v.w), 1.0)]),  # type: ignore[arg-type]
        r"subject_to is a list; it must be a mapping",
    ),
    "shapes of a constraint": (
        lambda v, d: maximise(_sum_rate(v, d), subject_to={POWER: at_most(jnp.ones(2), jnp.ones(3))}),
        r"at_most compares shapes \(2,\) and \(3,\)",
    ),
    "no goal": (_no_goal, r"_no_goal returns a .*must return maximise"),
    "misspelt variable": (lambda v, d: maximise(_sum_rate(v, d) + v.x), r"asks for the variable 'x'; there are w"),
    "misspelt data": (lambda v, d: maximise(jnp.sum(d.H)), r"asks for the data 'H'; there are h, power"),
    "transposed": (
        lambda v, d: maximise(jnp.sum(jnp.real(d.h.T @ v.w))),
        r"cannot be read .*v\.w \(4, 2\).*d\.h \(2, 4\)",
    ),
    "branch on a value": (_branches, r"asks whether a value is true.*jnp\.where"),
    "a NumPy function": (_numpy, r"Python number or NumPy array.*Use jax\.numpy"),
    "constant objective": (
        lambda v, d: maximise(d.power, subject_to=_budget(v, d)),
        r"The objective of .* depends on no variable",
    ),
    "constant constraint": (
        lambda v, d: maximise(_sum_rate(v, d), subject_to={**_budget(v, d), "c": at_least(d.power, 0.5)}),
        r"Constraint 'c' of .* depends on no variable",
    ),
    "empty array": (lambda v, d: maximise_least(jnp.zeros(0)), r"array of maximise_least is empty"),
    "where by a variable": (
        lambda v, d: maximise(
            _sum_rate(v, d), subject_to={POWER: at_most(li.terms.power(v.w), 1.0, where=jnp.real(v.w[0, 0]) > 0.0)}
        ),
        r"Constraint 'power' of .* has a where that depends on the variable w; where comes from data alone",
    ),
    "a loop of unknown length": (
        lambda v, d: maximise(
            jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, 0.5 * c[1]), (0, _sum_rate(v, d)))[1],
            subject_to=_budget(v, d),
        ),
        r"Reverse-mode differentiation.*derivatives: write a loop of known length",
    ),
    "a call out of JAX": (
        lambda v, d: maximise(
            jax.pure_callback(np.asarray, jax.ShapeDtypeStruct((), float), _sum_rate(v, d)), subject_to=_budget(v, d)
        ),
        r"needs derivatives: .*in place of a callback",
    ),
    "NaN at every start": (
        lambda v, d: maximise(jnp.log(-li.terms.power(v.w)), subject_to=_budget(v, d)),
        r"no finite number at any start of any trial; in trial 0: objective nan.*logarithms",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_statement_is_refused_in_words(case: str) -> None:
    statement, words = BAD[case]
    with pytest.raises(li.ProblemError, match=words) as refused:
        li.solve(li.Problem(statement, KINDS), DATA, starts=1)
    assert "Traceback" not in str(refused.value)


def test_an_unused_variable_is_named() -> None:
    problem = li.Problem(
        lambda v, d: maximise(_sum_rate(v, d), subject_to=_budget(v, d)), {**KINDS, "spare": Phases(3)}, name="mine"
    )
    with pytest.raises(li.ProblemError, match=r"of mine depend on the variable spare: use it"):
        li.solve(problem, DATA)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"w": Beams}, r"Variable 'w' is the class Beams: call it"),
        ({"w": np.ones(3)}, r"Variable 'w' is a ndarray; kinds"),
        ({"lambda": Real()}, r"called 'lambda'; it is read as v\.lambda"),
        ({}, r"variables must be a mapping"),
    ],
)
def test_a_variable_must_be_of_a_kind(variables: Any, words: str) -> None:
    with pytest.raises(li.ProblemError, match=words):
        li.Problem(_no_goal, variables)


def test_an_array_of_no_numbers_says_what_it_holds() -> None:
    with pytest.raises(li.ProblemError, match=r"is an array of NoneType; data are numbers"):
        arrange(li.Problem(_no_goal, {"x": Real()}), {"h": np.array([None, 1.0])}, None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Beams(antennas=8.5, streams=2), r"axis of length 8\.5; lengths are whole"),  # type: ignore[arg-type]
        (lambda: Covariance(antennas=4, rank=5), r"rank = 5; .* from 1 to 4"),
        (lambda: Real(2, lower=1.0, upper=0.0), r"Real has lower = 1\.0 and upper = 0\.0"),
        (lambda: Power(2, upper=-1), "Power has upper = -1: a power is at least 0, and its limit must be above"),
        (lambda: Power(2, upper=np.inf), "Power has upper = inf; it must be a finite number"),
        (lambda: Real(lower=np.ones(2)), r"must be a finite number or None.*at_least\(v\.x, d\.floor\)"),  # type: ignore[arg-type]
        (lambda: Split(3, axes=("a", "b")), r"has 1 axes, and 2 names"),
    ],
)
def test_a_kind_checks_its_own_arguments(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(li.ProblemError, match=words):
        make()


GOOD = li.Problem(lambda v, d: maximise(_sum_rate(v, d), subject_to=_budget(v, d)), KINDS, name="good")


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ({"h": H, "power": None}, {}, r"d\.power is None"),
        ({"h": H, "power": "much"}, {}, r"d\.power is a str"),
        ({"h": H[..., :3], "power": 1.0}, {}, r"h .*antenna"),
        (DATA, {"starts": -1}, r"starts = -1"),
        (DATA, {"starts": 0}, r"no start"),
        (DATA, {"certificate": "yes"}, r"certificate = 'yes'"),
        (DATA, {"backend": "gpu"}, r"backend = 'gpu'"),
        (DATA, {"start": {"x": H}}, r"start has 'x'; the variables are w"),
        (
            DATA,
            {"start": {"w": np.ones((3, 2, 4))}},
            r"start\['w'\] has shape \(3, 2, 4\); it must be \(trial, \*\(4, 2\)\)",
        ),
        (DATA, {"start": {"w": np.full((3, 4, 2), np.nan)}}, r"start\['w'\] has NaN"),
        (DATA, {"trials": 4}, r"4 trials"),
        (DATA, {"trials": 0}, r"trials = 0; at least one"),
        ({**DATA, "h": H[:0]}, {}, r"d\.h has shape \(0, 2, 4\): there are no trials to solve"),
    ],
)
def test_data_and_options_are_refused_in_words(data: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(li.ProblemError, match=words):
        li.solve(GOOD, data, **options)


def test_declared_axes_settle_which_arrays_are_per_trial() -> None:
    def statement(v: Any, d: Any) -> Any:
        return minimise(li.terms.power(v.w), subject_to={"q": at_least(li.terms.sinr(d.h, v.w, noise=d.noise), 1.0)})

    square = gaussian(np.random.default_rng(0), 2, 2, 4)
    data = {"h": square, "noise": np.array([1.0, 4.0])}
    with pytest.warns(UserWarning, match=r"d\.noise has shape \(2,\): there are 2 trials, and it is taken for"):
        guessed = arrange(li.Problem(statement, KINDS), data, None)
    assert guessed.of(1)["noise"] == 4.0
    declared = li.Problem(statement, KINDS, data={"h": ("user", "tx"), "noise": ("user",)})
    for trials in (arrange(declared, data, None), arrange(declared, data, 2)):
        np.testing.assert_array_equal(trials.of(1)["noise"], [1.0, 4.0])
    alone = arrange(li.Problem(statement, KINDS), {"h": square[0], "noise": 1.0}, None)
    assert (alone.trials, alone.arrays["h"].shape) == (1, (1, 2, 4))
    with pytest.raises(li.ProblemError, match=r"declares the data \['h', 'noise'\]; given are \['h'\]"):
        li.solve(declared, {"h": square})


def test_no_trials_of_declared_axes_and_a_complex_start_of_what_is_real() -> None:
    declared = li.Problem(GOOD.statement, KINDS, data={"h": ("user", "tx"), "power": ()})
    with pytest.raises(li.ProblemError, match=r"d\.h has shape \(0, 2, 4\): there are no trials"):
        li.solve(declared, {"h": H[:0], "power": 1.0})
    real = li.Problem(lambda v, d: minimise(jnp.sum((v.x - d.z) ** 2)), {"x": Real(2)}, data={"z": ()})
    with pytest.raises(li.ProblemError, match=r"start\['x'\] is complex; x is a Real, whose values are real"):
        li.solve(real, {"z": 1.0}, start={"x": np.full((1, 2), 1.0 + 1.0j)})


@pytest.mark.parametrize("name", ["noise", "noise_dbm"])
def test_noise_in_decibels_is_told_from_a_power(name: str, recwarn: pytest.WarningsRecorder) -> None:
    def statement(v: Any, d: Any) -> Any:
        return maximise(jnp.sum(li.terms.sinr(d.h, v.w, noise=d[name])), {"p": at_most(li.terms.power(v.w), 1.0)})

    arrange(li.Problem(statement, KINDS), {"h": H, name: -100.0}, None)
    said = [str(warning.message) for warning in recwarn]
    assert [text.startswith("d.noise has negative numbers (-100)") for text in said] == [True] * (name == "noise")
