"""Curves that would cover each other: marks of one abscissa stand side by side, intervals are bars instead of bands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.plots.curves import LEAST_TRIALS, draw_marks, legend_text
from leoisac.plots.style import SeriesStyle

if TYPE_CHECKING:
    import xarray as xr

_SPREAD = 0.6
"""Share of the narrowest step between abscissae that the marks of one of them take at most."""
_APART = 0.02
"""Share of the abscissae's range that neighbours are apart at most: on a slope a mark must not seem another's equal."""


def beside(x: Any, place: int, count: int, log: bool = False) -> np.ndarray:
    """Abscissae of one of ``count`` curves, moved off the true ones, the middle of the curves staying where they are.

    Args:
        x: abscissae, shape ``(point,)``; positive where ``log``.
        place: which curve, from 0.
        count: how many there are.
        log: steps are ratios, as on a logarithmic axis.
    """
    true = np.asarray(x, dtype=float)
    if len(true) < 2 or count < 2:
        return true
    shown = np.log(true) if log else true
    apart = min(_SPREAD * float(np.diff(np.sort(shown)).min()) / (count - 1), _APART * float(np.ptp(shown)))
    moved = shown + apart * (place - 0.5 * (count - 1))
    return np.exp(moved) if log else moved


def draw_beside(
    axes: Any, x: Any, numbers: xr.Dataset, style: SeriesStyle, label: str = "", *, place: int, count: int
) -> None:
    """Means with bars of their intervals, as curve ``place`` of ``count``; hollow without a bar over under 3 trials.

    The axis must have its scale already. Bars end at what the quantity can be (``valid_min``, ``valid_max`` of the
    means).

    Args:
        axes: Matplotlib's.
        x: abscissae, shape ``(point,)``.
        numbers: ``mean, low, high`` and ``count`` (trials behind a mean) over the points; without ``low`` and ``high``
            there are no bars, without ``count`` every mean stands on enough.
        style: of the scheme.
        label: legend text; it says why, where there is no curve.
        place, count: which curve of how many.
    """
    x = beside(x, place, count, axes.get_xscale() == "log")
    mean = numbers["mean"].values.astype(float)
    enough = numbers["count"].values >= LEAST_TRIALS if "count" in numbers else np.ones(mean.shape, dtype=bool)
    axes.plot(x, mean, ls=style.line, color=style.colour, linewidth=0.7, alpha=0.7)
    draw_marks(axes, x, mean, enough, style)
    axes.plot([], [], ls=style.line, color=style.colour, marker=style.marker, label=legend_text(label, numbers) or None)
    if "low" not in numbers:
        return
    bounds = numbers["mean"].attrs
    low = np.maximum(numbers["low"].values.astype(float), float(bounds.get("valid_min", -math.inf)))
    high = np.minimum(numbers["high"].values.astype(float), float(bounds.get("valid_max", math.inf)))
    sure = enough & np.isfinite(low) & np.isfinite(high)
    reach = np.maximum(np.stack([mean - low, high - mean]), 0.0)[:, sure]
    axes.errorbar(x[sure], mean[sure], yerr=reach, fmt="none", color=style.colour, linewidth=0.9, capsize=2)


__all__ = ["beside", "draw_beside"]
