"""Claims about associations and sensing failure."""

from __future__ import annotations

import itertools
from collections.abc import Callable

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
        f"{span_text(proposed)} "
        "with the proposed one"
    )
    criterion = (
        "every step of power surely lowers the rate, in every setting and for every association; partly: from least to "
        "largest power with the proposed association"
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
    behind = sum(one.below for one in leads["nearest"])
    measured = (
        "lead at the largest power "
        + ", ".join(f"{span_text(found)} over {rule}" for rule, found in last.items())
        + f" bit/s/Hz; surely behind nearest at {behind} of {len(leads['nearest'])} settings and powers"
    )
    every = [one for found in leads.values() for one in found]
    criterion = (
        "surely ahead of all at every setting and power; partly: at the largest power surely ahead of greedy and "
        "random, "
        "nowhere surely behind nearest"
    )
    fair = all(one.above for rule in ("greedy", "random") for one in last[rule]) and not any(
        one.below for one in last["nearest"]
    )
    return graded(all(one.above for one in every), fair, measured, least_trials(every), criterion)


def gaps_grow(data: Data) -> Verdict:
    """Leads of the proposed association for few and many antennas, at the largest power and the smallest radius."""
    dataset = data["association"]
    rates = rate_with_association(dataset).isel(satellite_power_w=-1)
    near = np.flatnonzero(dataset["sensing_radius_m"].values == dataset["sensing_radius_m"].values.min())
    order = near[np.argsort(dataset["num_rx"].values[near])]
    leads = {
        rule: [
            (rates.sel(association="proposed") - rates.sel(association=rule)).isel({_SIZES: place}) for place in order
        ]
        for rule in _RIVALS
    }
    steps = {rule: [difference(a, b) for a, b in itertools.pairwise(found)] for rule, found in leads.items()}
    whole = {rule: difference(found[0], found[-1]) for rule, found in leads.items()}
    antennas = "/".join(str(count) for count in dataset["num_rx"].values[order])
    measured = f"leads with {antennas} antennas: " + "; ".join(
        f"{rule} {' '.join(f'{float(one.mean()):.1f}' for one in found)}, fewest over most {whole[rule]}"
        for rule, found in leads.items()
    )
    enough = len(order) > 1
    trials = least_trials(one for found in steps.values() for one in found)
    criterion = "every lead surely grows with each step to fewer antennas; partly: one of them from most to fewest"
    best = enough and all(one.above for found in steps.values() for one in found)
    return graded(best, enough and any(one.above for one in whole.values()), measured, trials, criterion)


def failure_order(data: Data) -> Verdict:
    """Failure against radius, and across cases, of the first receiver array."""
    dataset = data["sensing-failure"]
    cases = [_failures(dataset, 0, name) for name in ("free", "proposed", "random")]
    pairs = list(itertools.pairwise(cases))
    radii = [[one.isel(sensing_radius_m=place) for place in range(one.sizes["sensing_radius_m"])] for one in cases]
    falls = any(difference(b, a).below for one in radii for a, b in itertools.pairwise(one))
    rises = all(difference(one[-1], one[0]).above for one in radii)
    reversed_ = any(one.below for low, high in pairs for one in at_points(high, low))
    apart = [difference(high.mean("sensing_radius_m"), low.mean("sensing_radius_m")) for low, high in pairs]
    shares = [estimate(one.mean("sensing_radius_m")) for one in cases]
    measured = "shares over all radii " + ", ".join(
        f"{name} {one.text('.3f')}" for name, one in zip(("free", "proposed", "random"), shares, strict=True)
    )
    criterion = (
        "from first to last radius every share surely rises and no step surely falls; over all radii free is "
        "surely below "
        "proposed, proposed below random, and at no radius surely the other way; partly: the order over all radii"
    )
    ordered = all(one.above for one in apart)
    best = rises and ordered and not falls and not reversed_
    return graded(best, ordered, measured, least_trials(apart), criterion)


def radius_loss(rule: str, published: float) -> Callable[[Data], Verdict]:
    """How much smaller the radius at a failure share of 0.3 is than without satellite, first receiver array."""

    def check(data: Data) -> Verdict:
        dataset = data["sensing-failure"]
        found, free = (_failures(dataset, 0, name) for name in (rule, "free"))
        share = radius_ratio(found, free)
        loss = Estimate(1.0 - share.mean, 1.0 - share.high, 1.0 - share.low, share.trials)
        measured = f"{_radius(found)} against {_radius(free)}: {loss.text('.0%')} smaller"
        return against_published([(loss, published)], measured)

    return check


def many_antennas(data: Data) -> Verdict:
    """The last receiver array: proposed against free and random."""
    dataset = data["sensing-failure"]
    free, proposed, worst = (_failures(dataset, -1, name) for name in ("free", "proposed", "random"))
    near, far = radius_ratio(proposed, free), radius_ratio(worst, free)
    measured = (
        f"radius at 0.3: free {_radius(free)}, proposed {_radius(proposed)} ({near.text('.2f')} of it), random "
        f"{_radius(worst)} ({far.text('.2f')})"
    )
    criterion = (
        f"radius of proposed surely above {_NEAR:.0%} of that of free, of random surely below {_FAR:.0%}; partly: "
        f"the first"
    )
    equal = near.low >= _NEAR
    return graded(equal and far.high < _FAR, equal, measured, least_trials((near, far)), criterion)


def monostatic_no_better(data: Data) -> Verdict:
    """One receiver with all antennas against the proposed association, first receiver array."""
    dataset, alone = data["sensing-failure"], data["sensing-monostatic"]
    values = alone["sensing_failure"].where(alone["usable"]).sel(scheme="sensing-only", drop=True)
    single = values.isel({_ARRAYS: 0}, drop=True)
    proposed = _failures(dataset, 0, "proposed")
    radii, apart = radius_ratio(single, proposed), at_points(single, proposed)
    better = [one.below for one in apart]
    worse = [one.above for one in apart]
    measured = (
        f"radius at 0.3: proposed {_radius(proposed)}, monostatic {_radius(single)} ({radii.text('.2f')} of it); "
        f"surely "
        f"fewer failures at {sum(better)}, surely more at {sum(worse)} of {len(apart)} radii"
    )
    criterion = (
        "the monostatic radius is surely no larger and at no radius it surely fails less often; partly: it "
        "surely fails "
        "more often at one radius or more"
    )
    return graded(radii.high <= 1.0 and not any(better), any(worse), measured, least_trials((radii, *apart)), criterion)


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
