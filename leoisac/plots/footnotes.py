"""What must be known of a figure's data, in the figure itself: it travels without the text around it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTE_SIZE = 7.5
NOTE_COLOUR = "#444444"
_COLUMNS_PER_INCH = 20.0  # of small print


def add_warnings(figure: Figure, warnings: Iterable[str]) -> None:
    """Warnings as small print below a figure, after the note that stands there."""
    columns = int(figure.get_figwidth() * _COLUMNS_PER_INCH)
    # A name of a satellite may hold a dollar, which would begin a formula.
    lines = [textwrap.fill(f"Warning: {text}", columns).replace("$", r"\$") for text in warnings]
    if lines:
        note = figure.get_supxlabel()
        figure.supxlabel("\n".join([note, *lines] if note else lines), fontsize=NOTE_SIZE, color=NOTE_COLOUR)
