"""Figures and table; the paper's numbers stand beside ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure
from leoisac.experiment.reading.statistics import mean_interval, summary
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.otfs_rsma import SCHEMES
from leoisac.systems.otfs_rsma.evidence.extra_figures import draw_bit_errors, draw_ceiling, draw_errors
from leoisac.systems.otfs_rsma.evidence.results import (
    FRACTIONS,
    TABLE_II,
    Data,
    at_fraction,
    means,
    met_share,
    trials,
)

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label or scheme.name for scheme in SCHEMES}
_ROUTES = {"": "optimum of (17)", "ga-sensing": "GA, sensing first", "random": "random streams"}


def _draw_figure_2(datasets: Data) -> Any:
    """The paper's four panels: bounds against rates, then distributions of rate and bounds."""
    styles = series_styles([f"{fraction:g}" for fraction in FRACTIONS])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 6.4), layout="constrained")
        panels = figure.subplots(2, 2)
        _draw_trade(panels[0, 0], datasets)
        distributions = (
            (panels[0, 1], "min_rate", 1.0, "least private rate [bit per stream symbol]", None),
            (panels[1, 0], "crb_delay", 1e12, "bound of the delay [10⁻¹² s²]", 20.0),
            (panels[1, 1], "crb_doppler", 1e-3, "bound of the Doppler shift [10³ Hz²]", 5.0),
        )
        for axes, metric, scale, label, ceiling in distributions:
            for fraction in FRACTIONS:
                values = at_fraction(datasets, metric, fraction)
                if values is None or not bool(values.notnull().any()):
                    continue
                ordered = np.sort(scale * values.values[values.notnull().values])
                style = styles[f"{fraction:g}"]
                share = np.arange(1, len(ordered) + 1) / len(ordered)
                axes.step(ordered, share, where="post", color=style.colour, ls=style.line, label=f"{fraction:g}")
            if ceiling is not None:
                axes.axvline(ceiling, color="#444444", linewidth=0.8, linestyle=":")
            axes.set_xlabel(label)
            axes.set_ylabel("share of the draws")
            axes.set_ylim(0.0, 1.02)
        panels[1, 0].legend(title="common power ρ", loc="lower right")
        for axes, letter in zip(panels.ravel(), "abcd", strict=True):
            axes.set_title(f"({letter})", loc="left")
        figure.supxlabel(
            f"{trials(datasets)} draws for every ρ; dotted: ceilings. The paper's points are those of its Table II.",
            fontsize=7.5,
            color="#444444",
        )
    return figure


def _draw_trade(axes: Any, datasets: Data) -> None:
    styles = series_styles([*_ROUTES, "paper"])
    for route, label in _ROUTES.items():
        rate, bound = means(datasets, "min_rate", route), means(datasets, "crb_delay", route)
        shown = [fraction for fraction in FRACTIONS if fraction in rate and fraction in bound]
        if not shown:
            continue
        style = styles[route]
        x, y = [rate[fraction] for fraction in shown], [1e12 * bound[fraction] for fraction in shown]
        axes.plot(x, y, style.line, color=style.colour, marker=style.marker, label=label)
        if not route:
            for fraction, *place in zip(shown, x, y, strict=True):
                if 0.0 < fraction < 0.5:  # too close to each other
                    continue
                axes.annotate(f"{fraction:g}", place, (0, 5), textcoords="offset points", fontsize=7.5, ha="center")
    style = styles["paper"]
    x, y = [row.min_rate for row in TABLE_II.values()], [1e12 * row.crb_delay for row in TABLE_II.values()]
    axes.plot(x, y, style.line, color=style.colour, marker=style.marker, label="paper")
    axes.axhline(20.0, color="#444444", linewidth=0.8, linestyle=":")
    axes.set_xlabel("mean least private rate [bit per stream symbol]")
    axes.set_ylabel("mean bound of the delay [10⁻¹² s²]")
    axes.set_ylim(0.0, 26.0)
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


_ROWS = (
    ("", "optimum"),
    ("random", "random"),
    ("common", "optimum, common draws"),
    ("reference", "SCA"),
    ("ga", "GA"),
    ("ga-sensing", "GA, sensing first"),
)


