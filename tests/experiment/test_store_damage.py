"""Full disks, unreadable and foreign files, cut chunks, many writers: a clear message, and nothing is lost."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import shutil
import signal
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import store_attacks

import leoisac as li
from leoisac import catalogue
from leoisac.experiment.store import publishing
from leoisac.experiment.store.digests import sealed
from leoisac.experiment.store.publishing import locked, publish

CONFIG = li.config("toy-downlink")
SWEEP = {"transmit_power_dbw": [0, 10]}


def run(folder: Path, **changes: Any) -> Any:
    return li.run(CONFIG, **{"schemes": ["fill"], "sweep": SWEEP, "trials": 3, "store": folder, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "store"
    run(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "store")
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
        file = sorted(folder.glob("units/*/*/*.npz"))[0]
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

    def test_what_is_set_aside_twice_is_there_twice(self, folder: Path) -> None:
        for _ in range(2):
            self.cut(folder)
            li.resume(folder, repair=True)
        assert len(list((folder / "damaged").rglob("*.npz"))) == 2

    def test_a_single_wrong_byte(self, folder: Path) -> None:
        file = next(folder.rglob("*.npz"))
        content = bytearray(file.read_bytes())
        content[content.index(b"status.npy") + 40] ^= 255
        file.write_bytes(bytes(content))
        with pytest.raises(li.StoreError, match="this unit is damaged"):
            li.open_run(folder)
        li.resume(folder, repair=True)
        assert (li.open_run(folder)["status"] == 0).all()


class TestAccidents:
    """Whatever happens to a file: a message of ours, or the same bits."""

    @pytest.fixture
    def attacker(self, tmp_path: Path) -> Any:
        store_attacks.make_store(tmp_path / "attacked")
        return store_attacks.Attacker(tmp_path / "attacked")

    @pytest.mark.parametrize("count", [150, pytest.param(500, marks=pytest.mark.further)])
    def test_many_of_them(self, attacker: Any, count: int) -> None:
        for _ in range(count):
            attacker.accident()
        assert not attacker.faults
        assert attacker.outcomes["refused"] > 0.5 * count
        assert attacker.outcomes["same bits"] > 0.05 * count  # scenario files, whose numbers nobody reads from a store

    def test_forged_manifests(self, attacker: Any) -> None:
        for _ in range(95):
            attacker.forgery()
        for _ in range(5):
            attacker.forgery("status", "verify", "export", "check")
        assert not attacker.faults

    @pytest.mark.parametrize(
        ("mark", "offset", "value"),
        [
            (b"PK\x01\x02", 10, 99),  # a compression that there is not: NotImplementedError
            (b"PK\x01\x02", 10, 14),  # LZMA: its own error
            (b"PK\x01\x02", 8, 1),  # encrypted: RuntimeError
            (b"PK\x01\x02", 6, 99),  # a later version of the format: NotImplementedError
        ],
    )
    def test_every_part_of_an_archive(self, folder: Path, mark: bytes, offset: int, value: int) -> None:
        file = next(folder.rglob("*.npz"))
        content = bytearray(file.read_bytes())
        content[content.index(mark) + offset] = value
        file.write_bytes(bytes(content))
        with pytest.raises(li.StoreError, match=rf"{file.name}: this unit is damaged"):
            li.open_run(folder)
        li.resume(folder, repair=True)
        assert (li.open_run(folder)["status"] == 0).all()

    def test_no_waiting_for_pipes(self, folder: Path) -> None:
        file = next(folder.rglob("*.npz"))
        file.unlink()
        os.mkfifo(file)
        with pytest.raises(li.StoreError, match="it is no regular file"):
            li.open_run(folder)
        assert [item.reason for item in li.check_store(folder, repair=True).bad] == ["it is no regular file"]
        li.resume(folder)

    def test_what_cannot_be_read_is_not_called_damaged(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A process that may open no more files says nothing about the files."""
        real = os.open

        def exhausted(path: Any, *rest: Any, **options: Any) -> int:
            if str(path).endswith(".npz"):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return real(path, *rest, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", exhausted)
            for read in (li.open_run, li.check_store, lambda folder: li.resume(folder, repair=True)):
                with pytest.raises(li.StoreError, match="cannot be read: Too many open files"):
                    read(folder)
        assert not (folder / "damaged").exists()
        assert li.check_store(folder).sound


def _status(note: Any, arrays: Any) -> None:
    arrays["status"] = np.full_like(arrays["status"], 77)


def _missing(note: Any, arrays: Any) -> None:
    del arrays["status"]


def _usable_without_design(note: Any, arrays: Any) -> None:
    arrays["status"][1] = 3


def _not_finite(note: Any, arrays: Any) -> None:
    arrays["metric.rate"][0, 1] = np.nan


def _other_users(note: Any, arrays: Any) -> None:
    arrays["metric.rate"] = np.zeros((3, 7))


def _other_axes(note: Any, arrays: Any) -> None:
    arrays["metric.sum_rate"] = np.zeros((3, 1))


def _other_rows(note: Any, arrays: Any) -> None:
    arrays["violation"] = np.zeros(2)


def _texts(note: Any, arrays: Any) -> None:
    arrays["objective"] = np.asarray(["a", "b", "c"])


def _single_precision(note: Any, arrays: Any) -> None:
    arrays["objective"] = arrays["objective"].astype(np.float32)


def _odd_note(note: Any, arrays: Any) -> None:
    note.update(seconds=None, machine=[], traceback={})


@pytest.mark.parametrize(
    "change",
    [
        *(_status, _missing, _usable_without_design, _not_finite, _other_users, _other_axes, _other_rows, _texts),
        *(_single_precision, _odd_note),
    ],
)
def test_a_unit_with_what_no_unit_holds_is_damaged(folder: Path, forge_unit: Any, change: Any) -> None:
    """Also where the digests are right: a unit is judged, not believed."""
    whole = li.open_run(folder)
    file = sorted(folder.rglob("*.npz"))[0]
    forge_unit(file, change)
    for read in (li.open_run, li.resume):
        with pytest.raises(li.StoreError, match=rf"{file.name}: this unit is damaged"):
            read(folder)
    assert [item.kind for item in li.check_store(folder).bad] == ["damaged"]
    li.resume(folder, repair=True)
    assert li.open_run(folder)["sum_rate"].identical(whole["sum_rate"])


class _Touch:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


class TestForgedArchives:
    """What a unit says of its own arrays, sealed: no memory is taken for it, and nothing is unpickled."""

    def forge(self, folder: Path, name: str, described: dict[str, Any], array: np.ndarray | None = None) -> None:
        file = next(folder.rglob("*.npz"))
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        note = json.loads(str(np.load(io.BytesIO(parts["meta.npy"]), allow_pickle=False)))
        note["arrays"][name].update(described)
        new = {"meta": np.asarray(json.dumps(sealed(note))), **({} if array is None else {name: array})}
        for part, values in new.items():
            stream = io.BytesIO()
            np.save(stream, values, allow_pickle=True)
            parts[f"{part}.npy"] = stream.getvalue()
        with zipfile.ZipFile(file, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, content)

    @pytest.mark.parametrize("shape", [[3, 10**14], [10**400], [-1], [3, -2], ["3"], [[3]], None, 3])
    def test_shapes(self, folder: Path, shape: Any) -> None:
        self.forge(folder, "history", {"shape": shape})
        with pytest.raises(li.StoreError, match="this unit is damaged"):
            li.open_run(folder)

    @pytest.mark.parametrize("dtype", ["|O", "U99999999", "V8", "no type", 7, [["a", "O"]]])
    def test_types(self, folder: Path, dtype: Any) -> None:
        self.forge(folder, "objective", {"dtype": dtype})
        with pytest.raises(li.StoreError, match="this unit is damaged"):
            li.open_run(folder)

    @pytest.mark.parametrize("name", ["objective", "meta"])
    def test_pickles(self, folder: Path, tmp_path: Path, name: str) -> None:
        touch = np.asarray([_Touch(tmp_path / "touched")] * 3, dtype=object)
        self.forge(folder, "objective", {"dtype": "|O"}, touch if name == "objective" else None)
        if name == "meta":
            file = next(folder.rglob("*.npz"))
            np.savez(file, meta=np.asarray(_Touch(tmp_path / "touched"), dtype=object))
        for read in (li.open_run, li.resume):
            with pytest.raises(li.StoreError, match="this unit is damaged"):
                read(folder)
        assert not li.check_store(folder).sound
        assert not (tmp_path / "touched").exists()


def test_a_manifest_that_was_changed_by_hand(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_text(file.read_text().replace('"trials": 3', '"trials": 2'))
    for read in (li.open_run, li.resume, run):
        with pytest.raises(li.StoreError, match=r"manifest\.json: is not as leoisac wrote it\. Restore it"):
            read(folder)
    assert [(item.file, item.kind) for item in li.check_store(folder).bad] == [(file, "damaged")]


def test_a_lost_manifest_is_made_again(folder: Path) -> None:
    """What the message about a damaged manifest advises."""
    whole = li.open_run(folder)
    before = {file: file.stat().st_mtime_ns for file in contents(folder)}
    (folder / "manifest.json").unlink()
    with pytest.raises(li.StoreError, match="there is no result store here"):
        li.open_run(folder)
    assert li.run(li.load(folder / "run.toml"), store=folder)["sum_rate"].identical(whole["sum_rate"])
    assert {file: file.stat().st_mtime_ns for file in contents(folder)} == before
    (folder / "manifest.json").unlink()
    with pytest.raises(li.StoreError, match="made for seed 0, and lies where 1 belongs"):
        run(folder, seed=1)


class TestStrangeStores:
    """A store that somebody else made runs nothing, and writes nowhere else."""

    @pytest.fixture
    def plugin(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for kept in ("_plugins", "_plugin_files", "_schemes"):
            monkeypatch.setattr(catalogue, kept, dict(getattr(catalogue, kept)))
        file = tmp_path / "strange.py"
        file.write_text(
            "from dataclasses import replace\nfrom pathlib import Path\n"
            "from leoisac_plugin_toy_system import SYSTEM as TOY\n"
            "class Config(TOY.config):\n    system = 'strange-downlink'\n"
            "SYSTEM = replace(TOY, name='strange-downlink', config=Config)\n"
            "Path(__file__).with_suffix('.ran').touch()\n"
        )
        return file

    def test_its_plugins_are_named_and_not_run(self, folder: Path, plugin: Path, forge_manifest: Any) -> None:
        def change(data: Any) -> None:
            data["system"] = data["studies"]["run"]["system"] = "strange-downlink"
            data["sessions"][-1]["plugins"] = [str(plugin)]

        forge_manifest(folder, change)
        for read in (li.resume, li.open_run, li.check_store):
            with pytest.raises(
                li.StoreError, match=rf"made with the plugin file '{plugin}'.* if you trust it, name it"
            ):
                read(folder)
        assert not plugin.with_suffix(".ran").exists()
        assert "strange-downlink" not in catalogue.systems()
        li.resume(folder, plugins=[plugin], repair=True)  # units of the system that was called otherwise are foreign
        assert plugin.with_suffix(".ran").exists()
        assert (li.open_run(folder)["status"] == 0).all()
        assert li.open_run(folder).attrs["system"] == "strange-downlink"

    @pytest.mark.parametrize("name", ["../../X", "/tmp/X", "..", "a/b", "", "a\\b", "x" * 200, "\ud800", "a\n"])
    def test_names_are_no_paths(self, folder: Path, forge_manifest: Any, name: str) -> None:
        def change(data: Any) -> None:
            for part in ("studies", "fingerprints"):
                data[part] = {name: data[part]["run"]}

        forge_manifest(folder, change)
        before = sorted(folder.parent.rglob("*"))
        for read in (li.open_run, li.resume, li.check_store, run):
            with pytest.raises(li.StoreError, match=r"manifest\.json: cannot be understood: study = "):
                read(folder)
        assert sorted(folder.parent.rglob("*")) == before

    @pytest.mark.parametrize("entry", ["../fill", "fill:../../x", "fill/../x"])
    def test_schemes_and_routes_are_no_paths(self, folder: Path, forge_manifest: Any, entry: str) -> None:
        forge_manifest(folder, lambda data: data["studies"]["run"].update(schemes=[entry]))
        for read in (li.open_run, li.resume, li.check_store):
            with pytest.raises(li.StoreError, match=r"manifest\.json: cannot be understood"):
                read(folder)

    def test_nor_are_those_of_a_run(self, tmp_path: Path, toy: Any) -> None:
        from leoisac.experiment.running.campaign import run_studies
        from leoisac.experiment.scenario.scenarios import scenario

        with pytest.raises(li.ConfigError, match=r"study = '\.\./x': must be a name"):
            run_studies(toy, {"../x": scenario(toy, CONFIG, ["fill"], trials=2)}, tmp_path / "s")
        assert not list(tmp_path.iterdir())

    def test_links_do_not_lead_out(self, folder: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        point = sorted(folder.glob("units/*"))[0]
        shutil.rmtree(point)
        point.symlink_to(elsewhere)
        with pytest.raises(li.StoreError, match="leads out of the store"):
            li.resume(folder)
        point.unlink()
        (folder / "damaged").symlink_to(elsewhere)
        next(folder.rglob("*.npz")).write_bytes(b"")
        with pytest.raises(li.StoreError, match="leads out of the store"):
            li.resume(folder, repair=True)
        assert not list(elsewhere.iterdir())


def test_a_failure_that_another_run_replaces_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is listed, another run mends a FAILED unit, then the files are read: the success counts."""
    import leoisac_plugin_toy_system as module  # type: ignore[import-not-found]

    from leoisac.experiment.store.folders import DirectoryStore, open_store
    from leoisac.experiment.store.targets import unit_keys

    with monkeypatch.context() as patch:
        patch.setattr(module, "equal", module.broken)
        assert (run(folder, schemes=["equal"])["status"] == int(li.Status.FAILED)).all()
    store = open_store(folder, catalogue.find)
    listed = {key: store.files(key) for key in unit_keys(store.system, store.manifest.studies.values())}
    whole = run(folder, schemes=["equal"])
    monkeypatch.setattr(DirectoryStore, "files", lambda self, key: listed[key])
    assert li.open_run(folder).sel(scheme=["equal"])["status"].identical(whole["status"])


class TestRemoved:
    """A store that goes while a run writes to it is not made again half."""

    @pytest.mark.parametrize("how", ["removed", "moved", "replaced"])
    def test_while_running(self, tmp_path: Path, how: str) -> None:
        folder = tmp_path / "store"

        def attack(state: Any) -> None:
            if state.computed != 4:
                return
            folder.rename(tmp_path / "moved")
            if how == "removed":
                shutil.rmtree(tmp_path / "moved")
            elif how == "replaced":
                run(folder, seed=5)

        with pytest.raises(li.StoreError, match="this store was removed, moved or replaced while it was in use"):
            run(folder, trials=6, unit_trials=2, progress=attack)
        if how == "replaced":
            assert li.check_store(folder).sound
            return
        assert not folder.exists()
        if how == "moved":
            (tmp_path / "moved").rename(folder)
        assert run(folder, trials=6).identical(li.run(CONFIG, ["fill"], SWEEP, trials=6))

    def test_units_that_vanish(self, tmp_path: Path) -> None:
        folder = tmp_path / "store"

        def attack(state: Any) -> None:
            if not state.left:
                shutil.rmtree(folder / "units")

        with pytest.raises(li.StoreError, match=r"this unit and 1 others of this run were removed while it went on"):
            run(folder, progress=attack)
        assert (run(folder)["status"] == 0).all()


def test_a_lock_that_nobody_gives_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LOCK_WAIT_S", 0.05)
    with locked(folder), pytest.raises(li.StoreError, match="another process has held this store's lock for"):
        run(folder)
    run(folder)


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


def test_two_runs_at_once_with_different_trials_and_schemes(tmp_path: Path) -> None:
    """Each begins while the other is under way; both get what they asked for, and the store holds what both did."""
    reports: list[Any] = []

    def meanwhile(state: Any) -> None:
        if state.computed == 4:
            reports.append(run(tmp_path / "s", trials=7, schemes=["odd", "fill"], unit_trials=3))

    data = run(tmp_path / "s", trials=6, unit_trials=2, progress=meanwhile)
    assert data.identical(li.run(CONFIG, ["fill"], SWEEP, trials=6))
    assert reports[0].identical(li.run(CONFIG, ["odd", "fill"], SWEEP, trials=7))
    both = li.open_run(tmp_path / "s")
    assert both.equals(li.run(CONFIG, ["fill", "odd"], SWEEP, trials=7))
    assert li.check_store(tmp_path / "s").sound
