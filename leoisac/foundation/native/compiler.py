"""The machine's own C++ compiler: found, asked, and its libraries kept for the next process.

A library is made once per content of its source, headers, compiler and processor, and published by a rename: another
process finds a whole one or none. It is trusted like the code itself, as compiled programs are (see
``foundation.compile_cache``, whose folder it shares).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from leoisac.foundation.compile_cache import machine_folder, trusted_folder
from leoisac.foundation.environment import compiles_quickly

VARIABLE = "LEOISAC_CXX"
"""Environment variable: the compiler's command; ``off`` for none."""
SOURCES = Path(__file__).parent / "source"
FLAGS = (
    *("-std=c++17", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fopenmp-simd"),
    *("-shared", "-fPIC", "-fvisibility=default", "-w"),
)
LONGEST_S = 300.0
_FULL = ("-O2", "-ftree-vectorize")
"""As fast as -O3 on the systems' programs, and a third less to compile."""
_FULL_GNU = (*_FULL, "-fvect-cost-model=dynamic")
_SOUND_GNU = ("-fno-delete-null-pointer-checks",)
"""GCC 12.2 leaves out calls of functions that transpose (-O1, -O2; loops of 3 x 8 x 8). Its pass ivopts writes an
address as a sum upon the base 0, which is right; but the passes that ask next what a function touches (pure-const,
modref) take that base for an access through a null pointer, what follows for unreachable, and the function for one
without effect. They do not where null pointers may be read. Costs nothing; -fno-ivopts, which helps too, 4 to 26 %."""
_HELP = (
    "there is no C++ compiler: install g++ or clang++ (Debian, Ubuntu: apt install g++; macOS: xcode-select "
    "--install), or pip install 'leoisac[native]'"
)


class NoCompilerError(Exception):
    """There is no compiler, or it failed; the text says why and what helps."""


class Compiler(NamedTuple):
    """A C++ compiler of this machine."""

    command: tuple[str, ...]
    version: str


def find(named: str | None = None) -> Compiler:
    """The compiler: the one of the environment, else the machine's, else that of the package ``ziglang``.

    Raises:
        NoCompilerError: none works; the text says what to install.
    """
    found = _found(os.environ.get(VARIABLE, "") if named is None else named)
    if isinstance(found, str):
        raise NoCompilerError(found)
    return found


@functools.cache
def _found(named: str) -> Compiler | str:
    """The compiler of a command, or of the machine where it is empty; why there is none. Every batch asks for it."""
    if named.lower() in ("off", "0", "none"):
        return f"switched off by {VARIABLE} = {named!r}"
    if sys.platform == "win32" and not named:
        return "native programs are made on Linux and macOS only"
    candidates: list[tuple[str, ...]] = [tuple(named.split())] if named else [("c++",), ("g++",), ("clang++",)]
    if not named and importlib.util.find_spec("ziglang") is not None:
        candidates.append((sys.executable, "-m", "ziglang", "c++"))
    for command in candidates:
        if shutil.which(command[0]) is None:
            continue
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=True)
            return Compiler(command, told.stdout.splitlines()[0] if told.stdout else "unknown")
    return f"{VARIABLE} = {named!r} does not run" if named else _HELP


def library_of(source: str, headers: Path | None = None, effort: int | None = None) -> ctypes.CDLL:
    """The library of a program by the machine's compiler, compiled unless it is kept.

    Args:
        source: the program.
        headers: a folder of headers beside ours.
        effort: of the compiler: 0, 1, or None for full optimisation; none at all where the environment asks for quick
            compilation.

    Raises:
        NoCompilerError: there is none, or it refused the program.
    """
    compiler = find()
    is_clang = any(name in " ".join([*compiler.command, compiler.version]).lower() for name in ("clang", "zig"))
    full, sound = (_FULL, ()) if is_clang else (_FULL_GNU, _SOUND_GNU)
    folders = (SOURCES,) if headers is None else (SOURCES, headers)
    level = ("-O0",) if compiles_quickly() else full if effort is None else ("-O1",)
    return _library(compiler, source, folders, (*level, *sound))


@functools.cache
def _content(folder: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.hpp")))


@functools.lru_cache(maxsize=512)
def _library(compiler: Compiler, source: str, folders: tuple[Path, ...], level: tuple[str, ...]) -> ctypes.CDLL:
    flags = (*level, *FLAGS)
    told = "\0".join([source, *map(_content, folders), *compiler.command, compiler.version, *flags])
    name = f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.so"
    folder = machine_folder()
    if folder is not None:
        kept = folder / name
        with contextlib.suppress(OSError):
            if is_sound(kept.read_bytes()):
                library = ctypes.CDLL(str(kept))
                os.utime(kept)  # those used last stay longest
                return library
    with tempfile.TemporaryDirectory(prefix="leoisac-") as scratch:
        made = _compiled(compiler, source, folders, flags, Path(scratch) / name)
        if folder is not None and trusted_folder(folder):
            with contextlib.suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".")
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(sealed(made.read_bytes()))
                os.replace(temporary, folder / name)
                return ctypes.CDLL(str(folder / name))
        return ctypes.CDLL(str(made))


def sealed(content: bytes) -> bytes:
    """A library with its digest behind it, where loaders do not look."""
    return content + hashlib.sha256(content).digest()


def is_sound(content: bytes) -> bool:
    """Whether a library is as it was written: half of one would end the process that loads it."""
    size = hashlib.sha256().digest_size
    return len(content) > size and hashlib.sha256(content[:-size]).digest() == content[-size:]


def _compiled(compiler: Compiler, source: str, folders: tuple[Path, ...], flags: tuple[str, ...], target: Path) -> Path:
    file = target.with_suffix(".cpp")
    file.write_text(source, encoding="utf-8")
    command = [*compiler.command, *flags, *(f"-I{folder}" for folder in folders), str(file), "-o", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCompilerError(f"{' '.join(compiler.command)}: {error}") from error
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[:200])
        raise NoCompilerError(f"{' '.join(compiler.command)} refused a program: {first}")
    return target
