"""Stores: what is on disk, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.store import manifest as manifests
from leoisac.experiment.store import unit_files

CONFIG = li.config("toy-downlink")


def run(folder: Path, config: Any = CONFIG, **changes: Any) -> Any:
    options: dict[str, Any] = {"schemes": ["fill"], "sweep": {"transmit_power_dbw": [0, 10]}, "trials": 3}
    return li.run(config, store=folder, **{**options, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "store"
    run(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "store")
    return tmp_path / "store"


def units(folder: Path) -> list[Path]:
    return sorted(folder.glob("units/*/*/*.npz"))


def test_what_is_on_disk(folder: Path) -> None:
    files = units(folder)
    assert [file.name for file in files] == ["0-3.npz"] * 2
    assert {file.parent.name for file in files} == {"fill.fast"}
    config = json.loads((files[0].parent.parent / "config.json").read_text())
    assert config["num_users"] == 3
    with np.load(files[0]) as archive:
        assert json.loads(str(archive["meta"]))["seconds"] > 0
        assert archive["status"].tolist() == [0, 0, 0]
    assert not list(folder.rglob("*.tmp"))
    assert li.load(folder / "run.toml").trials == 3


def test_manifest(folder: Path) -> None:
    run(folder, trials=4)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["schema"], manifest["system"], manifest["seed"]) == (2, "toy-downlink", 0)
    assert manifest["studies"]["run"]["trials"] == 4
    assert len(manifest["sessions"]) == 2
    session = manifest["sessions"][0]
    assert {"command", "created", "versions", "host", "plugins", "workers"} == set(session)
    assert {"leoisac", "jax", "cvxpy", "clarabel", "python", "platform"} <= set(session["versions"])
    assert session["host"]["cores"] >= 1
    assert session["plugins"][0].endswith("toy_system.py")


def test_nothing_is_computed_twice(folder: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in units(folder)}
    states: list[Any] = []
    run(folder, progress=states.append)
    assert states[-1].computed == 0
    assert before == {file: file.stat().st_mtime_ns for file in units(folder)}


def test_half_written_files_do_not_count(folder: Path) -> None:
    file = units(folder)[0]
    os.rename(file, file.with_name(f".{file.name}.1.tmp"))
    assert int((li.open_run(folder)["status"] == -1).sum()) == 3
    run(folder)
    assert int((li.open_run(folder)["status"] == -1).sum()) == 0


def test_an_interrupted_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(stream: Any, **arrays: Any) -> None:
        stream.write(b"half")
        raise KeyboardInterrupt

    before = sorted(folder.rglob("*"))
    with monkeypatch.context() as patch:
        patch.setattr(unit_files.np, "savez_compressed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(folder, trials=5)
    assert sorted(folder.rglob("*")) == before
    run(folder, trials=5)
    assert (li.open_run(folder)["status"] == 0).all()


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_unit_is_named(folder: Path, content: bytes | None) -> None:
    file = units(folder)[1]
    file.write_bytes(file.read_bytes()[:-200] if content is None else content)
    with pytest.raises(li.StoreError, match=r"0-3\.npz: this unit is damaged .*Delete the file and run again"):
        li.open_run(folder)
    file.unlink()
    run(folder)
    assert (li.open_run(folder)["status"] == 0).all()


@pytest.mark.parametrize("name", ["0-9.npz", "3-6.npz", "1-4.npz", "0-2.npz", "0-3.failed.npz"])
def test_a_unit_under_another_name_is_foreign(folder: Path, name: str) -> None:
    """Moved or copied, to an interval of equal length or not: what a unit is stands in it, and is believed."""
    file = units(folder)[0]
    copied = file.with_name(name)
    copied.write_bytes(file.read_bytes())
    what = r"failed False, and lies where True" if "failed" in name else rf"trials '0-3', and lies where '{name[:3]}'"
    asked_for = () if name == "3-6.npz" else (li.open_run,)  # what nobody asks for is not read
    for read in (*asked_for, li.resume, lambda folder: run(folder, trials=9)):
        with pytest.raises(li.StoreError, match=rf"{name}: this unit was made for {what} belongs"):
            read(folder)
    assert [(item.file, item.kind) for item in li.check_store(folder).bad] == [(copied, "foreign")]


class TestRefusals:
    def test_another_seed(self, folder: Path) -> None:
        with pytest.raises(li.StoreError, match=r"manifest.json: this store holds results of seed 0, asked for seed 1"):
            run(folder, seed=1)

    def test_another_system(self, folder: Path, forge_manifest: Any) -> None:
        forge_manifest(folder, lambda data: data.update(system="other"))
        with pytest.raises(li.StoreError, match="holds results of `other`, asked for `toy-downlink`"):
            run(folder)
        with pytest.raises(li.StoreError, match="no such system"):
            li.open_run(folder)

    def test_another_schema(self, folder: Path) -> None:
        file = folder / "manifest.json"
        file.write_text(file.read_text().replace('"schema": 2', '"schema": 99'))
        with pytest.raises(li.StoreError, match="is of schema 99, this version of leoisac reads schema 2"):
            run(folder)

    def test_the_first_schema(self, folder: Path) -> None:
        """Its units say too little to be trusted: refused, with what to do."""
        file = folder / "manifest.json"
        file.write_text(file.read_text().replace('"schema": 2', '"schema": 1'))
        for read in (li.open_run, li.resume, li.check_store, run):
            with pytest.raises(li.StoreError, match=r"is of schema 1 .*compute it anew: leoisac run .*run\.toml"):
                read(folder)

    def test_another_base_configuration(self, folder: Path) -> None:
        other = CONFIG.replace(**{"num_users": 4, "satellite.name": "x", "transmit_power_dbw": -5})
        with pytest.raises(li.StoreError) as error:
            run(folder, other)
        text = str(error.value)
        assert "num_users is 3, asked for 4" in text
        assert "satellite.name is 'anywhere', asked for 'x'" in text
        assert "transmit_power_dbw" not in text  # swept: the base value does not matter
        run(folder, CONFIG.replace(transmit_power_dbw=-5))

    def test_another_sweep(self, folder: Path) -> None:
        with pytest.raises(li.StoreError, match="sweeps transmit_power_dbw, asked for num_users"):
            run(folder, sweep={"num_users": [2]})
        with pytest.raises(li.StoreError, match="asked for nothing"):
            run(folder, sweep={})

    def test_a_configuration_class_that_changed(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(manifests, "fingerprint", lambda config: "other")
        with pytest.raises(li.StoreError, match="made by a version whose configuration has other fields"):
            li.open_run(folder)

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1}', '{"a": 1}'])
    def test_a_broken_manifest(self, folder: Path, content: str) -> None:
        (folder / "manifest.json").write_text(content)
        with pytest.raises(li.StoreError, match=r"manifest\.json"):
            li.open_run(folder)

    def test_foreign_folders_stay_untouched(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("text")
        with pytest.raises(li.StoreError, match="not a result store"):
            run(tmp_path)
        assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]
        with pytest.raises(li.StoreError, match="is a file"):
            run(tmp_path / "thesis.tex")
        with pytest.raises(li.StoreError, match="not a result store"):
            li.open_run(tmp_path)
        with pytest.raises(li.StoreError, match="there is no result store here"):
            li.open_run(tmp_path / "absent")

    def test_nothing_is_made_for_a_scenario_that_is_wrong(self, tmp_path: Path) -> None:
        with pytest.raises(li.ConfigError):
            run(tmp_path / "store", schemes=["fil"])
        assert not (tmp_path / "store").exists()


def test_routes_are_united_under_explicit_names(folder: Path) -> None:
    run(folder, route="reference")
    data = li.open_run(folder)
    assert data["scheme"].values.tolist() == ["fill", "fill:reference"]
    np.testing.assert_allclose(data["sum_rate"][0], data["sum_rate"][1], rtol=1e-12)


def test_sweep_values_are_united_in_order(folder: Path) -> None:
    run(folder, sweep={"transmit_power_dbw": [5, 20]})
    data = li.open_run(folder)
    assert data["transmit_power_dbw"].values.tolist() == [0, 5, 10, 20]
    assert (data["status"] == 0).all()
