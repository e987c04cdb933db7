"""Which scheme by which route: scheme entries (``"pa1"``, ``"pa1:reference"``) and whether a route can run here."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from leoisac.experiment.contracts import Scheme, System, no_route
from leoisac.experiment.errors import RenamedWarning
from leoisac.foundation.config import ConfigError

DEFAULT_ROUTE = "fast"
RENAMED_ROUTES = {"printed": "published"}
"""Names of routes in the version before -> now."""


@dataclass(frozen=True)
class SchemeRoute:
    """A scheme designed by one of its routes."""

    scheme: Scheme
    route: str

    @property
    def label(self) -> str:
        """Name in results: the scheme's, with ``:route`` where it is not the default one."""
        return self.scheme.name if self.route == DEFAULT_ROUTE else f"{self.scheme.name}:{self.route}"

    def solver(self) -> Callable[..., Any]:
        """The function behind the route.

        Raises:
            ConfigError: if a package that the route needs is not installed, with the line that installs it.
        """
        require_extra(self.scheme, self.route)
        try:
            return self.scheme.solver(self.route)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "leoisac":
                raise
            raise ConfigError(_install_line(self.scheme, self.route, [error.name or "a package"])) from error


class AbsentScheme(Scheme):
    """A scheme that results name and that is not known here: a user's own, whose code is not loaded."""

    def solver(self, route: str) -> Callable[[Any, Any], Any]:
        raise ConfigError(
            f"scheme `{self.name}` ({route}): is none of leoisac's, and its code is not loaded. Load the plugin that "
            "defines it (--plugin FILE, leoisac.load_plugin(FILE)), or run its cell again."
        )


def scheme_route(system: System, entry: str, route: str = DEFAULT_ROUTE) -> SchemeRoute:
    """The scheme and route of one entry; ``route`` is for entries that name none.

    Raises:
        ConfigError: for an unknown scheme, or a route that the scheme does not have.
    """
    name, _, own_route = entry.partition(":")
    scheme = system.scheme(name.strip())
    return SchemeRoute(scheme, route_of(scheme, own_route.strip() or route))


def route_of(scheme: Scheme, name: str) -> str:
    """The name of a route that the scheme has; one of the version before gives the new one, with a RenamedWarning.

    Raises:
        ConfigError: if the scheme has no such route, with the likely one.
    """
    new = RENAMED_ROUTES.get(name, "")
    if name not in scheme.routes and new in scheme.routes:
        text = f"route {name!r} of scheme `{scheme.name}` is called {new!r} since 0.2; the old name goes with 0.3."
        warnings.warn(text, RenamedWarning, stacklevel=3)
        return new
    if name not in scheme.routes:
        raise ConfigError(no_route(scheme, name))
    return name


def scheme_routes(
    system: System, entries: Iterable[str], route: str = DEFAULT_ROUTE, stored: bool = False
) -> tuple[SchemeRoute, ...]:
    """All entries, each checked, none twice (ConfigError otherwise).

    Args:
        system: the system.
        entries: scheme entries.
        route: for entries that name none.
        stored: they name results that are there: a scheme that is not known is an ``AbsentScheme``.
    """
    known = {scheme.name for scheme in system.schemes}
    chosen = tuple(
        _absent(entry, route) if stored and _name(entry) not in known else scheme_route(system, entry, route)
        for entry in entries
    )
    labels = [item.label for item in chosen]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(f"schemes: `{label}` stands twice.")
    return chosen


def _name(entry: str) -> str:
    return entry.partition(":")[0].strip()


def _absent(entry: str, route: str) -> SchemeRoute:
    chosen = entry.partition(":")[2].strip() or route
    return SchemeRoute(AbsentScheme(_name(entry), "code not loaded here", {chosen: ""}), chosen)


def require_extra(scheme: Scheme, route: str) -> None:
    """Refuse a route whose extra is not installed (ConfigError with the line that installs it)."""
    extra = scheme.requires.get(route, "")
    missing = missing_packages(extra) if extra else ()
    if missing:
        raise ConfigError(_install_line(scheme, route, missing))


@functools.cache
def missing_packages(extra: str) -> tuple[str, ...]:
    """Distributions that an extra of leoisac lists and that are not installed here."""
    try:
        requirements = importlib.metadata.requires("leoisac") or []
    except (
        importlib.metadata.PackageNotFoundError
    ):  # run from a source tree: nothing to ask, the import itself will tell
        return ()
    marker = re.compile(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""")
    names = [re.split(r"[\s<>=!~;\[(]", text, maxsplit=1)[0] for text in requirements if marker.search(text)]
    return tuple(name for name in names if not _installed(name))


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _install_line(scheme: Scheme, route: str, missing: Iterable[str]) -> str:
    extra = scheme.requires.get(route, route)
    return (
        f"route = {route!r}: needs {', '.join(missing)}, not installed here (asked for by scheme `{scheme.name}`). "
        f'Install with: pip install "leoisac[{extra}]"'
    )
