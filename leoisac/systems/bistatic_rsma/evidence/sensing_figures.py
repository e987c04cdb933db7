"""Figures of the echo route: MUSIC spectra, delay-Doppler maps, errors of the estimates against their bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.estimation.detection import spiked_threshold
from leoisac.experiment.reading.statistics import share_interval
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.beam_figures import configuration
from leoisac.systems.bistatic_rsma.world.link import link_budget

_MAP_RANGE_DB = 35.0
_DELAYS_SHOWN = 30
FOUND_RAD = math.radians(2.0)
"""An angle of arrival counts as found within this angle of the true direction."""


def found_share(dataset: xr.Dataset) -> xr.Dataset:
    """Share of trials that find the angle of arrival, with its 95 % interval."""
    usable = dataset["usable"]
    found = (dataset["aoa_error"] <= FOUND_RAD) & usable
    return share_interval(found.sum("trial"), usable.sum("trial"))


def root_mean_square(values: xr.DataArray) -> xr.DataArray:
    """Root of the mean square over the trials that have a value."""
    return (values**2).mean("trial") ** 0.5


def echo_snr(config: BistaticRsmaConfig, target_gain: Any) -> Any:
    """SNR of the echo after receive array and integration, linear, at a target gain in W."""
    link = link_budget(config)
    return config.num_rx * config.num_samples * link.alpha_squared / link.noise_power * target_gain


def signal_eigenvalue(config: BistaticRsmaConfig, target_gain: Any) -> Any:
    """Signal over noise eigenvalue of the receive window's covariance at a target gain in W."""
    return echo_snr(config, target_gain) / (config.num_samples + config.max_delay_samples)


def doppler_bound(config: BistaticRsmaConfig, snr: Any) -> Any:
    """Cramer-Rao bound of the Doppler shift in Hz^2, unknown echo amplitude: ``6 / (SNR (2 pi T)^2 (L^2 - 1))``."""
    return 6.0 / (snr * (2.0 * math.pi / config.bandwidth_hz) ** 2 * (config.num_samples**2 - 1))


def delay_bound(config: BistaticRsmaConfig, snr: Any) -> Any:
    """Cramer-Rao bound of the delay in s^2 of a signal that fills the band evenly: ``6 / (SNR (2 pi B)^2)``."""
    return 6.0 / (snr * (2.0 * math.pi * config.bandwidth_hz) ** 2)


def draw_spectra(datasets: Mapping[str, xr.Dataset]) -> Any:
    """MUSIC spectra of one trial at two thresholds of the bound, with the share of trials that find the target."""
    dataset, arrival = datasets["spectra"], datasets["arrival"]
    share = found_share(arrival)
    link = link_budget(configuration(dataset))
    schemes = [str(name) for name in dataset["scheme"].values]
    thresholds = dataset["crb_threshold_rad2"].values
    with house_style() as mpl:
        size = (1.3 * COLUMN_WIDTH_IN, 2.7 * len(schemes) + 0.3)
        figure = mpl.Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(schemes), len(thresholds), squeeze=False)
        image = None
        for row, scheme in enumerate(schemes):
            for column, threshold in enumerate(thresholds):
                axes = grid[row, column]
                one = dataset["music_spectrum"].sel(scheme=scheme, crb_threshold_rad2=threshold).isel(trial=0)
                low = float(one.where(one > 0.0).min())
                image = _draw_spectrum(axes, one.values, low)
                radius = math.sin(link.aoa_zenith)
                place = radius * math.cos(link.aoa_azimuth), radius * math.sin(link.aoa_azimuth)
                axes.plot(*place, "o", markersize=10, markerfacecolor="none", color="#D55E00")
                axes.grid(False)
                title = f"{scheme}, {threshold:g} rad², from {low:.2f} to 1"
                axes.set_title(f"{title}{_found(share, scheme, threshold)}", fontsize=8)
        bar = figure.colorbar(image, ax=grid, label="MUSIC spectrum, from its least to its largest value", shrink=0.7)
        bar.set_ticks([0.0, 1.0], labels=["least", "1"])
        figure.supxlabel(r"$\sin\phi\,\cos\theta$ (circle: true direction)", fontsize=9)
        figure.supylabel(r"$\sin\phi\,\sin\theta$", fontsize=9)
    return figure


def _draw_spectrum(axes: Any, spectrum: np.ndarray, low: float) -> Any:
    """A weak eigenvector leaves the spectrum almost flat: each panel has the scale of its own values."""
    shown = np.where(spectrum > 0.0, (spectrum - low) / max(1.0 - low, 1e-12), np.nan)
    return axes.imshow(shown, origin="lower", extent=(-1, 1, -1, 1), cmap="cividis", vmin=0, vmax=1)


