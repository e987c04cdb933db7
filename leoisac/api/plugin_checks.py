"""``leoisac check FILE.py``: what a plugin defines, held to the contracts, and in words what it does not keep."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leoisac import catalogue
from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.errors import ClusterError, StoreError
from leoisac.experiment.plugin_modules import place_of_error, source_of
from leoisac.foundation.config import ConfigError
from leoisac.own.records import UnusableError


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes:
        subject: system or scheme that was checked.
        what: what was looked at.
        kept: whether it is as it must be.
        said: what was found; of what is wrong a sentence with file and line.
    """

    subject: str
    what: str
    kept: bool
    said: str


def check_plugin(path: str | Path, report: Callable[[Finding], None] | None = None) -> tuple[Finding, ...]:
    """Check what a plugin file defines: systems whole, its schemes of other systems as schemes.

    A check whose subject is broken is the last one of its system: what follows rests on it.

    Args:
        path: of the file.
        report: called with every finding as soon as there is one.

    Returns:
        All findings.

    Raises:
        ConfigError: if there is no such file.
    """
    found: list[Finding] = []

    def note(finding: Finding) -> bool:
        found.append(finding)
        if report is not None:
            report(finding)
        return finding.kept

    source = source_of(path)
    try:
        touched = catalogue.load_plugin(path)
    except ConfigError as error:
        note(Finding(source.name, "loads", False, str(error)))
        return tuple(found)
    listed = ", ".join(system.name for system in touched)
    note(Finding(source.name, "loads", True, f"defines, or adds to: {listed}"))
    for system in touched:
        own = catalogue.is_of(system, source)
        schemes = [scheme for scheme in system.schemes if own or catalogue.is_of(scheme, source)]
        for subject, what, check, line in _checks(system, schemes, own):
            if not note(_finding(subject, what, check, source, line)):
                break
    return tuple(found)


def _checks(system: System, schemes: list[Scheme], own: bool) -> list[tuple[str, str, Callable[[], str], int]]:
    """Subject, what is looked at, how, and the line of the definition."""
    from leoisac.api import contract_checks as checks

    def workers() -> str:
        with tempfile.TemporaryDirectory() as folder:
            return checks.check_workers(system, tuple(scheme.name for scheme in schemes), Path(folder) / "store")

    def line_of(item: System | Scheme) -> int:
        return item.origin.line if item.origin is not None else 0

    line = line_of(system) if own else 0
    whole: list[tuple[str, str, Callable[[], str], int]] = [
        (system.name, "names", lambda: checks.check_parts(system), line),
        (system.name, "configuration", lambda: checks.check_configuration(system), line),
        (system.name, "metrics", lambda: checks.check_metrics(system), line),
        (system.name, "draw", lambda: checks.check_draw(system), line),
    ]
    designs = [
        (f"{system.name}:{one.name}", "design", lambda one=one: checks.check_scheme(system, one), line_of(one))
        for one in schemes
    ]
    return [*(whole if own else []), *designs, (system.name, "workers", workers, line)]


def _finding(subject: str, what: str, check: Callable[[], str], source: Path, defined: int) -> Finding:
    from leoisac.api.contract_checks import BrokenContractError

    try:
        return Finding(subject, what, True, check())
    except (BrokenContractError, ConfigError, StoreError, ClusterError, UnusableError) as error:
        said = str(error)
    except Exception as error:  # whatever a user's function can raise
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        line = place_of_error(error, source)
        if not line:
            inner = traceback.extract_tb(error.__traceback__)[-1]
            said += f" (raised in {Path(inner.filename).name}:{inner.lineno})"
        return Finding(subject, what, False, f"{source.name}:{line or defined or 1}: {said}")
    place = f"{source.name}:"
    return Finding(subject, what, False, said if place in said else f"{place}{defined or 1}: {said}")
