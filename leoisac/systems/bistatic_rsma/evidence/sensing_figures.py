"""Figures of the echo route: MUSIC spectra, delay-Doppler maps, errors of the estimates against their bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.estimation.detection import spiked_threshold
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma import SCHEMES
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.beam_figures import draw_map
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration, found, root_mean_square
from leoisac.systems.bistatic_rsma.world.link import echo_delay, link_budget

_MAP_RANGE_DB = 35.0
_DELAYS_SHOWN = 30
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}


def echo_snr(config: BistaticRsmaConfig, target_gain: Any) -> Any:
    """SNR of the echo after receive array and integration, linear, at a target gain in W."""
    link = link_budget(config)
    return config.num_rx * config.num_samples * link.alpha_squared / link.noise_power * target_gain


def signal_eigenvalue(config: BistaticRsmaConfig, target_gain: Any) -> Any:
    """Signal over noise eigenvalue of the receive window's covariance at a target gain in W."""
    return echo_snr(config, target_gain) / (config.num_samples + config.max_delay_samples)


def draw_spectra(datasets: Mapping[str, xr.Dataset]) -> Any:
    """MUSIC spectra of one trial at two thresholds of the bound, with the number of trials that find the target."""
    dataset, arrival = datasets["spectra"], datasets["arrival"]
    link = link_budget(configuration(dataset))
    schemes = [str(name) for name in dataset["scheme"].values]
    thresholds = dataset["crb_threshold_rad2"].values
    x, y = dataset["pattern_x"].values, dataset["pattern_y"].values
    with house_style() as mpl:
        size = (1.3 * COLUMN_WIDTH_IN, 2.9 * len(schemes) + 0.5)
        figure = mpl.Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(schemes), len(thresholds), squeeze=False, sharex=True, sharey=True)
        image = None
        for row, scheme in enumerate(schemes):
            for column, threshold in enumerate(thresholds):
                axes = grid[row, column]
                one = dataset["music_spectrum"].sel(scheme=scheme, crb_threshold_rad2=threshold).isel(trial=0)
                low = float(one.where(one > 0.0).min())
                image = _draw_spectrum(axes, x, y, one.transpose("pattern_y", "pattern_x").values, low)
                radius = math.sin(link.aoa_zenith)
                place = radius * math.cos(link.aoa_azimuth), radius * math.sin(link.aoa_azimuth)
                axes.plot(*place, "o", markersize=11, markerfacecolor="none", color="#D55E00")
                title = f"{_LABELS.get(scheme, scheme)}; {threshold:g} rad²\nleast over largest value {low:.2f}"
                axes.set_title(f"{title}{_found_text(arrival, scheme, float(threshold))}", fontsize=8)
        for axes in grid[-1]:
            axes.set_xlabel(QUANTITIES["pattern_x"].label, fontsize=9)
        for axes in grid[:, 0]:
            axes.set_ylabel(QUANTITIES["pattern_y"].label, fontsize=9)
        bar = figure.colorbar(image, ax=grid, label=QUANTITIES["spectrum_range"].label, shrink=0.7)
        bar.set_ticks([0.0, 1.0], labels=["least", "largest"])
        add_note(figure, "One trial, every panel on the scale of its own values. Circle: true direction.")
    return figure


def _draw_spectrum(axes: Any, x: np.ndarray, y: np.ndarray, spectrum: np.ndarray, low: float) -> Any:
    """A weak eigenvector leaves the spectrum almost flat: each panel has the scale of its own values."""
    shown = np.where(spectrum > 0.0, (spectrum - low) / max(1.0 - low, 1e-12), np.nan)
    axes.set_aspect("equal")
    return draw_map(axes, x, y, shown, vmin=0, vmax=1)


def _found_text(arrival: xr.Dataset, scheme: str, threshold: float) -> str:
    if scheme not in arrival["scheme"].values or threshold not in arrival["crb_threshold_rad2"].values:
        return ""
    one = arrival.sel(scheme=scheme, crb_threshold_rad2=threshold)
    return f"\nfound within 2° in {int(found(one).sum())} of {int(one['usable'].sum())} trials"


