"""Environment variables that libraries read when they start: set for a moment, then put back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping


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
