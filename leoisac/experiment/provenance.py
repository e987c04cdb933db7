"""Where results come from: versions, command, time. Read from package metadata, so that nothing is imported for it."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leoisac.experiment.routes import DEFAULT_ROUTE

ALWAYS = ("leoisac", "jax", "jaxlib", "numpy")
SOLVERS = ("cvxpy", "clarabel", "qics")
"""Noted when a scheme is designed by another route than the fast one."""


def session(routes: Iterable[str]) -> dict[str, Any]:
    """What to note about a run by these routes."""
    return {
        "command": command(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(routes),
    }


def command() -> str:
    """The command line of this process, as one would type it."""
    name, *arguments = sys.argv or ["python"]
    program = ["python", "-m", "leoisac"] if Path(name).name == "__main__.py" else [Path(name).name or "python"]
    return shlex.join([*program, *arguments])


def versions(routes: Iterable[str] = ()) -> dict[str, str]:
    """Versions of what decides the numbers: packages, Python, platform."""
    packages = ALWAYS if set(routes) <= {DEFAULT_ROUTE} else (*ALWAYS, *SOLVERS)
    found = {name: _version(name) for name in packages}
    return {**found, "python": platform.python_version(), "platform": platform.platform()}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
