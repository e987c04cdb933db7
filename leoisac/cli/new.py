"""The verb ``new``: a file to begin a system of one's own with."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from leoisac import catalogue
from leoisac.cli.output import say
from leoisac.foundation.config import ConfigError


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="File to write; it must not be there yet.")],
) -> None:
    """Write a system of your own to start from.

    One commented file of at most 100 lines that works as it is: configuration, channels, problem, baseline, metric.
    """
    write_template(file)
    say(f"{file} is written. Check it: leoisac check {file}")
    say(f"Run it: leoisac run {system_name(file)}/power --plugin {file}")


def write_template(file: Path) -> None:
    """Write the template, with names that follow from the file's.

    Raises:
        ConfigError: if the file is there, its name is none of Python, or its system's name is taken.
    """
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise ConfigError(f"{file}: must be called like a Python module, such as my_isac.py.")
    if file.exists():
        raise ConfigError(f"{file}: is there already, and nothing is written over it; choose another name.")
    if not file.parent.is_dir():
        raise ConfigError(f"{file.parent}: there is no such folder.")
    name = system_name(file)
    if name in catalogue.systems():
        raise ConfigError(f"{file}: there is already a system called `{name}`; choose another name.")
    kind = "".join(word.capitalize() for word in name.split("-")) + "Config"
    text = (files("leoisac.own") / "template.txt").read_text(encoding="utf-8")
    for mark, value in (("@NAME@", name), ("@CLASS@", kind), ("@FILE@", file.name)):
        text = text.replace(mark, value)
    with file.open("x", encoding="utf-8") as stream:
        stream.write(text)


def system_name(file: Path) -> str:
    """The system's name: the file's, with hyphens."""
    words = re.findall(r"[a-z0-9]+", file.stem.lower())
    if not words:
        raise ConfigError(f"{file}: needs a letter in its name.")
    return "-".join(words)
