"""What workers have still to do, and how long one waits for workers in vain."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from leoisac.experiment.running.portions import BlockTask
from leoisac.experiment.running.runner import failed_units
from leoisac.experiment.store.units import Unit

MOST_DEATHS = 2
"""Deaths of workers on a task after which it is tried once more, alone, and then given up."""


class Agenda:
    """New tasks, then those whose worker died.

    A task whose worker died is cut into its schemes, so that none takes another with it, and tried again. One that has
    seen ``MOST_DEATHS`` deaths waits until everything else is finished, and is tried with nothing else at the workers:
    it may have been killed for what its neighbours did, for the memory that they took. If that kills its worker too,
    its trials become FAILED rows.

    Args:
        tasks: taken one by one, as there is room: later ones may be larger.
    """

    def __init__(self, tasks: Iterable[BlockTask]) -> None:
        self._source = iter(tasks)
        self._again: deque[BlockTask] = deque()
        self._suspects: deque[BlockTask] = deque()
        self._deaths: Counter[_Name] = Counter()
        self._alone: _Name | None = None

    def left(self, busy: bool) -> bool:
        """Whether there is a task for a worker that has none; ``busy`` when others have theirs."""
        if not self._again and self._alone is None:
            task = next(self._source, None)
            if task is not None:
                self._again.append(task)
            elif self._suspects and not busy:
                self._again.append(self._suspects.popleft())
                self._alone = _name(self._again[0])
        return bool(self._again)

    def next(self) -> BlockTask:
        """The task that ``left`` found."""
        return self._again.popleft()

    def done(self, task: BlockTask) -> None:
        """It came back: what was alone is no longer."""
        if self._alone == _name(task):
            self._alone = None

    def died(self, task: BlockTask, deaths: int, why: str) -> Iterator[Unit]:
        """Note deaths of workers that had the task; yields its FAILED rows when it is given up."""
        name = _name(task)
        if self._alone == name:
            self._alone = None
            yield from failed_units(task, _obituary(self._deaths[name] + deaths, why))
            return
        for choice in task.choices:
            part = replace(task, choices=(choice,))
            self._deaths[_name(part)] += deaths
            is_suspect = self._deaths[_name(part)] >= MOST_DEATHS
            (self._suspects if is_suspect else self._again).append(part)


@dataclass
class Patience:
    """How long one waits for workers in vain.

    It adds up waits that brought nothing, instead of reading a clock: clocks jump, and go on while this process is
    stopped.

    Attributes:
        seconds: after which it is over.
        wasted: since there was a sign of life.
    """

    seconds: float
    wasted: float = 0.0

    def renew(self) -> None:
        """A sign of life."""
        self.wasted = 0.0

    def waste(self, seconds: float) -> bool:
        """Add a wait in vain; whether it is over."""
        self.wasted += seconds
        return self.wasted >= self.seconds


_Name = tuple[str, int, int, tuple[str, ...]]


def _name(task: BlockTask) -> _Name:
    return task.fingerprint, task.first, task.stop, tuple(choice.label for choice in task.choices)


def _obituary(deaths: int, why: str) -> str:
    """What stands in place of a traceback."""
    return (
        f"{deaths} worker processes that were given these trials died on them, the last one alone with them "
        f"({why}); was there enough memory?\n"
    )
