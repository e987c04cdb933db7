"""What counts as higher, lower and as a trend: beyond doubt, by enough to matter, and at no step the other way."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import xarray as xr

from leoisac.experiment.reading.verdicts import Estimate, difference

SAME = 0.02
"""Rates in bit/s/Hz that count as the same: over many drops a difference that nobody notices is still a sure one."""
SAME_DETECTION = 0.01
"""Detection probabilities that count as the same."""


def higher(found: Estimate, least: float = SAME) -> bool:
    """The whole interval lies above 0 by more than what counts as the same."""
    return found.low > least


def lower(found: Estimate, least: float = SAME) -> bool:
    """The whole interval lies below 0 by more than what counts as the same."""
    return found.high < -least


class Trend(NamedTuple):
    """How a curve goes over a sweep.

    Attributes:
        whole: change from the first point to the last.
        steps: changes from one point to the next.
    """

    whole: Estimate
    steps: tuple[Estimate, ...]

    @property
    def known(self) -> bool:
        """The curve has every point."""
        return self.whole.known and all(step.known for step in self.steps)

    @property
    def rises(self) -> bool:
        """It is surely higher at the end, and no step surely falls."""
        return self.known and higher(self.whole) and not any(lower(step) for step in self.steps)

    @property
    def falls(self) -> bool:
        """It is surely lower at the end, and no step surely rises."""
        return self.known and lower(self.whole) and not any(higher(step) for step in self.steps)

    def text(self, names: Sequence[str]) -> str:
        """The whole change, and the steps that surely go the other way; ``names`` of the points."""
        against = lower if self.whole.mean > 0.0 else higher
        back = [
            f"{one} to {two}"
            for step, (one, two) in zip(self.steps, itertools.pairwise(names), strict=True)
            if against(step)
        ]
        return f"{self.whole} (back from {', '.join(back)})" if back and self.known else str(self.whole)


def trend(values: Sequence[xr.DataArray]) -> Trend:
    """The trend of a curve's points, one array over the trials each."""
    steps = tuple(difference(after, before) for before, after in itertools.pairwise(values))
    return Trend(difference(values[-1], values[0]), steps)


__all__ = ["SAME", "SAME_DETECTION", "Trend", "higher", "lower", "trend"]
