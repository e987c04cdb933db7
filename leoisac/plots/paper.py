# pyright: reportUnknownMemberType=false
"""Figures for a paper: as wide as its column, no text below 8 points, nothing but what the caption does not say."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from leoisac.foundation.figure_notes import CUT_TEXT, has_cut_bands
from leoisac.foundation.number_text import share_text
from leoisac.plots.curves import LEAST_TRIALS, draw_curve, draw_shares, legend_text, limit_x
from leoisac.plots.style import SeriesStyle, house_style
from leoisac.plots.sweep import scale_x

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

WIDTHS_IN: Mapping[str, float] = {"ieee": 3.5, "ieee-double": 7.16}
"""Widths of a column and of a page of IEEE's journals, in inches."""
LEAST_WIDTH_IN, MOST_WIDTH_IN = 1.5, 30.0
LEAST_FONT_PT = 8.0
_ASPECT, _MOST_HEIGHT_IN = 0.68, 3.4
_STRIP_IN, _LEGEND_ROW_IN = 0.82, 0.17
_AXES = 0.8
"""Share of the width that the axes take."""
_INSIDE = 3
"""Most schemes whose legend stands inside the axes."""
_LEAST_LINE, _FOLDS = 8, 3
_SETTINGS: Mapping[str, Any] = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    **dict.fromkeys(("legend.fontsize", "xtick.labelsize", "ytick.labelsize"), LEAST_FONT_PT),
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "legend.handlelength": 2.2,
    "legend.borderaxespad": 0.4,
    "legend.labelspacing": 0.3,
    "axes.linewidth": 0.6,
}


class CurveLike(Protocol):
    """One scheme; see ``experiment.reading.curve_data``."""

    @property
    def scheme(self) -> str: ...
    @property
    def x(self) -> np.ndarray: ...
    @property
    def numbers(self) -> xr.Dataset: ...
    @property
    def usable_share(self) -> np.ndarray: ...
    @property
    def x_numbers(self) -> xr.Dataset | None: ...


