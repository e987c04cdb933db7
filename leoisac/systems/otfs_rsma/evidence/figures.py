# pyright: reportUnknownMemberType=false
"""Figures and table; the paper's numbers stand beside ours.

Bounds are those of the second stage (``fast.least_bound``): the rate alone leaves them to where a solver stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure, Metric
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import summary
from leoisac.experiment.reading.verdicts import Estimate
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import share_text
from leoisac.foundation.units import is_nothing
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.otfs_rsma import METRICS, SCHEMES
from leoisac.systems.otfs_rsma.evidence.coded_figures import (
    draw_coded_errors,
    draw_coded_rates,
    draw_loaded_link,
    draw_pilots,
)
from leoisac.systems.otfs_rsma.evidence.extra_figures import draw_bit_errors, draw_ceiling, draw_errors, draw_targets
from leoisac.systems.otfs_rsma.evidence.front import draw_front
from leoisac.systems.otfs_rsma.evidence.full_load import draw_full_load, draw_waveforms
from leoisac.systems.otfs_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.otfs_rsma.evidence.results import (
    FRACTIONS,
    LEAST,
    OTHER_ROUTES,
    TABLE_II,
    Data,
    by_fraction,
    compared,
    lowest_share,
    mean_at,
    met_share,
    split_text,
    values,
)
from leoisac.systems.otfs_rsma.evidence.sensitivity import draw_sensitivity

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label or scheme.name for scheme in SCHEMES}
_GREY = "#444444"
_TO_US2 = 1e12
_TRADE = {"least-delay": "(17), then least bound", "ga-sensing": "GA, sensing first", "random": "random streams"}


def draw_distribution(axes: Any, draws: xr.DataArray, style: SeriesStyle, label: str, scale: float = 1.0) -> None:
    """Share of the draws at most at a value, over the draws that have one."""
    ordered = np.sort(scale * draws.values[draws.notnull().values])
    if len(ordered):
        share = np.arange(len(ordered) + 1) / len(ordered)
        x = np.concatenate([ordered[:1], ordered])
        axes.step(x, share, where="post", color=style.colour, ls=style.line, label=label)


def _draw_figure_2(datasets: Data) -> Any:
    """The paper's four panels: bounds against rates, then distributions of rate and bounds."""
    styles = series_styles([f"{fraction:g}" for fraction in FRACTIONS])
    data = viewed(by_fraction(datasets, ("fast", *LEAST.values())))
    panels_of: Sequence[tuple[str, str, float, Metric, float | None]] = (
        ("min_rate", "fast", 1.0, METRICS["min_rate"], None),
        ("crb_delay", "least-delay", _TO_US2, QUANTITIES["least_crb_delay"], 20.0),
        ("crb_doppler", "least-doppler", 1.0, QUANTITIES["least_crb_doppler"], 5e3),
    )
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 6.6), layout="constrained")
        panels = figure.subplots(2, 2)
        trade = compared(datasets, tuple(_TRADE))
        _draw_trade(panels[0, 0], trade)
        for axes, (metric, way, scale, quantity, ceiling) in zip(panels.ravel()[1:], panels_of, strict=True):
            for fraction in FRACTIONS:
                draws = values(data, metric, way, fraction)
                if bool(draws.notnull().any()):
                    draw_distribution(axes, draws, styles[f"{fraction:g}"], f"{fraction:g}", scale)
            if ceiling is not None:
                axes.axvline(ceiling, color=_GREY, linewidth=0.8, linestyle=":")
            axes.set_xlabel(quantity.label)
            axes.set_ylabel(QUANTITIES["draws_below"].label)
            axes.set_ylim(0.0, 1.02)
        titles = ("(a) bound over rate", "(b) least rate", "(c) least delay bound", "(d) least Doppler bound")
        for axes, title in zip(panels.ravel(), titles, strict=True):
            axes.set_title(title, loc="left")
        lines, names = panels[0, 1].get_legend_handles_labels()
        title = "(b) to (d): share ρ of the power that the common stream has"
        figure.legend(lines, names, title=title, ncols=len(FRACTIONS), loc="outside upper center")
        add_note(
            figure,
            f"(a): {comparison_text(trade, intervals=False)}",
            f"(b) to (d): {_draws_text(data)}",
            "Bounds of (a), (c), (d): the least ones at 99.9 % of the largest rate found, a second stage of ours, for "
            "the rate leaves them open; those of random streams and of the GA are what these have. At ρ = 1 there is "
            "no rate to keep. Dotted: ceilings. Paper: its Table II.",
            lowest_share(data),
        )
    return figure


def _draws_text(data: xr.Dataset) -> str:
    number = int(data.attrs["common_trials"])
    return f"the {number} draws that all that is compared can use" if number else "no draw in common"


