# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
"""Statistics over trials: means with Student intervals, shares with Wilson intervals, paired differences.

Only usable trials count; how many there are stands beside every mean.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import special

from leoisac.experiment.judge import NOT_RUN

LEVEL = 0.95


def summary(dataset: xr.Dataset, metric: str, level: float = LEVEL) -> xr.Dataset:
    """Mean of a metric over usable trials, and how many trials were usable.

    Args:
        dataset: of a run.
        metric: name of a metric (or ``objective``, ``violation``).
        level: coverage of the intervals.

    Returns:
        ``mean, low, high`` (Student), ``count`` (usable trials with a value); ``usable_share, usable_low, usable_high``
        (Wilson) among the trials that were run. Attributes: those of the dataset and of the metric.

    Raises:
        KeyError: if the dataset has no such metric.
    """
    usable = dataset["usable"]
    values = dataset[metric].where(usable)
    run = (dataset["status"] != NOT_RUN).sum("trial")
    result = mean_interval(values, level)
    share = share_interval(usable.sum("trial"), run, level)
    result = result.assign({f"usable_{name}": share[name] for name in ("share", "low", "high")})
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(dataset[metric].attrs)
    result.attrs = {**dataset.attrs, **dataset[metric].attrs, "metric": metric, "level": level}
    return result


def mean_interval(values: xr.DataArray, level: float = LEVEL) -> xr.Dataset:
    """``mean, low, high, count`` over the axis ``trial``, missing values left out.

    Interval ``mean ± t_{n-1} s / sqrt(n)``: exact for normal values, and by the central limit theorem close to it for
    the means of many trials. One value has a mean and no interval.
    """
    present = values.notnull()
    count = present.sum("trial")
    mean = values.fillna(0.0).sum("trial") / count.where(count > 0)
    squares = ((values - mean) ** 2).where(present, 0.0).sum("trial")
    freedom = (count - 1).where(count > 1)
    quantile = special.stdtrit(freedom.values.astype(np.float64), 0.5 + 0.5 * level)
    half = freedom.copy(data=quantile) * (squares / freedom / count.where(count > 0)) ** 0.5
    return xr.Dataset({"mean": mean, "low": mean - half, "high": mean + half, "count": count})


def share_interval(successes: xr.DataArray, trials: xr.DataArray, level: float = LEVEL) -> xr.Dataset:
    """``share, low, high`` of a binomial share, after E. B. Wilson (J. Am. Stat. Assoc. 22, 1927, p. 209).

    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``; it stays within [0, 1], also at 0 and n successes. No
    trials, no share.
    """
    z = float(special.ndtri(0.5 + 0.5 * level))
    n = trials.where(trials > 0).astype(float)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
    # At the ends the bound is 0 or 1 exactly; rounding must not say otherwise.
    low = (centre - half).where(successes > 0, share)
    high = (centre + half).where(successes < trials, share)
    return xr.Dataset({"share": share, "low": low, "high": high})


def paired_difference(dataset: xr.Dataset, metric: str, first: str, second: str, level: float = LEVEL) -> xr.Dataset:
    """``mean, low, high, count`` of ``first - second`` over the trials that both schemes can use.

    Both schemes meet the same channels: the interval of the difference is much narrower than those of the two means.

    Raises:
        KeyError: if the dataset lacks the metric or a scheme.
    """
    values = dataset[metric].where(dataset["usable"])
    difference = values.sel(scheme=first, drop=True) - values.sel(scheme=second, drop=True)
    result = mean_interval(difference, level)
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(dataset[metric].attrs)
    return result
