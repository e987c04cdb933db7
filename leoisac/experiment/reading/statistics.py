# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Statistics over trials: means with Student or bootstrap intervals, quantiles with exact ones, shares with Wilson's,
paired differences and ratios.

Only usable trials count; how many there are stands beside every mean. Which of them a mean is over: ``comparison``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import special

from leoisac.experiment.reading.comparison import collapsed, comparison_text, viewed
from leoisac.experiment.scenario.views import COMMON
from leoisac.experiment.trials.judge import NOT_RUN

LEVEL = 0.95
METHODS = ("student", "bootstrap")
RESAMPLES = 2000
_CHUNK = 4_000_000
"""Resampled values at once."""
_ROUNDING = 1e-9
"""Of the largest value: that far a value may be beyond the bound of its metric."""


def summary(
    dataset: xr.Dataset, metric: str, level: float = LEVEL, method: str = METHODS[0], view: str = COMMON
) -> xr.Dataset:
    """Mean of a metric, over the trials that all schemes and points can use, and how many trials each can use.

    Args:
        dataset: of a run.
        metric: name of a metric (or ``objective``, ``violation``).
        level: coverage of the intervals.
        method: of the interval of the mean, as for ``mean_interval``.
        view: which trials a mean is over: ``common``, ``all`` or ``usable``; see ``comparison``.

    Returns:
        ``mean, low, high``, ``count`` (trials with a value); ``usable_share, usable_low, usable_high`` (Wilson) among
        the trials that were run; ``collapsed``: how many of the trials counted serve nobody. Means of schemes and
        points that are not compared are missing. Attributes: those of the dataset and of the metric, ``caption``, and
        ``trials``: how many per point, in words. Intervals stay within the bounds of the metric; of one that is yes or
        no they are Wilson's.

    Raises:
        KeyError: if the dataset has no such metric.
        ConfigError: for an unknown view.
    """
    # Of all metrics a table reads one: copies of a dataset with forty variables would cost more than its statistics.
    needed = dict.fromkeys((metric, "usable", "status", *list[str](dataset.attrs.get("alive", ()))))
    dataset = dataset[[name for name in needed if name == metric or name in dataset]]
    seen = viewed(dataset, view)
    counted = seen[metric].where(seen["usable"])
    result = within_bounds(counted, mean_interval(counted, level, method), level)
    share = share_interval(dataset["usable"].sum("trial"), trials_run(dataset), level)
    result = result.assign({f"usable_{name}": share[name] for name in ("share", "low", "high")})
    result = result.assign(collapsed=collapsed(seen).sum("trial"))
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(dataset[metric].attrs)
    result.attrs = {**seen.attrs, **dataset[metric].attrs, "metric": metric, "level": level}
    result.attrs["caption"] = comparison_text(seen)
    result.attrs["trials"] = trials_text(dataset)
    return result


def within_bounds(values: xr.DataArray, result: xr.Dataset, level: float = LEVEL) -> xr.Dataset:
    """No interval reaches beyond what a quantity can be: of yes and no it is Wilson's, of others it ends at the bound.

    Student's interval of a share of three trials is 0.67 ± 1.43, which nothing can be. ``result`` is ``mean_interval``
    of the values, whose attributes ``valid_min`` and ``valid_max`` are the bounds. Values beyond them are of something
    else (a difference of two metrics keeps their attributes), which has none.
    """
    bounds = [values.attrs.get(f"valid_{name}") for name in ("min", "max")]
    if bounds == [None, None]:
        return result
    numbers = values.values[~np.isnan(values.values)] if values.dtype.kind == "f" else np.empty(0)
    if bounds == [0.0, 1.0] and numbers.size and bool(np.isin(numbers, (0.0, 1.0)).all()):
        share = share_interval(values.sum("trial"), result["count"], level)
        known = result["low"].notnull()  # one trial has no interval
        return result.assign({name: share[name].where(known) for name in ("low", "high")})
    least, most = (edge if bound is None else bound for bound, edge in zip(bounds, (-np.inf, np.inf)))
    rounding = _ROUNDING * float(np.max(np.abs(numbers), initial=0.0))
    if numbers.size and (numbers.min() < least - rounding or numbers.max() > most + rounding):
        return result
    return result.assign({name: result[name].clip(least, most, keep_attrs=True) for name in ("low", "high")})


