"""How far a run is, from its first second on: a live bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console

from leoisac.experiment.running.progress_text import Lines, doing, shares, time_left
from leoisac.foundation.number_text import counted, duration_text, short_time_text

if TYPE_CHECKING:
    from leoisac.experiment.running.runner import Progress

LONG_S = 120.0
"""A run that takes longer says so in a line that stays."""


@contextmanager
def progress_bar(shown: Console) -> Iterator[Any]:
    """Yields the callback that a run reports to."""
    if not shown.is_terminal:
        yield _announcing(shown, Lines(partial(shown.print, soft_wrap=True), at_once=True))
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
                left=time_left(state),
                ended=shares(state.statuses),
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
