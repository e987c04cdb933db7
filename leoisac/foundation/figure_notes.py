# pyright: reportUnknownMemberType=false
"""Small print below a figure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CUT = "cut-band"
"""Mark (``gid``) of a band that ends where it would dwarf its curve."""
CUT_TEXT = "Wide intervals are cut where they would dwarf their curve."
_COLUMNS_PER_INCH = 20.0
_SIZE, _COLOUR = 7.5, "#444444"


def add_note(figure: Figure, *texts: str) -> None:
    """Adds lines to the small print of a figure, after what stands there, wrapped to its width.

    Where a band of the figure is cut, they say so, once.
    """
    if CUT_TEXT not in " ".join(figure.get_supxlabel().split()) and has_cut_bands(figure):
        texts = (*texts, CUT_TEXT)
    columns = int(figure.get_figwidth() * _COLUMNS_PER_INCH)
    # A name of a satellite may hold a dollar, which would begin a formula.
    lines = [textwrap.fill(line, columns).replace("$", r"\$") for text in texts for line in text.splitlines() if line]
    note = figure.get_supxlabel()
    if lines:
        figure.supxlabel("\n".join([note, *lines] if note else lines), fontsize=_SIZE, color=_COLOUR)


def has_cut_bands(figure: Figure) -> bool:
    """Whether an interval is longer than what is drawn of it."""
    return any(item.get_gid() == CUT for axes in figure.axes for item in axes.collections)