def _draw_trade(axes: Any, data: xr.Dataset) -> None:
    styles = series_styles([*_TRADE, "paper"])
    for way, label in _TRADE.items():
        if way not in data["scheme"].values:
            continue
        points = [(mean_at(data, "min_rate", way, f).mean, mean_at(data, "crb_delay", way, f).mean) for f in FRACTIONS]
        x, y = (np.array(part) for part in zip(*points, strict=True))
        known, style = np.isfinite(x) & np.isfinite(y), styles[way]
        line = {"color": style.colour, "marker": style.marker, "label": label}
        axes.plot(x[known], _TO_US2 * y[known], ls=style.line, **line)
        if way == "least-delay":
            for fraction, *place in zip(FRACTIONS, x, _TO_US2 * y, strict=True):
                if fraction in (0.0, 0.5, 0.8, 1.0) and np.isfinite(place[0]):  # the others are too close
                    axes.annotate(f"{fraction:g}", place, (0, 5), textcoords="offset points", fontsize=7.5, ha="center")
    style = styles["paper"]
    x, y = [row.min_rate for row in TABLE_II.values()], [_TO_US2 * row.crb_delay for row in TABLE_II.values()]
    axes.plot(x, y, ls=style.line, color=style.colour, marker=style.marker, label="paper")
    axes.axhline(20.0, color=_GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel(METRICS["min_rate"].label)
    axes.set_ylabel(QUANTITIES["crb_delay_us2"].label)
    axes.set_ylim(0.0, 34.0)
    axes.legend(loc="upper right", fontsize=8)


_COLUMNS = (
    "ρ",
    "who",
    "draws",
    "least rate\n[bit]",
    "CRB(τ)\n[10⁻¹² s²]",
    "CRB(ν)\n[Hz²]",
    "floor\nmet",
    "ceilings\nmet",
)
_OPEN = "open"
"""In place of a bound that depends on where a solver stops."""
_GROUPS: Sequence[tuple[Sequence[str], Sequence[tuple[str, str]]]] = (
    (("fast",), (("fast", "(17), fast route"),)),
    (
        ("fast", "least-delay", "least-doppler"),
        (("least-delay", "99.9 %, least CRB(τ)"), ("least-doppler", "99.9 %, least CRB(ν)")),
    ),
    (("random",), (("random", "random streams"),)),
    (
        ("fast", *OTHER_ROUTES),
        (
            ("fast", "(17), fast, common draws"),
            ("reference", "(17), SCA"),
            ("published", "(17), GA (operators ours)"),
            ("ga-sensing", "GA, sensing first"),
        ),
    ),
)
"""Ways to design that are compared over common draws, and the rows that they get."""
_LEFT_OPEN = {
    "fast": ("crb_delay", "crb_doppler"),
    "reference": ("crb_delay", "crb_doppler"),
    "published": ("crb_delay", "crb_doppler"),
    "least-delay": ("crb_doppler",),
    "least-doppler": ("crb_delay",),
}
"""Bounds that a way to design leaves to where its solver stops."""


def _draw_table(datasets: Data) -> Any:
    """Table II: the paper's row and ours; on fewer, common draws SCA and genetic algorithms."""
    groups = [(viewed(by_fraction(datasets, ways)), shown) for ways, shown in _GROUPS]
    rows = list[list[str]]()
    for fraction in FRACTIONS:
        paper = TABLE_II[fraction]
        floor = f"{paper.floor_met:.0%}"
        bounds = [f"{1e12 * paper.crb_delay:.2f}", f"{paper.crb_doppler:.0f}"]
        rows.append([f"{fraction:g}", "paper", "3000", f"{paper.min_rate:.3f}", *bounds, floor, "–"])
        for data, shown in groups:
            others = [way for way, _ in shown[1:] if np.isfinite(mean_at(data, "min_rate", way, fraction).mean)]
            for way, name in shown if others or len(shown) == 1 else ():
                row = _table_row(data, fraction, way)
                if row:
                    rows.append(["", name, *row])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 0.2 * (len(rows) + 7)), layout="constrained")
        axes = figure.subplots()
        axes.axis("off")
        table = axes.table(
            rows,
            colLabels=_COLUMNS,
            colWidths=(0.05, 0.27, 0.08, 0.16, 0.14, 0.12, 0.09, 0.11),
            bbox=(0, 0, 1, 1),
            cellLoc="right",
            colLoc="right",
        )
        table.auto_set_font_size(False)
        table.set_fontsize(8.5)
        for (row, column), cell in table.get_celld().items():
            group_starts = row > 0 and rows[row - 1][0]
            cell.visible_edges = "TB" if row == 0 else "T" if group_starts else "B" if row == len(rows) else ""
            cell.set_linewidth(0.7)
            cell.set_height(cell.get_height() * (2.0 if row == 0 else 1.0))
            if column == 1:
                cell.get_text().set_horizontalalignment("left")
        add_note(
            figure,
            "Means over the draws ± half of the 95 % interval. Rows of a kind (least bounds; common draws) are over "
            "the draws that all of them can use at all ρ at which they were designed. Shares count all draws.",
            f"{_OPEN}: the rate leaves the bound to where a solver stops. Least bounds: a second stage of ours at "
            "99.9 % of the largest rate found; at ρ = 1 there is no rate to keep.",
        )
    return figure


