"""Units of results: one scheme, one configuration, one interval of trials; addressed by content, kept in a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from leoisac.experiment.trials.judge import Outcome
from leoisac.foundation.config import Config

Interval = tuple[int, int]
"""Trials ``first`` to ``stop - 1``."""

METRIC_PREFIX = "metric."
"""Before the names of metrics among the arrays of a unit."""


@dataclass(frozen=True)
class UnitKey:
    """What a unit holds results of: a configuration (by fingerprint) and a scheme by a route."""

    fingerprint: str
    scheme: str
    route: str


@dataclass(frozen=True)
class Identity:
    """What a unit says that it is, and must be where it lies.

    Attributes:
        system: name of the system.
        configuration: its fingerprint.
        scheme, route: by what it was designed.
        seed: of the draws.
        first, stop: the trials ``first`` to ``stop - 1``.
        failed: whether the scheme raised an exception.
    """

    system: str
    configuration: str
    scheme: str
    route: str
    seed: int
    first: int
    stop: int
    failed: bool

    @property
    def key(self) -> UnitKey:
        """What it holds results of."""
        return UnitKey(self.configuration, self.scheme, self.route)


@dataclass(frozen=True)
class Unit:
    """Results of consecutive trials, from ``first`` on.

    Attributes:
        key: configuration, scheme and route.
        first, stop: the trials ``first`` to ``stop - 1``.
        arrays: ``status``, ``usable``, ``violation``, ``objective``, ``iterations``, ``history`` and ``metric.<name>``,
            the trial axis first.
        seconds: wall-clock time of design and evaluation, compilation included.
        traceback: of the exception when all trials are FAILED, else empty.
        machine: processor that computed it; bits may differ between types of machine.
        program: tells apart the users' own code that computed it (``System.program``); empty where there is none.
        compile_seconds: of ``seconds``, what programs took to make; 0 in units of versions that did not measure it.
    """

    key: UnitKey
    first: int
    stop: int
    arrays: Mapping[str, np.ndarray]
    seconds: float
    traceback: str = ""
    machine: str = ""
    program: str = ""
    compile_seconds: float = 0.0

    def metrics(self) -> dict[str, np.ndarray]:
        """The metrics among the arrays, by name."""
        return {
            name.removeprefix(METRIC_PREFIX): value
            for name, value in self.arrays.items()
            if name.startswith(METRIC_PREFIX)
        }


def unit_arrays(outcome: Outcome) -> dict[str, np.ndarray]:
    """A judged batch as the arrays of a unit."""
    return {
        "status": outcome.status,
        "usable": outcome.usable,
        "violation": outcome.violation,
        "objective": outcome.objective,
        "iterations": outcome.iterations,
        "history": outcome.history,
        **{f"{METRIC_PREFIX}{name}": values for name, values in outcome.metrics.items()},
    }


class UnitStore(Protocol):
    """Where units are kept."""

    def finished(self, key: UnitKey) -> Sequence[Interval]:
        """Intervals of the units that need not be computed again (those that FAILED are tried again)."""
        ...

    def write(self, unit: Unit, config: Config) -> None:
        """Keep a unit, all of it or nothing."""
        ...

    def read(self, key: UnitKey, names: Sequence[str] | None = None, stop: int | None = None) -> Iterable[Unit]:
        """Units of a key; those that FAILED come first, so that a later success replaces them.

        Args:
            key: what they hold results of.
            names: arrays to read; all when None.
            stop: leave out units that begin at this trial or later.
        """
        ...


class MemoryStore:
    """Keeps units for the time of one run."""

    def __init__(self) -> None:
        self._units: dict[UnitKey, list[Unit]] = {}

    def finished(self, key: UnitKey) -> Sequence[Interval]:
        return [(unit.first, unit.stop) for unit in self._units.get(key, []) if not unit.traceback]

    def write(self, unit: Unit, config: Config) -> None:
        del config
        self._units.setdefault(unit.key, []).append(unit)

    def read(self, key: UnitKey, names: Sequence[str] | None = None, stop: int | None = None) -> Iterable[Unit]:
        del names  # they lie in memory anyhow
        found = [unit for unit in self._units.get(key, []) if stop is None or unit.first < stop]
        return sorted(found, key=lambda unit: not unit.traceback)


def missing_intervals(finished: Iterable[Interval], trials: int, size: int) -> list[Interval]:
    """Gaps of ``finished`` in ``0 … trials - 1``, cut at multiples of ``size``."""
    gaps: list[Interval] = []
    reached = 0
    for first, stop in [*sorted(finished), (trials, trials)]:
        while reached < min(first, trials):
            cut = min((reached // size + 1) * size, first, trials)
            gaps.append((reached, cut))
            reached = cut
        reached = max(reached, stop)
    return gaps
