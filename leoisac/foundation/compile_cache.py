# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false
# pyright: reportPrivateImportUsage=false, reportUnknownArgumentType=false, reportMissingImports=false
# pyright: reportPrivateUsage=false, reportIncompatibleMethodOverride=false
"""Compiled programs, kept on disk for the next process: most of the time to a first result is compilation.

JAX has a cache of its own, which is used instead where the user has asked for it. It is not ours by default because it
writes its files in place: another process, or the next one after a kill, may read half of one. Here an entry is
published by a rename and carries a hash; what does not match it is removed and compiled anew. Entries lie below a name
made of the processor and of jaxlib, because a home directory may be seen by machines of several types.

A cache is trusted like the code itself: a folder that somebody else owns, or may write to, is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

VARIABLE = "LEOISAC_CACHE_DIR"
"""Environment variable: the folder, or ``off``."""
OFF = ("off", "0", "none")
MOST_BYTES = 2 * 1024**3
LEAST_COMPILE_S = 0.05
"""Programs that compile faster than this are not kept: reading one costs as much."""
_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class CacheState:
    """What there is: the folder (None where there is no cache, ``reason`` says why), its entries and their bytes."""

    folder: Path | None
    reason: str = ""
    entries: int = 0
    size: int = 0


def cache_folder() -> Path | None:
    """The folder of compiled programs, which need not exist yet; None when switched off."""
    named = os.environ.get(VARIABLE, "")
    if named.lower() in OFF:
        return None
    root = Path(named).expanduser() if named else platformdirs.user_cache_path("leoisac", appauthor=False)
    return root / "programs"


def machine_folder() -> Path | None:
    """Where programs for this processor and jaxlib lie; None when switched off or not to be trusted."""
    folder = cache_folder()
    if folder is None or _why_not(folder):
        return None
    return folder / _machine(importlib.metadata.version("jaxlib"))


def trusted_folder(folder: Path) -> bool:
    """Whether a folder below the cache's may be written to and read from."""
    return not _why_not(folder.parent)


def cache_state() -> CacheState:
    """The folder and what lies in it."""
    folder = cache_folder()
    if folder is None:
        return CacheState(None, f"switched off by {VARIABLE}")
    reason = _why_not(folder)
    if reason:
        return CacheState(None, reason)
    sizes = [size for _, size, _ in _entries(folder)]
    return CacheState(folder, entries=len(sizes), size=sum(sizes))


def clear_cache() -> CacheState:
    """Remove all compiled programs; what was there. Running processes are not disturbed."""
    before = cache_state()
    if before.folder is not None:
        for file, _, _ in _entries(before.folder):
            file.unlink(missing_ok=True)
    return before


@cache
def install() -> bool:
    """Make JAX keep its programs here, once per process; whether it does.

    Nothing is changed where the user has a cache of JAX's, where the folder cannot be used, or where this JAX lacks the
    interface: programs are then compiled anew in every process, as ever.
    """
    import jax

    folder = cache_folder()
    if folder is None or jax.config.jax_compilation_cache_dir or _why_not(folder):
        return False
    try:
        from jax._src import compilation_cache
        from jax._src.compilation_cache_interface import CacheInterface

        if compilation_cache._cache is not None:
            return False
    except (ImportError, AttributeError):
        return False

    class ProgramCache(CacheInterface):
        """The interface that JAX expects; for programs of ours, which are compiled with 64-bit floats switched on."""

        def __init__(self, path: Path) -> None:
            self._path = path

        def get(self, key: str) -> bytes | None:
            return read_entry(self._path / key) if jax.config.jax_enable_x64 else None

        def put(self, key: str, value: bytes) -> None:
            if jax.config.jax_enable_x64:
                write_entry(self._path / key, value)

    try:
        own = folder / _machine(jax.lib.__version__)
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        shrink(folder, MOST_BYTES)
    except OSError:
        return False
    compilation_cache._cache = ProgramCache(own)
    compilation_cache._cache_initialized = True
    if jax.config.jax_persistent_cache_min_compile_time_secs == 1.0:  # JAX's default: nobody has chosen it
        jax.config.update("jax_persistent_cache_min_compile_time_secs", LEAST_COMPILE_S)
    return True


def read_entry(file: Path) -> bytes | None:
    """The content of an entry; None if there is none, or what is there is damaged (it is then removed)."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, value = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    is_sound = hashlib.sha256(value).digest() == digest
    with contextlib.suppress(OSError):  # a folder that can only be read
        if is_sound:
            os.utime(file)  # the entries used last stay longest
        else:
            file.unlink(missing_ok=True)
    return value if is_sound else None


def write_entry(file: Path, value: bytes) -> None:
    """Publish an entry. A full disk, or a folder that has gone, costs the entry and nothing else."""
    name = ""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(hashlib.sha256(value).digest() + value)
        os.replace(name, file)
    except OSError:
        if name:
            Path(name).unlink(missing_ok=True)


def shrink(folder: Path, most_bytes: int) -> None:
    """Remove the entries that were not used for longest until three quarters of the space are left."""
    entries = sorted(_entries(folder), key=lambda entry: entry[2])
    size = sum(entry[1] for entry in entries)
    if size <= most_bytes:
        return
    for file, bytes_of, _ in entries:
        if size <= 0.75 * most_bytes:
            break
        file.unlink(missing_ok=True)
        size -= bytes_of


def _entries(folder: Path) -> list[tuple[Path, int, float]]:
    """File, size and time of last use of every entry, temporary ones included."""
    found: list[tuple[Path, int, float]] = []
    for file in folder.glob("*/*"):
        try:
            facts = file.stat()
        except OSError:  # another process has removed it
            continue
        found.append((file, facts.st_size, facts.st_mtime))
    return found


def _why_not(folder: Path) -> str:
    """Why a folder cannot be trusted; empty if it can."""
    if not hasattr(os, "getuid"):
        return ""
    for place in (folder, folder.parent):
        try:
            facts = place.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{place}: {error.strerror}"
        if facts.st_uid != os.getuid():
            return f"{place} belongs to another user"
        if place == folder and facts.st_mode & 0o022:
            return f"{place} may be written to by others"
    return ""


def _machine(jaxlib: str) -> str:
    """A name for what compiled programs depend on besides their source: the processor's abilities and jaxlib."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        told = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
    except OSError:
        told = [platform.processor(), platform.platform()]
    text = "\n".join([platform.machine(), jaxlib, *told])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
