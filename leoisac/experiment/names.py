"""Names that become files and folders, of studies, schemes and routes; and texts out of files, to be shown. Light."""

from __future__ import annotations

import re
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


def printable(text: str) -> str:
    """Text for a terminal: control characters and halves of characters as their escapes."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
