"""The verb ``verify``: published claims against stored results. Nothing here computes a design."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins
from leoisac.cli.output import check_out, refuse, say
from leoisac.experiment.contracts import OUTCOMES, System
from leoisac.experiment.errors import DamageError, StoreError
from leoisac.foundation.config import ConfigError, suggest_own

if TYPE_CHECKING:
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.reporting.claims import ClaimResult


def verify(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="SYSTEM|DIR...", help="Systems (their stores below --runs), or folders of stores."),
    ],
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the stores of a system are looked for (default runs).")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the verdicts of one system: .json (continued) or .md (a table)."),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Check published claims against stored results.

    Nothing is computed: a claim whose studies are missing, or hold fewer trials than it asks for, is answered
    `insufficient`, with the command that computes what is missing.
    """
    del plugin
    from leoisac.cli.tables import console
    from leoisac.experiment.reporting.claims import check_claims, collect_studies

    _check_to(to)
    out = console()
    if not any(subject in catalogue.systems() for subject in subjects):
        refuse({"--runs": runs}, "is where stores of a system are looked for; these are folders of stores.")
    runs = runs or Path("runs")
    found = stores_of(subjects, runs)
    if to is not None and len(found) > 1:
        names = ", ".join(system.name for system, _ in found)
        raise ConfigError(f"--to {to}: a file has the verdicts of one system, and these are {names}.")
    if found:
        _check_to(to, found[0][0].name)
    for system, folders in found:
        unsound: dict[str | Path, StoreError] = {}
        results = check_claims(system, collect_studies(system, folders, catalogue.find, unsound.__setitem__))
        for error in unsound.values():
            say(f"Warning: passed over: {error}", err=True)
        if not results:
            out.print(f"{system.name}: has no claims to check.")
            continue
        out.print(claim_table(system, results), "")
        out.print(verdict_counts(results))
        read = ", ".join(str(folder) for folder in folders if folder not in unsound)
        out.print(f"From: {read}" if read else f"No store of `{system.name}` below {runs}.")
        for line in run_lines(results):
            out.print(line, soft_wrap=True)
        out.print("")
        if to is not None:
            _write(to, system, results)


def _check_to(to: Path | None, system: str | None = None) -> None:
    """Whether this system can write, and continue, the file, before stores are read (ConfigError, StoreError)."""
    if to is None:
        return
    from leoisac.experiment.reporting.verdict_files import FORMATS, read_verdicts

    if to.suffix not in FORMATS:
        raise ConfigError(f"--to {to}: must end in {' or '.join(FORMATS)}.")
    check_out(to, (), "--to")
    if to.suffix == ".json" and to.exists():
        read_verdicts(to, system)


def _write(to: Path, system: System, results: Sequence[ClaimResult]) -> None:
    """A JSON file is continued: what it knows stands where the stores now hold too little."""
    import leoisac
    from leoisac.experiment.reporting.verdict_files import merged, read_verdicts, rows_of, write_verdicts

    rows = rows_of(results, leoisac.__version__)
    if to.suffix == ".json" and to.exists():
        rows = merged(read_verdicts(to), rows)
    write_verdicts(to, system.name, rows)
    say(f"Verdicts: {to}")


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
            raise StoreError(f"{subject}: is neither a system nor a folder.{suggest_own(subject, catalogue.systems())}")
    return [(catalogue.find(name), list(dict.fromkeys(folders))) for name, folders in found.items()]


def _stores_below(runs: Path, system: str) -> list[Path]:
    """Stores of a system below a folder; those that this version cannot read are passed over."""
    from leoisac.experiment.store.folders import is_store, open_store

    stores: list[Path] = []
    for folder in sorted(path for path in runs.iterdir() if is_store(path)) if runs.is_dir() else ():
        try:
            if open_store(folder, catalogue.find).manifest.system == system:
                stores.append(folder)
        except DamageError as error:
            say(f"Warning: passed over: {error}", err=True)
        except (StoreError, ConfigError):  # of another version, or of a system that is not installed
            continue
    return stores


def claim_table(system: System, results: Iterable[ClaimResult]) -> PlainTable:
    """A row per claim: what was published, what was measured, the verdict."""
    from leoisac.cli.tables import PlainTable

    columns = ("claim", "statement", "published", "here", "trials", "verdict", "reproduced if")
    made = PlainTable(f"Claims of {system.title}", *columns)
    for result in results:
        claim, verdict = result.claim, result.verdict
        trials = str(verdict.trials or "—")
        made.add_row(
            claim.name, claim.statement, claim.published, result.measured, trials, verdict.outcome, verdict.criterion
        )
    return made


def verdict_counts(results: Sequence[ClaimResult]) -> str:
    """``12 reproduced, 2 partly, 1 not reproduced, 3 insufficient``"""
    outcomes = [result.verdict.outcome for result in results]
    order = dict.fromkeys([*OUTCOMES, *sorted(outcomes)])
    return ", ".join(f"{outcomes.count(name)} {name}" for name in order if name in outcomes)


def run_lines(results: Iterable[ClaimResult]) -> list[str]:
    """What to run for a verdict on every claim."""
    commands = dict.fromkeys(part for result in results if result.command for part in result.command.split("; "))
    return ["For a verdict on all of them:", *(f"  {command}" for command in commands)] if commands else []
