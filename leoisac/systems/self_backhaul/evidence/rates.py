"""Delivered sum rates in stored results, over the trials that are compared, and what is compared about them.

A dataset goes through ``viewed`` first: schemes and points are compared over the trials that all of them can use.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import xarray as xr

from leoisac.experiment.reading.settings import stored_scenario
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, difference
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul import SYSTEM

RATE = "delivered_sum_rate"


def delivered(dataset: xr.Dataset) -> xr.DataArray:
    """Delivered sum rate in bit/s/Hz; missing where a trial does not count."""
    return dataset[RATE].where(dataset["usable"])


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
    return [one for one in estimates if one.known]


def present(dataset: xr.Dataset, schemes: Sequence[str]) -> list[str]:
    """The schemes that the dataset holds, in the given order."""
    there: set[Any] = set(dataset["scheme"].values.tolist())
    return [scheme for scheme in schemes if scheme in there]


def routes(dataset: xr.Dataset) -> dict[str, str]:
    """Label in the dataset -> route. A label does not say it where it is the scheme's only one."""
    labels = [str(label) for label in dataset["scheme"].values]
    stored = stored_scenario(SYSTEM, dataset)
    choices = [] if stored is None else stored.choices(SYSTEM)
    by_name = {choice.label: choice.route for choice in choices}
    alone = {choice.scheme.name: choice.route for choice in choices}
    return {label: by_name.get(label) or alone.get(label) or label.partition(":")[2] or "fast" for label in labels}


def by_route(dataset: xr.Dataset, scheme: str, route: str) -> xr.Dataset | None:
    """The designs of one route of a scheme; None where it was not run."""
    for label, used in routes(dataset).items():
        if label.partition(":")[0] == scheme and used == route:
            return dataset.sel(scheme=label)
    return None


def chosen(dataset: xr.Dataset, schemes: Sequence[str]) -> xr.Dataset:
    """The dataset with those of its schemes that are named, in the given order."""
    return dataset.sel(scheme=present(dataset, schemes))


def met_share(dataset: xr.Dataset, metric: str = "min_rate_met") -> xr.DataArray:
    """Share of all trials run (or of their users: ``users_met``) with the least rate; without a design, none."""
    run = (dataset["status"] != NOT_RUN).sum("trial")
    if metric not in dataset:  # stored before it was measured
        return run * float("nan")
    met = dataset[metric].where(dataset["usable"], 0.0).fillna(0.0).sum("trial")
    return met / run.where(run > 0)


def ended(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with all that ended in a design counting, also one that misses a constraint.

    For what is said about a procedure: as printed, Algorithm 2 ends in designs without the guarantee that it is for.
    """
    there = (dataset["status"] != NOT_RUN) & (dataset["status"] < int(Status.INFEASIBLE))
    return dataset.assign(usable=there & dataset["history"].notnull().any("iteration"))


def as_stored(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with its routes in the labels of its schemes, as studies name them."""
    stored = stored_scenario(SYSTEM, dataset)
    labels = [] if stored is None else [choice.label for choice in stored.choices(SYSTEM)]
    if len(labels) != dataset.sizes["scheme"]:
        return dataset
    return dataset.assign_coords(scheme=("scheme", labels, dict(dataset["scheme"].attrs)))


def joined(dataset: xr.Dataset, name: str, other: xr.Dataset) -> xr.Dataset:
    """A study with the one scheme of another one under a name of its own; what that lacks was not run."""
    kept = [name for name in (RATE, "usable", "status", "min_rate_met") if name in dataset and name in other]
    other = other.isel(scheme=slice(0, 1)).assign_coords(scheme=[name])
    parts = [part[kept].drop_vars(["scheme_label", "scheme_bound"], errors="ignore") for part in (dataset, other)]
    missing = {RATE: float("nan"), "usable": False, "status": NOT_RUN, "min_rate_met": float("nan")}
    whole = xr.concat(parts, "scheme", join="outer", fill_value=missing, combine_attrs="override")
    return whole.transpose("scheme", ..., "trial")


__all__ = [
    "RATE",
    "as_stored",
    "by_route",
    "chosen",
    "delivered",
    "ended",
    "gaps",
    "joined",
    "known",
    "met_share",
    "points",
    "present",
    "routes",
    "steps",
    "sweep_axis",
    "usable_share",
]
