"""Result stores on disk: crash-safe, content-addressed, continued by running again.

::

    manifest.json                                          what the store holds, and how each part was made
    <study>.toml                                           the scenario of each study, ready to run again
    channels/<digest>.npz                                  given channels, where there are any
    units/<fingerprint>/config.json                        the configuration of a sweep point
    units/<fingerprint>/<scheme>.<route>/<first>-<stop>.npz        trials first … stop - 1
    damaged/…                                              what a repair set aside

A unit is written under a temporary name and published by ``os.replace``: a file under its final name is complete. Units
that FAILED end in ``.failed.npz`` and are tried again by the next run.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import DamageError, StoreError
from leoisac.experiment.names import checked_name
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.scenario.study_union import union
from leoisac.experiment.store.layout import Layout, layout_of
from leoisac.experiment.store.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from leoisac.experiment.store.publishing import (
    cannot_write,
    is_own_scrap,
    locked,
    make_folder,
    make_inside,
    publish,
    sweep_temporaries,
)
from leoisac.experiment.store.targets import unit_keys
from leoisac.experiment.store.unit_files import other_program, read_unit, write_unit
from leoisac.experiment.store.units import Identity, Interval, Unit, UnitKey
from leoisac.foundation.config import Config

DAMAGED = "damaged"
"""Folder of what was set aside."""
CONFIG = "config.json"
_UNIT_NAME = re.compile(r"([0-9]{1,9})-([0-9]{1,9})(\.failed)?\.npz")
_FINGERPRINT_DIGITS = 16


class DirectoryStore:
    """Units and manifest in a folder.

    Args:
        folder: of the store.
        manifest: what it holds.
        system: of its results.
        is_planned: whether its manifest is not written yet.
    """

    def __init__(self, folder: Path, manifest: Manifest, system: System, is_planned: bool = False) -> None:
        self._is_planned = is_planned
        self.folder = folder
        self.manifest = manifest
        self.system = system
        self._place = _place(folder)
        self._versions: Mapping[str, str] = manifest.sessions[-1]["versions"]
        self._written: set[Path] = set()

    def finished(self, key: UnitKey) -> Sequence[Interval]:
        return [(first, stop) for first, stop, failed, _ in self.unit_files(key) if not failed]

    def write(self, unit: Unit, config: Config) -> None:
        self._must_be_there()
        folder = self.unit_folder(unit.key)
        make_inside(self.folder, folder)
        described = folder.parent / CONFIG
        if not described.exists():
            publish(described, config_text(config))
        name = f"{unit.first}-{unit.stop}"
        file = folder / f"{name}{'.failed' if unit.traceback else ''}.npz"
        identity = self._identity(unit.key, unit.first, unit.stop, bool(unit.traceback))
        write_unit(file, unit, identity, self._versions, layout_of(self.system, config))
        if not unit.traceback:
            self._written.add(file)
            (folder / f"{name}.failed.npz").unlink(missing_ok=True)

    def read(self, key: UnitKey, names: Sequence[str] | None = None, stop: int | None = None) -> Iterable[Unit]:
        for file in self.files(key):
            first = int(file.name.partition("-")[0])
            if stop is None or first < stop:
                yield self.read_file(key, _present(file), names)

    def files(self, key: UnitKey) -> list[Path]:
        """Files of the units of a key; those that FAILED come first, so that a later success replaces them."""
        return [item[3] for item in sorted(self.unit_files(key), key=lambda item: (not item[2], item[0], item[1]))]

    def read_file(self, key: UnitKey, file: Path, names: Sequence[str] | None = None) -> Unit:
        """The unit of a file, which must be what its place says (DamageError otherwise)."""
        match = _UNIT_NAME.fullmatch(file.name)
        if match is None:
            raise ValueError(f"{file}: is not the name of a unit.")
        identity = self._identity(key, int(match[1]), int(match[2]), bool(match[3]))
        return read_unit(file, identity, self._layout(key.fingerprint), names)

    def check(self, keys: Iterable[UnitKey]) -> None:
        """Refuse units that must not count before anything is computed beside them (DamageError with the first)."""
        for key in keys:
            for file in self.files(key):
                self.judge_file(key, file)

    def judge_file(self, key: UnitKey, file: Path) -> None:
        """Refuse a unit that must not count beside new ones (DamageError): damaged, or of a program that is no more."""
        unit = self.read_file(key, file)
        is_known = any(scheme.name == key.scheme for scheme in self.system.schemes)
        if is_known and unit.program != self.system.program(key.scheme):
            origins = [self.system.origin, *(item.origin for item in self.system.schemes if item.name == key.scheme)]
            places = dict.fromkeys(str(origin) for origin in origins if origin is not None)
            files = dict.fromkeys(origin.file for origin in origins if origin is not None and origin.file)
            raise other_program(file, key.scheme, ", ".join(places) or "leoisac's own", files)

    def set_aside_damaged(self, keys: Iterable[UnitKey]) -> list[Path]:
        """Move units that must not count to the folder ``damaged``; where they lie now."""
        moved: list[Path] = []
        for key in keys:
            for file in self.files(key):
                try:
                    self.judge_file(key, file)
                except DamageError:
                    moved.append(self.set_aside(file))
        return moved

    def set_aside(self, file: Path) -> Path:
        """Move a file below ``units`` to the folder ``damaged``, over nothing that lies there; where it lies now."""
        self._must_be_there()
        target = self.folder / DAMAGED / file.relative_to(self.folder / "units")
        make_inside(self.folder, target.parent)
        number = 1
        while os.path.lexists(target):
            number += 1
            target = target.with_name(f"{file.stem}.{number}{file.suffix}")
        try:
            file.replace(target)
        except OSError as error:
            raise cannot_write(target, error) from None
        return target

    def confirm(self) -> None:
        """Refuse to report a run whose results vanished while it went on (StoreError)."""
        self._must_be_there()
        gone = sorted(file for file in self._written if not file.exists())
        if gone:
            raise StoreError(
                f"{gone[0]}: this unit and {len(gone) - 1} others of this run were removed while it went on. "
                "Run the same again: what is there is kept."
            )

    def unit_files(self, key: UnitKey) -> list[tuple[int, int, bool, Path]]:
        """First and last trial, whether it failed, and file of every unit of a key, by their names alone."""
        found: list[tuple[int, int, bool, Path]] = []
        folder = self.unit_folder(key)
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            self._must_be_there()
            return found
        except OSError as error:
            raise StoreError(f"{folder}: cannot be read: {error.strerror}. Mend its permissions.") from None
        for name in names:
            match = _UNIT_NAME.fullmatch(name)
            if match:
                found.append((int(match[1]), int(match[2]), bool(match[3]), folder / name))
        return found

    def unit_folder(self, key: UnitKey) -> Path:
        """Where the units of a key lie."""
        name = f"{checked_name('scheme', key.scheme)}.{checked_name('route', key.route)}"
        return self.folder / "units" / key.fingerprint[:_FINGERPRINT_DIGITS] / name

    @property
    def made_with(self) -> tuple[str, ...]:
        """The plugin files that its runs had, by the names that they had then."""
        return tuple(dict.fromkeys(str(file) for session in self.manifest.sessions for file in session["plugins"]))

    @functools.cached_property
    def configs(self) -> Mapping[str, Config]:
        """Fingerprint -> configuration, of every point of the studies."""
        points = (point for study in self.manifest.studies.values() for point in study.points())
        return {point.fingerprint: point.config for point in points}

    def config_files(self) -> dict[Path, Config]:
        """Where the configurations are described: file -> configuration."""
        marks = self.configs.items()
        return {self.folder / "units" / mark[:_FINGERPRINT_DIGITS] / CONFIG: config for mark, config in marks}

    def _layout(self, mark: str) -> Layout:
        return layout_of(self.system, self.configs.get(mark))

    def _identity(self, key: UnitKey, first: int, stop: int, failed: bool) -> Identity:
        seed = self.manifest.seed
        return Identity(self.manifest.system, key.fingerprint, key.scheme, key.route, seed, first, stop, failed)

    def _must_be_there(self) -> None:
        """A store that was removed, or moved, is not made again half: what else it held would be missed in silence."""
        if self._is_planned:
            return
        if _place(self.folder) != self._place or not (self.folder / MANIFEST).exists():
            raise StoreError(
                f"{self.folder}: this store was removed, moved or replaced while it was in use. Put it back and run "
                "the same again to continue; what was removed must be computed anew."
            )


def _present(file: Path) -> Path:
    """The file, or what another run has put in its place since the folder was read: a success after a failure."""
    success = file.with_name(file.name.replace(".failed", ""))
    return success if file != success and not file.exists() and success.exists() else file


def config_text(config: Config) -> bytes:
    """Content of a ``config.json``."""
    return (json.dumps(config.model_dump(mode="json"), indent=1) + "\n").encode()


def _place(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of the same name."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def create_or_continue(
    folder: str | Path,
    system: System,
    studies: Mapping[str, Scenario],
    session: Mapping[str, Any],
    repair: bool = False,
) -> DirectoryStore:
    """The store of a run: a new one, or an existing one of the same system and seed, extended by ``studies``.

    Args:
        folder: the store's folder; made when it does not exist.
        system: the system.
        studies: study name -> scenario, all of one seed.
        session: what to note about this run (``provenance.session``).
        repair: units that must not count are set aside, instead of refusing them before anything is changed.

    Raises:
        ConfigError: for a study, scheme or route whose name cannot be a part of a path.
        StoreError: if the folder holds something else, or another system, seed, schema or configuration.
        DamageError: for a unit that must not count; the store is as it was.
    """
    for name, item in studies.items():
        checked_name("study", name)
        for choice in item.choices(system):
            checked_name("scheme", choice.scheme.name)
            checked_name("route", choice.route)
    path = Path(folder).expanduser()
    keys = unit_keys(system, studies.values())
    there = _is_store(path) or path.is_dir()  # units may lie there without a manifest, too
    if there and not repair:
        DirectoryStore(path, _grown_manifest(path, system, studies, session), system, is_planned=True).check(keys)
    make_folder(path)
    with locked(path):
        store = DirectoryStore(path, _grown_manifest(path, system, studies, session), system)
        write_manifest(path, store.manifest)
    sweep_temporaries(path)
    if repair:
        store.set_aside_damaged(keys)
    return store


def _grown_manifest(
    path: Path, system: System, studies: Mapping[str, Scenario], session: Mapping[str, Any]
) -> Manifest:
    """What the store holds once ``studies`` are added to what is there."""
    seed = next(iter(studies.values())).seed
    if _is_store(path):
        old = read_manifest(path, lambda name: _same_system(path, system, name))
        if old.seed != seed:
            raise StoreError(
                f"{path / MANIFEST}: this store holds results of seed {old.seed}, asked for seed {seed}. "
                "Choose another store folder for another seed."
            )
        merged = {**old.studies, **{name: _extended(path, old, name, item) for name, item in studies.items()}}
        return Manifest(system.name, seed, merged, [*old.sessions, session])
    return Manifest(system.name, seed, dict(studies), [session])


def open_store(folder: str | Path, find: Callable[[str], System]) -> DirectoryStore:
    """An existing store, for reading (StoreError if there is none or it cannot be read)."""
    path = Path(folder).expanduser()
    if not _is_store(path):
        raise StoreError(
            f"{path}: there is no result store here (no {MANIFEST}); `leoisac run … --store {path}` makes one."
        )
    manifest = read_manifest(path, find)
    return DirectoryStore(path, manifest, find(manifest.system))


def is_store(folder: str | Path) -> bool:
    """Whether a folder holds a result store."""
    return (Path(folder).expanduser() / MANIFEST).is_file()


def output_file(path: Path) -> Path:
    """A file to be written for people, if it does not lie in a store that may not be written, or under a link there.

    Raises:
        StoreError: otherwise; anywhere else than in a store the path is the user's own.
    """
    if is_store(path.parent):
        if path.is_symlink():
            raise StoreError(f"{path}: is a link, and nothing is written through a link in a store. Use --out FILE.")
        if not os.access(path.parent, os.W_OK):
            raise StoreError(f"{path.parent}: this store may not be written here; say where to write with --out FILE.")
    return path


def _is_store(path: Path) -> bool:
    """Whether there is a store; StoreError where there is something else that must not be touched."""
    try:
        if (path / MANIFEST).is_file():
            return True
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}. Mend its permissions.") from None
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path}: is a file; a result store is a folder.")
    if path.is_dir() and not all(is_own_scrap(file.name) for file in _listed(path)) and not _lost_its_manifest(path):
        raise StoreError(
            f"{path}: is a folder with other content and no {MANIFEST}, so not a result store. "
            "Choose a new or empty folder."
        )
    return False


def _lost_its_manifest(path: Path) -> bool:
    """Whether a folder holds units; a run there makes a manifest, and what is sound of them counts: they say themselves
    what they are."""
    return any(path.glob(f"units/{'[0-9a-f]' * _FINGERPRINT_DIGITS}/{CONFIG}"))


def _listed(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}. Mend its permissions.") from None


def _same_system(path: Path, system: System, stored: str) -> System:
    if stored != system.name:
        raise StoreError(
            f"{path / MANIFEST}: this store holds results of `{stored}`, asked for `{system.name}`. "
            "Choose another store folder."
        )
    return system


def _extended(path: Path, old: Manifest, name: str, item: Scenario) -> Scenario:
    if name not in old.studies:
        return item
    try:
        return union(old.studies[name], item)
    except ValueError as error:
        raise StoreError(f"{path / MANIFEST}: study `{name}` {error} Choose another store folder.") from None
