"""Finds systems: the folders of ``leoisac.systems``, the entry points of other distributions, and plugin files.

The only module that knows which systems there are. Names come from folder and entry-point names, so that listing them
imports none; ``find`` imports the one that is asked for.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from leoisac.experiment.contracts import Scheme, System
from leoisac.experiment.origins import Origin, digest, file_digest
from leoisac.experiment.plugin_modules import plugin_module, source_of
from leoisac.foundation.config import Config, ConfigError, suggest_own

ENTRY_POINTS = "leoisac.systems"
"""Entry-point group of other distributions: ``my-system = "my_package:SYSTEM"``."""

_plugins: dict[str, System] = {}
_plugin_files: dict[str, None] = {}
_schemes: dict[str, dict[str, Scheme]] = {}
"""System -> the schemes that users added to it, by name."""
_joined: dict[str, tuple[System, tuple[Scheme, ...], System]] = {}
_loading: list[str] = []


def systems() -> tuple[str, ...]:
    """Names of all systems, sorted; imports none of them."""
    return tuple(sorted({*_folders(), *_entry_points(), *_plugins}))


def find(name: str) -> System:
    """System by name, with the schemes that users added to it.

    Raises:
        ConfigError: for an unknown name, with the likely one; and for a system that cannot be imported.
    """
    system, added = _alone(name), tuple(_schemes.get(name, {}).values())
    if not added:
        return system
    kept = _joined.get(name)
    if kept is None or kept[0] is not system or kept[1] != added:
        kept = _joined[name] = (system, added, replace(system, schemes=(*system.schemes, *added)))
    return kept[2]


def system_of(config: Config) -> System:
    """The system that a configuration belongs to.

    Raises:
        ConfigError: if the object is not the configuration of a known system, of exactly its class.
    """
    made = type(config)
    name = getattr(made, "system", "")
    if not isinstance(config, Config) or not name:
        raise ConfigError(
            f"{made.__name__} is not the configuration of a system: "
            f"write leoisac.config(name) with one of {', '.join(systems())}."
        )
    system = find(name)
    if made is system.config:
        return system
    if issubclass(made, system.config):
        raise ConfigError(
            f"{made.__name__} derives from the configuration of `{name}` and is not it: give it a system of its own, "
            f'leoisac.system("my-name", config={made.__name__}, ...), or use {system.config.__name__}.'
        )
    if made.__qualname__ == system.config.__qualname__:
        raise ConfigError(
            f"{made.__name__}: `{name}` was defined anew since this configuration was made; make it again, with "
            f'leoisac.config("{name}", ...).'
        )
    raise ConfigError(f"{made.__name__} names the system `{name}`, whose class is {system.config.__name__}.")


def add_system(system: System) -> None:
    """Make a user's system known. What the same file, or a cell, defined under its name before is replaced.

    Raises:
        ConfigError: if its name is taken, or its configuration class names another system.
    """
    named = system.config.system
    if named != system.name:
        raise ConfigError(
            f"{system.origin}: the configuration class {system.config.__name__} of `{system.name}` "
            f"{f'names the system `{named}`' if named else 'names no system'}: give it a class of its own, with "
            f'`system: ClassVar[str] = "{system.name}"`.'
        )
    before = _plugins.get(system.name)
    if system.name in _folders() or system.name in _entry_points() or not _may_replace(before, system):
        where = f" ({before.origin})" if before is not None and before.origin is not None else ""
        raise ConfigError(
            f"{system.origin}: there is already a system called `{system.name}`{where}; choose another name."
        )
    _plugins[system.name] = system


def add_scheme(name: str, scheme: Scheme) -> None:
    """Add a user's scheme to a system. What the same file, or a cell, added under its name before is replaced.

    Raises:
        ConfigError: if there is no such system, or it has a scheme of that name.
    """
    before = _schemes.get(name, {}).get(scheme.name)
    if any(own.name == scheme.name for own in _alone(name).schemes) or not _may_replace(before, scheme):
        where = f" ({before.origin})" if before is not None else ""
        raise ConfigError(
            f"{scheme.origin}: `{name}` has already a scheme called `{scheme.name}`{where}; choose another name."
        )
    _schemes.setdefault(name, {})[scheme.name] = scheme


def load_plugin(path: str | Path) -> tuple[System, ...]:
    """Add what a Python file (or a package folder) defines: systems, and schemes of any system.

    It defines them by ``li.system`` and ``@li.scheme``, or as a ``System`` at its top level, whose dotted names are
    best written with ``__name__`` (``f"{__name__}:draw"``). The file is imported under the name
    ``leoisac_plugin_<stem>``, unless it is imported already. Loading it again changes nothing, or, when its content has
    changed, replaces what it defined.

    Returns:
        The systems that it defines, then those that it adds schemes to.

    Raises:
        ConfigError: if there is no such file, it cannot be run, it defines nothing, or a name is already taken.
    """
    source = source_of(path)
    kept = dict(_plugins), {name: dict(items) for name, items in _schemes.items()}
    _loading.append(str(source))
    try:
        module, is_new = plugin_module(path)
        if is_new:
            _forget_older(source, *kept)
        _take_systems(module, source)
        defined = [item for item in _plugins.values() if is_of(item, source)]
        extended = [find(name) for name, items in _schemes.items() if any(is_of(x, source) for x in items.values())]
        if not defined and not extended:
            raise ConfigError(
                f"{path}: defines neither a system nor a scheme: leoisac.system(...), @leoisac.scheme(...), or a "
                "System at its top level (SYSTEM = System(...))."
            )
    except BaseException:
        _put_back(*kept)
        raise
    finally:
        _loading.pop()
    _plugin_files[str(Path(path).expanduser().resolve())] = None
    return tuple({item.name: item for item in (*map(_joined_with, defined), *extended)}.values())


def plugin_files() -> tuple[str, ...]:
    """The files that define what users added, those loaded in their order; systems that a program or an import brought
    stand before them, for schemes of theirs may follow."""
    inside = [Path(file) for file in _plugin_files if Path(file).is_dir()]

    def files(items: Iterable[System | Scheme]) -> list[str]:
        named = [item.origin.file for item in items if item.origin is not None and item.origin.file]
        return [file for file in named if not any(folder in Path(file).parents for folder in inside)]

    systems_of = [file for file in files(_plugins.values()) if file not in _plugin_files]
    schemes_of = files(scheme for items in _schemes.values() for scheme in items.values())
    return tuple(dict.fromkeys([*systems_of, *_plugin_files, *schemes_of]))


def file_being_loaded() -> str:
    """The plugin file that is being run at this moment; empty if none is."""
    return _loading[-1] if _loading else ""


def is_of(item: System | Scheme, source: Path) -> bool:
    """Whether a plugin's file (of a package: that of its folder) defines a system or scheme."""
    file = Path(item.origin.file) if item.origin is not None and item.origin.file else None
    return file == source or (file is not None and source.name == "__init__.py" and source.parent in file.parents)


