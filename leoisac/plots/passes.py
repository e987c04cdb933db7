"""A satellite's pass in one picture: where it is, how its signal shifts, and what designs are worth at each instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label
from leoisac.plots.curves import draw_curve
from leoisac.plots.ground import draw_ground_track
from leoisac.plots.paper import LEAST_FONT_PT, paper_style
from leoisac.plots.style import SeriesStyle, series_styles

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_ELEVATION, _DOPPLER, _RANGE = "#000000", "#0072B2", "#D55E00"
_SKY_IN = 2.0
_PANEL_IN, _GEOMETRY_IN = 1.45, 1.75
_MOST_MARKS = 25
"""With more instants than this, curves bear no marks."""
_INSIDE = 3


def draw_pass(
    geometry: xr.Dataset,
    summaries: Sequence[xr.Dataset],
    *,
    labels: Mapping[str, str] | None = None,
    order: tuple[str, ...] | None = None,
    site_deg: tuple[float, float] | None = None,
    title: str = "",
    note: str = "",
    width_in: float = 7.16,
) -> Figure:
    """Sky over the site and ground, elevation and range, Doppler shift and rate, and means of metrics over the pass.

    Args:
        geometry: coordinates along ``time``: ``elevation_deg, azimuth_deg, range_m, doppler_hz, doppler_rate_hz_s``
            and, below the satellite, ``latitude_deg, longitude_deg``.
        summaries: of each metric, over ``scheme`` and ``time``: ``mean, low, high, count``, ``usable_share``.
        labels: scheme -> legend text.
        order: all schemes of the system, which fixes the styles; by default those of the first summary.
        site_deg: latitude and longitude of the site, for the map.
        title: above the figure.
        note: small print below it.
        width_in: inches; a page of IEEE's journals by default.
    """
    times = geometry["time"].values
    seconds = (times - times[0]) / np.timedelta64(1, "s")
    x, unit = (seconds / 60.0, "min") if seconds[-1] > 180.0 else (seconds, "s")
    schemes = [str(name) for name in summaries[0]["scheme"].values] if summaries else []
    styles = series_styles([*(order or ()), *(name for name in schemes if name not in (order or ()))])
    if len(x) > _MOST_MARKS:
        styles = {name: SeriesStyle(style.colour, "", style.line) for name, style in styles.items()}
    shares = [one for one in summaries[:1] if bool(np.any(one["usable_share"].values < 1.0))]
    rows = 2 + len(summaries) + len(shares)
    with paper_style() as mpl:
        heights = [*[_GEOMETRY_IN] * 2, *[_PANEL_IN] * (rows - 2)]
        figure = mpl.Figure(figsize=(width_in, 0.55 + sum(heights)), layout="constrained")
        grid = figure.add_gridspec(rows, 2, width_ratios=[_SKY_IN, width_in - _SKY_IN], height_ratios=heights)
        _sky(figure.add_subplot(grid[0, 0], projection="polar"), geometry)
        ground = figure.add_subplot(grid[1, 0])
        draw_ground_track(ground, geometry["latitude_deg"].values, geometry["longitude_deg"].values, site_deg)
        panels = [figure.add_subplot(grid[0, 1])]
        panels += [figure.add_subplot(grid[1, 1], sharex=panels[0])]
        panels += [figure.add_subplot(grid[row, :]) for row in range(2, rows)]
        _elevation_and_range(panels[0], x, geometry)
        _doppler(panels[1], x, geometry)
        panels[0].tick_params(labelbottom=False)
        for axes, one in zip(panels[2:], summaries):
            for scheme in schemes:
                row = one.sel(scheme=scheme)
                draw_curve(axes, x, row, styles[scheme], (labels or {}).get(scheme, scheme))
            text = quantity_label(str(one.attrs.get("long_name", "")), str(one.attrs.get("units", "1")))
            axes.set_ylabel(_folded(text))
        for axes in panels[2 + len(summaries) :]:
            for scheme in schemes:
                share, style = shares[0]["usable_share"].sel(scheme=scheme).values, styles[scheme]
                if np.any(share < 1.0):
                    axes.step(x, share, where="mid", ls=style.line, color=style.colour)
            axes.set_ylim(-0.05, 1.05)
            axes.set_ylabel("usable share")
        for axes in panels:
            axes.set_xlim(x[0], x[-1] if len(x) > 1 else x[0] + 1.0)
        for axes in panels[2:-1]:
            axes.tick_params(labelbottom=False)
        started = f"{np.datetime_as_string(times[0], unit='s').replace('T', ' ')} UTC"
        panels[-1].set_xlabel(f"time since {started} [{unit}]")
        if len(panels) > 2:
            panels[1].set_xlabel(f"time [{unit}]")
        if len(schemes) > _INSIDE:
            named = {"title": title, "title_fontsize": 10}
            figure.legend(*panels[2].get_legend_handles_labels(), ncols=4, loc="outside upper center", **named)
        elif len(schemes) > 1:
            panels[2].legend(ncols=len(schemes))
        if title and len(schemes) <= _INSIDE:
            figure.suptitle(title)
        if note:
            add_note(figure, note)
    return figure


def _sky(axes: Any, geometry: xr.Dataset) -> None:
    """The way over the sky: north up, east right (as on a map), the zenith in the middle."""
    azimuth, zenith = np.radians(geometry["azimuth_deg"].values), 90.0 - geometry["elevation_deg"].values
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.plot(azimuth, zenith, color=_DOPPLER)
    axes.plot(azimuth[:1], zenith[:1], "o", color=_DOPPLER, markersize=4)
    if len(azimuth) > 1:
        axes.annotate(
            "", (azimuth[-1], zenith[-1]), (azimuth[-2], zenith[-2]), arrowprops={"arrowstyle": "->", "color": _DOPPLER}
        )
    axes.set_rlim(0.0, 90.0)
    axes.set_rgrids([30.0, 60.0], ["60°", "30°"], angle=100.0, fontsize=LEAST_FONT_PT)
    axes.set_thetagrids([0, 90, 180, 270], ["N", "E", "S", "W"])
    axes.tick_params(pad=-1)


def _elevation_and_range(axes: Any, x: np.ndarray, geometry: xr.Dataset) -> None:
    axes.plot(x, geometry["elevation_deg"], color=_ELEVATION)
    axes.set_ylabel("elevation [deg]")
    axes.set_ylim(0.0, 90.0)
    axes.set_yticks([0, 30, 60, 90])
    other = _second(axes)
    other.plot(x, geometry["range_m"] / 1e3, "--", color=_RANGE)
    other.set_ylabel("range [km]", color=_RANGE)
    other.tick_params(axis="y", colors=_RANGE)


def _doppler(axes: Any, x: np.ndarray, geometry: xr.Dataset) -> None:
    axes.plot(x, geometry["doppler_hz"] / 1e3, color=_DOPPLER)
    axes.set_ylabel("Doppler [kHz]", color=_DOPPLER)
    axes.tick_params(axis="y", colors=_DOPPLER)
    other = _second(axes)
    other.plot(x, geometry["doppler_rate_hz_s"] / 1e3, "--", color=_RANGE)
    other.set_ylabel("rate [kHz/s]", color=_RANGE)
    other.tick_params(axis="y", colors=_RANGE)


def _second(axes: Any) -> Any:
    other = axes.twinx()
    other.grid(visible=False)
    other.spines["right"].set_visible(True)
    return other


def _folded(text: str, letters: int = 24) -> str:
    """In two lines where it is longer than a panel is high; the unit stays whole."""
    if len(text) <= letters:
        return text
    name, bracket, unit = text.partition(" [")
    if len(name) <= letters:
        return f"{name}\n{bracket.strip()}{unit}" if bracket else name
    words = name.split()
    half = max(range(1, len(words)), key=lambda k: -abs(len(" ".join(words[:k])) - len(name) / 2))
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) + (f" [{unit}" if bracket else "")
