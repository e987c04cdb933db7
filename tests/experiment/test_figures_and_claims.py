"""Figures and claims read stored results, and say what to run when something is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.reading.studies import drawable, with_plain_schemes
from leoisac.experiment.reporting.claims import check_claims, collect_studies
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import study_scenario

NAME = "toy-downlink"


@pytest.fixture(scope="module")
def power(toy: System) -> Any:
    return run_studies(toy, {"power": study_scenario(toy, toy.study("power"), trials=50)})["power"]


class TestFigures:
    def test_draws_from_anything_that_holds_its_studies(self, power: Any, toy: System, tmp_path: Path) -> None:
        import xarray as xr

        run_studies(toy, {"power": study_scenario(toy, toy.study("power").preset("quick"))}, tmp_path / "store")
        for data in (power, {"power": power}, xr.DataTree.from_dict({"power": power}), tmp_path / "store"):
            assert li.figure(NAME, "fig-1", data).axes

    def test_a_bare_run_serves_a_figure_of_one_study(self, power: Any) -> None:
        assert li.figure(NAME, "fig-1", power.assign_attrs(study="run")).axes
        with pytest.raises(
            li.ConfigError, match=r"missing: power, users\. Compute them with: leoisac run toy-downlink/fig-2"
        ):
            li.figure(NAME, "fig-2", power.assign_attrs(study="run"))

    def test_missing_studies_are_named_with_the_command(self, power: Any) -> None:
        with pytest.raises(li.ConfigError, match=r"missing: users\. Compute them with: leoisac run toy-downlink/fig-2"):
            li.figure(NAME, "fig-2", power)
        with pytest.raises(li.ConfigError, match="Did you mean `fig-1`"):
            li.figure(NAME, "fig1", power)
        with pytest.raises(li.ConfigError, match="data: int is neither"):
            li.figure(NAME, "fig-1", 3)

    def test_figures_that_fit(self, toy: System) -> None:
        figures = resolve(toy.figures)
        assert [figure.name for figure in drawable(figures, ["power"])] == ["fig-1"]
        assert [figure.name for figure in drawable(figures, ["power", "users"])] == ["fig-1", "fig-2"]

    def test_a_single_route_is_drawn_under_the_name_of_its_scheme(self) -> None:
        data = li.run(li.config(NAME), ["fill:reference", "equal"], trials=2)
        assert with_plain_schemes(data)["scheme"].values.tolist() == ["fill", "equal"]
        both = li.run(li.config(NAME), ["fill:reference", "fill"], trials=2)
        assert with_plain_schemes(both)["scheme"].values.tolist() == ["fill:reference", "fill"]


class TestClaims:
    def test_a_claim_with_enough_trials_has_its_verdict(self, power: Any) -> None:
        first, second = li.verify(NAME, power)
        assert first.verdict.outcome == "reproduced"
        assert not first.command
        assert second.verdict.outcome == "insufficient"
        assert second.missing == ("users",)
        # fig-2 reads another study, too, which the claim does not need.
        assert second.command == "leoisac run toy-downlink/users --preset paper"

    def test_too_few_trials_are_insufficient(self, power: Any) -> None:
        first, _ = li.verify(NAME, power.isel(trial=slice(0, 20)))
        assert first.verdict.outcome == "insufficient"
        assert "(20 of 50 trials)" in first.verdict.measured
        assert first.command == "leoisac run toy-downlink/fig-1 --preset paper --trials 50"

    def test_another_setting_gives_no_verdict(self, power: Any, toy: System) -> None:
        study = toy.study("power")
        for made, reason in (
            (study_scenario(toy, study.preset("quick"), trials=60), r"lacks transmit_power_dbw = 5\.0"),
            (study_scenario(toy, study, {"num_users": 2}, trials=60), "num_users is 2, asked for 3"),
            (study_scenario(toy, study, schemes=["fill"], trials=60), "lacks equal"),
        ):
            dataset = run_studies(toy, {"power": made})["power"]
            first, _ = li.verify(NAME, dataset)
            assert first.verdict.outcome == "insufficient"
            assert re.search(rf"the stored study `power` .*{reason}", first.verdict.measured)
            assert first.command == "leoisac run toy-downlink/fig-1 --preset paper"
        first, _ = li.verify(NAME, power.isel(transmit_power_dbw=[0, 1]))
        assert "a part of the values of transmit_power_dbw" in first.verdict.measured

    def test_more_than_the_claim_asks_for_is_welcome(self, toy: System) -> None:
        sweep = {"transmit_power_dbw": [-3.0, 0.0, 5.0, 10.0]}
        wider = replace(toy.study("power"), sweep=sweep, schemes=("odd", "fill", "equal"), trials=60)
        first, _ = li.verify(NAME, run_studies(toy, {"power": study_scenario(toy, wider)})["power"])
        assert first.verdict.outcome == "reproduced"

    def test_schemes_that_were_not_run_give_no_verdict(self, power: Any) -> None:
        partial = power.copy(deep=True)
        partial["status"][0, 1] = -1
        first, _ = li.verify(NAME, partial)
        assert first.verdict.outcome == "insufficient"
        assert "have not been run" in first.verdict.measured

    def test_the_best_of_several_stores(self, toy: System, tmp_path: Path) -> None:
        study = toy.study("power")
        run_studies(toy, {"power": study_scenario(toy, study.preset("quick"), trials=70)}, tmp_path / "quick")
        run_studies(toy, {"power": study_scenario(toy, study, trials=50)}, tmp_path / "paper")
        run_studies(toy, {"users": study_scenario(toy, toy.study("users"), trials=3)}, tmp_path / "users")
        folders = [tmp_path / name for name in ("quick", "paper", "users")]
        studies = collect_studies(toy, folders, catalogue.find)
        assert set(studies) == {"power", "users"}
        assert studies["power"].attrs["trials"] == 50
        assert [item.verdict.outcome for item in check_claims(toy, studies)] == ["reproduced", "partly"]

    def test_trials_that_were_not_run_do_not_count(self, power: Any) -> None:
        partial = power.copy(deep=True)
        partial["status"][0, 0, 10:] = -1
        assert li.verify(NAME, partial)[0].verdict.trials == 10
