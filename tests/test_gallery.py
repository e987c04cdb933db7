"""The tool that draws the gallery: it continues, keeps what is better, begins with the cheap, says what it shows."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure as Canvas

from leoisac.experiment.contracts import System, resolve
from leoisac.experiment.reading.statistics import summary
from leoisac.plots.sweep import draw_sweep

TOOLS = Path(__file__).parents[1] / "docs" / "tools"
NAME = "toy-downlink/fig-1"


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: System) -> Any:
    """The tool, whose pictures go to a folder of the test."""
    del toy
    monkeypatch.syspath_prepend(str(TOOLS))
    costs, tool = importlib.import_module("gallery_costs"), importlib.import_module("gallery")
    monkeypatch.setattr(tool, "GALLERY", tmp_path / "gallery")
    monkeypatch.setattr(costs, "FILE", tmp_path / "gallery" / "costs.json")
    return tool


def call(tool: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gallery.py", "--runs", str(tmp_path / "runs"), *arguments])
    return tool.main()


def note_of(tmp_path: Path, name: str = NAME) -> dict[str, Any]:
    return json.loads((tmp_path / "gallery" / f"{name}.json").read_text("utf-8"))


def test_a_picture_with_its_numbers_and_what_they_are(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    assert call(gallery, monkeypatch, tmp_path, "--only", NAME) == 0
    note = note_of(tmp_path)
    assert (note["preset"], note["seed"], note["trials"]) == ("quick", 0, {"power": [4, 4]})
    assert note["command"] == "leoisac run toy-downlink/fig-1 --preset quick"
    with Image.open(tmp_path / "gallery" / f"{NAME}.png") as picture:
        assert picture.mode == "P"
        assert "seed 0" in picture.info["Description"]
    drawn, rows = (
        list(csv.DictReader((tmp_path / "gallery" / f"{NAME}{ending}").read_text("utf-8").splitlines()))
        for ending in (".csv", ".means.csv")
    )
    system, figure = gallery.catalogue.find("toy-downlink"), gallery.catalogue.find("toy-downlink").figure("fig-1")
    data = gallery.stored(system, gallery.scenarios(system, figure, "quick"), tmp_path / "runs/quick/toy-downlink")
    mean = summary(data["power"], "sum_rate")["mean"]
    assert len(rows) == mean.size
    for row in rows:
        at = {"scheme": row["scheme"], "transmit_power_dbw": float(row["transmit_power_dbw"])}
        assert float(row["mean"]) == pytest.approx(float(mean.sel(at)), rel=1e-5)
    line = data["power"]["sum_rate"].mean("trial").sel(scheme="fill")
    assert [float(row["x"]) for row in drawn] == line["transmit_power_dbw"].values.tolist()
    assert [float(row["y"]) for row in drawn] == pytest.approx(line.values.tolist(), rel=1e-5)


def test_numbers_are_read_off_the_picture(gallery: Any) -> None:
    """Curves with bands, isolated points with bars, hollow ones, shares, bars, levels, tables, and their names."""
    powers, schemes = [0.0, 5.0, 10.0, 15.0], ["a", "b"]
    usable = np.ones((2, 4, 10), dtype=bool)
    usable[1, 2, 2:] = False
    values = np.random.default_rng(0).normal(5.0, 1.0, (2, 4, 10))
    dims = ("scheme", "power", "trial")
    attributes = {"long_name": "rate", "units": "bit"}
    data = xr.Dataset(
        {
            "rate": (dims, np.where(usable, values, np.nan), attributes),
            "usable": (dims, usable),
            "status": (dims, np.zeros(usable.shape, np.int8)),
        },
        {"scheme": schemes, "power": powers},
    )
    numbers = summary(data, "rate")
    rows = gallery.drawn_numbers.drawn_rows(draw_sweep(numbers, labels={"a": "ours", "b": "theirs"}))
    means = [row for row in rows if row["y_axis"] == "rate [bit]"]
    assert len(means) == int(numbers["mean"].notnull().sum()) == 7
    for row in means:
        one = numbers.sel(scheme={"ours": "a", "theirs": "b"}[row["series"]], power=float(row["x"]))
        found = [float(row[name]) for name in ("y", "low", "high")]
        assert found == pytest.approx([float(one[name]) for name in ("mean", "low", "high")], rel=1e-5)
    shares = {row["x"]: float(row["y"]) for row in rows if row["y_axis"] == "usable share"}
    assert shares == {"0": 1.0, "5": 1.0, "10": 0.2, "15": 1.0}

    figure = Canvas()
    left, right = figure.subplots(1, 2)
    left.barh([0, 1], [3.0, -2.0], color="red")
    left.errorbar([3.0], [0], xerr=[[0.5], [0.25]], fmt="none", color="black")
    left.set_yticks([0, 1], ["first", "second"])
    left.axvline(1.5, color="grey", label="level")
    right.plot(np.arange(1000), np.arange(1000), label="long")
    right.table([["name", "x"], ["row", "1.0 ± 0.1"]])
    rows = gallery.drawn_numbers.drawn_rows(figure)
    assert len(rows) == 1 + 2 + 1000 + 1
    assert {"y": "first", "x": "3", "drawn_as": "bars", "x_low": "2.5", "x_high": "3.25"}.items() <= rows[1].items()
    assert {"series": "level", "x": "1.5", "y": ""}.items() <= rows[0].items()
    assert {"series": "row", "x": "x", "y": "1.0 ± 0.1"}.items() <= rows[-1].items()
    thin = gallery.drawn_numbers.drawn_rows(figure, 100)
    assert 90 <= len(thin) <= 100
    assert [row["x"] for row in thin if row["series"] == "long"][:: len(thin) - 5] == ["0", "999"]


def test_a_picture_has_the_claims_that_are_about_it(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: System
) -> None:
    """Other figures read the same studies, and show something else of them."""
    first = toy.figure("fig-1")
    claim = resolve(toy.claims)[0]

    def shown(claims: tuple[str, ...], name: str = claim.name, figure: str = "fig-1") -> bool:
        return replace(first, name=figure, claims=claims).shows(replace(claim, name=name))

    assert [shown(()), shown((claim.name,)), shown((), "F1-3"), shown((), "F1a-3")] == [False, True, True, True]
    assert [shown((), "F12-3"), shown((), "T1-1"), shown((), "T2-1", "table-2"), shown((), "P-1", "power-split")] == [
        *(False, False, True, False)
    ]
    assert not replace(first, studies=("users",), claims=(claim.name,)).shows(claim)
    about = replace(first, claims=(claim.name,))
    data = gallery.compute(toy, gallery.scenarios(toy, first, "quick"), tmp_path / "store", None)
    assert gallery._claims(toy, first, data) == []
    assert [row["claim"] for row in gallery._claims(toy, about, data)] == [claim.name]


def test_it_continues_and_full_statistics_stay(gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("--only", NAME)
    assert call(gallery, monkeypatch, tmp_path, *arguments) == 0
    with monkeypatch.context() as patch:  # what is up to date is neither computed nor drawn
        patch.setattr(gallery, "draw", lambda *_: pytest.fail("drawn again"))
        assert call(gallery, patch, tmp_path, *arguments) == 0

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gallery, "compute", interrupted)
        assert call(gallery, patch, tmp_path, *arguments, "--preset", "paper") == 130
    assert note_of(tmp_path)["preset"] == "quick"
    assert call(gallery, monkeypatch, tmp_path, *arguments, "--preset", "paper") == 0
    assert note_of(tmp_path)["preset"] == "paper"
    assert note_of(tmp_path)["trials"]["power"][0] >= 100
    assert call(gallery, monkeypatch, tmp_path, *arguments) == 0
    assert note_of(tmp_path)["preset"] == "paper"  # a quick run replaces nothing better


def test_what_is_stored_in_full_can_be_drawn_alone(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(gallery, monkeypatch, tmp_path, "--only", NAME, "--draw-only") == 0
    assert f"not drawn: {NAME}" in capsys.readouterr().out
    assert not (tmp_path / "gallery" / f"{NAME}.json").exists()
    assert call(gallery, monkeypatch, tmp_path, "--only", NAME) == 0
    monkeypatch.setattr(gallery, "compute", lambda *_: pytest.fail("computed"))
    assert call(gallery, monkeypatch, tmp_path, "--only", NAME, "--draw-only", "--renew") == 0


def test_a_figure_that_fails_is_named_and_the_others_go_on(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compute = gallery.compute

    def sometimes(system: System, wanted: Any, *rest: Any) -> Any:
        if len(wanted) > 1:
            raise ArithmeticError("no")
        return compute(system, wanted, *rest)

    monkeypatch.setattr(gallery, "compute", sometimes)
    both = ("--only", NAME, "--only", "toy-downlink/fig-2")
    assert call(gallery, monkeypatch, tmp_path, *both) == 1
    assert "FAILED: toy-downlink/fig-2" in capsys.readouterr().out
    assert note_of(tmp_path)["preset"] == "quick"


def test_costs_are_measured_and_order_the_figures(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("--only", NAME, "--only", "toy-downlink/fig-2")
    assert call(gallery, monkeypatch, tmp_path, *both, "--estimate", "--preset", "paper") == 0
    known = json.loads((tmp_path / "gallery" / "costs.json").read_text())
    assert set(known) == {"toy-downlink/power/paper", "toy-downlink/users/paper"}
    assert known["toy-downlink/users/paper"]["designs"] >= 100
    printed = capsys.readouterr().out
    assert printed.index("/fig-1") < printed.index("/fig-2")
    assert "in all:" in printed
    monkeypatch.setattr(gallery.gallery_costs, "estimate", lambda *_, **__: pytest.fail("measured again"))
    assert call(gallery, monkeypatch, tmp_path, *both, "--estimate", "--preset", "paper") == 0
    known["toy-downlink/power/quick"] = {**known["toy-downlink/power/paper"], "processor_seconds": 4000.0}
    (tmp_path / "gallery" / "costs.json").write_text(json.dumps(known))
    assert call(gallery, monkeypatch, tmp_path, *both, "--minutes", "1") == 0  # nothing is begun that would last longer
    assert "not drawn: toy-downlink/fig-1, toy-downlink/fig-2" in capsys.readouterr().out


def test_every_figure_has_its_turn(gallery: Any) -> None:
    """Fast and slow figures together are all figures, and published routes never run among the fast ones."""
    for system, figure in gallery.figures():
        for preset in ("quick", "paper"):
            entries = [entry for name in figure.studies for entry in system.study(name).preset(preset).schemes]
            slow = [entry for entry in entries if entry.endswith((":published", ":reference"))]
            assert gallery.is_slow(system, figure, preset) or not slow
