"""How many trials a point gets: the rules on made-up results, and that runs by them are as reproducible as others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leoisac as li
from leoisac.experiment.contracts import System
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.conditions import conditions
from leoisac.experiment.scenario.files import scenario_from_toml, scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario, scenario, study_scenario
from leoisac.experiment.scenario.stopping import Column, trials_needed
from leoisac.experiment.scenario.study_union import union

CONFIG = li.config("toy-downlink", min_rate=0.05)


def assert_same(first: Any, second: Any) -> None:
    assert first.attrs == second.attrs
    assert first.identical(second)


def study(**changes: Any) -> Scenario:
    return replace(Scenario("toy-downlink", CONFIG, ("fill",), trials=20), **changes)


def reached(rule: Scenario, wanted: Any, usable: np.ndarray, values: Any) -> tuple[int, int]:
    """Trials after which the rule has its last word when it is given what it asks for, and how often it asked."""
    known, rounds = 0, 0
    while True:
        column = Column(usable[:known], {name: array[:known] for name, array in values.items()})
        trials, last = trials_needed(rule, wanted, column)
        if last:
            return trials, rounds
        assert trials > known, "a rule that is not settled must ask for more"
        known, rounds = trials, rounds + 1


class TestUsableTrials:
    def test_all_usable(self) -> None:
        assert trials_needed(study(count="usable"), (), Column(np.ones(20, bool))) == (20, True)
        assert trials_needed(study(count="usable"), (), Column(np.ones(7, bool))) == (20, False)

    def test_continued_to_the_last_usable_one(self) -> None:
        """Every second trial is usable: the twentieth usable one is trial 38 of 0 … 38."""
        usable = np.arange(1000) % 2 == 0
        trials, _ = reached(study(count="usable"), (), usable, {})
        assert trials == 39
        assert usable[:trials].sum() == 20
        assert usable[trials - 1]

    @pytest.mark.parametrize(("share", "trials"), [(0, 20), (4, 20), (5, 200)])
    def test_up_to_a_fifth_it_is_not_continued(self, share: int, trials: int) -> None:
        """Of the first 20 trials; 5 are more than a fifth, but no other follows, so that the ceiling ends it."""
        usable = np.arange(300) < share
        assert reached(study(count="usable"), (), usable, {})[0] == trials

    def test_the_ceiling_can_be_set(self) -> None:
        usable = np.arange(300) < 5
        assert reached(study(count="usable", most_trials=50), (), usable, {})[0] == 50

    @given(st.integers(0, 2**32), st.floats(0, 1), st.integers(1, 60))
    def test_a_function_of_the_first_trials_alone(self, seed: int, share: float, trials: int) -> None:
        """More results than needed change nothing: the rule stops where it stopped before."""
        usable = np.random.default_rng(seed).random(10 * trials) < share
        rule = study(count="usable", trials=trials)
        needed, _ = reached(rule, (), usable, {})
        assert trials_needed(rule, (), Column(usable)) == (needed, True)


class TestIntervals:
    def test_conditions_are_read(self) -> None:
        (one,) = conditions("ci(sum_rate) < 0.5%", ["sum_rate"])
        assert (one.metric, one.level, one.bound, one.relative) == ("sum_rate", 0.95, 0.005, True)
        first, second = conditions("ci99(rate)<2e-2 and ci(usable) < 2%", ["rate"])
        assert (first.level, first.bound, first.relative) == (0.99, 0.02, False)
        assert second.metric == "usable"
        assert conditions("", []) == ()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("sum_rate < 3", "cannot be read"),
            ("ci(sum_rat) < 3", "Did you mean `sum_rate`?"),
            ("ci(sum_rate) < 0", "must be a positive number"),
            ("ci(sum_rate) > 1%", "cannot be read"),
            ("ci(sum_rate) < 1% or ci(usable) < 1", "cannot be read"),
        ],
    )
    def test_what_cannot_be_meant(self, text: str, message: str) -> None:
        with pytest.raises(li.ConfigError, match=message.replace("?", r"\?")):
            conditions(text, ["sum_rate"])

    def test_it_stops_at_the_first_narrow_look(self) -> None:
        values = np.random.default_rng(0).normal(10, 1, 4000)
        wanted = conditions("ci(sum_rate) < 1%", ["sum_rate"])
        trials, rounds = reached(study(until="x"), wanted, np.ones(4000, bool), {"sum_rate": values})
        assert rounds > 1
        half = np.diff([float(mean_interval(_trials(values[:trials]))[name]) for name in ("low", "high")])[0] / 2
        assert half <= 0.01 * values[:trials].mean()
        assert 300 < trials < 700  # (1.96 / 0.1)² = 384 and the step to the next look

    def test_floor_and_ceiling(self) -> None:
        values = {"sum_rate": np.random.default_rng(0).normal(1, 5, 5000)}
        wanted = conditions("ci(sum_rate) < 0.01", ["sum_rate"])
        usable = np.ones(5000, bool)
        assert reached(study(until="x"), wanted, usable, values)[0] == 2000
        assert reached(study(until="x", most_trials=333), wanted, usable, values)[0] == 333
        wide = conditions("ci(sum_rate) < 100", ["sum_rate"])
        assert reached(study(until="x"), wide, usable, values) == (20, 1)

    def test_a_share(self) -> None:
        usable = np.random.default_rng(0).random(5000) < 0.5
        trials, _ = reached(study(until="x"), conditions("ci(usable) < 5%", []), usable, {})
        assert 384 <= trials <= 560  # 0.25 (1.96 / 0.05)² = 384

    def test_every_entry_of_a_vector_counts(self) -> None:
        values = np.random.default_rng(0).normal(10, [1, 3, np.nan], (5000, 3))
        wanted, usable = conditions("ci(rate) < 1%", ["rate"]), np.ones(5000, bool)
        both, _ = reached(study(until="x"), wanted, usable, {"rate": values})
        one, _ = reached(study(until="x"), wanted, usable, {"rate": values[:, :1]})
        assert both > 2 * one

    def test_nothing_usable_goes_to_the_ceiling(self) -> None:
        wanted = conditions("ci(sum_rate) < 1%", ["sum_rate"])
        rule = study(until="x", most_trials=100)
        assert reached(rule, wanted, np.zeros(500, bool), {"sum_rate": np.full(500, np.nan)})[0] == 100


class TestRuns:
    SWEEP = ("transmit_power_dbw", [-4.0, 0.0, 10.0])

    @pytest.fixture(scope="class")
    @staticmethod
    def rule() -> Scenario:
        sweep = {TestRuns.SWEEP[0]: TestRuns.SWEEP[1]}
        return scenario(_toy(), CONFIG, ["fill", "equal"], sweep, trials=40, count="usable", until="ci(sum_rate) < 6%")

    @pytest.fixture(scope="class")
    @staticmethod
    def whole(rule: Scenario) -> Any:
        return run_studies(_toy(), {"s": rule})["s"]

    def test_points_have_what_they_need(self, whole: Any) -> None:
        run = (whole["status"] != -1).sum("trial")
        assert run.values.min() >= 40
        assert len(set(run.values.ravel().tolist())) > 2
        assert whole.sizes["trial"] == run.values.max()
        for scheme in ("fill", "equal"):
            for power in self.SWEEP[1]:
                point = whole.sel(scheme=scheme, transmit_power_dbw=power)
                there = int((point["status"] != -1).sum())
                assert (point["status"][:there] != -1).all()
                usable = int(point["usable"][:40].sum())
                assert usable <= 8 or int(point["usable"].sum()) >= 40
                interval = mean_interval(point["sum_rate"])
                half = float(interval["high"] - interval["low"]) / 2
                assert half <= 0.06 * float(interval["mean"]) or there == 4000

    @pytest.mark.parametrize("size", [13, 500])
    def test_whatever_the_portions(self, whole: Any, rule: Scenario, size: int) -> None:
        assert_same(run_studies(_toy(), {"s": rule}, unit_trials=size)["s"], whole)

    def test_whatever_the_store_holds_and_an_interruption(self, whole: Any, rule: Scenario, tmp_path: Path) -> None:
        def stop(state: Any) -> None:
            if state.computed > 300:
                raise KeyboardInterrupt

        folder = tmp_path / "s"
        longer = replace(rule, trials=700, until="", count="trials")
        with pytest.raises(KeyboardInterrupt):
            run_studies(_toy(), {"long": longer}, folder, stop)
        with pytest.raises(KeyboardInterrupt):
            run_studies(_toy(), {"s": rule}, folder, stop)
        assert_same(run_studies(_toy(), {"s": rule}, folder)["s"], whole)
        run_studies(_toy(), {"long": longer}, folder)
        tree = li.open_run(folder)
        assert_same(tree["s"].to_dataset(), whole)
        assert tree["long"].sizes["trial"] == 700

    def test_failed_trials_do_not_go_on_for_ever(self, toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        monkeypatch.setattr(module, "equal", module.broken)
        data = li.run(CONFIG, ["equal"], trials=10, until="ci(sum_rate) < 1%", most_trials=100)
        assert data.sizes["trial"] == 100
        assert not data["usable"].any()


class TestScenarios:
    def test_rules_survive_toml(self, toy: System) -> None:
        item = scenario(toy, CONFIG, ["fill"], trials=5, count="usable", until="ci(sum_rate) < 1%", most_trials=50)
        assert scenario_from_toml(scenario_toml(item), lambda name: toy) == item
        assert "until" not in scenario_toml(scenario(toy, CONFIG, ["fill"]))

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"count": "some"}, "must be `trials` or `usable`"),
            ({"until": 3}, "must be text"),
            ({"most_trials": 3, "count": "usable"}, "must be at least trials = 5"),
            ({"most_trials": 30}, "has no meaning without"),
        ],
    )
    def test_refusals(self, toy: System, changes: Any, message: str) -> None:
        with pytest.raises(li.ConfigError, match=message):
            scenario(toy, CONFIG, ["fill"], trials=5, **changes)

    def test_studies_count_usable_trials_at_paper_size(self, toy: System) -> None:
        power = toy.study("power")
        assert study_scenario(toy, power).count == "usable"
        assert study_scenario(toy, power.preset("quick")).count == "trials"

    def test_unions(self, toy: System) -> None:
        plain = scenario(toy, CONFIG, ["fill"], trials=5)
        ruled = scenario(toy, CONFIG, ["fill"], trials=3, until="ci(sum_rate) < 1%", most_trials=4)
        both = union(plain, ruled)
        assert (both.trials, both.until, both.most_trials) == (5, ruled.until, 5)
        assert union(ruled, plain).until == ruled.until
        assert union(plain, scenario(toy, CONFIG, ["fill"], count="usable")).count == "usable"


def _toy() -> System:
    from leoisac import catalogue

    return catalogue.find("toy-downlink")


def _trials(values: np.ndarray) -> Any:
    import xarray as xr

    return xr.DataArray(values, dims=("trial",))
