"""Published claims with numeric criteria.

Gains compare ratios of mean rates (what the paper's percentages are), with 95 % intervals by the delta method over
paired trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.systems.bistatic_rsma.evidence.beam_figures import path_losses_db
from leoisac.systems.bistatic_rsma.evidence.sensing_figures import FOUND_RAD, found_share, root_mean_square

Data = Mapping[str, xr.Dataset]

_RSMA = ("rsma-radar-sic", "rsma-radar-nosic", "rsma-noradar")
_SDMA = ("sdma-radar-sic", "sdma-radar-nosic", "sdma-noradar")
_LOW_DBW, _HIGH_DBW = 20.0, 30.0


class Gain(NamedTuple):
    """Relative gain of mean rates, ``mean(first) / mean(second) - 1``, and half of its 95 % interval."""

    value: float
    half: float
    trials: int

    def __str__(self) -> str:
        return f"{self.value:+.1%} ± {self.half:.1%}"


def gain(dataset: xr.Dataset, first: str, second: str, power_dbw: float) -> Gain:
    """Gain of one scheme over another at one power, over the trials that both can use."""
    one = dataset.sel(transmit_power_dbw=power_dbw)
    rates = one["min_rate"].where(one["usable"])
    a, b = (rates.sel(scheme=scheme).values for scheme in (first, second))
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < 2:
        return Gain(math.nan, math.nan, len(a))
    ratio = float(np.mean(a) / np.mean(b))
    deviation = float(np.std(a - ratio * b, ddof=1) / np.mean(b))
    return Gain(ratio - 1.0, 1.96 * deviation / math.sqrt(len(a)), len(a))


def _graded(best: bool, fair: bool, measured: str, trials: int) -> Verdict:
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if trials > 0 else "insufficient", measured, trials)


def _closed_form(best: bool, fair: bool, measured: str) -> Verdict:
    """Verdict on a claim that needs no trials."""
    return Verdict(_graded(best, fair, measured, 1).outcome, measured, 0)


def _usable(dataset: xr.Dataset) -> int:
    """Least number of usable trials over schemes and points."""
    return int(dataset["usable"].sum("trial").min())


def _mean_rate(dataset: xr.Dataset) -> xr.DataArray:
    return dataset["min_rate"].where(dataset["usable"]).mean("trial")


def _losses_below(data: Data) -> Verdict:
    altitudes = np.array([1.0, 5.0, 20.0, 50.0])
    gaps = path_losses_db((3.0, 3.0), altitudes, monostatic=True) - path_losses_db((3.0, 3.0), altitudes)
    measured = f"target over (3, 3) km: {gaps[1]:.1f} dB lower at 5 km, {gaps[-1]:.1f} dB at 50 km"
    return _closed_form(bool(np.all(gaps > 3.0)), bool(gaps[0] > 3.0), measured)


def _gap_widens(data: Data) -> Verdict:
    altitudes = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0])
    gaps = [
        path_losses_db(place, altitudes, monostatic=True) - path_losses_db(place, altitudes)
        for place in ((3.0, 3.0), (10.0, 10.0), (30.0, 30.0))
    ]
    falling = [bool(np.all(np.diff(gap) < 0.0)) for gap in gaps]
    return _closed_form(
        all(falling), any(falling), f"gap from {gaps[0][0]:.1f} dB at 1 km to {gaps[0][-1]:.1f} at 50 km"
    )


def _spreading_dominates(data: Data) -> Verdict:
    altitudes = np.array([1.0, 5.0, 10.0, 30.0])
    spreading = path_losses_db((3.0, 3.0), altitudes, True) - path_losses_db(
        (3.0, 3.0), altitudes, rcs_model="constant"
    )
    angle = path_losses_db((3.0, 3.0), altitudes) - path_losses_db((3.0, 3.0), altitudes, rcs_model="constant")
    measured = f"at 5 km spreading gains {spreading[1]:.1f} dB, the cross-section's angle costs {angle[1]:.1f} dB"
    return _closed_form(bool(np.all(spreading > angle)), bool(spreading[1] > angle[1]), measured)


def _same_with_radar(data: Data) -> Verdict:
    dataset = data["power"]
    means = _mean_rate(dataset).sel(scheme=list(_RSMA))
    spread = float(((means.max("scheme") - means.min("scheme")) / means.max("scheme")).max())
    measured = f"mean rates of the three modes differ by at most {spread:.2%}"
    return _graded(spread <= 0.005, spread <= 0.03, measured, _usable(dataset))


def _published_gain(first: str, second: str, high: float, low: float) -> Callable[[Data], Verdict]:
    """Gains at 30 and 20 dBW: reproduced within a quarter or three points of the published ones, or their intervals."""

    def check(data: Data) -> Verdict:
        gains = [gain(data["power"], first, second, power) for power in (_HIGH_DBW, _LOW_DBW)]
        close = [
            abs(found.value - published) <= max(found.half, 0.25 * published, 0.03)
            for found, published in zip(gains, (high, low), strict=True)
        ]
        same_sign = all(found.value > 0.0 for found in gains)
        measured = f"{gains[0]} at 30 dBW, {gains[1]} at 20 dBW"
        return _graded(all(close), same_sign, measured, min(found.trials for found in gains))

    return check


def _below_communication(data: Data) -> Verdict:
    dataset = data["power"]
    means = _mean_rate(dataset)
    worst, closing = -math.inf, []
    for schemes, ceiling in ((_RSMA, "rsma-comm"), (_SDMA, "sdma-comm")):
        gaps = 1.0 - means.sel(scheme=list(schemes)) / means.sel(scheme=ceiling)
        worst = max(worst, float(-gaps.min()))
        closing += [float(gaps.sel(scheme=name, transmit_power_dbw=_LOW_DBW)) for name in schemes]
        closing += [-float(gaps.sel(scheme=name, transmit_power_dbw=_HIGH_DBW)) for name in schemes]
    shrinks = sum(closing) > 0.0
    measured = (
        f"no mean rate above its ceiling by more than {max(worst, 0.0):.2%}; mean gap closes by {sum(closing) / 6:.1%}"
    )
    return _graded(worst <= 0.005 and shrinks, worst <= 0.02, measured, _usable(dataset))


def _share(dataset: xr.Dataset, scheme: str, group: int, power: float) -> xr.DataArray:
    one = dataset.sel(scheme=scheme, transmit_power_dbw=power)
    return one["power_share"].where(one["usable"]).isel(group=group)


def _sensing_takes_most(data: Data) -> Verdict:
    dataset = data["power"]
    common = float(_share(dataset, "rsma-noradar", 1, _LOW_DBW).mean())
    radar = float(_share(dataset, "sdma-radar-sic", 2, _LOW_DBW).mean())
    measured = f"mean share of the common stream {common:.0%}, of the radar sequence {radar:.0%} at 20 dBW"
    return _graded(common > 0.5 and radar > 0.5, common > 0.5 or radar > 0.5, measured, _usable(dataset))


def _no_radar_power(data: Data) -> Verdict:
    dataset = data["power"]
    powers = dataset["transmit_power_dbw"].values
    means = [float(_share(dataset, "rsma-radar-sic", 2, power).mean()) for power in powers]
    measured = f"mean radar share of RSMA at most {max(means):.2%}"
    return _graded(max(means) <= 0.01, max(means) <= 0.05, measured, _usable(dataset))


def _share_near(scheme: str, group: int, published: float) -> Callable[[Data], Verdict]:
    """Reproduced when the 95 % interval of the mean holds the published share, partly when the middle 90 % of drops do.

    The paper shows a single drop, which it does not state.
    """

    def check(data: Data) -> Verdict:
        share = _share(data["power"], scheme, group, _HIGH_DBW)
        found = mean_interval(share)
        low, high = (float(share.quantile(level)) for level in (0.05, 0.95))
        middle = f"mean {float(found['mean']):.1%}, median {float(share.median()):.1%}"
        measured = f"{middle}, 90 % of the drops {low:.0%} to {high:.0%}"
        inside = float(found["low"]) <= published <= float(found["high"])
        return _graded(inside, low <= published <= high, measured, int(found["count"]))

    return check


def _beams_at_high_power(data: Data) -> Verdict:
    dataset = data["power"].sel(transmit_power_dbw=_HIGH_DBW)
    target, users = (dataset[name].where(dataset["usable"]) for name in ("target_gain_group", "user_gain_group"))
    common = (users.mean("user") / target).sel(scheme="rsma-noradar").isel(group=1).median()
    part = (target.isel(group=1) / target.sum("group")).sel(scheme="rsma-noradar").median()
    radar = (users.mean("user") / target).sel(scheme="sdma-radar-sic").isel(group=2)
    share = dataset["power_share"].sel(scheme="sdma-radar-sic").isel(group=2)
    ratio = float(radar.where(share > 0.005).median())
    points_at_both = 0.25 <= float(common) <= 4.0 and float(part) > 0.3
    measured = (
        f"common beam: users' gain over target's {float(common):.2f}, {float(part):.0%} of the target gain; "
        f"radar beam: users' over target's {ratio:.2f} where it has power"
    )
    return _graded(points_at_both and ratio < 0.5 * float(common), points_at_both, measured, _usable(data["power"]))


def _share_falls(data: Data) -> Verdict:
    dataset = data["power"]
    powers = dataset["transmit_power_dbw"].values
    means = [float(_share(dataset, "rsma-noradar", 1, power).mean()) for power in powers]
    measured = ", ".join(f"{mean:.0%} at {power:g} dBW" for mean, power in zip(means, powers, strict=True))
    return _graded(bool(np.all(np.diff(means) < 0.0)), means[-1] < means[0], measured, _usable(dataset))


def _tighter_is_cleaner(data: Data) -> Verdict:
    share = found_share(data["arrival"])["share"].sortby("crb_threshold_rad2", ascending=False)
    loose, tight = share.isel(crb_threshold_rad2=0), share.isel(crb_threshold_rad2=-1)
    measured = "found within 2°: " + "; ".join(
        f"{float(value):g} rad²: {', '.join(f'{float(part):.0%}' for part in share.sel(crb_threshold_rad2=value))}"
        for value in share["crb_threshold_rad2"].values
    )
    better = bool((tight > loose).all())
    return _graded(better and float(tight.min()) >= 0.9, better, measured, _usable(data["arrival"]))


def _no_difference(data: Data) -> Verdict:
    dataset = data["arrival"].sel(crb_threshold_rad2=data["arrival"]["crb_threshold_rad2"].min())
    share = found_share(dataset)
    apart = float(share["low"].max()) > float(share["high"].min())
    found = dataset["usable"] & (dataset["aoa_error"] <= FOUND_RAD)
    errors = np.degrees(root_mean_square(dataset["aoa_azimuth_error"].where(found)).values)
    ratio = float(np.max(errors) / np.min(errors))
    measured = f"azimuth errors {errors[0]:.3f}° and {errors[1]:.3f}°, found {share['share'].values.round(2).tolist()}"
    return _graded(not apart and ratio <= 1.3, not apart, measured, _usable(data["arrival"]))


def _wrong_arrival(data: Data) -> Verdict:
    dataset = data["wrong-arrival"]
    usable = dataset["usable"]
    right = float(((dataset["delay_error"] == 0.0) & usable).sum() / usable.sum())
    prominence = float(dataset["prominence"].where(usable).median())
    measured = f"delay right in {right:.0%}, median of peak over median {prominence:.1f}"
    return _graded(right <= 0.05 and prominence < 6.0, right <= 0.2, measured, _usable(dataset))


def _accurate_arrival(data: Data) -> Verdict:
    dataset = data["arrival"]
    found = dataset["usable"] & (dataset["aoa_error"] <= FOUND_RAD)
    count = int(found.sum())
    exact = float(((dataset["delay_error"] == 0.0) & found).sum()) / max(count, 1)
    prominence = float(dataset["prominence"].where(found).min())
    departure = math.degrees(float(abs(dataset["aod_azimuth_error"]).where(found).max()))
    measured = f"delay exact in {exact:.0%} of {count}, least peak {prominence:.0f}, departure within {departure:.2f}°"
    return _graded(exact >= 0.99 and prominence > 10.0 and departure < 0.5, exact >= 0.9, measured, count)


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
    Claim("F6-1", "At 20 dBW most power serves sensing", "most", _POWER, _sensing_takes_most, 60),
    Claim("F6-2", "The radar sequence of RSMA gets no power", "0 %", _POWER, _no_radar_power, 60),
    Claim("F6-3", "Common stream at 30 dBW", "about 18 %", _POWER, _share_near("rsma-noradar", 1, 0.18), 60),
    Claim("F6-4", "Radar sequence of SDMA at 30 dBW", "about 4 %", _POWER, _share_near("sdma-radar-sic", 2, 0.04), 60),
    Claim(
        "F6-5",
        "At 30 dBW the common beam points to target and users, the radar beam to the target only",
        "yes",
        _POWER,
        _beams_at_high_power,
        60,
    ),
    Claim("R4", "The common stream's share falls as the power grows", "falls", _POWER, _share_falls, 60),
    Claim("F7-1", "A tighter threshold lowers the side peaks", "lower", _ARRIVAL, _tighter_is_cleaner, 24),
    Claim("F7-2", "RSMA without and SDMA with radar sequence see alike", "no difference", _ARRIVAL, _no_difference, 24),
    Claim("F8-1", "A wrong angle of arrival gives no peak", "none", ("wrong-arrival",), _wrong_arrival, 24),
    Claim("F8-2", "An accurate one gives a sharp peak and the departure", "sharp", _ARRIVAL, _accurate_arrival, 24),
)


__all__ = ["CLAIMS", "Gain", "gain"]
