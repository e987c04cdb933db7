"""Verbs that read stored results: ``status`` and ``verify``. Nothing here computes a design."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leoisac import catalogue
from leoisac.console_options import Plugins, StoreFolder
from leoisac.experiment.contracts import System
from leoisac.experiment.errors import StoreError
from leoisac.foundation.config import ConfigError, suggest
from leoisac.foundation.number_text import duration_text, share_text, short_time_text

if TYPE_CHECKING:
    from leoisac.console import PlainTable
    from leoisac.experiment.reading.progress import StoreState
    from leoisac.experiment.reporting.claims import ClaimResult

_IDLE_S = 300.0
_SHOWN_FAILURES = 3


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command()(status)
    app.command()(verify)


def status(folder: StoreFolder, plugin: Plugins = None) -> None:
    """Show how far a run is, from its store.

    Works while any number of processes compute, and after they have stopped.
    """
    del plugin
    from leoisac.console import console
    from leoisac.experiment.reading.progress import store_state

    state = store_state(folder, catalogue.find)
    out = console()
    out.print(f"{folder}: {state.system}", style="bold")
    for line in progress_lines(state, folder):
        out.print(line)
    out.print("")
    if len(state.studies) > 1:
        out.print(_study_table(state), "")
    out.print(scheme_table(state))
    for line in failure_lines(state):
        out.print(line, markup=False)


def verify(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="SYSTEM|DIR...", help="Systems (their stores below --runs), or folders of stores."),
    ],
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Where the stores of a system are looked for.")] = Path(
        "runs"
    ),
    plugin: Plugins = None,
) -> None:
    """Check published claims against stored results.

    Nothing is computed: a claim whose studies are missing, or hold fewer trials than it asks for, is answered
    `insufficient`, with the command that computes what is missing.
    """
    del plugin
    from leoisac.console import console
    from leoisac.experiment.reporting.claims import check_claims, collect_studies

    out = console()
    for system, folders in stores_of(subjects, runs):
        results = check_claims(system, collect_studies(system, folders, catalogue.find))
        if not results:
            out.print(f"{system.name}: has no claims to check.")
            continue
        out.print(claim_table(system, results), "")
        out.print(verdict_counts(results))
        read = ", ".join(str(folder) for folder in folders)
        out.print(f"From: {read}" if read else f"No store of `{system.name}` below {runs}.")
        for line in run_lines(results):
            out.print(line)
        out.print("")


def stores_of(subjects: Sequence[str], runs: Path) -> list[tuple[System, list[Path]]]:
    """Systems with the folders of their stores, in the order in which they were named."""
    from leoisac.experiment.store.folders import open_store

    found: dict[str, list[Path]] = {}
    for subject in subjects:
        if subject in catalogue.systems():
            found.setdefault(subject, []).extend(_stores_below(runs, subject))
        elif Path(subject).exists():
            found.setdefault(open_store(subject, catalogue.find).manifest.system, []).append(Path(subject))
        else:
            raise StoreError(f"{subject}: is neither a system nor a folder.{suggest(subject, catalogue.systems())}")
    return [(catalogue.find(name), list(dict.fromkeys(folders))) for name, folders in found.items()]


def _stores_below(runs: Path, system: str) -> list[Path]:
    """Stores of a system below a folder; those that this version cannot read are passed over."""
    from leoisac.experiment.store.folders import is_store, open_store

    stores: list[Path] = []
    for folder in sorted(path for path in runs.iterdir() if is_store(path)) if runs.is_dir() else ():
        try:
            if open_store(folder, catalogue.find).manifest.system == system:
                stores.append(folder)
        except (StoreError, ConfigError):  # of another version, or of a system that is not installed
            continue
    return stores


def claim_table(system: System, results: Iterable[ClaimResult]) -> PlainTable:
    """A row per claim: what was published, what was measured, the verdict."""
    from leoisac.console import PlainTable

    made = PlainTable(f"Claims of {system.title}", "claim", "statement", "published", "here", "trials", "verdict")
    for result in results:
        claim, verdict = result.claim, result.verdict
        made.add_row(
            claim.name, claim.statement, claim.published, verdict.measured, str(verdict.trials or "—"), verdict.outcome
        )
    return made


def verdict_counts(results: Sequence[ClaimResult]) -> str:
    """``12 reproduced, 2 partly, 1 not reproduced, 3 insufficient``"""
    outcomes = [result.verdict.outcome for result in results]
    order = dict.fromkeys(["reproduced", "partly", "not reproduced", "insufficient", *outcomes])
    return ", ".join(f"{outcomes.count(name)} {name}" for name in order if name in outcomes)


def run_lines(results: Iterable[ClaimResult]) -> list[str]:
    """What to run for a verdict on every claim."""
    commands = dict.fromkeys(part for result in results if result.command for part in result.command.split("; "))
    return ["For a verdict on all of them:", *(f"  {command}" for command in commands)] if commands else []


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
        lines.append(f"Continue with: leoisac resume {folder}")
    return lines


def scheme_table(state: StoreState) -> PlainTable:
    """Trials, outcomes and computing time per scheme."""
    from leoisac.console import PlainTable
    from leoisac.foundation.status import Status

    ended = [code for code in Status if any(item.statuses.get(code) for item in state.schemes)]
    made = PlainTable("Schemes", "scheme")
    for heading in ("asked for", "left", *(code.name for code in ended), "usable", "per trial"):
        made.add_column(heading, justify="right")
    for item in state.schemes:
        stored = sum(item.statuses.values())
        made.add_row(
            item.label,
            str(item.wanted),
            str(item.left),
            *(str(item.statuses.get(code, 0)) for code in ended),
            share_text(item.usable / stored) if stored else "—",
            short_time_text(item.seconds / stored) if stored else "—",
        )
    return made


def _study_table(state: StoreState) -> PlainTable:
    from leoisac.console import PlainTable

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
        last = failure.traceback.strip().splitlines()[-1]
        lines.append(f"  {failure.scheme}, trials {failure.first} to {failure.stop - 1}: {last}")
    more = len(state.failures) - _SHOWN_FAILURES
    return [*lines, f"  … and {more} more"] if more > 0 else lines
