"""Claims about associations and sensing failure."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.verdicts import (
    Estimate,
    against_published,
    difference,
    estimate,
    graded,
    least_trials,
)
from leoisac.systems.coexistence.evidence.drops import (
    Data,
    at_points,
    radius_at,
    radius_ratio,
    rate_with_association,
    span_text,
)

_ARRAYS = "num_rx+num_receivers"
_SIZES = "num_rx+sensing_radius_m"
_RIVALS = ("nearest", "greedy", "random")
_NEAR = 0.95
_FAR = 0.8


def falls_with_power(data: Data) -> Verdict:
    """Sum rate against satellite power, every association."""
    rates = rate_with_association(data["association"])
    count = rates.sizes["satellite_power_w"]
    powers = [rates.isel(satellite_power_w=step) for step in range(count)]
    steps = [one for low, high in itertools.pairwise(powers) for one in at_points(high, low)]
    proposed = at_points(powers[-1].sel(association="proposed"), powers[0].sel(association="proposed"))
    whole = at_points(powers[-1], powers[0])
    measured = (
        f"from least to largest power {span_text(whole)} bit/s/Hz over settings and associations, "
        f"{span_text(proposed)} with the proposed one"
    )
    criterion = (
        "every step of power surely lowers the rate, in every setting and for every association; partly: from least to "
        "largest power with the proposed association, in every setting"
    )
    return graded(
        all(one.below for one in steps), all(one.below for one in proposed), measured, least_trials(steps), criterion
    )


def proposed_is_best(data: Data) -> Verdict:
    """Proposed against the other associations."""
    rates = rate_with_association(data["association"])
    own = rates.sel(association="proposed")
    leads = {rule: at_points(own, rates.sel(association=rule)) for rule in _RIVALS}
    last = {
        rule: at_points(own.isel(satellite_power_w=-1), rates.sel(association=rule).isel(satellite_power_w=-1))
        for rule in _RIVALS
    }
    measured = (
        "lead (in brackets at the largest power) "
        + ", ".join(f"{span_text(leads[rule])} ({span_text(last[rule])}) over {rule}" for rule in _RIVALS)
        + " bit/s/Hz; of "
        + f"{len(leads['nearest'])} settings and powers surely behind "
        + ", ".join(f"{rule} at {sum(one.below for one in found)}" for rule, found in leads.items())
    )
    every = [one for found in leads.values() for one in found]
    criterion = (
        "surely ahead of all at every setting and power; partly: at the largest power alone, in every setting, surely "
        "ahead of greedy and random and not surely behind nearest"
    )
    fair = all(one.above for rule in ("greedy", "random") for one in last[rule]) and not any(
        one.below for one in last["nearest"]
    )
    return graded(all(one.above for one in every), fair, measured, least_trials(every), criterion)


def gaps_grow(data: Data) -> Verdict:
    """Leads of the proposed association for few and many antennas, at every radius and power that has both."""
    dataset = data["association"]
    rates = rate_with_association(dataset)
    leads = {rule: rates.sel(association="proposed") - rates.sel(association=rule) for rule in _RIVALS}
    radii = dataset["sensing_radius_m"].values
    orders = {float(radius): _by_antennas(dataset, radius) for radius in np.unique(radii)}
    steps = [
        difference(lead.isel({_SIZES: few}), lead.isel({_SIZES: many}))
        for power in range(rates.sizes["satellite_power_w"])
        for order in orders.values()
        for few, many in itertools.pairwise(order)
        for lead in (one.isel(satellite_power_w=power) for one in leads.values())
    ]
    # In detail at the largest power and the smallest radius, which has the most arrays.
    order = orders[float(radii.min())]
    last = {rule: [one.isel({"satellite_power_w": -1, _SIZES: at}) for at in order] for rule, one in leads.items()}
    whole = {rule: difference(found[0], found[-1]) for rule, found in last.items()}
    antennas = "/".join(str(count) for count in dataset["num_rx"].values[order])
    measured = (
        f"at the largest power and {radii.min():g} m, leads with {antennas} antennas: "
        + "; ".join(
            f"{rule} {' '.join(f'{float(one.mean()):.1f}' for one in found)}, fewest over most {whole[rule]}"
            for rule, found in last.items()
        )
        + f"; over all radii and powers {sum(one.above for one in steps)} of {len(steps)} steps to fewer antennas "
        f"surely widen a lead, {sum(one.below for one in steps)} surely narrow it"
    )
    trials = least_trials(steps)
    criterion = (
        "every lead surely grows with each step to fewer antennas, at every radius and power; partly: at the smallest "
        "radius and the largest power one of them does from most to fewest"
    )
    best = bool(steps) and all(one.above for one in steps)
    fair = len(order) > 1 and any(one.above for one in whole.values())
    return graded(best, fair, measured, trials, criterion)


def _by_antennas(dataset: xr.Dataset, radius: float) -> list[int]:
    """Settings of one sensing radius, those of the fewest antennas first."""
    near = np.flatnonzero(dataset["sensing_radius_m"].values == radius)
    return [int(place) for place in near[np.argsort(dataset["num_rx"].values[near])]]


class _Order(NamedTuple):
    """Failure of one receiver array: whether it grows and is ordered at every radius, in the mean over them."""

    best: bool
    ordered: bool
    trials: int
    text: str


def failure_order(data: Data) -> Verdict:
    """Failure against radius, and across cases, with every receiver array."""
    dataset = data["sensing-failure"]
    found = [_order(dataset, array) for array in range(dataset.sizes[_ARRAYS])]
    measured = "shares over all radii " + "; ".join(one.text for one in found)
    criterion = (
        "with every array of receivers: from first to last radius every share surely rises and no step surely falls; "
        "over all radii free is surely below proposed, proposed below random, and at no radius surely the other way; "
        "partly: the order over all radii, with one array"
    )
    best, fair = all(one.best for one in found), any(one.ordered for one in found)
    return graded(best, fair, measured, min(one.trials for one in found), criterion)


def _order(dataset: xr.Dataset, array: int) -> _Order:
    names = ("free", "proposed", "random")
    cases = [_failures(dataset, array, name) for name in names]
    pairs = list(itertools.pairwise(cases))
    radii = [[one.isel(sensing_radius_m=place) for place in range(one.sizes["sensing_radius_m"])] for one in cases]
    falls = any(difference(b, a).below for one in radii for a, b in itertools.pairwise(one))
    rises = all(difference(one[-1], one[0]).above for one in radii)
    reversed_ = any(one.below for low, high in pairs for one in at_points(high, low))
    apart = [difference(high.mean("sensing_radius_m"), low.mean("sensing_radius_m")) for low, high in pairs]
    shares = [estimate(one.mean("sensing_radius_m")) for one in cases]
    text = f"with {_array_text(dataset, array)} " + ", ".join(
        f"{name} {one.text('.3f')}" for name, one in zip(names, shares, strict=True)
    )
    ordered = all(one.above for one in apart)
    return _Order(rises and ordered and not falls and not reversed_, ordered, least_trials(apart), text)


def radius_loss(rule: str, published: float) -> Callable[[Data], Verdict]:
    """How much smaller the radius at a failure share of 0.3 is than without satellite, first receiver array."""

    def check(data: Data) -> Verdict:
        dataset = data["sensing-failure"]
        found, free = (_failures(dataset, 0, name) for name in (rule, "free"))
        share = radius_ratio(found, free)
        loss = Estimate(1.0 - share.mean, 1.0 - share.high, 1.0 - share.low, share.trials)
        measured = (
            f"with {_array_text(dataset, 0)} {_radius(found)} against {_radius(free)}: {loss.text('.0%')} smaller"
        )
        return against_published([(loss, published)], measured)

    return check


def many_antennas(data: Data) -> Verdict:
    """The last receiver array: proposed against free and random."""
    dataset = data["sensing-failure"]
    free, proposed, worst = (_failures(dataset, -1, name) for name in ("free", "proposed", "random"))
    near, far = radius_ratio(proposed, free), radius_ratio(worst, free)
    measured = (
        f"with {_array_text(dataset, -1)} radius at 0.3: free {_radius(free)}, proposed {_radius(proposed)} "
        f"({near.text('.2f')} of it), random {_radius(worst)} ({far.text('.2f')})"
    )
    criterion = (
        f"radius of proposed surely above {_NEAR:.0%} of that of free, of random surely below {_FAR:.0%}; partly: "
        f"the first"
    )
    equal = near.low >= _NEAR
    return graded(equal and far.high < _FAR, equal, measured, least_trials((near, far)), criterion)


class _Alone(NamedTuple):
    """Monostatic sensing against the proposed association, with one receiver array."""

    no_better: bool
    trials: int
    text: str


def monostatic_no_better(data: Data) -> Verdict:
    """One receiver with all antennas against the proposed association, with every receiver array."""
    dataset, alone = data["sensing-failure"], data["sensing-monostatic"]
    found = [_alone(dataset, alone, array) for array in range(dataset.sizes[_ARRAYS])]
    measured = "radius at 0.3: " + "; ".join(one.text for one in found)
    criterion = (
        "with every array of receivers the monostatic radius is surely no larger and at no radius it surely fails less "
        "often; partly: with one array"
    )
    best, fair = all(one.no_better for one in found), any(one.no_better for one in found)
    return graded(best, fair, measured, min(one.trials for one in found), criterion)


def _alone(dataset: xr.Dataset, alone: xr.Dataset, array: int) -> _Alone:
    values = alone["sensing_failure"].where(alone["usable"]).sel(scheme="sensing-only", drop=True)
    single, proposed = values.isel({_ARRAYS: array}, drop=True), _failures(dataset, array, "proposed")
    # Where sensing alone never fails that often its radius is beyond the largest: the ratio is then a lower bound.
    radii, apart = radius_ratio(single, proposed, at_least=True), at_points(single, proposed)
    never = not np.isfinite(radius_at(single.mean("trial")))
    fewer, more = sum(one.below for one in apart), sum(one.above for one in apart)
    text = (
        f"with {_array_text(dataset, array)} proposed {_radius(proposed)}, monostatic {_radius(single)} "
        f"({'at least ' if never else ''}{radii.text('.2f')} of it), surely fewer failures at {fewer}, surely more at "
        f"{more} of {len(apart)} radii"
    )
    return _Alone(radii.high <= 1.0 and not never and not fewer, least_trials((radii, *apart)), text)


def _array_text(dataset: xr.Dataset, array: int) -> str:
    """``4 x 4``: receivers and the antennas of each."""
    return f"{int(dataset['num_receivers'].values[array])} x {int(dataset['num_rx'].values[array])}"


def _failures(dataset: xr.Dataset, array: int, name: str) -> xr.DataArray:
    """Failures over radius and trial: ``free``, or by association with the satellite."""
    values = dataset["sensing_failure"].where(dataset["usable"]).isel({_ARRAYS: array}, drop=True)
    if name == "free":
        return values.sel(scheme="sensing-only-free", drop=True).isel(association=0, drop=True)
    return values.sel(scheme="sensing-only", association=name, drop=True)


def _radius(failures: xr.DataArray) -> str:
    share = failures.mean("trial")
    found = radius_at(share)
    return f"{found:.0f} m" if np.isfinite(found) else f"above {float(share['sensing_radius_m'].max()):.0f} m"


__all__ = [
    "failure_order",
    "falls_with_power",
    "gaps_grow",
    "many_antennas",
    "monostatic_no_better",
    "proposed_is_best",
    "radius_loss",
]
