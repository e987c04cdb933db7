"""Result stores on disk: crash-safe, content-addressed, continued by running again.

::

    manifest.json                                          what the store holds, and how each part was made
    <study>.toml                                           the scenario of each study, ready to run again
    units/<fingerprint>/config.json                        the configuration of a sweep point
    units/<fingerprint>/<scheme>.<route>/<first>-<stop>.npz        trials first … stop - 1

A unit is written under a temporary name and published by ``os.replace``: a file under its final name is complete. Units
that FAILED end in ``.failed.npz`` and are tried again by the next run.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import StoreError
from leoisac.experiment.scenario.files import scenario_data, scenario_from_data, scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.scenario.study_union import union
from leoisac.experiment.store.publishing import (
    cannot_write,
    is_own_scrap,
    locked,
    make_folder,
    publish,
    sweep_temporaries,
)
from leoisac.experiment.store.unit_files import damage_text, looks_whole, read_unit, write_unit
from leoisac.experiment.store.units import Interval, Unit, UnitKey
from leoisac.foundation.config import Config, ConfigError, fingerprint

SCHEMA = 1
MANIFEST = "manifest.json"
_UNIT_NAME = re.compile(r"(\d+)-(\d+)(\.failed)?\.npz")
_FINGERPRINT_DIGITS = 16


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Attributes:
        system: system name.
        seed: of all draws in the store.
        studies: study name -> scenario; grows when a run asks for more.
        sessions: one entry per run: command, time, versions.
    """

    system: str
    seed: int
    studies: Mapping[str, Scenario]
    sessions: Sequence[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])


