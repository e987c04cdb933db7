# pyright: reportUnknownMemberType=false
"""Stored results by power fraction, beside what the paper reports: what figures, table and claims have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.statistics import share_interval, trials_run, usable_share
from leoisac.experiment.reading.verdicts import Estimate, estimate
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.number_text import share_text

Data = Mapping[str, xr.Dataset]

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)
"""The common stream's share of the power in every figure of the paper."""
INNER = FRACTIONS[1:-1]
MET = 1e-3
"""A requirement counts as met down to this relative margin."""
AXIS = "common_power_fraction"


class Published(NamedTuple):
    """A row of the paper's Table II: means of the least private rate (bit) and of both bounds, share of draws in which
    the common rate meets its floor."""

    min_rate: float
    crb_delay: float
    crb_doppler: float
    floor_met: float


TABLE_II = {
    0.0: Published(4.884, 5.631e-12, 4970.0, 0.0),
    0.1: Published(4.982, 3.99e-12, 4960.0, 1.0),
    0.2: Published(4.886, 3.68e-12, 4950.0, 1.0),
    0.3: Published(4.724, 3.558e-12, 4950.0, 1.0),
    0.5: Published(4.278, 3.70e-12, 4950.0, 1.0),
    0.8: Published(2.976, 4.93e-12, 4960.0, 1.0),
    1.0: Published(0.0, 1.873e-11, 6320.0, 1.0),
}


class Source(NamedTuple):
    """Where the results of one way to design are: studies of the inner fractions and of both ends, and the route."""

    fractions: str
    ends: str
    route: str = ""


SOURCES = {
    "fast": Source("fractions", "ends"),
    "least-delay": Source("least-bounds", "least-bounds-ends", "least-delay"),
    "least-doppler": Source("least-bounds", "least-bounds-ends", "least-doppler"),
    "random": Source("random", "random"),
    "reference": Source("common-draws-fractions", "common-draws-ends", "reference"),
    "published": Source("common-draws-fractions", "common-draws-ends", "published"),
    "ga-sensing": Source("common-draws-fractions", "common-draws-ends", "ga-sensing"),
}
"""Ways to design. Without common power they are ``sdma``, with nothing else ``common-only``, between them ``rsma``; the
random streams have a scheme of their own."""
OTHER_ROUTES = ("reference", "published", "ga-sensing")
"""Those that are compared on a few common draws."""
LEAST = {"crb_delay": "least-delay", "crb_doppler": "least-doppler"}
"""Bound -> the way to design that defines it: the rate leaves bounds open, its second stage does not."""
_NAMES = (
    "min_rate",
    "total_min_rate",
    "crb_delay",
    "crb_doppler",
    "margin_common_rate",
    "margin_crb_delay",
    "margin_crb_doppler",
)


def by_fraction(datasets: Data, ways: Sequence[str]) -> xr.Dataset:
    """Results of several ways to design over ``(scheme, common_power_fraction, trial)``; ``scheme`` names the way.

    As many trials as the way with the fewest has. What no study holds counts as not run; ways of which there is nothing
    are left out.
    """
    found: dict[str, dict[float, xr.Dataset]] = {}
    for way in ways:
        cells = {fraction: _cell(datasets, way, fraction) for fraction in FRACTIONS}
        known = {fraction: cell for fraction, cell in cells.items() if cell is not None}
        if known:
            found[way] = known
    longest = [max(cell.sizes["trial"] for cell in cells.values()) for cells in found.values()]
    count = min(longest, default=0)
    shape = (len(found), len(FRACTIONS), count)
    dims = ("scheme", AXIS, "trial")
    status, usable = np.full(shape, NOT_RUN, dtype=np.int8), np.zeros(shape, dtype=bool)
    columns = {name: np.full(shape, np.nan) for name in _NAMES}
    attributes: dict[str, dict[str, object]] = {name: {} for name in _NAMES}
    for row, cells in enumerate(found.values()):
        for fraction, cell in cells.items():
            cell = cell.isel(trial=slice(0, count))
            place = (row, FRACTIONS.index(fraction), slice(0, cell.sizes["trial"]))
            status[place], usable[place] = cell["status"].values, cell["usable"].values
            for name in _NAMES:
                if name in cell:
                    columns[name][place] = cell[name].where(cell["usable"]).values
                    attributes[name] = dict(cell[name].attrs)
    variables = {name: (dims, values, attributes[name]) for name, values in columns.items()}
    coordinates = {"scheme": list(found), AXIS: list(FRACTIONS), "trial": np.arange(count)}
    return xr.Dataset(
        {**variables, "status": (dims, status), "usable": (dims, usable)}, coordinates, {"alive": ("total_min_rate",)}
    )


