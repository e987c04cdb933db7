"""Beams over the ground: maps at some instants side by side, and the frames of a moving picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.foundation.number_text import quantity_label
from leoisac.plots.ground import draw_ground_track
from leoisac.plots.paper import paper_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_DEPTH_DB = 30.0
"""What lies further below the largest value has the darkest colour."""


def draw_beam_maps(beams: xr.Dataset, quantity: str = "gain_dbi", width_in: float = 7.16) -> Figure:
    """Maps at every instant, with the line where 3 dB of the instant's largest value are lost.

    Args:
        beams: of ``li.pass_beams``: ``quantity`` over ``time, north_km, east_km``, ``elevation_deg`` along ``time``.
        quantity: ``gain_dbi`` or ``cn_db``.
        width_in: inches; a page of IEEE's journals by default.
    """
    count = beams.sizes["time"]
    columns = min(count, 5)
    rows = -(-count // columns)
    low, high = _levels(beams[quantity].values)
    with paper_style() as mpl:
        figure = mpl.Figure(figsize=(width_in, 0.8 + 1.6 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        image: Any = None
        for index, axes in enumerate(grid.flat):
            if index >= count:
                axes.set_visible(False)
                continue
            image = _map(axes, beams.isel(time=index), quantity, low, high)
            axes.set_title(_when(beams, index))
        for axes in grid[-1]:
            axes.set_xlabel("east [km]")
        for axes in grid[:, 0]:
            axes.set_ylabel("north [km]")
        figure.colorbar(image, ax=grid, label=_label(beams, quantity), shrink=0.85)
        figure.suptitle(_title(beams))
    return figure


def beam_frames(beams: xr.Dataset, quantity: str = "gain_dbi") -> Iterator[Figure]:
    """A figure for every instant: the map, the satellite's way over the ground, its elevation so far."""
    low, high = _levels(beams[quantity].values)
    latitude, longitude = beams["latitude_deg"].values, beams["longitude_deg"].values
    seconds = (beams["time"].values - beams["time"].values[0]) / np.timedelta64(1, "s")
    site = tuple(beams.attrs["site_deg"])
    for index in range(beams.sizes["time"]):
        with paper_style() as mpl:
            figure = mpl.Figure(figsize=(7.16, 3.6), layout="constrained")
            grid = figure.add_gridspec(2, 2, width_ratios=[1.35, 1.0])
            axes = figure.add_subplot(grid[:, 0])
            image = _map(axes, beams.isel(time=index), quantity, low, high)
            axes.set_xlabel("east [km]")
            axes.set_ylabel("north [km]")
            figure.colorbar(image, ax=axes, label=_label(beams, quantity), shrink=0.85)
            ground = figure.add_subplot(grid[0, 1])
            draw_ground_track(ground, latitude, longitude, site)
            ground.plot([longitude[index]], [latitude[index]], "o", color="black", markersize=5)
            sky = figure.add_subplot(grid[1, 1])
            sky.plot(seconds, beams["elevation_deg"], color="#BBBBBB")
            sky.plot(seconds[: index + 1], beams["elevation_deg"][: index + 1], color="black")
            sky.plot(seconds[index], float(beams["elevation_deg"][index]), "o", color="black", markersize=4)
            sky.set_xlabel("time [s]")
            sky.set_ylabel("elevation [deg]")
            sky.set_ylim(0.0, 90.0)
            figure.suptitle(f"{_title(beams)}, {_when(beams, index)}")
        yield figure


def _map(axes: Any, one: xr.Dataset, quantity: str, low: float, high: float) -> Any:
    values = one[quantity].values
    east, north = one["east_km"].values, one["north_km"].values
    shown = np.clip(np.where(np.isfinite(values), values, np.where(np.isnan(values), np.nan, low)), low, high)
    image = axes.pcolormesh(east, north, shown, cmap="viridis", vmin=low, vmax=high, shading="nearest", rasterized=True)
    best = float(np.nanmax(values)) if np.any(np.isfinite(values)) else low
    axes.contour(east, north, np.nan_to_num(values, nan=low, neginf=low), [best - 3.0], colors="white", linewidths=0.8)
    axes.plot([0.0], [0.0], "^", color="white", markeredgecolor="black", markersize=5)  # any palette has both
    axes.set_aspect("equal")
    axes.grid(visible=False)
    return image


def _levels(values: np.ndarray) -> tuple[float, float]:
    high = float(np.nanmax(np.where(np.isfinite(values), values, np.nan)))
    return high - _DEPTH_DB, high


def _label(beams: xr.Dataset, quantity: str) -> str:
    return quantity_label(str(beams[quantity].attrs["long_name"]), str(beams[quantity].attrs["units"]))


def _when(beams: xr.Dataset, index: int) -> str:
    clock = np.datetime_as_string(beams["time"].values[index], unit="s").partition("T")[2]
    return f"{clock}, {float(beams['elevation_deg'][index]):.0f}°"


def _title(beams: xr.Dataset) -> str:
    shows = str(beams.attrs.get("shows", ""))
    return f"{beams.attrs.get('title', 'Beams')}: {'beams' if shows == 'antennas' else f'design {shows}'} over the site"


__all__ = ["beam_frames", "draw_beam_maps"]
