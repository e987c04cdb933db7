"""Full disks, unreadable and foreign files, cut chunks, many writers: a clear message, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.experiment.store import publishing
from leoisac.experiment.store.publishing import locked, publish

CONFIG = li.config("toy-downlink")
SWEEP = {"transmit_power_dbw": [0, 10]}


def run(folder: Path, **changes: Any) -> Any:
    return li.run(CONFIG, **{"schemes": ["fill"], "sweep": SWEEP, "trials": 3, "store": folder, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(tmp_path / "store")
    return tmp_path / "store"


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*.npz")}


class TestDiskFull:
    def test_the_file_is_named_and_nothing_is_lost(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = contents(folder)

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(publishing.os, "fsync", full)
            with pytest.raises(li.StoreError, match=r"manifest\.json: cannot be written: No space left on device"):
                run(folder, trials=9)
        assert contents(folder) == before
        assert not list(folder.rglob("*.tmp"))
        assert li.open_run(folder).sizes["trial"] == 3  # the manifest still is the one before
        assert (run(folder, trials=9)["status"] == 0).all()

    def test_a_unit_that_no_longer_fits(self, folder: Path) -> None:
        """The system's own refusal: no file may be longer than 2000 bytes; a unit of 200 trials is."""
        before = contents(folder)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        largest = max(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 2000, limits[1]))
            with pytest.raises(li.StoreError, match=r"3-64\.npz: cannot be written: File too large. What was finished"):
                run(folder, trials=200, schemes=["fill"])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, previous)
        assert {file: content for file, content in contents(folder).items() if file in before} == before
        assert not list(folder.rglob("*.tmp"))
        assert run(folder, trials=200).identical(li.run(CONFIG, ["fill"], SWEEP, trials=200))
        assert (li.open_run(folder)["status"] == 0).all()


