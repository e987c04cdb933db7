# pyright: reportUnknownMemberType=false
"""How long this process has been making programs: tracing, lowering, compiling, and reading compiled ones.

The first block of a campaign takes the time of its programs as well. What a trial costs is known only without it.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

_COMPILING = "/jax/core/compile/"
"""What JAX calls its own times of tracing, lowering and compiling."""


class _Clock(threading.local):
    """Intervals of one thread, each of which swallows those within it: JAX tells of the inner ones first."""

    def __init__(self) -> None:
        self.intervals: list[tuple[float, float]] = []
        self.total = 0.0

    def add(self, start: float, stop: float) -> None:
        while self.intervals and self.intervals[-1][0] >= start:
            first, last = self.intervals.pop()
            self.total -= last - first
        if self.intervals:
            start = max(start, self.intervals[-1][1])
        if stop > start:
            self.intervals.append((start, stop))
            self.total += stop - start


_clock = _Clock()


def compile_seconds() -> float:
    """Seconds that this thread has spent on programs so far; differences of it are what counts."""
    _listen()
    return _clock.total


@contextmanager
def making_programs() -> Generator[None]:
    """The time within counts as spent on programs."""
    start = time.perf_counter()
    try:
        yield
    finally:
        _clock.add(start, time.perf_counter())


@functools.cache
def _listen() -> None:
    """JAX tells every listener of its durations when they are over."""
    from leoisac.foundation.jax_setup import jax

    jax.monitoring.register_event_duration_secs_listener(_note)


def _note(event: str, duration_secs: float, **_: str | int) -> None:
    if event.startswith(_COMPILING):
        now = time.perf_counter()
        _clock.add(now - duration_secs, now)
