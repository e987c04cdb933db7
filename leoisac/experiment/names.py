"""Names that become files and folders, of studies, schemes and routes; and texts out of files, to be shown. Light."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leoisac.foundation.config import ConfigError, shown

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9_+-])?")


def checked_name(kind: str, value: Any) -> str:
    """``value`` if it can be a part of a path and lead nowhere else.

    Raises:
        ConfigError: for anything but up to 100 letters, digits and ``. _ + -``, with a letter or digit first and no dot
            last; ``kind`` says what it would name.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigError(
            f"{kind} = {shown(value)}: must be a name of at most 100 letters, digits and . _ + -, with a letter or "
            "digit first and no dot last: it becomes a part of file names."
        )
    return value


def in_file_name(text: str) -> str:
    """Any text as a part of a file name: what could lead elsewhere becomes ``_``."""
    return re.sub(r"[^\w.+-]", "_", text)


def shell_command(command: str, plugins: Iterable[str | Path] = ()) -> str:
    """A command with ``--plugin`` for each of some files, as it is typed in a shell here."""
    here = Path.cwd()
    near = [file.relative_to(here) if file.is_relative_to(here) else file for file in map(Path, plugins)]
    return printable(" ".join([command, *(f"--plugin {shlex.quote(str(file))}" for file in near)]))


def printable(text: str) -> str:
    """Text for a terminal: control characters and halves of characters as their escapes."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
