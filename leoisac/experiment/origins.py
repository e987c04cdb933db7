"""Where code of a user's own is written, and what tells it from other code: results belong to the code that made them.

A plugin decides numbers as much as a configuration does. What it defines carries an ``Origin``; stores note its digest
with every unit, so that no run continues what another program began.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_DIGITS = 16


@dataclass(frozen=True)
class Origin:
    """Where something was defined.

    Attributes:
        file: the file; empty for code in none, such as a notebook's cell.
        line: of the definition; 0 where it is not known.
        digest: of the code that decides numbers: of the file, or of functions without one; or of what its author calls
            its version.
    """

    file: str
    line: int
    digest: str

    def __str__(self) -> str:
        place = Path(self.file).name if self.file else "a cell"
        return f"{place}:{self.line}" if self.line else place


def origin_of(frame: FrameType, functions: Iterable[Any] = (), version: str = "") -> Origin:
    """The origin of a definition that code in ``frame`` makes.

    Args:
        frame: of the caller.
        functions: what it defines; they tell the code apart where there is no file.
        version: what the author says instead of the content.
    """
    name, line = frame.f_code.co_filename, frame.f_lineno
    file = str(Path(name).resolve()) if Path(name).is_file() else ""
    if version:
        return Origin(file, line, digest(f"version {version}"))
    return Origin(file, line, file_digest(_whole(Path(file))) if file else code_digest(functions))


def digest(text: str) -> str:
    """Hexadecimal digits that tell texts apart."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:_DIGITS]


def file_digest(file: Path) -> str:
    """Digest of a Python file, or of all those of a package folder, without comments and empty lines."""
    files = sorted(file.rglob("*.py")) if file.is_dir() else [file]
    return digest("\n".join(_code_of(one.read_bytes().decode("utf-8", "replace")) for one in files))


def code_digest(functions: Iterable[Any]) -> str:
    """Digest of functions, by their source where there is one, else by what they were compiled to."""
    return digest("\n".join(_function_text(function) for function in functions if callable(function)))


def _whole(file: Path) -> Path:
    """The package folder that a file belongs to, or the file itself."""
    while (file.parent / "__init__.py").is_file():
        file = file.parent
    return file


def _code_of(text: str) -> str:
    """The text without comments, empty lines and spaces at the ends of lines."""
    lines = text.splitlines()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        tokens = []
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _function_text(function: Callable[..., Any]) -> str:
    try:
        return _code_of(inspect.getsource(function))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return _compiled_text(code) if isinstance(code, CodeType) else type(function).__qualname__


def _compiled_text(code: CodeType) -> str:
    """Instructions, names and constants of compiled code, without its place."""
    constants = [_compiled_text(item) if isinstance(item, CodeType) else repr(item) for item in code.co_consts]
    return "\n".join([code.co_name, code.co_code.hex(), *code.co_names, *code.co_varnames, *constants])
