"""Criteria for the claims about the algorithms and about sensing (Figs. 2 and 4), and for our own checks.

Claims about iterations are about the route ``published``, the paper's algorithm as printed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import (
    against_published,
    difference,
    estimate,
    graded,
    least_trials,
    relative_gain,
)
from leoisac.foundation.status import Status
from leoisac.systems.self_backhaul.evidence.convergence_figures import carried_forward
from leoisac.systems.self_backhaul.evidence.rates import by_route, delivered, ended
from leoisac.systems.self_backhaul.evidence.sensing_figures import detection
from leoisac.systems.self_backhaul.evidence.trends import SAME, SAME_DETECTION, lower, trend

Data = Mapping[str, xr.Dataset]

PUBLISHED = "published"
PA1_ITERATIONS, PA2_ITERATIONS = 20.0, 10.0
_DIP = 1e-3
"""Relative fall of a sum rate from one iteration to the next that the accuracy of the solver explains."""
_ENDED = 0.9
_NEAR_END = 0.999


def monotone(data: Data) -> Verdict:
    """No step of any trial falls by more than a thousandth, and at least 90 % of the trials end by their tolerance."""
    criterion = (
        f"no iteration of the route published lowers a trial's rate by more than {_DIP:.1%}, and at least {_ENDED:.0%} "
        "of the trials end by the tolerance of 1e-5 within 30 iterations; partly: the first of the two"
    )
    dataset = by_route(data["convergence"], "pa1", PUBLISHED)
    if dataset is None or not int(dataset["usable"].sum()):
        return _not_run("pa1", criterion)
    usable, drops = int(dataset["usable"].sum()), int(dataset["usable"].any("satellite_power_dbw").sum())
    history = carried_forward(dataset["history"].where(dataset["usable"]))
    fall = float(_largest_fall(history).max())
    ended = float(((dataset["status"] == Status.CONVERGED) & dataset["usable"]).sum()) / usable
    rise = estimate(xr.DataArray((history[..., -1] - history[..., 0]).values.ravel(), dims="trial"))
    measured = (
        f"largest fall of a step {max(fall, 0.0):.0e}; {ended:.0%} of {usable} designs ended by tolerance; "
        f"{rise} bit/s/Hz from the start"
    )
    return graded(fall <= _DIP and ended >= _ENDED, fall <= _DIP, measured, drops, criterion)


def pa1_iterations(data: Data) -> Verdict:
    """Mean iterations of Algorithm 1 at 30 dBW against 20."""
    dataset = by_route(ended(data["convergence"]), "pa1", PUBLISHED)
    if dataset is None or not int(dataset["usable"].sum()):
        return _not_run("pa1", against_published([], "").criterion)
    counts = dataset["iterations"].where(dataset["usable"])
    found = estimate(counts.sel(satellite_power_dbw=30.0))
    near = estimate(_until_near_end(dataset.sel(satellite_power_dbw=30.0)))
    limited = float(((dataset["status"] == Status.MAX_STEPS) & dataset["usable"]).sum() / dataset["usable"].sum())
    measured = (
        f"{found.text('.1f')} iterations at 30 dBW ({', '.join(f'{mean:.1f}' for mean in counts.mean('trial').values)} "
        f"over the powers; {limited:.0%} of the designs stopped at the limit of 30), {near.mean:.1f} to 99.9 % of the "
        "end (route published)"
    )
    return against_published([(found, PA1_ITERATIONS)], measured)


def pa2_iterations(data: Data) -> Verdict:
    """Mean iterations of Algorithm 2 against 10, and fewer than those of Algorithm 1 on the same drops.

    Under every reading of the error radius, as what is said about its rate (F5-2). Trials count in which the algorithm
    ends in a design, whether or not that holds its guarantee, unless a fall of the objective broke it off: who stops
    early for that has not been quick.
    """
    criterion = (
        "under every reading of the error radius the interval of the mean iterations holds 10, and that of the paired "
        "difference from PA1 lies below -1, over the drops in which no step lowers the objective by more than "
        f"{_DIP:.1%} (such a fall breaks the algorithm off); partly: the latter"
    )
    both = ended(data["robust-convergence"])
    known = by_route(both, "pa1", PUBLISHED)
    robust = by_route(both, "pa2", PUBLISHED)
    if robust is None or known is None:
        return _not_run("pa1 or pa2", criterion)
    tens, fewers, parts, found = list[bool](), list[bool](), list[str](), list[int]()
    for model in (str(name) for name in both["error_model"].values):
        one = robust.sel(error_model=model)
        broken = _largest_fall(one["history"]) > _DIP
        count = one["iterations"].where(one["usable"] & ~broken)
        reference = known["iterations"].where(known["usable"]).sel(error_model=model)
        mean, fewer = estimate(count), difference(count, reference)
        tens.append(mean.holds(PA2_ITERATIONS))
        fewers.append(lower(fewer, 1.0))
        parts.append(
            f"{model}: {mean.text('.1f')}, {fewer.text('+.1f')} against PA1 ({int((broken & one['usable']).sum())} of "
            f"{int(one['usable'].sum())} drops broken off by a fall of the objective, not counted)"
        )
        found.append(fewer.trials)
    measured = "iterations " + "; ".join(parts)
    return graded(all(tens) and all(fewers), all(fewers), measured, min(found), criterion)


def _largest_fall(history: xr.DataArray) -> xr.DataArray:
    """Largest relative fall from one iteration to the next, by trial; 0 where there is no step."""
    before, after = history.isel(iteration=slice(None, -1)), history.isel(iteration=slice(1, None))
    return xr.DataArray(1.0 - after.values / before.values, dims=before.dims).max("iteration").fillna(0.0)


def trade_off(data: Data) -> Verdict:
    """At every step of the threshold the mean sum rate surely falls and the detection probability does not.

    Steps are as small as the sweep is fine; from the first threshold to the last both have to move by what matters.
    """
    criterion = (
        "at every step of the threshold the whole interval of the paired change of the sum rate lies below 0 and the "
        "mean detection probability does not fall; from the first threshold to the last the rate surely falls by more "
        f"than {SAME} bit/s/Hz and the probability rises by more than {SAME_DETECTION}; partly: the latter, and the "
        f"rate surely rises at no step by more than {SAME}"
    )
    dataset = viewed(data["pattern-threshold"]).sel(scheme="pa1")
    thresholds = range(dataset.sizes["pattern_min_w"])
    rate, detected = (
        [numbers.isel(pattern_min_w=k, drop=True) for k in thresholds]
        for numbers in (delivered(dataset), detection(dataset))
    )
    rates, detections = trend(rate), trend(detected)
    low, high = estimate(detected[0]), estimate(detected[-1])
    strict = [step.below for step in rates.steps]
    measured = (
        f"sum rate {rates.whole} bit/s/Hz ({relative_gain(rate[-1], rate[0]).text('+.1%')}) while the detection "
        f"probability goes from {low.mean:.3f} to {high.mean:.3f}; {sum(strict)} of {len(strict)} steps fall surely"
    )
    never_back = all(step.mean >= -1e-6 for step in detections.steps)
    fair = rates.falls and never_back and detections.whole.mean > SAME_DETECTION
    return graded(all(strict) and fair, fair, measured, least_trials(rates.steps), criterion)


def promises_kept(data: Data) -> Verdict:
    """No error that was tried breaks what a robust design promises."""
    criterion = "no design misses a guaranteed rate by more than 1e-6 of it, under any error that was tried"
    dataset = data["attacked"].sel(scheme="pa2")
    usable = dataset["usable"]
    tried = (dataset["history"].notnull().all("iteration")).sum()
    broken = int(tried) - int(usable.sum())
    left = (dataset["history"].isel(iteration=1) - dataset["history"].isel(iteration=0)).where(usable)
    parts = [
        f"{model}: {float(left.sel(error_model=model).min()):+.1e}"
        for model in (str(name) for name in dataset["error_model"].values)
    ]
    measured = f"{broken} of {int(tried)} designs broken; least margin of the sum rate [bit/s/Hz]: {', '.join(parts)}"
    return graded(broken == 0 and int(tried) > 0, False, measured, int(usable.sum("trial").min()), criterion)


def recovery_keeps(data: Data) -> Verdict:
    """Beams deliver what their covariances do, within a thousandth for PA1, within a hundredth for PA2.

    PA1 by the published rule, principal eigenvectors, which relies on rank one; PA2 by the lossless recovery of the
    route ``reference``, which does not.
    """
    criterion = (
        "in every trial beams deliver what their covariances do, within 0.1 % for PA1 (route published, principal "
        "eigenvectors) and within 1 % for PA2 (route reference, recovery matched to the channel); partly: for PA1"
    )
    losses, drops = dict[str, np.ndarray](), list[int]()
    for name, scheme, route in (("convergence", "pa1", PUBLISHED), ("robust-convergence", "pa2", "reference")):
        dataset = by_route(data[name], scheme, route)
        if dataset is None:
            return _not_run(scheme, criterion, route)
        history = carried_forward(dataset["history"])
        # The published procedure keeps its last point, the other one its best.
        kept = history.max("iteration") if route == "reference" else history.isel(iteration=-1)
        loss = (1.0 - delivered(dataset) / kept).values
        losses[scheme] = loss[np.isfinite(loss)]
        drops.append(int(np.isfinite(loss).any(axis=0).sum()))
    if min(drops) == 0:
        return graded(False, False, "no usable trial", 0, criterion)
    worst = {scheme: float(np.max(loss)) for scheme, loss in losses.items()}
    measured = "rates of beams over those of covariances, less one: " + ", ".join(
        f"{scheme} {-np.max(loss):+.1e} to {-np.min(loss):+.1e}" for scheme, loss in losses.items()
    )
    lossless = worst["pa1"] <= 1e-3
    return graded(lossless and worst["pa2"] <= 1e-2, lossless, measured, min(drops), criterion)


def same_optimum(data: Data) -> Verdict:
    """Both forms of the convex step end within 0.02 bit/s/Hz; partly where both have ended by their tolerance.

    A trial that the limit of 30 iterations ends has not reached an optimum.
    """
    criterion = (
        f"the whole interval of the paired difference lies within {SAME} bit/s/Hz of 0; partly: over the trials in "
        "which both end by their tolerance, a third of all or more"
    )
    dataset = viewed(data["procedure-forms"])
    printed, free = by_route(dataset, "pa1", PUBLISHED), by_route(dataset, "pa1", "reference")
    if printed is None or free is None:
        return _not_run("pa1", criterion)
    rates = delivered(printed), delivered(free)
    done = (printed["status"] == Status.CONVERGED) & (free["status"] == Status.CONVERGED)
    gap, ended_gap = difference(*rates), difference(*(rate.where(done) for rate in rates))
    counts = [float(one["iterations"].where(one["usable"]).mean("trial")) for one in (free, printed)]
    over_these = f", over these {ended_gap.text('+.1e')}" if ended_gap.trials else ""
    measured = (
        f"printed form {gap.text('+.3f')} bit/s/Hz; both end by their tolerance in {ended_gap.trials} trials"
        f"{over_these}; iterations {counts[0]:.1f} with free rates (route reference), {counts[1]:.1f} as printed "
        "(route published), at most 30"
    )
    same, same_where_ended = (found.low >= -SAME and found.high <= SAME for found in (gap, ended_gap))
    return graded(same, same_where_ended and 3 * ended_gap.trials >= gap.trials, measured, gap.trials, criterion)


def mode_hardly_matters(data: Data) -> Verdict:
    """Joint and satellite pattern give the same sum rate within 0.02 bit/s/Hz, at 50 W and three users."""
    criterion = f"the whole interval of the paired difference lies within {SAME} bit/s/Hz of 0; partly: its mean does"
    rate = delivered(viewed(data["pattern-mode"])).sel(scheme="pa1")
    gap = difference(rate.sel(pattern_mode="joint"), rate.sel(pattern_mode="satellite"))
    measured = f"joint over satellite {gap.text('+.4f')} bit/s/Hz"
    same = gap.low >= -SAME and gap.high <= SAME
    return graded(same, abs(gap.mean) <= SAME, measured, gap.trials, criterion)


def _not_run(scheme: str, criterion: str, route: str = PUBLISHED) -> Verdict:
    return graded(False, False, f"no usable design of {scheme} by the route `{route}`", 0, criterion)


def _until_near_end(dataset: xr.Dataset) -> xr.DataArray:
    """Iterations until 99.9 % of the last sum rate."""
    history = carried_forward(dataset["history"].where(dataset["usable"]))
    if not history.sizes["iteration"]:
        return dataset["iterations"].where(False)
    near = history >= _NEAR_END * history.isel(iteration=-1)
    return near.argmax("iteration").where(dataset["usable"])
