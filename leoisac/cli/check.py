"""The verb ``check``: whether a store is as it was written; and whether what a plugin file defines keeps its word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins, command_of
from leoisac.cli.output import say
from leoisac.experiment.names import printable
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.store.checking import StoreCheck


def check(
    target: Annotated[
        Path, typer.Argument(metavar="DIR|FILE.py", help="Folder of a result store, or a file with systems or schemes.")
    ],
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Set aside what must not count; `leoisac resume` then computes it anew."),
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Check a store, or a system or scheme of your own.

    Of a store every unit is read, its digests are computed anew, and it is judged. Of a Python file everything that it
    defines is drawn, designed and run on a few trials, alone and in company, here and by two workers, and what is wrong
    is said in words. Exit status: 0 where all is sound (with --repair: now), 1 where something is not, 2 where there is
    nothing that can be checked.
    """
    del plugin
    if target.suffix == ".py" or (target / "__init__.py").is_file():
        if repair:
            raise ConfigError(f"--repair: mends stores, and {target} is a plugin.")
        _check_plugin(target)
        return
    from leoisac.cli.tables import console
    from leoisac.experiment.store.checking import check_store

    found = check_store(target, catalogue.find, repair)
    out = console()
    out.print(count_table(found), "")
    for line in bad_lines(found):
        out.print(printable(line), soft_wrap=True)
    if not found.sound:
        raise typer.Exit(1)


def _check_plugin(file: Path) -> None:
    from leoisac.api.plugin_checks import Finding, check_plugin

    def show(finding: Finding) -> None:
        mark = "ok    " if finding.kept else "WRONG "
        say(printable(f"{mark} {finding.subject}, {finding.what}: {finding.said}"))

    bad = [finding for finding in check_plugin(file, show) if not finding.kept]
    if bad:
        raise typer.Exit(1)
    say(f"All of {file} is as it must be.")


def count_table(found: StoreCheck) -> PlainTable:
    """Files by scheme and route, or what else they are, and what became of them."""
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.store.checking import KINDS

    made = PlainTable(f"Files of {found.folder}", "what")
    for kind in KINDS:
        made.add_column(kind, justify="right")
    for group, numbers in found.counts().items():
        made.add_row(printable(group), *(str(numbers[kind]) for kind in KINDS))
    return made


def bad_lines(found: StoreCheck) -> list[str]:
    """A line per file that is not sound, and what to do."""
    from leoisac.foundation.number_text import counted

    lines: list[str] = []
    store = found.folder, found.made_with
    for item in found.bad:
        where = "" if item.mended is None else "; written anew" if item.mended == item.file else f"; now {item.mended}"
        lines.append(f"{item.kind}: {item.file}: {item.reason}{where}")
    if not lines:
        return [f"All {counted(len(found.files), 'file')} sound."]
    if found.sound:
        return [*lines, "", f"What was set aside is computed anew by: {command_of('resume DIR', *store)}"]
    if any(item.group == "manifest" for item in found.bad):
        return [
            *lines,
            "",
            "Restore the manifest from a copy; or move it away and run the scenario files beside it into this folder "
            f"again (leoisac run {found.folder}/STUDY.toml --store {found.folder}, with the --plugin of the runs, if "
            "they had one): units that are sound count.",
        ]
    return [
        *lines,
        "",
        f"To set this aside: {command_of('check DIR --repair', *store)}. "
        f"To compute it anew: {command_of('resume DIR', *store)}",
    ]
