# pyright: reportUnknownMemberType=false
"""Full load: rate splitting's gain over equally many data symbols without it, and what the waveform makes of a rate."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.experiment.reading.verdicts import Estimate, relative_gain
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.foundation.units import NOTHING_DB, is_nothing
from leoisac.link.studies import TINY_LINK
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.otfs_rsma import METRICS, SCHEMES, SYSTEM
from leoisac.systems.otfs_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.otfs_rsma.evidence.results import Data, lowest_share

_LOOSE = {"crb_delay_max": 1e-10, "crb_doppler_max": 1e5}
"""Ceilings that leave the design most of its freedom: a frame of even energy misses the paper's at any beams."""
_SMALL = {name: value for name, value in SYSTEM.small.items() if name not in _LOOSE}
LOADED = tuple(scheme.name for scheme in SCHEMES if scheme.name.startswith("full-load-"))
_TINY_LINK = {
    "overrides": {**_SMALL, "csi_error_db": NOTHING_DB, **TINY_LINK, "link_margin_db": 1.0},
    "trials": 3,
    "schemes": ("full-load-rsma:coded",),
}
RIVALS = ("full-load-sdma", "full-load-sdma-k")
_LABELS = {scheme.name: (scheme.label or scheme.name).removesuffix(", full load") for scheme in SCHEMES}

FULL_LOAD = (
    Study(
        "full-load",
        schemes=LOADED,
        overrides=_LOOSE,
        sweep={"csi_error_db": [NOTHING_DB, -25.0, -15.0], "user_correlation": [0.0, 0.5, 0.8, 0.95, 0.99]},
        trials=200,
        headline="load_min_rate",
        quick={
            "trials": 6,
            "sweep": {"csi_error_db": [NOTHING_DB, -25.0, -15.0], "user_correlation": [0.0, 0.8, 0.99]},
        },
        tiny={
            "overrides": _SMALL,
            "sweep": {"csi_error_db": [-25.0, -15.0], "user_correlation": [0.0, 0.8]},
            "trials": 3,
        },
    ),
    Study(
        "full-load-waveforms",
        schemes=("full-load-rsma", "full-load-sdma"),
        # Beams that no equaliser was thought of for: joint decoding is the same, equalised rates are not.
        overrides={**_LOOSE, "load_objective": "gaussian"},
        sweep={"waveform": ["otfs", "ofdm"]},
        trials=200,
        headline="load_min_rate",
        quick={"trials": 12},
        tiny={"overrides": {**_SMALL, "load_objective": "equalised"}, "sweep": {"waveform": ["otfs"]}, "trials": 3},
    ),
    Study(
        "full-load-coded",
        schemes=tuple(f"{name}:coded" for name in LOADED if name != "full-load-sdma-k"),
        overrides={**_LOOSE, "csi_error_db": NOTHING_DB, "link_margin_db": 1.0},
        sweep={"comm_snr_db": [20.0, 25.0, 30.0, 35.0, 40.0]},
        trials=100,
        headline="sum_goodput",
        quick={"trials": 6, "sweep": {"comm_snr_db": [20.0, 30.0, 40.0]}},
        tiny={**_TINY_LINK, "sweep": {"comm_snr_db": [20.0, 25.0]}},
    ),
    Study(
        "full-load-equalisers",
        schemes=("full-load-rsma:coded",),
        overrides={**_LOOSE, "csi_error_db": NOTHING_DB, "comm_snr_db": 30.0},
        sweep={"equaliser": ["lmmse", "mp"], "link_margin_db": [-2.0, -1.0, 0.0, 1.0, 2.0]},
        trials=100,
        headline="sum_goodput",
        quick={"trials": 8, "sweep": {"equaliser": ["lmmse", "mp"], "link_margin_db": [-2.0, 0.0, 2.0]}},
        tiny={**_TINY_LINK, "sweep": {"equaliser": ["lmmse", "mp"], "link_margin_db": [1.0]}},
    ),
)


def gain_over(data: xr.Dataset, rival: str, **point: Any) -> Estimate:
    """Least rate with rate splitting over that of a rival, less one, paired by trials."""
    one = data.sel(point)
    rates = one["load_min_rate"].where(one["usable"])
    return relative_gain(rates.sel(scheme="full-load-rsma", drop=True), rates.sel(scheme=rival, drop=True))


