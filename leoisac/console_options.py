"""Options and arguments that several verbs of the command line share."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from leoisac import catalogue
from leoisac.experiment.scenario.files import NONE
from leoisac.foundation.config import ConfigError, shown


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


def assignments(texts: Iterable[str] | None) -> dict[str, Any]:
    """Field -> value from texts ``key=value``."""
    return dict(_assignment(text) for text in texts or [])


def _assignment(text: str) -> tuple[str, Any]:
    """``key=value`` with the value in TOML; a bare word is text, ``none`` no value."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            f"--set {text if text.isprintable() else shown(text)}: write KEY=VALUE, for example --set num_users=4."
        )
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except RecursionError:
        raise ConfigError(f"--set {key.strip()}: lists or tables are nested too deep.") from None
    except ValueError:
        parsed = None if value.strip() == NONE else value.strip()
    return key.strip(), parsed
