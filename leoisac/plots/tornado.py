"""Tornado figures: a bar per change of one value, in panels of one quantity each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import LEAST_TRIALS
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW_IN, _FRAME_IN = 0.28, 1.4
_LETTER_IN = 0.06
_PANEL_IN = 2.5
_BAR = 0.64
_COLOUR = "#0072B2"


class Measured(Protocol):
    """A mean with the ends of its interval over ``trials`` trials; NaN where there is none."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def trials(self) -> int: ...


class Panel(NamedTuple):
    """One quantity of a tornado.

    Attributes:
        label: of its axis, with the unit.
        bars: one per row, in units of ``label`` once ``scale`` has multiplied them.
        base: where bars begin (the quantity at the defaults), in the bars' own unit.
        scale: 100 for shares that are shown in percent.
        title: above the panel.
        colour: of the bars.
        notes: short grey text at the right of every row.
    """

    label: str
    bars: Sequence[Measured]
    base: float = 0.0
    scale: float = 1.0
    title: str = ""
    colour: str = _COLOUR
    notes: Sequence[str] = ()


def draw_tornado(rows: Sequence[str], panels: Sequence[Panel], *notes: str) -> Figure:
    """Bars of every panel side by side, the first row on top; small print below says what the intervals are over.

    A bar without an interval (fewer than three trials) is pale; one without a mean is not drawn.
    """
    with house_style() as mpl:
        names = _LETTER_IN * max(map(len, rows), default=0)
        size = (names + _PANEL_IN * len(panels), _FRAME_IN + _ROW_IN * len(rows))
        figure = mpl.Figure(figsize=(max(size[0], COLUMN_WIDTH_IN), size[1]), layout="constrained")
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            _draw(axes, panel)
        grid[0].set_yticks(range(len(rows)), rows, fontsize=8.5)
        grid[0].set_ylim(len(rows) - 0.5, -0.5)
        add_note(figure, *notes)
    return figure


def shows_intervals(panels: Sequence[Panel]) -> bool:
    """Whether any bar has an interval, so that a caption may speak of it."""
    return any(_has_interval(one) for panel in panels for one in panel.bars)


def _has_interval(one: Measured) -> bool:
    return bool(one.trials >= LEAST_TRIALS and np.isfinite([one.mean, one.low, one.high]).all())


def _draw(axes: Any, panel: Panel) -> None:
    base = panel.scale * panel.base
    axes.axvline(base, color="#444444", linewidth=0.8)
    for row, one in enumerate(panel.bars):
        mean, low, high = (panel.scale * value for value in (one.mean, one.low, one.high))
        if not np.isfinite(mean):
            continue
        enough = _has_interval(one)
        axes.barh(row, mean - base, left=base, height=_BAR, color=panel.colour, alpha=0.6 if enough else 0.2)
        if enough:
            reach = [[max(mean - low, 0.0)], [max(high - mean, 0.0)]]
            axes.errorbar(mean, row, xerr=reach, fmt="none", color="#222222", linewidth=0.9, capsize=2)
    for row, note in enumerate(panel.notes):
        axes.annotate(
            note,
            (1.0, row),
            (2, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color="#666666",
        )
    axes.set_xlabel(panel.label, fontsize=9)
    axes.set_title(panel.title, loc="left")


__all__ = ["Measured", "Panel", "draw_tornado", "shows_intervals"]
