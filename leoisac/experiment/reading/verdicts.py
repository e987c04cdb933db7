# pyright: reportUnknownMemberType=false
"""What claims are judged by: paired estimates with intervals, and the rules that turn them into an outcome.

All schemes and sweep points of a study meet the same drops, so that differences and ratios are taken drop by drop, over
the drops that both sides can use. Where a claim says "higher", "rises" or "falls", the whole 95 % interval has to lie
on that side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import xarray as xr

from leoisac.experiment.contracts import WITHIN, Verdict
from leoisac.experiment.reading.statistics import mean_interval, ratio_interval, within_bounds

FLAT = 0.25
"""A curve has levelled off when its last step gains at most this share of its largest one."""
GROWN = 0.01
"""It steepens again where a later step is surely larger than an earlier one by more than this share of its largest."""
NEAR = 0.25
"""A published number outside the interval, but no further from the mean than this share of it, counts as near."""
LEAST_TRIALS = 2


class Estimate(NamedTuple):
    """A mean, or a ratio of means, with its 95 % interval over ``trials`` trials; NaN where there is none."""

    mean: float
    low: float
    high: float
    trials: int

    @property
    def above(self) -> bool:
        """The whole interval is above zero."""
        return self.low > 0.0

    @property
    def below(self) -> bool:
        """The whole interval is below zero."""
        return self.high < 0.0

    @property
    def known(self) -> bool:
        """There is an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def holds(self, value: float) -> bool:
        """The interval holds the value."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return self.text("+.2f")

    def text(self, form: str = "+.2f") -> str:
        """``+1.23 [+1.10, +1.35]``, every number in the given form; without signs a zero has none either."""
        if not math.isfinite(self.mean):
            return "no trial"
        if "+" not in form:
            form = f"z{form}"
        ends = f" [{self.low:{form}}, {self.high:{form}}]" if self.known else ""
        return f"{self.mean:{form}}{ends}"


def estimate(values: xr.DataArray) -> Estimate:
    """Mean over the trials that have a value; ``values`` have the trial axis alone.

    The interval ends where the quantity does (attributes ``valid_min`` and ``valid_max`` of a metric).
    """
    return _estimate(within_bounds(values, mean_interval(values)))


def difference(first: xr.DataArray, second: xr.DataArray) -> Estimate:
    """Mean of ``first - second`` over the trials that have both; it has no bounds, whatever those of the two are."""
    return _estimate(mean_interval(first - second))


def ratio(first: xr.DataArray, second: xr.DataArray) -> Estimate:
    """``mean(first) / mean(second)`` over the trials that have both, with a bootstrap interval."""
    return _estimate(ratio_interval(first, second))


def relative_gain(first: xr.DataArray, second: xr.DataArray) -> Estimate:
    """``mean(first) / mean(second) - 1``."""
    found = ratio(first, second)
    return Estimate(found.mean - 1.0, found.low - 1.0, found.high - 1.0, found.trials)


def least_trials(found: Iterable[Estimate]) -> int:
    """Fewest trials of any estimate; 0 without one."""
    return min((one.trials for one in found), default=0)


def graded(best: bool, fair: bool, measured: str, trials: int, criterion: str) -> Verdict:
    """``reproduced`` if ``best``, else ``partly`` if ``fair``, else ``not reproduced``; ``insufficient`` below 2.

    ``criterion`` says what ``best`` is, with its tolerances.
    """
    outcome = "reproduced" if best else "partly" if fair else "not reproduced"
    return Verdict(outcome if trials >= LEAST_TRIALS else "insufficient", measured, trials, criterion)


def closed_form(best: bool, fair: bool, measured: str, criterion: str) -> Verdict:
    """A verdict that needs no trials."""
    return Verdict(graded(best, fair, measured, LEAST_TRIALS, criterion).outcome, measured, 0, criterion)


def undetermined(measured: str, trials: int, why: str) -> Verdict:
    """The problem leaves the quantity open: ``why`` says how."""
    return Verdict("not determined" if trials >= LEAST_TRIALS else "insufficient", measured, trials, why)


def against_published(
    pairs: Sequence[tuple[Estimate, float]], measured: str, fair: bool = False, near: float = NEAR
) -> Verdict:
    """Estimates against published numbers.

    ``reproduced`` only if every interval holds its number; ``reproduced within 25 %`` (``near``) if every mean is that
    near to its own; ``partly`` where ``fair`` says that the weaker claim holds.
    """
    trials = least_trials(one for one, _ in pairs)
    criterion = f"every 95 % interval holds the published number; within {near:.0%}: every mean is that near to it"
    if all(one.holds(value) for one, value in pairs):
        return graded(True, True, measured, trials, criterion)
    if trials >= LEAST_TRIALS and all(abs(one.mean - value) <= near * abs(value) for one, value in pairs):
        return Verdict(f"{WITHIN} {near * 100:.0f} %", measured, trials, criterion)
    return graded(False, fair, measured, trials, criterion)


class Saturation(NamedTuple):
    """How a curve ends, from its steps.

    Attributes:
        rises: its largest step before the last is a rise for sure.
        flat: it rises, its last step surely gains at most ``FLAT`` of the largest; it neither falls nor grows again.
        shrinks: it rises, the last step is surely smaller than the largest; it neither falls nor grows again.
        falls: the last step is a fall for sure: no saturation.
        grows: after the largest step one is surely larger than an earlier one: the curve steepens again.
    """

    rises: bool
    flat: bool
    shrinks: bool
    falls: bool
    grows: bool


SATURATES = (
    f"the largest step is a rise for sure, the last one surely gains at most {FLAT:.0%} of it and is no sure fall, and "
    f"after the largest no step is surely larger than an earlier one by more than {GROWN:.0%} of the largest; partly: "
    "the same, with a last step that is only surely smaller than the largest"
)


def saturation(steps: Sequence[Estimate]) -> Saturation:
    """Whether a curve levels off, from what it gains at each step of a sweep (two or more)."""
    largest = max(steps[:-1], key=lambda one: one.mean)
    last = steps[-1]
    after = steps[steps.index(largest) :]
    rises, falls = largest.above, last.below
    least = GROWN * abs(largest.mean)
    grows = any(later.low > earlier.high + least for earlier, later in itertools.combinations(after, 2))
    levels = rises and not falls and not grows
    return Saturation(
        rises,
        levels and last.high <= FLAT * largest.mean,
        levels and last.high < largest.low,
        falls,
        grows,
    )


def _estimate(found: xr.Dataset) -> Estimate:
    mean, low, high = (float(found[name]) for name in ("mean", "low", "high"))
    return Estimate(mean, low, high, int(found["count"]))
