"""Finding systems: names without imports, plugins, clear refusals."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.scenarios import scenario
from leoisac.foundation.config import Config, ConfigError


def test_plugin_is_found_like_any_system(toy: System) -> None:
    assert "toy-downlink" in li.systems()
    assert catalogue.find("toy-downlink") is toy
    assert catalogue.system_of(toy.config()) is toy


def test_folder_names_are_system_names() -> None:
    for name in catalogue.systems():
        assert catalogue.find(name).name == name


def test_listing_imports_no_system() -> None:
    program = (
        "import sys, leoisac; leoisac.systems(); print([m for m in sys.modules if m.startswith('leoisac.systems.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_systems_is_folder_and_function() -> None:
    """``leoisac.systems`` stays callable after a system was imported, and its submodules stay reachable."""
    import leoisac.systems

    for name in catalogue.systems():
        catalogue.find(name)
    assert li.systems() == catalogue.systems()
    assert leoisac.systems.__path__


def test_unknown_system() -> None:
    with pytest.raises(ConfigError, match="Did you mean `toy-downlink`"):
        catalogue.find("toy-downlnk")


def test_config_of_no_system() -> None:
    with pytest.raises(ConfigError, match="Config is not the configuration of a system"):
        catalogue.system_of(Config())


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("toy-downlink", r"is the name of a system; its configuration is leoisac\.config\('toy-downlink', \.\.\.\)"),
        ("toy-downlnk", "Did you mean `toy-downlink`"),
        ("my.toml", r"is the name of a file; load it: leoisac\.load\('my\.toml'\)"),
        (3, "int is not the configuration of a system"),
    ],
)
def test_what_is_no_configuration_is_called_by_what_it_is(config: Any, said: str) -> None:
    for verb in (li.run, li.draw, li.run_pass, li.beam_map, lambda it: li.design(it, None, "fill")):
        with pytest.raises(ConfigError, match=said):
            verb(config)


def test_a_scenario_has_a_configuration(toy: System) -> None:
    with pytest.raises(ConfigError, match="is a scenario, and a configuration is needed here"):
        li.draw(scenario(toy, toy.config()))  # type: ignore[arg-type]


def test_code_of_ones_own_has_to_be_loaded(toy: System) -> None:
    with pytest.raises(ConfigError, match=r"no such scheme.*--plugin FILE\.py, leoisac\.load_plugin"):
        toy.scheme("xyz")
    with pytest.raises(ConfigError, match=r"no such system.*--plugin FILE\.py"):
        catalogue.find("xyz")
    with pytest.raises(ConfigError, match=r"Did you mean `fill`\?$"):
        toy.scheme("fil")


def test_loading_a_plugin_again_changes_nothing(toy: System) -> None:
    (again,) = catalogue.load_plugin(Path(__file__).parent / "toy_system.py")
    assert again is toy


def test_plugins_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is none of that name"):
        catalogue.load_plugin(tmp_path / "absent.py")
    (tmp_path / "empty.py").write_text("number = 3\n")
    with pytest.raises(ConfigError, match="defines neither a system nor a scheme"):
        catalogue.load_plugin(tmp_path / "empty.py")
    (tmp_path / "twin.py").write_text(
        "from leoisac_plugin_toy_system import SYSTEM as A\nfrom dataclasses import replace\nB = replace(A)\n"
    )
    with pytest.raises(ConfigError, match="already a system called `toy-downlink`"):
        catalogue.load_plugin(tmp_path / "twin.py")
    (tmp_path / "toy_system.py").write_text("")
    with pytest.raises(ConfigError, match="rename one of the two"):
        catalogue.load_plugin(tmp_path / "toy_system.py")


def test_plugin_with_an_error_can_be_mended(tmp_path: Path) -> None:
    file = tmp_path / "mended.py"
    file.write_text("raise ZeroDivisionError\n")
    with pytest.raises(ConfigError, match=r"mended\.py:1: ZeroDivisionError") as caught:
        catalogue.load_plugin(file)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "leoisac_plugin_mended" not in sys.modules


def test_entry_points_of_other_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("other", "no_such_package:SYSTEM", catalogue.ENTRY_POINTS)
    alias = EntryPoint("alias", "leoisac_plugin_toy_system:SYSTEM", catalogue.ENTRY_POINTS)
    monkeypatch.setattr(catalogue, "_entry_points", lambda: {"other": broken, "alias": alias})
    assert {"other", "alias"} <= set(catalogue.systems())
    with pytest.raises(ConfigError, match="no_such_package:SYSTEM cannot be imported"):
        catalogue.find("other")
    with pytest.raises(ConfigError, match="is not a System of that name"):
        catalogue.find("alias")


def test_front_door() -> None:
    assert set(li.__all__) <= set(dir(li))
    for name in li.__all__:
        assert getattr(li, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = li.nothing  # type: ignore[attr-defined]
