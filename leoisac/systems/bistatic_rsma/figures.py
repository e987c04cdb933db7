"""The paper's figures and our own, each over named studies (quick: a few trials; paper: 100 or more a point)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure, Study
from leoisac.experiment.statistics import mean_interval, summary
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.bistatic_rsma import SCHEMES
from leoisac.systems.bistatic_rsma.beam_figures import draw_beampatterns, draw_path_loss
from leoisac.systems.bistatic_rsma.sensing_figures import draw_delay_doppler, draw_errors, draw_spectra

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_RADAR_POWER_DBW = 23.0
_CASE_A_KM = ((55.0, -20.0), (5.0, -25.0), (40.0, -65.0), (25.0, 5.0))
"""Users of the beampattern figure: one drop, which the paper does not state."""
_SMALL_RADAR = {"receiver_array": [16, 16], "num_samples": 1024, "max_delay_samples": 96, "rcs_m2": 6400.0}
"""A quarter of the receiver and of the samples, at the same floor on the target gain: quick echoes."""
_ECHO = ("rsma-noradar:echo", "sdma-radar-sic:echo")

_FLOOR = 0.8
_EIGENVALUES = (0.2, 0.3, 0.4, 0.5, 0.65, 1.0, 2.0, 4.85)
"""Signal over noise eigenvalue of the points of the error study; MUSIC's threshold is 0.485."""


def _radar_point(eigenvalue: float) -> tuple[float, float]:
    """Threshold and power at which the default link has this eigenvalue, its floor ``_FLOOR`` of the largest gain.

    The eigenvalue is 0.40775 and the least power 18.722 dBW at 8e-7 rad^2; both go with the target gain.
    """
    gain = eigenvalue / 0.40775
    return float(f"{8e-7 / gain:.4g}"), round(18.722 + 10.0 * float(np.log10(gain / _FLOOR)), 3)


STUDIES = (
    Study(
        "power",
        schemes=_ORDER,
        sweep={"transmit_power_dbw": [20.0, 22.5, 25.0, 27.5, 30.0]},
        trials=100,
        quick={"trials": 4, "sweep": {"transmit_power_dbw": [20.0, 30.0]}},
    ),
    Study(
        "drop-model",
        schemes=("rsma-noradar", "sdma-radar-sic", "sdma-noradar"),
        sweep={
            "user_distribution+coverage_centre": [
                ["uniform-radius", "sub-satellite"],
                ["uniform-area", "sub-satellite"],
                ["uniform-area", "receiver"],
            ],
            "transmit_power_dbw": [20.0, 30.0],
        },
        trials=100,
        quick={"trials": 3},
    ),
    Study(
        "beampattern",
        schemes=("rsma-radar-sic", "sdma-radar-sic"),
        overrides={"user_positions_km": [list(place) for place in _CASE_A_KM], "pattern_points": 201},
        sweep={"transmit_power_dbw": [20.0, 30.0]},
        trials=1,
        quick={"trials": 1, "overrides": {"pattern_points": 61}},
    ),
    Study(
        "arrival",
        schemes=_ECHO,
        overrides={"transmit_power_dbw": _RADAR_POWER_DBW},
        sweep={"crb_threshold_rad2": [1.2e-6, 8e-7, 6e-7, 4e-7]},
        trials=60,
        quick={"trials": 2, "overrides": _SMALL_RADAR, "sweep": {"crb_threshold_rad2": [8e-7, 4e-7]}},
    ),
    Study(
        "spectra",
        schemes=_ECHO,
        overrides={"transmit_power_dbw": _RADAR_POWER_DBW, "pattern_points": 141},
        sweep={"crb_threshold_rad2": [8e-7, 4e-7]},
        trials=2,
        quick={"trials": 1, "overrides": {**_SMALL_RADAR, "pattern_points": 31}},
    ),
    Study(
        "wrong-arrival",
        schemes=("rsma-noradar:echo",),
        overrides={
            "transmit_power_dbw": _RADAR_POWER_DBW,
            "crb_threshold_rad2": 4e-7,
            "aoa_offset_deg": [34.0, 11.0],
            "pattern_points": 21,
        },
        trials=48,
        quick={"trials": 2, "overrides": _SMALL_RADAR},
    ),
    Study(
        "estimation",
        schemes=("sdma-radar-sic:echo",),
        sweep={"crb_threshold_rad2+transmit_power_dbw": [list(_radar_point(value)) for value in _EIGENVALUES]},
        trials=60,
        quick={
            "trials": 2,
            "overrides": _SMALL_RADAR,
            "sweep": {"crb_threshold_rad2+transmit_power_dbw": [list(_radar_point(value)) for value in (0.3, 2.0)]},
        },
    ),
)


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
