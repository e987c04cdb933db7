"""Which engine solves a batch: compiled by XLA (``jax``), or by the machine's own C++ compiler (``native``).

Both run the same method on the same problem and stop at optima of the same quality; points differ in their last digits,
so that a campaign says which one made it. ``auto`` is ``native`` where JAX computes on the CPU and there is a compiler.
That holds for few trials, too: machine code of one instance takes a fifth to nine tenths of the time that XLA needs to
compile the batched one (2 to 9 against 10 to 25 seconds of processor time for the designs of this package).
"""

from __future__ import annotations

import contextlib
import functools
import os
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, make_client
from leoisac.foundation.native.compiler import NoCompilerError, find
from leoisac.foundation.native.steps import UnsupportedError

Program = TypeVar("Program")
VARIABLE = "LEOISAC_BACKEND"
"""Environment variable: the backend of a process that names none."""
AUTO, JAX, NATIVE = CHOICES = ("auto", "jax", "native")
MOST_THREADS = 4096
_within: ContextVar[tuple[str, int]] = ContextVar("backend", default=("", 1))


@contextlib.contextmanager
def using(backend: str = AUTO, threads: Any = 1) -> Generator[None]:
    """Within this context, batches are solved by this backend, native ones in so many threads.

    ``auto`` leaves the choice as it is outside.

    Raises:
        ConfigError: for another name, and for ``native`` where it cannot be had.
    """
    checked(backend)
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MOST_THREADS:
        raise ConfigError(f"threads = {threads!r}: must be a whole number from 1 to {MOST_THREADS}.")
    outer = _within.get()[0] or AUTO
    token = _within.set((outer if backend == AUTO else backend, threads))
    try:
        chosen()
        yield
    finally:
        _within.reset(token)


def checked(backend: str) -> str:
    """The name of a backend (ConfigError if there is none of that name)."""
    if backend not in CHOICES:
        raise ConfigError(f"backend = {backend!r}: must be one of {', '.join(CHOICES)}.")
    return backend


def requested() -> str:
    """What was asked for: in this context, else in the environment, else ``auto``."""
    named = _within.get()[0]
    if named and named != AUTO:
        return named
    return checked(os.environ.get(VARIABLE, "") or AUTO)


def chosen() -> str:
    """``jax`` or ``native``: what solves batches here.

    Raises:
        ConfigError: ``native`` was asked for and cannot be had.
    """
    wanted = requested()
    if wanted == JAX:
        return JAX
    reason = why_not_native()
    if not reason:
        return NATIVE
    if wanted == NATIVE:
        raise ConfigError(f"backend = 'native': {reason}. `leoisac doctor` says more; or take backend = 'auto'.")
    return JAX


def why_not_native() -> str:
    """Why the native backend cannot be had here; empty if it can."""
    make_client()
    if jax.default_backend() != "cpu":
        return f"JAX computes on `{jax.default_backend()}`"
    try:
        find()
    except NoCompilerError as error:
        return str(error)
    return ""


def identity() -> dict[str, str]:
    """What to note of the engine beside results: its name, and the compiler of the native one."""
    if chosen() == JAX:
        return {"backend": JAX}
    return {"backend": NATIVE, "compiler": find().version}


def translated(what: Callable[..., Any], make: Callable[[], Program]) -> Program | None:
    """What ``make`` makes for a function in native code; None where JAX is to run it.

    Raises:
        ConfigError: ``native`` was asked for by name, and there is no translation of a problem.
    """
    if chosen() == JAX:
        return None
    try:
        return make()
    except (UnsupportedError, NoCompilerError) as error:
        said = f"there is no native program of `{_name_of(what)}` ({error})"
        if requested() == NATIVE:
            raise ConfigError(f"backend = 'native': {said}; take backend = 'jax' or 'auto'.") from None
        _notice(f"{said}: it runs on JAX, more slowly.")
        return None


def threads() -> int:
    """Threads of a native batch."""
    return _within.get()[1]


@functools.cache
def _notice(text: str) -> None:
    """Say it once in a process."""
    warnings.warn(text, UserWarning, stacklevel=2)


def _name_of(fc: Callable[..., Any]) -> str:
    while isinstance(fc, functools.partial):
        fc = fc.func
    return getattr(fc, "__name__", type(fc).__name__)
