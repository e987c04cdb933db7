"""One curve of means with its band, drawn the same way in every figure; and the strip of usable shares below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from leoisac.foundation.figure_notes import CUT
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
_STEP, _MOST_STEPS = 1.15, 0.7
"""Marks of one place stand so many widths apart, and together take at most this share of the way to the next place."""


class Numbers(Protocol):
    """Usable shares of a scheme: where its points lie, and how many of the trials are usable there."""

    @property
    def x(self) -> np.ndarray: ...
    @property
    def usable_share(self) -> np.ndarray: ...


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

    Bands are clipped to what a quantity can be and an axis can show; the small print says so where they are. A point
    without a band on either side has a bar, and one over fewer than three trials is a hollow mark without a band. A
    legend says of a scheme without a curve why there is none.

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
    x = np.atleast_1d(np.asarray(x))
    mean, low, high = (np.atleast_1d(scale * numbers[name].values.astype(float)) for name in ("mean", "low", "high"))
    count = np.atleast_1d(numbers["count"].values) if "count" in numbers else np.full(mean.shape, LEAST_TRIALS)
    enough = count >= LEAST_TRIALS
    axes.plot(x, mean, ls=style.line, color=style.colour)
    draw_marks(axes, x, mean, enough, style)
    # What the legend shows: line and mark of the scheme, whatever the points are.
    shown = legend_text(label, numbers)
    axes.plot([], [], ls=style.line, color=style.colour, marker=style.marker, label=shown or None)
    low, high = np.maximum(low, scale * least), np.minimum(high, scale * most)
    reach = _REACH * _height(mean)
    has_band = enough & np.isfinite(low) & np.isfinite(high)
    cut = CUT if np.any(has_band & ((low < mean - reach) | (high > mean + reach))) else None
    low, high = np.maximum(low, mean - reach), np.minimum(high, mean + reach)
    look = {"color": style.colour, "alpha": _BAND_ALPHA, "linewidth": 0, "gid": cut}
    axes.fill_between(x, low, high, where=has_band, **look)
    alone = has_band & ~np.append(has_band[1:], False) & ~np.append(False, has_band[:-1])
    if alone.any():  # a band has no width there
        ends = np.maximum([mean - low, high - mean], 0.0)[:, alone]
        axes.errorbar(x[alone], mean[alone], yerr=ends, fmt="none", ecolor=style.colour, elinewidth=1.0, capsize=2.5)


def draw_marks(axes: Any, x: np.ndarray, mean: np.ndarray, enough: np.ndarray, style: SeriesStyle) -> None:
    """Marks at means, hollow where there are not ``enough`` trials."""
    mark = {"color": style.colour, "marker": style.marker, "linestyle": "none"}
    axes.plot(x[enough], mean[enough], **mark)
    axes.plot(x[~enough], mean[~enough], **mark, markerfacecolor="white")


def legend_text(label: str, numbers: xr.Dataset) -> str:
    """The legend of a scheme, with the reason where it has no curve."""
    if not label or bool(np.isfinite(numbers["mean"].values).any()):
        return label
    share = numbers["usable_share"].values if "usable_share" in numbers else np.ones(1)
    if not np.isfinite(share).any():
        return f"{label} (not run)"
    return f"{label} ({'never usable' if np.nanmax(share) == 0.0 else 'not compared'})"


def draw_shares(axes: Any, curves: Sequence[tuple[Numbers, SeriesStyle]], width_in: float) -> None:
    """A strip of the shares of usable trials, of the schemes that lose any.

    Shares are known at the points alone, so they are marks without lines; those of one point stand side by side, so
    that equal ones are all seen.

    Args:
        axes: of the strip, whose limits along x are those of the panel above.
        curves: of every scheme, with its style.
        width_in: about as wide as the strip is, inches.
    """
    import matplotlib as mpl
    from matplotlib.lines import Line2D
    from matplotlib.transforms import offset_copy

    chosen = [(curve, style) for curve, style in curves if np.any(curve.usable_share < 1.0)]
    points = max((len(curve.x) for curve, _ in chosen), default=1)
    room = _MOST_STEPS * 72.0 * width_in / points / max(len(chosen), 1)
    size = float(mpl.rcParams["lines.markersize"])
    step = min(_STEP * size, room)
    for place, (curve, style) in enumerate(chosen):
        shift = step * (place - (len(chosen) - 1) / 2)
        moved = offset_copy(axes.transData, axes.figure, x=shift, y=0.0, units="points")
        look: dict[str, Any] = {"color": style.colour, "marker": style.marker or ".", "linestyle": "none"}
        size_here = min(size, max(2.0, step))
        # Not by ``plot``, which would take the shift for data.
        axes.add_artist(Line2D(curve.x, curve.usable_share, **look, markersize=size_here, transform=moved))
    axes.update_datalim([(value, 0.0) for curve, _ in chosen for value in curve.x])
    axes.autoscale_view()
    axes.set_ylim(-0.12, 1.12)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_ylabel("usable share")


def limit_x(axes: Any, x: np.ndarray, means: Sequence[np.ndarray], shares: bool) -> None:
    """No room for points at either end without a curve: of those, the strip of shares shows the first one only."""
    there = np.any([np.isfinite(mean) for mean in means], axis=0)
    order = np.argsort(x)
    kept = np.flatnonzero(there[order])
    if not kept.size:
        return
    first, last = max(int(kept[0]) - shares, 0), min(int(kept[-1]) + shares, len(x) - 1)
    low, high = x[order][first], x[order][last]
    if (first, last) == (0, len(x) - 1) or not high > low:
        return
    if axes.get_xscale() == "log":
        margin = (high / low) ** 0.05
        axes.set_xlim(low / margin, high * margin)
    else:
        margin = 0.05 * (high - low)
        axes.set_xlim(low - margin, high + margin)


def _height(mean: np.ndarray) -> float:
    known = mean[np.isfinite(mean)]
    if not known.size:
        return 0.0
    return max(float(np.ptp(known)), _LEAST_HEIGHT * float(np.max(np.abs(known))))