class TestUnreadable:
    @pytest.fixture
    def guarded(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Folders that may not be listed: the superuser, who runs tests in containers, is refused nothing."""

        def forbid(part: str) -> None:
            real = os.listdir

            def listdir(path: Any = ".") -> list[str]:
                if part in str(path):
                    raise PermissionError(errno.EACCES, "Permission denied", str(path))
                return real(path)

            monkeypatch.setattr(os, "listdir", listdir)

        return forbid

    def test_a_folder_of_units(self, folder: Path, guarded: Any) -> None:
        guarded("fill.fast")
        with pytest.raises(li.StoreError, match=r"fill\.fast: cannot be read: Permission denied"):
            li.open_run(folder)

    def test_a_store_that_cannot_be_written_can_be_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Path.open

        def read_only(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if "r" not in mode:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
            return real(self, mode, *rest, **options)

        monkeypatch.setattr(Path, "open", read_only)
        assert li.open_run(folder).sizes["trial"] == 3
        with pytest.raises(li.StoreError, match="cannot be written: Read-only file system"):
            run(folder, trials=5)

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser is refused nothing")
    def test_permissions(self, folder: Path) -> None:
        file = next(folder.rglob("*.npz"))
        file.chmod(0)
        with pytest.raises(li.StoreError, match="Permission denied"):
            li.open_run(folder)


class TestForeign:
    def test_a_unit_of_another_seed(self, folder: Path, tmp_path: Path) -> None:
        run(tmp_path / "other", seed=1)
        mine, theirs = (next(iter(sorted(place.rglob("0-3.npz")))) for place in (folder, tmp_path / "other"))
        mine.write_bytes(theirs.read_bytes())
        with pytest.raises(li.StoreError, match=r"0-3\.npz: this unit was made for seed 1, and lies where 0 belongs"):
            li.open_run(folder)

    def test_a_unit_of_another_point(self, folder: Path) -> None:
        first, second = sorted(folder.rglob("0-3.npz"))
        first.write_bytes(second.read_bytes())
        with pytest.raises(li.StoreError, match=r"this unit was made for configuration"):
            li.open_run(folder)

    def test_an_archive_of_something_else(self, folder: Path) -> None:
        file = next(folder.rglob("*.npz"))
        np.savez(file, a=np.zeros(3))
        with pytest.raises(li.StoreError, match="this unit is damaged"):
            li.open_run(folder)


class TestDamage:
    def cut(self, folder: Path) -> Path:
        file = sorted(folder.rglob("*.npz"))[0]
        file.write_bytes(file.read_bytes()[:-100])
        return file

    def test_it_is_found_before_anything_is_computed(self, folder: Path) -> None:
        file, before = self.cut(folder), len(contents(folder))
        for go_on in (lambda: run(folder, trials=9), lambda: li.resume(folder)):
            with pytest.raises(li.StoreError, match=rf"{file.name}: this unit is damaged .* `leoisac resume DIR --rep"):
                go_on()
        assert len(contents(folder)) == before

    def test_repair_sets_aside(self, folder: Path) -> None:
        whole = li.open_run(folder)
        file = self.cut(folder)
        broken = file.read_bytes()
        li.resume(folder, repair=True)
        aside = folder / "damaged" / file.relative_to(folder / "units")
        assert aside.read_bytes() == broken
        assert li.open_run(folder)["sum_rate"].identical(whole["sum_rate"])
        assert li.open_run(folder)["status"].identical(whole["status"])

    def test_a_single_wrong_byte(self, folder: Path) -> None:
        file = next(folder.rglob("*.npz"))
        content = bytearray(file.read_bytes())
        content[content.index(b"status.npy") + 40] ^= 255
        file.write_bytes(bytes(content))
        with pytest.raises(li.StoreError, match="this unit is damaged"):
            li.open_run(folder)
        li.resume(folder, repair=True)
        assert (li.open_run(folder)["status"] == 0).all()


class TestResume:
    def test_another_schema_is_refused(self, folder: Path) -> None:
        file = folder / "manifest.json"
        file.write_text(file.read_text().replace('"schema": 2', '"schema": 99'))
        with pytest.raises(li.StoreError, match=r"manifest\.json: is of schema 99"):
            li.resume(folder)

    def test_another_version_of_the_configuration_is_refused(self, folder: Path, forge_manifest: Any) -> None:
        forge_manifest(folder, lambda data: data["fingerprints"].update(run="0" * 64))
        with pytest.raises(li.StoreError, match="made by a version whose configuration has other fields"):
            li.resume(folder)

    def test_a_field_that_is_no_more(self, folder: Path, forge_manifest: Any) -> None:
        forge_manifest(folder, lambda data: data["studies"]["run"]["config"].update(number_of_users=3))
        with pytest.raises(li.StoreError, match=r"cannot be understood: .*number_of_users: no such field"):
            li.resume(folder)

    def test_killed_before_the_manifest(self, tmp_path: Path) -> None:
        """What a killed process leaves in a new folder is no reason to refuse it."""
        folder = tmp_path / "store"
        folder.mkdir()
        (folder / ".lock").touch()
        dead = _dead_process()
        scrap = folder / f".manifest.json.{publishing._host()}.{dead}.0a1b2c3d.tmp"
        scrap.write_bytes(b"{")
        run(folder)
        assert not scrap.exists()

    def test_temporary_files_of_living_processes_stay(self, folder: Path) -> None:
        scrap = folder / f".x.npz.{publishing._host()}.{os.getpid()}.0a1b2c3d.tmp"
        elsewhere = folder / ".x.npz.another-host.1.0a1b2c3d.tmp"
        for file in (scrap, elsewhere):
            file.write_bytes(b"half")
        run(folder)
        assert scrap.exists()
        assert elsewhere.exists()


def _dead_process() -> int:
    child = os.posix_spawn("/bin/true", ["true"], os.environ)
    os.waitpid(child, 0)
    return child


def _append(folder: str, mark: int) -> None:
    for _ in range(20):
        with locked(Path(folder)):
            file = Path(folder) / "list.json"
            values = json.loads(file.read_text())
            publish(file, json.dumps([*values, mark]).encode())


def test_many_writers_of_one_manifest(tmp_path: Path) -> None:
    """Reading, changing and publishing under the lock: nothing that another process added is lost."""
    (tmp_path / "list.json").write_text("[]")
    with ThreadPoolExecutor(2) as writers:  # the lock belongs to the open file, so that threads compete like processes
        for done in [writers.submit(_append, str(tmp_path), mark) for mark in range(2)]:
            done.result()
    values = json.loads((tmp_path / "list.json").read_text())
    assert sorted(values) == [0] * 20 + [1] * 20


def test_writers_of_different_studies(tmp_path: Path) -> None:
    """Two runs that extend one store one after the other, each from what it read before: both are in the manifest."""
    from leoisac import catalogue
    from leoisac.experiment.running.campaign import run_studies
    from leoisac.experiment.scenario.scenarios import scenario

    toy = catalogue.find("toy-downlink")
    inner = {"b": scenario(toy, CONFIG, ["fill"], trials=2)}
    outer = {"a": scenario(toy, CONFIG, ["fill"], trials=4)}

    def meanwhile(state: Any) -> None:
        if not state.computed:
            run_studies(toy, inner, tmp_path / "s")

    run_studies(toy, outer, tmp_path / "s", meanwhile)
    tree = li.open_run(tmp_path / "s")
    assert set(tree.children) == {"a", "b"}
    assert (tree["a"]["status"] == 0).all()