def mean_interval(values: xr.DataArray, level: float = LEVEL, method: str = METHODS[0]) -> xr.Dataset:
    """``mean, low, high, count`` over the axis ``trial``, missing values left out.

    ``student``: ``mean ± t_{n-1} s / sqrt(n)``, exact for normal values, and by the central limit theorem close to it
    for the means of many trials. ``bootstrap``: ``bootstrap_interval``, better for few trials of a skewed metric. One
    value has a mean and no interval.

    Raises:
        ValueError: for another method.
    """
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    if method == "bootstrap":
        bounds = bootstrap_interval(values, level)
        count = values.notnull().sum("trial")
        mean = values.fillna(0.0).sum("trial") / count.where(count > 0)
        return xr.Dataset({"mean": mean, "low": bounds["low"], "high": bounds["high"], "count": count})
    # In NumPy: figures and claims ask for thousands of these, and aligning labels costs ten times the arithmetic.
    like = values.notnull().sum("trial")
    axis, data = values.get_axis_num("trial"), values.values.astype(np.float64)
    present, count = ~np.isnan(data), like.values
    some = np.where(count > 0, count, np.nan)
    mean = np.where(present, data, 0.0).sum(axis=axis) / some
    squares = np.where(present, (data - np.expand_dims(mean, axis)) ** 2, 0.0).sum(axis=axis)
    freedom = np.where(count > 1, count - 1.0, np.nan)
    half = special.stdtrit(freedom, 0.5 + 0.5 * level) * (squares / freedom / some) ** 0.5
    found = {"mean": mean, "low": mean - half, "high": mean + half, "count": count}
    return xr.Dataset({name: (like.dims, numbers, like.attrs) for name, numbers in found.items()}, like.coords)


