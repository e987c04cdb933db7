"""What figures and claims read from results: values of schemes, estimates at every point, radii of equal failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import collapsed, viewed
from leoisac.experiment.reading.statistics import mean_interval, ratio_interval, share_interval, usable_share
from leoisac.experiment.reading.verdicts import Estimate
from leoisac.experiment.scenario.views import ALL
from leoisac.foundation.number_text import share_text
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES

Data = Mapping[str, xr.Dataset]

FAILURE_LEVEL = 0.3
"""Failure probability at which sensing radii are compared, as in the paper."""
_RESAMPLES = 2000
_TAILS = (0.025, 0.975)


def values_of(dataset: xr.Dataset, metric: str, scheme: str) -> xr.DataArray:
    """A metric of one scheme, missing where the dataset does not count the design."""
    return dataset[metric].where(dataset["usable"]).sel(scheme=scheme, drop=True)


def without_collapsed(dataset: xr.Dataset) -> xr.Dataset:
    """Without the drops in which the terrestrial users of any scheme get nothing at all."""
    dead = collapsed(dataset).any("scheme")
    return dataset.assign(usable=(dataset["usable"] & ~dead).transpose(*dataset["usable"].dims))


def means_at_points(values: xr.DataArray) -> list[Estimate]:
    """Mean at every point of the sweep, in the order of the axes."""
    return _estimates(mean_interval(values))


def at_points(first: xr.DataArray, second: xr.DataArray) -> list[Estimate]:
    """Mean of ``first - second`` at every point of the sweep, in the order of the axes."""
    return means_at_points(first - second)


def ratios_at_points(first: xr.DataArray, second: xr.DataArray) -> list[Estimate]:
    """``mean(first) / mean(second)`` at every point of the sweep, in the order of the axes."""
    return _estimates(ratio_interval(first, second))


def _estimates(found: xr.Dataset) -> list[Estimate]:
    columns = [np.ravel(found[name].values) for name in ("mean", "low", "high", "count")]
    return [Estimate(float(m), float(l), float(h), int(n)) for m, l, h, n in zip(*columns, strict=True)]


def span_text(found: list[Estimate], form: str = "+.1f") -> str:
    """``+1.2 to +3.4``: means of the lowest and the highest of several estimates."""
    means = [one.mean for one in found]
    return f"{min(means):{form}} to {max(means):{form}}" if len(means) > 1 else found[0].text(form)


def leads(dataset: xr.Dataset) -> str:
    """The proposed scheme's lead over both searched zero-forcing schemes, for the text of a verdict.

    Over ZF-EPS once more with every drop counted, one without a design as zero, beside how many it has a design on.
    """
    every, seen = viewed(dataset, ALL), viewed(dataset)
    share = usable_share(dataset).sel(scheme="zf-eps")
    shares = sorted({share_text(float(share.min())), share_text(float(share.max()))})
    counted = span_text(_lead(every, "zf-eps"))
    text = f", one without a design as zero {counted} (it has a design on {' to '.join(shares)})"
    if "rzf-eps" in dataset["scheme"].values:
        text += f"; over RZF-EPS {span_text(_lead(seen, 'rzf-eps'))}"
    return text


def _lead(dataset: xr.Dataset, over: str) -> list[Estimate]:
    return at_points(*(values_of(dataset, "sum_rate", scheme) for scheme in ("proposed", over)))


def scnr_db(dataset: xr.Dataset) -> xr.DataArray:
    """SCNR of every target in dB, missing where the dataset does not count the design, or has no signal at all."""
    values = dataset["scnr"].where(dataset["usable"])
    positive = values.where(values > 0.0)
    decibels = positive.copy(data=10.0 * np.log10(positive.values))
    decibels.attrs = QUANTITIES["scnr_db"].attributes
    return decibels


def rate_with_association(dataset: xr.Dataset) -> xr.DataArray:
    """Sum rate of beams by P3 at a given satellite power; where they cannot sense, the base station stays silent.

    Not the shared rule of common trials: whether a drop can be sensed is what associations differ in, so that every
    drop counts. Without a design the terrestrial rate is zero, and the satellite user has the rate of the undisturbed
    link. Only drops for which that is known count: those that follow when a study asks for usable ones would be the
    lucky ones alone.
    """
    beams = dataset.sel(scheme="coop-uniform", drop=True)
    undisturbed = dataset["satellite_rate"].sel(scheme="interference-free", drop=True)
    return xr.where(beams["usable"], beams["sum_rate"], undisturbed).where(undisturbed.notnull())


def failure_share(dataset: xr.Dataset) -> xr.Dataset:
    """``share, low, high`` of drops in which a target is not sensed (Wilson intervals); every drop counts."""
    run = dataset["usable"].sum("trial")
    return share_interval(dataset["sensing_failure"].where(dataset["usable"]).sum("trial"), run)


def radius_at(share: xr.DataArray, level: float = FAILURE_LEVEL) -> float:
    """Sensing radius at which the failure share first reaches a level, by linear interpolation; NaN if it never does.

    The share is made monotone first, as the probability is.
    """
    return _crossing(share["sensing_radius_m"].values.astype(float), share.values.astype(float), level)


def radius_ratio(first: xr.DataArray, second: xr.DataArray, *, at_least: bool = False) -> Estimate:
    """Radius at equal failure of one case over that of another, with a bootstrap interval over the drops of both.

    Args:
        first, second: failures (0 or 1) over ``sensing_radius_m`` and ``trial``. No trials, where a case never reaches
            the level: nothing is known of its radius.
        at_least: a lower bound of the ratio is enough: where the first case never reaches the level, its radius counts
            as the largest one looked at.
    """
    first, second = xr.align(first, second, join="inner")
    radius = first["sensing_radius_m"].values.astype(float)
    rows = np.stack([one.transpose("sensing_radius_m", "trial").values for one in (first, second)])
    rows = rows[:, :, np.isfinite(rows).all(axis=(0, 1))]
    count = rows.shape[2]
    if not count:
        return Estimate(np.nan, np.nan, np.nan, 0)

    def ratio(shares: np.ndarray) -> float:
        own = _crossing(radius, shares[0], FAILURE_LEVEL)
        if at_least and np.isnan(own):
            own = float(radius[-1])
        return own / _crossing(radius, shares[1], FAILURE_LEVEL)

    mean = ratio(rows.mean(axis=2))
    drawn = np.reshape(_resampled(count) @ np.reshape(rows, (-1, count)).T, (-1, *rows.shape[:2]))
    found = np.array([ratio(shares) for shares in drawn])
    return _percentiles(mean, found, count)


def difference_of_ratios(
    first: tuple[xr.DataArray, xr.DataArray], second: tuple[xr.DataArray, xr.DataArray]
) -> Estimate:
    """``mean(a) / mean(b) - mean(c) / mean(d)`` over the trials that have all four, with a bootstrap interval."""
    rows = np.stack([one.values for one in xr.align(*first, *second, join="inner")])
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    count = rows.shape[1]
    if not count:
        return Estimate(np.nan, np.nan, np.nan, 0)

    def gap(means: np.ndarray) -> Any:
        return means[0] / means[1] - means[2] / means[3]

    return _percentiles(float(gap(rows.mean(axis=1))), gap(rows @ _resampled(count).T), count)


def _resampled(count: int) -> np.ndarray:
    """Weights of trials drawn with replacement: (resample, trial)."""
    return np.random.default_rng(0).multinomial(count, np.full(count, 1.0 / count), _RESAMPLES) / count


def _percentiles(mean: float, found: np.ndarray, count: int) -> Estimate:
    known = found[np.isfinite(found)]
    # Where resamples have no value neither has the tail of the interval.
    if not np.isfinite(mean) or len(known) < (1.0 - _TAILS[0]) * len(found):
        return Estimate(mean, np.nan, np.nan, 0)
    low, high = np.quantile(known, _TAILS)
    return Estimate(mean, float(low), float(high), count)


def _crossing(radius: np.ndarray, share: np.ndarray, level: float) -> float:
    rising = np.maximum.accumulate(share)
    above = np.flatnonzero(rising >= level)
    if not len(above):
        return float("nan")
    first = int(above[0])
    if first == 0:
        return float(radius[0])
    part = (level - rising[first - 1]) / (rising[first] - rising[first - 1])
    return float(radius[first - 1] + part * (radius[first] - radius[first - 1]))
