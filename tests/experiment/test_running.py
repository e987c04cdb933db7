"""Runs: what a dataset holds, and that it never depends on portions, order, interruption or the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import leoisac as li
from leoisac.experiment.contracts import System
from leoisac.experiment.running import runner
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.experiment.store.units import MemoryStore, missing_intervals
from leoisac.foundation.status import Status

CONFIG = li.config("toy-downlink")
SWEEP = {"transmit_power_dbw": [0, 10], "num_users": [2, 3]}
ALL = ["fill", "equal", "odd"]


def assert_same(first: Any, second: Any) -> None:
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        np.testing.assert_array_equal(first[name].values, second[name].values, err_msg=str(name))
        assert first[name].dims == second[name].dims
        assert first[name].attrs == second[name].attrs


@pytest.fixture(scope="module")
def whole() -> xr.Dataset:
    """Everything in one go, in memory."""
    return li.run(CONFIG, ALL, SWEEP, trials=70)


class TestDataset:
    def test_dimensions_and_labels(self, whole: xr.Dataset) -> None:
        assert whole["sum_rate"].dims == ("scheme", "transmit_power_dbw", "num_users", "trial")
        assert whole["rate"].dims == ("scheme", "transmit_power_dbw", "num_users", "trial", "user")
        assert whole["history"].dims[-1] == "iteration"
        assert whole["scheme"].values.tolist() == ALL
        assert whole["scheme_label"].values.tolist() == ["Water-filling", "equal", "odd"]
        assert whole["sum_rate"].attrs == {"long_name": "Sum rate", "units": "bit/s/Hz"}
        assert whole["transmit_power_dbw"].attrs == {"long_name": "power budget of the transmitter", "units": "dBW"}
        assert whole["status"].dtype == np.int8
        assert whole["status"].attrs["flag_meanings"].split()[1:] == [status.name for status in Status]

    def test_ragged_axes_are_filled(self, whole: xr.Dataset) -> None:
        few, many = (whole["rate"].sel(scheme="fill", num_users=users) for users in (2, 3))
        assert few.isel(user=2).isnull().all()
        assert few.isel(user=[0, 1]).notnull().all()
        assert many.notnull().all()
        assert whole["history"].sel(scheme="equal").isel(iteration=1).isnull().all()

    def test_numbers_are_those_of_the_verbs(self, whole: xr.Dataset) -> None:
        config = CONFIG.replace(num_users=2, transmit_power_dbw=10.0)
        channels = li.draw(config, seed=0, trials=70)
        solution = li.design(config, channels, "fill")
        metrics = li.evaluate(config, channels, solution)
        point = whole.sel(scheme="fill", num_users=2, transmit_power_dbw=10)
        np.testing.assert_array_equal(point["sum_rate"], metrics["sum_rate"])
        np.testing.assert_array_equal(point["rate"].isel(user=[0, 1]), metrics["rate"])
        np.testing.assert_array_equal(point["objective"], solution.objective)

    def test_unusable_trials_are_missing_values(self, whole: xr.Dataset) -> None:
        assert whole["sum_rate"].notnull().equals(whole["usable"])
        odd = whole["status"].sel(scheme="odd")
        assert set(np.unique(odd)) == {Status.INACCURATE, Status.MAX_STEPS, Status.NONFINITE}
        infeasible = whole["status"].sel(scheme="equal") == int(Status.INFEASIBLE)
        assert infeasible.any()
        assert whole["sum_rate"].sel(scheme="equal").where(infeasible).isnull().all()

    def test_metrics_that_no_scheme_has_are_there_and_empty(self, whole: xr.Dataset) -> None:
        assert whole["never_returned"].isnull().all()
        assert whole["never_returned"].sizes["user"] == 3

    def test_provenance(self, whole: xr.Dataset) -> None:
        assert json.loads(whole.attrs["config"]) == CONFIG.model_dump(mode="json")
        assert {"leoisac", "jax", "numpy", "python", "platform"} <= set(json.loads(whole.attrs["versions"]))
        assert (whole.attrs["system"], whole.attrs["study"], whole.attrs["seed"]) == ("toy-downlink", "run", 0)

    def test_common_random_numbers(self, whole: xr.Dataset) -> None:
        """More power never hurts a trial: every point meets the same channels."""
        fill = whole["sum_rate"].sel(scheme="fill")
        assert (fill.sel(transmit_power_dbw=10) > fill.sel(transmit_power_dbw=0)).all()
        assert (fill.sel(num_users=3) >= fill.sel(num_users=2) - 1e-12).all()

    def test_zipped_axes_and_texts(self) -> None:
        sweep = {
            "transmit_power_dbw+mode": [(0, "a"), (10, "b")],
            "weights": [[1.0], [1.0, 2.0]],
            "loss_db": [None, 1.0],
        }
        data = li.run(CONFIG, ["fill"], sweep, trials=2)
        assert data["sum_rate"].dims == ("scheme", "transmit_power_dbw+mode", "weights", "loss_db", "trial")
        assert data["transmit_power_dbw+mode"].values.tolist() == [0, 1]
        assert data["transmit_power_dbw"].dims == ("transmit_power_dbw+mode",)
        assert data["mode"].values.tolist() == ["a", "b"]
        assert data["weights"].values.tolist() == ["[1.0]", "[1.0, 2.0]"]
        assert data["loss_db"].values.tolist() == ["none", "1.0"]

    def test_routes_are_compared_under_their_names(self) -> None:
        data = li.run(CONFIG, ["fill", "fill:reference"], trials=9)
        assert data["scheme"].values.tolist() == ["fill", "fill:reference"]
        assert data["scheme_label"].values.tolist() == ["Water-filling", "Water-filling (reference)"]
        np.testing.assert_allclose(data["sum_rate"][0], data["sum_rate"][1], rtol=1e-12)
        assert "cvxpy" in json.loads(data.attrs["versions"])
        named = li.run(CONFIG, ["fill"], trials=9, route="reference")
        assert named["scheme"].values.tolist() == ["fill:reference"]


class TestSameNumbers:
    @pytest.mark.parametrize("size", [1 + 12, 64, 70, 128])
    def test_whatever_the_portions(self, whole: xr.Dataset, size: int) -> None:
        assert_same(li.run(CONFIG, ALL, SWEEP, trials=70, unit_trials=size), whole)

    def test_whatever_the_order(self, whole: xr.Dataset, toy: System) -> None:
        study, store = scenario(toy, CONFIG, ALL, SWEEP, trials=70), MemoryStore()

        def backwards(tasks: Any) -> Any:
            for task in reversed(list(tasks)):
                yield from reversed([(task, unit) for unit in runner.compute_block(task)])

        runner.compute(toy, [study], store, unit_trials=16, executor=backwards)
        from leoisac.experiment.reading.dataset import assemble

        again = assemble(toy, "run", study, store)
        assert_same(again, whole)

    def test_interrupted_and_continued(self, whole: xr.Dataset, tmp_path: Path) -> None:
        def stop(state: runner.Progress) -> None:
            if state.computed > 200:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            li.run(CONFIG, ALL, SWEEP, trials=70, store=tmp_path / "a", progress=stop)
        partial = li.open_run(tmp_path / "a")
        there = partial["status"] != -1
        assert 0 < int(there.sum()) < there.size
        assert partial["sum_rate"].where(~there).isnull().all()
        states: list[runner.Progress] = []
        assert_same(li.run(CONFIG, ALL, SWEEP, trials=70, store=tmp_path / "a", progress=states.append), whole)
        assert states[0].stored == int(there.sum())
        assert states[-1].left == 0
        assert_same(li.open_run(tmp_path / "a"), whole)

    def test_grown_bit_by_bit(self, whole: xr.Dataset, tmp_path: Path) -> None:
        """Sweep points, schemes and trials may come later."""
        folder = tmp_path / "b"
        li.run(CONFIG, ["fill"], {"transmit_power_dbw": [10], "num_users": [2]}, trials=5, store=folder)
        part = li.run(CONFIG, ["equal"], {"transmit_power_dbw": [0], "num_users": [3, 2]}, trials=20, store=folder)
        assert part.sizes["trial"] == 20
        assert part["scheme"].values.tolist() == ["equal"]
        li.run(CONFIG, ["fill", "equal", "odd"], SWEEP, trials=70, store=folder, unit_trials=50)
        grown = li.open_run(folder).transpose(*whole["rate"].dims, "iteration")
        assert_same(grown.sel(num_users=[2, 3]).transpose(*grown.dims), whole.transpose(*grown.dims))

    def test_from_the_stored_scenario(self, whole: xr.Dataset, tmp_path: Path) -> None:
        li.run(CONFIG, ALL, SWEEP, trials=70, store=tmp_path / "c")
        assert_same(li.run(li.load(tmp_path / "c" / "run.toml")), whole)


class TestFailures:
    @pytest.fixture
    def breaking(self, toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        monkeypatch.setattr(module, "equal", module.broken)

    def test_a_scheme_that_raises_is_rows_and_the_rest_goes_on(self, breaking: None) -> None:
        data = li.run(CONFIG, ["equal", "fill"], trials=5)
        assert (data["status"].sel(scheme="equal") == int(Status.FAILED)).all()
        assert (data["status"].sel(scheme="fill") == int(Status.CONVERGED)).all()
        (failure,) = json.loads(data.attrs["failures"])
        assert (failure["scheme"], failure["first"], failure["stop"]) == ("equal", 0, 5)
        assert "the solver that always fails" in failure["traceback"]

    def test_failures_are_tried_again(self, toy: System, tmp_path: Path) -> None:
        import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "equal", module.broken)
            li.run(CONFIG, ["equal"], trials=70, store=tmp_path / "s")
        stored = li.open_run(tmp_path / "s")
        assert (stored["status"] == int(Status.FAILED)).all()
        (failure,) = json.loads(stored.attrs["failures"])  # of two units, for one reason
        assert (failure["first"], failure["stop"]) == (0, 70)
        mended = li.run(CONFIG, ["equal"], trials=70, store=tmp_path / "s", unit_trials=70)
        assert_same(mended, li.run(CONFIG, ["equal"], trials=70))
        assert "failures" not in mended.attrs
        assert_same(li.open_run(tmp_path / "s"), mended)


class TestProgress:
    def test_states(self) -> None:
        states: list[runner.Progress] = []
        li.run(CONFIG, ["fill", "odd"], trials=70, progress=states.append)
        assert [state.computed for state in states] == [0, 64, 128, 134, 140]
        assert states[0].left == states[0].total == 140
        assert sum(states[-1].statuses.values()) == 140
        assert states[-1].current == "odd, trials 64 to 69"

    def test_other_routes_work_in_small_units(self) -> None:
        states: list[runner.Progress] = []
        li.run(CONFIG, ["fill:reference"], trials=20, progress=states.append)
        computed = [state.computed for state in states]
        assert computed[:2] == [0, 8]  # the first; later ones are larger where they are quick
        assert computed[-1] == 20

    def test_unit_size_is_checked(self) -> None:
        with pytest.raises(li.ConfigError, match="unit_trials = 0"):
            li.run(CONFIG, ["fill"], trials=2, unit_trials=0)


class TestIntervals:
    def test_gaps(self) -> None:
        assert missing_intervals([], 130, 64) == [(0, 64), (64, 128), (128, 130)]
        assert missing_intervals([(0, 10)], 70, 64) == [(10, 64), (64, 70)]
        assert missing_intervals([(20, 30), (5, 25)], 40, 64) == [(0, 5), (30, 40)]
        assert missing_intervals([(0, 100)], 40, 64) == []

    @given(
        st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: (p[0], p[0] + p[1])), max_size=6),
        st.integers(1, 70),
        st.integers(1, 30),
    )
    def test_gaps_and_stored_trials_are_everything_once(self, finished: Any, trials: int, size: int) -> None:
        gaps = missing_intervals(finished, trials, size)
        missing = [trial for first, stop in gaps for trial in range(first, stop)]
        stored = {trial for first, stop in finished for trial in range(first, stop)}
        assert sorted(missing) == sorted(set(range(trials)) - stored)
        assert all(first // size == (stop - 1) // size for first, stop in gaps)


def test_studies_of_a_run_share_what_they_have_in_common(toy: System, tmp_path: Path) -> None:
    from leoisac.experiment.running.campaign import run_studies

    studies = {
        "low": scenario(toy, CONFIG, ["fill"], {"transmit_power_dbw": [0, 5]}, trials=6),
        "high": scenario(toy, CONFIG, ["fill", "equal"], {"transmit_power_dbw": [5, 10]}, trials=4),
    }
    states: list[runner.Progress] = []
    found = run_studies(toy, studies, tmp_path / "s", states.append)
    assert states[-1].total == 2 * 6 + 4 + 2 * 4  # the point at 5 dBW of `fill` counts once
    np.testing.assert_array_equal(found["low"]["sum_rate"][0, 1, :4], found["high"]["sum_rate"][0, 0])
    tree = li.open_run(tmp_path / "s")
    assert isinstance(tree, xr.DataTree)
    assert set(tree.children) == {"low", "high"}
    assert_same(tree["high"].to_dataset(), found["high"])


def test_scenarios_are_changed_by_arguments() -> None:
    from leoisac.api.meaning import scenario_of, system_of

    base = scenario_of(system_of(CONFIG), CONFIG, ["fill"], {"num_users": [2]}, 5, 3, "fast")
    changed = scenario_of(system_of(CONFIG), base, None, None, None, None, None)
    assert changed == base
    changed = scenario_of(system_of(CONFIG), base, ["odd"], {}, 7, 0, None)
    assert (changed.schemes, changed.sweep, changed.trials, changed.seed) == (("odd",), {}, 7, 0)
