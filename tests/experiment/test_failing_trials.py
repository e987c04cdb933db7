"""Schemes of users that raise, return what is no design, or are asked of code that has changed: what is said."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue, cli
from leoisac.api.contract_checks import BrokenContractError, check_scheme
from leoisac.experiment.plugin_modules import PREFIX
from leoisac.experiment.running.runner import works_by_trial
from leoisac.experiment.scenario.routes import scheme_route
from leoisac.experiment.tracebacks import last_words, span_text
from leoisac.foundation.config import ConfigError
from leoisac.foundation.status import DesignError, Status
from leoisac.own.records import UnusableError

EXAMPLE = Path(__file__).parents[2] / "examples" / "rzf_scheme.py"
HALF = '''
import numpy as np
import leoisac as li

@li.scheme(system="toy-downlink", name="half", label="Half", traced=False)
def half(d):
    """Half of the budget."""
    users = d.h_users.shape[0]
    BODY
    return {"powers": np.full(users, 0.5 * d.power / users)}
'''
RAISES = "if abs(d.h_users[0]) > abs(d.h_users[1]): raise RuntimeError('my solver died')"
TOY = "toy-downlink"


pytestmark = pytest.mark.usefixtures("forgotten_plugins")


def written(folder: Path, name: str, body: str = "pass", text: str = HALF) -> Path:
    file = folder / f"{name}_{folder.name}.py"  # loaded modules have names of their own
    file.write_text(text.replace("BODY", body), encoding="utf-8")
    return file


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


def assert_same(one: Any, other: Any) -> None:
    for name in one.variables:
        assert one[name].values.tobytes() == other[name].values.tobytes(), name
    assert one.attrs.get("failures") == other.attrs.get("failures")


class TestTrials:
    def test_only_those_that_raise_fail_in_whatever_portions(self, tmp_path: Path) -> None:
        config = li.config(TOY)
        li.load_plugin(written(tmp_path, "raising"))
        sound = li.run(config, ["half", "equal"], trials=9)
        li.load_plugin(written(tmp_path, "raising", RAISES))
        whole = li.run(config, ["half", "equal"], trials=9)
        died = whole["status"].sel(scheme="half").values == Status.FAILED
        assert 0 < died.sum() < 9
        for name in sound.variables:  # the others have the bits that they have in sound company
            for scheme in ("half", "equal") if {"scheme", "trial"} <= set(sound[name].dims) else ():
                kept = {"scheme": scheme, "trial": np.flatnonzero(~died)}
                assert sound[name].sel(kept).values.tobytes() == whole[name].sel(kept).values.tobytes(), name
        failures = json.loads(whole.attrs["failures"])
        assert all("my solver died" in failure["traceback"] for failure in failures)
        shown = [trial for one in failures for trial in range(one["first"], one["stop"])]
        assert shown == np.flatnonzero(died).tolist()
        for size in (1, 2, 4):
            assert_same(li.run(config, ["half", "equal"], trials=9, unit_trials=size), whole)
        for count in range(1, 9):
            li.run(config, ["half", "equal"], trials=count, store=tmp_path / "grown")
        grown = li.run(config, ["half", "equal"], trials=9, store=tmp_path / "grown")
        assert_same(grown, whole)
        assert_same(li.open_run(tmp_path / "grown"), whole)
        text = call("status", tmp_path / "grown")
        first = failures[0]
        assert f"half, {span_text(first['first'], first['stop'])}: RuntimeError: my solver died\n" in text

    def test_what_stops_a_compiled_scheme_stops_all_of_it(self, tmp_path: Path) -> None:
        text = HALF.replace(", traced=False", "")
        li.load_plugin(written(tmp_path, "compiled", "raise RuntimeError('no program')", text))
        li.load_plugin(written(tmp_path, "not_compiled", "pass", HALF.replace('"half"', '"plain"')))
        system = catalogue.find(TOY)
        assert not works_by_trial(scheme_route(system, "half"))
        assert works_by_trial(scheme_route(system, "plain"))
        data = li.run(li.config(TOY), ["half"], trials=5)
        (failure,) = json.loads(data.attrs["failures"])
        assert (failure["first"], failure["stop"]) == (0, 5)
        assert last_words(failure["traceback"]) == "RuntimeError: no program"


class TestRefusedResume:
    @pytest.mark.parametrize("has_manifest", [True, False])
    def test_it_touches_nothing(self, has_manifest: bool, tmp_path: Path) -> None:
        config, folder = li.config(TOY), tmp_path / "store"
        file = written(tmp_path, "changing")
        li.load_plugin(file)
        li.run(config, ["half"], trials=3, store=folder)
        li.load_plugin(written(tmp_path, "changing", "users = 2 * users // 2"))
        if not has_manifest:
            (folder / "manifest.json").unlink()
        before = _content(folder)
        again: list[Any] = [lambda: li.run(config, ["half", "equal"], trials=5, store=folder)]
        if has_manifest:
            again.append(lambda: li.resume(folder, trials=8, schemes=["equal"]))
        for refused in again:
            with pytest.raises(
                li.StoreError, match=r"other code of `half`.*`leoisac resume DIR --repair .*--plugin \S*/changing"
            ):
                refused()
            assert _content(folder) == before
        if has_manifest:
            assert "3 of 3 trials stored" in call("status", folder)
            assert li.resume(folder, trials=4, repair=True).sizes["trial"] == 4


def _content(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


class TestOtherCode:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A store of code that has changed since."""
        monkeypatch.chdir(tmp_path)
        li.load_plugin(written(tmp_path, "changing"))
        sweep = {"transmit_power_dbw": [0, 10]}
        li.run(li.config(TOY), ["half", "equal"], sweep, trials=3, store=tmp_path / "a store")
        li.load_plugin(written(tmp_path, "changing", "users = 2 * users // 2"))
        return tmp_path / "a store"

    def test_every_output_says_so(self, folder: Path) -> None:
        said = "half: computed by other code than is loaded now."
        assert f"Warning: {said}\n" in call("status", folder)
        for to, name in (("csv", "run.csv"), ("summary.csv", "run.summary.csv"), ("latex", "run.tex")):
            assert f"Warning: {said}\n" in call("export", folder, "--to", to)
            text = (folder / name).read_text(encoding="utf-8")
            assert text.count(said) == 1
            if to == "latex":
                assert f"\n% Warning: {said}\n" in text
            else:
                header, first, second = text.splitlines()[:3]
                assert header.endswith(",warnings")
                assert first.endswith(f",{said}")
                assert second.endswith(",")
        assert f"Warning: {said}\n" in call("plot", folder, "--metric", "sum_rate", "--out", folder / "a.svg")
        assert f"Warning: {said}\n" in call("report", folder)
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert said in page
        assert f"--store again-run --plugin toy_system.py --plugin changing_{folder.parent.name}.py" in page
        sound = li.run(li.config(TOY), ["half"], trials=2)
        li.export(sound, folder.parent / "sound.csv")
        assert "warnings" not in (folder.parent / "sound.csv").read_text(encoding="utf-8")

    def test_suggested_commands_name_the_plugin(self, folder: Path) -> None:
        store = f"'{folder}'"
        toy = next(file for file in catalogue.plugin_files() if "toy_system" in file)
        plugins = f"--plugin {toy} --plugin changing_{folder.parent.name}.py"
        text = call("check", folder, code=1)
        assert f"To set this aside: leoisac check {store} --repair {plugins}." in text
        assert f"To compute it anew: leoisac resume {store} {plugins}\n" in text
        next(folder.glob("units/*/half.fast/*.npz")).unlink()
        for file in folder.glob("units/*/*/*.npz"):
            os.utime(file, (time.time() - 7200, time.time() - 7200))
        assert f"Continue with: leoisac resume {store} {plugins}\n" in call("status", folder)


