"""Which trials of a scheme stand as FAILED, and why, whatever the units in which they are kept."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from leoisac.experiment.store.units import Unit

Stretch = tuple[int, int, str]
"""Trials ``first`` to ``stop - 1``, and the traceback that they share."""


def standing_failures(units: Sequence[Unit]) -> list[Stretch]:
    """Trials that raised an exception and that no later unit replaced, in order.

    Of units that FAILED on the same trials the shorter ones tell more: trials were tried one by one.
    """
    why: dict[int, str] = {}
    for unit in sorted(units, key=lambda unit: (not unit.traceback, unit.first - unit.stop)):
        for trial in range(unit.first, unit.stop):
            if unit.traceback:
                why[trial] = unit.traceback
            else:
                why.pop(trial, None)
    ranked = enumerate(sorted(why))
    found: list[Stretch] = []
    for (_, trace), members in itertools.groupby(ranked, key=lambda item: (item[1] - item[0], why[item[1]])):
        trials = [trial for _, trial in members]
        found.append((trials[0], trials[-1] + 1, trace))
    return found
