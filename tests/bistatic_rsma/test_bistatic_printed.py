"""Algorithm 1 as printed: its slack variables, its own test of w, its failures, and what it does not correct."""

import numpy as np
import pytest
from bistatic_cases import configured, draw, evaluate

from leoisac.experiment.trials.blocks import design_trials, parameters_of
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.optim.conic.hermitian import outer
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.model import MODES
from leoisac.systems.bistatic_rsma.problem.normalised import normalise
from leoisac.systems.bistatic_rsma.problem.starts import published_start
from leoisac.systems.bistatic_rsma.published import batch, printed
from leoisac.systems.bistatic_rsma.published.lifted import received_powers, target_gain
from leoisac.systems.bistatic_rsma.published.max_min import Algorithm1

pytest.importorskip("cvxpy")
FAILED = SolveReport(Status.FAILED, float("nan"), 1, 0, 0.0, "made to fail")


def instance_of(mode, trial=0, **changes):
    """Reduced instance of a trial and its published start, lifted."""
    config = configured(**changes)
    setting = (parameters_of(SYSTEM, config), MODES[mode])
    problem, points = take(by_lanes(batch._prepared_as_published)(setting, draw(config, trials=[trial])), 0)
    made = batch._trial(problem, MODES[mode], points)
    return made.instance, outer(made.starts[0])


@pytest.mark.parametrize("mode", ["rsma-noradar", "sdma-noradar"])
def test_it_ends_where_the_corrected_algorithm_does(mode):
    config = configured()
    drawn = draw(config, trials=2)
    plain = design_trials(SYSTEM, config, drawn, mode, route="published")
    corrected = design_trials(SYSTEM, config, drawn, mode, route="reference", starts=1)
    np.testing.assert_array_equal(plain.status, Status.CONVERGED)
    np.testing.assert_allclose(plain.objective, corrected.objective, atol=2e-3)
    # Nothing is scaled onto power budget and floor: what is missed is said.
    metrics = evaluate(config, drawn, plain.value)
    missed = np.maximum(0.0, -np.minimum.reduce([metrics[f"margin_{name}"] for name in ("crb", "power")]))
    np.testing.assert_allclose(plain.violation, missed, atol=1e-12)
    assert np.abs(metrics["margin_power"]).max() < 1e-5
    assert np.abs(metrics["margin_power"]).max() > 1e-15


def test_tangents_are_taken_at_the_slacks_and_rates_are_no_more_than_exact():
    instance, start = instance_of("rsma-radar-nosic")
    powers = received_powers(instance, start)
    slacks = printed.Slacks(powers.private, powers.disturbing)
    lifted, found, rate = printed._solve(instance, start, slacks, np.zeros_like(start))
    exact = received_powers(instance, lifted)
    # The rows above d and f are met: slacks lie over the exact logarithms, somewhere with room between.
    tangent = slacks.private + np.exp(exact.private - slacks.private) - 1.0
    assert np.all(found.private >= tangent - 1e-6)
    assert np.all(found.private >= exact.private - 1e-6)
    assert np.all(found.disturbing >= exact.disturbing - 1e-6)
    assert max(np.max(found.private - exact.private), np.max(found.disturbing - exact.disturbing)) > 1e-3
    assert rate <= exact.min_rate + 1e-6
    assert target_gain(instance, lifted) >= instance.floor - 1e-6
    # From any point the next subproblem can be solved: the last covariances and slacks meet its rows.
    again = printed._solve(instance, lifted, found, np.zeros_like(start))
    assert again[2] >= rate - 1e-5


def test_the_start_is_the_bare_published_one():
    config = configured()
    drawn = draw(config)
    instance, start = instance_of("sdma-radar-sic")

    def made(setting, channels):
        problem = normalise(setting[0], channels, setting[1])
        return published_start(problem, setting[1])

    point = by_lanes(made)((parameters_of(SYSTEM, config), MODES["sdma-radar-sic"]), drawn)[0]
    np.testing.assert_allclose(start, outer(point[:, instance.streams].T), atol=1e-12)


def test_the_loop_tests_the_required_shares_which_hold_the_step():
    """A measured share of 0.9 and more ends it after one round, although 0.999 is asked for."""
    instance, start = instance_of("sdma-comm")
    found = printed.printed_algorithm_1(instance, start)
    assert found.rounds == 1
    assert found.steps == (0.1,)
    np.testing.assert_array_equal(found.required, 1.0)
    assert found.status is Status.CONVERGED
    assert np.all(np.diff(found.history[1:]) > -1e-3)
    assert found.solves == len(found.history) - 1
    shares, _ = printed._principal(found.lifted)
    short = printed.printed_algorithm_1(instance, start, Algorithm1(least_ratio=1.0 + 1e-9, max_rounds=2))
    assert short.rounds == 2
    assert short.status is not Status.CONVERGED
    assert shares.min() > 0.9


def test_what_is_not_solvable_halves_the_step_and_counts_as_a_round(monkeypatch):
    instance, start = instance_of("sdma-comm")
    settings = Algorithm1(least_ratio=2.0, max_rounds=4)
    plain = printed.printed_algorithm_1(instance, start, Algorithm1(least_ratio=2.0, max_rounds=1))
    monkeypatch.setattr(printed, "solve_with_retries", lambda problem: FAILED)
    found = printed.printed_algorithm_1(instance, start, settings)
    assert found.status is Status.FAILED
    assert found.steps == (0.05, 0.025, 0.0125, 0.00625)
    assert (found.solves, found.rounds) == (4, 4)
    np.testing.assert_array_equal(found.lifted, start)
    # One that fails after rounds that were solved: the covariances before it stand.
    calls = []

    def fails_later(problem):
        calls.append(problem)
        return solve_with_retries(problem) if len(calls) <= plain.solves else FAILED

    monkeypatch.setattr(printed, "solve_with_retries", fails_later)
    found = printed.printed_algorithm_1(instance, start, Algorithm1(least_ratio=2.0, max_rounds=3))
    assert found.status is Status.INACCURATE
    assert found.steps == (0.1, 0.05, 0.025)
    np.testing.assert_array_equal(found.lifted, plain.lifted)
    config = configured()
    monkeypatch.setattr(printed, "solve_with_retries", lambda problem: FAILED)
    nothing = design_trials(SYSTEM, config, draw(config), "sdma-comm", route="published")
    assert nothing.status[0] == Status.FAILED
    assert np.isnan(nothing.value.precoder).any()


def test_a_floor_above_the_largest_gain_is_proven_infeasible():
    config = configured(rcs_model="cos-half-beta")
    found = design_trials(SYSTEM, config, draw(config), "rsma-noradar", route="published")
    assert found.status[0] == Status.INFEASIBLE