def find_with(name: str, plugins: Iterable[str]) -> System:
    """System by name, after loading these plugin files: how another process finds what this one has."""
    for path in plugins:
        load_plugin(path)
    return find(name)


def _alone(name: str) -> System:
    if name in _plugins:
        return _plugins[name]
    if name in _folders():
        return _checked(importlib.import_module(f"leoisac.systems.{_folders()[name]}"), name, f"leoisac/systems/{name}")
    if name in _entry_points():
        return _from_entry_point(_entry_points()[name])
    raise ConfigError(f"system = {name!r}: there is no such system.{suggest_own(name, systems())}")


def _joined_with(system: System) -> System:
    return find(system.name)


def _may_replace(before: System | Scheme | None, after: System | Scheme) -> bool:
    """Whether a definition is a later one of the same: of the same file, or of a notebook's cells."""
    if before is None or before is after:
        return True
    return before.origin is not None and after.origin is not None and before.origin.file == after.origin.file


def _take_systems(module: ModuleType, source: Path) -> None:
    """File the systems at the top level of a plugin's module, those apart that it imported and that are filed."""
    for value in list(vars(module).values()):
        if not isinstance(value, System) or _is_filed(value):
            continue
        if is_of(value, source):
            add_system(value)
            continue
        own = digest("\n".join([file_digest(source), value.origin.digest if value.origin else ""]))
        filed = replace(value, origin=Origin(str(source), 0, own))
        add_system(filed)
        for other, item in list(vars(module).items()):
            if item is value:
                setattr(module, other, filed)  # whoever imports it from here has the one that is filed


def _is_filed(system: System) -> bool:
    if system.name in _plugins:
        return _plugins[system.name] is system or _joined.get(system.name, (None, None, None))[2] is system
    return system.name in systems() and _alone(system.name) is system


def _forget_older(
    source: Path, systems_before: dict[str, System], schemes_before: dict[str, dict[str, Scheme]]
) -> None:
    """After a file was run again: what it defined the time before and does not define any more."""
    for name, system in systems_before.items():
        if is_of(system, source) and _plugins.get(name) is system:
            del _plugins[name]
    for name, items in schemes_before.items():
        for key, scheme in items.items():
            if is_of(scheme, source) and _schemes.get(name, {}).get(key) is scheme:
                del _schemes[name][key]


def _put_back(systems_before: dict[str, System], schemes_before: dict[str, dict[str, Scheme]]) -> None:
    for kept, before in ((_plugins, systems_before), (_schemes, schemes_before)):
        kept.clear()
        kept.update(before)  # type: ignore[arg-type]


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
