"""Figures and claims read stored results, and say what to run when something is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import leoisac as li
from leoisac.experiment.campaign import drawable, run_studies, with_plain_schemes
from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.scenario import study_scenario

NAME = "toy-downlink"


@pytest.fixture(scope="module")
def power(toy: System) -> Any:
    return run_studies(toy, {"power": study_scenario(toy, toy.study("power").preset("quick"), trials=50)})["power"]


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
        assert second.command == "leoisac run toy-downlink/fig-2 --preset paper"

    def test_too_few_trials_are_insufficient(self, power: Any) -> None:
        first, _ = li.verify(NAME, power.isel(trial=slice(0, 20)))
        assert first.verdict.outcome == "insufficient"
        assert "(20 of 50 trials)" in first.verdict.measured
        assert first.command == "leoisac run toy-downlink/fig-1 --preset paper --trials 50"

    def test_trials_that_were_not_run_do_not_count(self, power: Any) -> None:
        partial = power.copy(deep=True)
        partial["status"][0, 0, 10:] = -1
        assert li.verify(NAME, partial)[0].verdict.trials == 10
