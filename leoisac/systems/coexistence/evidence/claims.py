"""Published claims about rates and sensing in one cell, by paired differences over common drops; the table of all."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import (
    Estimate,
    against_published,
    graded,
    least_trials,
)
from leoisac.foundation.number_text import share_text
from leoisac.systems.coexistence.evidence import cells_claims as of_cells
from leoisac.systems.coexistence.evidence import network_claims as of_networks
from leoisac.systems.coexistence.evidence import sensing_claims as of_sensing
from leoisac.systems.coexistence.evidence.drops import (
    Data,
    at_points,
    leads,
    means_at_points,
    ratios_at_points,
    scnr_db,
    span_text,
    values_of,
    without_collapsed,
)

_SLACK_DB = 0.01
"""By how much an SCNR may miss its floor: the tolerance of 0.1 % in dB, and rounding."""
_FOUND = 0.99
"""Share of drops with a design from which on "never" is taken at its word."""


def _steps(dataset: xr.Dataset, order: tuple[str, ...]) -> list[list[Estimate]]:
    """For every neighbouring pair of schemes, what the first is ahead by at each point."""
    rates = [values_of(dataset, "sum_rate", scheme) for scheme in order]
    return [at_points(first, second) for first, second in itertools.pairwise(rates)]


def _ordering(data: Data) -> Verdict:
    dataset = viewed(data["bs-power"])
    order = ("interference-free", "proposed", "zf-eps", "greedy", "uniform")
    steps, alive = _steps(dataset, order), _steps(without_collapsed(dataset), order)
    # Of all drops that either scheme can use, those that zero forcing has no design on included.
    own, ideal = (values_of(data["bs-power"], "sum_rate", name) for name in ("proposed", "interference-free"))
    share = float((own > ideal).sum() / (own.notnull() & ideal.notnull()).sum())
    least = [min(step, key=lambda one: one.mean) for step in steps]
    measured = (
        f"least steps down the order {', '.join(str(one) for one in least)} bit/s/Hz; proposed over ZF-EPS "
        f"{span_text(steps[1])}, without collapsed drops {span_text(alive[1])}{leads(data['bs-power'])}; the proposed "
        f"scheme exceeds interference-free zero forcing on {share_text(share)} of the drops"
    )
    upper = all(one.above for step in steps[:3] for one in step)
    trials = least_trials(one for step in steps for one in step)
    criterion = (
        "at every power and floor each of the first three steps is above 0 with its whole interval, greedy is nowhere "
        "surely below uniform; partly: proposed surely above ZF-EPS, and that above greedy, at every power and floor"
    )
    fair = all(one.above for step in steps[1:3] for one in step)
    return graded(upper and not any(one.below for one in steps[3]), fair, measured, trials, criterion)


def _losses(dataset: xr.Dataset) -> list[Estimate]:
    """Share of the ideal's rate that greedy loses, at every point."""
    greedy, ideal = (values_of(dataset, "sum_rate", scheme) for scheme in ("greedy", "interference-free"))
    kept = ratios_at_points(greedy, ideal)
    return [Estimate(1.0 - one.mean, 1.0 - one.high, 1.0 - one.low, one.trials) for one in kept]


def _greedy_loss(data: Data) -> Verdict:
    dataset = viewed(data["bs-power"])
    losses, alive = _losses(dataset), _losses(without_collapsed(dataset))
    printed, friis = (_losses(viewed(data["free-space-law"].sel(fspl_denominator=law)))[0] for law in ("2pi", "4pi"))
    measured = (
        f"{span_text(losses, '.0%')} of the ideal lost by power and floor, {losses[0].text('.0%')} at the least power; "
        f"without collapsed drops {span_text(alive, '.0%')}; at the default power {printed.text('.0%')} lost by the "
        f"printed law, {friis.text('.0%')} after Friis"
    )
    return against_published([(one, 0.5) for one in losses], measured)


def _never_below(data: Data) -> Verdict:
    dataset = data["bs-power"]
    proposed = scnr_db(dataset).sel(scheme="proposed")
    found = float(usable_share(dataset).sel(scheme="proposed").min())
    least = float(proposed.min())
    measured = (
        f"least {least:.3f} dB, mean {float(proposed.mean()):.2f} dB over all targets, drops and powers; a design is "
        f"found on {share_text(found)} of the drops or more"
    )
    criterion = (
        f"no design is below -10 dB by more than {_SLACK_DB} dB, and on at least {_FOUND:.0%} of the drops of "
        f"every point "
        "one is found; partly: the first alone, which the scheme promises"
    )
    kept = least >= -10.0 - _SLACK_DB
    trials = int(dataset["usable"].sel(scheme="proposed").sum("trial").min())
    return graded(kept and found >= _FOUND, kept, measured, trials, criterion)


