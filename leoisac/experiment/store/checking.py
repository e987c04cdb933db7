"""Every file of a store read, hashed and judged: what is sound, what is damaged, what belongs elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import DamageError, StoreError
from leoisac.experiment.scenario.files import scenario_from_toml
from leoisac.experiment.store.channel_files import CHANNELS, found_in
from leoisac.experiment.store.folders import CONFIG, DirectoryStore, config_text, is_store, open_store
from leoisac.experiment.store.manifest import MANIFEST, read_manifest, write_scenarios
from leoisac.experiment.store.publishing import content_of, locked, make_inside, publish
from leoisac.experiment.store.targets import unit_keys
from leoisac.experiment.store.units import UnitKey
from leoisac.foundation.config import Config, ConfigError, build, fingerprint

SOUND, DAMAGED, FOREIGN = KINDS = ("sound", "damaged", "foreign")


@dataclass(frozen=True)
class FileState:
    """What became of one file.

    Attributes:
        file: which.
        group: ``manifest``, ``scenarios``, ``channels``, ``configurations``, or scheme and route of a unit as its
            folder is called.
        kind: ``"sound"``, ``"damaged"`` or ``"foreign"``.
        reason: what is wrong with it.
        mended: where a repair set it aside, or the file itself where that wrote it anew.
    """

    file: Path
    group: str
    kind: str = SOUND
    reason: str = ""
    mended: Path | None = None


@dataclass(frozen=True)
class StoreCheck:
    """State of all files of a store, and the plugin files that its runs had."""

    folder: Path
    files: tuple[FileState, ...]
    made_with: tuple[str, ...] = ()

    @property
    def bad(self) -> tuple[FileState, ...]:
        """What is not sound."""
        return tuple(item for item in self.files if item.kind != SOUND)

    @property
    def sound(self) -> bool:
        """Whether the store is sound, now that a repair, if there was one, is done."""
        return all(item.kind == SOUND or item.mended is not None for item in self.files)

    def counts(self) -> dict[str, dict[str, int]]:
        """Group -> kind -> number of files."""
        groups = dict.fromkeys(item.group for item in self.files)
        found = Counter((item.group, item.kind) for item in self.files)
        return {group: {kind: found[group, kind] for kind in KINDS} for group in groups}


def check_store(folder: str | Path, find: Callable[[str], System], repair: bool = False) -> StoreCheck:
    """Read every file of a store, without changing any unless told to.

    Args:
        folder: of the store; a run may go on in it.
        find: system by name.
        repair: move units that must not count to the folder ``damaged``, and write scenarios and configurations that
            are wrong anew, from the manifest. What was moved is computed anew by ``resume``.

    Raises:
        StoreError: if there is no store, it cannot be read, or not by this version.
    """
    path = Path(folder).expanduser()
    # Units before the manifest: a run that begins meanwhile extends the manifest before it adds units.
    below, configs = _listed(path) if is_store(path) else ([], [])
    try:
        store = open_store(path, find)
    except DamageError as error:
        return StoreCheck(path, (FileState(error.file, "manifest", error.kind, error.reason),))
    files = [
        FileState(path / MANIFEST, "manifest"),
        *_scenarios(store),
        *_channels(store),
        *_configurations(store, configs),
        *_units(store, below),
    ]
    return StoreCheck(path, tuple(_mended(store, files) if repair else files), store.made_with)


def _listed(path: Path) -> tuple[list[Path], list[Path]]:
    """Units (and what ends as they do) and descriptions of configurations; StoreError where a folder hides them."""
    units: list[Path] = []
    configs: list[Path] = []
    for point in _entries(path / "units"):
        for entry in _entries(point):
            if entry.name == CONFIG:
                configs.append(entry)
            units += [file for file in _entries(entry) if file.suffix == ".npz" and not file.name.startswith(".")]
    return units, configs


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror}. Mend its permissions.") from None


def _scenarios(store: DirectoryStore) -> Iterator[FileState]:
    """The scenario files must say what the manifest says; they are read by people and by ``run`` alone."""
    for name, item in store.manifest.studies.items():
        file = store.folder / f"{name}.toml"
        try:
            text = content_of(file, _plain_text).decode("utf-8")
            found = scenario_from_toml(text, lambda _: store.system, runnable=False)
            reason = "" if found == item else "does not say what the manifest says"
        except DamageError as error:
            reason = error.reason
        except (ConfigError, UnicodeDecodeError) as error:
            reason = str(error).partition("\n")[0]
        yield FileState(file, "scenarios", DAMAGED if reason else SOUND, reason)


def _channels(store: DirectoryStore) -> Iterator[FileState]:
    """Copies of given channels: of those that made them, so that no repair brings them back."""
    seen: set[str] = set()
    for item in store.manifest.studies.values():
        source = item.channels
        if source is None or source.file in seen:
            continue
        seen.add(source.file)
        try:
            found_in(store.folder, store.system, item.points()[0].config, source)
            reason = ""
        except StoreError as error:
            reason = str(error).removeprefix(f"{store.folder / source.file}: ")
        yield FileState(store.folder / source.file, CHANNELS, DAMAGED if reason else SOUND, reason)


def _configurations(store: DirectoryStore, files: list[Path]) -> Iterator[FileState]:
    described = store.config_files()
    for file in files:
        wanted = described.get(file)
        reason = _no_configuration(file, store.system.config, wanted) if wanted else "no study asks for it"
        yield FileState(file, "configurations", (DAMAGED if wanted else FOREIGN) if reason else SOUND, reason)


def _no_configuration(file: Path, model: type[Config], wanted: Config) -> str:
    try:
        found = build(model, json.loads(content_of(file, _plain_text).decode("utf-8")))
    except DamageError as error:
        return error.reason
    except (ValueError, RecursionError, MemoryError) as error:
        return f"cannot be read ({error})".replace("\n", " ")
    return "" if fingerprint(found) == fingerprint(wanted) else "is not the configuration of its folder"


def _units(store: DirectoryStore, files: list[Path]) -> Iterator[FileState]:
    keys = {store.unit_folder(key): key for key in unit_keys(store.system, store.manifest.studies.values())}
    for file in files:
        yield _unit(store, file, keys.get(file.parent))


def _unit(store: DirectoryStore, file: Path, key: UnitKey | None) -> FileState:
    group = file.parent.name
    if key is None:
        return FileState(file, group, FOREIGN, "no study of this store asks for it")
    try:
        store.judge_file(key, file)
    except DamageError as error:
        return FileState(file, group, error.kind, error.reason)
    except ValueError:
        return FileState(file, group, FOREIGN, "its name is not one of a unit")
    return FileState(file, group)


def _mended(store: DirectoryStore, files: list[FileState]) -> list[FileState]:
    made: list[FileState] = []
    for item in files:
        mended: Path | None = None
        if item.kind != SOUND and item.group == "scenarios":
            with locked(store.folder):
                write_scenarios(store.folder, read_manifest(store.folder, lambda _: store.system))
            mended = item.file
        elif item.kind == DAMAGED and item.group == "configurations":
            make_inside(store.folder, item.file.parent)
            publish(item.file, config_text(store.config_files()[item.file]))
            mended = item.file
        elif item.kind != SOUND and item.group != CHANNELS:
            mended = store.set_aside(item.file)
        made.append(FileState(item.file, item.group, item.kind, item.reason, mended))
    return made


def _plain_text(file: Path, reason: str) -> str:
    return f"{file}: {reason}."
