# pyright: reportUnknownMemberType=false
"""Small print below a figure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS_PER_INCH = 20.0
_SIZE, _COLOUR = 7.5, "#444444"


def add_note(figure: Figure, *texts: str) -> None:
    """Adds lines to the small print of a figure, after what stands there, wrapped to its width."""
    columns = int(figure.get_figwidth() * _COLUMNS_PER_INCH)
    # A name of a satellite may hold a dollar, which would begin a formula.
    lines = [textwrap.fill(line, columns).replace("$", r"\$") for text in texts for line in text.splitlines() if line]
    note = figure.get_supxlabel()
    if lines:
        figure.supxlabel("\n".join([note, *lines] if note else lines), fontsize=_SIZE, color=_COLOUR)