def draw_delay_doppler(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Delay-Doppler maps with a wrong and with the estimated angle of arrival."""
    wrong = datasets["wrong-arrival"].isel(scheme=0, trial=0)
    right = datasets["spectra"].isel(scheme=0, trial=0)
    right = right.isel(crb_threshold_rad2=int(np.argmin(right["crb_threshold_rad2"].values)))
    config = configuration(datasets["spectra"])
    delay = echo_delay(link_budget(config), config.whole_sample_delay)
    titles = ("(a) angle of arrival wrong on purpose", "(b) angle of arrival by MUSIC")
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.5), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        image = None
        for axes, one, title in zip(panels, (wrong, right), titles, strict=True):
            values = one["delay_doppler_map"].transpose("delay", "doppler").values
            shown = 20.0 * np.log10(np.maximum(values, 1e-3))
            delays = one["delay"].values
            image = draw_map(axes, one["doppler"].values / 1e3, delays, shown, vmin=-_MAP_RANGE_DB, vmax=0.0)
            axes.plot(
                float(one["doppler_shift"]) / 1e3, delay, "o", markersize=13, markerfacecolor="none", color="#D55E00"
            )
            axes.set_ylim(max(delay - _DELAYS_SHOWN, 0.5), min(delay + _DELAYS_SHOWN, float(delays[-1])) + 0.5)
            off, prominence = math.degrees(float(one["aoa_error"])), float(one["prominence"])
            axes.set_title(f"{title}\noff by {off:.2g}°, peak over median {prominence:.1f}", fontsize=9)
            axes.set_xlabel(QUANTITIES["doppler_khz"].label)
        panels[0].set_ylabel(QUANTITIES["delay"].label, fontsize=9)
        figure.colorbar(image, ax=panels, label=QUANTITIES["map_db"].label)
        add_note(
            figure, "One trial. Circle: true delay and Doppler shift. Columns hold the largest of neighbouring bins."
        )
    return figure


def draw_errors(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Root-mean-square errors of the estimates against the signal eigenvalue, with the roots of their bounds."""
    dataset = datasets["estimation"].isel(scheme=0)
    config = configuration(datasets["estimation"])
    gain = dataset["target_gain"].where(dataset["usable"]).mean("trial")
    eigenvalue = signal_eigenvalue(config, gain).values
    degree = 180.0 / math.pi
    panels = (
        ("rms_aoa_azimuth", "aoa_azimuth", degree),
        ("rms_aoa_zenith", "aoa_zenith", degree),
        ("rms_delay", "delay", 1e6),
        ("rms_doppler", "doppler", 1.0),
        ("rms_aod_azimuth", "aod_azimuth", degree),
        ("rms_position", "position", 1.0),
    )
    threshold = 10.0 * math.log10(spiked_threshold(config.num_rx, config.num_samples + config.max_delay_samples))
    x = 10.0 * np.log10(eigenvalue)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 5.6), layout="constrained")
        grid = figure.subplots(2, 3, sharex=True)
        for axes, (name, metric, scale) in zip(grid.flat, panels, strict=True):
            _draw_error(axes, x, dataset[f"{metric}_error"] * scale, dataset["usable"], found(dataset))
            bound = np.sqrt(dataset[f"{metric}_bound"].where(dataset["usable"]).mean("trial").values)
            axes.plot(x, scale * bound, "k-", linewidth=1.0, label="root of the bound for the receiver's knowledge")
            axes.set_yscale("log")
            axes.set_ylim(bottom=_bottom(axes))
            axes.axvline(threshold, color="#999999", linestyle=":", linewidth=1.0)
            axes.set_ylabel(QUANTITIES[name].label, fontsize=7.5)
        for axes in grid[-1]:
            axes.set_xlabel(QUANTITIES["signal_eigenvalue"].label, fontsize=9)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), ncols=3, loc="outside upper center")
        trials = int(dataset["usable"].sum("trial").min())
        add_note(
            figure,
            f"Root mean squares over {trials} or more usable trials a point, and over those of them that find the "
            "arrival within 2° (not the same trials at every point), with 95 % bootstrap intervals. A trial has the "
            "same noise at every point: by chance neighbouring points are off their bounds together. Dotted: threshold "
            "of MUSIC, which draws this figure. Its delays are whole samples: a delay that is found keeps the error of "
            "rounding, and so do departure and position; a Doppler shift that of a parabola between bins.",
        )
    return figure


def _draw_error(axes: Any, x: np.ndarray, values: xr.DataArray, usable: xr.DataArray, seen: xr.DataArray) -> None:
    styles = series_styles(["all", "found"])
    for name, mask, label in (("all", usable, "all trials"), ("found", seen, "arrival within 2°")):
        draw_curve(axes, x, root_mean_square(values.where(mask)), styles[name], label)


def _bottom(axes: Any) -> float | None:
    """Half of the least positive value of the lines: bands may reach zero, which a logarithmic axis cannot show."""
    drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    drawn = drawn[drawn > 0.0]
    return 0.5 * float(np.min(drawn)) if drawn.size else None
