"""Criteria for the claims about sweeps (Figs. 5 to 8): who leads, who gains, what levels off.

Every comparison is over the trials of the panel of the figure that shows these rivals: those that all of its schemes
and points can use. Where a claim says "higher" or "rises", the whole 95 % interval of the difference has to lie on that
side, by more than what counts as the same (``trends``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import (
    SATURATES,
    Estimate,
    difference,
    graded,
    least_trials,
    ratio,
    saturation,
)
from leoisac.experiment.scenario.scenarios import LEAST_USABLE_SHARE
from leoisac.experiment.trials.judge import NOT_RUN
from leoisac.foundation.number_text import share_text
from leoisac.systems.self_backhaul.evidence.rates import (
    chosen,
    delivered,
    gaps,
    joined,
    known,
    met_share,
    points,
    present,
    steps,
    sweep_axis,
    usable_share,
)
from leoisac.systems.self_backhaul.evidence.studies import FAIR_RIVALS, PROPOSED, PUBLISHED_RIVALS, ROBUST
from leoisac.systems.self_backhaul.evidence.trends import SAME, higher, lower, trend

Data = Mapping[str, xr.Dataset]
Check = Callable[[Data], Verdict]

COMPARABLE = 0.05
"""Largest relative loss of mean rates at which PA2 counts as comparable to PA1."""
_RELATIVE = "pa2, relative errors"
_ABSOLUTE = "pa2, absolute errors"
_NO_LEAD = Estimate(math.nan, math.nan, math.nan, 0)
_SURELY = f"the whole interval above {SAME} bit/s/Hz"


def proposed_highest(study: str, rivals: Sequence[str] = PUBLISHED_RIVALS) -> Check:
    """The proposed schemes lead every rival at every point; partly when PA1 does, or all do on average.

    A rival that promises the least rates and keeps its promises in too few trials is led by who does.
    """
    fair_play = tuple(rivals) != PUBLISHED_RIVALS
    criterion = (
        f"PA1 and PA2 lead {'every fair rival' if fair_play else 'every benchmark'} at every point, paired differences "
        f"with {_SURELY}; partly: where they can be compared PA1 does so, or all mean leads are positive"
    ) + (". Where a rival keeps its promises in too few trials to be compared, it is led" if fair_play else "")

    def check(data: Data) -> Verdict:
        dataset = panel_of(data[study], rivals)
        if not present(dataset, rivals):
            return graded(False, False, f"none of {', '.join(rivals)} was run", 0, criterion)
        leads = {
            (scheme, other): gaps(dataset, scheme, other)
            for scheme in present(dataset, PROPOSED)
            for other in present(dataset, rivals)
        }
        counted = [(one, pair) for pair, found in leads.items() for one in known(found)]
        if not counted:
            return graded(False, False, "no point that two schemes can use", 0, criterion)
        led = _led_without_comparison(dataset, rivals) if fair_play else {}
        compared = len(counted) + len(present(dataset, PROPOSED)) * sum(len(at) for at in led.values())
        everywhere = set(PROPOSED) <= {scheme for scheme, _ in leads} and compared == sum(map(len, leads.values()))
        sure = everywhere and all(higher(one) for one, _ in counted)
        pa1 = [one for one, (scheme, _) in counted if scheme != ROBUST]
        fair = bool(pa1) and all(higher(one) for one in pa1)
        narrow, (leader, other) = min(counted, key=lambda item: item[0].mean)
        measured = f"least lead {narrow} bit/s/Hz, of {leader} over {other}; {_usable(dataset, data[study])}"
        measured += f"; {(_leads if fair_play else _least_of_all)(data[study], dataset, rivals)}"
        measured += "".join(
            f"; {name} keeps its promises in too few trials at {', '.join(at)}" for name, at in led.items()
        )
        measured += f"; {_met(data[study], rivals)}"
        fair = fair or all(one.mean > 0.0 for one, _ in counted)
        return graded(sure, fair, measured, least_trials(one for one, _ in counted), criterion)

    return check


def comparable(data: Data) -> Verdict:
    """PA2 delivers at least 95 % of what PA1 does, under every reading of the error radius; partly under one.

    Relative errors were run for another array; their PA1 is that of the study of users, with the same drops.
    Noise-normalised errors of the satellite's channels shrink with its power; absolute ones do not.
    """
    criterion = (
        f"the whole interval of the ratio of mean rates, PA2 over PA1, above {1 - COMPARABLE:.0%} at every point, "
        "under every reading of the error radius (noise-normalised, absolute, relative); partly: under one of them"
    )
    powers = viewed(chosen(data["satellite-power"], PROPOSED))
    normalised = _ratios(points(powers, ROBUST), points(powers, "pa1"))
    fixed = data["absolute-errors"]
    known_powers = data["satellite-power"].sel(scheme=["pa1"])
    both = joined(known_powers, _ABSOLUTE, fixed).sel(satellite_power_dbw=fixed["satellite_power_dbw"])
    absolute = _ratios(points(both, _ABSOLUTE), points(both, "pa1"))
    absolute_share = usable_share(fixed).isel(scheme=0).values
    by_power = ", ".join(
        f"{float(power):g} dBW: {_change(one)} ({share_text(float(part))} usable)"
        for power, one, part in zip(fixed["satellite_power_dbw"].values, absolute, absolute_share, strict=True)
    )
    errors = data["relative-errors"]
    # Each number of users on its own: with eight of them hardly a relative guarantee was found.
    whole = joined(data["users"].sel(scheme=["pa1"]), _RELATIVE, errors).sel(num_users=errors["num_users"])
    relative = _ratios(points(whole, _RELATIVE), points(whole, "pa1"))
    share = usable_share(errors).isel(scheme=0).values
    by_users = ", ".join(
        f"{int(users)} users: {_change(one)} ({share_text(float(part))} usable)"
        for users, one, part in zip(errors["num_users"].values, relative, share, strict=True)
    )
    close = [all(one.low > 1.0 - COMPARABLE for one in found) for found in (normalised, absolute, relative)]
    shown = sorted((one for one in normalised if one.known), key=lambda one: one.mean)
    ends = f"{_change(shown[-1])} to {_change(shown[0])}" if shown else "–"
    measured = f"noise-normalised errors {ends}; absolute errors: {by_power}; relative errors: {by_users}"
    return graded(all(close), any(close), measured, least_trials(shown), criterion)


def all_increase(study: str, rivals: Sequence[str] = PUBLISHED_RIVALS) -> Check:
    """Every scheme that is spoken of gains at every step of the sweep: all, or the fair rivals; partly when some do.

    PA1 and PA2 earn nothing for a claim about fair rivals.
    """
    fair_play = tuple(rivals) != PUBLISHED_RIVALS
    meant = tuple(rivals) if fair_play else (*PROPOSED, *rivals)
    criterion = (
        f"every {'fair rival' if fair_play else 'scheme'} gains at every step, paired differences with {_SURELY}; "
        f"partly: {'some fair rival does' if fair_play else 'PA1, PA2 and some benchmark do'}"
    )

    def check(data: Data) -> Verdict:
        dataset = panel_of(data[study], rivals)
        if not present(dataset, rivals):
            return graded(False, False, f"none of {', '.join(rivals)} was run", 0, criterion)
        trends = {scheme: trend(points(dataset, scheme)) for scheme in present(dataset, meant)}
        rising = [scheme for scheme, one in trends.items() if one.known and all(map(higher, one.steps))]
        others = [scheme for scheme in trends if scheme not in rising]
        parts = [_not_rising(dataset, scheme) for scheme in others]
        measured = f"rising at every step: {', '.join(rising) or 'none'}" + (
            f"; not: {', '.join(parts)}" if parts else ""
        )
        trials = least_trials(step for one in trends.values() for step in known(one.steps))
        fair = bool(set(rising) & set(rivals)) and (fair_play or set(PROPOSED) <= set(rising))
        return graded(not others, fair, measured, trials, criterion)

    return check


def lead_widens(study: str, rivals: Sequence[str] = PUBLISHED_RIVALS) -> Check:
    """PA1's lead grows over the sweep, over every rival; partly over some.

    A rival that cannot be compared wherever PA1 is tells nothing about a trend, and keeps the claim from more than
    ``partly``.
    """
    criterion = (
        f"PA1's paired lead over every one of {', '.join(rivals)} is larger at the last point that PA1 is compared at "
        f"than at the first, the change with {_SURELY}, and surely shrinks at no step by more than that; partly: over "
        "some of them"
    )

    def check(data: Data) -> Verdict:
        dataset = panel_of(data[study], rivals)
        if not present(dataset, rivals):
            return graded(False, False, f"none of {', '.join(rivals)} was run", 0, criterion)
        rates = points(dataset, "pa1")
        there = [index for index, one in enumerate(rates) if bool(one.notnull().any())]
        if len(there) < 2:
            return graded(False, False, "fewer than two points that PA1 can use", 0, criterion)
        names = [_point_names(dataset)[index] for index in there]
        others = present(dataset, rivals)
        trends = {other: trend([rates[at] - points(dataset, other)[at] for at in there]) for other in others}
        compared = {other: one for other, one in trends.items() if one.known}
        wider = [other for other, one in compared.items() if one.rises]
        parts = [f"{one.text(names)} over {other}" for other, one in compared.items()]
        gone = [f"{other} {_not_compared(dataset, other)}" for other in others if other not in compared]
        measured = "; ".join([f"lead changes by {', '.join(parts)}" if parts else "no lead at every point", *gone])
        trials = least_trials(one.whole for one in compared.values())
        return graded(len(wider) == len(trends), bool(wider), measured, trials, criterion)

    return check


def saturates(study: str, cause: Callable[[xr.Dataset], str] | None = None) -> Check:
    """PA1's curve levels off, see ``verdicts.saturation``; ``cause`` adds what the reason looks like."""

    def check(data: Data) -> Verdict:
        dataset = panel_of(data[study])
        found = known(steps(dataset, "pa1"))
        if len(found) < 2:
            return graded(False, False, "fewer than three points that PA1 can use", 0, SATURATES)
        end = saturation(found)
        measured = "steps of " + ", ".join(str(one) for one in found) + " bit/s/Hz"
        if end.falls:
            measured = f"{measured}: the last one is a fall"
        elif end.grows:
            measured = f"{measured}: after the largest they grow again"
        if cause is not None:
            measured = f"{measured}; {cause(dataset)}"
        return graded(end.flat, end.shrinks, measured, least_trials(found), SATURATES)

    return check


