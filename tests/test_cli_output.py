"""Output that never surprises: any encoding, any width, a pipe; files that say what they show; paths checked first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from leoisac import cli
from leoisac.cli.output import plain

TOY_FILE = Path(__file__).parent / "experiment" / "toy_system.py"
SCENARIO = """
system = "toy-downlink"
schemes = ["fill", "equal", "odd"]
trials = 3
[config]
num_users = 2
[sweep]
transmit_power_dbw = [0.0, 5.0]
"""
ALL_VERBS = """
import sys
from leoisac.cli.app import app
from leoisac.cli.output import never_fail_to_print
never_fail_to_print()
toy = ["--plugin", sys.argv[1]]
store = ["store", *toy]
for verb in (
    ["list", *toy], ["list", "toy-downlink", *toy], ["show", "toy.toml", *toy], ["schemes", "toy-downlink", *toy],
    ["init", "toy-downlink", *toy], ["cite", "toy-downlink", *toy], ["run", "toy.toml", "--store", "store", *toy],
    ["resume", *store], ["status", *store], ["check", *store], ["plot", *store], ["report", *store],
    ["export", *store, "--to", "csv"], ["verify", "toy-downlink", *toy], ["verify", *store],
    ["run", "toy-downlink/users", "--store", "users", *toy], ["show", "self-backhaul"], ["list", "self-backhaul"],
):
    print("VERB", *verb, flush=True)
    app(verb, standalone_mode=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii", "COLUMNS": "40"},
        {"PYTHONIOENCODING": "cp1252", "COLUMNS": "200", "NO_COLOR": "1"},
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, marks=pytest.mark.further),
    ],
    ids=["ascii-40", "cp1252-200", "c-locale"],
)
def test_every_verb_prints_anywhere(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "toy.toml").write_text(SCENARIO)
    done = subprocess.run(
        [sys.executable, "-W", "error::UnicodeWarning", "-c", ALL_VERBS, str(TOY_FILE)],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    encoding = environment.get("PYTHONIOENCODING", "ascii")
    assert done.returncode == 0, done.stderr.decode(encoding, "replace")[-3000:]
    text = done.stdout.decode(encoding)
    assert text.count("VERB") == 18
    assert "+-" in text if encoding == "ascii" else "±" in text
    assert "\x1b[" not in text, "colours in a pipe"
    said = done.stderr.decode(encoding)
    assert "compiling" in said or "of 18 trials" in said, "no word in a pipe while it computes"


def test_fallbacks_are_readable() -> None:
    assert plain("3 ± 1 → 5 s², 34°, naïve, ≥ 2 …") == "3 +- 1 -> 5 s^2, 34deg, naive, >= 2 ..."
    assert plain("rad² ± 1 → 2").isascii()


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [*arguments, "--plugin", str(TOY_FILE)])
    assert result.exit_code == code, result.output
    return result.output


class TestPaths:
    @pytest.mark.parametrize("out", ["toy.toml/x.png", "x.jpg", "folder.png"])
    def test_are_refused_before_any_work(self, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO)
        (tmp_path / "folder.png").mkdir()
        assert "--out" in call("run", "toy.toml", "--store", "store", "--out", out, code=2)
        assert not (tmp_path / "store").exists()

    def test_a_preset_is_no_option_of_a_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO)
        assert "--trials" in call("run", "toy.toml", "--preset", "quick", code=2)


class TestFiles:
    def test_pictures_say_what_they_are(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        out = call("run", "toy-downlink/fig-1", "--trials", "5", "--set", "num_users=4", "--seed", "7")
        assert "more of them" not in out.lower()
        folder = tmp_path / "runs" / "toy-downlink-fig-1-quick"
        with Image.open(folder / "fig-1.png") as picture:
            text = picture.text["Description"]  # type: ignore[attr-defined]
        for part in ("toy-downlink", "num_users = 4", "5 of 100 trials", "seed 7", "leoisac "):
            assert part in text, text
        call("plot", str(folder), "--out", "shown.svg", "--footnote")
        assert "num_users = 4" in (tmp_path / "shown.svg").read_text()

    def test_a_quick_run_says_how_to_go_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        out = call("run", "toy-downlink/fig-1")
        assert "4 of 100 trials" in out
        assert "--trials 40" in out


class TestFiguresKnowTheirStudies:
    def test_data_of_another_study_are_refused_with_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO.replace("transmit_power_dbw = [0.0, 5.0]", "num_users = [2, 3]"))
        call("run", "toy.toml", "--store", "store", "--no-plot")
        said = call("plot", "store", "--figure", "fig-1", code=2)
        assert "sweep num_users" in said
        assert "leoisac run toy-downlink/fig-1" in said

    def test_so_is_another_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO)
        call("run", "toy.toml", "--store", "store", "--no-plot")
        assert "min_rate" in call("plot", "store", "--figure", "fig-1", code=2)


def test_verdicts_stand_where_one_of_several_stores_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        call("run", "toy-downlink/fig-1", "--store", f"runs/{name}", "--no-plot")
    unit = next((tmp_path / "runs" / "two").rglob("*.npz"))
    unit.write_bytes(unit.read_bytes()[:50])
    said = call("verify", "toy-downlink")
    assert "passed over" in said
    assert "T-1" in said
    assert "T-1" not in call("verify", "runs/two", code=2)
