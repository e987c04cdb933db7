"""Units as files: one compressed NumPy archive each, with a note inside that says what it is."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np

from leoisac.experiment.errors import StoreError
from leoisac.experiment.store.publishing import published
from leoisac.experiment.store.units import Unit, UnitKey


def write_unit(file: Path, unit: Unit, seed: int) -> None:
    """Publish a unit (StoreError if it cannot be written; then nothing is there under its name)."""
    meta = {
        "configuration": unit.key.fingerprint,
        "scheme": unit.key.scheme,
        "route": unit.key.route,
        "seed": seed,
        "seconds": unit.seconds,
        "machine": unit.machine,
        "traceback": unit.traceback,
    }
    arrays: dict[str, Any] = {**unit.arrays, "meta": np.asarray(json.dumps(meta))}
    with published(file) as stream:
        np.savez_compressed(stream, **arrays)


def read_unit(file: Path, key: UnitKey, seed: int, names: Iterable[str] | None = None) -> Unit:
    """The unit of a file.

    Args:
        file: its name holds the trials, ``first-stop``.
        key: what it must hold results of.
        seed: of the draws that it must hold results of.
        names: arrays to read (of those that there are); all when None.

    Raises:
        StoreError: naming the file, if it is damaged or belongs to something else.
    """
    first, stop = (int(text) for text in file.name.split(".")[0].split("-"))
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            wanted = archive.files if names is None else [name for name in names if name in archive.files]
            arrays = {name: np.asarray(archive[name]) for name in wanted if name != "meta"}
            meta = cast(dict[str, Any], json.loads(str(archive["meta"])))
            complete = "status" in archive.files
        if not complete or any(values.shape[:1] != (stop - first,) for values in arrays.values()):
            raise ValueError("it does not hold the trials of its name")
        unit = Unit(
            key, first, stop, arrays, float(meta["seconds"]), str(meta["traceback"]), str(meta.get("machine", ""))
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise StoreError(damage_text(file, str(error))) from None
    _check_owner(file, key, seed, meta)
    return unit


def looks_whole(file: Path) -> bool:
    """Whether the archive has its end: a quick look that finds files cut short, not single wrong bytes."""
    try:
        return zipfile.is_zipfile(file)
    except OSError:
        return False


def damage_text(file: Path, reason: str) -> str:
    """What to say about a damaged unit."""
    return (
        f"{file}: this unit is damaged ({reason}). Delete the file and run again, or let `leoisac resume DIR --repair` "
        "set it aside: only this unit is computed anew."
    )


def _check_owner(file: Path, key: UnitKey, seed: int, meta: dict[str, Any]) -> None:
    """A file that was copied here from another store, configuration or scheme must not count."""
    expected = {"configuration": key.fingerprint, "scheme": key.scheme, "route": key.route, "seed": seed}
    for name, value in expected.items():
        if meta.get(name, value) != value:
            raise StoreError(
                f"{file}: this unit was made for {name} {meta[name]!r}, and lies where {value!r} belongs. "
                "Move the file away and run again."
            )