def satellite_share(dataset: xr.Dataset) -> str:
    """How much of its budget the satellite uses at the ends of the sweep of its power."""
    used = dataset["satellite_power"].where(dataset["usable"]).sel(scheme="pa1").mean("trial")
    share = used / 10.0 ** (dataset["satellite_power_dbw"] / 10.0)
    first, last = float(share.isel(satellite_power_dbw=0)), float(share.isel(satellite_power_dbw=-1))
    return f"the satellite uses {first:.0%} of its budget at the lowest power, {last:.0%} at the highest"


def feeder_ceiling(dataset: xr.Dataset) -> str:
    """PA1 at the last point against what the feeder link carries alone."""
    one = dataset.isel({sweep_axis(dataset): -1})
    # Half of the time the feeder link has the band to itself.
    ceiling = 2.0 * one["backhaul_rate"].where(one["usable"]).sel(scheme="tdma-half")
    share = ratio(delivered(one).sel(scheme="pa1"), ceiling)
    return f"the last point is at {share.text('.0%')} of the feeder-only rate of {float(ceiling.mean()):.2f}"


def deteriorates(study: str, readings: Sequence[str]) -> Check:
    """The benchmark falls over the sweep in every reading of it; partly in some."""
    criterion = (
        f"the rate of {' and of '.join(readings)} is lower at the last point than at the first, the paired difference "
        f"with the whole interval below -{SAME} bit/s/Hz, and surely rises at no step by more than that"
    ) + ("; partly: that of one of them" if len(readings) > 1 else "")

    def check(data: Data) -> Verdict:
        dataset = panel_of(data[study], readings)
        if not present(dataset, readings):
            return graded(False, False, f"none of {', '.join(readings)} was run", 0, criterion)
        trends = {scheme: trend(points(dataset, scheme)) for scheme in present(dataset, readings)}
        falls = [one.falls for one in trends.values()]
        names = _point_names(dataset)
        measured = ", ".join(
            f"{scheme} {one.text(names)} (from {float(points(dataset, scheme)[0].mean()):.2f})"
            for scheme, one in trends.items()
        )
        every = set(readings) <= set(trends) and all(falls)
        trials = least_trials(one.whole for one in trends.values())
        return graded(every, any(falls), measured, trials, criterion)

    return check