def bootstrap_interval(
    values: xr.DataArray, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> xr.Dataset:
    """``low, high`` of the mean over ``trial`` by the bias-corrected and accelerated bootstrap.

    B. Efron, "Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82 (1987), p. 171, eqs. 2.3 and 6.6: the
    quantiles ``Phi(z0 + (z0 ± z) / (1 - a (z0 ± z)))`` of the resampled means, with the bias correction ``z0`` and the
    acceleration ``a = sum(d^3) / (6 sum(d^2)^1.5)`` of deviations ``d`` from the mean. Missing values are
    left out. The same ``seed``, the same interval. Fewer than two values have none, equal ones one of no width.
    """
    rows, kept = _rows(values)
    bounds = np.full((len(rows), 2), np.nan)
    for row, mask, out in zip(rows, kept, bounds):
        out[:] = _bca(row[mask], level, resamples, np.random.default_rng(seed))
    return _unstacked(values, {"low": bounds[:, 0], "high": bounds[:, 1]})


def quantiles(dataset: xr.Dataset, metric: str, q: Sequence[float] = (0.5,), level: float = LEVEL) -> xr.Dataset:
    """Quantiles of a metric over usable trials: ``value, low, high`` with a leading axis ``quantile``, and ``count``.

    Raises:
        KeyError: if the dataset has no such metric.
    """
    values = dataset[metric].where(dataset["usable"])
    parts = [quantile_interval(values, one, level) for one in q]
    result = xr.concat(parts, xr.IndexVariable("quantile", list(q)), data_vars=["value", "low", "high"])
    for name in ("value", "low", "high"):
        result[name].attrs = dict(dataset[metric].attrs)
    return result


def quantile_interval(values: xr.DataArray, q: float = 0.5, level: float = LEVEL) -> xr.Dataset:
    """``value, low, high, count`` of the q-quantile over ``trial``, missing values left out; ``q = 0.5`` is the median.

    The bounds are the order statistics ``x_(l)``, ``x_(u)`` between which the quantile lies with at least the stated
    probability for any continuous distribution: with ``B ~ Bin(n, q)``, the largest ``l`` with ``P(B < l)`` and the
    smallest ``u`` with ``P(B >= u)`` at most half the rest (H. A. David, H. N. Nagaraja, *Order Statistics*, 7.1). A
    bound that no order statistic gives (a high quantile of few trials) is missing.
    """
    if not 0 < q < 1:
        raise ValueError(f"q = {q}: must be between 0 and 1.")
    rows, kept = _rows(values)
    found = np.full((len(rows), 3), np.nan)
    for row, mask, out in zip(rows, kept, found):
        ordered = np.sort(row[mask])
        if len(ordered):
            out[:] = (np.quantile(ordered, q), *_order_bounds(ordered, q, 0.5 - 0.5 * level))
    result = _unstacked(values, {"value": found[:, 0], "low": found[:, 1], "high": found[:, 2]})
    return result.assign(count=values.notnull().sum("trial"))


def trials_run(dataset: xr.Dataset) -> xr.DataArray:
    """Trials that every scheme and sweep point has run; the trial axis is as long as the longest of them."""
    return (dataset["status"] != NOT_RUN).sum("trial")


def usable_share(dataset: xr.Dataset) -> xr.DataArray:
    """Share of usable trials among those that were run."""
    run = trials_run(dataset)
    return dataset["usable"].sum("trial") / run.where(run > 0)


def trials_text(dataset: xr.Dataset) -> str:
    """``200 trials per point``, or ``200 to 596`` where points or schemes differ."""
    run = trials_run(dataset)
    least, most = int(run.min()), int(run.max())
    return f"{most if least == most else f'{least} to {most}'} trials per point"


def share_interval(successes: xr.DataArray, trials: xr.DataArray, level: float = LEVEL) -> xr.Dataset:
    """``share, low, high`` of a binomial share, after E. B. Wilson (J. Am. Stat. Assoc. 22, 1927, p. 209).

    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``; it stays within [0, 1], also at 0 and n successes. No
    trials, no share.
    """
    z = float(special.ndtri(0.5 + 0.5 * level))
    like, of = xr.broadcast(successes, trials)  # once: aligning labels costs ten times the arithmetic
    count, of = like.values, of.values
    n = np.where(of > 0, of, np.nan)
    share = count / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5 / (1 + z**2 / n)
    # At the ends the bound is 0 or 1 exactly; rounding must not say otherwise.
    low = np.where(count > 0, centre - half, share)
    high = np.where(count < of, centre + half, share)
    found = {"share": share, "low": low, "high": high}
    return xr.Dataset({name: (like.dims, numbers) for name, numbers in found.items()}, like.coords)


def paired_difference(
    dataset: xr.Dataset, metric: str, first: str, second: str, level: float = LEVEL, method: str = METHODS[0]
) -> xr.Dataset:
    """``mean, low, high, count`` of ``first - second`` over the trials that both schemes can use.

    Both schemes meet the same channels: the interval of the difference is much narrower than those of the two means.
    ``method`` as for ``mean_interval``.

    Raises:
        KeyError: if the dataset lacks the metric or a scheme.
    """
    values = dataset[metric].where(dataset["usable"])
    difference = values.sel(scheme=first, drop=True) - values.sel(scheme=second, drop=True)
    result = mean_interval(difference, level, method)
    for name in ("mean", "low", "high"):
        result[name].attrs = dict(dataset[metric].attrs)
    return result


def ratio_interval(
    first: xr.DataArray, second: xr.DataArray, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> xr.Dataset:
    """``mean, low, high, count`` of ``mean(first) / mean(second)`` over the trials that have both.

    The interval is the bias-corrected and accelerated bootstrap's over pairs (as ``bootstrap_interval``), with the
    acceleration of the ratio's influence values ``(a - r b) / mean(b)``. The same ``seed``, the same interval.
    """
    first, second = xr.broadcast(*xr.align(first, second, join="inner"))
    both = first.notnull() & second.notnull()
    (a, kept), (b, _) = _rows(first.where(both)), _rows(second.where(both).transpose(*first.dims))
    found = np.full((len(a), 3), np.nan)
    for one, other, mask, out in zip(a, b, kept, found):
        if mask.any():
            out[:] = _ratio_bca(one[mask], other[mask], level, resamples, np.random.default_rng(seed))
    result = _unstacked(first, {name: found[:, index] for index, name in enumerate(("mean", "low", "high"))})
    return result.assign(count=both.sum("trial"))


def _rows(values: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Values as (cell, trial), and which of them are present."""
    rows = values.transpose(..., "trial").values.astype(np.float64)
    rows = rows.reshape(-1, rows.shape[-1])
    return rows, ~np.isnan(rows)


def _unstacked(values: xr.DataArray, cells: dict[str, np.ndarray]) -> xr.Dataset:
    """One number per cell under the axes of ``values`` without ``trial``."""
    like = values.notnull().any("trial")
    return xr.Dataset({name: like.copy(data=column.reshape(like.shape)) for name, column in cells.items()})


def _bca(values: np.ndarray, level: float, resamples: int, generator: np.random.Generator) -> tuple[float, float]:
    if len(values) < 2:
        return np.nan, np.nan
    mean = float(np.mean(values))
    deviations = values - mean
    if not np.any(deviations):
        return mean, mean
    means = _resampled(deviations[None], resamples, generator)[0]
    low, high = _bca_quantiles(means, 0.0, deviations, level)
    return mean + low, mean + high


def _ratio_bca(
    first: np.ndarray, second: np.ndarray, level: float, resamples: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.mean(first) / np.mean(second))
        influence = first - ratio * second
        if len(first) < 2 or not np.isfinite(ratio):
            return ratio, np.nan, np.nan
        if not np.any(influence):
            return ratio, ratio, ratio
        above, below = _resampled(np.stack([first, second]), resamples, generator)
        low, high = _bca_quantiles(above / below, ratio, influence / np.mean(second), level)
    return ratio, low, high


def _resampled(rows: np.ndarray, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Means of the rows over trials drawn with replacement, the same trials for every row: ``(row, resample)``."""
    count = rows.shape[1]
    at_once = max(1, _CHUNK // count)
    parts: list[np.ndarray] = []
    for start in range(0, resamples, at_once):
        chosen = generator.integers(0, count, (min(at_once, resamples - start), count))
        parts.append(np.stack([np.mean(row[chosen], axis=1) for row in rows]))
    return np.concatenate(parts, axis=1)


def _bca_quantiles(found: np.ndarray, value: float, influence: np.ndarray, level: float) -> tuple[float, float]:
    """Quantiles of resampled values by the corrected levels; ``influence`` of each trial on the value."""
    resamples = len(found)
    below = (np.count_nonzero(found < value) + 0.5 * np.count_nonzero(found == value)) / resamples
    z0 = special.ndtri(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples))
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    z = z0 + special.ndtri([0.5 - 0.5 * level, 0.5 + 0.5 * level])
    low, high = np.quantile(found, special.ndtr(z0 + z / (1 - acceleration * z)))
    return float(low), float(high)


def _order_bounds(ordered: np.ndarray, q: float, tail: float) -> tuple[float, float]:
    count = len(ordered)
    below = np.asarray(special.bdtr(np.arange(count), count, q))  # P(B <= k), k = 0 … n - 1
    low = int(np.searchsorted(below, tail, side="right"))  # largest l with P(B <= l - 1) <= tail
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1  # smallest u with P(B <= u - 1) >= 1 - tail
    return (
        float(ordered[low - 1]) if low >= 1 else np.nan,
        float(ordered[high - 1]) if high <= count else np.nan,
    )
