"""Files that are there whole or not at all, and a lock among the processes that write to one folder.

What lies in a store may come from elsewhere: only regular files are read, and nothing is written through a link.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from leoisac.experiment.errors import DamageError, StoreError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: writers there rely on the renames alone
    fcntl = None

_LOCK = ".lock"
LOCK_WAIT_S = 60.0
"""Changes under the lock take milliseconds; whoever holds it that long stands still."""
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


def content_of(file: Path, damage_text: Callable[[Path, str], str]) -> bytes:
    """All bytes of a regular file.

    Raises:
        DamageError: if it is none, or the disk cannot give it back; in the words of ``damage_text(file, reason)``.
        StoreError: if it cannot be read for another reason, which says nothing about the file.
    """
    try:
        # Without waiting: a pipe under the name of a file would keep the reader for good.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DamageError(damage_text(file, "it is no regular file"), file, "it is no regular file")
            return stream.read()
    except OSError as error:
        if error.errno in (errno.EIO, errno.EISDIR, errno.ELOOP, errno.ENXIO):
            reason = str(error.strerror)
            raise DamageError(damage_text(file, reason), file, reason) from None
        raise StoreError(f"{file}: cannot be read: {error.strerror or error}.") from None
    except MemoryError:
        reason = "it is larger than the memory"
        raise DamageError(damage_text(file, reason), file, reason) from None


def make_folder(folder: Path) -> None:
    """The folder with its parents (StoreError if it cannot be made)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None


def make_inside(store: Path, folder: Path) -> None:
    """A folder in a store, with those between them but not the store itself.

    Raises:
        StoreError: if it cannot be made, the store is no more, or a link leads out of it.
    """
    steps = [folder, *folder.parents][: len(folder.relative_to(store).parts)]
    for step in reversed(steps):
        try:
            step.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(step, error) from None
        if step.is_symlink() and not Path(os.path.realpath(step)).is_relative_to(os.path.realpath(store)):
            raise StoreError(f"{step}: leads out of the store. Nothing is written there; replace the link by a folder.")


def cannot_write(file: Path, error: OSError) -> StoreError:
    """What to say when a file of a store cannot be written."""
    text = f"{file}: cannot be written: {error.strerror or error}."
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP):
        return StoreError(f"{text} Its place is taken by something else, or is none: choose another store folder.")
    cure = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend the folder's permissions"
    cure = cure if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS) else "mend that"
    return StoreError(
        f"{text} What was finished before is kept: {cure}, then run the same again to continue. Reading a store needs "
        "none of that."
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
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise cannot_write(file, error) from None
    with open(descriptor, "rb"):
        _take(file, descriptor)
        yield


def _take(file: Path, descriptor: int) -> None:
    """Take the lock, or say that nobody gives it back."""
    assert fcntl is not None
    pause, end = 0.001, time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreError(
                    f"{file}: another process has held this store's lock for {LOCK_WAIT_S:g} s. Look for one that was "
                    "stopped (kill -STOP, ^Z), let it go on or end it, then run the same again."
                ) from None
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        except OSError:  # a file system without locks
            return


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