def _blind_fall_below(data: Data) -> Verdict:
    dataset = viewed(data["bs-power"])
    blind = _scnr_at_points(dataset, ("greedy", "uniform"))
    own, served = (_scnr_at_points(one, ("interference-free",)) for one in (dataset, without_collapsed(dataset)))
    lowest = float(scnr_db(dataset).sel(scheme=["greedy", "uniform"]).min())
    measured = (
        f"means {span_text(blind, '.1f')} dB over schemes, powers and floors, least {lowest:.1f} dB; in their own "
        f"design {span_text(own, '.1f')} dB, without collapsed drops {span_text(served, '.1f')} dB"
    )
    criterion = (
        "at every power and floor the mean of each over targets and drops is below -10 dB with its whole interval, and "
        f"in their own design, without the satellite, no more than {_SLACK_DB} dB below it; partly: the first"
    )
    below = all(one.high < -10.0 for one in blind)
    meets = all(one.mean >= -10.0 - _SLACK_DB for one in own)
    return graded(below and meets, below, measured, least_trials(blind), criterion)


def _scnr_at_points(dataset: xr.Dataset, schemes: tuple[str, ...]) -> list[Estimate]:
    """Mean SCNR in dB of every scheme at every point, over targets and drops."""
    means = scnr_db(dataset).mean(["cell", "target"])
    return [one for scheme in schemes for one in means_at_points(means.sel(scheme=scheme, drop=True))]


def _small_scale_hardly_matters(data: Data) -> Verdict:
    dataset = viewed(data["refinement"])
    rates = {
        name: values_of(dataset, "sum_rate", name) for name in ("proposed", "proposed-genie", "proposed-unrefined")
    }
    shares = ratios_at_points(rates["proposed"], rates["proposed-genie"])
    kept = ratios_at_points(rates["proposed-unrefined"], rates["proposed"])
    # The first correlation is the least, the worst case: nothing of P1's fading is left in P3.
    measured = (
        f"the rate is {shares[0].text('.1%')} of that with P1 on fresh channels ({span_text(shares, '.1%')} by "
        f"correlation); without refinement {kept[0].text('.0%')} is left ({span_text(kept, '.0%')})"
    )
    if "beam_power" in dataset:
        powers = [values_of(dataset, "beam_power", name) for name in ("proposed", "proposed-genie")]
        apart = 10.0 * np.log10((powers[0] / powers[1]).isel(ageing_rho=0).values)
        measured += f"; the two powers are apart by {float(np.nanmedian(np.abs(apart))):.1f} dB in the median"
    criterion = "the whole interval of the first share is above 95 % at every correlation; partly: above 90 %"
    least = min(one.low for one in shares)
    return graded(least > 0.95, least > 0.9, measured, least_trials(shares), criterion)


def _keeps_and_climbs(data: Data) -> Verdict:
    found = {route: _climb(data["convergence"].sel(scheme=f"proposed:{route}")) for route in ("published", "reference")}
    measured = "; ".join(
        f"{route}: largest fall {max(fall, 0.0):.1e} of the highest rate, largest violation {worst:.1e}, a design on "
        f"{count} drops"
        for route, (fall, worst, count) in found.items()
    )
    fall, worst, count = found["published"]
    criterion = (
        "route published: in P3 no turn loses more than 1e-4 of the highest rate, no design misses a floor by more "
        "than 2e-3; partly: the second"
    )
    return graded(fall <= 1e-4 and worst <= 2e-3, worst <= 2e-3, measured, count, criterion)


def _climb(dataset: xr.Dataset) -> tuple[float, float, int]:
    """Largest relative fall from one turn to the next, largest violation, drops with a design."""
    history = dataset["history"].where(dataset["usable"])
    # The first entry is the start, which keeps no floor.
    turns = history.isel(iteration=slice(1, None))
    fall = float((-turns.diff("iteration")).max() / np.maximum(float(abs(history).max()), 1e-9))
    worst = float(dataset["violation"].where(dataset["usable"]).max())
    return fall, worst, int(dataset["usable"].sum())


def _claim(
    name: str,
    statement: str,
    published: str,
    studies: tuple[str, ...],
    check: Callable[[Data], Verdict],
    least: int = 60,
    proxy: str = "",
) -> Claim:
    return Claim(name, statement, published, studies, check, least, proxy)


