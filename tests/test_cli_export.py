"""The verb export: of stores and of single designs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import leoisac as li
from leoisac import cli

TOY = "toy-downlink"


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a scenario file and the store of its run."""
    monkeypatch.chdir(tmp_path)
    text = f'system = "{TOY}"\nschemes = ["fill"]\ntrials = 3\nseed = 5\n[sweep]\ntransmit_power_dbw = [0, 10]\n'
    (tmp_path / "demo.toml").write_text(text)
    li.run(li.load("demo.toml"), store="demo")
    return tmp_path


def test_of_a_store(folder: Path) -> None:
    text = call("export", "demo", "--to", "nc")
    assert f"Written: {Path('demo') / 'run.nc'}" in text
    with xr.open_dataset(folder / "demo" / "run.nc") as back:
        np.testing.assert_array_equal(back["sum_rate"].values, li.open_run("demo")["sum_rate"].values)
    call("export", "demo", "--out", "elsewhere/mine.csv")
    assert (folder / "elsewhere" / "mine.csv").read_text().startswith("scheme,transmit_power_dbw,trial")
    assert li.open_run("demo").sizes["trial"] == 3  # exports in the folder do not disturb the store


def test_of_a_design(folder: Path) -> None:
    call("export", TOY, "--to", "json", "--scheme", "fill", "--trial", "2", "--seed", "5", "--set", "num_users=2")
    data = json.loads((folder / "toy-downlink-fill-2.json").read_text())
    config = li.config(TOY, num_users=2)
    solution = li.design(config, li.draw(config, seed=5, trials=[2]), "fill")
    assert data["design"]["powers"]["values"] == np.asarray(solution.value.powers)[0].tolist()
    assert (data["scheme"], data["route"], data["seed"], data["trial"]) == ("fill", "fast", 5, 2)


def test_of_a_scenario_file(folder: Path) -> None:
    """Seed and scheme are the file's."""
    call("export", "demo.toml", "--out", "weights.npz", "--route", "reference")
    with np.load(folder / "weights.npz") as back:
        description = json.loads(str(back["description"]))
        assert (description["seed"], description["scheme"], description["route"]) == (5, "fill", "reference")
        assert back["design.powers"].shape == (3,)


def test_refusals(folder: Path) -> None:
    assert "--to is needed for a store; choose one of nc, mat, csv, summary.csv, latex." in call(
        "export", "demo", code=2
    )
    assert "'json': is no format for a store" in call("export", "demo", "--to", "json", code=2)
    assert "'csv': is no format for a design" in call("export", TOY, "--to", "csv", code=2)
    assert "--scheme is needed; choose one of fill, equal, odd." in call("export", TOY, "--to", "json", code=2)
    assert "--scheme: a store is exported whole" in call("export", "demo", "--to", "nc", "--scheme", "a", code=2)
    assert "Did you mean `toy-downlink`" in call("export", "toy-downlnk", "--to", "json", code=2)
    (folder / "empty").mkdir()
    assert "there is no result store here" in call("export", "empty", "--to", "nc", code=2)
    text = call("export", TOY, "--to", "json", "--scheme", "equal", "--set", "min_rate=50", code=2)
    assert "INFEASIBLE" in text
    assert not list(folder.glob("*.json"))  # a design that cannot be used is not handed out
