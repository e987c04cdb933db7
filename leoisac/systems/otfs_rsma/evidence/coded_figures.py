"""Figures of the coded link: block errors around the limit, delivered bits against predictions."""

from __future__ import annotations

import json
from typing import Any

import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import summary
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.link.figures import Panel, draw_delivered, draw_errors_by_excess, draw_rates
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.otfs_rsma import METRICS, SCHEMES
from leoisac.systems.otfs_rsma.evidence.results import Data, lowest_share, split_text

_EQUALISERS = {"lmmse": "LMMSE", "mp": "message passing"}
_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label or scheme.name for scheme in SCHEMES}


def draw_coded_errors(datasets: Data) -> Any:
    """Words of all schemes and margins, receivers that know their channels."""
    dataset = datasets["coded-margin"]
    return draw_errors_by_excess(
        dataset, f"{split_text(dataset)}, channels known; {lowest_share(dataset)}".rstrip("; ")
    )


def draw_coded_rates(datasets: Data) -> Any:
    """Known channels over the SNR, and errors of the channel estimate at one SNR."""
    known, errs = datasets["coded-rates"], datasets["coded-csi"]
    note = f"{split_text(known)}; one symbol a stream and frame, at most 6.67 bit each; energy: left panel's designs"
    shares = "; ".join(share for share in (lowest_share(known), lowest_share(errs)) if share)
    panels = (Panel(known, "channels known"), Panel(errs, "estimates that err, constant over a word"))
    return draw_delivered(panels, _LABELS, _ORDER, note=f"{note}; {shares}".rstrip("; "))


def draw_loaded_link(datasets: Data) -> Any:
    """Full load: delivered and predicted bits of the schemes, and what equalisers deliver by margin."""
    coded, by_margin = datasets["full-load-coded"], datasets["full-load-equalisers"]
    styles = series_styles(tuple(name for name in _ORDER if name.startswith("full-load-")))
    labels = {name: label.removesuffix(", full load") for name, label in _LABELS.items()}
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        draw_rates(left, Panel(coded, "channels known, LMMSE equalisers"), styles, labels)
        left.legend(loc="upper left")
        _draw_equalisers(right, by_margin)
        config = json.loads(str(by_margin.attrs["config"]))
        add_note(
            figure,
            "Left: full lines delivered, dashed log2(1 + SINR) of the same designs; at most 6.67 bit a symbol.",
            f"Right: RSMA at {config['comm_snr_db']:g} dB; modes from the SINRs behind LMMSE equalisers, whatever "
            "receivers have.",
            f"{comparison_text(viewed(coded))}; {comparison_text(viewed(by_margin))}; three data symbols per cell",
            "; ".join(share for share in (lowest_share(coded), lowest_share(by_margin)) if share),
        )
    return figure


def _draw_equalisers(axes: Any, dataset: xr.Dataset) -> None:
    margins = dataset["link_margin_db"].values.astype(float)
    delivered, promised = (summary(dataset, name).isel(scheme=0) for name in ("sum_goodput", "promised_rate"))
    names = [str(name) for name in dataset["equaliser"].values]
    for name, style in series_styles(names).items():
        draw_curve(axes, margins, delivered.sel(equaliser=name), style, _EQUALISERS.get(name, name), least=0.0)
    axes.plot(margins, promised["mean"].isel(equaliser=0).values, "--", color="#444444", label="all words arrive")
    axis = dataset["link_margin_db"].attrs
    axes.set_xlabel(quantity_label(str(axis["long_name"]), str(axis["units"])))
    axes.set_ylabel(METRICS["sum_goodput"].label)
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="upper right")


def draw_pilots(datasets: Data) -> Any:
    """Errors of estimates from pilots, and what designs on such estimates deliver."""
    pilots, coded = datasets["pilot-error"], datasets["coded-pilots"]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_errors(left, pilots)
        draw_rates(right, Panel(coded, "designs on the estimates"), series_styles(_ORDER), _LABELS)
        right.legend(loc="lower right")
        add_note(
            figure,
            "Left: marks simulated, dotted lines expected. Right: full lines delivered, dashed log2(1 + SINR).",
            f"{split_text(coded)}; left {comparison_text(viewed(pilots))}; right {comparison_text(viewed(coded))}",
            lowest_share(coded),
        )
    return figure


def _draw_errors(axes: Any, dataset: xr.Dataset) -> None:
    x = dataset["pilot_db"].values.astype(float)
    measured, expected = (summary(dataset, name).sel(scheme="pilots") for name in ("csi_error", "csi_error_predicted"))
    names = [str(name) for name in dataset["estimator"].values]
    for name, style in series_styles(names).items():
        axes.plot(x, expected["mean"].sel(estimator=name).values, ":", color=style.colour)
        draw_curve(axes, x, measured.sel(estimator=name), style._replace(line=" "), name, least=1e-9)
    axes.set_yscale("log")
    axes.set_xlabel(
        quantity_label(str(dataset["pilot_db"].attrs["long_name"]), str(dataset["pilot_db"].attrs["units"]))
    )
    axes.set_ylabel(METRICS["csi_error"].label)
    axes.legend()
