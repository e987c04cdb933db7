"""One curve of means with its band, drawn the same way in every figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.plots.style import SeriesStyle

if TYPE_CHECKING:
    import xarray as xr

LEAST_TRIALS = 3
"""A point over fewer trials is a hollow mark without a band: its interval says nothing."""
_BAND_ALPHA = 0.18
_REACH = 1.5
"""A band reaches at most this many heights of its curve beyond it; further, it says only that little is known."""
_LEAST_HEIGHT = 0.25
"""Height of a flat curve for that purpose, as a share of its level."""


def draw_curve(
    axes: Any,
    x: Any,
    numbers: xr.Dataset,
    style: SeriesStyle,
    label: str = "",
    *,
    scale: float = 1.0,
    least: float | None = None,
    most: float | None = None,
) -> None:
    """Means over ``x`` with the band of their intervals.

    Bands are clipped to what a quantity can be and an axis can show. A point over fewer than three trials is a hollow
    mark without a band.

    Args:
        axes: Matplotlib's.
        x: abscissae, shape ``(point,)``.
        numbers: ``mean, low, high`` and ``count`` (trials behind a mean) over the points; without ``count`` every mean
            stands on enough.
        style: of the scheme.
        label: legend text.
        scale: factor of all values.
        least, most: bounds of the quantity, in its own unit before scaling; by default ``valid_min`` and ``valid_max``
            of the means.
    """
    bounds = numbers["mean"].attrs
    least = float(bounds.get("valid_min", -math.inf)) if least is None else least
    most = float(bounds.get("valid_max", math.inf)) if most is None else most
    x = np.asarray(x)
    mean, low, high = (scale * numbers[name].values.astype(float) for name in ("mean", "low", "high"))
    count = numbers["count"].values if "count" in numbers else np.full(mean.shape, LEAST_TRIALS)
    enough = count >= LEAST_TRIALS
    axes.plot(x, mean, style.line, color=style.colour)
    mark = {"color": style.colour, "marker": style.marker, "linestyle": "none"}
    axes.plot(x[enough], mean[enough], **mark)
    axes.plot(x[~enough], mean[~enough], **mark, markerfacecolor="white")
    # What the legend shows: line and mark of the scheme, whatever the points are.
    axes.plot([], [], style.line, color=style.colour, marker=style.marker, label=label or None)
    reach = _REACH * _height(mean)
    low = np.maximum(np.maximum(low, mean - reach), scale * least)
    high = np.minimum(np.minimum(high, mean + reach), scale * most)
    axes.fill_between(x, low, high, where=enough & np.isfinite(low), color=style.colour, alpha=_BAND_ALPHA, linewidth=0)


def _height(mean: np.ndarray) -> float:
    known = mean[np.isfinite(mean)]
    if not known.size:
        return 0.0
    return max(float(np.ptp(known)), _LEAST_HEIGHT * float(np.max(np.abs(known))))