class TestWhatIsReturned:
    @pytest.mark.parametrize("traced", [True, False])
    def test_transposed_beams(self, traced: bool, tmp_path: Path) -> None:
        text = EXAMPLE.read_text(encoding="utf-8")
        body = text.replace('"bs_beams": beams,', '"bs_beams": beams.T,')
        assert body != text
        if not traced:
            body = body.replace('name="rzf"', 'name="rzf", traced=False')
        file = written(tmp_path, f"turned_{traced}".lower(), text=body)
        li.load_plugin(file)
        system = catalogue.find("self-backhaul")
        config = li.config("self-backhaul", **system.small)
        sizes = system.axis_sizes(config)
        users, antennas = sizes["user"], sizes["bs_antenna"]
        assert users != antennas
        with pytest.raises(UnusableError) as caught:
            li.design(config, li.draw(config, trials=2), "rzf")
        line = next(number for number, one in enumerate(body.splitlines(), 1) if one.startswith("@li.scheme"))
        assert str(caught.value) == (
            f"{file.name}:{line}: rzf returns `bs_beams` with the shape ({antennas}, {users}); its axes are "
            f"(user {users}, bs_antenna {antennas}). It looks transposed: `.T` of it has the axes (user, bs_antenna)."
        )

    def test_over_the_budget_the_check_names_it(self, tmp_path: Path) -> None:
        li.load_plugin(written(tmp_path, "over", 'return {"powers": np.full(users, 2 * d.power / users)}'))
        system = catalogue.find(TOY)
        with pytest.raises(
            BrokenContractError, match=r"0 of 4 designs count \(INACCURATE; missed by: power -.*mend the"
        ):
            check_scheme(system, system.scheme("half"))
        li.load_plugin(written(tmp_path, "over", 'return {"powers": np.full(users, np.nan)}'))
        system = catalogue.find(TOY)
        with pytest.raises(BrokenContractError, match=r"0 of 4 designs count .*NONFINITE.*what the scheme returns"):
            check_scheme(system, system.scheme("half"))

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ("users = users if d.power > 1 else 1", r"asks whether a value is true .*jnp\.where.*or say traced=False"),
            ("np.asarray(d.h_users)", r"as a Python number or NumPy array.*Use jax\.numpy.*or say traced=False"),
        ],
    )
    def test_what_cannot_be_compiled(self, body: str, sentence: str, tmp_path: Path) -> None:
        file = written(tmp_path, f"untraced_{abs(hash(body))}", body, HALF.replace(", traced=False", ""))
        li.load_plugin(file)
        config = li.config(TOY)
        with pytest.raises(UnusableError, match=rf"^{file.name}:9: half cannot be compiled: .*{sentence}"):
            li.design(config, li.draw(config, trials=1), "half")
        data = li.run(config, ["half"], trials=2)
        (failure,) = json.loads(data.attrs["failures"])
        assert f"{file.name}:9: half cannot be compiled" in last_words(failure["traceback"])

    def test_other_arrays(self, tmp_path: Path) -> None:
        file = written(tmp_path, "others", 'return {"power": d.power}')
        li.load_plugin(file)
        config = li.config(TOY)
        with pytest.raises(UnusableError, match=rf"^{file.name}:5: half returns arrays \['power'\]"):
            li.design(config, li.draw(config, trials=1), "half")


