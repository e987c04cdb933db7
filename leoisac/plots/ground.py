"""A map of the ground: coastline, the way of the point below a satellite, a site."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

_COAST, _TRACK, _SITE = "#888888", "#0072B2", "#D55E00"
_MARGIN = 0.12
_LEAST_SPAN_DEG = 8.0


@cache
def coastline() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Longitudes and latitudes (degrees) of every polyline; see ``data/README.md``."""
    with files("leoisac.plots").joinpath("data", "coastline.npz").open("rb") as stream, np.load(stream) as held:
        lines = np.split(np.stack([held["lon"], held["lat"]]).astype(float), held["start"][1:-1], axis=1)
    return tuple((line[0], line[1]) for line in lines)


def draw_ground_track(
    axes: Any, latitude_deg: np.ndarray, longitude_deg: np.ndarray, site_deg: tuple[float, float] | None = None
) -> None:
    """The way below a satellite over a coastline, with the site where one is given (latitude, longitude).

    Longitudes are drawn next to the site's, or the first one's, so that a way over 180 degrees is whole.
    """
    centre = site_deg[1] if site_deg is not None else float(longitude_deg[0])
    x, y = _beside(longitude_deg, centre), np.asarray(latitude_deg)
    marks = [(x, y), *([(np.array([centre]), np.array([site_deg[0]]))] if site_deg is not None else [])]
    left, right = _span(np.concatenate([mark[0] for mark in marks]))
    low, high = _span(np.concatenate([mark[1] for mark in marks]))
    low, high = max(low, -90.0), min(high, 90.0)
    for longitudes, latitudes in coastline():
        for turn in (-360.0, 0.0, 360.0):
            shifted = longitudes + turn
            if shifted.max() >= left and shifted.min() <= right and latitudes.max() >= low and latitudes.min() <= high:
                axes.plot(shifted, latitudes, color=_COAST, linewidth=0.6)
    axes.plot(x, y, color=_TRACK)
    axes.plot(x[:1], y[:1], "o", color=_TRACK, markersize=4)
    if len(x) > 1:
        arrow = {"arrowstyle": "->", "color": _TRACK}
        axes.annotate("", (x[-1], y[-1]), (x[-2], y[-2]), arrowprops=arrow)
    if site_deg is not None:
        axes.plot([centre], [site_deg[0]], "^", color=_SITE, markersize=5)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.set_aspect(1.0 / max(math.cos(math.radians(0.5 * (low + high))), 0.1), adjustable="box")
    axes.set_xlabel("longitude [deg]")
    axes.set_ylabel("latitude [deg]")


def _beside(longitude_deg: np.ndarray, centre: float) -> np.ndarray:
    return centre + np.mod(np.asarray(longitude_deg) - centre + 180.0, 360.0) - 180.0


def _span(values: np.ndarray) -> tuple[float, float]:
    width = max(float(np.ptp(values)), _LEAST_SPAN_DEG)
    middle = 0.5 * (float(values.min()) + float(values.max()))
    half = (0.5 + _MARGIN) * width
    return middle - half, middle + half


__all__ = ["coastline", "draw_ground_track"]
