"""How far a run is, in words: what it does, how long it still takes, how designs ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from leoisac.foundation.number_text import duration_text, share_text
from leoisac.foundation.status import Status

if TYPE_CHECKING:
    from leoisac.experiment.running.runner import Progress

LINE_S = 10.0
"""Least time between two lines."""


def doing(state: Progress) -> str:
    """What a run does: how quick it is, or what it compiles."""
    if state.compiling:
        return f"compiling {state.now} (the first time on a machine up to a minute, then seconds)"
    if not state.computed:
        return "preparing"
    return f"{state.computed / max(state.seconds, 1e-9):.4g} trials/s"


def time_left(state: Progress) -> str:
    """``3 min left``; empty while nobody knows."""
    if not state.computed or not state.left:
        return ""
    left = state.left * state.seconds / state.computed if state.left_s is None else state.left_s
    return f"{duration_text(left)} left"


def shares(statuses: Mapping[Status, int]) -> str:
    """How designs ended so far, in percent."""
    total = sum(statuses.values())
    return ", ".join(
        f"{code.name.lower()} {share_text(statuses[code] / total)}" for code in Status if statuses.get(code)
    )


def progress_line(state: Progress) -> str:
    """All of it in a line."""
    done = f"{state.stored + state.computed} of {state.total} trials"
    return "; ".join(part for part in (done, doing(state), time_left(state), shares(state.statuses)) if part)


class Lines:
    """A line when something new begins to compile, and every ``LINE_S`` seconds one about how far a run is.

    Args:
        write: takes a line; writes to stderr by default.
        at_once: the first line comes with the first report.
        clock: seconds.
    """

    def __init__(
        self,
        write: Callable[[str], None] | None = None,
        at_once: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._clock = write or _to_stderr, clock
        self._last = -LINE_S if at_once else clock()
        self._announced = ""

    def __call__(self, state: Progress) -> None:
        begins = state.compiling and state.now != self._announced
        if not state.left or not (begins or self._clock() - self._last >= LINE_S):
            return
        self._last = self._clock()
        self._announced = state.now
        self._write(progress_line(state))


def reporter(progress: Callable[[Progress], None] | bool | None) -> Callable[[Progress], None] | None:
    """What a run from Python reports to: a function of the caller's, or lines where stderr is a terminal (or True)."""
    if callable(progress):
        return progress
    wanted = sys.stderr.isatty() if progress is None else progress
    return Lines() if wanted else None


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


__all__ = ["LINE_S", "Lines", "doing", "progress_line", "reporter", "shares", "time_left"]
