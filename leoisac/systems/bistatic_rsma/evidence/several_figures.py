"""When two targets are told apart, and what further receivers are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval, share_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import root_mean_square
from leoisac.systems.bistatic_rsma.evidence.several_studies import SEPARATIONS

_KINDS = {"angle": "azimuth of arrival, cells of 2 / rows", "delay": "delay, samples"}


def draw_resolution(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Share of trials in which both of two targets are found, and ghosts, over their separation."""
    dataset = datasets["resolution"].isel(scheme=0)
    axis, usable = "further_targets_km", dataset["usable"]
    both = share_interval(((dataset["targets_found"] == 2) & usable).sum("trial"), usable.sum("trial"))
    ghosts = mean_interval(dataset["ghosts"].where(usable))
    each = dataset.sizes[axis] // len(_KINDS)
    styles = series_styles(tuple(_KINDS))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for index, (kind, label) in enumerate(_KINDS.items()):
            rows = slice(index * each, (index + 1) * each)
            apart = xr.DataArray(np.array(SEPARATIONS[:each]), dims=axis)
            share = both.isel({axis: rows}).rename({"share": "mean"}).drop_vars(axis, errors="ignore")
            draw_curve(left, apart, share, styles[kind], label, least=0.0, most=1.0)
            draw_curve(
                right, apart, ghosts.isel({axis: rows}).drop_vars(axis, errors="ignore"), styles[kind], "", least=0.0
            )
        for axes, name in ((left, "both_found"), (right, "mean_ghosts")):
            axes.set_xlabel(QUANTITIES["separation_cells"].label)
            axes.set_ylabel(QUANTITIES[name].label)
        left.set_ylim(0.0, 1.03)
        right.set_ylim(bottom=0.0)
        left.legend(fontsize=7.5)
        add_note(
            figure,
            f"One cross-section and Doppler shift, random phases; {int(usable.sum('trial').min())} or more "
            "trials a point, with 95 % intervals. Found: a detection within a resolution cell of each; ghosts: others.",
        )
    return figure


def draw_receivers(datasets: Mapping[str, xr.Dataset]) -> Any:
    """RMS error of the position by all receivers beside its bound, and that of the first receiver alone."""
    dataset = datasets["receivers"].isel(scheme=0)
    usable, count = dataset["usable"], dataset["num_receivers"]
    together = root_mean_square(dataset["multistatic_error"].where(usable))
    alone = root_mean_square(dataset["position_error"].where(usable))
    styles = series_styles(("together", "alone"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        draw_curve(axes, count, together, styles["together"], "all receivers", least=0.0)
        draw_curve(axes, count, alone, styles["alone"], "the first one", least=0.0)
        for name, style in (("multistatic_bound", styles["together"]), ("position_bound", styles["alone"])):
            root = np.sqrt(dataset[name].where(usable).mean("trial"))
            axes.plot(count, root, color=style.colour, linestyle="--", linewidth=1.0)
        axes.plot([], [], color="#777777", linestyle="--", linewidth=1.0, label="bounds")
        if np.isfinite(axes.dataLim.minposy):
            axes.set_yscale("log")
        axes.set_xticks(count.values)
        axes.set_xlabel(QUANTITIES["receivers"].label)
        axes.set_ylabel(QUANTITIES["rms_position"].label)
        axes.legend()
        add_note(
            figure, f"{int(usable.sum('trial').min())} or more usable trials a point, with 95 % intervals (bootstrap)."
        )
    return figure
