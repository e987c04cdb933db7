# pyright: reportUnknownMemberType=false
"""Figures beyond the paper: the true rate-sensing trade-off, bit-error rates, errors of the estimates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval, summary
from leoisac.foundation.config import build
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.systems.otfs_rsma import METRICS
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.otfs_rsma.evidence.results import TABLE_II, Data, lowest_share, split_text

_GREY = "#444444"
_LOWEST_RATE = 1e-5
"""Bottom of the axis of bit-error rates."""
_NO_ERROR = 3.0
"""With no error in n independent bits rates above 3 / n are excluded at 95 %: ``(1 - 3 / n)^n`` is 5 %."""


def draw_ceiling(datasets: Data) -> Any:
    """Least rate over the delay bound that designs keep, down to what any frame can reach at all."""
    from leoisac.systems.otfs_rsma.judge.evaluate import parameters
    from leoisac.systems.otfs_rsma.judge.sensing_limit import sensing_limit

    dataset = datasets["delay-ceiling"]
    numbers = summary(dataset, "min_rate")
    config = build(OtfsRsmaConfig, json.loads(dataset.attrs["config"]))
    limit = sensing_limit(parameters(config), config.crb_doppler_max).proven
    one = numbers.sel(scheme="rsma").sortby("crb_delay_max")
    style = series_styles(["rsma"])["rsma"]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        draw_curve(axes, 1e12 * one["crb_delay_max"].values.astype(float), one, style, "(17), fast route")
        paper = TABLE_II[0.1]
        axes.plot(
            [1e12 * paper.crb_delay], [paper.min_rate], "s", color="#D55E00", label="paper, Table II (mean bound)"
        )
        axes.axvline(1e12 * limit, color=_GREY, linewidth=0.8, linestyle="--", label="no frame is below")
        axes.set_xlabel(QUANTITIES["crb_delay_ceiling"].label)
        axes.set_ylabel(METRICS["min_rate"].label)
        axes.set_xlim(left=0.0)
        axes.legend(loc="center right")
        add_note(
            figure,
            f"{numbers.attrs['caption']}; {split_text(dataset)}, Doppler ceiling {config.crb_doppler_max:g} Hz²",
            lowest_share(dataset),
        )
    return figure


def draw_bit_errors(datasets: Data) -> Any:
    """Uncoded bit-error rates of four receivers on two grids."""
    styles = series_styles([str(name) for name in datasets["bit-errors"]["receiver"].values])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.9), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        notes = list[str]()
        for axes, study in zip(panels, ("bit-errors", "bit-errors-16"), strict=True):
            dataset = viewed(datasets[study])
            config = json.loads(dataset.attrs["config"])
            bits = 2 * config["n_delay"] * config["n_doppler"]
            # Student's interval of few errors would reach below zero, which a logarithmic axis cannot show.
            values = dataset["bit_error_rate"].where(dataset["usable"]).sel(scheme="data-link")
            rates = mean_interval(values, method="bootstrap")
            rates["mean"].attrs = dict(dataset["bit_error_rate"].attrs)
            x = dataset["comm_snr_db"].values.astype(float)
            axes.set_yscale("log")
            for index, (name, style) in enumerate(styles.items()):
                # Marks at the same place lie in each other.
                _draw_receiver(axes, x, rates.sel(receiver=name), style, name, bits, 11.0 - 2.5 * index)
            title = f"{config['n_delay']} × {config['n_doppler']} cells"
            axes.set_title(title)
            axes.set_xlabel(_label(dataset["comm_snr_db"]))
            axes.set_ylim(_LOWEST_RATE, 0.5)
            notes.append(f"{title}: {comparison_text(dataset)}")
        panels[0].set_ylabel(METRICS["bit_error_rate"].label)
        panels[0].legend(loc="lower left")
        open_marks = (
            "Bands (bootstrap) end at one error in all bits. Open triangles: no error seen; the mark is 3 / bits, "
            "above which 95 % of such outcomes would show one, were bits independent."
        )
        add_note(figure, *notes, open_marks)
    return figure


def _draw_receiver(
    axes: Any, x: np.ndarray, rates: xr.Dataset, style: SeriesStyle, name: str, bits: int, size: float
) -> None:
    """Rates with errors as a curve; where none was seen, an upper bound."""
    count = rates["count"].values
    seen = rates["mean"].values > 0.0
    one_error = 1.0 / (bits * rates["count"].clip(min=1))
    shown = rates.assign(low=np.maximum(rates["low"], one_error)).where(rates["mean"] > 0.0)
    draw_curve(axes, x, shown, style, name, least=_LOWEST_RATE)
    silent = ~seen & (count > 0)
    if silent.any():
        bound = _NO_ERROR / (bits * count[silent])
        axes.plot(x[silent], bound, "v", color=style.colour, markerfacecolor="white", markersize=size)


def draw_errors(datasets: Data) -> Any:
    """Root mean square errors of delay and Doppler shift over the echo SNR, with root mean bounds of both pulses."""
    dataset = viewed(datasets["estimation"])
    dataset = dataset.sel(scheme="random:echo" if "random:echo" in dataset["scheme"].values else "random")
    styles = series_styles(["known", "unknown"])
    panels_of = (("delay", 1e6, "delay_rms_error"), ("doppler", 1.0, "doppler_rms_error"))
    config = json.loads(datasets["estimation"].attrs["config"])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.8), layout="constrained")
        for axes, (name, scale, quantity) in zip(figure.subplots(1, 2), panels_of, strict=True):
            for amplitude in dataset["target_amplitude"].values:
                one = dataset.sel(target_amplitude=amplitude)
                style = styles[str(amplitude)]
                x = one["echo_snr_db"].values.astype(float)
                error = _root_mean(one[f"{name}_error"] ** 2, one["usable"])
                axes.semilogy(x, scale * error, style.marker, color=style.colour, label=f"{amplitude} amplitude")
                ending = "" if amplitude == "known" else "_unknown"
                for pulse, line in (("_sampled", "-"), ("", ":")):
                    bound = _root_mean(one[f"crb_{name}{pulse}{ending}"], one["usable"])
                    axes.semilogy(x, scale * bound, line, color=style.colour)
            axes.axhline(scale * np.sqrt(config[f"crb_{name}_max"]), color=_GREY, linewidth=0.8, linestyle="--")
            axes.set_xlabel(_label(dataset["echo_snr_db"]))
            axes.set_ylabel(QUANTITIES[quantity].label)
            axes.legend()
        add_note(
            figure,
            f"Marks: maximum likelihood from the {config['pulse']} echo of random streams. Lines: root mean "
            "Cramér-Rao bound of the frame, solid: sampled echo, dotted: ideal pulses; errors may be below one where "
            "estimates are confined to half an ambiguity. Dashed: root of the ceiling that designs meet.",
            comparison_text(viewed(datasets["estimation"]), "root mean squares (RMS)", intervals=False),
            lowest_share(datasets["estimation"]),
        )
    return figure


def draw_targets(datasets: Data) -> Any:
    """Root mean square errors of every target's joint estimates over the echo SNR, with their joint bounds."""
    dataset = viewed(datasets["several-targets"]).isel(scheme=0)
    config = json.loads(datasets["several-targets"].attrs["config"])
    panels_of = (("delay", 1e6), ("doppler", 1.0), ("angle", np.degrees(1.0)))
    x = dataset["echo_snr_db"].values.astype(float)
    count = dataset.sizes["target"]
    styles = series_styles([str(index) for index in range(count)])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(2.1 * COLUMN_WIDTH_IN, 3.8), layout="constrained")
        panels = figure.subplots(1, 3)
        for axes, (name, scale) in zip(panels, panels_of, strict=True):
            for index in range(count):
                one = dataset.isel(target=index)
                style = styles[str(index)]
                error = _root_mean(one[f"target_{name}_error"] ** 2, one["usable"])
                bound = _root_mean(one[f"target_crb_{name}"], one["usable"])
                axes.semilogy(x, scale * error, style.marker, color=style.colour, label=f"target {index + 1}")
                axes.semilogy(x, scale * bound, "-", color=style.colour)
            axes.set_ylabel(QUANTITIES[f"{name}_rms_error"].label)
        panels[0].legend()
        panels[1].set_xlabel(_label(dataset["echo_snr_db"]))
        others = "; ".join(f"{gain:g} dB" for *_, gain in config["other_targets"])
        add_note(
            figure,
            f"Marks: joint maximum likelihood from the sampled echoes of random streams at {config['n_rx']} antennas, "
            f"estimates given to the nearest targets; echoes of the further targets at {others}. Lines: root mean "
            "joint Cramér-Rao bounds of the frame, all amplitudes unknown.",
            comparison_text(viewed(datasets["several-targets"]), "root mean squares (RMS)", intervals=False),
            lowest_share(datasets["several-targets"]),
        )
    return figure


def _label(axis: xr.DataArray) -> str:
    return quantity_label(str(axis.attrs.get("long_name", axis.name)), str(axis.attrs.get("units", "1")))


def _root_mean(squares: xr.DataArray, usable: xr.DataArray) -> np.ndarray:
    return np.sqrt(squares.where(usable).mean("trial").values)
