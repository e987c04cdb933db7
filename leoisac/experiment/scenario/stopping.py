# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
"""How many trials a point gets: a plain number, a number of usable ones, or as many as an interval needs.

Every rule is a function of the results of the first trials alone, looked at after numbers of trials that are fixed
beforehand. What a dataset holds therefore never depends on how many workers there were, in which order units ended, or
how much more the store happens to hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from leoisac.experiment.scenario.conditions import USABLE, Condition
from leoisac.experiment.scenario.scenarios import LEAST_USABLE_SHARE, MOST_TRIALS, Scenario, most_trials

LOOK_GROWTH = 1.25
"""Trials from one look at the intervals to the next; few looks keep the intervals honest."""
LOOK_STEP = 64


@dataclass(frozen=True)
class Column:
    """Results of one scheme at one point, trials 0 to n - 1 without a gap.

    ``values`` holds the metrics that conditions name; rows of unusable trials do not count.
    """

    usable: np.ndarray
    values: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])


def trials_needed(study: Scenario, wanted: tuple[Condition, ...], column: Column) -> tuple[int, bool]:
    """How many trials a point gets by its study's rules, and whether that is the last word.

    Args:
        study: with ``trials`` (the floor), ``count``, ``most_trials`` (the ceiling).
        wanted: the conditions of its ``until``.
        column: what is known so far.

    Returns:
        ``(trials, True)`` when the known results decide; ``(trials, False)`` when results up to that number of trials
        are needed before more can be said.
    """
    counted, counted_known = _by_usable(study, column) if study.count == USABLE else (study.trials, True)
    measured, measured_known = _by_intervals(study, wanted, column) if wanted else (study.trials, True)
    if counted_known and measured_known:
        return max(counted, measured), True
    # An answer that is still open asks for more than is there; one that is known may be the larger of the two.
    return max(counted, measured), False


def _by_usable(study: Scenario, column: Column) -> tuple[int, bool]:
    """To the trial that brings the N-th usable one, where more than a fifth of the first N are usable."""
    usable = column.usable
    if len(usable) < study.trials:
        return study.trials, False
    if np.mean(usable[: study.trials]) <= LEAST_USABLE_SHARE:
        return study.trials, True
    reached = np.flatnonzero(np.cumsum(usable) >= study.trials)
    if len(reached):
        return int(reached[0]) + 1, True
    ceiling = most_trials(study)
    if len(usable) >= ceiling:
        return ceiling, True
    missing = study.trials - int(np.sum(usable))
    ahead = len(usable) + math.ceil(missing / max(float(np.mean(usable)), LEAST_USABLE_SHARE / 2))
    return min(_rounded(ahead), ceiling), False


def _by_intervals(study: Scenario, wanted: tuple[Condition, ...], column: Column) -> tuple[int, bool]:
    """To the first look at which all intervals are narrow enough."""
    ceiling = most_trials(study)
    look = study.trials
    while look < ceiling:
        if len(column.usable) < look:
            return look, False
        if all(_is_met(condition, column, look) for condition in wanted):
            return look, True
        look = min(_rounded(math.ceil(LOOK_GROWTH * look)), ceiling)
    return ceiling, len(column.usable) >= ceiling


def _rounded(trials: int) -> int:
    return min(-(-trials // LOOK_STEP) * LOOK_STEP, MOST_TRIALS)


def _is_met(condition: Condition, column: Column, trials: int) -> bool:
    usable = column.usable[:trials]
    tail = 0.5 + 0.5 * condition.level
    if condition.metric == USABLE:
        return _share_half_width(int(np.sum(usable)), trials, float(special.ndtri(tail))) < condition.bound
    if condition.metric not in column.values or np.sum(usable) < 2:
        return False
    values = column.values[condition.metric][:trials][usable].reshape(int(np.sum(usable)), -1)
    present = np.isfinite(values).all(axis=0)  # entries that this point does not have (fewer users) are missing
    if not present.any():
        return False
    values = values[:, present]
    count = len(values)
    half = special.stdtrit(count - 1, tail) * np.std(values, axis=0, ddof=1) / math.sqrt(count)
    scale = np.abs(np.mean(values, axis=0)) if condition.relative else 1.0
    return bool(np.all(half <= condition.bound * scale))


def _share_half_width(successes: int, trials: int, z: float) -> float:
    """Half of Wilson's interval."""
    share = successes / trials
    return z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
