"""Criteria for the claims about sweeps (Figs. 5 to 8): who leads, who gains, what levels off.

Every comparison is of means over paired trials; where a claim says "higher" or "rises", the whole 95 % interval of the
difference has to lie on that side. A step of a sweep that no trial can use does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.systems.self_backhaul.evidence.rates import (
    Estimate,
    delivered,
    difference,
    estimate,
    gaps,
    known,
    points,
    present,
    steps,
    sweep_axis,
    usable_share,
)
from leoisac.systems.self_backhaul.evidence.studies import BENCHMARKS, PROPOSED, ROBUST

Data = Mapping[str, xr.Dataset]
Check = Callable[[Data], Verdict]

COMPARABLE = 0.05
"""Largest relative loss of mean rates at which PA2 counts as comparable to PA1."""
FLAT = 0.25
"""A curve has levelled off when its last step gains at most this share of its largest one."""


def graded(best: bool, fair: bool, measured: str, trials: int) -> Verdict:
    """``reproduced``, ``partly`` or ``not reproduced``; ``insufficient`` without a trial."""
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if trials > 1 else "insufficient", measured, trials)


def proposed_highest(study: str) -> Check:
    """The proposed schemes lead every benchmark at every point; partly when PA1 does, or all do on average.

    A proposed scheme without a usable trial leads nobody.
    """

    def check(data: Data) -> Verdict:
        dataset = data[study]
        leads = {
            (scheme, other): known(gaps(dataset, scheme, other))
            for scheme in present(dataset, PROPOSED)
            for other in present(dataset, BENCHMARKS)
        }
        counted = [one for found in leads.values() for one in found]
        everybody = all(leads.values()) and ROBUST in present(dataset, PROPOSED)
        sure = everybody and all(one.low > 0.0 for one in counted)
        pa1 = all(one.low > 0.0 for (scheme, _), found in leads.items() if scheme != ROBUST for one in found)
        narrow = min(
            ((one, pair) for pair, found in leads.items() for one in found), key=lambda item: item[0].mean, default=None
        )
        if narrow is None:
            return graded(False, False, "no point that two schemes can use", 0)
        nearest = f"least lead {narrow[0]} bit/s/Hz, of {narrow[1][0]} over {narrow[1][1]}"
        measured = f"{nearest}; {_usable(dataset)}"
        fair = pa1 or all(one.mean > 0.0 for one in counted)
        return graded(sure, fair, measured, min(one.trials for one in counted))

    return check


def comparable(data: Data) -> Verdict:
    """Mean guaranteed rate of PA2 within 5 % of PA1's rate, under both readings of the error radius; partly under one.

    Relative errors were run for another array; their PA1 is that of the study of users, with the same drops.
    """
    normalised = _losses(points(data["satellite-power"], ROBUST), points(data["satellite-power"], "pa1"))
    errors, users = data["relative-errors"], data["users"]
    pa1 = delivered(users).sel(scheme="pa1", num_users=errors["num_users"]).transpose("num_users", "trial")
    relative = _losses(points(errors, ROBUST), [pa1.isel(num_users=index) for index in range(len(pa1))])
    share = usable_share(errors).isel(scheme=0)
    by_users = ", ".join(
        f"{int(count)} users: {'–' if loss is None else f'{-loss[0]:+.0%}'} ({float(part):.0%} usable)"
        for count, loss, part in zip(errors["num_users"].values, relative, share, strict=True)
    )
    worst = [max((loss[0] for loss in losses if loss is not None), default=1.0) for losses in (normalised, relative)]
    close = [loss <= COMPARABLE for loss in worst]
    best = min((loss[0] for loss in normalised if loss is not None), default=float("nan"))
    measured = f"noise-normalised errors {-best:+.1%} to {-worst[0]:+.1%}; relative errors: {by_users}"
    trials = min((loss[1] for loss in normalised if loss is not None), default=0)
    return graded(all(close), any(close), measured, trials)


def all_increase(study: str) -> Check:
    """Every scheme gains at every step of the sweep; partly when the proposed ones do and some benchmark does not."""

    def check(data: Data) -> Verdict:
        dataset = data[study]
        gained = {scheme: known(steps(dataset, scheme)) for scheme in present(dataset, (*PROPOSED, *BENCHMARKS))}
        rising = [scheme for scheme, found in gained.items() if all(one.low > 0.0 for one in found)]
        falling = {scheme: found for scheme, found in gained.items() if scheme not in rising}
        ends = {scheme: _means(dataset, scheme) for scheme in falling}
        parts = [f"{scheme} from {ends[scheme][0]:.2f} to {ends[scheme][1]:.2f}" for scheme in falling]
        measured = f"rising at every step: {', '.join(rising) or 'none'}" + (
            f"; not: {', '.join(parts)}" if parts else ""
        )
        proposed = all(scheme in rising for scheme in present(dataset, PROPOSED))
        return graded(not falling, proposed, measured, _least(gained.values()))

    return check


def lead_widens(study: str) -> Check:
    """PA1's lead grows from the first point to the last over every benchmark; partly over some."""

    def check(data: Data) -> Verdict:
        dataset = data[study]
        ends = _usable_ends(dataset, "pa1")
        if ends is None:
            return graded(False, False, "fewer than two points that PA1 can use", 0)
        first, last = ends
        changes: dict[str, Estimate] = {}
        for other in present(dataset, BENCHMARKS):
            lead = [a - b for a, b in zip(points(dataset, "pa1"), points(dataset, other), strict=True)]
            changes[other] = difference(lead[last], lead[first])
        wider = [name for name, change in changes.items() if change.low > 0.0]
        measured = "lead changes by " + ", ".join(f"{change} over {name}" for name, change in changes.items())
        trials = min((change.trials for change in changes.values()), default=0)
        return graded(len(wider) == len(changes), bool(wider), measured, trials)

    return check


