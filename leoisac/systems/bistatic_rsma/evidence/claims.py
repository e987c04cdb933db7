"""Published claims with numeric criteria.

Everything rests on pairs of drops (``reading.verdicts``): rates, gains (ratios of mean rates, which is what the paper's
percentages are) and shares over the drops that all schemes and powers can use. Designs are those of the fast route.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.comparison import masked, viewed
from leoisac.experiment.reading.statistics import quantile_interval, share_interval
from leoisac.experiment.reading.verdicts import (
    Estimate,
    against_published,
    closed_form,
    difference,
    estimate,
    graded,
    least_trials,
    ratio,
    relative_gain,
)
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.beam_figures import path_losses_db
from leoisac.systems.bistatic_rsma.evidence.reading import FOUND_RAD, estimate_of, found

Data = Mapping[str, xr.Dataset]

_RSMA = ("rsma-radar-sic", "rsma-radar-nosic", "rsma-noradar")
_SDMA = ("sdma-radar-sic", "sdma-radar-nosic", "sdma-noradar")
_LOW_DBW, _HIGH_DBW = 20.0, 30.0
_FOUND = f"found within {math.degrees(FOUND_RAD):.0f}°"


def _power(data: Data) -> xr.Dataset:
    """The power study over common drops; what is not compared is missing."""
    return masked(data["power"])


def gain(dataset: xr.Dataset, first: str, second: str, power_dbw: float) -> Estimate:
    """Gain in mean least rates of one scheme over another at one power."""
    rates = dataset["min_rate"].where(dataset["usable"]).sel(transmit_power_dbw=power_dbw)
    return relative_gain(rates.sel(scheme=first), rates.sel(scheme=second))


def _losses_below(data: Data) -> Verdict:
    altitudes = np.array([1.0, 5.0, 20.0, 50.0])
    gaps = path_losses_db((3.0, 3.0), altitudes, monostatic=True) - path_losses_db((3.0, 3.0), altitudes)
    measured = f"target over (3, 3) km: {gaps[1]:.1f} dB lower at 5 km, {gaps[-1]:.1f} dB at 50 km"
    criterion = "at least 3 dB lower at 1, 5, 20 and 50 km; partly: at 1 km"
    return closed_form(bool(np.all(gaps > 3.0)), bool(gaps[0] > 3.0), measured, criterion)


def _gap_widens(data: Data) -> Verdict:
    altitudes = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0])
    gaps = [
        path_losses_db(place, altitudes, monostatic=True) - path_losses_db(place, altitudes)
        for place in ((3.0, 3.0), (10.0, 10.0), (30.0, 30.0))
    ]
    falling = [bool(np.all(np.diff(gap) < 0.0)) for gap in gaps]
    measured = f"gap from {gaps[0][0]:.1f} dB at 1 km to {gaps[0][-1]:.1f} at 50 km"
    criterion = "wider at every step down from 50 to 1 km over each of three places; partly: over one of them"
    return closed_form(all(falling), any(falling), measured, criterion)


def _spreading_dominates(data: Data) -> Verdict:
    altitudes = np.array([1.0, 5.0, 10.0, 30.0])
    spreading = path_losses_db((3.0, 3.0), altitudes, True) - path_losses_db(
        (3.0, 3.0), altitudes, rcs_model="constant"
    )
    angle = path_losses_db((3.0, 3.0), altitudes) - path_losses_db((3.0, 3.0), altitudes, rcs_model="constant")
    measured = f"at 5 km spreading gains {spreading[1]:.1f} dB, the cross-section's angle costs {angle[1]:.1f} dB"
    criterion = "spreading gains more than the angle costs at 1, 5, 10 and 30 km; partly: at 5 km"
    return closed_form(bool(np.all(spreading > angle)), bool(spreading[1] > angle[1]), measured, criterion)


def _same_with_radar(data: Data) -> Verdict:
    dataset = _power(data)
    gains = [
        gain(dataset, scheme, "rsma-noradar", float(power))
        for scheme in ("rsma-radar-sic", "rsma-radar-nosic")
        for power in dataset["transmit_power_dbw"].values
    ]
    widest = max(gains, key=lambda one: max(abs(one.low), abs(one.high), abs(one.mean)))
    best = all(one.low >= -0.005 and one.high <= 0.005 for one in gains)
    fair = all(abs(one.mean) <= 0.03 for one in gains)
    criterion = (
        "at every power both gains over no radar sequence within ±0.5 % for sure; partly: their means within ±3 %"
    )
    return graded(best, fair, f"the furthest: {widest.text('+.3%')}", least_trials(gains), criterion)


def _published_gain(first: str, second: str, high: float, low: float) -> Callable[[Data], Verdict]:
    """Gains at 30 and 20 dBW against the published ones; partly where both are gains for sure."""

    def check(data: Data) -> Verdict:
        gains = [gain(_power(data), first, second, power) for power in (_HIGH_DBW, _LOW_DBW)]
        measured = f"{gains[0].text('+.1%')} at 30 dBW, {gains[1].text('+.1%')} at 20 dBW"
        verdict = against_published(
            list(zip(gains, (high, low), strict=True)), measured, fair=all(one.above for one in gains)
        )
        return replace(verdict, criterion=f"{verdict.criterion}; partly: both are gains for sure")

    return check


def _below_communication(data: Data) -> Verdict:
    dataset = _power(data)
    rates = dataset["min_rate"]
    pairs = [(scheme, ceiling) for group, ceiling in ((_RSMA, "rsma-comm"), (_SDMA, "sdma-comm")) for scheme in group]
    over, lower, closing = list[Estimate](), list[Estimate](), list[Estimate]()
    for scheme, ceiling in pairs:
        over += [gain(dataset, scheme, ceiling, float(power)) for power in dataset["transmit_power_dbw"].values]
        lower.append(gain(dataset, scheme, ceiling, _LOW_DBW))
        gap = rates.sel(scheme=ceiling) - rates.sel(scheme=scheme)
        closing.append(difference(gap.sel(transmit_power_dbw=_LOW_DBW), gap.sel(transmit_power_dbw=_HIGH_DBW)))
    highest, slowest = max(over, key=lambda one: one.high), min(closing, key=lambda one: one.low)
    best = highest.high <= 0.005 and all(one.below for one in lower) and all(one.above for one in closing)
    fair = all(one.mean <= 0.02 for one in over)
    measured = (
        f"the highest over its ceiling: {highest.text('+.2%')}; the gap closes by at least {slowest} bit/s/Hz "
        "from 20 to 30 dBW"
    )
    criterion = (
        "for all six modes: at no power possibly more than 0.5 % above the mode without sensing, at 20 dBW below it "
        "for sure, and the gap smaller at 30 dBW for sure; partly: no mean more than 2 % above"
    )
    return graded(best, fair, measured, least_trials(over), criterion)


def _share(dataset: xr.Dataset, scheme: str, group: str, power: float) -> xr.DataArray:
    return dataset["power_share"].sel(scheme=scheme, transmit_power_dbw=power, group=group)


def _sensing_takes_most(data: Data) -> Verdict:
    dataset = _power(data)
    common = estimate(_share(dataset, "rsma-noradar", "common", _LOW_DBW))
    radar = estimate(_share(dataset, "sdma-radar-sic", "radar", _LOW_DBW))
    measured = f"mean share of the common stream {common.text('.1%')}, of the radar sequence {radar.text('.1%')}"
    best = common.low > 0.5 and radar.low > 0.5
    criterion = "both mean shares at 20 dBW above half for sure; partly: one of them"
    return graded(
        best, common.low > 0.5 or radar.low > 0.5, f"{measured} at 20 dBW", least_trials((common, radar)), criterion
    )


def _no_radar_power(data: Data) -> Verdict:
    dataset = _power(data)
    powers = dataset["transmit_power_dbw"].values
    shares = [estimate(_share(dataset, "rsma-radar-sic", "radar", float(power))) for power in powers]
    largest = max(shares, key=lambda one: one.high)
    criterion = "at every power the mean share is at most 1 % for sure; partly: at most 5 %"
    measured = f"largest mean radar share of RSMA with SIC: {largest.text('.2%')}"
    return graded(largest.high <= 0.01, largest.high <= 0.05, measured, least_trials(shares), criterion)


def _share_near(scheme: str, group: str, published: float) -> Callable[[Data], Verdict]:
    """The mean share at 30 dBW against the published one, which is of a single drop that the paper does not state."""

    def check(data: Data) -> Verdict:
        share = _share(_power(data), scheme, group, _HIGH_DBW)
        mean = estimate(share)
        low, median, high = (float(share.quantile(level)) for level in (0.05, 0.5, 0.95))
        measured = f"mean {mean.text('.1%')}, median {median:.1%}, 90 % of the drops {low:.0%} to {high:.0%}"
        verdict = against_published([(mean, published)], measured, fair=low <= published <= high)
        return replace(verdict, criterion=f"{verdict.criterion}; partly: the middle 90 % of drops hold it")

    return check


def _median(values: xr.DataArray) -> Estimate:
    """Median with its interval by order statistics."""
    one = quantile_interval(values)
    return estimate_of(one, "value", one["count"])


def _beams_at_high_power(data: Data) -> Verdict:
    dataset = _power(data).sel(transmit_power_dbw=_HIGH_DBW)
    target, users = dataset["target_gain_group"], dataset["user_gain_group"].mean("user", skipna=False)
    common = _median((users / target).sel(scheme="rsma-noradar", group="common"))
    part = _median((target.sel(group="common") / target.sum("group", skipna=False)).sel(scheme="rsma-noradar"))
    radar_users = (users / target).sel(scheme="sdma-radar-sic", group="radar")
    share = dataset["power_share"].sel(scheme="sdma-radar-sic", group="radar")
    radar = _median(radar_users.where(share > 0.005))
    at_both = common.low >= 0.25 and common.high <= 4.0 and part.low > 0.3
    measured = (
        f"medians: common beam, users' gain over target's {common.text('.2f')}, {part.text('.0%')} of the target gain; "
        f"radar beam, users' over target's {radar.text('.2f')} in the {radar.trials} drops where it has power"
    )
    criterion = (
        "intervals of the medians: the common beam's users' gain 1/4 to 4 times the target's and its part of the "
        "target gain above 30 %, the radar beam's ratio below half of the common beam's; partly: the common beam alone"
    )
    apart = radar.high < 0.5 * common.low
    return graded(at_both and apart, at_both, measured, least_trials((common, part)), criterion)


def _share_falls(data: Data) -> Verdict:
    dataset = _power(data)
    powers = [float(power) for power in dataset["transmit_power_dbw"].values]
    shares = [_share(dataset, "rsma-noradar", "common", power) for power in powers]
    steps = [difference(after, before) for before, after in itertools.pairwise(shares)]
    whole = difference(shares[-1], shares[0])
    listed = ", ".join(f"{float(share.mean()):.0%}" for share in shares)
    measured = f"{listed} at {', '.join(f'{power:g}' for power in powers)} dBW; last step {steps[-1].text('+.1%')}"
    criterion = "lower at every step of the power for sure; partly: from the least to the largest power"
    return graded(all(step.below for step in steps), whole.below, measured, least_trials(steps), criterion)


def _found_by_threshold(dataset: xr.Dataset) -> list[tuple[float, xr.DataArray]]:
    """Threshold and who finds the arrival, as 0 and 1 over schemes and usable trials; the loosest threshold first."""
    dataset = viewed(dataset)
    seen = found(dataset).astype(float).where(dataset["usable"])
    ordered = sorted((float(value) for value in seen["crb_threshold_rad2"].values), reverse=True)
    return [(value, seen.sel(crb_threshold_rad2=value)) for value in ordered]


def _tighter_is_cleaner(data: Data) -> Verdict:
    rows = _found_by_threshold(data["arrival"])
    tight, loose = rows[-1][1], rows[0][1]
    schemes = [str(name) for name in tight["scheme"].values]
    gained = [difference(tight.sel(scheme=name), loose.sel(scheme=name)) for name in schemes]
    least = [
        float(share_interval(tight.sel(scheme=name).sum("trial"), tight.sel(scheme=name).count("trial"))["low"])
        for name in schemes
    ]
    measured = f"{_FOUND} ({', '.join(schemes)}): " + "; ".join(
        f"{value:g} rad²: {', '.join(f'{float(part):.0%}' for part in seen.mean('trial').values)}"
        for value, seen in rows
    )
    better = all(one.above for one in gained)
    criterion = (
        "for both modes more found at the tightest threshold than at the loosest for sure, and there at least 90 % for "
        "sure; partly: more for sure"
    )
    return graded(better and min(least) >= 0.9, better, measured, least_trials(gained), criterion)


def _no_difference(data: Data) -> Verdict:
    threshold, seen = _found_by_threshold(data["arrival"])[-1]
    dataset = viewed(data["arrival"]).sel(crb_threshold_rad2=threshold)
    first, second = (str(name) for name in seen["scheme"].values)
    squares = (dataset["aoa_azimuth_error"] ** 2).where(seen > 0.0)
    squared = ratio(squares.sel(scheme=first), squares.sel(scheme=second))
    errors = Estimate(squared.mean**0.5, squared.low**0.5, squared.high**0.5, squared.trials)
    shares = difference(seen.sel(scheme=first), seen.sel(scheme=second))
    measured = (
        f"at {threshold:g} rad²: RMS azimuth errors of those found in the ratio {errors.text('.2f')}, "
        f"shares found differ by {shares.text('+.0%')}"
    )
    best = errors.low >= 1 / 1.3 and errors.high <= 1.3 and abs(shares.low) <= 0.1 and abs(shares.high) <= 0.1
    criterion = (
        "at the tightest threshold the intervals of the ratio of RMS errors within 1/1.3 to 1.3 and of the difference "
        "of shares within ±10 points; partly: they hold 1 and 0"
    )
    return graded(best, errors.holds(1.0) and shares.holds(0.0), measured, errors.trials, criterion)


def _share_of(successes: xr.DataArray, among: xr.DataArray) -> Estimate:
    one = share_interval((successes & among).sum(), among.sum())
    return estimate_of(one, "share", among.sum())


def _delay_right(dataset: xr.Dataset) -> xr.DataArray:
    """Trials whose delay is the right one of whole samples; errors are against the true one, between samples."""
    sample_s = 1.0 / BistaticRsmaConfig().bandwidth_hz
    return abs(dataset["delay_error"]) <= 0.5 * sample_s


def _wrong_arrival(data: Data) -> Verdict:
    dataset = data["wrong-arrival"]
    usable = dataset["usable"]
    right = _share_of(_delay_right(dataset), usable)
    detected = _share_of(dataset["echo_detected"] > 0.5, usable)
    prominence = float(dataset["prominence"].where(usable).median())
    measured = (
        f"delay right in {right.text('.0%')}, peak above noise in {detected.text('.0%')}, median of peak over median "
        f"{prominence:.1f}"
    )
    criterion = "both shares at most 10 % for sure; partly: at most 25 %"
    worst = max(right.high, detected.high)
    return graded(worst <= 0.1, worst <= 0.25, measured, right.trials, criterion)


def _accurate_arrival(data: Data) -> Verdict:
    dataset = data["arrival"]
    seen = found(dataset)
    exact, detected = _share_of(_delay_right(dataset), seen), _share_of(dataset["echo_detected"] > 0.5, seen)
    prominence = float(dataset["prominence"].where(seen).min())
    departure = math.degrees(float(abs(dataset["aod_azimuth_error"]).where(seen).max()))
    measured = (
        f"delay right to the sample in {exact.text('.1%')} and peak above noise in {detected.text('.1%')} of "
        f"{exact.trials} found, least peak over median {prominence:.0f}, departure within {departure:.2f}°"
    )
    criterion = (
        "of the trials that find the arrival the delay is right to the sample and the peak above noise in at least "
        "97 % for sure, the departure within 0.5° in all; partly: in at least 90 % for sure"
    )
    least = min(exact.low, detected.low)
    return graded(least >= 0.97 and departure < 0.5, least >= 0.9, measured, exact.trials, criterion)


_POWER, _ARRIVAL = ("power",), ("arrival",)

CLAIMS = (
    Claim("F4-1", "Bistatic echo loss is markedly below monostatic", "lower", (), _losses_below, 0),
    Claim("F4-2", "The gap widens as the target's altitude falls", "widens", (), _gap_widens, 0),
    Claim("F4-3", "Spreading dominates the angle factor of the cross-section", "yes", (), _spreading_dominates, 0),
    Claim("F5-1", "RSMA is the same with and without radar sequence and SIC", "same", _POWER, _same_with_radar, 60),
    Claim(
        "F5-2",
        "RSMA over SDMA, both with radar sequence and SIC",
        "+23 % at 30 dBW, +76 % at 20 dBW",
        _POWER,
        _published_gain("rsma-radar-sic", "sdma-radar-sic", 0.23, 0.76),
        60,
    ),
    Claim(
        "F5-3",
        "Radar sequence with SIC over no radar sequence, SDMA",
        "+2 % at 30 dBW, +90 % at 20 dBW",
        _POWER,
        _published_gain("sdma-radar-sic", "sdma-noradar", 0.02, 0.90),
        60,
    ),
    Claim("F5-4", "ISAC rates approach communication-only from below", "below", _POWER, _below_communication, 60),
    Claim(
        "F6-1",
        "At 20 dBW most power serves sensing",
        "most",
        _POWER,
        _sensing_takes_most,
        60,
        proxy="the power of the stream that lights up the target; RSMA's common stream carries data, too",
    ),
    Claim("F6-2", "The radar sequence of RSMA gets no power", "0 %", _POWER, _no_radar_power, 60),
    Claim("F6-3", "Common stream at 30 dBW", "about 18 %", _POWER, _share_near("rsma-noradar", "common", 0.18), 60),
    Claim(
        "F6-4",
        "Radar sequence of SDMA at 30 dBW",
        "about 4 %",
        _POWER,
        _share_near("sdma-radar-sic", "radar", 0.04),
        60,
    ),
    Claim(
        "F6-5",
        "At 30 dBW the common beam points to target and users, the radar beam to the target only",
        "yes",
        _POWER,
        _beams_at_high_power,
        60,
    ),
    Claim("R4", "The common stream's share falls as the power grows", "falls", _POWER, _share_falls, 60),
    Claim(
        "F7-1",
        "A tighter threshold lowers the side peaks",
        "lower",
        _ARRIVAL,
        _tighter_is_cleaner,
        24,
        proxy="the share of echoes whose direction of arrival is found, not the height of side peaks",
    ),
    Claim(
        "F7-2",
        "RSMA without and SDMA with radar sequence see alike",
        "no difference",
        _ARRIVAL,
        _no_difference,
        24,
        proxy="errors and shares of found directions, not spectra by eye",
    ),
    Claim("F8-1", "A wrong angle of arrival gives no peak", "none", ("wrong-arrival",), _wrong_arrival, 24),
    Claim("F8-2", "An accurate one gives a sharp peak and the departure", "sharp", _ARRIVAL, _accurate_arrival, 24),
)


__all__ = ["CLAIMS", "gain"]
