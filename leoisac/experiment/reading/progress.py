"""How far the computation behind a store is: read from the store alone, while any number of processes write to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from leoisac.experiment.contracts import System
from leoisac.experiment.errors import StoreError
from leoisac.experiment.reading.failures import standing_failures
from leoisac.experiment.reading.other_code import other_code
from leoisac.experiment.scenario.scenarios import Scenario
from leoisac.experiment.store.folders import DirectoryStore, open_store
from leoisac.experiment.store.targets import Want, targets
from leoisac.experiment.store.units import Unit, UnitKey, missing_intervals
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.status import Status

RECENT_S = 900.0
"""The rate is taken over the units of the last quarter of an hour."""
_READINGS = 3


@dataclass(frozen=True)
class Failure:
    """Trials ``first`` to ``stop - 1`` of a scheme that raised an exception and that no later run replaced."""

    scheme: str
    changes: Mapping[str, object]
    first: int
    stop: int
    traceback: str


@dataclass(frozen=True)
class SchemeState:
    """What the store holds of one scheme, over all studies and sweep points.

    Attributes:
        label: the scheme, ``name:route`` where the route is not the default one.
        wanted: trials asked for, counted once per sweep point.
        left: of these, still to compute; FAILED ones are tried again and so are among them.
        statuses: how the stored ones ended.
        usable: how many of them count in statistics.
        seconds: time of design and evaluation summed over the processes, compilation included.
        compile_seconds: of these, what programs took to make.
    """

    label: str
    wanted: int
    left: int
    statuses: Mapping[Status, int]
    usable: int
    seconds: float
    compile_seconds: float = 0.0

    @property
    def per_trial_s(self) -> float | None:
        """Seconds per stored trial, without compilation; ``None`` where none is stored."""
        stored = sum(self.statuses.values())
        return (self.seconds - self.compile_seconds) / stored if stored else None


@dataclass(frozen=True)
class StudyState:
    """Trials of one study, counted once per scheme and sweep point; studies may share trials."""

    name: str
    wanted: int
    left: int


@dataclass(frozen=True)
class StoreState:
    """State of a store at one instant.

    Attributes:
        system: name of the system.
        studies: state per study.
        schemes: state per scheme, over the union of the studies.
        failures: tracebacks of what raised an exception.
        rate: trials per second of all processes together, lately; ``None`` when nothing was stored lately.
        idle_s: seconds since the last unit was stored; ``None`` when there is none.
        settled: False where the rules of a study (``until``, ``count``) may still ask for more than ``wanted``.
        warnings: what a reader of the results should know of the code that they come from.
        made_with: plugin files of the runs behind it.
    """

    system: str
    studies: tuple[StudyState, ...]
    schemes: tuple[SchemeState, ...]
    failures: tuple[Failure, ...]
    rate: float | None
    idle_s: float | None
    settled: bool = True
    warnings: tuple[str, ...] = ()
    made_with: tuple[str, ...] = ()

    @property
    def wanted(self) -> int:
        """Trials asked for, what studies share counted once."""
        return sum(item.wanted for item in self.schemes)

    @property
    def left(self) -> int:
        """Of these, still to compute."""
        return sum(item.left for item in self.schemes)

    @property
    def remaining_s(self) -> float | None:
        """Seconds to the end at the present rate; ``None`` when that is not known."""
        if not self.left:
            return 0.0
        return self.left / self.rate if self.rate else None


def store_state(folder: str | Path, find: Callable[[str], System], now: float | None = None) -> StoreState:
    """The state of a store.

    Args:
        folder: of the store.
        find: system by name.
        now: seconds since 1970, for tests; the present when None.

    Raises:
        StoreError: if there is no store, or one of its units is damaged.
    """
    store = open_store(folder, find)
    system = find(store.manifest.system)
    studies = store.manifest.studies
    wants = targets(system, studies.values(), store)
    changes = _changes(studies.values())
    held = [_held(store, want, changes.get(want.key.fingerprint, {})) for want in wants]
    pairs = list(zip(wants, held))
    schemes = tuple(
        _scheme_state(label, [pair for pair in pairs if pair[0].choice.label == label])
        for label in dict.fromkeys(want.choice.label for want in wants)
    )
    rate, idle_s = _rate(store, held, time.time() if now is None else now)
    return StoreState(
        system=system.name,
        studies=tuple(_study_state(system, store, name, study) for name, study in studies.items()),
        schemes=schemes,
        failures=tuple(failure for one in held for failure in one.failures),
        rate=rate,
        idle_s=idle_s,
        settled=all(want.settled for want in wants),
        warnings=tuple(dict.fromkeys(one.warning for one in held if one.warning)),
        made_with=store.made_with,
    )


@dataclass(frozen=True)
class _Held:
    """What the store holds of them."""

    left: int
    statuses: Mapping[Status, int]
    usable: int
    seconds: float
    compile_seconds: float
    units: int
    failures: tuple[Failure, ...]
    warning: str = ""


def _changes(studies: Iterable[Scenario]) -> dict[str, Mapping[str, object]]:
    """Fingerprint of a sweep point -> the fields that it sets."""
    return {point.fingerprint: point.changes for study in studies for point in study.points()}


def _held(store: DirectoryStore, want: Want, changes: Mapping[str, object]) -> _Held:
    units = _read(store, want.key)
    status = np.full(want.trials, NOT_RUN, dtype=np.int8)
    usable = np.zeros(want.trials, dtype=bool)
    for unit in units:
        window = slice(unit.first, min(unit.stop, want.trials))
        count = max(0, window.stop - unit.first)
        status[window] = unit.arrays["status"][:count]
        usable[window] = unit.arrays["usable"][:count]
    codes: list[int] = status[status != NOT_RUN].tolist()
    counts = Counter(codes)
    still = [item for item in standing_failures(units) if item[0] < want.trials]
    return _Held(
        left=_left(store, want),
        statuses={code: counts[int(code)] for code in Status if counts[int(code)]},
        usable=int(usable.sum()),
        seconds=sum(unit.seconds for unit in units),
        compile_seconds=sum(unit.compile_seconds for unit in units),
        units=len(units),
        failures=tuple(Failure(want.choice.label, changes, *stretch) for stretch in still),
        warning=other_code(store.system, want.choice, units),
    )


def _read(store: DirectoryStore, key: UnitKey) -> Sequence[Unit]:
    """All units of a key. A unit that another process replaces while the folder is read is looked for once more."""
    for _ in range(_READINGS - 1):
        try:
            return list(store.read(key, ["status", "usable"]))
        except StoreError:
            continue
    return list(store.read(key, ["status", "usable"]))


def _left(store: DirectoryStore, want: Want) -> int:
    return sum(stop - first for first, stop in missing_intervals(store.finished(want.key), want.trials, want.trials))


def _scheme_state(label: str, parts: Sequence[tuple[Want, _Held]]) -> SchemeState:
    statuses = Counter[Status]()
    for _, held in parts:
        statuses.update(held.statuses)
    return SchemeState(
        label=label,
        wanted=sum(want.trials for want, _ in parts),
        left=sum(held.left for _, held in parts),
        statuses={code: statuses[code] for code in Status if statuses[code]},
        usable=sum(held.usable for _, held in parts),
        seconds=sum(held.seconds for _, held in parts),
        compile_seconds=sum(held.compile_seconds for _, held in parts),
    )


def _study_state(system: System, store: DirectoryStore, name: str, study: Scenario) -> StudyState:
    wants = targets(system, [study], store)
    return StudyState(name, sum(want.trials for want in wants), sum(_left(store, want) for want in wants))


def _rate(store: DirectoryStore, held: Sequence[_Held], now: float) -> tuple[float | None, float | None]:
    """Trials per second lately, and seconds since the last unit, by the times at which the units were published.

    Counted from the start of the last session where that is more recent than a quarter of an hour: what an earlier
    session left says nothing about the processes that run now.
    """
    instants = sorted(_instants(store.folder))
    if not instants:
        return None, None
    units = sum(part.units for part in held)
    trials = sum(sum(part.statuses.values()) for part in held)
    start = max(now - RECENT_S, _session_start(store))
    recent = sum(instant >= start for instant in instants)
    rate = recent * trials / units / (now - start) if recent and units and now > start else None
    return rate, max(0.0, now - instants[-1])


def _instants(folder: Path) -> Iterable[float]:
    for file in (folder / "units").rglob("*.npz"):
        if file.name.startswith("."):
            continue
        try:
            yield file.stat().st_mtime
        except FileNotFoundError:  # just replaced by another process
            continue


def _session_start(store: DirectoryStore) -> float:
    sessions = store.manifest.sessions
    try:
        return datetime.fromisoformat(str(sessions[-1]["created"])).timestamp()
    except (IndexError, KeyError, ValueError, OverflowError, OSError):
        return 0.0
