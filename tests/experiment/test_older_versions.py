"""What the version before wrote and called things: stores are refused in words, old names work with a warning."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import leoisac as li
from leoisac import catalogue, cli
from leoisac.experiment.contracts import System
from leoisac.experiment.errors import RenamedWarning
from leoisac.experiment.scenario.routes import RENAMED_ROUTES, route_of, scheme_routes
from leoisac.foundation.status import Status

SCENARIO = """system = "toy-downlink"
schemes = ["fill"]
trials = 2
seed = 0
route = "fast"

[config]
num_users = 2
"""


@pytest.fixture
def old_store(toy: System, tmp_path: Path) -> Path:
    """A store as version 0.1 wrote it: a manifest without a seal, units without digests."""
    del toy
    folder = tmp_path / "old"
    unit = folder / "units" / "0123456789abcdef" / "fill.fast" / "0-2.npz"
    unit.parent.mkdir(parents=True)
    meta = {"configuration": "0" * 64, "scheme": "fill", "route": "fast", "seed": 0, "seconds": 0.1, "traceback": ""}
    arrays = {"status": np.zeros(2, np.int8), "usable": np.ones(2, bool), "metric.sum_rate": np.ones(2)}
    np.savez_compressed(unit, **arrays, meta=np.asarray(json.dumps({**meta, "machine": "x86_64"})))
    config = li.config("toy-downlink", num_users=2).model_dump(mode="json")
    study = {"system": "toy-downlink", "schemes": ["fill"], "trials": 2, "seed": 0, "route": "fast", "config": config}
    data = {
        "schema": 1,
        "system": "toy-downlink",
        "seed": 0,
        "studies": {"run": study},
        "fingerprints": {"run": "0" * 64},
    }
    session = {
        "command": "leoisac run run.toml",
        "created": "2026-11-23T10:00:00+00:00",
        "versions": {"leoisac": "0.1.0"},
    }
    (folder / "manifest.json").write_text(json.dumps({**data, "sessions": [session]}))
    (folder / "run.toml").write_text(SCENARIO)
    return folder


def call(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, [str(item) for item in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result.output


def test_every_verb_refuses_a_store_of_the_first_version_and_says_what_to_do(old_store: Path) -> None:
    before = sorted(path.relative_to(old_store) for path in old_store.rglob("*"))
    again = f"leoisac run {old_store}/run.toml --store {old_store}-again"
    for verb in ("status", "plot", "report", "export", "resume", "check"):
        arguments = ["--to", "nc"] if verb == "export" else []
        text = call(verb, old_store, *arguments, code=2)
        assert "is of schema 1 (versions 0.1)" in text, verb
        assert again in text.replace("\n", " "), verb
    assert "is of schema 1" in call("run", old_store / "run.toml", "--store", old_store, code=2)
    after = sorted(path.relative_to(old_store) for path in old_store.rglob("*") if path.name[:1] != ".")
    assert after == before
    call(*again.split()[1:], "--no-plot")
    assert li.open_run(f"{old_store}-again").sizes["trial"] == 2


def test_stores_of_the_first_version_are_passed_over_among_others(old_store: Path) -> None:
    assert "insufficient" in call("verify", "toy-downlink", "--runs", old_store.parent)


def test_renamed_routes_work_for_a_version() -> None:
    system = catalogue.find("self-backhaul")
    with pytest.warns(RenamedWarning, match="'printed' of scheme `pa1` is called 'published' since 0.2"):
        (choice,) = scheme_routes(system, ["pa1:printed"])
    assert choice.label == "pa1:published"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert route_of(system.scheme("pa1"), "published") == "published"
    with pytest.raises(li.ConfigError, match="has the routes"):
        route_of(system.scheme("das"), "printed")  # a scheme without the new one has neither
    assert issubclass(RenamedWarning, DeprecationWarning)
    every = {
        route for name in catalogue.systems() for scheme in catalogue.find(name).schemes for route in scheme.routes
    }
    for old, new in RENAMED_ROUTES.items():
        assert new in every
        assert old not in every


def test_the_command_line_says_it_once(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys, warnings; from leoisac.cli.app import _say_renamed; _say_renamed();"
        "from leoisac.experiment.scenario.routes import route_of; from leoisac import catalogue;"
        "pa1 = catalogue.find('self-backhaul').scheme('pa1'); [route_of(pa1, 'printed') for _ in range(3)]"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert done.stderr.count("Warning: route 'printed' of scheme `pa1` is called 'published'") == 1


def test_other_old_names() -> None:
    assert Status.NOT_FOUND is Status.NO_FEASIBLE_POINT


@pytest.mark.parametrize(
    ("system", "entry", "likely"),
    [("otfs-rsma", "rsma:code", "coded"), ("self-backhaul", "pa1:fats", "fast"), ("self-backhaul", "pa1:xyz", "")],
)
def test_a_slip_in_a_route_is_answered(system: str, entry: str, likely: str) -> None:
    with pytest.raises(li.ConfigError) as error:
        scheme_routes(catalogue.find(system), [entry])
    assert (f"Did you mean `{likely}`?" in str(error.value)) == bool(likely)


def test_a_channel_array_that_lacks_is_described() -> None:
    config = li.config("self-backhaul", num_users=2, bs_array=(1, 3), num_feeds=3, target_angles_deg=(-30.0, 20.0))
    channels = li.draw(config, seed=0, trials=1)
    given: dict[str, Any] = {name: getattr(channels, name) for name in ("h_users", "h_es", "g_users", "g_es")}
    with pytest.raises(li.ChannelError) as error:
        li.channels(config, **given)
    text = str(error.value)
    assert text.startswith("missing: noise_power (a number), in W, ")
    assert "Give noise_power=… as well" in text
    assert "leoisac show self-backhaul --channels" in text