def gains_moderately(data: Data) -> Verdict:
    """Time sharing gains with antennas, and less than PA1; partly when it only gains."""
    criterion = (
        f"TDMA gains from the smallest array to the largest, with {_SURELY}, surely falls at no step, and gains less "
        f"than PA1 (paired difference of the gains with the whole interval below -{SAME}); partly: it gains"
    )
    dataset = panel_of(data["bs-antennas"])
    shared, pa1 = (trend(points(dataset, name)) for name in ("tdma", "pa1"))
    gained, other = (points(dataset, name)[-1] - points(dataset, name)[0] for name in ("tdma", "pa1"))
    less = difference(gained, other)
    measured = (
        f"TDMA {shared.whole}, PA1 {pa1.whole}, TDMA less PA1 {less} bit/s/Hz from the smallest array to the largest"
    )
    return graded(shared.rises and lower(less), shared.rises, measured, less.trials, criterion)


def panel_of(dataset: xr.Dataset, rivals: Sequence[str] = PUBLISHED_RIVALS) -> xr.Dataset:
    """The proposed schemes and the rivals of the panel that shows these, over the trials that all of them can use."""
    panel = FAIR_RIVALS if set(rivals) <= set(FAIR_RIVALS) else PUBLISHED_RIVALS
    return viewed(chosen(dataset, (*PROPOSED, *panel)))


