"""File and line of what a message is about, found in the source of the user's own definition."""

from __future__ import annotations

import ast
import contextlib
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from leoisac.experiment.contracts import resolve
from leoisac.experiment.origins import Origin
from leoisac.experiment.plugin_modules import place_of_error
from leoisac.foundation.config import ConfigError
from leoisac.problems.reading_errors import reason_of


def place(origin: Origin, *path: str) -> str:
    """``my_file.py:12``: where a definition says something.

    Args:
        origin: of the definition.
        path: argument of its call, then key of the mapping given there.
    """
    if not origin.file:
        return str(origin)
    with contextlib.suppress(OSError, SyntaxError):
        tree = ast.parse(Path(origin.file).read_text(encoding="utf-8"))
        return f"{Path(origin.file).name}:{_line(tree, origin.line, path)}"
    return str(origin)


def refuse(origin: Origin, path: Iterable[str], text: str, cause: BaseException | None = None) -> NoReturn:
    """ConfigError that begins with the place: of the cause in the user's file, or else of the argument."""
    line = place_of_error(cause, origin.file) if cause is not None and origin.file else 0
    where = f"{Path(origin.file).name}:{line}" if line and line != origin.line else place(origin, *path)
    raise ConfigError(f"{where}: {text}") from cause


def part(origin: Origin, argument: str, given: Any) -> Any:
    """The object that an argument gives, itself or by its dotted name."""
    if not isinstance(given, str):
        return given
    module, colon, name = given.partition(":")
    if not colon:
        refuse(origin, [argument], f'{argument} = "{given}": a dotted name is "package.module:name".')
    try:
        return resolve(given)
    except ImportError as error:
        refuse(origin, [argument], f'{argument} = "{given}": {error}.')
    except AttributeError:
        import sys

        close = difflib.get_close_matches(name, dir(sys.modules[module]), n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        refuse(origin, [argument], f'{argument} = "{given}": there is no `{name}` in that module.{hint}')


def said_by(error: BaseException) -> str:
    """What an exception says, with its kind where that is needed to understand it."""
    is_ours = type(error).__module__.partition(".")[0] == "leoisac"
    return " ".join(str(error).split()) if is_ours else f"{reason_of(error)}."


def _line(tree: ast.Module, line: int, path: tuple[str, ...]) -> int:
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.lineno <= line <= (node.end_lineno or node.lineno) if line else _name(node.func) == "System")
    ]
    for call in sorted(calls, key=lambda node: node.lineno, reverse=True):
        for keyword in call.keywords:
            if path and keyword.arg == path[0]:
                return _entry_line(keyword.value, path[1:]) or keyword.value.lineno
    return line or (calls[0].lineno if calls else 1)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _entry_line(node: ast.expr, path: tuple[str, ...]) -> int:
    if not path or not isinstance(node, ast.Dict):
        return 0
    for key in node.keys:
        if isinstance(key, ast.Constant) and key.value == path[0]:
            return key.lineno
    return 0
