"""Claims about several cells."""

from __future__ import annotations

import itertools

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import Estimate, estimate, graded, least_trials
from leoisac.systems.coexistence.evidence.drops import (
    Data,
    at_points,
    difference_of_ratios,
    leads,
    ratios_at_points,
    span_text,
    values_of,
    without_collapsed,
)

IDEALS = {"interference-free": "interference-free ZF", "interference-free-wmmse": "interference-free optimum found"}
_OTHERS = ("zf-eps", "rzf-eps", "coop-uniform", "greedy")


def several_cells_order(data: Data) -> Verdict:
    """Sum rate of the proposed scheme between the ideals and the others, at every power."""
    dataset = viewed(data["cells-bs-power"])
    own = values_of(dataset, "sum_rate", "proposed")
    others = [name for name in _OTHERS if name in dataset["scheme"].values]
    ahead = {name: at_points(own, values_of(dataset, "sum_rate", name)) for name in others}
    behind = {name: at_points(values_of(dataset, "sum_rate", name), own) for name in IDEALS}
    alive = without_collapsed(dataset)
    served = at_points(values_of(alive, "sum_rate", "proposed"), values_of(alive, "sum_rate", "zf-eps"))
    measured = (
        "ahead of "
        + ", ".join(f"{name} by {span_text(found)}" for name, found in ahead.items())
        + " bit/s/Hz (of zf-eps "
        f"{span_text(served)} without collapsed drops{leads(data['cells-bs-power'])}); behind "
        + ", ".join(f"{IDEALS[name]} by {span_text(found)}" for name, found in behind.items())
    )
    ahead_of_all = all(one.above for found in ahead.values() for one in found)
    every = [one for found in (*ahead.values(), *behind.values()) for one in found]
    criterion = (
        "at every power surely above all others and surely below both ideals; partly: surely above all others, below "
        "the interference-free optimum alone"
    )
    fair = ahead_of_all and all(one.above for one in behind["interference-free-wmmse"])
    return graded(ahead_of_all and all(one.above for one in every), fair, measured, least_trials(every), criterion)


def _shares(dataset: xr.Dataset, ideal: str) -> dict[int, Estimate]:
    own, other = (values_of(dataset, "sum_rate", name) for name in ("proposed", ideal))
    counts = [int(count) for count in dataset["num_cells"].values]
    return dict(zip(counts, ratios_at_points(own, other), strict=True))


def _growth(dataset: xr.Dataset, ideal: str, few: int, many: int) -> Estimate:
    """How much the share of the ideal is larger with many cells than with few."""
    own, other = (values_of(dataset, "sum_rate", name) for name in ("proposed", ideal))
    first, second = ((own.sel(num_cells=count), other.sel(num_cells=count)) for count in (many, few))
    return difference_of_ratios(first, second)


def gap_shrinks(data: Data) -> Verdict:
    """Share of the ideals at four cells (or the most there are) against one."""
    dataset = viewed(data["cells"])
    counts = [int(count) for count in dataset["num_cells"].values]
    few, many = counts[0], 4 if 4 in counts else counts[-1]
    grown = {ideal: _growth(dataset, ideal, few, many) for ideal in IDEALS}
    measured = "; ".join(
        f"{IDEALS[ideal]}: {shares[few].mean:.3f} at {few}, {shares[many].mean:.3f} at {many}, "
        f"{grown[ideal].text('+.3f')}"
        for ideal, shares in ((ideal, _shares(dataset, ideal)) for ideal in IDEALS)
    )
    alive = _shares(without_collapsed(dataset), "interference-free")
    measured += f" (interference-free ZF without collapsed drops {alive[few].mean:.3f}, {alive[many].mean:.3f})"
    surely = [one.above for one in grown.values()]
    criterion = f"the shares of both ideals surely grow from {few} to {many} cells; partly: one of them"
    return graded(all(surely), any(surely), measured, least_trials(grown.values()), criterion)


def budget_is_used(data: Data) -> Verdict:
    """Share of the satellite's budget that the merged powers spend."""
    dataset = viewed(data["cells-bs-power"])
    powers = dataset["bs_power_dbm"].values
    spent = 1.0 - values_of(dataset, "margin_satellite_power", "proposed")
    found = [estimate(spent.sel(bs_power_dbm=power)) for power in powers]
    measured = ", ".join(f"{one.text('.0%')} at {power:g} dBm" for one, power in zip(found, powers, strict=True))
    criterion = "above 99 % with the whole interval at every power; partly: above 90 % at one"
    return graded(
        all(one.low > 0.99 for one in found),
        any(one.low > 0.9 for one in found),
        measured,
        least_trials(found),
        criterion,
    )


def above_ninety(data: Data) -> Verdict:
    """Share of the ideals with the most cells."""
    dataset = viewed(data["cells"])
    most = int(dataset["num_cells"].max())
    found = {ideal: _shares(dataset, ideal)[most] for ideal in IDEALS}
    measured = ", ".join(f"{one.text('.1%')} of {IDEALS[ideal]}" for ideal, one in found.items()) + f" at {most} cells"
    alive = _shares(without_collapsed(dataset), "interference-free")[most]
    measured += f" ({alive.text('.1%')} of interference-free ZF without collapsed drops)"
    surely = [one.low > 0.9 for one in found.values()]
    criterion = "above 90 % of both ideals with the whole interval; partly: of one"
    return graded(all(surely), any(surely), measured, least_trials(found.values()), criterion)


def ratio_grows(data: Data) -> Verdict:
    """The same from each number of cells to the next."""
    dataset = viewed(data["cells"])
    counts = [int(count) for count in dataset["num_cells"].values]
    steps = {ideal: [_growth(dataset, ideal, a, b) for a, b in itertools.pairwise(counts)] for ideal in IDEALS}
    whole = {ideal: _growth(dataset, ideal, counts[0], counts[-1]) for ideal in IDEALS}
    measured = "; ".join(
        f"{IDEALS[ideal]}: {' '.join(f'{one.mean:.3f}' for one in _shares(dataset, ideal).values())}, in all "
        f"{whole[ideal].text('+.3f')}"
        for ideal in IDEALS
    )
    alive = _shares(without_collapsed(dataset), "interference-free").values()
    measured += f" (interference-free ZF without collapsed drops {' '.join(f'{one.mean:.3f}' for one in alive)})"
    best = all(one.above for found in steps.values() for one in found)
    trials = least_trials(one for found in steps.values() for one in found)
    criterion = "every step surely grows, for both ideals; partly: from fewest to most cells, for one"
    return graded(best, any(one.above for one in whole.values()), measured, trials, criterion)


__all__ = ["IDEALS", "above_ninety", "budget_is_used", "gap_shrinks", "ratio_grows", "several_cells_order"]
