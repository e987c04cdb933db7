"""Environment variables: those that libraries read when they start, set for a moment, and what ours say."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping

COMPILE_VARIABLE = "LEOISAC_COMPILE"
QUICK = "quick"


def compiles_quickly() -> bool:
    """Whether all programs are to be compiled with the least effort (``LEOISAC_COMPILE=quick``)."""
    return os.environ.get(COMPILE_VARIABLE, "") == QUICK


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Generator[None]:
    """These variables are set within the context; afterwards all have the values, or the absence, of before."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
