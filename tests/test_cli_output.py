"""Output that never surprises: any encoding, any width, a pipe; files that say what they show; paths checked first."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from leoisac import cli
from leoisac.cli.output import plain
from leoisac.cli.tables import PlainTable

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


def call_bare(*arguments: str, code: int) -> str:
    """Of a verb that takes no plugin; whatever it refuses, it says so itself."""
    result = CliRunner().invoke(cli.app, list(arguments))
    assert result.exit_code == code, repr(result.exception)
    assert isinstance(result.exception, SystemExit)
    return result.output


class TestNarrowTables:
    def made(self) -> PlainTable:
        table = PlainTable("Heading", "scheme")
        for name in ("trials", "usable", "per trial"):
            table.add_column(name, justify="right")
        table.add_row("pa1:reference", "12345", "100%", "4.57 ms")
        table.add_row("das", "7", "", "0.3 ms")
        return table

    def printed(self, width: int) -> str:
        out = Console(file=io.StringIO(), width=width)
        out.print(self.made())
        return out.file.getvalue()  # type: ignore[attr-defined]

    @pytest.mark.parametrize("width", [12, 20, 30, 40, 60, 160])
    def test_no_number_is_cut(self, width: int) -> None:
        text = self.printed(width)
        assert "…" not in text
        for number in ("12345", "100%"):
            assert number in text
        assert "4.57 ms" in " ".join(text.split())

    def test_rows_stand_below_each_other_where_there_is_no_room(self) -> None:
        assert self.printed(30).splitlines() == [
            *("Heading", "scheme: pa1:reference", "  trials: 12345", "  usable: 100%", "  per trial: 4.57 ms"),
            *("scheme: das", "  trials: 7", "  per trial: 0.3 ms"),
        ]
        assert self.printed(50).splitlines()[1].split() == ["scheme", "trials", "usable", "per", "trial"]

    def test_what_a_sweep_takes_the_place_of_is_not_shown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO.replace("num_users = 2", "transmit_power_dbw = 7.0"))
        (line,) = [line for line in call("show", "toy.toml").splitlines() if line.startswith("transmit_power_dbw")]
        assert line.split()[1] == "swept,"


class TestSignals:
    """A traceback out of an import, or out of what ends the process, tells nobody anything."""

    def ended(self, program: str) -> subprocess.CompletedProcess[str]:
        begin = "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        command = [sys.executable, "-c", f"{begin}{program}from leoisac.__main__ import main\nmain()\n", "list"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def test_during_imports(self) -> None:
        done = self.ended(
            "class Finder:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'leoisac.cli.run':\n"
            "            signal.raise_signal(signal.SIGINT)\n"
            "            time.sleep(30)\n"
            "sys.meta_path.insert(0, Finder())\n"
        )
        assert (done.returncode, done.stderr, done.stdout) == (128 + signal.SIGINT, "Interrupted.\n", "")

    def test_while_libraries_clean_up(self) -> None:
        done = self.ended(
            "import atexit\natexit.register(lambda: (signal.raise_signal(signal.SIGINT), time.sleep(30)))\n"
        )
        assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
        assert "self-backhaul" in done.stdout


class TestPaths:
    @pytest.mark.parametrize("out", ["toy.toml/x.png", "x.jpg", "folder.png"])
    def test_are_refused_before_any_work(self, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "toy.toml").write_text(SCENARIO)
        (tmp_path / "folder.png").mkdir()
        assert "--out" in call("run", "toy.toml", "--store", "store", "--out", out, code=2)
        assert not (tmp_path / "store").exists()

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("coverage none.toml --out afile/x.png", "--out afile/x.png"),
            ("coverage none.toml --csv afile/x.csv", "--csv afile/x.csv"),
            ("coverage none.toml --csv folder.png", "--csv folder.png: is a folder"),
            ("coverage none.toml --save afile/x.nc", "--save afile/x.nc"),
            ("coverage none.toml --save x.txt", "--save x.txt: must end in .nc"),
            ("plot none --out afile/x.png", "--out afile/x.png"),
            ("plot none --out afile/x.gif", "--out afile/x.gif"),
            ("plot none.nc --out x.gif", "--out x.gif: must end in .png, .pdf, .svg or .pgf"),
            ("report none --out afile/x.html", "--out afile/x.html"),
            ("export toy-downlink --scheme fill --out afile/x.json", "--out afile/x.json"),
            ("verify toy-downlink --to afile/x.json", "--to afile/x.json"),
            ("bench toy-downlink --out afile/x.json", "--out afile/x.json"),
            ("bench toy-downlink --plot x.jpg", "--plot x.jpg: must end in"),
            ("run toy-downlink/fig-1 --store afile/x", "afile/x: cannot be written: Not a directory. Its place is"),
        ],
    )
    def test_of_every_verb_are_refused_before_any_work(
        self, arguments: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "afile").touch()
        (tmp_path / "folder.png").mkdir()
        assert f"Error: {said}" in call_bare(*arguments.split(), code=2)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["afile", "folder.png"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("plot x.nc --metric m --schemes a --x b", "--x, --schemes, --metric: x.nc is drawn whole"),
            ("plot none --out x.gif --schemes a --footnote", "--schemes, --footnote: are for pictures"),
            ("plot none --out x.gif --metric sum_rate", "shows gain_dbi or cn_db"),
            ("plot none --figure fig-1 --metric sum_rate", "--metric: is drawn instead of a figure"),
            ("plot none --figure fig-1 --view all", "--view: a figure of a system, or of a pass"),
            ("run toy-downlink/fig-1 --no-plot --out x.png", "--out: is of the picture"),
            ("run toy-downlink/fig-1 --estimate --cluster tls://x:1", "--cluster: --estimate measures in this process"),
            ("bench --batches --case a --trials 2", "--case, --trials: is of routes side by side"),
            ("bench --batches --all", "--all: measures"),
            ("bench --longest 2", "--longest: is of batches"),
            ("verify none --runs elsewhere", "--runs: is where stores of a system are looked for"),
            ("export none", "none: there is no such folder of a store, scenario file or system"),
            ("export none --to csv", "none: there is no such folder of a store"),
        ],
    )
    def test_options_that_would_be_passed_over_are_refused(
        self, arguments: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert said in call_bare(*arguments.split(), code=2)
        assert not list(tmp_path.iterdir())

    def test_what_is_no_coverage_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x.nc").write_text("nothing")
        assert "x.nc: cannot be read" in call_bare("plot", "x.nc", code=2)

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