def saturates(study: str, cause: Callable[[xr.Dataset], str] | None = None) -> Check:
    """PA1 rises first, and its last step gains at most a quarter of the largest one; partly when it gains less than it.

    Steps count per sweep step; ``cause`` adds what the reason looks like.
    """

    def check(data: Data) -> Verdict:
        dataset = data[study]
        found = known(steps(dataset, "pa1"))
        if len(found) < 2:
            return graded(False, False, "fewer than three points that PA1 can use", 0)
        largest = max(found[:-1], key=lambda one: one.mean)
        rises = largest.low > 0.0
        flat = rises and found[-1].high <= FLAT * largest.mean
        measured = "steps of " + ", ".join(str(one) for one in found) + " bit/s/Hz"
        if cause is not None:
            measured = f"{measured}; {cause(dataset)}"
        trials = min(one.trials for one in found)
        return graded(flat, rises and found[-1].high < largest.low, measured, trials)

    return check


def satellite_share(dataset: xr.Dataset) -> str:
    """How much of its budget the satellite uses at the ends of the sweep of its power."""
    used = dataset["satellite_power"].where(dataset["usable"]).sel(scheme="pa1").mean("trial")
    share = used / 10.0 ** (dataset["satellite_power_dbw"] / 10.0)
    first, last = float(share.isel(satellite_power_dbw=0)), float(share.isel(satellite_power_dbw=-1))
    return f"the satellite uses {first:.0%} of its budget at the lowest power, {last:.0%} at the highest"


def feeder_ceiling(dataset: xr.Dataset) -> str:
    """PA1 at the last point against what the feeder link carries alone."""
    axis = sweep_axis(dataset)
    one = dataset.isel({axis: -1})
    # Half of the time the feeder link has the band to itself.
    ceiling = estimate(2.0 * one["backhaul_rate"].where(one["usable"]).sel(scheme="tdma-half"))
    rate = estimate(delivered(one).sel(scheme="pa1"))
    share = rate.mean / ceiling.mean
    return f"{rate.mean:.2f} at the last point is {share:.0%} of the feeder-only rate of {ceiling.mean:.2f}"


def deteriorates(study: str, readings: Sequence[str]) -> Check:
    """The benchmark falls from the first point to the last in every reading of it; partly in some."""

    def check(data: Data) -> Verdict:
        dataset = data[study]
        changes = {
            scheme: difference(points(dataset, scheme)[-1], points(dataset, scheme)[0])
            for scheme in present(dataset, readings)
        }
        falls = [change.high < 0.0 for change in changes.values()]
        measured = ", ".join(
            f"{scheme} {change} (from {_means(dataset, scheme)[0]:.2f})" for scheme, change in changes.items()
        )
        trials = min((change.trials for change in changes.values()), default=0)
        return graded(bool(falls) and all(falls), any(falls), measured, trials)

    return check


def gains_moderately(data: Data) -> Verdict:
    """Time sharing gains with antennas, and less than PA1; partly when it only gains."""
    dataset = data["bs-antennas"]
    shared = difference(points(dataset, "tdma")[-1], points(dataset, "tdma")[0])
    pa1 = difference(points(dataset, "pa1")[-1], points(dataset, "pa1")[0])
    measured = f"TDMA {shared}, PA1 {pa1} bit/s/Hz from the smallest array to the largest"
    best = shared.low > 0.0 and shared.high < pa1.low
    return graded(best, shared.low > 0.0, measured, min(shared.trials, pa1.trials))


def _losses(first: Sequence[xr.DataArray], second: Sequence[xr.DataArray]) -> list[tuple[float, int] | None]:
    """Relative loss of mean rates against the second, over the trials that both can use, and their number."""
    losses: list[tuple[float, int] | None] = []
    for a, b in zip(first, second, strict=True):
        a, b = xr.align(a, b, join="inner")
        both = a.notnull() & b.notnull()
        count = int(both.sum())
        loss = 1.0 - float(a.where(both).mean()) / float(b.where(both).mean()) if count else 1.0
        losses.append((loss, count) if count else None)
    return losses


def _usable_ends(dataset: xr.Dataset, scheme: str) -> tuple[int, int] | None:
    """First and last sweep point at which at least a fifth of the trials is usable."""
    share = usable_share(dataset).sel(scheme=scheme).values
    there = [index for index, value in enumerate(share) if value >= 0.2]
    return (there[0], there[-1]) if len(there) > 1 else None


def _means(dataset: xr.Dataset, scheme: str) -> tuple[float, float]:
    values = points(dataset, scheme)
    return float(values[0].mean()), float(values[-1].mean())


def _usable(dataset: xr.Dataset) -> str:
    """Usable shares of PA1 over the sweep."""
    share = usable_share(dataset).sel(scheme="pa1").values
    return f"PA1 usable in {', '.join(f'{value:.0%}' for value in share)} of the trials"


def _least(found: Iterable[Sequence[Estimate]]) -> int:
    return min((one.trials for estimates in found for one in estimates), default=0)
