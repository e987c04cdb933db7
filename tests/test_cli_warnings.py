"""What a system knows against a configuration goes with its numbers: to terminal, store, figures and report."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue, cli
from leoisac.experiment.contracts import resolve
from leoisac.experiment.trials.provenance import session_warnings

TOY = "toy-downlink"
LOW = "here: 150 km is low; it may have <decayed>."
LOWER = "here: 120 km is low; it may have <decayed>."


def call(*arguments: str) -> Any:
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result


def test_warnings_go_with_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = f'system = "{TOY}"\nschemes = ["equal"]\ntrials = 2\n[satellite]\nname = "here"\n'
    Path("low.toml").write_text(f"{text}[sweep]\nsatellite.altitude_km = [600, 150]\n")
    ran = call("run", "low.toml", "--out", "low.svg")
    assert ran.stderr.startswith(f"Warning: {LOW}\n")  # before anything is computed
    assert ran.stderr.count("Warning") == 1
    manifest = json.loads(Path("runs/low/manifest.json").read_text())
    assert manifest["sessions"][0]["warnings"] == {"run": [LOW]}
    assert li.open_run("runs/low").attrs["warnings"] == LOW
    assert "Warning: here: 150 km" in _svg_text("low.svg")
    # A run that is continued keeps what was said of it, and says what is new.
    again = call("resume", "runs/low", "--add", "satellite.altitude_km=[120]")
    assert f"Warning: {LOWER}\n" in again.stderr
    assert li.open_run("runs/low").attrs["warnings"] == f"{LOW}\n{LOWER}"
    call("plot", "runs/low", "--metric", "total_power", "--out", "power.svg")
    assert "Warning: here: 120 km" in _svg_text("power.svg")
    call("report", "runs/low")
    page = Path("runs/low/report.html").read_text()
    assert all(html.escape(one) in page for one in (LOW, LOWER))
    assert "it may have <decayed>" not in page
    Path("sound.toml").write_text(text)
    assert call("run", "sound.toml", "--out", "sound.svg").stderr.count("Warning") == 0
    assert "warnings" not in li.open_run("runs/sound").attrs
    assert "Warning" not in _svg_text("sound.svg")


def _svg_text(file: str) -> str:
    """What is written in a drawing: letters are outlines there, with their text in remarks."""
    return " ".join(re.findall(r"<!--(.*?)-->", html.unescape(Path(file).read_text()), re.DOTALL))


def test_a_caller_in_python_is_warned() -> None:
    config = li.config(TOY, min_rate=0.01, **{"satellite.altitude_km": 150.0, "satellite.name": "here"})
    with pytest.warns(UserWarning, match=r"here: 150 km is low"):
        found = li.run(config, schemes=["fill", "equal"], sweep={"transmit_power_dbw": [0, 10]}, trials=2)
    assert found.attrs["warnings"] == LOW
    drawn = li.figure(TOY, resolve(catalogue.find(TOY).figures)[0].name, found)
    assert "Warning: here: 150 km" in drawn.get_supxlabel()


def test_notes_of_other_hands_do_no_harm() -> None:
    sessions: list[Any] = [
        {},
        {"warnings": ["a"]},
        {"warnings": {"run": "a", "b": [1]}},
        {"warnings": {"run": ["x", "x"]}},
    ]
    assert session_warnings(sessions, "run") == ("x",)
    assert session_warnings(sessions, "b") == ("1",)


@pytest.mark.parametrize("name", catalogue.systems())
def test_every_system_with_a_real_satellite_speaks_of_its_elements(name: str) -> None:
    """A table of elements that nobody asks about is how stale ones reached a figure."""
    system = catalogue.find(name)
    field = system.config.model_fields.get("satellite")
    if field is None or "SatelliteConfig" not in str(field.annotation):
        return
    part = {"name": "STARLINK-1423", "latitude_deg": 43.6, "longitude_deg": 1.44}
    look = resolve(system.warnings)
    absolute = {"link": "budget"} if "link" in system.config.model_fields else {}  # a satellite asks for a real link
    assert look(system.config()) == look(system.config().replace(**absolute, satellite=part)) == ()
    (text,) = look(system.config().replace(**absolute, satellite={**part, "search_from": "2025-11-09T00:00:00Z"}))
    assert "33.0 days from the epoch" in text


def test_what_is_doubtful_in_a_link_budget_is_shown() -> None:
    """Antennas that radiate more than they receive, and sensing that does nothing."""
    text = " ".join(call("show", "self-backhaul").output.split())
    assert "Warning: a satellite feed of 52 dBi, 3.2° and a floor of 0 dBi radiates 25.1 dB more" in text
    assert "Warning: sensing is idle" in text