def _ratios(first: Sequence[xr.DataArray], second: Sequence[xr.DataArray]) -> list[Estimate]:
    return [ratio(a, b) for a, b in zip(first, second, strict=True)]


def _change(found: Estimate) -> str:
    """A ratio as a change: ``-2.0% [-2.2%, -1.8%]``."""
    if not found.known:
        return "–"
    return f"{found.mean - 1.0:+.1%} [{found.low - 1.0:+.1%}, {found.high - 1.0:+.1%}]"


def _point_names(dataset: xr.Dataset) -> list[str]:
    values = dataset[sweep_axis(dataset)].values.tolist()
    return [f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in values]


def _not_compared(dataset: xr.Dataset, scheme: str) -> str:
    rates = zip(_point_names(dataset), points(dataset, scheme), strict=True)
    gone = [name for name, one in rates if not bool(one.notnull().any())]
    return f"not compared at {', '.join(gone)}" if gone else ""


def _not_rising(dataset: xr.Dataset, scheme: str) -> str:
    """What a scheme does that does not rise at every step."""
    if gone := _not_compared(dataset, scheme):
        return f"{scheme} {gone}"
    names = itertools.pairwise(_point_names(dataset))
    flat = [f"{a} to {b}" for step, (a, b) in zip(steps(dataset, scheme), names, strict=True) if not higher(step)]
    whole = trend(points(dataset, scheme))
    where = "at any step" if len(flat) == len(whole.steps) else f"from {', '.join(flat)}"
    return f"{scheme} {whole.whole} from the first point to the last (no sure gain {where})"


