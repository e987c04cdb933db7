"""What figures and claims share in reading datasets: configuration, usable trials, who found the target."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval, share_interval, usable_share
from leoisac.experiment.reading.verdicts import Estimate
from leoisac.foundation.config import build
from leoisac.foundation.number_text import share_text
from leoisac.plots.curves import LEAST_TRIALS
from leoisac.plots.style import SeriesStyle
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig

FOUND_RAD = math.radians(2.0)
"""A direction of arrival counts as found within this angle of the true one."""


def configuration(dataset: xr.Dataset) -> BistaticRsmaConfig:
    """The base configuration that a dataset was computed with."""
    return build(BistaticRsmaConfig, json.loads(dataset.attrs["config"]))


def usable_text(dataset: xr.Dataset) -> str:
    """The least share of usable trials of any scheme and point, for the note of a figure."""
    least = float(usable_share(dataset).min())
    return "all trials usable" if least == 1.0 else f"usable at the worst point: {share_text(least)}"


def found(dataset: xr.Dataset) -> xr.DataArray:
    """Usable trials that find the direction of arrival."""
    return dataset["usable"] & (dataset["aoa_error"] <= FOUND_RAD)


def found_share(dataset: xr.Dataset) -> xr.Dataset:
    """Share of the usable trials that find the direction of arrival, with its 95 % interval."""
    return share_interval(found(dataset).sum("trial"), dataset["usable"].sum("trial"))


def estimate_of(numbers: xr.Dataset, name: str, trials: Any) -> Estimate:
    """An interval of the statistics as an estimate of the verdicts; ``name`` is that of the middle."""
    return Estimate(float(numbers[name]), float(numbers["low"]), float(numbers["high"]), int(trials))


def root_mean_square(values: xr.DataArray) -> xr.Dataset:
    """Root of the mean square over the trials that have a value, with its 95 % bootstrap interval."""
    squares = mean_interval(values**2, method="bootstrap")
    roots = {name: squares[name] ** 0.5 for name in ("mean", "low", "high")}
    return squares.assign(roots)


def draw_dots(
    axes: Any, x: Any, y: Any, numbers: xr.Dataset, style: SeriesStyle, label: str = "", across: str = "y"
) -> None:
    """Means with their intervals for things that have no order, along ``across``; hollow below three trials."""
    enough = numbers["count"].values >= LEAST_TRIALS
    mean, low, high = (numbers[name].values for name in ("mean", "low", "high"))
    spread = np.where(enough, np.stack([mean - low, high - mean]), np.nan)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    axes.errorbar(x, y, **{f"{across}err": spread}, fmt="none", color=style.colour, capsize=3)
    mark = {"color": style.colour, "marker": style.marker, "linestyle": "none"}
    axes.plot(x[enough], y[enough], **mark)
    axes.plot(x[~enough], y[~enough], **mark, markerfacecolor="white")
    axes.plot([], [], **mark, label=label or None)
