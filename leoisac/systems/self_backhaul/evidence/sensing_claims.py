"""Criteria for what is said about sensing: who senses better, and whether anybody beats the trade-off (Fig. 4)."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import Estimate, difference, graded, least_trials
from leoisac.systems.self_backhaul.evidence.rates import chosen, delivered, known, present
from leoisac.systems.self_backhaul.evidence.sensing_figures import detection
from leoisac.systems.self_backhaul.evidence.studies import BENCHMARKS, PUBLISHED_RIVALS
from leoisac.systems.self_backhaul.evidence.trends import SAME, SAME_DETECTION, higher, trend

Data = Mapping[str, xr.Dataset]

_ACCURACY = 1e-6
"""By how much a detection probability may be lower and count as no lower: schemes meet one threshold exactly."""
_AXIS = "pattern_min_w"


def pareto_front(data: Data) -> Verdict:
    """No rival has more of rate and detection probability than the joint design has at some threshold."""
    criterion = (
        "PA1's rate surely falls from threshold to threshold, and at every one of them PA1 surely delivers more than "
        f"every rival (interval of the paired difference above {SAME} bit/s/Hz) without detecting less; partly: than "
        "every rival as published"
    )
    dataset, rivals = _compared(data)
    if not rivals:
        return graded(False, False, "PA1 or its rivals were not run", 0, criterion)
    rate, detected = delivered(dataset), detection(dataset)
    beaten: dict[str, list[str]] = {}
    found: list[Estimate] = []
    for rival in rivals:
        for value in dataset[_AXIS].values:
            lead, more = (_over(numbers, rival, value) for numbers in (rate, detected))
            found.append(lead)
            if not (higher(lead) and more.mean >= -_ACCURACY):
                beaten.setdefault(rival, []).append(f"{value:g} W: {lead}")
    own = trend([rate.sel({"scheme": "pa1", _AXIS: value}, drop=True) for value in dataset[_AXIS].values])
    front = all(step.below for step in own.steps)
    least = min(known(found), key=lambda one: one.mean, default=None)
    measured = f"PA1's rate {'falls' if front else 'does not fall'} at every threshold; least lead {least} bit/s/Hz" + (
        "; not surely led: " + ", ".join(f"{name} ({'; '.join(where)})" for name, where in beaten.items())
        if beaten
        else ""
    )
    fair = front and not any(name in beaten for name in PUBLISHED_RIVALS)
    return graded(front and not beaten, fair, measured, least_trials(known(found)), criterion)


def senses_better(data: Data) -> Verdict:
    """The joint design detects more than every rival at every threshold; partly more than some, and never less."""
    criterion = (
        "at every threshold PA1's mean detection probability is surely above that of every rival (interval of the "
        f"paired difference above {SAME_DETECTION}), where either is between 0.01 and 0.99; partly: above that of some "
        "rivals, and nowhere lower"
    )
    dataset, rivals = _compared(data)
    if not rivals:
        return graded(False, False, "PA1 or its rivals were not run", 0, criterion)
    detected = detection(dataset)
    means = detected.mean("trial")
    better: dict[str, bool] = {}
    never_worse, parts, trials = list[bool](), list[str](), list[int]()
    for rival in rivals:
        found = {float(value): _over(detected, rival, value) for value in dataset[_AXIS].values}
        gaps = {value: gap for value, gap in found.items() if gap.known}
        trials += [gap.trials for gap in gaps.values()]
        never_worse += [gap.mean >= -_ACCURACY for gap in gaps.values()]
        asked = [value for value in gaps if _can_differ(means.sel({"scheme": ["pa1", rival], _AXIS: value}))]
        better[rival] = bool(asked) and all(higher(gaps[value], SAME_DETECTION) for value in asked)
        widest = max(gaps.values(), key=lambda gap: abs(gap.mean), default=None)
        parts.append(f"{rival} {'-' if widest is None else widest.text('+.3f')}")
    measured = f"largest difference of the detection probability, PA1 less rival: {', '.join(parts)}"
    never = bool(never_worse) and all(never_worse)
    sure, fair = never and all(better.values()), never and any(better.values())
    return graded(sure, fair, measured, min(trials, default=0), criterion)


def _compared(data: Data) -> tuple[xr.Dataset, list[str]]:
    """PA1 and its rivals over the trials that all of them can use, as in the figure; no rivals without PA1."""
    dataset = data["threshold-rivals"]
    rivals = present(dataset, BENCHMARKS) if "pa1" in dataset["scheme"].values else []
    return viewed(chosen(dataset, ("pa1", *rivals))), rivals


def _over(numbers: xr.DataArray, rival: str, value: float) -> Estimate:
    """PA1 less a rival at a threshold."""
    ours, its = (numbers.sel({"scheme": name, _AXIS: value}, drop=True) for name in ("pa1", rival))
    return difference(ours, its)


def _can_differ(means: xr.DataArray) -> bool:
    """Whether two mean detection probabilities are neither both next to 0 nor both next to 1."""
    return float(means.max()) > 0.01 and float(means.min()) < 0.99


__all__ = ["pareto_front", "senses_better"]