def _leads(dataset: xr.Dataset, panel: xr.Dataset, rivals: Sequence[str]) -> str:
    """PA1's mean leads over the sweep, over the panel's trials and over all that both can use at a point.

    The former are the drops that leave room for every promise at every point, and kinder to the joint design.
    """

    def of(numbers: xr.Dataset) -> str:
        parts = [f"{rival} {' '.join(map(_lead, _gaps_of_many(numbers, rival)))}" for rival in present(panel, rivals)]
        return ", ".join(parts)

    return (
        f"mean leads of pa1 over the sweep (in brackets: not sure): {of(panel)}; "
        f"the same over all trials that both can use at a point: {of(dataset)}"
    )


def _least_of_all(dataset: xr.Dataset, panel: xr.Dataset, rivals: Sequence[str]) -> str:
    """PA1's least lead where every pair of schemes is compared over all that both can use: hard drops count, too."""
    names = _point_names(dataset)
    found = [
        (lead, rival, at)
        for rival in present(panel, rivals)
        for lead, at in zip(_gaps_of_many(dataset, rival), names, strict=True)
        if lead.known
    ]
    if not found:
        return "no trial that PA1 and a rival can use"
    lead, rival, at = min(found, key=lambda item: item[0].mean)
    return f"over all trials that both can use at a point pa1's least lead is {lead}, over {rival} at {at}"


def _gaps_of_many(dataset: xr.Dataset, rival: str) -> list[Estimate]:
    """PA1's leads, without an interval where both can use no more than a fifth of the trials."""
    if "pa1" not in dataset["scheme"].values:
        return []
    least = LEAST_USABLE_SHARE * int((dataset["status"] != NOT_RUN).sum("trial").min())
    return [one if one.trials > least else _NO_LEAD for one in gaps(dataset, "pa1", rival)]


def _lead(found: Estimate) -> str:
    if not found.known:
        return "–"
    return f"{found.mean:+.2f}" if higher(found) or lower(found) else f"({found.mean:+.2f})"


def _led_without_comparison(dataset: xr.Dataset, rivals: Sequence[str]) -> dict[str, list[str]]:
    """Points at which the proposed schemes are compared and a rival is not, as it has too few usable trials."""
    axis = sweep_axis(dataset)
    names = [str(value) for value in dataset[axis].values]

    def there(scheme: str) -> list[bool]:
        return [bool(one.notnull().any()) for one in points(dataset, scheme)]

    proposed = [all(flags) for flags in zip(*(there(scheme) for scheme in present(dataset, PROPOSED)))]
    gone = {
        rival: [name for name, ours, its in zip(names, proposed, there(rival), strict=True) if ours and not its]
        for rival in present(dataset, rivals)
    }
    return {rival: at for rival, at in gone.items() if at}


def _met(dataset: xr.Dataset, rivals: Sequence[str]) -> str:
    """How often all users get the least rate, over the sweep, whoever promises it."""
    share = met_share(dataset)
    parts = [
        f"{scheme} {' '.join(share_text(float(value)) for value in share.sel(scheme=scheme).values)}"
        for scheme in present(dataset, ("pa1", *rivals))
    ]
    return f"trials in which all users get the least rate: {', '.join(parts)}"


def _usable(seen: xr.Dataset, dataset: xr.Dataset) -> str:
    """Usable shares of PA1 over the sweep, and where PA1 or PA2 is not compared."""
    share = usable_share(dataset).sel(scheme="pa1").values
    text = f"PA1 usable in {', '.join(share_text(float(value)) for value in share)} of the trials"
    axis = sweep_axis(dataset)
    names = [str(value) for value in dataset[axis].values]
    parts = [
        f"{scheme} not compared at {', '.join(gone)}"
        for scheme in present(seen, PROPOSED)
        if (gone := [name for name, one in zip(names, points(seen, scheme)) if not bool(one.notnull().any())])
    ]
    return "; ".join([text, *parts])
