"""The manifest of a store: what it holds, how each part was made, and a seal over both.

Nothing that a manifest says is believed before it is checked, and none of it is imported, run or used as a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import DamageError, StoreError
from leoisac.experiment.names import checked_name, printable
from leoisac.experiment.scenario.files import scenario_data, scenario_from_data, scenario_toml
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.store.digests import is_sealed, sealed
from leoisac.experiment.store.publishing import content_of, publish
from leoisac.foundation.config import ConfigError, fingerprint, shown

SCHEMA = 2
_MOST_FILES = 5
MANIFEST = "manifest.json"
_SESSION_KEYS: Mapping[str, type] = {"command": str, "created": str, "versions": dict, "host": dict, "plugins": list}


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


def read_manifest(folder: Path, find: Callable[[str], System]) -> Manifest:
    """The manifest of a store.

    Args:
        folder: of the store.
        find: system by name (ConfigError for one that there is not).

    Raises:
        DamageError: if it is not as it was written.
        StoreError: if another schema or configuration class made it, or its system is not known here.
    """
    file = folder / MANIFEST
    data = _sealed_data(file)
    try:
        if isinstance(data.get("system"), str):
            find(data["system"])
    except ConfigError as error:
        raise StoreError(f"{file}: {printable(str(error))}{_plugin_hint(data)}") from None
    try:
        manifest = _understood(data, find)
        for item in manifest.studies.values():
            for choice in item.choices(find(item.system)):
                checked_name("scheme", choice.scheme.name)
                checked_name("route", choice.route)
        _same_fingerprints(file, manifest.studies, data["fingerprints"])
    except StoreError:
        raise
    except Exception as error:  # whatever a manifest can hold; the seal says only that it is as it was written
        kind = "" if isinstance(error, ConfigError) else f"{type(error).__name__}: "
        reason = printable(f"{kind}{error}").rstrip(".")
        raise StoreError(
            f"{file}: cannot be understood: {reason}. Read it with the version that made it (see `sessions` in it), or "
            "run its scenario files in another folder."
        ) from None
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The manifest first: with it the folder is a store, whatever interrupts the rest."""
    data = {
        "schema": SCHEMA,
        "system": manifest.system,
        "seed": manifest.seed,
        "studies": {name: scenario_data(item) for name, item in manifest.studies.items()},
        "fingerprints": {name: fingerprint(item.config) for name, item in manifest.studies.items()},
        "sessions": list(manifest.sessions),
    }
    publish(folder / MANIFEST, (json.dumps(sealed(data), indent=1, ensure_ascii=False) + "\n").encode())
    write_scenarios(folder, manifest)


def write_scenarios(folder: Path, manifest: Manifest) -> None:
    """The scenario of every study, ready to run again."""
    for name, item in manifest.studies.items():
        publish(folder / f"{name}.toml", scenario_toml(item).encode())


def _sealed_data(file: Path) -> dict[str, Any]:
    content = content_of(file, _text)
    try:
        data: Any = json.loads(content.decode("utf-8"))
        whole = isinstance(data, dict) and is_sealed(cast(dict[str, Any], data))
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(file, f"cannot be read ({error})") from None
    if not isinstance(data, dict) or "schema" not in data:
        raise _damaged(file, "is not the manifest of a result store")
    data = cast(dict[str, Any], data)
    if data["schema"] == 1:
        raise StoreError(
            f"{file}: is of schema 1 (versions 0.1), this version of leoisac reads schema {SCHEMA}: units of schema 1 "
            "do not say which trials they hold and have no digest, so that damage to them would not show. Read it with "
            f"the version that made it, or compute it anew: {_run_again(file.parent)}."
        )
    if data["schema"] != SCHEMA:
        raise StoreError(
            f"{file}: is of schema {shown(data['schema'])}, this version of leoisac reads schema {SCHEMA}. "
            "Use the version that made it, or another folder."
        )
    if not whole:
        raise _damaged(file, "is not as leoisac wrote it")
    return data


def _run_again(folder: Path) -> str:
    """Commands that compute the scenarios beside a manifest into another store."""
    files = sorted(folder.glob("*.toml")) or [folder / "STUDY.toml"]
    target = folder.with_name(f"{folder.name}-again")
    return "; ".join(
        f"leoisac run {printable(str(file))} --store {printable(str(target))}" for file in files[:_MOST_FILES]
    )


def _understood(data: Mapping[str, Any], find: Callable[[str], System]) -> Manifest:
    """The manifest in data whose seal is whole; any exception where it holds what no manifest holds."""
    studies: dict[str, Scenario] = {}
    for name, item in data["studies"].items():
        found = scenario_from_data(item, find, runnable=False)
        if (found.system, found.seed) != (data["system"], data["seed"]):
            raise ValueError(f"study {shown(name)} is of another system or seed than the store")
        studies[checked_name("study", name)] = found
    if not studies:
        raise ValueError("it holds no study")
    sessions = data["sessions"]
    if not sessions:
        raise ValueError("it holds no session")
    for session in sessions:
        for key, kind in _SESSION_KEYS.items():
            if not isinstance(session[key], kind):
                raise TypeError(f"`{key}` of a session is {shown(session[key])}")
        if not all(isinstance(value, str) for value in session["versions"].values()):
            raise TypeError("`versions` of a session are no texts")
    json.dumps(sessions, ensure_ascii=False).encode()  # halves of characters could be neither printed nor written
    return Manifest(data["system"], data["seed"], studies, list(sessions))


def _plugin_hint(data: Mapping[str, Any]) -> str:
    """Which plugin files a store was made with. They are named, and not looked at: a plugin is a program."""
    try:
        files = dict.fromkeys(str(path) for session in data["sessions"] for path in session["plugins"])
    except (KeyError, TypeError):
        return ""
    if not files:
        return ""
    listed = ", ".join(shown(path, 300) for path in files)
    return (
        f" The store was made with the plugin {'file' if len(files) == 1 else 'files'} {listed}. A plugin is a "
        "program: if you trust it, name it yourself, --plugin FILE on the command line, plugins=[FILE] in Python."
    )


def _same_fingerprints(file: Path, studies: Mapping[str, Scenario], stored: Mapping[str, str]) -> None:
    """A configuration class that changed since gives other fingerprints, under which no unit would be found."""
    for name, item in studies.items():
        if stored.get(name) != fingerprint(item.config):
            raise StoreError(
                f"{file}: study `{name}` was made by a version whose configuration has other fields or defaults. "
                "Read it with that version (see `sessions`), or run it again in another folder."
            )


def _damaged(file: Path, reason: str) -> DamageError:
    reason = printable(reason)
    return DamageError(_text(file, reason), file, reason)


def _text(file: Path, reason: str) -> str:
    return (
        f"{file}: {reason}. Restore it from a copy; or move it away and run the scenario files beside it into this "
        f"folder again (leoisac run {file.parent}/STUDY.toml --store {file.parent}): units that are sound count."
    )