def draw_paper_figure(
    curves: Sequence[CurveLike],
    styles: Mapping[str, SeriesStyle],
    *,
    legends: Mapping[str, str],
    x_label: str,
    y_label: str,
    x_texts: Sequence[str] = (),
    width_in: float = WIDTHS_IN["ieee"],
    height_in: float | None = None,
    title: str = "",
    caption: str = "",
    shares: bool = True,
) -> Figure:
    """Curves of means with the bands of their intervals, ready for a column.

    Args:
        curves: one per scheme; of one point each, they become dots with intervals, a line per scheme.
        styles: of every scheme.
        legends: scheme -> legend text.
        x_label, y_label: of the axes; ``$…$`` is mathematics.
        x_texts: what stands at the points, where those are no numbers.
        width_in: of the figure, inches.
        height_in: by default by the width, the legend and the strip of shares.
        title: above the figure.
        caption: what the figure shows; kept as its label (``figure.get_label()``), not drawn.
        shares: a strip of the shares of usable trials below, where they are not all one.
    """
    is_dots = all(len(curve.x) == 1 for curve in curves) and not x_label
    along_sweep = not is_dots and all(curve.usable_share.shape == curve.x.shape for curve in curves)
    show_strip = shares and along_sweep and any(np.any(curve.usable_share < 1.0) for curve in curves)
    with paper_style() as mpl:
        height = height_in or _height(width_in, curves, show_strip, is_dots)
        figure = mpl.Figure(figsize=(width_in, height), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
        if show_strip:
            ratios = [max(height - _STRIP_IN, _STRIP_IN), _STRIP_IN]
            main, strip = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        else:
            main, strip = figure.subplots(), None
        if is_dots:
            _dots(main, curves, styles, legends)
            main.set_xlabel(y_label)
        else:
            for curve in curves:
                _draw(main, curve, styles[curve.scheme], legends.get(curve.scheme, curve.scheme))
            bottom = main if strip is None else strip
            bottom.set_xlabel(x_label)
            main.set_ylabel(y_label)
            if all(curve.x_numbers is None for curve in curves):
                scale_x(bottom, curves[0].x, list(x_texts) or None)
            if strip is not None:
                draw_shares(strip, [(curve, styles[curve.scheme]) for curve in curves], _AXES * width_in)
                strip.set_ylabel("usable share", fontsize=LEAST_FONT_PT)
            if along_sweep and not x_texts and all(curve.x_numbers is None for curve in curves):
                limit_x(bottom, curves[0].x, [curve.numbers["mean"].values for curve in curves], strip is not None)
        if title:
            figure.suptitle(title)
        if not is_dots:
            _legend(figure, main, len(curves))
        _fold_labels(figure, main, strip)
        figure.set_label(f"{caption} {CUT_TEXT}".strip() if has_cut_bands(figure) else caption)
    return figure


@contextmanager
def paper_style() -> Iterator[Any]:
    """Matplotlib's ``figure`` module under the style of papers: no text below 8 points."""
    import matplotlib as mpl

    with house_style() as module, mpl.rc_context(cast(Any, dict(_SETTINGS))):
        yield module


def _height(width: float, curves: Sequence[CurveLike], strip: bool, is_dots: bool) -> float:
    if is_dots:
        return 0.6 + 0.24 * len(curves)
    rows = -(-len(curves) // 2) if len(curves) > _INSIDE else 0
    return min(_ASPECT * width, _MOST_HEIGHT_IN) + _STRIP_IN * strip + _LEGEND_ROW_IN * rows


def _draw(axes: Any, curve: CurveLike, style: SeriesStyle, label: str) -> None:
    if curve.x_numbers is None:
        draw_curve(axes, curve.x, curve.numbers, style, label)
        return
    mean, low, high = (np.atleast_1d(curve.numbers[name].values.astype(float)) for name in ("mean", "low", "high"))
    left, right = (np.atleast_1d(curve.x_numbers[name].values.astype(float)) for name in ("low", "high"))
    count = np.atleast_1d(curve.numbers["count"].values)
    enough = count >= LEAST_TRIALS
    label = legend_text(label, curve.numbers)
    axes.plot(curve.x, mean, ls=style.line, color=style.colour, marker=style.marker, label=label)
    axes.plot(curve.x[~enough], mean[~enough], color=style.colour, marker=style.marker, linestyle="none", mfc="white")
    reach = [(mean - low)[enough], (high - mean)[enough]], [(curve.x - left)[enough], (right - curve.x)[enough]]
    bars = {"fmt": "none", "ecolor": style.colour, "elinewidth": 0.7, "alpha": 0.6}
    axes.errorbar(curve.x[enough], mean[enough], yerr=reach[0], xerr=reach[1], **bars)


def _dots(
    axes: Any, curves: Sequence[CurveLike], styles: Mapping[str, SeriesStyle], legends: Mapping[str, str]
) -> None:
    """One number per scheme: a dot with its interval in a row of its own."""
    for row, curve in enumerate(curves):
        style = styles[curve.scheme]
        mean, low, high = (float(curve.numbers[name]) for name in ("mean", "low", "high"))
        if np.isfinite(mean):
            enough = int(curve.numbers["count"]) >= LEAST_TRIALS
            axes.plot([mean], [row], style.marker, color=style.colour, mfc=style.colour if enough else "white")
            if enough:
                axes.errorbar(mean, row, xerr=[[mean - low], [high - mean]], color=style.colour, capsize=2.5)
    texts = [legends.get(curve.scheme, curve.scheme) for curve in curves]
    shares = [float(curve.usable_share[0]) for curve in curves]
    axes.set_yticks(range(len(curves)), [t if s == 1 else f"{t} [{share_text(s)}]" for t, s in zip(texts, shares)])
    axes.set_ylim(len(curves) - 0.5, -0.5)


def _fold_labels(figure: Figure, *panels: Any) -> None:
    """Labels of axes that are longer than their axes go on in a second line, which may leave the others less room."""
    for _ in range(_FOLDS):
        figure.draw_without_rendering()
        for panel in panels:
            if panel is None:
                continue
            box = panel.get_window_extent()
            for label, room in ((panel.xaxis.label, box.width), (panel.yaxis.label, box.height)):
                extent = label.get_window_extent()
                length = extent.height if label is panel.yaxis.label else extent.width
                text = label.get_text()
                if length > room and "$" not in text and " " in text:
                    longest = max(map(len, text.splitlines()))
                    label.set_text(textwrap.fill(text, max(int(longest * room / length), _LEAST_LINE)))


def _legend(figure: Figure, axes: Any, number: int) -> None:
    """Inside where it is small, else above, in as many columns as the width allows."""
    if number < 2:
        return
    if number <= _INSIDE:
        axes.legend()
        return
    handles = axes.get_legend_handles_labels()
    for rows in range(1, number + 1):
        legend = figure.legend(*handles, ncols=-(-number // rows), loc="outside upper center", columnspacing=1.0)
        figure.draw_without_rendering()
        if rows == number or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()
