"""The paper's figures and our own, each over named studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure
from leoisac.experiment.reading.statistics import mean_interval, summary
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.bistatic_rsma import SCHEMES
from leoisac.systems.bistatic_rsma.evidence.beam_figures import draw_beampatterns, draw_path_loss
from leoisac.systems.bistatic_rsma.evidence.sensing_figures import draw_delay_doppler, draw_errors, draw_spectra

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}


def _draw_min_rate(datasets: Mapping[str, xr.Dataset]) -> Any:
    return draw_sweep(
        summary(datasets["power"], "min_rate"), labels=_LABELS, order=_ORDER, title="Least rate and transmit power"
    )


def _draw_table(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Mean least rate of every mode at every power, as a table."""
    numbers = summary(datasets["power"], "min_rate")
    powers = [float(power) for power in numbers["transmit_power_dbw"].values]
    schemes = [str(name) for name in numbers["scheme"].values]
    cells = [[_cell(numbers.sel(scheme=scheme, transmit_power_dbw=power)) for power in powers] for scheme in schemes]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.4 * COLUMN_WIDTH_IN, 0.32 * (len(schemes) + 3)), layout="constrained")
        axes = figure.subplots()
        axes.axis("off")
        table = axes.table(
            cells,
            rowLabels=[_LABELS.get(scheme, scheme) for scheme in schemes],
            colLabels=[f"{power:g} dBW" for power in powers],
            loc="center",
            edges="horizontal",
        )
        table.auto_set_font_size(False)
        table.set_fontsize(9)
        table.scale(1.0, 1.3)
        axes.set_title("Least rate [bit/s/Hz], mean and half of its 95 % interval")
    return figure


def _cell(numbers: xr.Dataset) -> str:
    mean, high, share = (float(numbers[name]) for name in ("mean", "high", "usable_share"))
    if not np.isfinite(mean):
        return "–"
    half = f" ± {high - mean:.2f}" if np.isfinite(high) else ""
    return f"{mean:.3f}{half}" + (f" ({share:.0%})" if share < 1.0 else "")


def _draw_ergodic(datasets: Mapping[str, xr.Dataset]) -> Any:
    """The bound that designs maximise beside the ergodic rate that the same precoders achieve."""
    chosen = ("rsma-noradar", "sdma-radar-sic", "sdma-noradar")
    dataset = datasets["power"]
    styles = series_styles(_ORDER)
    power = dataset["transmit_power_dbw"].values
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.4), layout="constrained")
        axes = figure.subplots()
        for scheme in chosen:
            for metric, line, name in (("min_rate", "--", "bound"), ("ergodic_min_rate", "-", "ergodic")):
                one = summary(dataset, metric).sel(scheme=scheme)
                style = styles[scheme]
                label = f"{_LABELS[scheme]}, {name}"
                axes.plot(power, one["mean"], line, color=style.colour, marker=style.marker, label=label)
                axes.fill_between(power, one["low"], one["high"], color=style.colour, alpha=0.12, linewidth=0)
        axes.set_xlabel("transmit power [dBW]")
        axes.set_ylabel("least rate [bit/s/Hz]")
        axes.legend()
    return figure


def _draw_shares(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Power of the common stream (rate splitting) and of the radar sequence (space division) against the budget."""
    dataset = datasets["power"]
    power = dataset["transmit_power_dbw"].values
    styles = series_styles(_ORDER)
    shown = (("rsma-noradar", 1, "common stream"), ("rsma-radar-sic", 2, "radar"), ("sdma-radar-sic", 2, "radar"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.2), layout="constrained")
        axes = figure.subplots()
        for scheme, group, name in shown:
            share = dataset["power_share"].where(dataset["usable"]).sel(scheme=scheme).isel(group=group)
            one, style = mean_interval(share), styles[scheme]
            label = f"{_LABELS[scheme]}: {name}"
            axes.plot(power, 100 * one["mean"], style.line, color=style.colour, marker=style.marker, label=label)
            axes.fill_between(power, 100 * one["low"], 100 * one["high"], color=style.colour, alpha=0.15, linewidth=0)
        axes.set_xlabel("transmit power [dBW]")
        axes.set_ylabel("share of the power [%]")
        axes.legend()
    return figure


def _draw_drop_model(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Least rates under three readings of where the users are."""
    dataset = datasets["drop-model"]
    axis = "user_distribution+coverage_centre"
    numbers = summary(dataset, "min_rate")
    places = list(zip(dataset["user_distribution"].values, dataset["coverage_centre"].values, strict=True))
    powers = dataset["transmit_power_dbw"].values
    styles = series_styles(_ORDER)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.2), layout="constrained")
        panels = figure.subplots(1, len(powers), squeeze=False)[0]
        for panel, power in zip(panels, powers, strict=True):
            for index, scheme in enumerate(str(name) for name in dataset["scheme"].values):
                one = numbers.sel(scheme=scheme, transmit_power_dbw=power).transpose(axis)
                x = np.arange(len(places)) + 0.12 * (index - 1)
                spread = np.stack([one["mean"] - one["low"], one["high"] - one["mean"]])
                style = styles[scheme]
                panel.errorbar(
                    x, one["mean"], yerr=spread, fmt=style.marker, color=style.colour, capsize=3, label=_LABELS[scheme]
                )
            panel.set_xticks(range(len(places)), [f"{shape}\n{centre}" for shape, centre in places], fontsize=7.5)
            panel.set_title(f"{power:g} dBW")
            panel.set_ylim(bottom=0.0)
        panels[0].set_ylabel("least rate [bit/s/Hz]")
        panels[-1].legend()
    return figure


FIGURES = (
    Figure("fig-4", "Echo path loss against target altitude", (), draw_path_loss),
    Figure("fig-5", "Least rate against transmit power", ("power",), _draw_min_rate),
    Figure("table-2", "Least rates of the eight modes", ("power",), _draw_table),
    Figure("fig-6", "Beampatterns and power split", ("beampattern",), draw_beampatterns),
    Figure("fig-7", "MUSIC spectra", ("spectra", "arrival"), draw_spectra),
    Figure("fig-8", "Delay-Doppler maps", ("wrong-arrival", "spectra"), draw_delay_doppler),
    Figure("power-split", "Power of common stream and radar sequence", ("power",), _draw_shares),
    Figure("ergodic-rate", "Bound and ergodic rate", ("power",), _draw_ergodic),
    Figure("drop-model", "Least rates by drop model", ("drop-model",), _draw_drop_model),
    Figure("estimation-error", "Errors of the estimates against their bounds", ("estimation",), draw_errors),
)
