"""Accidents that happen to the files of a store, at random: for tests, and more of them for ``benchmarks/chaos.py``.

A file is changed, the store is read, and the file is put back. Either reading refuses, with a message of ours, or the
dataset is what it was to the last bit; and ``check_store`` never calls sound what reading refuses.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import leoisac as li
from leoisac import cli
from leoisac.experiment.store.digests import sealed

POINTS = {"transmit_power_dbw": [0, 10]}


def make_store(folder: Path) -> None:
    """Two points of a scheme with unusable trials, in two units of equal length each."""
    li.run(li.config("toy-downlink"), ["odd"], POINTS, trials=6, store=folder, unit_trials=3)


def signature(data: Any) -> tuple[Any, ...]:
    """Every attribute and every bit of a dataset."""
    parts = [
        (name, str(values.dtype), values.shape, values.values.tobytes()) for name, values in data.variables.items()
    ]
    objects = [(name, values.values.tolist()) for name, values in data.variables.items() if values.dtype == object]
    return json.dumps(data.attrs, default=str), [part for part in parts if part[1] != "object"], objects


def _flip(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 1, 2, 8])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: random.Random, content: bytes) -> bytes:
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return chance.choice([content[:first], content[first:], content[:first] + content[last:]])


def _overwrite(chance: random.Random, content: bytes) -> bytes:
    first = chance.randrange(len(content))
    size = min(chance.choice([1, 4, 64, 512]), len(content) - first)
    other = chance.randrange(len(content))
    block = chance.choice([bytes(size), chance.randbytes(size), content[other : other + size]])
    return content[:first] + block + content[first + size :]


def _insert(chance: random.Random, content: bytes) -> bytes:
    first = chance.randrange(len(content) + 1)
    return content[:first] + chance.randbytes(chance.choice([1, 7, 300])) + content[first:]


CHANGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "flip": _flip,
    "cut": _cut,
    "overwrite": _overwrite,
    "insert": _insert,
}
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e300, float("nan"), 2**70, "", "../../x", "\ud800", "\x1b[2J", [], [[]], {}, {"a": 1}),
    *([1, "a", None], "0" * 64, 10**5),
)


class Attacker:
    """Attacks a store again and again.

    Args:
        folder: of a store; it is as it was after every attack.
        seed: of the attacks.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.whole = signature(li.open_run(folder))
        self.files = {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
        del self.files[folder / ".lock"]
        self.units = [file for file in self.files if file.suffix == ".npz"]
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []

    def accident(self) -> None:
        """One file flipped, cut, overwritten or grown, or two exchanged, copied or renamed."""
        kind = self.chance.choice([*CHANGES, *CHANGES, "swap", "copy", "rename"])
        file = self.chance.choice([*self.units, *self.files])
        touched = {file: self.files[file]}
        if kind in CHANGES:
            touched[file] = CHANGES[kind](self.chance, self.files[file])
        elif kind == "rename":
            file = self.chance.choice(self.units)
            first = self.chance.randrange(8)
            touched = {file.with_name(f"{first}-{first + 3}.npz"): self.files[file]}
            self._try(f"rename {file} to {next(iter(touched)).name}", touched, sound_allowed=True, removed=file)
            return
        else:
            other = self.chance.choice(self.units)
            touched = {other: self.files[file], **({file: self.files[other]} if kind == "swap" else {})}
        changed = any(self.files[one] != content for one, content in touched.items())
        self._try(f"{kind} {file}", touched, sound_allowed=not changed or kind in CHANGES)

    def forgery(self, *verbs: str) -> None:
        """A value of the manifest is another one, and the seal is right: no promise but a message of ours.

        Verbs of the command line are tried too.
        """
        file = self.folder / "manifest.json"
        data = json.loads(self.files[file])
        place, key = self.chance.choice(list(_places(data)))
        place[key] = self.chance.choice(ODD_VALUES)
        content = json.dumps(sealed(data)).encode()
        what = f"manifest {key} = {place[key]!r}"
        self._try(what, {file: content}, sound_allowed=True, same=False, verbs=verbs)

    def _try(
        self,
        what: str,
        touched: dict[Path, bytes],
        sound_allowed: bool,
        removed: Path | None = None,
        same: bool = True,
        verbs: Iterable[str] = (),
    ) -> None:
        try:
            if removed is not None:
                removed.unlink()
            for file, content in touched.items():
                file.write_bytes(content)
            outcome = self._read(what, same, removed)
            self._check(what, outcome, sound_allowed)
            for verb in verbs:
                self._call(what, verb)
            self.outcomes[outcome] += 1
        finally:
            for file in touched:
                file.unlink()
            for file in (*touched, *([removed] if removed else [])):
                if file in self.files:
                    file.write_bytes(self.files[file])

    def _read(self, what: str, same: bool, removed: Path | None) -> str:
        try:
            found = li.open_run(self.folder)
        except li.StoreError as error:
            if str(self.folder) not in str(error) or not str(error).replace("\n", " ").isprintable():
                self.faults.append(f"{what}: names no file, or cannot be shown: {error!r}")
            return "refused"
        except Exception as error:
            self.faults.append(f"{what}: {type(error).__name__}: {error}")
            return "traceback"
        if not same or signature(found) == self.whole:
            return "same bits"
        if removed is not None and bool((found["status"] == -1).any()):
            return "missing"  # a unit is not there: its trials have not been run
        self.faults.append(f"{what}: other numbers")
        return "other numbers"

    def _check(self, what: str, outcome: str, sound_allowed: bool) -> None:
        try:
            sound = li.check_store(self.folder).sound
        except li.StoreError:
            sound = False
        except Exception as error:
            self.faults.append(f"check, {what}: {type(error).__name__}: {error}")
            return
        if sound and (outcome == "refused" or not sound_allowed):
            self.faults.append(f"check, {what}: called sound")

    def _call(self, what: str, verb: str) -> None:
        options = {"export": ["--to", "csv", "--out", str(self.folder.with_name("out.csv"))]}
        options |= {"report": ["--out", str(self.folder.with_name("out.html"))]}
        options |= {"plot": ["--out", str(self.folder.with_name("out.png"))]}
        result = CliRunner().invoke(cli.app, [verb, str(self.folder), *options.get(verb, [])])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            self.faults.append(f"{verb}, {what}: {type(result.exception).__name__}: {result.exception}")


def _places(data: Any) -> Any:
    """Every (container, key) of nested data."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield data, key
        if isinstance(value, dict | list):
            yield from _places(value)
