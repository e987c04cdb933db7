"""The paper's figures and our own, each over named studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval, summary
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label, share_text
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.bistatic_rsma import METRICS, SCHEMES
from leoisac.systems.bistatic_rsma.evidence.ambiguity_figure import draw_ambiguity
from leoisac.systems.bistatic_rsma.evidence.beam_figures import draw_beampatterns, draw_path_loss
from leoisac.systems.bistatic_rsma.evidence.cancellation_figure import draw_cancellation
from leoisac.systems.bistatic_rsma.evidence.coded_figures import draw_coded_csi, draw_coded_errors, draw_coded_rates
from leoisac.systems.bistatic_rsma.evidence.knowledge_figure import draw_knowledge
from leoisac.systems.bistatic_rsma.evidence.monostatic_figure import draw_monostatic
from leoisac.systems.bistatic_rsma.evidence.reading import draw_dots, usable_text
from leoisac.systems.bistatic_rsma.evidence.sensing_figures import draw_delay_doppler, draw_errors, draw_spectra
from leoisac.systems.bistatic_rsma.evidence.sensitivity import draw_sensitivity
from leoisac.systems.bistatic_rsma.evidence.several_figures import draw_receivers, draw_resolution
from leoisac.systems.bistatic_rsma.evidence.threshold_figure import draw_threshold
from leoisac.systems.bistatic_rsma.evidence.track_figure import draw_track

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}


def _draw_min_rate(datasets: Mapping[str, xr.Dataset]) -> Any:
    return draw_sweep(
        summary(datasets["power"], "min_rate"), labels=_LABELS, order=_ORDER, title="Least rate and transmit power"
    )


def _draw_table(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Mean least rate of every mode at every power, as a table; in brackets the usable share where it is not one."""
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
        axes.set_title(METRICS["min_rate"].label)
        add_note(figure, _note(datasets["power"]))
    return figure


def _cell(numbers: xr.Dataset) -> str:
    mean, high, share = (float(numbers[name]) for name in ("mean", "high", "usable_share"))
    if not np.isfinite(mean):
        return "–"
    half = f" ± {high - mean:.2f}" if np.isfinite(high) else ""
    return f"{mean:.2f}{half}" + (f" ({share_text(share)})" if share < 1.0 else "")


def _draw_ergodic(datasets: Mapping[str, xr.Dataset]) -> Any:
    """The upper bound that designs maximise beside the ergodic rate that the same precoders achieve."""
    chosen = ("rsma-noradar", "sdma-radar-sic", "sdma-noradar")
    dataset = datasets["power"]
    styles = series_styles(_ORDER)
    power = dataset["transmit_power_dbw"]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.8), layout="constrained")
        axes = figure.subplots()
        for scheme in chosen:
            for metric, line, name in (("min_rate", "--", "upper bound"), ("ergodic_min_rate", "-", "ergodic")):
                one = summary(dataset, metric).sel(scheme=scheme)
                draw_curve(axes, power, one, styles[scheme]._replace(line=line), f"{_LABELS[scheme]}, {name}")
        axes.set_xlabel(_label(power))
        axes.set_ylabel(METRICS["min_rate"].label)
        axes.legend()
        add_note(figure, _note(dataset))
    return figure


def _draw_shares(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Power of the common stream (rate splitting) and of the radar sequence (space division) against the budget."""
    dataset = datasets["power"]
    seen = viewed(dataset)
    power = dataset["transmit_power_dbw"]
    styles = series_styles(_ORDER)
    shown = (("rsma-noradar", "common"), ("rsma-radar-sic", "radar"), ("sdma-radar-sic", "radar"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        for scheme, group in shown:
            share = seen["power_share"].where(seen["usable"]).sel(scheme=scheme, group=group)
            one = mean_interval(share)
            one["mean"].attrs = dict(share.attrs)
            draw_curve(axes, power, one, styles[scheme], f"{_LABELS[scheme]}: {group}")
        axes.set_xlabel(_label(power))
        axes.set_ylabel(METRICS["power_share"].label)
        axes.legend()
        add_note(figure, _note(dataset))
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
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.5), layout="constrained")
        panels = figure.subplots(1, len(powers), squeeze=False)[0]
        for panel, power in zip(panels, powers, strict=True):
            for index, scheme in enumerate(str(name) for name in dataset["scheme"].values):
                one = numbers.sel(scheme=scheme, transmit_power_dbw=power).transpose(axis)
                x = np.arange(len(places)) + 0.12 * (index - 1)
                draw_dots(panel, x, one["mean"].values, one, styles[scheme], _LABELS[scheme])
            panel.set_xticks(range(len(places)), [f"{shape}\n{centre}" for shape, centre in places], fontsize=7.5)
            panel.set_title(f"{power:g} dBW")
            panel.set_ylim(bottom=0.0)
        panels[0].set_ylabel(METRICS["min_rate"].label)
        panels[-1].legend()
        add_note(figure, _note(dataset))
    return figure


def _label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))


def _note(dataset: xr.Dataset) -> str:
    return f"{comparison_text(viewed(dataset))}; {usable_text(dataset)}"


FIGURES = (
    Figure("fig-4", "Echo path loss against target altitude", (), draw_path_loss),
    Figure("fig-5", "Least rate against transmit power", ("power",), _draw_min_rate),
    Figure("table-2", "Least rates of the eight modes", ("power",), _draw_table),
    Figure("fig-6", "Beampatterns and power split", ("beampattern",), draw_beampatterns),
    Figure("fig-7", "MUSIC spectra", ("spectra", "arrival"), draw_spectra),
    Figure("fig-8", "Delay-Doppler maps", ("wrong-arrival", "spectra"), draw_delay_doppler),
    Figure(
        "power-split",
        "Power of common stream and radar sequence",
        ("power",),
        _draw_shares,
        ("F6-1", "F6-2", "F6-3", "F6-4", "R4"),
    ),
    Figure("ergodic-rate", "Bound and ergodic rate", ("power",), _draw_ergodic),
    Figure("drop-model", "Least rates by drop model", ("drop-model",), _draw_drop_model),
    Figure("estimation-error", "Errors of the estimates against Cramér-Rao bounds", ("estimation",), draw_errors),
    Figure("coded-errors", "Block errors around the information limit", ("coded-margin",), draw_coded_errors),
    Figure("coded-rates", "Delivered bits against predictions", ("coded-rates",), draw_coded_rates),
    Figure("coded-csi", "Rates of designs on estimates that err", ("coded-csi",), draw_coded_csi),
    Figure("threshold-region", "Errors of the three receivers around their thresholds", ("threshold",), draw_threshold),
    Figure("cancellation", "How much cancellation receivers need", ("direct-path", "cancellation"), draw_cancellation),
    Figure("knowledge", "Designs for places that are not sure", ("prediction", "reported-users"), draw_knowledge),
    Figure("ambiguity", "Ambiguity functions of the blocks", (), draw_ambiguity),
    Figure("track", "Track of a target over a part of a pass", ("track",), draw_track),
    Figure("resolution", "When two targets are told apart", ("resolution",), draw_resolution),
    Figure("receivers", "What further receivers are worth", ("receivers",), draw_receivers),
    Figure(
        "monostatic", "Rates for a receiver on the ground and one on the satellite", ("monostatic",), draw_monostatic
    ),
    Figure("sensitivity", "Declared values, changed one at a time", ("sensitivity",), draw_sensitivity),
)
