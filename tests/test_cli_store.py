"""The verbs that read stored results: status and verify."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue, cli
from leoisac.experiment.contracts import System
from leoisac.experiment.reading.progress import store_state
from leoisac.experiment.running.campaign import run_studies
from leoisac.experiment.scenario.scenarios import scenario, study_scenario
from leoisac.foundation.number_text import duration_text
from leoisac.foundation.status import Status

TOY = "toy-downlink"
CONFIG = li.config(TOY)


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 2 points x 3 schemes x 20 trials, in units of 8."""
    folder = tmp_path_factory.mktemp("made") / "demo"
    li.run(CONFIG, sweep={"transmit_power_dbw": [0, 10]}, trials=20, store=folder, unit_trials=8)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a copy of that store."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "demo")
    return tmp_path / "demo"


def units(folder: Path) -> list[Path]:
    return sorted(folder.glob("units/*/*/*.npz"))


class TestState:
    def test_of_a_finished_run(self, folder: Path) -> None:
        dataset = li.open_run(folder)
        state = store_state(folder, catalogue.find)
        assert (state.system, state.wanted, state.left, state.remaining_s) == (TOY, 120, 0, 0.0)
        for item in state.schemes:
            one = dataset.sel(scheme=item.label)
            assert item.statuses == {code: n for code in Status if (n := int((one["status"] == code).sum()))}
            assert item.usable == int(one["usable"].sum())
            assert item.seconds > 0
        assert not state.failures

    def test_rate_is_of_the_last_quarter_of_an_hour(self, folder: Path, forge_manifest: Any) -> None:
        """Units of 8, 8 and 4 trials, a third of them published ten minutes ago: 40 trials since then."""
        now = time.time()
        made = units(folder)
        assert len(made) == 18
        for position, file in enumerate(made):
            os.utime(file, (now, now - (600 if position < 6 else 3000)))
        forge_manifest(folder, lambda data: data["sessions"][-1].update(created="2020-01-01T00:00:00+00:00"))
        state = store_state(folder, catalogue.find, now=now)
        assert state.rate == pytest.approx(6 * (120 / 18) / 900)
        assert state.idle_s == pytest.approx(600, abs=1e-3)
        later = store_state(folder, catalogue.find, now=now + 10_000)
        assert later.rate is None
        made[0].unlink()
        left = store_state(folder, catalogue.find, now=now)
        assert left.left == 8
        assert left.remaining_s == pytest.approx(8 / left.rate)

    def test_an_earlier_session_does_not_count_for_the_rate(self, folder: Path, forge_manifest: Any) -> None:
        now = time.time()
        for file in units(folder):
            os.utime(file, (now, now - 100))
        created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now - 50))
        forge_manifest(folder, lambda data: data["sessions"].append({**data["sessions"][-1], "created": created}))
        assert store_state(folder, catalogue.find, now=now).rate is None

    def test_studies_that_share_trials_are_counted_once(self, toy: System, tmp_path: Path) -> None:
        power = toy.study("power").preset("quick")
        studies = {"a": study_scenario(toy, power), "b": study_scenario(toy, power, trials=6)}
        run_studies(toy, studies, tmp_path / "store")
        state = store_state(tmp_path / "store", catalogue.find)
        assert state.wanted == 2 * 2 * 6
        assert [(item.name, item.wanted, item.left) for item in state.studies] == [("a", 16, 0), ("b", 24, 0)]

    def test_a_rule_for_trials_decides_what_is_wanted(self, toy: System, tmp_path: Path) -> None:
        """Equal powers miss the least rate in some trials, and then more trials are asked for."""
        config = toy.config().replace(min_rate=0.03)
        wanted = scenario(toy, config, ["fill", "equal"], {"transmit_power_dbw": [0, 10]}, trials=20, count="usable")
        run_studies(toy, {"run": wanted}, tmp_path / "store")
        state = store_state(tmp_path / "store", catalogue.find)
        dataset = li.open_run(tmp_path / "store")
        assert (state.left, state.settled) == (0, True)
        assert state.wanted == int((dataset["status"] >= 0).sum()) > 80
        assert all(item.usable >= 40 for item in state.schemes)
        for file in units(tmp_path / "store"):
            file.unlink()
        state = store_state(tmp_path / "store", catalogue.find)
        assert (state.wanted, state.left, state.settled) == (80, 80, False)
        assert "The rule for trials may ask for more than this." in call("status", tmp_path / "store")

    def test_failures_stay_to_be_done_until_they_succeed(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        module = sys.modules[catalogue.find(TOY).evaluate.partition(":")[0]]
        with monkeypatch.context() as patch:
            patch.setattr(module, "equal", module.broken)
            run_more(folder)
        state = store_state(folder, catalogue.find)
        (equal,) = (item for item in state.schemes if item.label == "equal")
        assert (equal.left, equal.statuses[Status.FAILED]) == (10, 10)
        assert {failure.scheme for failure in state.failures} == {"equal"}
        assert "the solver that always fails" in state.failures[0].traceback
        text = call("status", folder)
        assert "FAILED: The solver raised an exception" in text
        assert "equal, trials 20 to 24: ArithmeticError: the solver that always fails" in text
        run_more(folder)
        state = store_state(folder, catalogue.find)
        assert (state.left, state.failures) == (0, ())

    def test_a_unit_replaced_while_being_read_is_read_again(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from leoisac.experiment.store.folders import DirectoryStore

        read, calls = DirectoryStore.read, iter(range(1000))

        def unlucky(self: Any, key: Any, *rest: Any) -> Any:
            if next(calls) == 0:
                raise li.StoreError("this unit is damaged (No such file or directory)")
            return read(self, key, *rest)

        monkeypatch.setattr(DirectoryStore, "read", unlucky)
        assert store_state(folder, catalogue.find).left == 0

    def test_a_damaged_unit_is_named(self, folder: Path) -> None:
        units(folder)[3].write_bytes(b"nothing")
        with pytest.raises(li.StoreError, match=r"\.npz: this unit is damaged"):
            store_state(folder, catalogue.find)


def run_more(folder: Path) -> None:
    li.run(CONFIG, sweep={"transmit_power_dbw": [0, 10]}, trials=25, store=folder, unit_trials=8)


class TestStatus:
    def test_of_a_finished_run(self, folder: Path) -> None:
        text = call("status", folder)
        assert "120 of 120 trials stored (100%), 0 left" in text
        assert "leoisac resume" not in text
        assert "INACCURATE" in text

    def test_while_a_run_goes_on(self, folder: Path) -> None:
        for file in units(folder)[:9]:
            file.unlink()
        text = call("status", folder)
        assert " left" in text
        assert "trials/s lately, about 0:00:" in text
        assert "leoisac resume" not in text

    def test_of_a_run_that_stands_still(self, folder: Path) -> None:
        made = units(folder)
        made[0].unlink()
        for file in made[1:]:
            os.utime(file, (time.time(), time.time() - 7200))
        text = call("status", folder)
        assert "Last result 2:00:00 ago: perhaps nothing is running." in text
        assert f"Continue with: leoisac resume {folder}" in text

    def test_before_the_first_result(self, folder: Path) -> None:
        for file in units(folder):
            file.unlink()
        text = call("status", folder)
        assert "0 of 120 trials stored (0%), 120 left" in text
        assert "Nothing stored yet" in text

    def test_no_store(self, tmp_path: Path) -> None:
        assert "there is no result store here" in call("status", tmp_path / "absent", code=2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (3.4, "0:00:03"), (3725, "1:02:05"), (90061, "1 d 1:01:01")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


class TestCheck:
    def test_a_sound_store(self, folder: Path) -> None:
        text = call("check", folder)
        assert "sound" in text.splitlines()[1]
        assert [line.split()[:4] for line in text.splitlines() if line.startswith("fill.fast")] == [
            ["fill.fast", "6", "0", "0"]
        ]
        assert "All 22 files sound." in text  # 18 units, 2 configurations, a scenario, the manifest

    def test_every_kind_of_fault_is_listed(self, folder: Path) -> None:
        made = units(folder)
        made[0].write_bytes(made[0].read_bytes()[:-1])
        made[1].with_name("40-48.npz").write_bytes(made[1].read_bytes())
        made[2].with_name("copy of 0-8.npz").write_bytes(made[2].read_bytes())
        (folder / "demo.toml").write_text("mine")  # no file of the store's
        (folder / "run.toml").write_text((folder / "run.toml").read_text().replace("trials = 20", "trials = 2"))
        described = made[0].parent.parent / "config.json"
        described.write_text("{}")
        stray = folder / "units" / ("0" * 16) / "fill.fast"
        stray.mkdir(parents=True)
        (stray / "0-8.npz").write_bytes(made[3].read_bytes())
        before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        text = call("check", folder, code=1)
        for line in (
            f"damaged: {made[0]}: ",
            f"foreign: {made[1].with_name('40-48.npz')}: was made for trials",
            "copy of 0-8.npz: its name is not one of a unit",
            "run.toml: does not say what the manifest says",
            f"damaged: {described}: is not the configuration of its folder",
            f"foreign: {stray / '0-8.npz'}: no study of this store asks for it",
            f"leoisac check {folder} --repair",
        ):
            assert line in text
        assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
        text = call("check", folder, "--repair")
        assert f"; now {folder / 'damaged'}" in text
        assert "; written anew" in text
        assert "sound." in call("check", folder)
        assert (folder / "demo.toml").read_text() == "mine"
        li.resume(folder)
        assert store_state(folder, catalogue.find).left == 0

    def test_names_that_no_terminal_takes(self, folder: Path) -> None:
        source = units(folder)[0]
        os.makedirs(os.fsencode(folder / "units") + b"/\x1b[2J/\xff")
        for name in (
            os.fsencode(source.parent) + b"/\x1b[2J\xff.npz",
            os.fsencode(folder) + b"/units/\x1b[2J/\xff/0-8.npz",
        ):
            with open(name, "wb") as stream:
                stream.write(source.read_bytes())
        text = call("check", folder, code=1)
        assert "\x1b" not in text
        assert text.count("foreign: ") == 2
        call("check", folder, "--repair")

    def test_exit_codes_for_scripts(self, folder: Path, tmp_path: Path) -> None:
        assert "there is no result store here" in call("check", tmp_path / "absent", code=2)
        (folder / "manifest.json").write_bytes(b"{" * 10_000)
        text = call("check", folder, code=1)
        assert f"damaged: {folder / 'manifest.json'}: cannot be read" in text
        assert f"leoisac run {folder}/STUDY.toml --store {folder}" in text

    def test_from_python(self, folder: Path) -> None:
        file = units(folder)[0]
        file.write_bytes(b"")
        found = li.check_store(folder)
        assert not found.sound
        assert [(item.file, item.kind, item.group) for item in found.bad] == [(file, "damaged", "equal.fast")]
        assert li.check_store(folder, repair=True).sound
        assert not li.check_store(folder).bad

    def test_a_folder_that_hides_its_units_is_not_sound(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Path.iterdir

        def hidden(self: Path) -> Any:
            if self.name == "fill.fast":
                raise PermissionError(13, "Permission denied", str(self))
            return real(self)

        monkeypatch.setattr(Path, "iterdir", hidden)
        assert "fill.fast: cannot be read: Permission denied" in call("check", folder, code=2)


READERS = (["status"], ["plot"], ["export", "--to", "csv"], ["report"], ["verify"], ["check"], ["resume"])


@pytest.mark.parametrize("verb", READERS, ids=lambda verb: verb[0])
class TestEveryVerb:
    """Each verb that reads a store, before the same strange or damaged ones."""

    def test_a_name_that_is_a_path(self, folder: Path, forge_manifest: Any, verb: list[str]) -> None:
        def change(data: Any) -> None:
            for part in ("studies", "fingerprints"):
                data[part] = {"../../X": data[part]["run"]}

        forge_manifest(folder, change)
        before = sorted(folder.parent.rglob("*"))
        assert "study = '../../X': must be a name" in call(verb[0], folder, *verb[1:], code=2)
        assert sorted(folder.parent.rglob("*")) == before

    def test_a_flipped_bit(self, folder: Path, verb: list[str]) -> None:
        content = bytearray(units(folder)[5].read_bytes())
        content[content.index(b"status.npy") + 40] ^= 4
        units(folder)[5].write_bytes(bytes(content))
        text = call(verb[0], folder, *verb[1:], code=1 if verb[0] == "check" else 2)
        assert units(folder)[5].name in text
        assert "--repair" in text

    def test_a_store_that_may_not_be_written(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: list[str]
    ) -> None:
        """What reads says where it would write instead; what computes says that it cannot."""
        monkeypatch.setattr(
            os, "access", lambda path, mode, **options: mode != os.W_OK or folder not in (path, *Path(path).parents)
        )
        if verb[0] in ("status", "verify", "check"):
            call(verb[0], folder)
        elif verb[0] != "resume":
            assert "may not be written here; say where to write with --out" in call(verb[0], folder, *verb[1:], code=2)
            out = tmp_path / {"plot": "a.png", "export": "a.csv", "report": "a.html"}[verb[0]]
            call(verb[0], folder, *verb[1:], "--out", out)
            assert out.stat().st_size > 1000

    def test_nothing_is_written_through_a_link(self, folder: Path, tmp_path: Path, verb: list[str]) -> None:
        names = {"plot": "sweep.png", "export": "run.csv", "report": "report.html"}
        if verb[0] not in names:
            return
        (tmp_path / "precious").write_text("mine")
        (folder / names[verb[0]]).symlink_to(tmp_path / "precious")
        assert "nothing is written through a link" in call(verb[0], folder, *verb[1:], code=2)
        assert (tmp_path / "precious").read_text() == "mine"


def test_a_damaged_store_is_not_passed_over_in_silence(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")
    assert "Warning: passed over: demo/manifest.json" in call("verify", TOY, "--runs", ".")


def test_sweep_values_in_the_names_of_pictures(folder: Path) -> None:
    """Texts of a configuration are no paths."""
    modes = {"mode": ["../../x", "plain"], "transmit_power_dbw": [0, 5, 10]}
    li.run(CONFIG, ["fill"], modes, trials=2, store=folder.with_name("texts"))
    text = call("plot", folder.with_name("texts"))
    assert "sweep-mode-.._.._x.png" in text
    assert (folder.with_name("texts") / "sweep-mode-plain.png").exists()


class TestVerify:
    def test_without_any_store_says_what_to_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        text = call("verify", TOY)
        assert "2 insufficient" in text
        assert "No store of `toy-downlink` below runs." in text
        assert "leoisac run toy-downlink/fig-1 --preset paper" in text
        assert not list(tmp_path.iterdir())  # nothing was computed

    def test_finds_the_stores_of_a_system(self, toy: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        run_studies(toy, {"power": study_scenario(toy, toy.study("power"), trials=50)}, "runs/power")
        (tmp_path / "runs" / "other").mkdir()
        (tmp_path / "runs" / "old").mkdir()
        (tmp_path / "runs" / "old" / "manifest.json").write_text('{"schema": 0}')
        text = call("verify", TOY)
        assert "1 reproduced, 1 insufficient" in text
        assert f"From: {Path('runs') / 'power'}" in text
        assert "leoisac run toy-downlink/users --preset paper" in text
        assert text == call("verify", Path("runs") / "power")

    def test_a_system_without_claims(self, folder: Path, toy: System, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        monkeypatch.setattr(sys.modules[toy.claims.partition(":")[0]], "CLAIMS", ())
        assert "has no claims to check" in call("verify", folder)

    def test_a_slip_of_the_pen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert "Did you mean `toy-downlink`?" in call("verify", "toy-downlnk", code=2)
