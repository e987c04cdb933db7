"""Tasks in portions: small at first, larger once it is known how quick they are, small again towards the end.

The store writes one file per scheme of a portion, so that portions of a few milliseconds would spend their time on
files; long ones lose much in an interruption, and leave workers idle at the end. Portions never change results.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leoisac.experiment.contracts import System
from leoisac.experiment.scenario.routes import SchemeRoute
from leoisac.experiment.store.units import Unit
from leoisac.experiment.trials.given_channels import GivenChannels
from leoisac.foundation.config import Config

TARGET_S = 2.0
"""Time that a portion should take: two hundred times what it takes to store it."""
MOST_BYTES = 64 * 2**20
"""Most bytes of channels, designs and results in one portion; solvers take the trials of it lane by lane."""
_COPIES = 4
"""A portion holds its channels, designs of about their size, and copies of both on their way through the lanes."""


@dataclass(frozen=True)
class BlockTask:
    """Some trials of one configuration, to be designed by some schemes; on ``given`` channels, or drawn ones."""

    system: System
    config: Config
    fingerprint: str
    seed: int
    first: int
    stop: int
    choices: tuple[SchemeRoute, ...]
    given: GivenChannels | None = None


_Group = tuple[str, tuple[str, ...]]


@dataclass
class _Pace:
    """Seconds and bytes per trial of a group of tasks, all its schemes together."""

    seconds: float
    size: float


class Portions:
    """Iterates over tasks, adjacent ones joined as far as what was learnt allows.

    Args:
        blocks: the smallest portions, in the order in which they are wanted.
        workers: how many portions are computed at once.
        may_grow: join adjacent ones; hand them out as they are when False.
    """

    def __init__(self, blocks: Sequence[BlockTask], workers: int = 1, may_grow: bool = True) -> None:
        self._queues: dict[_Group, deque[BlockTask]] = {}
        for task in blocks:
            self._queues.setdefault(_group(task), deque()).append(task)
        self._order = deque(_group(task) for task in blocks)
        self._left = sum(task.stop - task.first for task in blocks)
        self._workers = max(workers, 1)
        self._may_grow = may_grow
        self._paces: dict[_Group, _Pace] = {}
        self._recent: dict[tuple[str, ...], _Pace] = {}
        self._open: dict[tuple[_Group, int], list[Unit]] = {}

    def __iter__(self) -> Iterator[BlockTask]:
        while self._order:
            group = self._order.popleft()
            queue = self._queues[group]
            if queue:  # else joined to an earlier one
                yield self._portion(group, queue)

    def note(self, task: BlockTask, unit: Unit) -> None:
        """Learn from a finished unit of a portion."""
        parts = self._open.setdefault((_group(task), task.first), [])
        parts.append(unit)
        if sum(part.stop - part.first for part in parts) < (task.stop - task.first) * len(task.choices):
            return  # of a scheme there are several units where some trials of it raise
        del self._open[_group(task), task.first]
        if any(part.traceback for part in parts):
            return
        trials = task.stop - task.first
        seconds = sum(part.seconds - part.compile_seconds for part in parts) / trials
        size = sum(array.nbytes for part in parts for array in part.arrays.values()) / trials + channel_bytes(task)
        known = self._paces.get(_group(task))
        # The first portion of a kind may include what is made once beside its programs: the quickest one tells.
        pace = _Pace(min(seconds, known.seconds) if known else seconds, size)
        self._paces[_group(task)] = self._recent[_group(task)[1]] = pace

    def _portion(self, group: _Group, queue: deque[BlockTask]) -> BlockTask:
        first = last = queue.popleft()
        most = self._most_trials(group, first.stop - first.first)
        while queue and queue[0].first == last.stop and queue[0].stop - first.first <= most:
            last = queue.popleft()
        self._left -= last.stop - first.first
        return replace(first, stop=last.stop)

    def _most_trials(self, group: _Group, least: int) -> int:
        pace = self._paces.get(group) or self._recent.get(group[1])
        if not self._may_grow or pace is None:
            return least
        by_time = TARGET_S / max(pace.seconds, 1e-9)
        by_size = MOST_BYTES / max(pace.size, 1.0)
        by_share = self._left / (2 * self._workers) if self._workers > 1 else self._left
        return max(least, int(min(by_time, by_size, by_share)))


def channel_bytes(task: BlockTask) -> int:
    """Bytes per trial that grow with the problem's sizes."""
    sizes = task.system.axis_sizes(task.config)
    numbers = sum(math.prod(sizes.get(axis, 1) for axis in axes) for axes in task.system.channel_axes.values())
    return _COPIES * 16 * numbers


def _group(task: BlockTask) -> _Group:
    return task.fingerprint, tuple(choice.label for choice in task.choices)
