"""A system in one file has what every system has; what is wrong in it has one sentence with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue
from leoisac.api import contract_checks
from leoisac.api.plugin_checks import check_plugin
from leoisac.cli.app import app
from leoisac.cli.new import write_template
from leoisac.experiment.contracts import System
from leoisac.foundation.config import Config, ConfigError
from leoisac.own.numbers import SI, numbers_of

FILE = Path(__file__).with_name("own_system.py")
TEXT = FILE.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds is gone after it."""
    for kept in ("_plugins", "_plugin_files", "_schemes"):
        monkeypatch.setattr(catalogue, kept, dict(getattr(catalogue, kept)))


@pytest.fixture
def own() -> Iterator[System]:
    (system,) = catalogue.load_plugin(FILE)
    yield system
    for kept in (catalogue._plugins, catalogue._schemes):
        kept.pop("own-link", None)


def broken(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """A copy of the file under another name with some of its text changed."""
    text = TEXT.replace("own-link", name.replace("_", "-"))
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    return file


def line_of(file: Path, text: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


class TestWhatFollowsFromTheStatement:
    def test_metrics_margins_axes_and_labels(self, own: System) -> None:
        scalars = [name for name, metric in own.metrics.items() if not metric.axes]
        assert scalars == ["goal", "power", "margin_power", "snr", "margin_snr"]
        assert own.metrics["goal"].long_name == "rate of the user"  # the statement's docstring
        assert own.metrics["rate"].label == "rate of a user [bit/s/Hz]"
        assert own.axis_sizes(own.config(num_antennas=3)) == {"user": 1, "antenna": 3}
        best, first = own.schemes
        assert best.summary == "best beam"
        assert best.enforces == first.enforces == ("power", "snr")
        assert list(best.routes) == ["fast", "reference"]

    def test_designs_and_judge_against_the_closed_form(self) -> None:
        catalogue.load_plugin(FILE)
        config = li.config("own-link", power_dbw=3.0, noise_dbw=-2.0)
        channels = li.draw(config, seed=1, trials=3)
        gain = np.sum(np.abs(channels.h[:, 0]) ** 2, axis=1)
        rate = np.log2(1.0 + 10**0.5 * gain)
        best = li.design(config, channels, "best")
        np.testing.assert_allclose(best.objective, rate, rtol=1e-7)
        metrics = li.evaluate(config, channels, best)
        np.testing.assert_allclose(metrics["rate"][:, 0], rate, rtol=1e-7)
        np.testing.assert_allclose(metrics["power"], 10**0.3, rtol=1e-7)
        np.testing.assert_allclose(metrics["margin_snr"], 10**0.5 * gain / 0.1 - 1.0, rtol=1e-6)
        twin = li.design(config, channels, "best", route="reference")
        np.testing.assert_allclose(twin.objective, rate, rtol=1e-12)
        one = li.design(config, channels, "first-antenna")
        np.testing.assert_allclose(one.objective, np.log2(1 + 10**0.5 * np.abs(channels.h[:, 0, 0]) ** 2), rtol=1e-12)

    def test_a_design_that_misses_the_statement_does_not_count(self) -> None:
        catalogue.load_plugin(FILE)
        config = li.config("own-link", min_snr_db=12.0)
        channels = li.draw(config, trials=8)
        snr = 10.0 * np.abs(channels.h[:, 0, 0]) ** 2
        status = li.design(config, channels, "first-antenna").status
        np.testing.assert_array_equal(status == li.Status.CONVERGED, snr >= 10**1.2)
        assert 0 < np.sum(status == li.Status.CONVERGED) < 8

    def test_a_campaign_is_stored_and_continued_to_the_same_bits(self, tmp_path: Path) -> None:
        catalogue.load_plugin(FILE)
        config = li.config("own-link")
        whole = li.run(config, sweep={"power_dbw": [0.0, 10.0]}, trials=4)
        li.run(config, sweep={"power_dbw": [0.0]}, trials=2, store=tmp_path / "store")
        part = li.run(config, sweep={"power_dbw": [0.0, 10.0]}, trials=4, store=tmp_path / "store")
        for name in whole.variables:
            np.testing.assert_array_equal(part[name].values, whole[name].values, err_msg=str(name))
        assert whole["goal"].attrs["long_name"] == "rate of the user"
        assert whole["power_dbw"].attrs["units"] == "dBW"
        assert li.open_run(tmp_path / "store")["rate"].dims == ("scheme", "power_dbw", "trial", "user")


BROKEN = {
    "a dotted name": (
        [('draw=f"{__name__}:draw"', 'draw=f"{__name__}:drw"')],
        'draw=f"{__name__}:drw"',
        r'draw = "leoisac_plugin_\w+:drw": there is no `drw` in that module\. Did you mean `draw`\?',
    ),
    "a type that JAX does not know": (
        [
            (
                '    return {"h": (parts[0] +',
                '    class Pair:\n        pass\n\n    return {"g": Pair(), "h": (parts[0] +',
            )
        ],
        'draw=f"{__name__}:draw"',
        r"py:\d+: draw: draw returns `g`, a Pair, a type that is not registered with JAX",
    ),
    "an axis without a name": (
        [('{"h": ("user", "antenna")}', '{"h": ("user",)}')],
        '{"h": ("user",)}',
        r"channels: `h` has shape \(1, 2\) in one trial, and the axes \('user',\): name 2 axes",
    ),
    "a metric without its axis": (
        [(', axes=("user",), least=0.0', "")],
        'metrics={"rate": rate}',
        r"metrics: `rate` has shape \(1,\) in one trial, and no named axis",
    ),
    "constraints in a list": (
        [("subject_to=constraints", "subject_to=[*constraints.values()]")],
        "return maximise(",
        r"subject_to is a list; it must be a mapping of names to constraints",
    ),
    "a headline with an axis": (
        [('headline="goal"', 'headline="rate"')],
        'headline="rate"',
        r"headline = 'rate': has the axes user; tables and figures need one number per trial, such as goal, power, snr",
    ),
    "an import": (
        [("import numpy as np", "import numpyy as np")],
        "import numpyy",
        r"ModuleNotFoundError: No module named 'numpyy'; install it, or mend the name",
    ),
    "its syntax": (
        [("def draw(c, key):", "def draw(c, key:")],
        "def draw(c, key:",
        r"SyntaxError: '\(' was never closed",
    ),
    "a name in the statement": (
        [("noise=d.noise)\n    constraints", "noise=d.noise_dbw)\n    constraints")],
        "noise=d.noise_dbw)",
        r"the field noise_dbw is `noise` here, in SI units",
    ),
    "a baseline of another shape": (
        [("jnp.zeros((d.num_antennas, 1))", "jnp.zeros((d.num_antennas, 2))")],
        "baselines=",
        r"baseline `first-antenna` returns `w` of shape \(2, 2\); the problem has \(2, 1\)",
    ),
    "NumPy on what is traced": (
        [
            (
                "parts = jax.random.normal(key, (2, 1, c.num_antennas))",
                "parts = np.sin(jax.random.normal(key, (2, 1, 2)))",
            )
        ],
        "parts = np.sin",
        r"draw: it needs a value as a Python number or NumPy array .* Use jax\.numpy",
    ),
    "a default": (
        [('Field(2, ge=1, description="antennas")', 'Field(ge=1, description="antennas")')],
        "config=OwnConfig",
        r"OwnConfig\(\) must be a configuration: num_antennas: Field required",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_has_a_sentence_with_file_and_line(what: str, tmp_path: Path) -> None:
    changes, mark, sentence = BROKEN[what]
    name = "broken_" + re.sub(r"\W", "_", what).lower()
    file = broken(tmp_path, name, *changes)
    (finding,) = check_plugin(file)
    assert not finding.kept
    assert re.search(sentence, finding.said), finding.said
    assert finding.said.startswith(f"{file.name}:{line_of(file, mark)}: "), finding.said
    assert name.replace("_", "-") not in li.systems()


class TestChecks:
    @pytest.mark.parametrize("workers", [False, pytest.param(True, marks=pytest.mark.further)])
    def test_a_good_file_keeps_every_contract(self, workers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two worker processes among them, which have nothing but the file, and compile for themselves."""
        if not workers:
            monkeypatch.setattr(contract_checks, "check_workers", lambda *_: "left out")
        found = check_plugin(FILE)
        assert [finding.said for finding in found if not finding.kept] == []
        assert [finding.what for finding in found] == [
            *("loads", "names", "configuration", "metrics", "draw", "design", "design", "workers")
        ]
        assert "no worse than its slow twin" in found[5].said

    @pytest.mark.parametrize(
        ("changes", "what", "sentence"),
        [
            (
                [("jax.random.normal(key,", "jax.random.normal(jax.random.key(0),")],
                "draw",
                "same arrays for another seed",
            ),
            ([(', description="noise power"', "")], "configuration", "fields without a description: noise_dbw"),
            ([('("best", "first-antenna"), sweep', '("best", "frist"), sweep')], "metrics", "no such scheme"),
            ([("sqrt(d.power))", "sqrt(-d.power))")], "design", "0 of 4 designs count (NONFINITE"),
        ],
    )
    def test_what_only_numbers_tell(self, changes: Any, what: str, sentence: str, tmp_path: Path) -> None:
        (system,) = catalogue.load_plugin(broken(tmp_path, f"wrong_{what}_{abs(hash(sentence))}", *changes))
        check = getattr(contract_checks, f"check_{'scheme' if what == 'design' else what}")
        more = [system.scheme("first-antenna")] if what == "design" else []
        try:
            said = check(system, *more)
        except (contract_checks.BrokenContractError, ConfigError) as error:
            said = str(error)
        assert sentence in said

    def test_systems_by_hand(self, tmp_path: Path) -> None:
        """Those that name their parts by dotted names, too."""
        toy = Path(__file__).with_name("toy_system.py").read_text(encoding="utf-8").replace("toy-downlink", "hand-made")
        cases = (
            (
                (':parameters"', ':paramters"'),
                "names",
                r"hand_0\.py:\d+: parameters = .*no `paramters`.*`parameters`\?",
            ),
            (
                ("for _class in (ToyChannels, ToyDesign)", "for _class in (ToyDesign,)"),
                "draw",
                r"ToyChannels, a type that",
            ),
            (
                ('"h_users": ("user",)', '"h_users": ("users",)'),
                "draw",
                r"hand_2\.py:\d+: `h_users` has the axis `users`",
            ),
            (
                ('name="hand-made",', 'name="hand-made", headline="rate",'),
                "metrics",
                r"no number per trial.*\('user',\)",
            ),
        )
        for number, (changes, what, sentence) in enumerate(cases):
            assert changes[0] in toy
            file = tmp_path / f"hand_{number}.py"
            file.write_text(toy.replace(*changes), encoding="utf-8")
            finding = check_plugin(file)[-1]
            assert (finding.kept, finding.what) == (False, what)
            assert re.search(sentence, finding.said), finding.said
            catalogue._plugins.pop("hand-made")

    def test_the_template_is_short_and_can_be_read(self, tmp_path: Path) -> None:
        file = tmp_path / "my_own_isac.py"
        write_template(file)
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 100
        (system,) = catalogue.load_plugin(file)
        assert system.name == "my-own-isac"
        assert {"goal", "rate", "margin_power", "margin_sinr", "margin_target"} <= set(system.metrics)
        with pytest.raises(ConfigError, match="is there already"):
            write_template(file)

    def test_the_example_is_short_and_can_be_read(self) -> None:
        file = Path(__file__).parents[2] / "examples" / "own_crb_rate.py"
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 100
        (system,) = catalogue.load_plugin(file)
        assert system.axis_sizes(system.config(num_users=5))["user"] == 5
        channels = li.draw(system.config(), trials=2)
        size = np.linalg.norm(channels.derivatives[:, -1], axis=(1, 2))
        np.testing.assert_allclose(size, 1.0, rtol=1e-12)  # of an amplitude: j b a^H, of unit norm

    def test_the_command_line_says_it(self, tmp_path: Path) -> None:
        file = tmp_path / "said_isac.py"
        done = CliRunner().invoke(app, ["new", str(file)])
        assert (done.exit_code, f"leoisac check {file}" in done.output) == (0, True)
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('("user", "antenna"), "steering"', '("user",), "steering"'), encoding="utf-8")
        done = CliRunner().invoke(app, ["check", str(file)])
        assert done.exit_code == 1
        assert re.search(r"^WRONG  said_isac\.py, loads: said_isac\.py:\d+: channels: `h` has shape", done.output)
        done = CliRunner().invoke(app, ["run", str(file)])
        assert (done.exit_code, "is a plugin, not a scenario" in done.output) == (2, True)


class Units(Config):
    power_dbw: float = 20.0
    noise_dbm: float = 0.0
    gain_dbi: float = 3.0
    angles_deg: tuple[float, ...] = (90.0, -45.0)
    altitude_km: float = 600.0
    carrier_ghz: float = 20.0
    weight: float = 0.5
    array: tuple[int, int] = (2, 3)
    mode: str = "plain"


def test_numbers_are_si_under_names_without_units() -> None:
    numbers = numbers_of(Units(), lambda config: {"grid": [1.0, 2.0]})
    assert numbers.power == 100.0
    assert numbers.noise == 1e-3
    np.testing.assert_allclose(numbers.gain, 10**0.3)
    np.testing.assert_allclose(numbers.angles, [np.pi / 2, -np.pi / 4])
    assert (float(numbers.altitude), float(numbers.carrier), float(numbers.weight)) == (6e5, 2e10, 0.5)
    assert (numbers.array, numbers.mode) == ((2, 3), "plain")
    np.testing.assert_array_equal(numbers.grid, [1.0, 2.0])
    with pytest.raises(AttributeError, match="the field power_dbw is `power` here, in SI units"):
        _ = numbers.power_dbw
    with pytest.raises(AttributeError, match="did you mean `altitude`"):
        _ = numbers.altitde


def test_two_fields_of_one_name_are_refused() -> None:
    class Twice(Config):
        power_dbw: float = 0.0
        power_w: float = 1.0

    with pytest.raises(ConfigError, match="the name `power` twice"):
        numbers_of(Twice())


class TestPage:
    """docs/own-system.md: its program defines what it says, its tables name what there is."""

    PAGE = (Path(__file__).parents[2] / "docs" / "own-system.md").read_text(encoding="utf-8")

    def test_its_first_program(self) -> None:
        program = re.findall(r"```python\n(.*?)```", self.PAGE, re.DOTALL)[0]
        program = program.replace("data = li.run(", "asked = dict(config=").replace(
            '"my-link"), sweep', '"my-link"), s'
        )
        names: dict[str, Any] = {}
        exec(program, names)
        asked = names["asked"]
        config, channels = asked["config"], li.draw(asked["config"], trials=2)
        assert channels.h.shape == (2, 3, 8)
        metrics = li.evaluate(config, channels, li.design(config, channels, "matched"))
        np.testing.assert_allclose(metrics["power"], 10.0)

    def test_its_tables(self) -> None:
        import inspect

        for function, table in ((li.system, "| argument of"), (li.scheme, "| option |")):
            named = self.PAGE.partition(table)[2].partition("\n\n")[0]
            for argument in inspect.signature(function).parameters:
                if argument not in ("name", "system", "summary", "label", "starts", "version") or function is li.system:
                    assert argument == "name" or f"`{argument}" in named, argument
        endings = set(re.findall(r"(?<=[` \n])_\w+", self.PAGE.partition("Endings: ")[2].partition(";")[0]))
        assert endings == set(SI)
