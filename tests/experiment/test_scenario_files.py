"""Scenario files: strict reading, messages that say what to do, writing back to the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario import routes
from leoisac.experiment.scenario.files import (
    init_text,
    scenario_data,
    scenario_from_data,
    scenario_from_toml,
    scenario_toml,
    value_text,
)
from leoisac.experiment.scenario.scenarios import scenario, study_scenario
from leoisac.foundation.config import ConfigError

HEAD = 'system = "toy-downlink"\n'


def read(text: str) -> Any:
    return scenario_from_toml(HEAD + text, catalogue.find)


def test_defaults(toy: System) -> None:
    item = read("")
    assert item.config == toy.config()
    assert item.schemes == ("fill", "equal", "odd")
    assert (item.trials, item.seed, item.route, item.sweep) == (200, 0, "fast", {})


def test_everything_written() -> None:
    item = read(
        'schemes = ["fill:reference", "equal"]\ntrials = 5\nseed = 7\n'
        '[sweep]\ntransmit_power_dbw = [1, 2.5]\n"num_users+min_rate" = [[2, 0.1], [4, 0]]\n'
        "satellite.altitude_km = [500]\n"
        '[config]\nloss_db = "none"\n[satellite]\nname = "here"\n'
    )
    assert item.schemes == ("fill:reference", "equal")
    assert item.config.loss_db is None
    assert item.config.satellite.name == "here"
    assert item.sweep == {
        "transmit_power_dbw": (1.0, 2.5),
        "num_users+min_rate": ((2, 0.1), (4, 0.0)),
        "satellite.altitude_km": (500.0,),
    }
    points = item.points()
    assert len(points) == 4
    assert points[1].config.num_users == 4
    assert points[1].config.transmit_power_dbw == 1.0
    assert points[3].index == (1, 1, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[config]\nnum_usrs = 3\n", "config.num_usrs: no such field. Did you mean `num_users`?"),
        ("[config]\nnum_users = 0\n", "config.num_users = 0: must be at least 1 (number of users)."),
        ('[config]\nnum_users = "3"\n', "config.num_users = '3': must be a whole number"),
        ("[config]\nmin_rate = nan\n", "must be a finite number"),
        ("[satelite]\naltitude_km = 3\n", "[satelite]: no such table. Did you mean `satellite`?"),
        ("[satellite]\naltitude = 3\n", "satellite.altitude: no such field. Did you mean `altitude_km`?"),
        ("[satellite]\naltitude_km = -3\n", "satellite.altitude_km = -3: must be greater than 0"),
        ("satellite = 3\n", "satellite = 3: must be a table"),
        ("num_users = 3\n", "num_users: is a field of the configuration; write it below [config]."),
        ("trails = 3\n", "trails: no such key. Did you mean `trials`?"),
        ("trials = 0\n", "trials = 0: must be from 1 to 10000000."),
        ("trials = 1.5\n", "trials = 1.5: must be a whole number."),
        ("trials = true\n", "trials = True: must be a whole number."),
        ("seed = 4294967296\n", "seed = 4294967296: must be from 0 to 4294967295."),
        ('schemes = "fill"\n', "schemes = 'fill': must be a list of scheme names."),
        ("schemes = []\n", "schemes: needs at least one scheme."),
        ("schemes = [3]\n", "schemes: 3 must be text."),
        ('schemes = ["fil"]\n', "Did you mean `fill`?"),
        ('schemes = ["fill", "fill"]\n', "schemes: `fill` stands twice."),
        ('schemes = ["fill:slow"]\n', "scheme `fill` has the routes fast, reference"),
        ('route = "reference"\n', "scheme `equal` has the routes fast"),
        ("config = 3\n", "config = 3: must be a table, [config]."),
        ("sweep = 3\n", "sweep = 3: must be a table, [sweep]."),
        ("[sweep]\nnum_users = 3\n", "sweep.num_users = 3: must be a list of values."),
        ("[sweep]\nnum_users = []\n", "sweep.num_users: needs at least one value."),
        ("[sweep]\nnum_users = [2, 2]\n", "a value stands twice"),
        ("[sweep]\nnum_usrs = [2]\n", "sweep.num_usrs: no such field. Did you mean `num_users`?"),
        ("[sweep]\nnum_users = [2, 99]\n", "sweep.num_users = 99: must be at most 16"),
        ("[sweep]\nsatellite.height = [2]\n", "sweep.satellite.height: no such field."),
        ('[sweep]\n"num_users+min_rate" = [[1, 2, 3]]\n', "must have 2 values, one per field"),
        ('[sweep]\n"num_users+min_rate" = [3]\n', "must have 2 values, one per field"),
        ('[sweep]\nnum_users = [2]\n"num_users+min_rate" = [[1, 2]]\n', "sweep.num_users: stands on two axes."),
        ("[config]\nsatellite.name = 'a'\n[satellite]\nname = 'b'\n", "[satellite]: stands twice"),
        ("trials = = 3\n", "is not valid TOML: Invalid value (at line 2"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(text)
    assert message in str(error.value)


def test_system_is_needed() -> None:
    with pytest.raises(ConfigError, match="system: is needed"):
        scenario_from_toml("trials = 3", catalogue.find)
    with pytest.raises(ConfigError, match="system = 3: must be text"):
        scenario_from_toml("system = 3", catalogue.find)


class TestFiles:
    def test_messages_name_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.toml"
        file.write_text(HEAD + "[config]\nnum_usrs = 3\nmin_rate = -1\n")
        with pytest.raises(ConfigError) as error:
            li.load(file)
        lines = str(error.value).splitlines()
        assert len(lines) == 2
        assert all(line.startswith(f"{file}: config.") for line in lines)

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="there is no such file"):
            li.load(tmp_path / "absent.toml")
        with pytest.raises(ConfigError, match="is a folder"):
            li.load(tmp_path)
        (tmp_path / "binary.toml").write_bytes(b"\x7fELF\xff\xfe\x00")
        with pytest.raises(ConfigError, match="is not UTF-8 text"):
            li.load(tmp_path / "binary.toml")

    def test_byte_order_mark_and_windows_lines(self, tmp_path: Path) -> None:
        (tmp_path / "dos.toml").write_bytes(b"\xef\xbb\xbf" + (HEAD + "trials = 3\n").replace("\n", "\r\n").encode())
        assert li.load(tmp_path / "dos.toml").trials == 3

    def test_files_are_resolved_beside_the_scenario(self, tmp_path: Path, toy: System, monkeypatch: Any) -> None:
        def resolve_files(self: Any, folder: Path) -> Any:
            return self.replace(mode=(folder / self.mode).read_text())

        monkeypatch.setattr(toy.config, "resolve_files", resolve_files, raising=False)
        (tmp_path / "mine.toml").write_text(HEAD + '[config]\nmode = "note.txt"\n')
        with pytest.raises(ConfigError, match=r"note\.txt"):
            li.load(tmp_path / "mine.toml")
        (tmp_path / "note.txt").write_text("inlined")
        assert li.load(tmp_path / "mine.toml").config.mode == "inlined"


def test_missing_extra_gives_the_line_to_type(monkeypatch: pytest.MonkeyPatch, toy: System) -> None:
    from dataclasses import replace

    scheme = replace(toy.schemes[0], requires={"reference": "reference"})
    system = replace(toy, schemes=(scheme, *toy.schemes[1:]))
    monkeypatch.setattr(routes, "missing_packages", lambda extra: ("cvxpy", "clarabel"))
    with pytest.raises(ConfigError, match=r'needs cvxpy, clarabel.* pip install "leoisac\[reference\]"'):
        scenario(system, toy.config(), ["fill:reference"])
    assert scenario(system, toy.config(), ["fill:reference"], runnable=False).schemes == ("fill:reference",)
    assert scenario(system, toy.config(), ["fill"]).schemes == ("fill",)


def test_missing_packages_are_read_from_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy", "cvxpy>=1.6; extra == 'reference'", 'no-such-thing[x]>=1; extra == "reference"']
    monkeypatch.setattr(routes.importlib.metadata, "requires", lambda name: lines)
    routes.missing_packages.cache_clear()
    assert routes.missing_packages("reference") == ("no-such-thing",)
    assert routes.missing_packages("other") == ()
    routes.missing_packages.cache_clear()


class TestRoundTrip:
    @given(
        users=st.integers(1, 16),
        power=st.floats(-50, 50),
        loss=st.none() | st.floats(-1e12, 1e12),
        weights=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        mode=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=8),
        seed=st.integers(0, 2**32 - 1),
        sweep=st.lists(st.floats(-20, 20), max_size=3, unique=True),
    )
    def test_of_anything(
        self, toy: System, users: int, power: float, loss: Any, weights: Any, mode: str, seed: int, sweep: Any
    ) -> None:
        config = toy.config().replace(
            num_users=users, transmit_power_dbw=power, loss_db=loss, weights=weights, mode=mode
        )
        axes: dict[str, Any] = (
            {"noise_power_dbw": sweep, "satellite.name+num_users": [["a", 1], ["b", 2]]} if sweep else {}
        )
        item = scenario(toy, config, ["equal", "fill:reference"], axes, trials=3, seed=seed)
        assert scenario_from_toml(scenario_toml(item), catalogue.find) == item
        assert scenario_from_toml(scenario_toml(item, comments=True), catalogue.find) == item
        assert scenario_from_data(scenario_data(item), catalogue.find) == item

    def test_of_the_initial_text(self, toy: System) -> None:
        text = init_text(toy)
        assert scenario_from_toml(text, catalogue.find).config == toy.config()
        assert "# power budget of the transmitter" in text
        shown = text.replace("# transmit_power_dbw = ", "transmit_power_dbw = ")
        assert scenario_from_toml(shown, catalogue.find).sweep == {"transmit_power_dbw": (7.0, 10.0, 13.0)}

    def test_of_arrays(self, toy: System) -> None:
        item = scenario(toy, toy.config(), sweep={"transmit_power_dbw": np.linspace(0, 1, 3)})
        assert item.sweep == {"transmit_power_dbw": (0.0, 0.5, 1.0)}


@pytest.mark.parametrize(
    ("value", "text"), [(20e9, "20.0e9"), (1e5, "100.0e3"), (123456.7, "123.4567e3"), (1e300, "1e+300")]
)
def test_large_numbers_are_readable(value: float, text: str) -> None:
    assert value_text(value) == text
    assert float(text) == value


def test_studies(toy: System) -> None:
    study = toy.study("power")
    quick = study_scenario(toy, study.preset("quick"), {"num_users": 2}, seed=3)
    assert quick.config.num_users == 2
    assert quick.config.min_rate == 0.01
    assert (quick.trials, quick.seed, quick.sweep) == (4, 3, {"transmit_power_dbw": (0.0, 10.0)})
    assert study_scenario(toy, study).trials == 100
    with pytest.raises(ConfigError, match="sweeps this field"):
        study_scenario(toy, study, {"transmit_power_dbw": 3})
