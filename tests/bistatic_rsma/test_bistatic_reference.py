"""Algorithm 1 corrected: reference values, the exact reduction, rank control, failures."""

from dataclasses import replace

import numpy as np
import pytest
from bistatic_cases import CASE_A, CASE_B, configured, draw, evaluate

from leoisac.experiment.trials.blocks import design_trials, parameters_of
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.optim.conic.hermitian import outer, quadratic_form
from leoisac.optim.conic.solving import SolveReport, solve_with_retries
from leoisac.systems.bistatic_rsma import SYSTEM
from leoisac.systems.bistatic_rsma.model import MODES
from leoisac.systems.bistatic_rsma.published import max_min as reference
from leoisac.systems.bistatic_rsma.published.batch import prepared
from leoisac.systems.bistatic_rsma.published.lifted import (
    Instance,
    received_powers,
    solution,
    subproblem,
    target_gain,
    values,
)
from leoisac.systems.bistatic_rsma.published.max_min import Algorithm1, algorithm_1

pytest.importorskip("cvxpy")


def instance_of(mode, trial=0, **changes):
    """Reduced instance of a trial, its first start lifted, and the same in all antennas."""
    config = configured(**changes)
    drawn = draw(config, trials=[trial])
    parameters = parameters_of(SYSTEM, config)
    problem, points = take(by_lanes(prepared)((parameters, MODES[mode]), drawn), 0)
    flags = [bool(flag) for flag in (MODES[mode].common, MODES[mode].radar, problem.radar_interference)]
    reduced = Instance(problem.users, problem.target, float(problem.floor), *flags)
    scale = np.sqrt(parameters.transmit_power / drawn.user_noise_ratio[0])
    antennas = len(drawn.target_steering[0])
    full = Instance(
        scale[:, None] * drawn.user_steering[0],
        drawn.target_steering[0] / np.sqrt(antennas),
        float(problem.floor),
        *flags,
    )
    columns = points[0][:, reduced.streams].T
    return reduced, outer(columns), full, outer(columns @ problem.basis.T), problem.basis


@pytest.mark.parametrize(
    ("case", "mode", "power", "rate"),
    [
        (CASE_A, "rsma-noradar", 20.0, 5.3158),
        (CASE_A, "sdma-noradar", 25.0, 4.8507),
        (CASE_A, "rsma-comm", 30.0, 9.8776),
        (CASE_B, "sdma-radar-sic", 20.0, 3.5797),
        (CASE_B, "sdma-comm", 25.0, 6.7235),
    ],
)
def test_reference_rates(case, mode, power, rate):
    config = configured(user_positions_km=case, transmit_power_dbw=power)
    drawn = draw(config)
    found = design_trials(SYSTEM, config, drawn, mode, route="reference", starts=1)
    assert found.objective[0] == pytest.approx(rate, abs=5e-4)
    assert found.status[0] == Status.CONVERGED
    assert found.violation[0] <= 1e-9
    history = found.history[0]
    assert np.all(np.diff(history[1:]) > -1e-3), "the approximation never goes down"
    assert history[~np.isnan(history)][-1] == pytest.approx(rate, abs=1e-3)
    assert found.iterations[0] == np.sum(~np.isnan(history)) - 1
    assert evaluate(config, drawn, found.value)["min_rate"][0] == found.objective[0]


def test_rate_splitting_never_needs_the_radar_sequence():
    config = configured(num_users=2)
    drawn = draw(config, trials=[3])
    rate = {m: design_trials(SYSTEM, config, drawn, m, route="reference", starts=1).objective[0] for m in MODES}
    for mode in ("rsma-radar-sic", "rsma-radar-nosic"):
        assert rate[mode] == pytest.approx(rate["rsma-noradar"], abs=5e-4)
    assert rate["sdma-radar-nosic"] == pytest.approx(rate["sdma-noradar"], abs=2e-3)
    assert rate["sdma-noradar"] < rate["sdma-radar-sic"] < rate["rsma-noradar"] < rate["rsma-comm"]
    assert rate["sdma-radar-sic"] < rate["sdma-comm"] < rate["rsma-comm"]


@pytest.mark.parametrize("mode", ["rsma-radar-nosic", "sdma-radar-sic"])
def test_the_reduction_to_the_span_is_exact(mode):
    """The same subproblem in all nine antennas: equal optimum, and nothing outside the span."""
    small = {"num_users": 2, "satellite_array": (3, 3), "crb_threshold_rad2": 2e-5}
    reduced, start, full, full_start, basis = instance_of(mode, trial=1, **small)
    found = []
    for instance, point in ((reduced, start), (full, full_start)):
        problem = subproblem(*instance.sizes)
        powers = received_powers(instance, point)
        problem.assign(values(instance, powers, np.zeros_like(point)))
        assert solve_with_retries(problem).status is Status.CONVERGED
        found.append((powers, problem.problem.value, solution(instance, problem)))
    (powers, optimum, lifted), (full_powers, full_optimum, full_lifted) = found
    np.testing.assert_allclose(full_powers.total, powers.total, rtol=1e-9)
    assert full_optimum == pytest.approx(optimum, abs=1e-5)
    outside = np.eye(9) - basis @ basis.conj().T
    assert np.einsum("ij,sjk,ki->", outside, full_lifted, outside).real < 1e-4
    assert received_powers(full, full_lifted).min_rate == pytest.approx(
        received_powers(reduced, lifted).min_rate, abs=1e-3
    )
    assert target_gain(reduced, lifted) >= reduced.floor - 1e-6
    assert np.einsum("sii->", lifted).real == pytest.approx(1.0, abs=1e-5)