class DirectoryStore:
    """Units and manifest in a folder."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def finished(self, key: UnitKey) -> Sequence[Interval]:
        return [(first, stop) for first, stop, failed, _ in self._files(key) if not failed]

    def write(self, unit: Unit, config: Config) -> None:
        folder = self._unit_folder(unit.key)
        make_folder(folder)
        described = folder.parent / "config.json"
        if not described.exists():
            publish(described, (json.dumps(config.model_dump(mode="json"), indent=1) + "\n").encode())
        name = f"{unit.first}-{unit.stop}"
        write_unit(folder / f"{name}{'.failed' if unit.traceback else ''}.npz", unit, self.manifest.seed)
        if not unit.traceback:
            (folder / f"{name}.failed.npz").unlink(missing_ok=True)

    def read(self, key: UnitKey, names: Sequence[str] | None = None, stop: int | None = None) -> Iterable[Unit]:
        for first, _, _, file in sorted(self._files(key), key=lambda item: (not item[2], item[0])):
            if stop is None or first < stop:
                yield read_unit(file, key, self.manifest.seed, names)

    def check(self, keys: Iterable[UnitKey]) -> None:
        """Refuse units that are cut short before anything is computed beside them (StoreError naming the first)."""
        for key in keys:
            for *_, file in self._files(key):
                if not looks_whole(file):
                    raise StoreError(damage_text(file, "it ends too early"))

    def set_aside_damaged(self, keys: Iterable[UnitKey]) -> list[Path]:
        """Move units that cannot be read whole to the folder ``damaged``; where they lie now."""
        moved: list[Path] = []
        for key in keys:
            for *_, file in self._files(key):
                try:
                    read_unit(file, key, self.manifest.seed)
                except StoreError:
                    target = self.folder / "damaged" / file.relative_to(self.folder / "units")
                    make_folder(target.parent)
                    try:
                        file.replace(target)
                    except OSError as error:
                        raise cannot_write(target, error) from None
                    moved.append(target)
        return moved

    def _files(self, key: UnitKey) -> list[tuple[int, int, bool, Path]]:
        """First and last trial, whether it failed, and file of every unit of a key."""
        found: list[tuple[int, int, bool, Path]] = []
        folder = self._unit_folder(key)
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return found
        except OSError as error:
            raise StoreError(f"{folder}: cannot be read: {error.strerror}. Mend its permissions.") from None
        for name in names:
            match = _UNIT_NAME.fullmatch(name)
            if match:
                found.append((int(match[1]), int(match[2]), bool(match[3]), folder / name))
        return found

    def _unit_folder(self, key: UnitKey) -> Path:
        return self.folder / "units" / key.fingerprint[:_FINGERPRINT_DIGITS] / f"{key.scheme}.{key.route}"


def create_or_continue(
    folder: str | Path, system: System, studies: Mapping[str, Scenario], session: Mapping[str, Any]
) -> DirectoryStore:
    """The store of a run: a new one, or an existing one of the same system and seed, extended by ``studies``.

    Args:
        folder: the store's folder; made when it does not exist.
        system: the system.
        studies: study name -> scenario, all of one seed.
        session: what to note about this run (``provenance.session``).

    Raises:
        StoreError: if the folder holds something else, or another system, seed, schema or configuration.
    """
    path = Path(folder).expanduser()
    _is_store(path)
    make_folder(path)
    with locked(path):
        store = DirectoryStore(path, _grown_manifest(path, system, studies, session))
        _write_manifest(store)
    sweep_temporaries(path)
    return store


def _grown_manifest(
    path: Path, system: System, studies: Mapping[str, Scenario], session: Mapping[str, Any]
) -> Manifest:
    """What the store holds once ``studies`` are added to what is there."""
    seed = next(iter(studies.values())).seed
    if _is_store(path):
        old = _read_manifest(path, lambda name: _same_system(path, system, name))
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
    return DirectoryStore(path, _read_manifest(path, find))


def stored_plugins(folder: str | Path) -> tuple[str, ...]:
    """Plugin files that the last run on a store used and that are still there; none where there is no store."""
    try:
        data = json.loads((Path(folder).expanduser() / MANIFEST).read_text(encoding="utf-8"))
        return tuple(path for path in data["sessions"][-1]["plugins"] if Path(path).exists())
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ()  # `open_store` says what is wrong with it


def is_store(folder: str | Path) -> bool:
    """Whether a folder holds a result store."""
    return (Path(folder).expanduser() / MANIFEST).is_file()


def _is_store(path: Path) -> bool:
    """Whether there is a store; StoreError where there is something else that must not be touched."""
    if (path / MANIFEST).is_file():
        return True
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path}: is a file; a result store is a folder.")
    if path.is_dir() and not all(is_own_scrap(file.name) for file in _listed(path)):
        raise StoreError(
            f"{path}: is a folder with other content and no {MANIFEST}, so not a result store. "
            "Choose a new or empty folder."
        )
    return False


def _listed(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}. Mend its permissions.") from None


def _read_manifest(path: Path, find: Callable[[str], System]) -> Manifest:
    file = path / MANIFEST
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoreError(
            f"{file}: cannot be read ({error}). Restore it, or move the folder away and run again."
        ) from None
    if not isinstance(data, dict) or "schema" not in data:
        raise StoreError(f"{file}: is not the manifest of a result store. Choose another folder.")
    data = cast(dict[str, Any], data)
    if data["schema"] != SCHEMA:
        raise StoreError(
            f"{file}: is of schema {data['schema']!r}, this version of leoisac reads schema {SCHEMA}. "
            "Use the version that made it, or another folder."
        )
    try:
        studies = {name: scenario_from_data(item, find, runnable=False) for name, item in data["studies"].items()}
        _same_fingerprints(file, studies, data["fingerprints"])
        return Manifest(str(data["system"]), int(data["seed"]), studies, data["sessions"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        kind = "" if isinstance(error, ConfigError) else f"{type(error).__name__}: "
        raise StoreError(f"{file}: cannot be understood: {kind}{error}") from None


def _same_fingerprints(file: Path, studies: Mapping[str, Scenario], stored: Mapping[str, str]) -> None:
    """A configuration class that changed since gives other fingerprints, under which no unit would be found."""
    for name, item in studies.items():
        if stored.get(name) != fingerprint(item.config):
            raise StoreError(
                f"{file}: study `{name}` was made by a version whose configuration has other fields or defaults. "
                "Read it with that version (see `sessions`), or run it again in another folder."
            )


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


def _write_manifest(store: DirectoryStore) -> None:
    """The manifest first: with it the folder is a store, whatever interrupts the rest."""
    manifest = store.manifest
    data = {
        "schema": SCHEMA,
        "system": manifest.system,
        "seed": manifest.seed,
        "studies": {name: scenario_data(item) for name, item in manifest.studies.items()},
        "fingerprints": {name: fingerprint(item.config) for name, item in manifest.studies.items()},
        "sessions": list(manifest.sessions),
    }
    publish(store.folder / MANIFEST, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
    for name, item in manifest.studies.items():
        publish(store.folder / f"{name}.toml", scenario_toml(item).encode())
