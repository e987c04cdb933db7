"""Where results come from: versions, command, machine, time. Read from package metadata and from the system's own
files, so that nothing is imported for it."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from leoisac.experiment.scenario.routes import DEFAULT_ROUTE
from leoisac.foundation.environment import QUICK, compiles_quickly

ALWAYS = ("leoisac", "jax", "jaxlib", "numpy", "scipy")
SOLVERS = ("cvxpy", "clarabel", "qics")


def session(plugins: Iterable[str] = (), **facts: Any) -> dict[str, Any]:
    """What to note about a run.

    Args:
        plugins: files that defined further systems.
        facts: anything else worth noting (workers, device).
    """
    return {
        "command": command(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "host": host(),
        "plugins": list(plugins),
        **facts,
    }


def session_warnings(sessions: Iterable[Mapping[str, Any]], study: str) -> tuple[str, ...]:
    """What the sessions noted about a study (``warnings``: study name -> sentences), each sentence once."""
    noted: dict[str, None] = {}
    for item in sessions:
        by_study = item.get("warnings")
        texts = cast("dict[str, Any]", by_study).get(study) if isinstance(by_study, dict) else None
        noted |= {str(text): None for text in cast("list[Any]", texts)} if isinstance(texts, list) else {}
    return tuple(noted)


def command() -> str:
    """The command line of this process, as one would type it."""
    name, *arguments = sys.argv or ["python"]
    program = ["python", "-m", "leoisac"] if Path(name).name == "__main__.py" else [Path(name).name or "python"]
    return shlex.join([*program, *arguments])


def versions(routes: Iterable[str] | None = None) -> dict[str, str]:
    """Versions of what decides the numbers: packages, Python, platform, and quick compilation where it is asked for.

    Without the solvers of the reference routes where ``routes`` says that there was none.
    """
    with_solvers = routes is None or not set(routes) <= {DEFAULT_ROUTE}
    found = {name: _version(name) for name in (*ALWAYS, *(SOLVERS if with_solvers else ()))}
    how = {"compilation": QUICK} if compiles_quickly() else {}
    return {**found, "python": platform.python_version(), "platform": platform.platform(), **how}


def host() -> dict[str, Any]:
    """This machine's name and ``machine()``."""
    return {"name": platform.node(), **machine()}


def machine() -> dict[str, Any]:
    """What this machine is, without its name."""
    return {
        "processor": machine_type(),
        "cores": os.cpu_count() or 0,
        "memory_gib": _memory_gib(),
    }


@functools.cache
def machine_type() -> str:
    """Name of the processor: results have the same bits on machines of the same type."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return f"{platform.machine()} {value.strip()}"
    except OSError:
        pass
    return f"{platform.machine()} {platform.processor()}".strip()


def _memory_gib() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # not told by this operating system
        return 0.0


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