def test_tangents_touch_and_stay_below():
    """At the point of the tangents the subproblem's rates are exact; its solution does at least as well as it says."""
    instance, start, *_ = instance_of("rsma-radar-nosic")
    powers = received_powers(instance, start)
    g, users = instance.users, len(instance.users)
    received = np.array([quadratic_form(g, P) for P in start]).T
    assert np.exp(powers.total) == pytest.approx(received.sum(axis=1) + 1.0)
    assert np.exp(powers.private) == pytest.approx(received.sum(axis=1) - received[:, users] + 1.0)
    assert np.exp(powers.private) - np.exp(powers.disturbing) == pytest.approx(np.diagonal(received))
    problem = subproblem(*instance.sizes)
    problem.assign(values(instance, powers, np.zeros_like(start)))
    assert solve_with_retries(problem).has_point
    lifted = solution(instance, problem)
    assert received_powers(instance, lifted).min_rate >= problem.problem.value / np.log(2.0) - 1e-5


def test_rank_control_raises_the_share_of_the_given_direction():
    instance, start, *_ = instance_of("sdma-radar-sic")
    rng = np.random.default_rng(0)
    shape = start.shape[:2]
    direction = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    share = np.array([0.9, 0.0, 0.0, 0.5, 0.0])[:, None, None]
    rank = (outer(direction) - share * np.eye(shape[1])) * (share > 0.0)
    found = reference._relax(instance, start, rank, reference.LoopOptions(1e-4, 3))
    assert found.status is not Status.FAILED
    power = np.einsum("sii->s", found.state).real
    along = np.array([quadratic_form(v, P) for v, P in zip(direction, found.state)])
    assert np.all(along >= share[:, 0, 0] * power - 1e-5)
    free = reference._relax(instance, start, np.zeros_like(rank), reference.LoopOptions(1e-4, 3))
    assert free.measure > found.measure


def test_a_round_that_fails_halves_its_step_until_the_algorithm_gives_up(monkeypatch):
    instance, start, *_ = instance_of("sdma-comm")
    plain = algorithm_1(instance, start)
    assert plain.status is Status.CONVERGED
    assert np.all(plain.ratios >= 0.999)
    failed = SolveReport(Status.FAILED, float("nan"), 1, 0, 0.0, "made to fail")
    seen = []

    def fails_later(problem):
        seen.append(problem.parameters["rank_rows"].value.copy())
        return solve_with_retries(problem) if len(seen) <= plain.iterations else failed

    monkeypatch.setattr(reference, "solve_with_retries", fails_later)
    settings = Algorithm1(least_ratio=1.1)
    found = algorithm_1(instance, start, settings)
    assert found.status is Status.INACCURATE
    np.testing.assert_array_equal(found.lifted, plain.lifted)
    halvings = int(np.ceil(np.log2(settings.step / settings.least_step)))
    assert found.iterations == plain.iterations + halvings
    assert not np.any(seen[plain.iterations - 1])
    assert np.all(np.any(seen[plain.iterations], axis=0))

    monkeypatch.setattr(reference, "solve_with_retries", lambda problem: failed)
    assert algorithm_1(instance, start).status is Status.FAILED
    config = configured()
    nothing = design_trials(SYSTEM, config, draw(config, trials=2), "sdma-comm", route="reference")
    np.testing.assert_array_equal(nothing.status, Status.FAILED)
    assert np.all(np.isnan(nothing.value.precoder).any(axis=(1, 2)))


def test_more_rounds_reach_a_ratio_that_the_first_one_misses():
    """Rank control with a threshold above what the first round gives: it ends at rank one, at no lower rate."""
    instance, start, *_ = instance_of("sdma-comm")
    plain = algorithm_1(instance, start)
    found = algorithm_1(instance, start, Algorithm1(least_ratio=1.0 - 1e-10, max_rounds=3))
    assert found.rounds > 1
    assert received_powers(instance, found.lifted).min_rate >= received_powers(instance, plain.lifted).min_rate - 1e-3


def test_infeasible_missing_and_bad_arguments():
    printed = configured(rcs_model="cos-half-beta")
    drawn = draw(printed, trials=2)
    found = design_trials(SYSTEM, printed, drawn, "rsma-noradar", route="reference", starts=1)
    np.testing.assert_array_equal(found.status, Status.INFEASIBLE)
    np.testing.assert_allclose(found.violation, 1.0 - 6400.0 / drawn.gain_floor, rtol=1e-9)
    config = configured()
    noise = draw(config).user_noise_ratio.copy()
    noise[0, 1] = np.nan
    channels = replace(draw(config), user_noise_ratio=noise)
    assert design_trials(SYSTEM, config, channels, "sdma-comm", route="reference").status[0] == Status.NONFINITE
    with pytest.raises(ValueError, match="starts = 0"):
        design_trials(SYSTEM, config, draw(config), "sdma-comm", route="reference", starts=0)


def test_problems_are_compiled_once_per_mode_and_size():
    config = configured(transmit_power_dbw=26.0)
    design_trials(SYSTEM, config, draw(config), "sdma-comm", route="reference")
    before = subproblem.builds()
    louder = configured(transmit_power_dbw=28.0)
    for mode in ("sdma-comm", "sdma-noradar"):
        design_trials(SYSTEM, louder, draw(louder, seed=2), mode, route="reference", starts=1)
    assert subproblem.builds() == before