def _draw_table(datasets: Data) -> Any:
    """Table II: the paper's row and ours; on fewer, common draws SCA and genetic algorithms."""
    rows = list[list[str]]()
    for fraction in FRACTIONS:
        paper = TABLE_II[fraction]
        floor = f"{paper.floor_met:.0%}"
        bounds = [f"{1e12 * paper.crb_delay:.2f}", f"{paper.crb_doppler:.0f}"]
        rows.append([f"{fraction:g}", "paper", "3000", f"{paper.min_rate:.3f}", *bounds, floor, "–"])
        for route, name in _ROWS:
            row = _table_row(datasets, fraction, route)
            if row:
                rows.append(["", name, *row])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 0.2 * (len(rows) + 4)), layout="constrained")
        axes = figure.subplots()
        axes.axis("off")
        table = axes.table(rows, colLabels=_COLUMNS, bbox=(0, 0, 1, 1), cellLoc="right", colLoc="right")
        table.auto_set_font_size(False)
        table.set_fontsize(8.5)
        for (row, column), cell in table.get_celld().items():
            group_starts = row > 0 and rows[row - 1][0]
            cell.visible_edges = "TB" if row == 0 else "T" if group_starts else "B" if row == len(rows) else ""
            cell.set_linewidth(0.7)
            cell.set_height(cell.get_height() * (2.0 if row == 0 else 1.0))
            if column == 1:
                cell.get_text().set_horizontalalignment("left")
        axes.set_title("Means over the draws ± half of the 95 % interval", fontsize=9.5)
    return figure


def _table_row(datasets: Data, fraction: float, route: str) -> list[str]:
    values = [at_fraction(datasets, metric, fraction, route) for metric in ("min_rate", "crb_delay", "crb_doppler")]
    if any(value is None or not bool(value.notnull().any()) for value in values):
        return []
    count = int(values[0].notnull().sum()) if values[0] is not None else 0
    rate, delay, doppler = (mean_interval(value) for value in values if value is not None)
    half = float(rate["high"] - rate["mean"])
    spread = f" ± {half:.3f}" if np.isfinite(half) else ""
    floor = met_share(datasets, "common_rate", fraction, route)
    ceilings = min(met_share(datasets, name, fraction, route) for name in ("crb_delay", "crb_doppler"))
    return [
        str(count),
        f"{float(rate['mean']):.3f}{spread}",
        f"{1e12 * float(delay['mean']):.2f}",
        f"{float(doppler['mean']):.0f}",
        share_text(floor),
        share_text(ceilings),
    ]


def _draw_schemes(datasets: Data) -> Any:
    return draw_sweep(
        summary(datasets["schemes"], "min_rate"),
        labels=_LABELS,
        order=_ORDER,
        title="Least private rate, 10 % common power, bit per stream symbol",
    )


def _draw_fading(datasets: Data) -> Any:
    """How steep the distribution of rates is depends on the fading law, which the paper does not give."""
    dataset = datasets["fading"]
    factors = dataset["rician_factor_db"].values.astype(float)
    styles = series_styles([f"{factor:g}" for factor in factors])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.2), layout="constrained")
        axes = figure.subplots()
        for factor in factors:
            one: xr.DataArray = dataset["min_rate"].where(dataset["usable"]).sel(scheme="rsma", rician_factor_db=factor)
            ordered = np.sort(one.values[one.notnull().values])
            style = styles[f"{factor:g}"]
            name = "Rayleigh" if factor <= -100.0 else f"first path Rician, {factor:g} dB"
            share = np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
            axes.step(ordered, share, where="post", color=style.colour, ls=style.line, label=name)
        axes.set_xlabel("least private rate [bit per stream symbol]")
        axes.set_ylabel("share of the draws")
        axes.legend()
    return figure


_PAPER_SWEEP = ("fractions", "ends", "random", "common-draws-fractions", "common-draws-ends")

FIGURES = (
    Figure("fig-2", "Bounds and rates over the common stream's power", _PAPER_SWEEP, _draw_figure_2),
    Figure("table-2", "Rates and bounds by common power", _PAPER_SWEEP, _draw_table),
    Figure("schemes", "Least private rate of all schemes", ("schemes",), _draw_schemes),
    Figure("delay-ceiling", "Least rate against the ceiling on the delay bound", ("delay-ceiling",), draw_ceiling),
    Figure("fading", "Distribution of rates by fading law", ("fading",), _draw_fading),
    Figure("bit-errors", "Uncoded bit-error rates", ("bit-errors", "bit-errors-16"), draw_bit_errors),
    Figure("estimation-error", "Errors of the estimates against their bounds", ("estimation",), draw_errors),
)

__all__ = ["FIGURES"]
