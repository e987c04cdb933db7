"""Output on any terminal, in any pipe: characters that an encoding lacks fall back to plain ones."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leoisac.experiment.names import printable
from leoisac.foundation.config import ConfigError
from leoisac.foundation.output_paths import check_output

PICTURES = (".png", ".pdf", ".svg", ".pgf")
MOVIES = (".gif", ".mp4")

_PLAIN = {
    "→": "->",
    "←": "<-",
    "±": "+-",
    "²": "^2",
    "³": "^3",
    "×": "x",
    "·": "*",
    "°": "deg",
    "—": "-",
    "–": "-",
    "−": "-",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∞": "inf",
    "µ": "u",
    "μ": "u",
    "“": '"',
    "”": '"',
    "’": "'",
    "━": "-",
    "╸": "-",
    "╺": "-",
    "✓": "yes",
    "ρ": "rho",
    "τ": "tau",
    "ν": "nu",
    "σ": "sigma",
}
_HANDLER = "leoisac-plain"


def plain(text: str) -> str:
    """The text in ASCII, as readable as that allows."""
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return bare or "?"


def _fall_back(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def never_fail_to_print() -> None:
    """Standard output and errors that replace what their encoding lacks, instead of raising at the end of a run."""
    codecs.register_error(_HANDLER, _fall_back)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)


def say(text: str, err: bool = False, nl: bool = True) -> None:
    """A line on standard output, or with ``err`` on standard errors, in the encoding that the stream has.

    (``typer.echo`` writes UTF-8 into a stream that says that it is ASCII.)
    """
    print(text, end="\n" if nl else "", file=sys.stderr if err else sys.stdout, flush=True)


def say_warnings(datasets: Iterable[Any]) -> None:
    """What was noted about stored results, to a person at the terminal: it belongs to every output of them."""
    from leoisac.experiment.reading.footnotes import warning_lines

    for text in warning_lines(datasets):
        say(f"Warning: {printable(text)}", err=True)


def check_out(path: Path | None, suffixes: tuple[str, ...] = (), option: str = "--out") -> None:
    """Whether the file of an option can be written, before any work: its kind, its folder, and what lies there.

    Raises:
        ConfigError: naming what is wrong and what to do.
    """
    if path is None:
        return
    check_output(path, f"{option} {path}", suffixes)
    if path.suffix.lower() == ".pgf" and ".pgf" in suffixes:
        from leoisac.plots.saving import tex_system

        tex_system(path)


def refuse(options: Mapping[str, object], why: str) -> None:
    """Refuse options that would be passed over in silence.

    Args:
        options: option -> what was given; None, and a flag that is not set, count as not given.
        why: what they are for.

    Raises:
        ConfigError: naming those that were given.
    """
    given = [name for name, value in options.items() if value is not None and value is not False]
    if given:
        raise ConfigError(f"{', '.join(given)}: {why}")
