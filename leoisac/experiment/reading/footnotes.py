# pyright: reportUnknownMemberType=false
"""What must be known of a figure's data, in the figure itself: it travels without the text around it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS_PER_INCH = 20.0  # of small print


def warning_lines(datasets: Iterable[xr.Dataset]) -> tuple[str, ...]:
    """What was noted about the studies of these datasets, each sentence once."""
    lines = (line for dataset in datasets for line in str(dataset.attrs.get("warnings", "")).splitlines())
    return tuple(dict.fromkeys(lines))


def add_warnings(figure: Figure, datasets: Iterable[xr.Dataset]) -> None:
    """The warnings of its data as small print below a figure, after the note that stands there."""
    warnings = warning_lines(datasets)
    if not warnings:
        return
    columns = int(figure.get_figwidth() * _COLUMNS_PER_INCH)
    # A name of a satellite may hold a dollar, which would begin a formula.
    lines = [textwrap.fill(f"Warning: {text}", columns).replace("$", r"\$") for text in warnings]
    note = figure.get_supxlabel()
    figure.supxlabel("\n".join([note, *lines] if note else lines), fontsize=7.5, color="#444444")
