"""Magnitudes of channels as the command line prints them: of what a system draws, and of given ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from leoisac.cli.tables import PlainTable
from leoisac.experiment.channel_levels import Level, levels_of, mean_power
from leoisac.experiment.contracts import System
from leoisac.foundation.config import Config

_TRIALS = 16
DRAWN = (
    f"Mean power of an entry, and the median C/N with all power of a budget in one beam, are of {_TRIALS} draws of "
    "this configuration."
)
_NONE = "—"


def drawn(system: System, config: Config) -> dict[str, tuple[str, str]]:
    """Mean power and C/N of every array, of a few draws."""
    from leoisac.experiment.trials.blocks import draw_trials

    channels = draw_trials(system, config, 0, _TRIALS)
    arrays = {name: np.asarray(getattr(channels, name)) for name in system.channel_axes}
    levels = levels_of(system, config, arrays).of
    return {name: (_power(system, name, array), _ratio(levels.get(name))) for name, array in arrays.items()}


def given_table(system: System, config: Config, arrays: Mapping[str, np.ndarray]) -> PlainTable:
    """Given channels at the budgets of a configuration, array by array."""
    made = PlainTable("Given channels at these budgets, all power in one beam, no interference")
    for title in ("array", "mean power", "quantity", "least", "median", "most", "at", "needed at least"):
        made.add_column(title, justify="right" if title in ("mean power", "least", "median", "most") else "left")
    levels = levels_of(system, config, arrays).of
    for name in system.channel_axes:
        if name not in arrays:
            continue
        level = levels.get(name)
        numbers = ("", "", "", "", "", "")
        if level is not None:
            there = level.values_db[np.isfinite(level.values_db)]
            ends = (float(np.min(there)), float(np.max(there))) if there.size else (-math.inf, -math.inf)
            needed = f"{level.needed_db:.1f} dB: {level.needed_by}" if math.isfinite(level.needed_db) else ""
            texts = (_db(value) for value in (ends[0], level.median_db, ends[1]))
            numbers = (level.quantity, *texts, level.budget, needed)
        made.add_row(name, _power(system, name, arrays[name]), *numbers)
    return made


def _power(system: System, name: str, array: np.ndarray) -> str:
    found = mean_power(array, system.channel_axes[name])
    return _NONE if found is None else f"{_db(found[0], found[1])}"


def _ratio(level: Level | None) -> str:
    return _db(level.median_db) if level is not None and level.quantity == "C/N" else _NONE


def _db(value: float, unit: str = "dB") -> str:
    return f"{value:.1f} {unit}" if math.isfinite(value) else "0 everywhere"


__all__ = ["DRAWN", "drawn", "given_table"]