def _found(share: xr.Dataset, scheme: str, threshold: float) -> str:
    if scheme not in share["scheme"].values or threshold not in share["crb_threshold_rad2"].values:
        return ""
    one = share.sel(scheme=scheme, crb_threshold_rad2=threshold)
    low, high = float(one["low"]), float(one["high"])
    return f"\nfound within 2°: {float(one['share']):.0%} ({low:.0%} to {high:.0%})"


def draw_delay_doppler(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Delay-Doppler maps with a wrong and with the estimated angle of arrival."""
    wrong = datasets["wrong-arrival"].isel(scheme=0, trial=0)
    right = datasets["spectra"].isel(scheme=0, trial=0)
    right = right.isel(crb_threshold_rad2=int(np.argmin(right["crb_threshold_rad2"].values)))
    titles = ("(a) angle of arrival wrong", "(b) angle of arrival by MUSIC")
    config = configuration(datasets["spectra"])
    span, link = config.doppler_search_hz / 1e3, link_budget(config)
    delay = round(link.delay_samples) - link.delay_offset
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        image = None
        for axes, one, title in zip(panels, (wrong, right), titles, strict=True):
            values = 20.0 * np.log10(np.maximum(one["delay_doppler_map"].values, 1e-3))
            image = axes.imshow(
                values,
                origin="lower",
                aspect="auto",
                cmap="cividis",
                vmin=-_MAP_RANGE_DB,
                vmax=0.0,
                extent=(-span, span, 0.5, len(values) + 0.5),
            )
            axes.axhline(delay, color="#D55E00", linewidth=0.7, linestyle="--", xmax=0.06)
            axes.axhline(delay, color="#D55E00", linewidth=0.7, linestyle="--", xmin=0.94)
            axes.set_ylim(max(delay - _DELAYS_SHOWN, 0.5), min(delay + _DELAYS_SHOWN, len(values)) + 0.5)
            axes.grid(False)
            prominence = float(one["prominence"])
            axes.set_title(f"{title}\npeak over median {prominence:.1f}", fontsize=9)
            axes.set_xlabel("Doppler shift [kHz]")
        panels[0].set_ylabel("delay after the window's start [samples]")
        figure.colorbar(image, ax=panels, label="magnitude [dB] (dashes: true delay)")
    return figure


def draw_errors(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Root-mean-square errors of the estimates against the signal eigenvalue, with the roots of their bounds."""
    dataset = datasets["estimation"].isel(scheme=0)
    config = configuration(datasets["estimation"])
    gain = dataset["target_gain"].where(dataset["usable"]).mean("trial")
    eigenvalue = signal_eigenvalue(config, gain).values
    snr = echo_snr(config, gain).values
    found = dataset["usable"] & (dataset["aoa_error"] <= FOUND_RAD)
    degree, metres = 180.0 / math.pi, 1.0
    unknown = {name: np.sqrt(dataset[f"crb_{name}_unknown"].mean("trial").values) for name in ("azimuth", "zenith")}
    panels = (
        ("azimuth of arrival [°]", "aoa_azimuth_error", degree, unknown["azimuth"]),
        ("zenith angle of arrival [°]", "aoa_zenith_error", degree, unknown["zenith"]),
        ("delay [µs] (none not shown)", "delay_error", 1e6, np.sqrt(delay_bound(config, snr))),
        ("Doppler shift [Hz]", "doppler_error", 1.0, np.sqrt(doppler_bound(config, snr))),
        ("azimuth of departure [°]", "aod_azimuth_error", degree, None),
        ("position [m]", "position_error", metres, None),
    )
    threshold = 10.0 * math.log10(spiked_threshold(config.num_rx, config.num_samples + config.max_delay_samples))
    x = 10.0 * np.log10(eigenvalue)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 4.6), layout="constrained")
        for axes, (label, metric, scale, bound) in zip(figure.subplots(2, 3).flat, panels, strict=True):
            _draw_error(axes, x, dataset[metric] * scale, dataset["usable"], found)
            if bound is not None:
                axes.plot(x, scale * bound, "k-", linewidth=1.0, label="root of the bound")
            axes.axvline(threshold, color="#999999", linestyle=":", linewidth=1.0)
            axes.set_yscale("log")
            axes.set_ylabel(f"error of {label}", fontsize=8)
        figure.axes[0].legend(fontsize=7)
        figure.supxlabel("signal over noise eigenvalue [dB] (dotted: threshold of MUSIC)", fontsize=9)
    return figure


def _draw_error(axes: Any, x: np.ndarray, values: xr.DataArray, usable: xr.DataArray, found: xr.DataArray) -> None:
    styles = series_styles(["all", "found"])
    for name, mask, label in (("all", usable, "all trials"), ("found", found, "arrival within 2°")):
        error = root_mean_square(values.where(mask)).values
        # An error of exactly zero (a delay on the grid) has no place on a logarithmic axis.
        shown = np.where(error > 0.0, error, np.nan)
        axes.plot(x, shown, styles[name].line, color=styles[name].colour, marker=styles[name].marker, label=label)