def draw_full_load(datasets: Data) -> Any:
    """Least rates of the schemes over the users' correlation, and the gain of rate splitting by channel error."""
    data = viewed(datasets["full-load"])
    errors = data["csi_error_db"].values.astype(float)
    correlations = data["user_correlation"].values.astype(float)
    shown = errors[min(1, len(errors) - 1)]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_rates(left, data.sel(csi_error_db=shown), correlations)
        left.set_title(f"channel error {shown:g} dB", loc="left")
        styles = series_styles([f"{error:g}" for error in errors])
        for error in errors:
            for rival, line in zip(RIVALS, ("-", ":"), strict=True):
                gains = [gain_over(data, rival, csi_error_db=error, user_correlation=c) for c in correlations]
                mean, low, high = (
                    np.array([100.0 * getattr(gain, end) for gain in gains]) for end in ("mean", "low", "high")
                )
                style = styles[f"{error:g}"]
                label = ("none" if is_nothing(error) else f"{error:g} dB") if line == "-" else None
                reach = np.maximum(np.nan_to_num(np.stack([mean - low, high - mean])), 0.0)
                right.errorbar(
                    correlations,
                    mean,
                    yerr=reach,
                    fmt=style.marker,
                    ls=line,
                    color=style.colour,
                    label=label,
                    capsize=2,
                )
        right.axhline(0.0, color="#444444", linewidth=0.8)
        right.set_xlabel(_label(data["user_correlation"]))
        right.set_ylabel(QUANTITIES["load_gain"].label)
        right.legend(title="channel error")
        loads = data["load"].where(data["usable"]).mean([dim for dim in data["load"].dims if dim != "scheme"])
        streams = ", ".join(
            f"{_LABELS[name]} {float(loads.sel(scheme=name)):g}" for name in data["scheme"].values if name in _LABELS
        )
        add_note(
            figure,
            f"{_grid(data)}. Data symbols per cell: {streams}. Gain, solid: over SDMA of equally many symbols; dotted: "
            "over SDMA with one stream fewer.",
            comparison_text(data),
            lowest_share(datasets["full-load"]),
        )
    return figure


def _draw_rates(axes: Any, data: xr.Dataset, correlations: np.ndarray) -> None:
    names = [str(name) for name in data["scheme"].values]
    styles = series_styles(names)
    rates = mean_interval(data["load_min_rate"].where(data["usable"]))
    rates["mean"].attrs = dict(data["load_min_rate"].attrs)
    for name in names:
        draw_curve(axes, correlations, rates.sel(scheme=name), styles[name], _LABELS.get(name, name))
    axes.set_xlabel(_label(data["user_correlation"]))
    axes.set_ylabel(METRICS["load_min_rate"].label)
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="lower left")


def draw_waveforms(datasets: Data) -> Any:
    """Least rates by waveform of designs for joint decoding: with it they are equal, behind equalisers they are not."""
    data = viewed(datasets["full-load-waveforms"])
    names, waveforms = [str(name) for name in data["scheme"].values], [str(w) for w in data["waveform"].values]
    kinds = {"load_min_rate_joint": "joint decoding", "load_min_rate": "behind equalisers"}
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        styles = series_styles(list(kinds))
        width = 0.38
        places = np.arange(len(names) * len(waveforms), dtype=float)
        for index, (metric, words) in enumerate(kinds.items()):
            found = mean_interval(data[metric].where(data["usable"]))
            cells = [found.sel(scheme=name, waveform=waveform) for name in names for waveform in waveforms]
            mean, low, high = (np.array([float(cell[end]) for cell in cells]) for end in ("mean", "low", "high"))
            reach = np.maximum(np.nan_to_num(np.stack([mean - low, high - mean])), 0.0)
            axes.bar(places + (index - 0.5) * width, mean, width, yerr=reach, color=styles[metric].colour, label=words)
        ticks = [f"{_LABELS.get(name, name)}\n{waveform.upper()}" for name in names for waveform in waveforms]
        axes.set_xticks(places, ticks)
        axes.set_ylabel(METRICS["load_min_rate"].label)
        axes.margins(y=0.25)
        axes.legend(loc="upper right")
        add_note(
            figure,
            f"{_grid(data)}. Designs for joint decoding, three data symbols per cell; a prefix per frame.",
            comparison_text(data),
            lowest_share(datasets["full-load-waveforms"]),
        )
    return figure


def _grid(data: xr.Dataset) -> str:
    config = json.loads(str(data.attrs["config"]))
    return (
        f"{config['n_delay']} × {config['n_doppler']} cells, {config['n_tx']} antennas, {config['n_users']} users, "
        f"Θ = {config['sic_residual']:g}"
    )


def _label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))


__all__ = ["FULL_LOAD", "LOADED", "RIVALS", "draw_full_load", "draw_waveforms", "gain_over"]
