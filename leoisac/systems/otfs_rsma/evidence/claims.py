# pyright: reportUnknownMemberType=false
"""Published claims with numeric criteria, on the paper's own sweep of the common stream's share of the power.

The rate of (17) is one number per draw. Its bounds are not, where their ceilings are slack: what is judged of them are
the least ones at 99.9 % of the largest rate (``fast.least_bound``), and claims about them say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.statistics import quantile_interval
from leoisac.experiment.reading.verdicts import (
    Estimate,
    against_published,
    difference,
    graded,
    least_trials,
    ratio,
)
from leoisac.systems.otfs_rsma.evidence.results import (
    FRACTIONS,
    INNER,
    LEAST,
    TABLE_II,
    Data,
    Share,
    by_fraction,
    compared,
    mean_at,
    met_share,
    values,
)

_DOPPLER_CEILING = 5e3
_LEAST_TRIALS = 100
_RATE = ("fractions", "ends")
_BOUNDS = ("least-bounds", "least-bounds-ends")
_STEEP, _FAIRLY_STEEP = 0.1, 0.3
"""Width from the 5 % to the 95 % quantile over the median."""
_STEEP_AT = (0.1, 0.2, 0.3, 0.5)
_LOWERED = 1.3
"""A trade-off by the fraction has to lower the bound by this factor at least."""
_ALL, _MOST = 0.999, 0.9
_PROXY = "the least bound at 99.9 % of the largest rate found; (17) itself leaves the bound open"


def _listed(numbers: Iterable[object], form: str = "") -> str:
    return ", ".join(format(number, form) for number in numbers)


def _steps(data: Data, metric: str, way: str) -> list[Estimate]:
    """What a mean loses from each inner fraction to the next."""
    seen = compared(data, (way,))
    pairs = pairwise(INNER)
    return [difference(values(seen, metric, way, low), values(seen, metric, way, high)) for low, high in pairs]


def _peak(data: Data) -> Verdict:
    seen = compared(data, ("fast",))
    at = {fraction: values(seen, "min_rate", "fast", fraction) for fraction in FRACTIONS}
    over = {fraction: difference(at[0.1], other) for fraction, other in at.items() if fraction != 0.1}
    means = {fraction: mean_at(seen, "min_rate", "fast", fraction).mean for fraction in FRACTIONS}
    known = {fraction: mean for fraction, mean in means.items() if np.isfinite(mean)}
    largest = f"{max(known, key=lambda fraction: known[fraction]):g}" if known else "none"
    criterion = (
        "the mean at 0.1 is above that at every other fraction, each 95 % interval of the difference above zero; "
        "partly: no sure fall from 0 to 0.1"
    )
    return graded(
        all(one.above for one in over.values()),
        over[0.0].high >= 0.0,
        f"largest at {largest}; at 0.1 minus at 0: {over[0.0].text('+.4f')} bit",
        over[0.0].trials,
        criterion,
    )


def _falls(data: Data) -> Verdict:
    steps = _steps(data, "min_rate", "fast")
    published = [TABLE_II[low].min_rate - TABLE_II[high].min_rate for low, high in pairwise(INNER)]
    falling = all(one.above for one in steps)
    found = against_published(
        list(zip(steps, published, strict=True)), f"by {_listed(one.text('.3f') for one in steps)} bit", falling
    )
    return replace(found, criterion=f"{found.criterion}; partly: every step is a fall for sure")


def _zero_rate(data: Data) -> Verdict:
    rate = mean_at(compared(data, ("fast",)), "min_rate", "fast", 1.0)
    return graded(
        abs(rate.mean) < 1e-9,
        False,
        f"{rate.mean:.3f} bit; there are no private streams, whatever is designed",
        rate.trials,
        "the mean is zero to 1e-9 bit",
    )


def _shares(shares: Sequence[Share]) -> tuple[Share, int]:
    """The lowest share, and the fewest trials of any."""
    known = [share for share in shares if share.trials]
    lowest = min(known, key=lambda share: share.low, default=Share(np.nan, np.nan, np.nan, 0))
    return lowest, min((share.trials for share in known), default=0)


def _floor_met(data: Data) -> Verdict:
    seen = by_fraction(data, ("fast",))
    silent = met_share(seen, "common_rate", "fast", 0.0)
    lowest, count = _shares([met_share(seen, "common_rate", "fast", fraction) for fraction in FRACTIONS[1:]])
    measured = f"{silent.share:.1%} at 0, at least {_share(lowest)} elsewhere, of all draws"
    good = silent.share == 0.0 and lowest.share >= _ALL
    criterion = "in no draw at 0, in at least 99.9 % of all draws elsewhere; partly: surely in 90 % (Wilson's interval)"
    return graded(good, lowest.low >= _MOST, measured, count, criterion)


def _share(found: Share) -> str:
    return f"{found.share:.2%} [{found.low:.2%}, {found.high:.2%}]"


def _delay_minimum(data: Data) -> Verdict:
    way = LEAST["crb_delay"]
    seen = compared(data, (way,))
    at = {fraction: values(seen, "crb_delay", way, fraction) for fraction in FRACTIONS}
    others = [difference(other, at[0.3]) for fraction, other in at.items() if fraction != 0.3 and other.notnull().any()]
    value = mean_at(seen, "crb_delay", way, 0.3)
    means = {fraction: mean_at(seen, "crb_delay", way, fraction).mean for fraction in FRACTIONS}
    known = {fraction: mean for fraction, mean in means.items() if np.isfinite(mean)}
    least = f"{min(known, key=lambda fraction: known[fraction]):g}" if known else "none"
    lowest = bool(others) and all(one.above for one in others)
    near = abs(value.mean / TABLE_II[0.3].crb_delay - 1.0) <= 0.25
    measured = (
        f"least at {least}; at 0.3 {value.text('.3g')} s²; "
        f"{_listed((f'{mean:.3g} at {fraction:g}' for fraction, mean in known.items()))}"
    )
    criterion = (
        "the mean at 0.3 is below that at every other fraction, each 95 % interval of the difference above zero, and "
        "its interval holds the published one; partly: the former, or the mean is within 25 % of the published one"
    )
    best = lowest and value.holds(TABLE_II[0.3].crb_delay)
    return graded(best, lowest or near, measured, value.trials, criterion)


def _doppler_active(data: Data) -> Verdict:
    way = LEAST["crb_doppler"]
    seen = compared(data, (way,))
    bounds = [mean_at(seen, "crb_doppler", way, fraction) for fraction in FRACTIONS[:-1]]
    known = [one for one in bounds if one.trials]
    near = [one.low >= 0.95 * _DOPPLER_CEILING and one.high <= _DOPPLER_CEILING for one in known]
    return graded(
        bool(near) and all(near),
        any(near),
        f"{_listed(one.text('.0f') for one in known)} Hz²",
        least_trials(known),
        "every 95 % interval lies between 95 % and 100 % of the ceiling: the rate needs it; partly: one of them does",
    )


def _above_at_one(data: Data) -> Verdict:
    bounds = {metric: mean_at(compared(data, (way,)), metric, way, 1.0) for metric, way in LEAST.items()}
    doppler = bounds["crb_doppler"]
    measured = f"least ones {bounds['crb_delay'].text('.3g')} s² and {doppler.text('.0f')} Hz²; no rate is to be kept"
    criterion = "the whole 95 % interval of the least Doppler bound lies above its ceiling"
    return graded(doppler.low > _DOPPLER_CEILING, False, measured, doppler.trials, criterion)


def _ceilings_met(data: Data) -> Verdict:
    seen = by_fraction(data, ("fast",))
    names = ("crb_delay", "crb_doppler")
    lowest, count = _shares([met_share(seen, name, "fast", f) for name in names for f in FRACTIONS[1:]])
    criterion = "in at least 99.9 % of all draws at every fraction above 0; partly: surely in 90 % (Wilson's interval)"
    return graded(lowest.share >= _ALL, lowest.low >= _MOST, f"in at least {_share(lowest)}", count, criterion)


def _trade_off(data: Data) -> Verdict:
    way = LEAST["crb_delay"]
    steps = _steps(data, "crb_delay", way)
    seen = compared(data, (way,))
    factor = ratio(values(seen, "crb_delay", way, 0.1), values(seen, "crb_delay", way, 0.8))
    measured = f"least delay bound at 0.1 over that at 0.8: {factor.text('.2f')}; {_ceiling_trade(data)}"
    criterion = (
        f"rate and bound fall for sure at every step from 0.1 to 0.8, the bound by {_LOWERED} times or more "
        "(whole interval); partly: both are surely lower at 0.8 than at 0.1"
    )
    rates = _steps(data, "min_rate", way)
    lost = difference(values(seen, "min_rate", way, 0.1), values(seen, "min_rate", way, 0.8))
    falling = all(one.above for one in (*steps, *rates))
    fair = factor.low > 1.0 and lost.above
    measured = f"{measured}; the rate loses {lost.text('.2f')} bit"
    return graded(falling and factor.low >= _LOWERED, fair, measured, factor.trials, criterion)


def _ceiling_trade(data: Data) -> str:
    swept = data["delay-ceiling"]
    rates = swept["min_rate"].where(swept["usable"]).sel(scheme="rsma", drop=True)
    ceilings = rates["crb_delay_max"].values.astype(float)
    loose, tight = int(np.argmax(ceilings)), int(np.argmin(ceilings))
    lost = difference(rates.isel(crb_delay_max=loose, drop=True), rates.isel(crb_delay_max=tight, drop=True))
    return f"a ceiling of {ceilings[tight]:.2g} instead of {ceilings[loose]:.2g} s² costs {lost.text('.2f')} bit"


def _steep(metric: str, way: str, unit: str, scale: float) -> Callable[[Data], Verdict]:
    """Steep CDFs between fractions of 0.1 and 0.5: narrow quantiles, or most draws at one value."""

    def check(data: Data) -> Verdict:
        seen = compared(data, (way,))
        widths, parts, counts = list[tuple[float, float]](), list[str](), list[int]()
        for fraction in _STEEP_AT:
            draws = values(seen, metric, way, fraction)
            if not bool(draws.notnull().any()):
                continue
            low, middle, high = (quantile_interval(draws, share) for share in (0.05, 0.5, 0.95))
            narrow = (float(high["low"]) - float(low["high"])) / float(middle["high"])
            wide = (float(high["high"]) - float(low["low"])) / float(middle["low"])
            widths.append((narrow, wide))
            counts.append(int(draws.notnull().sum()))
            parts.append(f"{fraction:g}: {float(low['value']) * scale:.3g} to {float(high['value']) * scale:.3g}")
        best = bool(widths) and all(wide <= _STEEP for _, wide in widths)
        fair = any(wide <= _FAIRLY_STEEP for _, wide in widths)
        criterion = (
            f"the width from the 5 % to the 95 % quantile, by the far ends of their 95 % intervals, is at most "
            f"{_STEEP:.0%} of the median at every fraction from 0.1 to 0.5; partly: {_FAIRLY_STEEP:.0%} at one of them"
        )
        return graded(best, fair, f"5 to 95 % in {unit}: {'; '.join(parts)}", min(counts, default=0), criterion)

    return check


def _only_rsma(data: Data) -> Verdict:
    every, seen = by_fraction(data, ("fast",)), compared(data, ("fast",))
    sensing, count = _shares([met_share(every, name, "fast", 0.0) for name in ("crb_delay", "crb_doppler")])
    lead = difference(values(seen, "min_rate", "fast", 0.0), values(seen, "min_rate", "fast", 0.1))
    refused = data["ends"]
    infeasible = float((~refused["usable"].sel(scheme="sdma-paper")).mean())
    measured = (
        f"SDMA meets both ceilings in {_share(sensing)} and has {lead.text('+.3f')} bit more than RSMA at 0.1; a floor "
        f"on a common stream that SDMA lacks fails it in {infeasible:.0%}"
    )
    criterion = "SDMA surely misses a ceiling in half of the draws; partly: in 1 % (Wilson's interval)"
    return graded(sensing.high < 0.5, sensing.high < 0.99, measured, count, criterion)


def _claim(
    name: str, statement: str, published: str, check: Callable[[Data], Verdict], *more: str, open_bound: bool = False
) -> Claim:
    studies = (*(_BOUNDS if open_bound else _RATE), *more)
    return Claim(name, statement, published, studies, check, _LEAST_TRIALS, _PROXY if open_bound else "")


_STEEP_RATE = _steep("min_rate", "fast", "bit", 1.0)
_STEEP_DELAY = _steep("crb_delay", LEAST["crb_delay"], "1e-12 s²", 1e12)
_STEEP_DOPPLER = _steep("crb_doppler", LEAST["crb_doppler"], "Hz²", 1.0)

CLAIMS = (
    _claim("T2-1", "The mean least rate peaks at a fraction of 0.1", "4.982 bit, above 4.884 at 0", _peak),
    _claim("T2-2", "From there it falls with the fraction", "by 0.10, 0.16, 0.45, 1.30 bit", _falls),
    _claim("T2-3", "Nothing is left for the private streams at 1", "0 bit", _zero_rate),
    _claim("T2-4", "The common floor is met wherever there is a common stream", "0 % at 0, 100 % else", _floor_met),
    _claim("T2-5", "The delay bound is least at 0.3, U-shaped", "3.558e-12 s²", _delay_minimum, open_bound=True),
    _claim(
        "T2-6",
        "The Doppler bound is just below its ceiling up to 0.8",
        "4950 to 4970 Hz²",
        _doppler_active,
        open_bound=True,
    ),
    _claim(
        "T2-7", "At 1 the Doppler bound exceeds its ceiling", "1.87e-11 s², 6320 Hz²", _above_at_one, open_bound=True
    ),
    _claim("T2-8", "All RSMA settings meet both ceilings", "all", _ceilings_met),
    _claim("F2a-1", "The fraction trades rate for sensing", "yes", _trade_off, "delay-ceiling", open_bound=True),
    _claim("F2b-1", "Steep distribution of the least rate, 0.1 to 0.5", "steep", _STEEP_RATE),
    _claim("F2c-1", "Steep distribution of the delay bound", "steep", _STEEP_DELAY, open_bound=True),
    _claim("F2d-1", "Steep distribution of the Doppler bound", "steep", _STEEP_DOPPLER, open_bound=True),
    _claim("TXT-1", "RSMA alone meets communication and sensing constraints", "SDMA fails", _only_rsma),
)
