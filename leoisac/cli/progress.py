"""How far a run is, from its first second on: a live bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from leoisac.foundation.number_text import counted, duration_text, share_text, short_time_text
from leoisac.foundation.status import Status

if TYPE_CHECKING:
    from leoisac.experiment.running.runner import Progress

LONG_S = 120.0
"""A run that takes longer says so in a line that stays."""
LINE_S = 10.0
"""Least time between two lines in a pipe."""


@contextmanager
def progress_bar(shown: Console) -> Iterator[Any]:
    """Yields the callback that a run reports to."""
    if not shown.is_terminal:
        lines = _Lines(shown)
        yield _announcing(shown, lines)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[ended]}"),
    )
    with Bar(*columns, console=shown, transient=True) as bar:
        task = bar.add_task("", total=None, rate="preparing", left="", ended="")

        def report(state: Progress) -> None:
            bar.update(
                task,
                total=state.total,
                completed=state.stored + state.computed,
                rate=doing(state),
                left=_time_left(state),
                ended=_shares(state.statuses),
            )

        yield _announcing(bar.console, report)


def _announcing(shown: Console, report: Any) -> Any:
    """``report``, and once a line that says how long it will take, as soon as every scheme has been measured."""
    said: list[str] = []

    def both(state: Progress) -> None:
        if not said and state.left_s is not None and state.left_s > LONG_S:
            said.append(long_run_line(state))
            shown.print(said[0], soft_wrap=True, highlight=False)
        report(state)

    return both


def long_run_line(state: Progress) -> str:
    """How long a run will take, from what its first blocks took: time of programs stands apart."""
    from leoisac.experiment.running.estimating import memory_so_far

    each = short_time_text((state.left_s or 0.0) / max(state.left, 1))
    memory = memory_so_far()
    programs = f"; compiling took {short_time_text(state.compile_s)}" if state.compile_s else ""
    return (
        f"This takes about {duration_text(state.left_s)} more: {counted(state.left, 'trial')}, {each} each on average"
        f"{programs}{f'; memory so far {memory / 1e6:.0f} MB' if memory else ''}. Interrupted, it continues."
    )


class _Lines:
    """A line when something new begins to compile, and now and then a line about how far it is."""

    def __init__(self, shown: Console) -> None:
        self._shown = shown
        self._last = -LINE_S
        self._announced = ""

    def __call__(self, state: Progress) -> None:
        begins = state.compiling and state.now != self._announced
        if not state.left or not (begins or time.monotonic() - self._last >= LINE_S):
            return
        self._last = time.monotonic()
        self._announced = state.now
        done = f"{state.stored + state.computed} of {state.total} trials"
        parts = (done, doing(state), _time_left(state), _shares(state.statuses))
        self._shown.print("; ".join(part for part in parts if part), soft_wrap=True)


def doing(state: Progress) -> str:
    """What a run does: how quick it is, or what it compiles."""
    if state.compiling:
        return f"compiling {state.now} (the first time on a machine up to a minute, then seconds)"
    if not state.computed:
        return "preparing"
    return f"{state.computed / max(state.seconds, 1e-9):.4g} trials/s"


def _time_left(state: Progress) -> str:
    if not state.computed or not state.left:
        return ""
    left = state.left * state.seconds / state.computed if state.left_s is None else state.left_s
    return f"{duration_text(left)} left"


def _shares(statuses: Mapping[Status, int]) -> str:
    total = sum(statuses.values())
    return ", ".join(
        f"{code.name.lower()} {share_text(statuses[code] / total)}" for code in Status if statuses.get(code)
    )
