"""Finds systems: the folders of ``leoisac.systems``, the entry points of other distributions, and plugin files.

The only module that knows which systems there are. Names come from folder and entry-point names, so that listing them
imports none; ``find`` imports the one that is asked for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from leoisac.experiment.contracts import System
from leoisac.foundation.config import Config, ConfigError, suggest

ENTRY_POINTS = "leoisac.systems"
"""Entry-point group of other distributions: ``my-system = "my_package:SYSTEM"``."""

_plugins: dict[str, System] = {}
_plugin_files: dict[str, None] = {}


def systems() -> tuple[str, ...]:
    """Names of all systems, sorted; imports none of them."""
    return tuple(sorted({*_folders(), *_entry_points(), *_plugins}))


def find(name: str) -> System:
    """System by name.

    Raises:
        ConfigError: for an unknown name, with the likely one; and for a system that cannot be imported.
    """
    if name in _plugins:
        return _plugins[name]
    if name in _folders():
        return _checked(importlib.import_module(f"leoisac.systems.{_folders()[name]}"), name, f"leoisac/systems/{name}")
    if name in _entry_points():
        return _from_entry_point(_entry_points()[name])
    raise ConfigError(f"system = {name!r}: there is no such system.{suggest(name, systems())}")


def system_of(config: Config) -> System:
    """The system that a configuration belongs to.

    Raises:
        ConfigError: if the object is not the configuration of a known system.
    """
    name = getattr(type(config), "system", "")
    if not isinstance(config, Config) or not name:
        raise ConfigError(
            f"{type(config).__name__} is not the configuration of a system: "
            f"write leoisac.config(name) with one of {', '.join(systems())}."
        )
    system = find(name)
    if not isinstance(config, system.config):
        raise ConfigError(
            f"{type(config).__name__} names the system `{name}`, whose class is {system.config.__name__}."
        )
    return system


def load_plugin(path: str | Path) -> tuple[System, ...]:
    """Add the systems that a Python file (or a package folder) defines at its top level.

    The file is imported under the name ``leoisac_plugin_<stem>``; its dotted names are best written with ``__name__``
    (``f"{__name__}:draw"``). Loading the same file again changes nothing.

    Raises:
        ConfigError: if there is no such file, it defines no ``System``, or a name is already taken.
    """
    file = Path(path).expanduser().resolve()
    module = _import_file(file)
    found = tuple({id(value): value for value in vars(module).values() if isinstance(value, System)}.values())
    if not found:
        raise ConfigError(f"{path}: defines no System at its top level (SYSTEM = System(...)).")
    for system in found:
        taken = system.name in systems() and _plugins.get(system.name) is not system
        if taken:
            raise ConfigError(f"{path}: there is already a system called `{system.name}`; choose another name.")
        _plugins[system.name] = system
    _plugin_files[str(file)] = None
    return found


def plugin_files() -> tuple[str, ...]:
    """The files from which plugins were loaded, in that order."""
    return tuple(_plugin_files)


def find_with(name: str, plugins: Iterable[str]) -> System:
    """System by name, after loading these plugin files: how another process finds what this one has."""
    for path in plugins:
        load_plugin(path)
    return find(name)


def _import_file(file: Path) -> ModuleType:
    source = file / "__init__.py" if file.is_dir() else file
    if not source.is_file() or source.suffix != ".py":
        raise ConfigError(f"{file}: a plugin is a Python file (or a package folder), and there is none of that name.")
    name = f"leoisac_plugin_{file.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None:
        if getattr(loaded, "__file__", None) != str(source):
            raise ConfigError(f"{file}: a plugin file called `{file.stem}` is already loaded; rename one of the two.")
        return loaded
    inside = [str(file)] if file.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=inside)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@functools.cache
def _folders() -> dict[str, str]:
    """System name -> folder of ``leoisac/systems`` (a folder is its system's name with underscores)."""
    root = Path(__file__).parent / "systems"
    folders = [entry.parent.name for entry in root.glob("*/__init__.py")]
    return {folder.replace("_", "-"): folder for folder in folders if not folder.startswith("_")}


@functools.cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _from_entry_point(point: EntryPoint) -> System:
    try:
        loaded = point.load()
    except Exception as error:
        raise ConfigError(f"system = {point.name!r}: {point.value} cannot be imported: {error}") from error
    if not isinstance(loaded, System) or loaded.name != point.name:
        raise ConfigError(f"system = {point.name!r}: {point.value} is not a System of that name.")
    return loaded


def _checked(module: ModuleType, name: str, where: str) -> System:
    system = getattr(module, "SYSTEM", None)
    if not isinstance(system, System) or system.name != name:
        raise ConfigError(f"{where}: must export SYSTEM, a System named `{name}` (the folder's name with hyphens).")
    return system
