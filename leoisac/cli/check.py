"""The verb ``check``: whether a store is as it was written. Nothing here computes a design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins, StoreFolder
from leoisac.experiment.names import printable

if TYPE_CHECKING:
    from leoisac.cli.tables import PlainTable
    from leoisac.experiment.store.checking import StoreCheck


def check(
    folder: StoreFolder,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Set aside what must not count; `leoisac resume` then computes it anew."),
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Check that a store is as it was written.

    Every unit is read, its digests are computed anew, and it is judged. Exit status: 0 where all is sound (with
    --repair: now), 1 where something is damaged or foreign, 2 where there is nothing that can be checked.
    """
    del plugin
    from leoisac.cli.tables import console
    from leoisac.experiment.store.checking import check_store

    found = check_store(folder, catalogue.find, repair)
    out = console()
    out.print(count_table(found), "")
    for line in bad_lines(found):
        out.print(printable(line), soft_wrap=True)
    if not found.sound:
        raise typer.Exit(1)


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
    for item in found.bad:
        where = "" if item.mended is None else "; written anew" if item.mended == item.file else f"; now {item.mended}"
        lines.append(f"{item.kind}: {item.file}: {item.reason}{where}")
    if not lines:
        return [f"All {counted(len(found.files), 'file')} sound."]
    if found.sound:
        return [*lines, "", f"What was set aside is computed anew by: leoisac resume {found.folder}"]
    if any(item.group == "manifest" for item in found.bad):
        return [
            *lines,
            "",
            "Restore the manifest from a copy; or move it away and run the scenario files beside it into this folder "
            f"again (leoisac run {found.folder}/STUDY.toml --store {found.folder}): units that are sound count.",
        ]
    return [
        *lines,
        "",
        f"To set this aside: leoisac check {found.folder} --repair. To compute it anew: leoisac resume {found.folder}",
    ]
