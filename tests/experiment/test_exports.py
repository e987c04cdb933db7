"""Every export is read back and holds the same numbers."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import io

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import Metric, System
from leoisac.experiment.reporting import export as exports
from leoisac.experiment.scenario.files import scenario_from_toml
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.status import Status

NAME = "toy-downlink"
SWEEP = {
    "num_users": [2, 4],
    "satellite.altitude_km": [500],
    "mode+noise_power_dbw": [['plain, ° = "quoted"', 0.1], ["π", 1 / 3]],
}


@pytest.fixture(scope="module")
def dataset() -> Any:
    """Ragged axes, missing values, a zipped axis, texts that need care, and trials that were not run."""
    made = li.run(li.config(NAME), sweep=SWEEP, trials=6)
    made["status"][1, 0, 0, 0, 4:] = NOT_RUN
    for name in made.data_vars:
        if made[name].dtype.kind == "f":
            made[name][1, 0, 0, 0, 4:] = np.nan
    return made


def assert_same(found: xr.DataArray, expected: xr.DataArray) -> None:
    assert found.dims == expected.dims
    assert found.attrs["long_name"] == expected.attrs["long_name"]
    assert found.attrs.get("units") == expected.attrs.get("units")
    if expected.dtype.kind == "f":
        np.testing.assert_array_equal(found.values, expected.values)  # missing values compare equal
    else:
        assert found.values.tolist() == expected.values.tolist()


class TestNetcdf:
    def test_the_same_values(self, dataset: Any, tmp_path: Path) -> None:
        li.export(dataset, tmp_path / "run.nc")
        with xr.open_dataset(tmp_path / "run.nc") as back:
            for name in [*dataset.data_vars, *dataset.coords]:
                assert_same(back[name], dataset[name])
            assert back["usable"].dtype == bool
            assert back["status"].dtype == np.int8
            assert back.attrs["seed"] == 0
            assert back.attrs["scenario"] == dataset.attrs["scenario"]
            assert back["status"].attrs["flag_meanings"].split()[0] == "NOT_RUN"
            assert scenario_from_toml(back.attrs["scenario"], catalogue.find).trials == 6

    def test_wide_integers_and_empty_axes(self, dataset: Any, tmp_path: Path) -> None:
        odd = dataset.assign_coords(num_users=[2, 2**40]).isel(iteration=slice(0, 0))
        exports.to_netcdf(odd, tmp_path / "odd.nc")
        with xr.open_dataset(tmp_path / "odd.nc") as back:
            assert back["num_users"].values.tolist() == [2.0, 2.0**40]
            assert "history" not in back
            assert_same(back["sum_rate"], dataset["sum_rate"])


class TestMat:
    def test_the_same_values(self, dataset: Any, tmp_path: Path) -> None:
        li.export(dataset, tmp_path / "run.mat")
        back = io.loadmat(tmp_path / "run.mat", struct_as_record=False, squeeze_me=True)
        stored = {value.name: value for name, value in back.items() if hasattr(value, "name")}
        assert set(stored) == {str(name) for name in dataset.variables}
        for name, variable in dataset.variables.items():
            one = stored[str(name)]
            assert np.atleast_1d(one.dims).tolist() == list(variable.dims)
            assert one.units == variable.attrs.get("units", "1")
            assert one.long_name == variable.attrs.get("long_name", name)
            expected = np.squeeze(variable.values)
            if variable.dtype.kind == "f":
                np.testing.assert_array_equal(one.values, expected)
            else:
                assert np.asarray(one.values).tolist() == expected.tolist()
        assert back["satellite_altitude_km"].name == "satellite.altitude_km"
        assert back["info"].system == NAME
        assert back["info"].scenario == dataset.attrs["scenario"]

    def test_names_that_collide_or_are_too_long(self) -> None:
        taken = {"a_b": 0}
        assert exports._mat_name("a+b", taken) == "a_b_2"
        assert exports._mat_name("2nd", {}) == "x2nd"
        assert len(exports._mat_name("x" * 80, {})) == 63


class TestCsv:
    def test_the_same_values(self, dataset: Any, tmp_path: Path) -> None:
        """Every number that is there has its row, with its place; and no other row."""
        li.export(dataset, tmp_path / "run.csv")
        with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0])[:8] == [
            *("scheme", "num_users", "satellite.altitude_km", "mode", "noise_power_dbw"),
            *("trial", "status", "usable"),
        ]
        back = {name: np.full(values.shape, np.nan) for name, values in dataset.data_vars.items()}
        schemes, modes = dataset["scheme"].values.tolist(), dataset["mode"].values.tolist()
        for row in rows:
            assert float(row["satellite.altitude_km"]) == 500.0
            zipped = modes.index(row["mode"])
            assert float(row["noise_power_dbw"]) == dataset["noise_power_dbw"].values[zipped]
            trial = int(row["trial"])
            users = [2, 4].index(int(row["num_users"]))
            place = (schemes.index(row["scheme"]), users, 0, zipped, trial)
            assert row["status"] == Status(int(dataset["status"].values[place])).name
            assert row["usable"] == str(bool(dataset["usable"].values[place])).lower()
            assert row["units"] == dataset[row["metric"]].attrs["units"]
            rest = [int(row[axis]) for axis in dataset[row["metric"]].dims[5:]]
            assert np.isnan(back[row["metric"]][(*place, *rest)])  # each place once
            back[row["metric"]][(*place, *rest)] = float(row["value"])
        run = dataset["status"].values != NOT_RUN
        for name, values in dataset.data_vars.items():
            if name in ("status", "usable"):
                continue
            expected = values.values.astype(float)
            expected[~run] = np.nan
            np.testing.assert_array_equal(back[name], expected, err_msg=name)


class TestFiles:
    def test_a_file_per_study(self, dataset: Any, tmp_path: Path) -> None:
        written = li.export({"a": dataset, "b": dataset}, tmp_path / "new" / "results.csv")
        assert [path.name for path in written] == ["results-a.csv", "results-b.csv"]
        assert written[0].read_bytes() == written[1].read_bytes()

    def test_refusals(self, dataset: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(li.ConfigError, match="to = 'xlsx': must be one of nc, mat, csv"):
            li.export(dataset, tmp_path / "run.xlsx")
        for most in ("NETCDF_MOST_BYTES", "MAT_MOST_BYTES"):
            monkeypatch.setattr(exports, most, 100)
        for to in ("nc", "mat"):
            with pytest.raises(li.ConfigError, match=r"takes 0\.0 GiB.*export to csv"):
                li.export(dataset, tmp_path / f"run.{to}")
            assert not (tmp_path / f"run.{to}").exists()


@pytest.fixture(scope="module")
def made() -> Any:
    config = li.config(NAME)
    channels = li.draw(config, seed=3, trials=[4, 7])
    return config, channels, li.design(config, channels, "fill")


class TestDesign:
    @pytest.fixture
    def described(self, toy: System, monkeypatch: pytest.MonkeyPatch) -> System:
        fields = {"powers": Metric("power of every user", "W", ("user",))}
        system = replace(toy, design_fields=fields)
        monkeypatch.setattr(catalogue, "system_of", lambda config: system)
        return system

    def test_json(self, made: Any, described: System, tmp_path: Path) -> None:
        path = li.export_design(*made, tmp_path / "one.json", position=1, scheme="fill", seed=3)
        data = json.loads(path.read_text())
        assert (data["format"], data["system"], data["scheme"], data["seed"]) == ("leoisac-design-1", NAME, "fill", 3)
        assert data["status"] == "CONVERGED"
        assert li.config(NAME, **data["config"]) == made[0]
        powers = data["design"]["powers"]
        assert (powers["units"], powers["axes"], powers["shape"]) == ("W", ["user"], [3])
        assert powers["values"] == np.asarray(made[2].value.powers)[1].tolist()
        channel = data["channels"]["h_users"]
        assert channel["axes"] == ["user"]
        back = np.asarray(channel["re"]) + 1j * np.asarray(channel["im"])
        np.testing.assert_array_equal(back, np.asarray(made[1].h_users)[1])
        assert data["metrics"]["sum_rate"]["units"] == "bit/s/Hz"
        assert data["metrics"]["sum_rate"]["values"] == float(np.asarray(made[2].objective)[1])
        assert data["versions"]["leoisac"] == li.__version__

    def test_the_file_alone_gives_the_metrics_back(self, made: Any, described: System, tmp_path: Path) -> None:
        """Channels from the file into ``li.channels``, powers into the rate equation: the same rates."""
        data = json.loads(li.export_design(*made, tmp_path / "one.json").read_text())
        config = li.config(NAME, **data["config"])
        arrays = {
            name: np.asarray(one["re"]) + 1j * np.asarray(one["im"]) if "re" in one else np.asarray(one["values"])
            for name, one in data["channels"].items()
        }
        channels = li.channels(config, **arrays)
        powers = np.asarray(data["design"]["powers"]["values"])
        rates = np.log2(1 + np.abs(channels.h_users[0]) ** 2 * powers / channels.noise_power[0])
        np.testing.assert_allclose(rates, data["metrics"]["rate"]["values"], rtol=1e-14)

    def test_npz(self, made: Any, described: System, tmp_path: Path) -> None:
        with np.load(li.export_design(*made, tmp_path / "one.npz", position=1), allow_pickle=False) as back:
            np.testing.assert_array_equal(back["design.powers"], np.asarray(made[2].value.powers)[1])
            np.testing.assert_array_equal(back["channels.h_users"], np.asarray(made[1].h_users)[1])
            description = json.loads(str(back["description"]))
        assert description["design"]["powers"]["axes"] == ["user"]
        assert description["metrics"]["rate"]["units"] == "bit/s/Hz"

    def test_mat(self, made: Any, described: System, tmp_path: Path) -> None:
        path = li.export_design(*made, tmp_path / "one.mat", position=1)
        back = io.loadmat(path, struct_as_record=False, squeeze_me=True)
        np.testing.assert_array_equal(back["design"].powers, np.asarray(made[2].value.powers)[1])
        np.testing.assert_array_equal(back["channels"].h_users, np.asarray(made[1].h_users)[1])
        assert back["units"].design.powers == "W"
        assert back["axes"].design.powers == "user"
        assert back["info"].system == NAME

    def test_a_system_that_describes_no_fields_exports_all(self, made: Any, tmp_path: Path) -> None:
        data = json.loads(li.export_design(*made, tmp_path / "one.json").read_text())
        assert data["design"]["powers"]["axes"] == ["?"]

    def test_refusals(self, made: Any, tmp_path: Path) -> None:
        with pytest.raises(li.ConfigError, match="position = 2: the solution holds 2 trials"):
            li.export_design(*made, tmp_path / "one.json", position=2)
        with pytest.raises(li.ConfigError, match="to = 'yaml': must be one of json, npz, mat"):
            li.export_design(*made, tmp_path / "one.yaml")

    def test_what_is_not_finite_is_null(self, made: Any, tmp_path: Path) -> None:
        config, channels, solution = made
        broken = replace(solution, value=replace(solution.value, powers=np.full((2, 3), [1.0, np.nan, np.inf])))
        data = json.loads(li.export_design(config, channels, broken, tmp_path / "one.json").read_text())
        assert data["design"]["powers"]["values"] == [1.0, None, None]
