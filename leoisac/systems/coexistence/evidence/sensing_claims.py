"""Claims about associations and sensing failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.systems.coexistence.evidence.drops import failure_share, radius_at, rate_with_association

Data = Mapping[str, xr.Dataset]

_ARRAYS = "num_rx+num_receivers"
_SIZES = "num_rx+sensing_radius_m"


def _graded(best: bool, fair: bool, measured: str, trials: int) -> Verdict:
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if trials > 0 else "insufficient", measured, trials)


def falls_with_power(data: Data) -> Verdict:
    """Sum rate against satellite power, every association."""
    dataset = data["association"]
    means = rate_with_association(dataset).mean("trial")
    falls = means.diff("satellite_power_w") < 0.0
    change = means.isel(satellite_power_w=-1) - means.isel(satellite_power_w=0)
    measured = f"changes from least to largest power {float(change.min()):.1f} to {float(change.max()):.1f} bit/s/Hz"
    return _graded(bool(falls.all()), bool((change < 0.0).all()), measured, dataset.sizes["trial"])


def proposed_is_best(data: Data) -> Verdict:
    """Proposed against the other associations at the largest power."""
    dataset = data["association"]
    means = rate_with_association(dataset).mean("trial").isel(satellite_power_w=-1)
    leads = {
        rule: means.sel(association="proposed") - means.sel(association=rule)
        for rule in ("nearest", "greedy", "random")
    }
    measured = "lead " + ", ".join(
        f"{float(lead.min()):+.1f} to {float(lead.max()):+.1f} over {rule}" for rule, lead in leads.items()
    )
    best = all(bool((lead > 0.3).all()) for lead in leads.values())
    fair = all(bool((leads[rule] > 0.0).all()) for rule in ("greedy", "random")) and bool(
        (leads["nearest"] > -0.5).all()
    )
    return _graded(best, fair, measured, dataset.sizes["trial"])


def gaps_grow(data: Data) -> Verdict:
    """Leads of the proposed association for few and many antennas, at the largest power and the smallest radius."""
    dataset = data["association"]
    means = rate_with_association(dataset).mean("trial").isel(satellite_power_w=-1)
    near = np.flatnonzero(dataset["sensing_radius_m"].values == dataset["sensing_radius_m"].values.min())
    order = near[np.argsort(dataset["num_rx"].values[near])]
    leads = {
        rule: (means.sel(association="proposed") - means.sel(association=rule)).isel({_SIZES: order}).values
        for rule in ("nearest", "greedy", "random")
    }
    grows = [bool(np.all(np.diff(lead) < 0.0)) for lead in leads.values()]
    antennas = "/".join(str(count) for count in dataset["num_rx"].values[order])
    measured = f"leads with {antennas} antennas: " + "; ".join(
        f"{rule} {' '.join(f'{value:.1f}' for value in lead)}" for rule, lead in leads.items()
    )
    enough = len(order) > 1
    return _graded(enough and all(grows), enough and any(grows), measured, dataset.sizes["trial"])


def failure_order(data: Data) -> Verdict:
    """Failure against radius, and across cases, of the first receiver array."""
    dataset = data["sensing-failure"]
    free, proposed, worst = (_case(dataset, 0, name) for name in ("free", "proposed", "random"))
    slack = 2.0 / np.sqrt(dataset.sizes["trial"])
    rises = all(bool(np.all(np.diff(share.values) >= -slack)) for share in (free, proposed, worst))
    ordered = bool((free <= proposed + slack).all() and (proposed <= worst + slack).all())
    strictly = float(free.sum()) < float(proposed.sum()) < float(worst.sum())
    measured = "shares summed over the radii " + ", ".join(f"{float(s.sum()):.2f}" for s in (free, proposed, worst))
    return _graded(rises and ordered and strictly, ordered, measured, dataset.sizes["trial"])


def radius_loss(rule: str, published: float) -> Callable[[Data], Verdict]:
    """How much smaller the radius at a failure share of 0.3 is than without satellite, first receiver array."""

    def check(data: Data) -> Verdict:
        dataset = data["sensing-failure"]
        free, found = radius_at(_case(dataset, 0, "free")), radius_at(_case(dataset, 0, rule))
        loss = 1.0 - found / free
        measured = f"{found:.0f} m against {free:.0f} m: {loss:.0%} smaller"
        return _graded(abs(loss - published) <= 0.08, abs(loss - published) <= 0.2, measured, dataset.sizes["trial"])

    return check


def many_antennas(data: Data) -> Verdict:
    """The last receiver array: proposed against free and random."""
    dataset = data["sensing-failure"]
    free, proposed, worst = (radius_at(_case(dataset, -1, name)) for name in ("free", "proposed", "random"))
    measured = f"radius at 0.3: free {free:.0f} m, proposed {proposed:.0f} m, random {worst:.0f} m"
    near = proposed >= 0.95 * free
    return _graded(near and worst < 0.8 * free, near, measured, dataset.sizes["trial"])


def monostatic_no_better(data: Data) -> Verdict:
    """One receiver with all antennas against the proposed association, first receiver array."""
    dataset = data["sensing-failure"]
    single = failure_share(data["sensing-monostatic"])["share"].isel({_ARRAYS: 0}).sel(scheme="sensing-only")
    proposed = _case(dataset, 0, "proposed")
    radii = radius_at(proposed), radius_at(single)
    slack = 2.0 / np.sqrt(dataset.sizes["trial"])
    worse = single.values >= proposed.values - slack
    measured = f"radius at 0.3: proposed {radii[0]:.0f} m, monostatic {radii[1]:.0f} m; no better at {worse.mean():.0%}"
    return _graded(
        bool(worse.all()) and radii[1] <= radii[0], bool(worse.mean() >= 0.5), measured, dataset.sizes["trial"]
    )


def _case(dataset: xr.Dataset, array: int, name: str) -> xr.DataArray:
    """Failure share against the radius: ``free``, or by association with the satellite."""
    share = failure_share(dataset)["share"].isel({_ARRAYS: array})
    if name == "free":
        return share.sel(scheme="sensing-only-free").isel(association=0)
    return share.sel(scheme="sensing-only", association=name)
