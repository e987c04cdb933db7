"""Speed as a picture: milliseconds of a design over the size of its batch, and ratios against published algorithms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from leoisac.plots.saving import save
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles

Row = Mapping[str, Any]
_ROW_HEIGHT_IN = 0.28


def draw_bench(batches: Sequence[Row], cases: Sequence[Row], path: Path) -> None:
    """A panel per system for the fast routes, and one of ratios for the cases.

    Args:
        batches: one a scheme: ``system, scheme, per_design_s`` (batch size -> seconds).
        cases: one a comparison: ``case, rival, ratio``.
        path: of the figure.
    """
    systems = list(dict.fromkeys(row["system"] for row in batches))
    above = 2.4 * ((len(systems) + 1) // 2)
    below = 0.9 + _ROW_HEIGHT_IN * len(cases) if cases else 0.0
    if not above + below:
        return
    with house_style() as drawing:
        figure = drawing.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, above + below), layout="constrained")
        heights = [height for height in (above, below) if height]
        parts = iter(np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights)))
        if systems:
            panels = next(parts).subplots((len(systems) + 1) // 2, min(2, len(systems)), squeeze=False).ravel()
            for system, panel in zip_longest(systems, panels):
                if system is None:
                    panel.set_axis_off()
                else:
                    _batches(panel, system, [row for row in batches if row["system"] == system])
        if cases:
            _ratios(next(parts).subplots(), cases)
        save(figure, path, {"shows": "processor time of designs on one core"})


def _batches(axes: Any, system: str, rows: Sequence[Row]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    styles = series_styles([row["scheme"] for row in rows])
    for row in rows:
        style = styles[row["scheme"]]
        sizes = sorted(row["per_design_s"])
        values = [1e3 * row["per_design_s"][size] for size in sizes]
        axes.plot(sizes, values, ls=style.line, color=style.colour, marker=style.marker, ms=3, label=row["scheme"])
    axes.set(xscale="log", yscale="log", xlabel="designs in a batch", ylabel="ms a design", title=system)
    axes.set_xticks(sorted({size for row in rows for size in row["per_design_s"]}), minor=False)
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize=6, ncols=2 if len(rows) > 5 else 1)


def _ratios(axes: Any, cases: Sequence[Row]) -> None:
    places = list(range(len(cases)))[::-1]
    bars = axes.barh(places, [row["ratio"] for row in cases], height=0.6, color="#0072B2")
    axes.bar_label(bars, [f"{row['ratio']:.0f}" for row in cases], padding=3, fontsize=8)
    axes.set_yticks(places, [f"{row['case']}\n{row['rival']}" for row in cases], fontsize=6)
    axes.set(xscale="log", xlabel="time of the reference over time of the fast route")
    axes.set_xlim(left=1.0, right=3.0 * max(row["ratio"] for row in cases))
