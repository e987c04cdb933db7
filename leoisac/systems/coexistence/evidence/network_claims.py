"""Claims about the two networks of a cell: what the floor of the satellite rate costs, and which of them pays.

The studies look at powers of the base station with terrestrial users of 0 dBi, and at gains at its default power.
"""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr

from leoisac.experiment.contracts import Verdict
from leoisac.experiment.reading.comparison import viewed
from leoisac.experiment.reading.verdicts import Estimate, difference, graded, least_trials
from leoisac.systems.coexistence.evidence.drops import Data, at_points, means_at_points, span_text, values_of

_DEFAULT_DBM = 35.0
_IDEAL = "interference-free-wmmse"
_NEAR_FLOOR = 0.05
"""A rate within this share above its floor counts as almost the floor."""


def _floor_changes(dataset: xr.Dataset, scheme: str, axis: str) -> dict[float, Estimate]:
    """By power or gain: change of the sum rate as the satellite's floor rises from its lowest to its highest value."""
    values = values_of(dataset, "sum_rate", scheme)
    low, high = float(dataset["min_sut_rate"].min()), float(dataset["min_sut_rate"].max())
    return {
        float(point): difference(
            values.sel({axis: point, "min_sut_rate": high}), values.sel({axis: point, "min_sut_rate": low})
        )
        for point in dataset[axis].values
    }


def floor_costs(data: Data) -> Verdict:
    """The satellite's floor lowers the rate: at every power with the printed gain, and with larger ones."""
    powers, gains = viewed(data["bs-power"]), viewed(data["tut-gain"])
    schemes = ("proposed", "zf-eps")
    by_power = {scheme: list(_floor_changes(powers, scheme, "bs_power_dbm").values()) for scheme in schemes}
    by_gain = {scheme: _floor_changes(gains, scheme, "tut_gain_dbi") for scheme in schemes}
    measured = "; ".join(
        f"{scheme} {span_text(by_power[scheme], '+.2f')} by power at 0 dBi, at the default power "
        + ", ".join(f"{one} at {gain:g} dBi" for gain, one in by_gain[scheme].items())
        for scheme in schemes
    )
    criterion = (
        "both schemes surely fall at every power with 0 dBi, and with every gain; partly: the proposed one surely "
        "falls with the largest gain"
    )
    every = [one for scheme in schemes for one in (*by_power[scheme], *by_gain[scheme].values())]
    fair = by_gain["proposed"][max(by_gain["proposed"])].below
    return graded(all(one.below for one in every), fair, measured, least_trials(every), criterion)


class _Parts(NamedTuple):
    """At every point of a study: what both networks lose against the optimised ideal, and the satellite's rate."""

    terrestrial: list[Estimate]
    satellite: list[Estimate]
    more: list[Estimate]  # of the satellite's than of the terrestrial loss
    rate: list[Estimate]

    def at(self, place: int) -> _Parts:
        """One point alone."""
        return _Parts(*([found[place]] for found in self))

    @property
    def trials(self) -> int:
        return least_trials(one for found in self for one in found)

    @property
    def pinned(self) -> bool:
        """The satellite rate is almost 7 and the terrestrial loss is the larger one, at every point."""
        almost = all(one.high <= 7.0 * (1.0 + _NEAR_FLOOR) for one in self.rate)
        return almost and all(one.below for one in self.more)

    def text(self) -> str:
        """``satellite rate 9.4 [9.2, 9.6], terrestrial loss 2.4 against 5.9``."""
        losses = [
            span_text([one._replace(low=float("nan")) for one in found], ".1f")
            for found in (self.terrestrial, self.satellite)
        ]
        return f"satellite rate {span_text(self.rate, '.1f')}, terrestrial loss {losses[0]} against {losses[1]}"


def _parts(data: xr.Dataset, floor: float) -> _Parts:
    dataset = viewed(data).sel(min_sut_rate=floor)
    (own_t, ideal_t), (own_s, ideal_s) = (
        [values_of(dataset, metric, scheme) for scheme in ("proposed", _IDEAL)]
        for metric in ("terrestrial_rate", "satellite_rate")
    )
    lost_t, lost_s = ideal_t - own_t, ideal_s - own_s
    return _Parts(means_at_points(lost_t), means_at_points(lost_s), at_points(lost_s, lost_t), means_at_points(own_s))


def _default_place(data: xr.Dataset) -> int:
    """Where the default power is on its axis, else the middle."""
    powers = [float(power) for power in data["bs_power_dbm"].values]
    return powers.index(_DEFAULT_DBM) if _DEFAULT_DBM in powers else len(powers) // 2


def satellite_pays(data: Data) -> Verdict:
    """At a floor of 3, every power."""
    study = data["bs-power"]
    parts, place = _parts(study, 3.0), _default_place(study)
    here, power = parts.at(place), study["bs_power_dbm"].values[place]
    measured = (
        f"loss {span_text(parts.satellite, '.1f')} bit/s/Hz of the satellite users by power, "
        f"{span_text(parts.terrestrial, '.1f')} of the terrestrial ones; at {power:g} dBm "
        f"{here.satellite[0].text('.1f')} and {here.terrestrial[0].text('.1f')}"
    )
    criterion = "the satellite's loss exceeds the other with the whole interval at every power; partly: at the default"
    return graded(all(one.above for one in parts.more), here.more[0].above, measured, parts.trials, criterion)


def beyond_the_floor(data: Data) -> Verdict:
    """At a floor of 3, every power."""
    study = data["bs-power"]
    rate = _parts(study, 3.0).rate
    here = rate[_default_place(study)]
    measured = (
        f"mean rate of the satellite user {span_text(rate, '.1f')} bit/s/Hz by power, {here.text('.1f')} at the default"
    )
    criterion = "its whole interval is above 3 bit/s/Hz at every power; partly: at the default"
    return graded(all(one.low > 3.0 for one in rate), here.low > 3.0, measured, least_trials(rate), criterion)


def pinned_at_seven(data: Data) -> Verdict:
    """With the printed gain of 0 dBi at every power, and with each gain at the default power."""
    study, gains = data["bs-power"], data["tut-gain"]
    here, there = _parts(study, 7.0), _parts(gains, 7.0)
    by_gain = {float(gain): there.at(place) for place, gain in enumerate(gains["tut_gain_dbi"].values)}
    measured = f"by power at 0 dBi {here.text()}; at the default power " + "; ".join(
        f"at {gain:g} dBi {one.text()}" for gain, one in by_gain.items()
    )
    criterion = (
        f"the interval of the satellite rate ends at most {_NEAR_FLOOR:.0%} above 7, and the terrestrial loss surely "
        "exceeds the satellite's, at 0 dBi and every power; partly: with one of the gains at the default power"
    )
    fair = any(one.pinned for one in by_gain.values())
    return graded(here.pinned, fair, measured, min(here.trials, there.trials), criterion)


def more_satellite_harms(data: Data) -> Verdict:
    """A higher floor, with every gain at the default power."""
    changes = _floor_changes(viewed(data["tut-gain"]), "proposed", "tut_gain_dbi")
    measured = "floor from its lowest to its highest: " + ", ".join(f"{one} at {g:g} dBi" for g, one in changes.items())
    harms = [one.below for one in changes.values()]
    criterion = "the sum rate surely falls at every gain, at the default power; partly: at one"
    return graded(all(harms), any(harms), measured, least_trials(changes.values()), criterion)


__all__ = ["beyond_the_floor", "floor_costs", "more_satellite_harms", "pinned_at_seven", "satellite_pays"]
