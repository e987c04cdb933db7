"""Figures as files that say what they show: in their metadata always, as small print on request."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from leoisac.foundation.config import ConfigError
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.latex_text import escaped_around_math
from leoisac.plots.style import SAVING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg", ".pgf")
TEX_SYSTEMS = ("pdflatex", "xelatex", "lualatex")
"""Programs that measure the text of a PGF figure, the first that is there: most journals take what pdflatex reads."""


def save(figure: Figure, path: Path, facts: Mapping[str, str], footnote: bool = False) -> None:
    """Write a figure as PNG, PDF, SVG or PGF.

    Args:
        figure: Matplotlib's.
        path: ends in the format.
        facts: what the figure shows, name -> text: into the metadata (PNG: a text chunk each; PDF: title, subject and
            keywords; SVG: title and description; PGF: comments).
        footnote: write them below the figure, too.

    Raises:
        ConfigError: for another format, and for PGF where there is no LaTeX.
    """
    import matplotlib as mpl

    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"{path}: must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    settings = {**SAVING, **({"pgf.texsystem": tex_system(path)} if suffix == ".pgf" else {})}
    if footnote:
        add_note(figure, "; ".join(f"{name}: {text}" for name, text in facts.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(cast(Any, settings)):
        if suffix != ".pgf":
            figure.savefig(path, metadata=metadata(suffix, facts))
            return
        with _labels_for_latex(figure):
            figure.savefig(path)
    comments = [f"% {line}" for name, text in facts.items() for line in f"{name}: {text}".splitlines()]
    path.write_text("\n".join([*comments, path.read_text(encoding="utf-8")]), encoding="utf-8")


@contextmanager
def _labels_for_latex(figure: Figure) -> Generator[None]:
    """All text of the figure with what is special in LaTeX escaped, but for mathematics, for the time of a context."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter, Formatter, FuncFormatter

    texts = {item: item.get_text() for item in figure.findobj(Text) if isinstance(item, Text)}
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    named: dict[Any, Formatter] = {axis: axis.get_major_formatter() for axis in axes}

    def escaping(formatter: Formatter) -> Any:
        return lambda value, place=None: escaped_around_math(formatter(value, place))

    try:
        for item, text in texts.items():
            item.set_text(escaped_around_math(text))
        for axis, formatter in named.items():
            if isinstance(formatter, FixedFormatter | FuncFormatter):  # of names, not of numbers
                axis.set_major_formatter(FuncFormatter(escaping(formatter)))
        yield
    finally:
        for item, text in texts.items():
            item.set_text(text)
        for axis, formatter in named.items():
            if isinstance(formatter, FixedFormatter | FuncFormatter):
                axis.set_major_formatter(formatter)


def tex_system(path: Path) -> str:
    """The LaTeX program that is installed (ConfigError if there is none)."""
    for name in TEX_SYSTEMS:
        if shutil.which(name):
            return name
    raise ConfigError(
        f"{path}: PGF figures are set by LaTeX, which measures their text, and none is installed here "
        f"({', '.join(TEX_SYSTEMS)}). Install one, or write .pdf, which LaTeX includes as well."
    )


def metadata(suffix: str, facts: Mapping[str, str]) -> dict[str, Any]:
    """The facts in the fields that a format has."""
    title = next(iter(facts.values()), "")
    text = "\n".join(f"{name}: {value}" for name, value in facts.items())
    if suffix == ".pdf":
        return {"Title": title, "Subject": text, "Creator": "leoisac"}
    if suffix == ".svg":
        return {"Title": title, "Description": text, "Creator": "leoisac"}
    return {"Title": title, "Description": text, "Software": "leoisac"}
