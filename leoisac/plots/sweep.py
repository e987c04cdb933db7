"""A metric against a swept quantity: means with 95 % intervals, and the share of usable trials where it is not one."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label, share_text
from leoisac.plots.curves import LEAST_TRIALS, draw_curve, draw_shares, limit_x
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_MAIN_HEIGHT_IN = 3.3
_SHARE_HEIGHT_IN = 0.9
_LOG_RATIO = 50.0
_MANY_TEXTS, _MOST_TEXTS = 12, 5
"""More names than can stand side by side are thinned out to a few: instants, which are in order."""
_AXES = 0.85
"""Share of the width that the axes take."""
_LETTER = 0.62
"""Width of a letter or digit over the size of its font."""
_WITH_MARGINS = 1.1
"""An axis is a tenth longer than its data."""
_SLANTED: Mapping[str, Any] = {"rotation": 25, "ha": "right"}
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?")
_LABEL_LETTERS = 48
"""As much as fits beside the panel in one line."""


class _Shares(NamedTuple):
    x: np.ndarray
    usable_share: np.ndarray


def draw_sweep(
    summary: xr.Dataset,
    *,
    labels: Mapping[str, str] | None = None,
    order: tuple[str, ...] | None = None,
    title: str = "",
    note: str | None = None,
    x_label: str | None = None,
) -> Figure:
    """Curves of a summarised metric over one sweep axis (or dots with intervals where nothing is swept).

    Args:
        summary: dimensions ``scheme`` and at most one sweep axis; variables ``mean``, ``low``, ``high``,
            ``usable_share``; ``long_name`` and ``units`` of the metric as attributes.
        labels: scheme name -> legend text.
        order: all schemes of the system, which fixes the styles; by default those of ``summary``.
        title: above the figure.
        note: small print below it; by default the caption of ``summary``, which says what the means are over.
        x_label: by default from the axis's attributes.
    """
    schemes = [str(name) for name in summary["scheme"].values]
    styles = series_styles(order or tuple(schemes))
    labels = labels or {}
    axes = [str(name) for name in summary["mean"].dims if name != "scheme"]
    if len(axes) > 1:
        raise ValueError(f"the summary sweeps {', '.join(axes)}: select one value of all but one of them first.")
    y_label = quantity_label(str(summary.attrs.get("long_name", "")), str(summary.attrs.get("units", "1")))
    shares = summary["usable_share"].values
    show_shares = bool(np.any(shares < 1.0)) and bool(axes)
    with house_style() as mpl:
        figure, main, strip = _panels(mpl, show_shares)
        if axes:
            x, tick_labels = _positions(summary, axes[0])
            for index, scheme in enumerate(schemes):
                one = summary.isel(scheme=index)
                draw_curve(main, x, one, styles[scheme], labels.get(scheme, scheme))
            if len(schemes) > 4:
                handles = main.get_legend_handles_labels()
                figure.legend(*handles, ncols=3, loc="outside upper center", title=title, title_fontsize=10)
            else:
                main.legend(title=title, title_fontsize=10)
            bottom = strip if strip is not None else main
            bottom.set_xlabel(x_label or _axis_label(summary[axes[0]]))
            scale_x(bottom, x, tick_labels)
            if strip is not None:
                ways = [(_Shares(x, share), styles[scheme]) for scheme, share in zip(schemes, shares, strict=True)]
                draw_shares(strip, ways, _AXES * COLUMN_WIDTH_IN)
                strip.set_ylabel("usable share", fontsize=9)
            if tick_labels is None:
                limit_x(bottom, x, list(summary["mean"].transpose("scheme", ...).values), strip is not None)
        else:
            _dots(main, summary, schemes, styles, labels)
        main.set_ylabel(textwrap.fill(y_label, _LABEL_LETTERS))
        if not axes:
            main.set_ylabel("")
            main.set_xlabel(y_label)
        if title and not axes:
            figure.suptitle(title, fontsize=10)
        note = str(summary.attrs.get("caption", "")) if note is None else note
        add_note(figure, note)
    return figure


def _axis_label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))


def _panels(mpl: Any, show_shares: bool) -> tuple[Any, Any, Any]:
    if not show_shares:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, _MAIN_HEIGHT_IN + 0.3), layout="constrained")
        return figure, figure.subplots(), None
    height = _MAIN_HEIGHT_IN + _SHARE_HEIGHT_IN + 0.3
    figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, height), layout="constrained")
    main, strip = figure.subplots(2, 1, sharex=True, height_ratios=[_MAIN_HEIGHT_IN, _SHARE_HEIGHT_IN])
    return figure, main, strip


def _positions(summary: xr.Dataset, axis: str) -> tuple[np.ndarray, list[str] | None]:
    """Abscissae; values that are not numbers stand at 0, 1, 2, ... under their names."""
    values = np.asarray(summary[axis].values)
    if np.issubdtype(values.dtype, np.number):
        return values.astype(float), None
    return np.arange(len(values), dtype=float), [str(value) for value in values]


def scale_x(axes: Any, x: np.ndarray, tick_labels: list[str] | None) -> None:
    """Ticks at the points where those are few or texts; a logarithmic axis where they span decades.

    Texts that would overprint each other are thinned out where they are instants, which are in order, and slanted
    where they are names; of numbers the axis then chooses its own.
    """
    if tick_labels is not None:
        texts, step = short_instants(tick_labels), -(-len(x) // _MOST_TEXTS) if len(x) > _MANY_TEXTS else 1
        ordered = all(_INSTANT.fullmatch(text) for text in tick_labels)
        while ordered and step < len(x) and not _side_by_side(axes, x[::step], texts[::step]):
            step += 1
        slanted = {} if ordered or _side_by_side(axes, x[::step], texts[::step]) else _SLANTED
        axes.set_xticks(x[::step], texts[::step], **slanted)
    elif np.all(x > 0) and x.max() / x.min() >= _LOG_RATIO:
        axes.set_xscale("log")
    elif len(x) <= 9 and _side_by_side(axes, x, [f"{value:g}" for value in x]):
        axes.set_xticks(x)


def _side_by_side(axes: Any, x: np.ndarray, texts: Sequence[str]) -> bool:
    """Whether texts below an axis stand beside each other, by the usual width of a letter."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    points = FontProperties(size=mpl.rcParams["xtick.labelsize"]).get_size_in_points()
    inches = axes.get_figure().get_figwidth() * axes.get_position().width
    order = np.argsort(x)
    places = (x[order] - x.min()) / max(float(np.ptp(x)), 1e-300) * inches / _WITH_MARGINS
    widths = np.array([len(texts[k]) for k in order]) * _LETTER * points / 72.0
    return bool(np.all(np.diff(places) >= 0.5 * (widths[:-1] + widths[1:]) + 0.5 * points / 72.0))