def _cell(datasets: Data, way: str, fraction: float) -> xr.Dataset | None:
    source = SOURCES[way]
    dataset = datasets.get(source.ends if fraction in (0.0, 1.0) else source.fractions)
    if dataset is None:
        return None
    name = "random" if way == "random" else {0.0: "sdma", 1.0: "common-only"}.get(fraction, "rsma")
    labels = (f"{name}:{source.route}",) if source.route else (name, f"{name}:fast")
    present = [label for label in labels if label in dataset["scheme"].values]
    if not present:
        return None
    one = dataset.sel(scheme=present[0], drop=True)
    if AXIS in one.dims:
        near = np.flatnonzero(np.isclose(one[AXIS].values.astype(float), fraction))
        if not len(near):
            return None
        one = one.isel({AXIS: int(near[0])}, drop=True)
    return one


def values(data: xr.Dataset, metric: str, way: str, fraction: float) -> xr.DataArray:
    """A metric of the trials that count, missing elsewhere; of nothing if the way is not there."""
    if way not in data["scheme"].values:
        return xr.DataArray(np.full(0, np.nan), dims="trial")
    one = data.sel(scheme=way, drop=True).sel({AXIS: fraction}, drop=True)
    return one[metric].where(one["usable"])


def compared(datasets: Data, ways: Sequence[str]) -> xr.Dataset:
    """``by_fraction`` over the trials that all of it can use: what claims and panels of means are about."""
    return viewed(by_fraction(datasets, ways))


def mean_at(data: xr.Dataset, metric: str, way: str, fraction: float) -> Estimate:
    """Mean of a metric with its interval."""
    return estimate(values(data, metric, way, fraction))


class Share(NamedTuple):
    """A share of all trials that were run with its 95 % interval."""

    share: float
    low: float
    high: float
    trials: int


def met_share(data: xr.Dataset, margin: str, way: str, fraction: float) -> Share:
    """Share of the trials run whose margin is met; what has no usable design counts as not met."""
    if way not in data["scheme"].values:
        return Share(np.nan, np.nan, np.nan, 0)
    one = data.sel(scheme=way, drop=True).sel({AXIS: fraction}, drop=True)
    run = trials_run(one)
    met = (one["usable"] & (one[f"margin_{margin}"] >= -MET)).sum("trial")
    found = share_interval(met, run)
    share, low, high = (float(found[name]) for name in ("share", "low", "high"))
    return Share(share, low, high, int(run))


def split_text(dataset: xr.Dataset) -> str:
    """``10 % common power``: the split of a study that does not sweep it."""
    fraction = json.loads(str(dataset.attrs["config"]))["common_power_fraction"]
    return "free power split" if fraction == "free" else f"{100.0 * fraction:g} % common power"


def lowest_share(data: xr.Dataset) -> str:
    """``lowest usable share 99.7%``, for the caption of a figure without a strip of shares; empty if all can be used.

    Schemes without a usable trial at any point are refused by construction and stand in the text instead.
    """
    share = usable_share(data)
    alive = share.max([dim for dim in share.dims if dim != "scheme"]) > 0.0
    known = share.where(alive)
    least = float(known.min()) if bool(known.notnull().any()) else 1.0
    return f"lowest usable share {share_text(least)}" if least < 1.0 else ""