def _table_row(data: xr.Dataset, fraction: float, way: str) -> list[str]:
    rate, delay, doppler = (mean_at(data, metric, way, fraction) for metric in ("min_rate", "crb_delay", "crb_doppler"))
    if not np.isfinite(rate.mean):
        return []
    left_open = _LEFT_OPEN.get(way, ())
    floor = met_share(data, "common_rate", way, fraction).share
    ceilings = min(met_share(data, name, way, fraction).share for name in ("crb_delay", "crb_doppler"))
    return [
        str(rate.trials),
        _plus_minus(rate, 1.0, 3),
        _OPEN if "crb_delay" in left_open else _plus_minus(delay, 1e12, 2),
        _OPEN if "crb_doppler" in left_open else _plus_minus(doppler, 1.0, 0),
        share_text(floor),
        share_text(ceilings),
    ]


def _plus_minus(one: Estimate, scale: float, decimals: int) -> str:
    half = f" ± {0.5 * scale * (one.high - one.low):.{decimals}f}" if one.known else ""
    return f"{scale * one.mean:.{decimals}f}{half}"


def _draw_schemes(datasets: Data) -> Any:
    numbers = summary(datasets["schemes"], "min_rate")
    return draw_sweep(numbers, labels=_LABELS, order=_ORDER, title=split_text(datasets["schemes"]))


def _draw_fading(datasets: Data) -> Any:
    """How steep the distribution of rates is depends on the fading law, which the paper does not give."""
    dataset = viewed(datasets["fading"])
    factors = dataset["rician_factor_db"].values.astype(float)
    styles = series_styles([f"{factor:g}" for factor in factors])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.4), layout="constrained")
        axes = figure.subplots()
        for factor in factors:
            draws = dataset["min_rate"].where(dataset["usable"]).sel(scheme="rsma", rician_factor_db=factor)
            name = "Rayleigh" if is_nothing(factor) else f"first path Rician, {factor:g} dB"
            draw_distribution(axes, draws, styles[f"{factor:g}"], name)
        axes.set_xlabel(METRICS["min_rate"].label)
        axes.set_ylabel(QUANTITIES["draws_below"].label)
        axes.set_ylim(0.0, 1.02)
        axes.legend()
        add_note(figure, f"{split_text(dataset)}; {_draws_text(dataset)}", lowest_share(datasets["fading"]))
    return figure


_PAPER_SWEEP = (
    "fractions",
    "ends",
    "least-bounds",
    "least-bounds-ends",
    "random",
    "common-draws-fractions",
    "common-draws-ends",
)

FIGURES = (
    Figure("fig-2", "Bounds and rates over the common stream's power", _PAPER_SWEEP, _draw_figure_2),
    Figure("table-2", "Rates and bounds by common power", _PAPER_SWEEP, _draw_table, ("TXT-1",)),
    Figure("schemes", "Least private rate of all schemes", ("schemes",), _draw_schemes),
    Figure("delay-ceiling", "Least private rate by ceiling on the delay bound", ("delay-ceiling",), draw_ceiling),
    Figure("fading", "Distribution of the least private rate by fading law", ("fading",), _draw_fading),
    Figure("bit-errors", "Uncoded bit-error rates", ("bit-errors", "bit-errors-16"), draw_bit_errors),
    Figure("estimation-error", "Errors of the estimates against their bounds", ("estimation",), draw_errors),
    Figure("several-targets", "Joint estimates of several targets", ("several-targets",), draw_targets),
    Figure(
        "front", "Rate and delay bound on the absolute link", ("front", "front-ceilings", "front-weights"), draw_front
    ),
    Figure("full-load", "Rate splitting at full load", ("full-load",), draw_full_load),
    Figure("full-load-waveforms", "Waveforms at full load", ("full-load-waveforms",), draw_waveforms),
    Figure(
        "full-load-coded", "Delivered bits at full load", ("full-load-coded", "full-load-equalisers"), draw_loaded_link
    ),
    Figure("coded-errors", "Block errors around the information limit", ("coded-margin",), draw_coded_errors),
    Figure("coded-rates", "Delivered bits against predictions", ("coded-rates", "coded-csi"), draw_coded_rates),
    Figure("pilots", "Channel estimates from pilots", ("pilot-error", "coded-pilots"), draw_pilots),
    Figure("sensitivity", "What each declared value changes", ("sensitivity",), draw_sensitivity),
)

__all__ = ["FIGURES"]
