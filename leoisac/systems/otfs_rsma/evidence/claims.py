"""Published claims with numeric criteria, on the paper's own sweep of the common stream's share of the power."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from leoisac.experiment.contracts import Claim, Verdict
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.systems.otfs_rsma.evidence.results import (
    FRACTIONS,
    INNER,
    TABLE_II,
    Data,
    at_fraction,
    means,
    met_share,
    trials,
)

_DOPPLER_CEILING = 5e3
_STUDIES = ("fractions", "ends")
_LEAST_TRIALS = 100
_STEEP, _FAIRLY_STEEP = 0.1, 0.3
"""Width from the 5 % to the 95 % quantile over the median."""


def _graded(best: bool, fair: bool, measured: str, count: int) -> Verdict:
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if count > 0 else "insufficient", measured, count)


def _listed(numbers: Iterable[float], form: str = ".2f") -> str:
    return ", ".join(format(number, form) for number in numbers)


def _peak(data: Data) -> Verdict:
    silent, small = (at_fraction(data, "min_rate", fraction) for fraction in (0.0, 0.1))
    if silent is None or small is None:
        return Verdict("insufficient", "no results at 0 and 0.1", 0)
    gain = mean_interval(small - silent)
    best = max(means(data, "min_rate").items(), key=lambda item: item[1])[0]
    half = float(gain["high"] - gain["mean"])
    measured = f"largest at {best:g}; at 0.1 minus at 0: {float(gain['mean']):+.4f} ± {half:.4f} bit on the same draws"
    return _graded(best == 0.1 and float(gain["low"]) > 0.0, float(gain["high"]) > 0.0, measured, trials(data))


def _falls(data: Data) -> Verdict:
    ours = -np.diff([means(data, "min_rate").get(fraction, np.nan) for fraction in INNER])
    published = -np.diff([TABLE_II[fraction].min_rate for fraction in INNER])
    known = np.isfinite(ours)
    close = bool(np.all(np.abs(ours - published)[known] <= 0.1))
    return _graded(close and bool(known.all()), bool(np.all(ours[known] > 0.0)), f"{_listed(ours)} bit", trials(data))


def _zero_rate(data: Data) -> Verdict:
    rate = means(data, "min_rate").get(1.0, np.nan)
    return _graded(abs(rate) < 1e-9, False, f"{rate:.3f} bit; there are no private streams", trials(data))


def _floor_met(data: Data) -> Verdict:
    shares = {fraction: met_share(data, "common_rate", fraction) for fraction in FRACTIONS}
    others = [share for fraction, share in shares.items() if fraction > 0.0 and np.isfinite(share)]
    measured = f"{shares[0.0]:.0%} at 0, at least {min(others, default=np.nan):.1%} elsewhere"
    good = shares[0.0] == 0.0 and min(others, default=0.0) >= 0.999
    return _graded(good, min(others, default=0.0) >= 0.9, measured, trials(data))


def _delay_minimum(data: Data) -> Verdict:
    bounds = means(data, "crb_delay")
    best = min(bounds, key=lambda fraction: bounds[fraction])
    value = bounds.get(0.3, np.nan)
    measured = (
        f"least at {best:g}; at 0.3 {value:.3g} s², from {min(bounds.values()):.3g} to {max(bounds.values()):.3g}"
    )
    close = abs(value / TABLE_II[0.3].crb_delay - 1.0) <= 0.2
    return _graded(best == 0.3 and close, best == 0.3 or close, measured, trials(data))


def _doppler_active(data: Data) -> Verdict:
    bounds = means(data, "crb_doppler")
    below = [bounds[fraction] for fraction in FRACTIONS[:-1] if fraction in bounds]
    near = [0.95 * _DOPPLER_CEILING <= bound <= _DOPPLER_CEILING for bound in below]
    some = [0.9 * _DOPPLER_CEILING <= bound <= _DOPPLER_CEILING for bound in below]
    return _graded(all(near), any(some), f"{_listed(below, '.0f')} Hz²", trials(data))


def _above_at_one(data: Data) -> Verdict:
    delay, doppler = (means(data, metric).get(1.0, np.nan) for metric in ("crb_delay", "crb_doppler"))
    measured = f"{delay:.3g} s², {doppler:.0f} Hz²: both ceilings met in {met_share(data, 'crb_doppler', 1.0):.1%}"
    return _graded(doppler > _DOPPLER_CEILING, False, measured, trials(data))


def _ceilings_met(data: Data) -> Verdict:
    shares = [
        met_share(data, name, fraction) for name in ("crb_delay", "crb_doppler") for fraction in FRACTIONS if fraction
    ]
    known = [share for share in shares if np.isfinite(share)]
    least = min(known, default=0.0)
    return _graded(least >= 0.999, least >= 0.95, f"in at least {least:.1%} of the draws", trials(data))


def _trade_off(data: Data) -> Verdict:
    bounds = means(data, "crb_delay")
    inner = [bounds[fraction] for fraction in INNER if fraction in bounds]
    ratio = max(inner) / min(inner)
    swept = data["delay-ceiling"]
    rates = swept["min_rate"].where(swept["usable"]).mean("trial").sel(scheme="rsma")
    ceilings = rates["crb_delay_max"].values.astype(float)
    tight, loose = int(np.argmin(ceilings)), int(np.argmax(ceilings))
    measured = (
        f"mean delay bound changes by a factor of {ratio:.2f} over 0.1 to 0.8; the ceiling trades: "
        f"{float(rates[loose]):.2f} bit at {ceilings[loose]:.2g} s², {float(rates[tight]):.2f} at {ceilings[tight]:.2g}"
    )
    falling = bool(np.all(np.diff(inner) < 0.0))
    return _graded(falling and ratio >= 1.3, falling, measured, trials(data))


def _steep(metric: str, unit: str, scale: float) -> Callable[[Data], Verdict]:
    """Steep CDFs between fractions of 0.1 and 0.5: narrow quantiles, or most draws at one value."""

    def check(data: Data) -> Verdict:
        widths, parts = list[float](), list[str]()
        for fraction in (0.1, 0.2, 0.3, 0.5):
            values = at_fraction(data, metric, fraction)
            if values is None or not bool(values.notnull().any()):
                continue
            low, middle, high = (float(values.quantile(share)) for share in (0.05, 0.5, 0.95))
            widths.append((high - low) / middle)
            parts.append(f"{fraction:g}: {low * scale:.3g} to {high * scale:.3g}")
        measured = f"5 to 95 % in {unit}: " + "; ".join(parts)
        widest, narrowest = max(widths, default=np.inf), min(widths, default=np.inf)
        return _graded(widest <= _STEEP, narrowest <= _FAIRLY_STEEP, measured, trials(data))

    return check


def _only_rsma(data: Data) -> Verdict:
    sensing = min(met_share(data, name, 0.0) for name in ("crb_delay", "crb_doppler"))
    rates = means(data, "min_rate")
    refused = data["ends"]
    infeasible = float((~refused["usable"].sel(scheme="sdma-paper")).mean())
    measured = (
        f"SDMA meets both ceilings in {sensing:.1%} and has {rates.get(0.0, np.nan):.3f} bit, RSMA at 0.1 "
        f"{rates.get(0.1, np.nan):.3f}; a floor on a common stream that SDMA lacks fails it in {infeasible:.0%}"
    )
    return _graded(sensing < 0.5, sensing < 0.99, measured, trials(data))


def _claim(name: str, statement: str, published: str, check: Callable[[Data], Verdict], *studies: str) -> Claim:
    return Claim(name, statement, published, (*_STUDIES, *studies), check, _LEAST_TRIALS)


CLAIMS = (
    _claim("T2-1", "The mean least rate peaks at a fraction of 0.1", "4.982 bit, above 4.884 at 0", _peak),
    _claim("T2-2", "From there it falls with the fraction", "by 0.10, 0.16, 0.45, 1.30 bit", _falls),
    _claim("T2-3", "Nothing is left for the private streams at 1", "0 bit", _zero_rate),
    _claim("T2-4", "The common floor is met wherever there is a common stream", "0 % at 0, 100 % else", _floor_met),
    _claim("T2-5", "The delay bound is least at 0.3, U-shaped", "3.558e-12 s²", _delay_minimum),
    _claim("T2-6", "The Doppler bound is just below its ceiling up to 0.8", "4950 to 4970 Hz²", _doppler_active),
    _claim("T2-7", "At 1 the Doppler bound exceeds its ceiling", "1.87e-11 s², 6320 Hz²", _above_at_one),
    _claim("T2-8", "All RSMA settings meet both ceilings", "all", _ceilings_met),
    _claim("F2a-1", "The fraction trades rate for sensing", "yes", _trade_off, "delay-ceiling"),
    _claim("F2b-1", "Steep distribution of the least rate, 0.1 to 0.5", "steep", _steep("min_rate", "bit", 1.0)),
    _claim("F2c-1", "Steep distribution of the delay bound", "steep", _steep("crb_delay", "1e-12 s²", 1e12)),
    _claim("F2d-1", "Steep distribution of the Doppler bound", "steep", _steep("crb_doppler", "Hz²", 1.0)),
    _claim("TXT-1", "RSMA alone meets communication and sensing constraints", "SDMA fails", _only_rsma),
)