def short_instants(texts: Sequence[str]) -> list[str]:
    """Instants without what they share: the date where it is one, fractions of a second that are zero."""
    found = [_INSTANT.fullmatch(text) for text in texts]
    if not all(found):
        return list(texts)
    parts = [one.groups() for one in found if one is not None]
    one_day, whole = len({day for day, *_ in parts}) == 1, not any((rest or ".0").strip(".0") for *_, rest in parts)
    return [f"{'' if one_day else day + ' '}{clock}{'' if whole else rest or ''}" for day, clock, rest in parts]


def _dots(
    axes: Any,
    summary: xr.Dataset,
    schemes: list[str],
    styles: Mapping[str, SeriesStyle],
    labels: Mapping[str, str],
) -> None:
    for row, scheme in enumerate(schemes):
        one, style = summary.isel(scheme=row), styles[scheme]
        mean, low, high = (float(one[name].values) for name in ("mean", "low", "high"))
        if np.isfinite(mean):
            enough = int(one["count"]) >= LEAST_TRIALS
            face = style.colour if enough else "white"
            axes.plot([mean], [row], style.marker, color=style.colour, markerfacecolor=face)
            if enough:
                axes.errorbar(mean, row, xerr=[[mean - low], [high - mean]], color=style.colour, capsize=3)
        share = float(one["usable_share"].values)
        if share < 1.0:
            place, note = (mean if np.isfinite(mean) else 0.0, row), f"usable {share_text(share)}"
            axes.annotate(note, place, (0, 6), textcoords="offset points", fontsize=8, ha="center")
    axes.set_yticks(range(len(schemes)), [labels.get(scheme, scheme) for scheme in schemes])
    axes.set_ylim(len(schemes) - 0.5, -0.5)
