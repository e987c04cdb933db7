"""Figures beyond the paper: the true rate-sensing trade-off, bit-error rates, errors of the estimates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval, summary
from leoisac.foundation.config import build
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.otfs_rsma.config import OtfsRsmaConfig
from leoisac.systems.otfs_rsma.evidence.results import TABLE_II, Data


def draw_ceiling(datasets: Data) -> Any:
    """Least rate over the delay bound that designs keep, down to what any frame can reach at all."""
    from leoisac.systems.otfs_rsma.judge.evaluate import parameters
    from leoisac.systems.otfs_rsma.judge.sensing_limit import sensing_limit

    dataset = datasets["delay-ceiling"]
    numbers = summary(dataset, "min_rate").sel(scheme="rsma").sortby("crb_delay_max")
    config = build(OtfsRsmaConfig, json.loads(dataset.attrs["config"]))
    limit = sensing_limit(parameters(config), config.crb_doppler_max).crb_delay
    x = 1e12 * numbers["crb_delay_max"].values.astype(float)
    style = series_styles(["rsma"])["rsma"]
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.plot(x, numbers["mean"], style.line, color=style.colour, marker=style.marker, label="optimum of (17)")
        axes.fill_between(x, numbers["low"], numbers["high"], color=style.colour, alpha=0.18, linewidth=0)
        paper = TABLE_II[0.1]
        axes.plot([1e12 * paper.crb_delay], [paper.min_rate], "s", color="#D55E00", label="paper, Table II")
        axes.axvline(1e12 * limit, color="#444444", linewidth=0.8, linestyle="--", label="least of any frame")
        axes.set_xlabel("ceiling on the bound of the delay [10⁻¹² s²]")
        axes.set_ylabel("least private rate [bit per stream symbol]")
        axes.set_xlim(left=0.0)
        axes.legend(loc="center right")
        note = f"{int(numbers['count'].max())} draws, 10 % common power, Doppler ceiling {config.crb_doppler_max:g} Hz²"
        figure.supxlabel(note, fontsize=7.5, color="#444444")
    return figure


def draw_bit_errors(datasets: Data) -> Any:
    """Uncoded bit-error rates of four receivers on two grids."""
    styles = series_styles(datasets["bit-errors"]["receiver"].values.tolist())
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.5), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, study in zip(panels, ("bit-errors", "bit-errors-16"), strict=True):
            dataset = datasets[study]
            rates = mean_interval(dataset["bit_error_rate"].where(dataset["usable"]).sel(scheme="data-link"))
            x = dataset["comm_snr_db"].values.astype(float)
            for name in rates["receiver"].values.tolist():
                one = rates.sel(receiver=name)
                seen = one["mean"].values > 0.0
                style, mean = styles[name], one["mean"].values
                line = {"color": style.colour, "marker": style.marker, "label": name}
                axes.semilogy(x[seen], mean[seen], style.line, **line)
                low = np.maximum(one["low"].values, 0.1 * mean)
                axes.fill_between(x[seen], low[seen], one["high"].values[seen], color=style.colour, alpha=0.15, lw=0)
            config = json.loads(dataset.attrs["config"])
            axes.set_title(f"{config['n_delay']} × {config['n_doppler']} cells, {dataset.sizes['trial']} frames")
            axes.set_xlabel("SNR [dB]")
            axes.set_ylim(1e-5, 0.5)
        panels[0].set_ylabel("bit-error rate")
        panels[0].legend(loc="lower left")
    return figure


def draw_errors(datasets: Data) -> Any:
    """Root mean square errors of delay and Doppler shift over the echo SNR, with root mean bounds."""
    dataset = datasets["estimation"]
    styles = series_styles(["known", "unknown"])
    panels_of = (("delay", 1e6, "delay [µs]"), ("doppler", 1.0, "Doppler shift [Hz]"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.5), layout="constrained")
        for axes, (name, scale, label) in zip(figure.subplots(1, 2), panels_of, strict=True):
            for amplitude in dataset["target_amplitude"].values:
                one = dataset.sel(scheme="random:echo" if "random:echo" in dataset["scheme"].values else "random")
                one = one.sel(target_amplitude=amplitude)
                style = styles[str(amplitude)]
                x = one["echo_snr_db"].values.astype(float)
                error = _root_mean(one[f"{name}_error"] ** 2, one["usable"])
                bound = one[f"crb_{name}" if amplitude == "known" else f"crb_{name}_unknown"]
                axes.semilogy(x, scale * error, style.marker, color=style.colour, label=f"{amplitude} amplitude")
                axes.semilogy(x, scale * _root_mean(bound, one["usable"]), style.line, color=style.colour)
            axes.set_xlabel("echo SNR of the frame [dB]")
            axes.set_ylabel(f"root mean square error, {label}")
            axes.legend()
        note = f"markers: maximum likelihood, {dataset.sizes['trial']} frames of random streams; lines: root mean bound"
        figure.supxlabel(note, fontsize=7.5, color="#444444")
    return figure


def _root_mean(squares: xr.DataArray, usable: xr.DataArray) -> np.ndarray:
    return np.sqrt(squares.where(usable).mean("trial").values)
