"""Units as files: one compressed NumPy archive each, with a sealed note inside that says what it is and what it holds.

The note carries the unit's identity and the digest of every array, and a digest of itself. Reading some of the arrays
checks as much as reading all: nothing that came in by accident goes on as a number.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np

from leoisac.experiment.errors import DamageError, StoreError
from leoisac.experiment.names import shell_command
from leoisac.experiment.store.digests import array_digest, is_sealed, sealed
from leoisac.experiment.store.layout import Layout
from leoisac.experiment.store.publishing import content_of, published
from leoisac.experiment.store.units import Identity, Unit
from leoisac.foundation.config import shown

UNIT_SCHEMA = 2
NOTE = "meta"
_MOST_HEADER = 4096
_MOST_NOTE = 64 * 2**20
_HOW_TO_MEND = "`leoisac resume DIR --repair` sets it aside and computes only this unit anew"


def write_unit(file: Path, unit: Unit, identity: Identity, versions: Mapping[str, str], layout: Layout) -> None:
    """Publish a unit.

    Args:
        file: its final name.
        unit: what to write.
        identity: what it is.
        versions: of what computed it.
        layout: of its arrays.

    Raises:
        StoreError: if it cannot be written; then nothing is there under its name. And if the arrays are not what the
            system declares: reading them would be refused.
    """
    arrays = {name: np.ascontiguousarray(values) for name, values in unit.arrays.items()}
    problem = layout.problem(arrays, unit.stop - unit.first)
    if problem:
        raise StoreError(f"{file}: is not written: {problem}. Mend the system's metrics or its axis_sizes.")
    note = {
        "schema": UNIT_SCHEMA,
        **asdict(identity),
        "versions": dict(versions),
        "seconds": unit.seconds,
        **({"compile_seconds": unit.compile_seconds} if unit.compile_seconds else {}),
        "machine": unit.machine,
        **({"program": unit.program} if unit.program else {}),
        "traceback": unit.traceback.encode("utf-8", "backslashreplace").decode(),
        "arrays": {name: _described(array) for name, array in arrays.items()},
    }
    members: dict[str, Any] = {**arrays, NOTE: np.asarray(json.dumps(sealed(note)))}
    with published(file) as stream:
        np.savez_compressed(stream, **members)


def read_unit(file: Path, identity: Identity, layout: Layout, names: Iterable[str] | None = None) -> Unit:
    """The unit of a file.

    Args:
        file: the file.
        identity: what it must be.
        layout: what its arrays must look like.
        names: arrays to read (of those that there are); all when None.

    Raises:
        DamageError: naming the file, if it is damaged or belongs to something else.
        StoreError: if it cannot be read at all.
    """
    content = content_of(file, damage_text)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            note = _note(archive)
            _check_identity(file, note, identity)
            listed: dict[str, dict[str, Any]] = note["arrays"]
            if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in (*listed, NOTE)):
                raise ValueError("its parts are not those that its note lists")
            wanted = listed if names is None else [name for name in names if name in listed]
            arrays = {name: _array(archive, name, listed[name]) for name in wanted}
        problem = "there is no `status`" if "status" not in listed else ""
        problem = problem or layout.problem(arrays, identity.stop - identity.first)
        if problem:
            raise ValueError(problem)
        seconds, trace, machine = float(note["seconds"]), note["traceback"], note["machine"]
        program, compiling = note.get("program", ""), float(note.get("compile_seconds", 0.0))
        for text in (trace, machine, program):
            text.encode()  # halves of characters could be neither printed nor written
        if bool(trace) != identity.failed or bool(trace.strip()) != identity.failed:
            raise ValueError("its note is not one of a unit")
        span = identity.first, identity.stop
        return Unit(identity.key, *span, arrays, seconds, trace, machine, program, compiling)
    except StoreError:
        raise
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise nearly anything
        raise damaged(file, str(error) or type(error).__name__) from None


def damaged(file: Path, reason: str) -> DamageError:
    """What to say about a damaged unit."""
    reason = shown(reason, 200)[1:-1]
    return DamageError(damage_text(file, reason), file, reason)


def other_program(file: Path, scheme: str, place: str, plugins: Iterable[str] = ()) -> DamageError:
    """What to say about a unit that another program of the user's computed than the one that is loaded.

    Args:
        file: of the unit.
        scheme: that it is of.
        place: of the program that is loaded.
        plugins: files that define it.
    """
    mend = _HOW_TO_MEND.replace("--repair", shell_command("--repair", plugins))
    reason = f"was computed by other code of `{scheme}` than there is now ({place})"
    return DamageError(
        f"{file}: this unit {reason}; results of both would be mixed. Put the code back, or choose another store or "
        f"another name; or {mend}.",
        file,
        reason,
        "foreign",
    )


def damage_text(file: Path, reason: str) -> str:
    """The same as text."""
    return f"{file}: this unit is damaged ({reason}). Delete the file and run again; or {_HOW_TO_MEND}."


def _note(archive: zipfile.ZipFile) -> dict[str, Any]:
    stream = io.BytesIO(_member(archive, NOTE, _MOST_NOTE))
    np.lib.format.read_magic(stream)
    _, _, dtype = np.lib.format.read_array_header_1_0(stream)
    note: Any = json.loads(str(np.frombuffer(stream.read(), dtype)[0]))
    if not isinstance(note, dict):
        raise ValueError("its note cannot be read")
    note = cast(dict[str, Any], note)
    if "schema" in note and not is_sealed(note):
        raise ValueError("its note is not as it was written")
    return note


def _check_identity(file: Path, note: Mapping[str, Any], identity: Identity) -> None:
    """A file that was copied here from another store, configuration, scheme or interval must not count."""
    expected = {"schema": UNIT_SCHEMA, **asdict(identity)}
    expected |= {"trials": f"{expected.pop('first')}-{expected.pop('stop')}"}
    told = {**note, "schema": note.get("schema", 1), "trials": f"{note.get('first')}-{note.get('stop')}"}
    for name, value in expected.items():
        if type(told.get(name)) is not type(value) or told[name] != value:
            reason = f"was made for {name} {shown(told.get(name), 80)}, and lies where {shown(value, 80)} belongs"
            text = f"{file}: this unit {reason}. Move the file away and run again; or {_HOW_TO_MEND}."
            raise DamageError(text, file, reason, "foreign")


def _array(archive: zipfile.ZipFile, name: str, described: Mapping[str, Any]) -> np.ndarray:
    """The array that the note describes, if it is there.

    Type and shape are taken from the note, which is sealed, and the numbers from the bytes as they lie: whatever a file
    says of itself, no memory is taken for it and nothing is unpickled.
    """
    dtype, shape = np.dtype(described["dtype"]), tuple(described["shape"])
    size = dtype.itemsize
    for length in shape:
        size *= length
    content = _member(archive, name, size)
    array = np.frombuffer(content[len(content) - size :], dtype).reshape(shape)
    if array_digest(array) != described["sha256"]:
        raise ValueError(f"`{name}` is not as it was written")
    return array


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Content of a part, if it is not longer than it can be."""
    part = archive.getinfo(f"{name}.npy")
    if part.file_size > most + _MOST_HEADER:
        raise ValueError(f"`{name}` is longer than it can be")
    return archive.read(part)


def _described(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": array_digest(array)}
