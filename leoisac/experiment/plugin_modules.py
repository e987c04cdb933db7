"""Python files of users as modules: one file is one module, however often and by whatever name it is imported."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from leoisac.experiment.origins import file_digest
from leoisac.foundation.config import ConfigError

PREFIX = "leoisac_plugin_"
_digests: dict[str, str] = {}
"""Source file -> digest of its content when it was run here."""


class PluginError(ConfigError):
    """A plugin file that cannot be run; the message names file and line."""


def source_of(path: str | Path) -> Path:
    """The file that stands for a plugin: itself, or that of a package folder.

    Raises:
        ConfigError: if there is none.
    """
    file = Path(path).expanduser().resolve()
    source = file / "__init__.py" if file.is_dir() else file
    if not source.is_file() or source.suffix != ".py":
        raise ConfigError(f"{file}: a plugin is a Python file (or a package folder), and there is none of that name.")
    return source


def plugin_module(path: str | Path) -> tuple[ModuleType, bool]:
    """The module of a plugin file, and whether it was run now.

    A module that was made of the same file, whatever its name (the running program among them), is that module: a class
    is never there twice. One that was run here is run again when its content has changed.

    Raises:
        ConfigError: if there is no such file, or another one of its name is loaded.
        PluginError: if it raises; the exception is its cause.
    """
    source = source_of(path)
    file = source.parent if source.name == "__init__.py" else source
    content = file_digest(file)
    there = _module_of(source)
    if there is not None and _digests.setdefault(str(source), content) == content:
        return there, False
    name = f"{PREFIX}{file.stem}"
    other = sys.modules.get(name)
    if other is not None and _file_of(other) != source:
        raise ConfigError(f"{file}: a plugin file called `{file.stem}` is already loaded; rename one of the two.")
    return _run(name, file, source, content), True


def place_of_error(error: BaseException, file: str | Path) -> int:
    """The line of a file where an exception came from: the innermost place of its first cause; 0 if it did not."""
    found: int = 0
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, SyntaxError) and seen.filename and Path(seen.filename) == Path(file):
            return seen.lineno or 0
        for frame in traceback.extract_tb(seen.__traceback__):
            if frame.filename == str(file):
                found = frame.lineno or found
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return found


def _run(name: str, file: Path, source: Path, content: str) -> ModuleType:
    inside = [str(file)] if file.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=inside)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    inner = {key: sys.modules.pop(key) for key in list(sys.modules) if key.startswith(f"{name}.")}
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        sys.modules.update(inner)
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, ConfigError) or not isinstance(error, Exception | SystemExit):
            raise
        line = place_of_error(error, source)
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        hint = ""
        if isinstance(error, SystemExit):
            hint = ': it ends the program that loads it; keep that under `if __name__ == "__main__":`'
        elif isinstance(error, ModuleNotFoundError):
            hint = _how_to_import(error.name or "", source)
        raise PluginError(f"{source.name}:{line}: {type(error).__name__}: {said.rstrip('.')}{hint}.") from error
    for key, other in list(sys.modules.items()):
        if key != "__main__" and _file_of(other) == source:
            sys.modules[key] = module
    if _imported_as(file) == source and sys.modules.get(file.stem, before) is before:
        sys.modules[file.stem] = module  # `import my_file` afterwards is this module, not a second one
    _digests[str(source)] = content
    return module


def _how_to_import(name: str, source: Path) -> str:
    """What to do about a module that a plugin imports and that there is not: one beside it is found by no name."""
    first = name.partition(".")[0]
    beside = next((one for one in (source.with_name(f"{first}.py"), source.with_name(first)) if one.exists()), None)
    if not first or beside is None:
        return "; install it, or mend the name"
    return (
        f". {beside.name} lies beside it, and the folder of a plugin is not searched: make a package of both (a folder "
        f"with __init__.py, in it `from .{first} import ...`, loaded as --plugin FOLDER), of which a change of either "
        f"file is seen; or run with PYTHONPATH={source.parent}"
    )


def _module_of(source: Path) -> ModuleType | None:
    return next((module for module in list(sys.modules.values()) if _file_of(module) == source), None)


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) and file.endswith(".py") else None


def _imported_as(file: Path) -> Path | None:
    """What the plain ``import`` of a file's name would run."""
    with suppress(ImportError, ValueError, AttributeError):
        spec = importlib.util.find_spec(file.stem)
        if spec is not None and spec.origin:
            return Path(spec.origin).resolve()
    return None
