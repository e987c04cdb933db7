"""PA1 by the fast route: reference values, constraints, certificates, bit-identity."""

from dataclasses import replace

import numpy as np
import pytest
from cases import SHAPE_OF_R1, deterministic, seeded

import leoisac as li
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul import published_text_set
from leoisac.systems.self_backhaul.fast import pa1 as fast
from leoisac.systems.self_backhaul.judge.evaluate import evaluate
from leoisac.systems.self_backhaul.judge.evaluate import parameters as parameters_of
from leoisac.systems.self_backhaul.problem.normalised import has_span, judged, normalise, on_span

MARGINS = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")


@pytest.mark.parametrize(
    ("name", "sum_rate", "user_rates"),
    [
        ("R1", 9.82935, (2.8155, 3.4263, 3.5876)),
        pytest.param("R2", 7.25836, (3.2802, 3.9782), marks=pytest.mark.further),
    ],
)
def test_deterministic_values(name, sum_rate, user_rates):
    config, channels, _ = deterministic(name)
    solution = li.design(config, channels, scheme="pa1")
    metrics = li.evaluate(config, channels, solution.value)
    assert solution.status[0] == Status.CONVERGED
    assert metrics["sum_rate"][0] == pytest.approx(sum_rate, abs=2e-4)
    np.testing.assert_allclose(metrics["rate"][0], user_rates, atol=2e-2)
    np.testing.assert_allclose([metrics["satellite_power"][0], metrics["bs_power"][0]], 1.0, atol=1e-4)
    assert min(metrics[f"margin_{name}"][0] for name in MARGINS) >= -1e-9


@pytest.mark.further
def test_seeded_value_of_eight_users():
    config, channels = seeded(0, 8)
    solution = li.design(config, channels, scheme="pa1")
    assert solution.status[0] == Status.CONVERGED
    assert solution.objective[0] == pytest.approx(15.5347, abs=0.01)


@pytest.mark.further
def test_seeded_value_of_three_users():
    config, channels = seeded(0, 3)
    assert li.design(config, channels, scheme="pa1").objective[0] == pytest.approx(14.0502, abs=0.01)


@pytest.mark.parametrize("sizes", [SHAPE_OF_R1, pytest.param({}, marks=pytest.mark.further)], ids=["R1", "default"])
def test_constraints_hold_to_a_millionth_and_trials_do_not_see_each_other(sizes):
    config = li.config("self-backhaul", **sizes)
    trials = [*range(20), 34, 9]
    everyone = li.design(config, li.draw(config, trials=trials), scheme="pa1")
    usable = everyone.status == Status.CONVERGED
    assert np.all(usable | (everyone.status == Status.INFEASIBLE))
    metrics = li.evaluate(config, li.draw(config, trials=trials), everyone.value)
    for name in MARGINS:
        assert np.all(metrics[f"margin_{name}"][usable] >= -1e-6), name

    shuffled = [9, 3, 17, 34, 0]
    some = li.design(config, li.draw(config, trials=shuffled), scheme="pa1")
    places = [trials.index(trial) for trial in shuffled]
    np.testing.assert_array_equal(some.value.bs_beams, everyone.value.bs_beams[places])
    np.testing.assert_array_equal(some.value.sensing_covariance, everyone.value.sensing_covariance[places])
    np.testing.assert_array_equal(some.objective, everyone.objective[places])
    np.testing.assert_array_equal(some.status, everyone.status[places])


def test_the_published_text_set_is_infeasible_for_eight_users():
    config = published_text_set()
    solution = li.design(config, li.draw(config, trials=6), scheme="pa1")
    assert np.all(solution.status == Status.INFEASIBLE)
    assert np.all(solution.violation > 1e-3)


def test_one_compilation_over_powers_and_thresholds():
    config = li.config("self-backhaul", **SHAPE_OF_R1)
    channels = li.draw(config, trials=2)
    programs = [by_lanes(evaluate), by_lanes(fast._formulate), by_lanes(fast._design)]
    li.design(config, channels, scheme="pa1")
    before = [program.compilations() for program in (*programs, fast.JOINT)]
    assert before[-1] > 0
    for changes in ({"satellite_power_dbw": 20.0}, {"bs_power_dbw": 3.0, "pattern_min_w": 2.0}, {"min_sinr_db": 1.0}):
        li.design(config.replace(**changes), channels, scheme="pa1")
    after = [program.compilations() for program in (*programs, fast.JOINT)]
    assert before == after


@pytest.mark.further
def test_joint_pattern_changes_little_where_the_base_station_is_weak():
    """The base station's 1 W adds next to nothing to 50 W patterns: 13.9412 against 13.9409 bit/s/Hz."""
    values = []
    for mode in ("satellite", "joint"):
        config, channels = seeded(0, 3, pattern_min_w=50.0, pattern_mode=mode)
        solution = li.design(config, channels, scheme="pa1")
        assert solution.violation[0] <= 1e-6
        values.append(solution.objective[0])
    assert values == pytest.approx([13.9409, 13.9412], abs=5e-3)


def test_wrong_number_of_starts_is_refused():
    config, channels, _ = deterministic("R1")
    with pytest.raises(ValueError, match="starts = 0"):
        li.design(config, channels, scheme="pa1", starts=0)


def test_the_span_of_the_channels_loses_nothing():
    """Amplitudes and powers of beams of the small problem are those of the beams that they stand for."""
    config, channels = seeded(0, 3)
    problem = jax.tree.map(lambda leaf: leaf[0], by_lanes(normalise)(parameters_of(config), channels))
    small, basis = on_span(problem)
    assert small.h_users.shape == (3, 4)
    assert basis.shape == (9, 4)
    real, imaginary = np.random.default_rng(0).standard_normal((2, 4))
    beam = real + 1j * imaginary
    for name in ("h_users", "h_es"):
        before, after = getattr(problem, name).conj() @ (basis @ beam), getattr(small, name).conj() @ beam
        np.testing.assert_allclose(after, before, rtol=1e-12)
    assert np.linalg.norm(basis @ beam) == pytest.approx(np.linalg.norm(beam), rel=1e-12)
    assert has_span(problem, joint_pattern=False)
    assert not has_span(problem, joint_pattern=True)


class TestFruitlessSearch:
    """What a trial without certificate is called when no start became feasible."""

    def found(self, needed: float, violation: float, monkeypatch):
        """R1, whose least power level is 0.1064, with budgets and a search that leaves a violation."""
        config, channels, _ = deterministic("R1")
        numbers = parameters_of(config)

        def search(chosen, level):
            solution = fast.solve_pa1(numbers, chosen)
            return replace(solution, status=np.array([int(Status.MAX_STEPS)]), violation=np.array([violation]))

        def base(*args, **kwargs):
            return replace(judged(*args, **kwargs), violation=np.array([needed]))

        monkeypatch.setattr(fast, "judged", base)
        return fast.certified(numbers, channels, fast.ENFORCES, search)

    def test_nothing_is_proven(self, monkeypatch):
        solution = self.found(0.3, 0.2, monkeypatch)
        assert solution.status[0] == Status.NO_FEASIBLE_POINT
        assert solution.violation[0] == 0.2

    def test_a_feasible_least_power_design_stands(self, monkeypatch):
        solution = self.found(0.0, 0.2, monkeypatch)
        assert solution.status[0] == Status.MAX_STEPS
        assert solution.violation[0] == 0.0
