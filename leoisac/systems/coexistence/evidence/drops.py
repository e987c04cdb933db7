"""What figures and claims read from results: which drops count, means over them, radii of equal failure."""

from __future__ import annotations

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import share_interval

FAILURE_LEVEL = 0.3
"""Failure probability at which sensing radii are compared, as in the paper."""


def common_drops(dataset: xr.Dataset, scheme: str = "proposed") -> xr.Dataset:
    """Results without the drops that a scheme cannot use: they are removed for all schemes, so that means compare."""
    usable = dataset["usable"] & dataset["usable"].sel(scheme=scheme, drop=True)
    return dataset.assign(usable=usable.transpose(*dataset["usable"].dims))


def mean_over_drops(dataset: xr.Dataset, metric: str) -> xr.DataArray:
    """Mean of a metric over usable drops."""
    return dataset[metric].where(dataset["usable"]).mean("trial")


def usable_trials(dataset: xr.Dataset) -> int:
    """Least number of usable trials over schemes and points."""
    return int(dataset["usable"].sum("trial").min())


def scnr_db(dataset: xr.Dataset) -> xr.DataArray:
    """SCNR of every target in dB, usable drops only."""
    values = dataset["scnr"].where(dataset["usable"])
    positive = values.where(values > 0.0)
    return positive.copy(data=10.0 * np.log10(positive.values))


def rate_with_association(dataset: xr.Dataset) -> xr.DataArray:
    """Sum rate of beams by P3 at a given satellite power; where they cannot sense, the base station stays silent.

    Then the terrestrial rate is zero, and the satellite user has the rate of the undisturbed link. Only drops for which
    that is known count: those that follow when a study asks for usable ones would be the lucky ones alone.
    """
    beams = dataset.sel(scheme="coop-uniform", drop=True)
    undisturbed = dataset["satellite_rate"].sel(scheme="interference-free", drop=True)
    return xr.where(beams["usable"], beams["sum_rate"], undisturbed).where(undisturbed.notnull())


def failure_share(dataset: xr.Dataset) -> xr.Dataset:
    """``share, low, high`` of drops in which a target cannot be sensed (Wilson intervals)."""
    run = dataset["usable"].sum("trial")
    return share_interval(dataset["sensing_failure"].where(dataset["usable"]).sum("trial"), run)


def radius_at(share: xr.DataArray, level: float = FAILURE_LEVEL) -> float:
    """Sensing radius at which the failure share first reaches a level, by linear interpolation; NaN if it never does.

    The share is made monotone first, as the probability is.
    """
    radius = share["sensing_radius_m"].values.astype(float)
    rising = np.maximum.accumulate(share.values.astype(float))
    above = np.flatnonzero(rising >= level)
    if not len(above):
        return float("nan")
    first = int(above[0])
    if first == 0:
        return float(radius[0])
    part = (level - rising[first - 1]) / (rising[first] - rising[first - 1])
    return float(radius[first - 1] + part * (radius[first] - radius[first - 1]))
