"""Options and arguments that several verbs of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leoisac import catalogue


def _load_plugins(paths: list[Path] | None) -> list[Path] | None:
    for path in paths or []:
        catalogue.load_plugin(path)
    return paths


Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Python file that defines further systems; may be repeated.",
        callback=_load_plugins,
        is_eager=True,
    ),
]
StoreFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a result store.")]
