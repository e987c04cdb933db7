"""Whether a file can be written, asked before the work whose results it is to hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from leoisac.foundation.config import ConfigError, shown


def check_output(path: Path, name: str, suffixes: tuple[str, ...] = ()) -> None:
    """Refuse a file that could not be written at the end: its kind, its folder, what lies there. Missing folders are
    no matter, whoever writes makes them.

    Args:
        path: of the file.
        name: how a message begins: an option and the file, or an argument and its value.
        suffixes: endings that are allowed; any when empty.

    Raises:
        ConfigError: naming what is wrong and what to do.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        *first, last = suffixes
        raise ConfigError(f"{name}: must end in {', '.join(first)}{' or ' if first else ''}{last}.")
    if "\0" in str(path):
        raise ConfigError(f"{name}: is no name of a file.")
    try:
        if path.is_dir():
            raise ConfigError(f"{name}: is a folder; name a file in it.")
        there = next(item for item in (path, *path.absolute().parents) if item.exists())
    except OSError as error:
        raise ConfigError(f"{name}: cannot be written ({error.strerror}); choose another place.") from None
    if there != path and not there.is_dir():
        raise ConfigError(f"{name}: {there} is a file, not a folder; choose another place.")
    if not os.access(there, os.W_OK):
        raise ConfigError(f"{name}: may not be written here; choose another place.")


def checked_output(path: Any, name: str, suffixes: tuple[str, ...] = ()) -> Path:
    """The path of an argument ``name`` of a Python verb, if a file can be written there (ConfigError)."""
    if not isinstance(path, str) and not hasattr(path, "__fspath__"):
        raise ConfigError(f"{name} = {shown(path)}: must be the name of a file.")
    check_output(Path(path), f"{name} = {shown(str(path))}", suffixes)
    return Path(path)
