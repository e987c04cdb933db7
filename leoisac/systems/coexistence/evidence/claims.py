"""Published claims about rates in one cell, judged by paired differences over common drops; the table of all claims."""

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
    difference,
    estimate,
    graded,
    least_trials,
    ratio,
)
from leoisac.foundation.number_text import share_text
from leoisac.systems.coexistence.evidence import cells_claims as of_cells
from leoisac.systems.coexistence.evidence import sensing_claims as of_sensing
from leoisac.systems.coexistence.evidence.drops import (
    Data,
    at_points,
    leads,
    ratios_at_points,
    scnr_db,
    span_text,
    values_of,
    without_collapsed,
)

_DEFAULT_DBM = 35.0
_IDEAL = "interference-free-wmmse"
_SLACK_DB = 0.01
"""By how much an SCNR may miss its floor: the tolerance of 0.1 % in dB, and rounding."""
_FOUND = 0.99
"""Share of drops with a design from which on "never" is taken at its word."""
_NEAR_FLOOR = 0.05
"""A rate within this share above its floor counts as almost the floor."""


def _at_default(dataset: xr.Dataset) -> xr.Dataset:
    powers = dataset["bs_power_dbm"].values
    return dataset.sel(bs_power_dbm=_DEFAULT_DBM if _DEFAULT_DBM in powers else powers[len(powers) // 2])


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
        "surely below uniform; partly: proposed above ZF-EPS above greedy at every point"
    )
    fair = all(one.above for step in steps[1:3] for one in step)
    return graded(upper and not any(one.below for one in steps[3]), fair, measured, trials, criterion)


def _losses(dataset: xr.Dataset) -> list[Estimate]:
    """Share of the ideal's rate that greedy loses, at every point."""
    greedy, ideal = (values_of(dataset, "sum_rate", scheme) for scheme in ("greedy", "interference-free"))
    kept = ratios_at_points(greedy, ideal)
    return [Estimate(1.0 - one.mean, 1.0 - one.high, 1.0 - one.low, one.trials) for one in kept]


def _greedy_loss(data: Data) -> Verdict:
    dataset = viewed(data["bs-power"]).isel(min_sut_rate=0, drop=True)
    losses, alive = _losses(dataset), _losses(without_collapsed(dataset))
    friis = _losses(viewed(data["free-space-law"].sel(fspl_denominator="4pi")))
    measured = (
        f"{span_text(losses, '.0%')} of the ideal by power, {losses[0].text('.0%')} at the least power; without "
        f"collapsed drops {span_text(alive, '.0%')}; after Friis {friis[0].text('.0%')}"
    )
    return against_published([(one, 0.5) for one in losses], measured)


def _floor_changes(dataset: xr.Dataset, scheme: str) -> dict[float, Estimate]:
    """By gain: change of the sum rate as the least satellite rate rises from its lowest to its highest value."""
    values = values_of(dataset, "sum_rate", scheme)
    low, high = float(dataset["min_sut_rate"].min()), float(dataset["min_sut_rate"].max())
    return {
        float(gain): difference(
            values.sel(tut_gain_dbi=gain, min_sut_rate=high), values.sel(tut_gain_dbi=gain, min_sut_rate=low)
        )
        for gain in dataset["tut_gain_dbi"].values
    }


def _floor_costs(data: Data) -> Verdict:
    """The satellite's floor lowers the rate; the printed setting and the largest gain are both looked at."""
    dataset = viewed(data["tut-gain"])
    changes = {scheme: _floor_changes(dataset, scheme) for scheme in ("proposed", "zf-eps")}
    gains = min(changes["proposed"]), max(changes["proposed"])
    found = {(scheme, gain): changes[scheme][gain] for scheme in changes for gain in gains}
    measured = "; ".join(f"{scheme} {one} at {gain:g} dBi" for (scheme, gain), one in found.items())
    criterion = (
        "both schemes surely fall at the default gain of 0 dBi; partly: the proposed one surely falls at the "
        "largest gain"
    )
    here = all(changes[scheme][gains[0]].below for scheme in changes)
    fair = changes["proposed"][gains[1]].below
    return graded(here, fair, measured, least_trials(found.values()), criterion)


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
    alive = without_collapsed(dataset)
    axes = ["cell", "target", *(name for name in ("bs_power_dbm", "min_sut_rate") if name in dataset.dims)]
    blind = estimate(scnr_db(dataset).sel(scheme=["greedy", "uniform"]).mean([*axes, "scheme"]))
    own, served = (estimate(scnr_db(one).sel(scheme="interference-free").mean(axes)) for one in (dataset, alive))
    lowest = float(scnr_db(dataset).sel(scheme=["greedy", "uniform"]).min())
    measured = (
        f"mean {blind.text('.1f')} dB, least {lowest:.1f} dB; in their own design {own.text('.1f')} dB, without "
        f"collapsed drops {served.text('.1f')} dB"
    )
    criterion = (
        "their mean over targets, drops and points is below -10 dB with its whole interval, and in their own design, "
        f"without the satellite, no more than {_SLACK_DB} dB below it; partly: the first"
    )
    below = blind.high < -10.0
    meets = own.mean >= -10.0 - _SLACK_DB
    return graded(below and meets, below, measured, blind.trials, criterion)


def _parts(dataset: xr.Dataset) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """Terrestrial loss, satellite loss against the optimised ideal, their difference, and the satellite rate."""
    rate = {
        (metric, scheme): values_of(dataset, metric, scheme)
        for metric in ("terrestrial_rate", "satellite_rate")
        for scheme in (_IDEAL, "proposed")
    }
    lost = [rate[metric, _IDEAL] - rate[metric, "proposed"] for metric in ("terrestrial_rate", "satellite_rate")]
    own = rate["satellite_rate", "proposed"]
    return estimate(lost[0]), estimate(lost[1]), difference(lost[1], lost[0]), estimate(own)


def _satellite_pays(data: Data) -> Verdict:
    dataset = _at_default(viewed(data["bs-power"])).sel(min_sut_rate=3.0)
    terrestrial, satellite, more, _ = _parts(dataset)
    measured = (
        f"loss {satellite.text('.1f')} bit/s/Hz of the satellite users, {terrestrial.text('.1f')} of the "
        f"terrestrial ones"
    )
    return graded(
        more.above, False, measured, more.trials, "the satellite's loss exceeds the other with the whole interval"
    )


def _beyond_the_floor(data: Data) -> Verdict:
    rate = _parts(_at_default(viewed(data["bs-power"])).sel(min_sut_rate=3.0))[3]
    measured = f"mean rate of the satellite user {rate.text('.1f')} bit/s/Hz"
    return graded(rate.low > 3.0, False, measured, rate.trials, "its whole interval is above 3 bit/s/Hz")


def _pinned(parts: tuple[Estimate, Estimate, Estimate, Estimate]) -> bool:
    return parts[3].high <= 7.0 * (1.0 + _NEAR_FLOOR) and parts[2].below


def _pinned_at_seven(data: Data) -> Verdict:
    """Looked at with the printed gain of 0 dBi and with the largest one of the study."""
    gains = viewed(data["tut-gain"]).sel(min_sut_rate=7.0)
    most = float(gains["tut_gain_dbi"].max())
    here = _parts(_at_default(viewed(data["bs-power"])).sel(min_sut_rate=7.0))
    there = _parts(gains.sel(tut_gain_dbi=most))
    measured = "; ".join(
        f"at {gain:g} dBi satellite rate {parts[3].text('.1f')}, terrestrial loss {parts[0].mean:.1f} against "
        f"{parts[1].mean:.1f}"
        for gain, parts in ((0.0, here), (most, there))
    )
    criterion = (
        f"the interval of the satellite rate ends at most {_NEAR_FLOOR:.0%} above 7, and the terrestrial loss surely "
        f"exceeds the satellite's, at 0 dBi; partly: at {most:g} dBi"
    )
    return graded(_pinned(here), _pinned(there), measured, least_trials((*here, *there)), criterion)


def _more_satellite_harms(data: Data) -> Verdict:
    changes = _floor_changes(viewed(data["tut-gain"]), "proposed")
    measured = "floor from its lowest to its highest: " + ", ".join(f"{one} at {g:g} dBi" for g, one in changes.items())
    harms = [one.below for one in changes.values()]
    criterion = "the sum rate surely falls at every gain; partly: at one"
    return graded(all(harms), any(harms), measured, least_trials(changes.values()), criterion)


def _small_scale_hardly_matters(data: Data) -> Verdict:
    dataset = viewed(data["refinement"]).sel(ageing_rho=0.0)
    rates = {
        name: values_of(dataset, "sum_rate", name) for name in ("proposed", "proposed-genie", "proposed-unrefined")
    }
    share, kept = (
        ratio(rates["proposed"], rates["proposed-genie"]),
        ratio(rates["proposed-unrefined"], rates["proposed"]),
    )
    measured = (
        f"the rate is {share.text('.1%')} of that with P1 on fresh channels; without refinement "
        f"{kept.text('.0%')} is left"
    )
    if "beam_power" in dataset:
        powers = [values_of(dataset, "beam_power", name) for name in ("proposed", "proposed-genie")]
        apart = 10.0 * np.log10((powers[0] / powers[1]).values)
        measured += f"; the two powers are apart by {float(np.nanmedian(np.abs(apart))):.1f} dB in the median"
    criterion = "the whole interval of the first share is above 95 %; partly: above 90 %"
    return graded(share.low > 0.95, share.low > 0.9, measured, share.trials, criterion)


def _keeps_and_climbs(data: Data) -> Verdict:
    found = {route: _climb(data["convergence"].sel(scheme=f"proposed:{route}")) for route in ("published", "reference")}
    measured = "; ".join(
        f"{route}: largest fall {max(fall, 0.0):.1e} of the rate, largest violation {worst:.1e}, a design on "
        f"{count} drops"
        for route, (fall, worst, count) in found.items()
    )
    fall, worst, count = found["published"]
    criterion = (
        "route published: in P3 no turn loses more than 1e-4 of the rate, no design misses a floor by more than 2e-3; "
        "partly: the second"
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


_POWER, _GAIN, _CELLS, _SENSING = ("bs-power",), ("tut-gain",), ("cells",), ("sensing-failure",)
_SEARCHED = "a drop fails where a search finds no beams that sense all targets; that there are none is not proven"

CLAIMS = (
    _claim("F4-1", "Ideal above proposed above ZF-EPS above greedy, uniform last", "at all powers", _POWER, _ordering),
    _claim("F4-2", "Greedy loses half of the ideal's rate", "about 50 %", ("bs-power", "free-space-law"), _greedy_loss),
    _claim("F4-3", "A higher floor of the satellite rate lowers the sum rate", "falls", _GAIN, _floor_costs),
    _claim("F5-1", "The proposed scheme is never below -10 dB", "never", _POWER, _never_below),
    _claim(
        "F5-2",
        "Greedy and uniform meet -10 dB in their own design and fall below it",
        "below",
        _POWER,
        _blind_fall_below,
    ),
    _claim("F6-1", "At a floor of 3 the satellite bears most of the loss", "most", _POWER, _satellite_pays),
    _claim("F6-2", "The satellite rate exceeds its floor of 3", "exceeds", _POWER, _beyond_the_floor),
    _claim(
        "F6-3",
        "At a floor of 7 the satellite rate is almost 7 and the terrestrial loss dominates",
        "almost exactly 7",
        ("bs-power", "tut-gain"),
        _pinned_at_seven,
    ),
    _claim(
        "F6-4",
        "More satellite rate harms the sum",
        "harms",
        _GAIN,
        _more_satellite_harms,
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
