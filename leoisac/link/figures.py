# pyright: reportUnknownMemberType=false
"""Figures of coded links, the same for every system that has one. They read datasets with ``LINK_METRICS``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Metric
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval, share_interval, summary
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.link.outcome import LAYERS, LINK_METRICS
from leoisac.metrics.energy import energy_per_bit
from leoisac.plots.curves import LEAST_TRIALS, draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.plots.sweep import scale_x

LINK_QUANTITIES = {
    "delivered": Metric("sum rate and delivered bits", "bit/s/Hz", least=0.0),
    "energy_per_bit": Metric("transmitted energy per delivered bit", "µJ/bit", least=0.0),
}
"""What these figures derive from metrics."""

BIN_DB = 0.5
"""Width of the bins in which words are counted."""
_FEWEST_WORDS = 20
"""Bins of fewer words are left out."""
_NO_ERROR = 3.0
"""Without an error in n words rates above 3 / n are excluded at 95 %: ``(1 - 3 / n)^n`` is 5 %."""
_LEAST_RATE = 1e-4
_SHOWN_DB = (-2.0, 5.0)
_GREY = "#444444"
_MICRO = 1e6


class Panel(NamedTuple):
    """Rates of one dataset, or of a part of it.

    Attributes:
        dataset: with at most one swept axis.
        title: above the panel.
        label: of the abscissa, by default that of the axis.
    """

    dataset: xr.Dataset
    title: str = ""
    label: str = ""


def errors_by_excess(dataset: xr.Dataset, layer: str) -> xr.Dataset:
    """Block-error rates of all usable trials, schemes and points, by the predicted SINR over what the mode needs.

    Returns:
        ``mean, low, high`` (Wilson, words as independent draws), ``count`` of words and ``errors`` over ``excess_db``,
        the middles of bins of ``BIN_DB``.
    """
    one = dataset.sel(layer=layer)
    usable = one["usable"].broadcast_like(one["blocks"]) & (one["blocks"] > 0)
    keep = usable.transpose(*one["blocks"].dims).values
    blocks, rate, excess = (
        one[name].transpose(*one["blocks"].dims).values[keep]
        for name in ("blocks", "block_error_rate", "sinr_excess_db")
    )
    bins = np.floor(excess / BIN_DB + 1e-9).astype(int)
    places = np.unique(bins)
    words = np.array([np.sum(blocks[bins == place]) for place in places], dtype=float)
    wrong = np.array([np.sum((blocks * rate)[bins == place]) for place in places]).round()
    enough = words >= _FEWEST_WORDS
    middles = BIN_DB * (places[enough] + 0.5)
    count = xr.DataArray(words[enough], dims="excess_db", coords={"excess_db": middles})
    errors = count.copy(data=wrong[enough])
    share = share_interval(errors, count)
    return xr.Dataset(
        {"mean": share["share"], "low": share["low"], "high": share["high"], "count": count, "errors": errors}
    )


def draw_errors_by_excess(dataset: xr.Dataset, note: str = "") -> Any:
    """Block-error rates on either side of the SINR that a mode needs, common and private words apart."""
    styles = series_styles(LAYERS)
    margins = np.unique(dataset["link_margin_db"].values.astype(float)) if "link_margin_db" in dataset.coords else []
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.7), layout="constrained")
        axes = figure.subplots()
        axes.set_yscale("log")
        axes.set_ylim(_LEAST_RATE, 1.3)
        axes.set_xlim(_SHOWN_DB)
        known = {layer: errors_by_excess(dataset, layer) for layer in LAYERS}
        known = {layer: numbers for layer, numbers in known.items() if numbers.sizes["excess_db"]}
        for layer, numbers in known.items():
            _draw_rates(axes, numbers, styles[layer], f"{layer} words")
        axes.axvline(0.0, color=_GREY, linewidth=0.8, linestyle="--", label="what the mode needs at least")
        axes.axhline(1e-2, color=_GREY, linewidth=0.8, linestyle=":")
        axes.set_xlabel(LINK_METRICS["sinr_excess_db"].label)
        axes.set_ylabel(LINK_METRICS["block_error_rate"].label)
        axes.legend(loc="upper right")
        swept = f"margins {', '.join(f'{margin:g}' for margin in margins)} dB; " if len(margins) else ""
        add_note(
            figure,
            f"{dataset.sizes['trial']} channels, {swept}bins of {BIN_DB:g} dB with {_FEWEST_WORDS} words or more",
            "Bands: 95 % Wilson intervals of the words. Open triangles: no error seen; the mark is 3 / words."
            if known
            else "",
            note,
        )
    return figure


def _draw_rates(axes: Any, numbers: xr.Dataset, style: SeriesStyle, label: str) -> None:
    """Rates with errors as a curve; where none was seen, an upper bound."""
    x, seen = numbers["excess_db"].values, numbers["errors"].values > 0
    shown = numbers.where(numbers["errors"] > 0).assign(count=numbers["count"])
    draw_curve(axes, x, shown, style, label, least=_LEAST_RATE, most=1.0)
    if not seen.all():
        bound = _NO_ERROR / numbers["count"].values[~seen]
        axes.plot(x[~seen], bound, "v", color=style.colour, markerfacecolor="white")


def draw_delivered(
    panels: Sequence[Panel],
    labels: Mapping[str, str],
    order: Sequence[str],
    *,
    note: str = "",
) -> Any:
    """Delivered bits beside the predicted sum rate of the same designs, and the energy that a delivered bit costs.

    Args:
        panels: of rates, one each; the energy is that of the first.
        labels: scheme -> legend text.
        order: all schemes of the system, which fixes the styles.
        note: small print.
    """
    styles = series_styles(tuple(order))
    with house_style() as mpl:
        width = 0.75 * (len(panels) + 1) * COLUMN_WIDTH_IN
        figure = mpl.Figure(figsize=(width, 3.9), layout="constrained")
        all_axes = figure.subplots(1, len(panels) + 1)
        for axes, panel in zip(all_axes, panels, strict=False):
            draw_rates(axes, panel, styles, labels)
        all_axes[0].legend()
        _draw_energy(all_axes[-1], panels[0], styles, labels)
        add_note(
            figure,
            "Full lines: delivered; dashed: log2(1 + SINR) of the same designs.",
            f"{comparison_text(viewed(panels[0].dataset))}; {note}",
        )
    return figure


def draw_rates(axes: Any, panel: Panel, styles: Mapping[str, SeriesStyle], labels: Mapping[str, str]) -> None:
    """Delivered bits as curves, predicted sum rates dashed."""
    axis = _axis(panel.dataset)
    x, names = _positions(panel.dataset[axis])
    for scheme in panel.dataset["scheme"].values:
        name = str(scheme).partition(":")[0]
        style = styles[name]
        predicted, delivered = (
            summary(panel.dataset, metric).sel(scheme=scheme) for metric in ("sum_rate", "sum_goodput")
        )
        axes.plot(x, predicted["mean"].values, "--", color=style.colour, linewidth=1.0)
        draw_curve(axes, x, delivered, style._replace(line="-"), labels.get(name, name))
    axes.set_xlabel(panel.label or _axis_label(panel.dataset[axis]))
    axes.set_ylabel(LINK_QUANTITIES["delivered"].label)
    axes.set_ylim(bottom=0.0)
    axes.set_title(panel.title)
    scale_x(axes, x, names)


def _draw_energy(axes: Any, panel: Panel, styles: Mapping[str, SeriesStyle], labels: Mapping[str, str]) -> None:
    """Ratios of means: what all trials together have spent over what they have delivered."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    axis = _axis(panel.dataset)
    x, names = _positions(panel.dataset[axis])
    seen = viewed(panel.dataset)
    for scheme in panel.dataset["scheme"].values:
        name = str(scheme).partition(":")[0]
        one = seen.sel(scheme=scheme)
        power, rate = (
            mean_interval(one[metric].where(one["usable"])) for metric in ("total_power", "throughput_mbit_s")
        )
        cost = _MICRO * energy_per_bit(power["mean"].values, 1e6 * rate["mean"].values)
        enough = power["count"].values >= LEAST_TRIALS
        cost = np.where(np.isfinite(cost), cost, np.nan)
        style = styles[name]
        mark = {"color": style.colour, "marker": style.marker}
        axes.plot(x, cost, "-", color=style.colour)
        axes.plot(x[enough], cost[enough], linestyle="none", **mark)
        axes.plot(x[~enough], cost[~enough], linestyle="none", markerfacecolor="white", **mark)
        axes.plot([], [], "-", label=labels.get(name, name), **mark)
    axes.set_yscale("log")
    # Figures of a plain number, also where the axis spans less than a decade.
    if np.isfinite(axes.dataLim.minposy):  # something was delivered
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if high > 5.0 * low else MaxNLocator(5))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(panel.label or _axis_label(panel.dataset[axis]))
    axes.set_ylabel(LINK_QUANTITIES["energy_per_bit"].label)
    scale_x(axes, x, names)


def _axis(dataset: xr.Dataset) -> str:
    """The swept axis."""
    (axis,) = (str(name) for name in dataset["status"].dims if name not in ("scheme", "trial"))
    return axis


def _positions(axis: xr.DataArray) -> tuple[np.ndarray, list[str] | None]:
    values = np.asarray(axis.values)
    if np.issubdtype(values.dtype, np.number):
        return values.astype(float), None
    return np.arange(len(values), dtype=float), [str(value) for value in values]


def _axis_label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))
