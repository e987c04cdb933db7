"""A constellation's service in one picture: an hour at one site with its handovers; all sites over their latitude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.plots.paper import paper_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_LINE, _MARK, _GAP = "#0072B2", "#D55E00", "#CC79A7"
_SHOWN_S = 3600.0


def draw_coverage(dataset: xr.Dataset, site: int = 0, width_in: float = 7.16) -> Figure:
    """Elevation of the serving satellite at one site, and availability, handovers and stays over the latitude of sites.

    Args:
        dataset: of ``li.coverage``.
        site: number of the site whose first hour is shown.
        width_in: inches; a page of IEEE's journals by default.
    """
    seconds = (dataset["time"].values - dataset["time"].values[0]) / np.timedelta64(1, "s")
    with paper_style() as mpl:
        figure = mpl.Figure(figsize=(width_in, 4.4), layout="constrained")
        panels = 4 if "mean_rate" in dataset else 3
        grid = figure.add_gridspec(2, panels, height_ratios=[1.1, 1.0])
        _timeline(figure.add_subplot(grid[0, :]), seconds, dataset.isel(site=site))
        hours = max((seconds[-1] + (seconds[1] - seconds[0] if len(seconds) > 1 else 0.0)) / 3600.0, 1e-9)
        _over_latitude(figure.add_subplot(grid[1, 0]), dataset, 100.0 * dataset["availability"], "availability [%]")
        _over_latitude(figure.add_subplot(grid[1, 1]), dataset, dataset["handovers"] / hours, "handovers per hour")
        _over_latitude(figure.add_subplot(grid[1, 2]), dataset, dataset["mean_stay_s"], "mean stay [s]")
        if "mean_rate" in dataset:
            _over_latitude(figure.add_subplot(grid[1, 3]), dataset, dataset["mean_rate"], "mean rate [bit/s/Hz]")
        figure.suptitle(str(dataset.attrs.get("title", "")))
    return figure


def _timeline(axes: Any, seconds: np.ndarray, one: xr.Dataset) -> None:
    shown = seconds <= _SHOWN_S
    minutes, elevation = seconds[shown] / 60.0, one["elevation_deg"].values[shown]
    handover = one["handover"].values[shown]
    # A line ends where another satellite goes on.
    broken = np.where(handover)[0]
    axes.plot(np.insert(minutes, broken, np.nan), np.insert(elevation, broken, np.nan), color=_LINE)
    axes.plot(minutes[handover], elevation[handover], "v", color=_MARK, markersize=4, label="handover")
    gap = np.isnan(elevation)
    if gap.any():
        half = 0.5 * (minutes[1] - minutes[0]) if len(minutes) > 1 else 0.5
        for index in np.flatnonzero(gap):
            axes.axvspan(minutes[index] - half, minutes[index] + half, color=_GAP, alpha=0.25, linewidth=0)
        axes.plot([], [], color=_GAP, alpha=0.4, linewidth=6, label="gap")
    latitude, longitude = float(one["latitude_deg"]), float(one["longitude_deg"])
    place = (
        f"{abs(latitude):.1f}° {'N' if latitude >= 0 else 'S'}, {abs(longitude):.1f}° {'E' if longitude >= 0 else 'W'}"
    )
    axes.set_title(f"serving satellite at {place}")
    axes.set_xlim(minutes[0], max(minutes[-1], minutes[0] + 1e-3))
    started = f"{np.datetime_as_string(one['time'].values[0], unit='s').replace('T', ' ')} UTC"
    axes.set_xlabel(f"time since {started} [min]")
    axes.set_ylabel("elevation [deg]")
    axes.set_ylim(0.0, 98.0)
    axes.set_yticks([0, 30, 60, 90])
    if handover.any() or gap.any():
        axes.legend(ncols=2, loc="lower right")


def _over_latitude(axes: Any, dataset: xr.Dataset, values: xr.DataArray, label: str) -> None:
    """A dot for each site, and the mean of several at one latitude as a line."""
    latitude, numbers = dataset["latitude_deg"].values, values.values.astype(float)
    axes.plot(latitude, numbers, ".", color=_LINE, alpha=0.35, markersize=4)
    lines, count = np.unique(latitude, return_counts=True)
    several = lines[count > 1]
    if len(several) > 1:
        axes.plot(several, [numbers[latitude == one].mean() for one in several], color=_LINE)
    axes.set_xlabel("latitude [deg]")
    axes.set_ylabel(label)
    if numbers.max() > 0.0 and np.ptp(numbers) < 1e-6 * numbers.max():
        axes.set_ylim(0.0, 1.1 * numbers.max())
