"""Criteria for what is said about sensing: who senses better, and whether anybody beats the trade-off (Fig. 4)."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import Estimate, difference, graded, least_trials
from leoisac.systems.self_backhaul.evidence.rates import chosen, delivered, known, present
from leoisac.systems.self_backhaul.evidence.sensing_figures import detection
from leoisac.systems.self_backhaul.evidence.studies import BENCHMARKS

Data = Mapping[str, xr.Dataset]

_SAME = 1e-6
"""Detection probabilities that count as the same: both schemes meet the same threshold exactly."""
_AXIS = "pattern_min_w"


def pareto_front(data: Data) -> Verdict:
    """No rival has more of rate and detection probability than the joint design has at some threshold."""
    criterion = (
        "PA1's mean rate falls as its detection probability rises, and at every threshold PA1 surely delivers more "
        "than every rival (interval of the paired difference above 0) without detecting less; partly: than every rival "
        "as published"
    )
    dataset = data["threshold-rivals"]
    rivals = present(dataset, BENCHMARKS)
    if "pa1" not in dataset["scheme"].values or not rivals:
        return graded(False, False, "PA1 or its rivals were not run", 0, criterion)
    beaten: dict[str, list[str]] = {}
    found: list[Estimate] = []
    for rival in rivals:
        pair = viewed(chosen(dataset, ("pa1", rival)))
        rate, detected = delivered(pair), detection(pair)
        for value in pair[_AXIS].values:
            at = {_AXIS: value}
            lead = difference(rate.sel(scheme="pa1", **at), rate.sel(scheme=rival, **at))
            more = difference(detected.sel(scheme="pa1", **at), detected.sel(scheme=rival, **at))
            found.append(lead)
            if lead.known and not (lead.above and more.mean >= -_SAME):
                beaten.setdefault(rival, []).append(f"{value:g} W: {lead}")
    own = viewed(chosen(dataset, ("pa1",)))
    rates = delivered(own).sel(scheme="pa1").mean("trial").values
    front = bool((rates[1:] < rates[:-1]).all())
    least = min(known(found), key=lambda one: one.mean, default=None)
    measured = f"PA1's rate {'falls' if front else 'does not fall'} at every threshold; least lead {least} bit/s/Hz" + (
        "; not surely led: " + ", ".join(f"{name} ({'; '.join(where)})" for name, where in beaten.items())
        if beaten
        else ""
    )
    fair = front and not any(name in beaten for name in ("das", "tdma", "ibs"))
    return graded(front and not beaten and bool(known(found)), fair, measured, least_trials(known(found)), criterion)


def senses_better(data: Data) -> Verdict:
    """The joint design detects more than every rival at every threshold; partly when it never detects less."""
    criterion = (
        "at every threshold PA1's mean detection probability is surely above that of every rival (interval of the "
        "paired difference above 0), where either is between 0.01 and 0.99; partly: nowhere lower"
    )
    dataset = data["threshold-rivals"]
    rivals = present(dataset, BENCHMARKS)
    if "pa1" not in dataset["scheme"].values or not rivals:
        return graded(False, False, "PA1 or its rivals were not run", 0, criterion)
    better, never_worse = list[bool](), list[bool]()
    parts, trials = list[str](), list[int]()
    for rival in rivals:
        pair = viewed(chosen(dataset, ("pa1", rival)))
        detected = detection(pair)
        widest: Estimate | None = None
        for value in pair[_AXIS].values:
            ours, its = (detected.sel(scheme=name, **{_AXIS: value}) for name in ("pa1", rival))
            gap = difference(ours, its)
            if not gap.known:
                continue
            trials.append(gap.trials)
            never_worse.append(gap.mean >= -_SAME)
            if max(float(ours.mean()), float(its.mean())) > 0.01 and min(float(ours.mean()), float(its.mean())) < 0.99:
                better.append(gap.above)
            widest = gap if widest is None or abs(gap.mean) > abs(widest.mean) else widest
        parts.append(f"{rival} {'-' if widest is None else widest.text('+.3f')}")
    measured = f"largest difference of the detection probability, PA1 less rival: {', '.join(parts)}"
    sure = bool(better) and all(better) and all(never_worse)
    return graded(sure, bool(never_worse) and all(never_worse), measured, min(trials, default=0), criterion)


__all__ = ["pareto_front", "senses_better"]
