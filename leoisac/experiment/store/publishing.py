"""Files that are there whole or not at all, and a lock among the processes that write to one folder."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from leoisac.experiment.errors import StoreError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: writers there rely on the renames alone
    fcntl = None

_LOCK = ".lock"
_TEMPORARY = re.compile(r"\..+\.(?P<host>[^.]+)\.(?P<process>\d+)\.[0-9a-f]+\.tmp")


@contextmanager
def published(file: Path) -> Generator[BinaryIO]:
    """A stream to a temporary file beside ``file`` that takes its place when all of it is on the disk.

    Raises:
        StoreError: if the file cannot be written, naming it; what stood under its name before still does.
    """
    temporary = file.with_name(f".{file.name}.{_host()}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        raise cannot_write(file, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def publish(file: Path, content: bytes) -> None:
    """Write a whole file, or nothing of it (StoreError)."""
    with published(file) as stream:
        stream.write(content)


def make_folder(folder: Path) -> None:
    """The folder with its parents (StoreError if it cannot be made)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None


def cannot_write(file: Path, error: OSError) -> StoreError:
    """What to say when a file of a store cannot be written."""
    return StoreError(
        f"{file}: cannot be written: {error.strerror or error}. What was finished before is kept: free some space or "
        "mend the folder's permissions, then run the same again to continue."
    )


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """One process at a time changes what the processes share in ``folder``.

    The lock is the operating system's: it ends with the process, also when that is killed. Where the file system knows
    no locks, writers rely on the renames alone.
    """
    if fcntl is None:
        yield
        return
    file = folder / _LOCK
    try:
        stream = file.open("ab")
    except OSError as error:
        raise cannot_write(file, error) from None
    with stream:
        with suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def is_own_scrap(name: str) -> bool:
    """Whether a file is what a process leaves that is killed before it has published anything."""
    return name == _LOCK or _TEMPORARY.fullmatch(name) is not None


def sweep_temporaries(folder: Path) -> None:
    """Remove temporary files of processes of this host that are no more (killed in the middle of a write)."""
    for file in folder.rglob(".*.tmp"):
        match = _TEMPORARY.fullmatch(file.name)
        if match and match["host"] == _host() and not _is_alive(int(match["process"])):
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # there the call below would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "host"