class TestLoading:
    def test_a_file_that_ends_the_program(self, tmp_path: Path) -> None:
        file = tmp_path / "ending.py"
        file.write_text("import sys\n\nsys.exit(3)\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"^ending\.py:3: SystemExit: 3: it ends the program.*__main__"):
            li.load_plugin(file)
        assert "ending.py:3: SystemExit" in call("check", file, code=1)

    def test_a_file_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "my_helper_of_this_test.py").write_text("X = 1\n", encoding="utf-8")
        file = written(tmp_path, "helped", text="import my_helper_of_this_test\n" + HALF)
        with pytest.raises(ConfigError) as caught:
            li.load_plugin(file)
        for part in ("1: ModuleNotFoundError", "lies beside it", "--plugin FOLDER", f"PYTHONPATH={tmp_path}"):
            assert part in str(caught.value)
        folder = tmp_path / "package"
        folder.mkdir()
        (folder / "my_helper_of_this_test.py").write_text("X = 1\n", encoding="utf-8")
        (folder / "__init__.py").write_text("from .my_helper_of_this_test import X\n" + HALF, encoding="utf-8")
        assert li.load_plugin(folder) == (TOY,)  # as the sentence says
        before = catalogue.find(TOY).program("half")
        (folder / "my_helper_of_this_test.py").write_text("X = 2\n", encoding="utf-8")
        li.load_plugin(folder)
        assert catalogue.find(TOY).program("half") != before
        assert sys.modules[f"{PREFIX}package"].X == 2


@pytest.mark.parametrize(
    ("trace", "line"),
    [
        ('Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x\n    ^\nKeyError: 1\n', "KeyError: 1"),
        ('  File "a.py", line 1, in f\nValueError: a\n  b\nc\n----\nFor simplicity, JAX has removed', "ValueError: a"),
        ("a worker died twice.\nSignal 9.\n", "Signal 9."),
        ("", ""),
    ],
)
def test_the_line_that_names_the_exception(trace: str, line: str) -> None:
    assert last_words(trace) == line


def test_design_arrays_are_checked_by_the_configuration_too(tmp_path: Path) -> None:
    """Axes that no channel has: what the judge takes without complaint is refused where users' schemes return it."""
    from leoisac.experiment.trials.design_arrays import check_shapes

    system = catalogue.find("self-backhaul")
    config = li.config("self-backhaul", **system.small)
    design = type("Design", (), {"bs_beams": np.zeros((4, 3))})()
    with pytest.raises(DesignError, match=r"design\.bs_beams: has shape \(3,\) after the trials; .*\(user \d, bs_ant"):
        check_shapes(system, config, design)