_BOTH = ("bs-power", "tut-gain")
_POWER, _GAIN, _CELLS, _SENSING = ("bs-power",), ("tut-gain",), ("cells",), ("sensing-failure",)
_SEARCHED = "a drop fails where a search finds no beams that sense all targets; that there are none is not proven"

CLAIMS = (
    _claim("F4-1", "Ideal above proposed above ZF-EPS above greedy, uniform last", "at all powers", _POWER, _ordering),
    _claim("F4-2", "Greedy loses half of the ideal's rate", "about 50 %", ("bs-power", "free-space-law"), _greedy_loss),
    _claim("F4-3", "A higher floor of the satellite rate lowers the sum rate", "falls", _BOTH, of_networks.floor_costs),
    _claim("F5-1", "The proposed scheme is never below -10 dB", "never", _POWER, _never_below),
    _claim(
        "F5-2",
        "Greedy and uniform meet -10 dB in their own design and fall below it",
        "below",
        _POWER,
        _blind_fall_below,
    ),
    _claim("F6-1", "At a floor of 3 the satellite bears most of the loss", "most", _POWER, of_networks.satellite_pays),
    _claim("F6-2", "The satellite rate exceeds its floor of 3", "exceeds", _POWER, of_networks.beyond_the_floor),
    _claim(
        "F6-3",
        "At a floor of 7 the satellite rate is almost 7 and the terrestrial loss dominates",
        "almost exactly 7",
        _BOTH,
        of_networks.pinned_at_seven,
    ),
    _claim(
        "F6-4",
        "More satellite rate harms the sum",
        "harms",
        _GAIN,
        of_networks.more_satellite_harms,
        proxy="a higher floor of the satellite rate stands for more of it",
    ),
    _claim("F7-1", "The rate falls with satellite power", "falls", ("association",), of_sensing.falls_with_power),
    _claim("F7-2", "The proposed association is best", "best", ("association",), of_sensing.proposed_is_best),
    _claim("F7-3", "Gaps grow as receivers have fewer antennas", "grow", ("association",), of_sensing.gaps_grow),
    _claim(
        "F8-1",
        "Failure grows with radius; free below proposed below random",
        "yes",
        _SENSING,
        of_sensing.failure_order,
        proxy=_SEARCHED,
    ),
    _claim(
        "F8-2",
        "Radius of proposed against free, 4 x 4",
        "44 % smaller",
        _SENSING,
        of_sensing.radius_loss("proposed", 0.44),
        proxy=_SEARCHED,
    ),
    _claim(
        "F8-3",
        "Radius of random against free, 4 x 4",
        "67 % smaller",
        _SENSING,
        of_sensing.radius_loss("random", 0.67),
        proxy=_SEARCHED,
    ),
    _claim(
        "F8-4",
        "With 32 x 32 proposed nearly equals free, random does not",
        "yes",
        _SENSING,
        of_sensing.many_antennas,
        proxy=_SEARCHED,
    ),
    _claim(
        "F8-5",
        "Monostatic with all antennas does not beat proposed",
        "no better",
        ("sensing-failure", "sensing-monostatic"),
        of_sensing.monostatic_no_better,
        proxy=_SEARCHED,
    ),
    _claim(
        "F9-1",
        "Ideal above proposed above coop-uniform and others",
        "yes",
        ("cells-bs-power",),
        of_cells.several_cells_order,
    ),
    _claim("F9-2", "The gap to the ideal is smaller than for one cell", "smaller", _CELLS, of_cells.gap_shrinks),
    _claim("F9-3", "The satellite uses its whole budget", "whole", ("cells-bs-power",), of_cells.budget_is_used),
    _claim("F10-1", "Above 90 % of the ideal at five cells", "above 90 %", _CELLS, of_cells.above_ninety),
    _claim("F10-2", "The ratio grows with the number of cells", "grows", _CELLS, of_cells.ratio_grows),
    _claim(
        "X-1",
        "P1's power hardly depends on small-scale terrestrial state",
        "hardly",
        ("refinement",),
        _small_scale_hardly_matters,
        proxy="the sum rate that P1's power leads to, stale channels against fresh ones",
    ),
    _claim(
        "X-2",
        "WMMSE keeps all constraints and is monotone",
        "yes",
        ("convergence",),
        _keeps_and_climbs,
        10,
        "the turns of P3, whose course is stored",
    ),
)

__all__ = ["CLAIMS"]
