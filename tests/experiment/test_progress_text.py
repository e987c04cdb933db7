"""Lines about how far a run from Python is: in a terminal or when asked for, and none of what is over at once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leoisac import cli
from leoisac.experiment.contracts import System
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.running.progress_text import LINE_S, Lines, reporter
from leoisac.experiment.running.runner import Progress
from leoisac.experiment.scenario.scenarios import study_scenario
from leoisac.foundation.status import Status

STATE = Progress(total=100, stored=20, computed=30, statuses={Status.CONVERGED: 30}, seconds=10.0)


def test_lines_come_when_something_compiles_and_now_and_then() -> None:
    said, now = list[str](), [0.0]
    lines = Lines(said.append, clock=lambda: now[0])
    lines(STATE)
    assert said == [], "a short run says nothing"
    lines(replace(STATE, now="pa1", compiling=True))
    assert said[-1].startswith("50 of 100 trials; compiling pa1")
    lines(replace(STATE, now="pa1", compiling=True))
    now[0] = LINE_S
    lines(STATE)
    assert said[1:] == ["50 of 100 trials; 3 trials/s; 0:00:17 left; converged 100%"]
    now[0] = 9 * LINE_S
    lines(replace(STATE, computed=80))
    assert len(said) == 2, "nothing is left to wait for"


def test_who_is_told(toy: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    own = list[Progress]().append
    assert reporter(own) is own
    assert reporter(None) is None, "notebooks and pipes stay quiet"
    assert reporter(False) is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert reporter(None) is not None
    assert reporter(False) is None
    asked = reporter(True)
    assert asked is not None
    run_studies(toy, {"power": study_scenario(toy, toy.study("power").preset("quick"))}, None, asked)
    asked(replace(STATE, now="something new", compiling=True))
    told = capsys.readouterr()
    assert told.err.splitlines()[-1].startswith("50 of 100 trials; compiling something new")
    assert told.out == ""


def test_a_run_that_goes_on_from_a_store_says_so(toy: System, tmp_path: Path) -> None:
    run_studies(toy, {"power": study_scenario(toy, toy.study("power").preset("quick"))}, tmp_path / "made")
    arguments = ["run", f"{toy.name}/power", "--no-plot", "--store"]
    again = CliRunner().invoke(cli.app, [*arguments, str(tmp_path / "made")])
    assert again.exit_code == 0, again.output
    assert "made: what is stored there is not computed again." in " ".join(again.stderr.split())
    first = CliRunner().invoke(cli.app, [*arguments, str(tmp_path / "other")])
    assert "is not computed again" not in first.stderr
