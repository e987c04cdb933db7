"""Rates in stored results and what is compared about them: paired differences with 95 % intervals.

All schemes and sweep points of a study meet the same drops, so that differences are taken drop by drop, over the drops
that both can use.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval, summary, usable_share
from leoisac.systems.self_backhaul.evidence.studies import ROBUST

_LONG_NAME = "delivered sum rate"


class Estimate(NamedTuple):
    """A mean with its 95 % interval over ``trials`` trials."""

    mean: float
    low: float
    high: float
    trials: int

    def __str__(self) -> str:
        if not math.isfinite(self.mean):
            return "no trial"
        half = f" ± {self.high - self.mean:.2f}" if math.isfinite(self.high) else ""
        return f"{self.mean:+.2f}{half}"


def delivered(dataset: xr.Dataset) -> xr.DataArray:
    """Delivered sum rate in bit/s/Hz; of the robust scheme the guaranteed one. Missing where a trial is unusable."""
    robust = dataset["scheme"].str.startswith(ROBUST)
    rate = dataset["sum_rate"]
    if bool(robust.any()):
        rate = rate.where(~robust, dataset["guaranteed_sum_rate"])
    return rate.where(dataset["usable"])


def delivered_summary(dataset: xr.Dataset) -> xr.Dataset:
    """``experiment.statistics.summary`` of the delivered sum rate."""
    attributes = {**dataset["sum_rate"].attrs, "long_name": _LONG_NAME}
    return summary(dataset.assign(delivered_rate=delivered(dataset).assign_attrs(attributes)), "delivered_rate")


def estimate(values: xr.DataArray) -> Estimate:
    """Mean over the trials that have a value, with its interval; ``values`` have the trial axis alone."""
    found = mean_interval(values)
    mean, low, high = (float(found[name]) for name in ("mean", "low", "high"))
    return Estimate(mean, low, high, int(found["count"]))


def difference(first: xr.DataArray, second: xr.DataArray) -> Estimate:
    """``first - second`` over the trials that have both."""
    return estimate(first - second)


def sweep_axis(dataset: xr.Dataset) -> str:
    """The one axis that a study sweeps."""
    (axis,) = (str(dim) for dim in dataset["usable"].dims if dim not in ("scheme", "trial"))
    return axis


def points(dataset: xr.Dataset, scheme: str) -> list[xr.DataArray]:
    """A scheme's delivered rates over the trials, one array per sweep point, ascending as swept."""
    axis = sweep_axis(dataset)
    rates = delivered(dataset).sel(scheme=scheme, drop=True)
    return [rates.isel({axis: index}, drop=True) for index in range(rates.sizes[axis])]


def steps(dataset: xr.Dataset, scheme: str) -> list[Estimate]:
    """What a scheme gains from one sweep point to the next."""
    values = points(dataset, scheme)
    return [difference(after, before) for before, after in itertools.pairwise(values)]


def gaps(dataset: xr.Dataset, scheme: str, other: str) -> list[Estimate]:
    """By how much a scheme leads another, per sweep point."""
    pairs = zip(points(dataset, scheme), points(dataset, other), strict=True)
    return [difference(one, two) for one, two in pairs]


def known(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Those with an interval."""
    return [one for one in estimates if math.isfinite(one.low)]


def present(dataset: xr.Dataset, schemes: Sequence[str]) -> list[str]:
    """The schemes that the dataset holds, in the given order."""
    there: set[Any] = set(dataset["scheme"].values.tolist())
    return [scheme for scheme in schemes if scheme in there]


__all__ = [
    "Estimate",
    "delivered",
    "delivered_summary",
    "difference",
    "estimate",
    "gaps",
    "known",
    "points",
    "present",
    "steps",
    "sweep_axis",
    "usable_share",
]
