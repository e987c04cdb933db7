"""The verb ``status``: how far a run is. Nothing here computes a design."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from leoisac import catalogue
from leoisac.cli.options import Plugins, StoreFolder, command_of
from leoisac.experiment.names import printable
from leoisac.experiment.tracebacks import last_words, span_text
from leoisac.foundation.number_text import duration_text, share_text, short_time_text

if TYPE_CHECKING:
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.reading.progress import StoreState

COMMAND = "Continue with:"
_IDLE_S = 300.0
_SHOWN_FAILURES = 3


def status(folder: StoreFolder, plugin: Plugins = None) -> None:
    """Show how far a run is, from its store.

    Works while any number of processes compute, and after they have stopped.
    """
    del plugin
    from leoisac.cli.tables import console
    from leoisac.experiment.reading.progress import store_state

    state = store_state(folder, catalogue.find)
    out = console()
    out.print(f"{folder}: {state.system}", style="bold")
    for line in progress_lines(state, folder):
        out.print(line, soft_wrap=line.startswith(COMMAND))  # a command in two lines is no command
    for text in state.warnings:
        out.print(f"Warning: {text}", soft_wrap=True)
    out.print("")
    if len(state.studies) > 1:
        out.print(_study_table(state), "")
    out.print(scheme_table(state))
    for line in failure_lines(state):
        out.print(line, markup=False)


def progress_lines(state: StoreState, folder: Path) -> list[str]:
    """Done, left, rate and time to finish, in words."""
    wanted, left = state.wanted, state.left
    done = wanted - left
    if not wanted:
        return ["nothing asked for"]
    lines = [f"{done} of {wanted} trials stored ({share_text(done / wanted)}), {left} left"]
    if not state.settled:
        lines.append("The rule for trials may ask for more than this.")
    if not left:
        return lines
    if state.rate:
        lines.append(f"{state.rate:.3g} trials/s lately, about {duration_text(state.remaining_s)} to finish")
    if state.idle_s is None:
        lines.append("Nothing stored yet: the first block compiles its programs, or nothing is running.")
    elif not state.rate or state.idle_s > _IDLE_S:
        lines.append(f"Last result {duration_text(state.idle_s)} ago: perhaps nothing is running.")
    if not state.rate or (state.idle_s or 0.0) > _IDLE_S:
        lines.append(f"{COMMAND} {command_of('resume DIR', folder, state.made_with)}")
        if state.made_with and not catalogue.plugin_files():
            lines.append("A plugin is a program: name it only if you trust it.")
    return lines


def scheme_table(state: StoreState) -> PlainTable:
    """Trials, outcomes and computing time per scheme; what compiling took stands apart."""
    from leoisac.cli.tables import PlainTable
    from leoisac.foundation.status import Status

    ended = [code for code in Status if any(item.statuses.get(code) for item in state.schemes)]
    made = PlainTable("Schemes", "scheme")
    for heading in ("asked for", "left", *(code.name for code in ended), "usable", "per trial", "compiling"):
        made.add_column(heading, justify="right")
    for item in state.schemes:
        stored = sum(item.statuses.values())
        made.add_row(
            item.label,
            str(item.wanted),
            str(item.left),
            *(str(item.statuses.get(code, 0)) for code in ended),
            share_text(item.usable / stored) if stored else "—",
            short_time_text(item.per_trial_s) if item.per_trial_s is not None else "—",
            short_time_text(item.compile_seconds) if item.compile_seconds else "—",
        )
    return made


def _study_table(state: StoreState) -> PlainTable:
    from leoisac.cli.tables import PlainTable

    made = PlainTable("Studies", "study")
    made.add_column("asked for", justify="right")
    made.add_column("left", justify="right")
    for item in state.studies:
        made.add_row(item.name, str(item.wanted), str(item.left))
    return made


def failure_lines(state: StoreState) -> list[Any]:
    """The advice for every kind of failure that occurred, and the last lines of a few tracebacks."""
    from leoisac.foundation.status import Status

    codes = [code for code in Status if code is not Status.CONVERGED]
    lines = [f"{code.name}: {code.advice}" for code in codes if any(item.statuses.get(code) for item in state.schemes)]
    for failure in state.failures[:_SHOWN_FAILURES]:
        said = printable(last_words(failure.traceback))
        lines.append(f"  {failure.scheme}, {span_text(failure.first, failure.stop)}: {said}")
    more = len(state.failures) - _SHOWN_FAILURES
    return [*lines, f"  … and {more} more"] if more > 0 else lines
