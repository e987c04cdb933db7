"""What channel arrays amount to: mean powers, and carrier-to-noise ratios at a configuration's budgets. NumPy alone.

A wrong unit changes no shape: noise in mW, ``|h|²`` in place of ``h`` or channels normalised to 1 are taken like any
others. Their magnitudes give them away. They are a reason to warn, never to refuse: somebody may have such a link.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from leoisac.experiment.channel_table import COSINE, UNIT_MODULUS, domain_of, unit_of
from leoisac.experiment.contracts import System, resolve
from leoisac.foundation.config import Config

WANTED = (-15.0, 100.0)
"""Plausible C/N of a link that is to carry something, dB, all power in one beam; medians of draws lie well inside."""
UNWANTED = (-math.inf, 100.0)
"""The same of a link that only disturbs, which may be as weak as can be."""
_MOST = 0.9
"""Share of trials without a design from which on that is said before any is computed."""
_MILLI_DB = 30.0
_NEAR_DB = 3.0


@dataclass(frozen=True)
class Level:
    """Magnitude of an array, link by link.

    Attributes:
        values_db: ``(trial, …)``; minus infinity where there is no link.
        budget: at which, ``"bs_power_dbw = 0"``; empty where there is none.
        plausible: least and largest median that raise no doubt.
        needed_db: what the requirements ask for at least, were there no interference; minus infinity for nothing.
        needed_by: those, ``"min_sinr_db = 2.85"``.
        quantity: what ``values_db`` are.
    """

    values_db: np.ndarray
    budget: str = ""
    plausible: tuple[float, float] = WANTED
    needed_db: float = -math.inf
    needed_by: str = ""
    quantity: str = "C/N"

    @property
    def median_db(self) -> float:
        """Over all links that there are; minus infinity without any."""
        there = self.values_db[np.isfinite(self.values_db)]
        return float(np.median(there)) if there.size else -math.inf

    @property
    def lacking(self) -> np.ndarray:
        """Which trials have a link below what is needed."""
        return np.any(self.values_db.reshape(len(self.values_db), -1) < self.needed_db, axis=1)


@dataclass(frozen=True)
class Levels:
    """What a system's ``levels`` finds.

    Attributes:
        of: array -> its level.
        noise_w: of a receiver as the configuration has it; None where no array is a noise power.
        noise: the array that is one.
        amplitudes: whether the links are amplitude gains beside a noise power, as most systems have them.
        doubts: sentences about what the budgets cannot do, whatever the channels.
    """

    of: Mapping[str, Level] = field(default_factory=dict[str, Level])
    noise_w: float | None = None
    noise: str = "noise_power"
    amplitudes: bool = True
    doubts: tuple[str, ...] = ()


def levels_of(system: System, config: Config, arrays: Mapping[str, np.ndarray]) -> Levels:
    """Levels of full arrays ``(trial, …)``; none for a system that declares none."""
    if not system.levels:
        return Levels()
    with np.errstate(divide="ignore", over="ignore"):
        return resolve(system.levels)(config, arrays)


def decibels(power: np.ndarray | float) -> np.ndarray:
    """``10 log10``; minus infinity for 0."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(power)


def beam_gain(array: np.ndarray, axes: int = 1) -> np.ndarray:
    """Power gain of the beam that is matched to a channel: its squared norm over the last axes."""
    return np.sum(np.abs(array) ** 2, axis=tuple(range(-axes, 0)))


def mean_power(array: np.ndarray, axes: tuple[str, ...]) -> tuple[float, str] | None:
    """Mean power of an array's entries in dB and its unit; None where the numbers are none (angles, phases)."""
    domain = domain_of(axes)
    if domain in (UNIT_MODULUS, COSINE) or not array.size:
        return None
    if array.dtype.kind == "c":
        return float(decibels(float(np.mean(np.abs(array) ** 2)))), "dB"
    if domain.is_real and domain.least >= 0.0:
        return float(decibels(float(np.mean(array)))), "dBW" if unit_of(axes) == "W" else "dB"
    return None


def level_doubts(system: System, configs: Iterable[Config], arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Sentences about given channels whose magnitudes look like a mistake.

    Args:
        system: the system.
        configs: of the points of a sweep: what is plausible at one of them is in no doubt.
        arrays: full arrays by name, ``(trial, …)``.
    """
    found = [levels_of(system, config, arrays) for config in configs]
    if not found:
        return ()
    own = found[0].noise_w
    if own is not None and found[0].noise in arrays:
        given = float(np.median(arrays[found[0].noise]))
        if abs(float(decibels(given / own)) - _MILLI_DB) < _NEAR_DB:
            # Of one mistake one sentence: what follows from it for the links is not said.
            return (
                f"channels.{found[0].noise} = {given:.3g} W: a thousand times the {own:.3g} W of this configuration. "
                f"Is it in mW? Then it is {1e-3 * given:.3g} W.",
            )
    notes = list(found[0].doubts) if all(levels.doubts for levels in found) else []
    strange = {name: one for name in found[0].of if (one := _strange(levels.of[name] for levels in found))}
    if strange:
        listed = ", ".join(f"{name} {one.median_db:.1f} dB" for name, one in strange.items())
        bounds = " or ".join(dict.fromkeys(_bounds(one) for one in strange.values()))
        budgets = " and ".join(dict.fromkeys(one.budget for one in strange.values() if one.budget))
        quantity = " and ".join(dict.fromkeys(one.quantity for one in strange.values()))
        notes.append(
            f"channels: {listed} ({quantity}, median of all links{f', at {budgets}' if budgets else ''}), where "
            f"{bounds} would be plausible. {_likely(found[0])} `leoisac show {system.name} --channels` has typical "
            "magnitudes."
        )
    for name in found[0].of:
        least = min((levels.of[name] for levels in found), key=lambda level: int(level.lacking.sum()))
        lacking, trials = int(least.lacking.sum()), len(least.lacking)
        if lacking >= _MOST * trials and name not in strange:
            notes.append(
                f"channels.{name}: {least.needed_by} needs {least.needed_db:.1f} dB even without interference, and in "
                f"{lacking} of {trials} trials the {least.quantity} at {least.budget} is less (median "
                f"{least.median_db:.1f} dB): expect INFEASIBLE there. Are channels and noise in the same units "
                "(amplitudes, W)? If so, ask for less or allow more power."
            )
    return tuple(notes)


def _strange(levels: Iterable[Level]) -> Level | None:
    """The level of the first point, where the medians of all points are outside what is plausible, on one side."""
    items = list(levels)
    medians = [item.median_db for item in items if math.isfinite(item.median_db)]
    if not medians:
        return None  # links that are all zero: somebody switched them off
    low, high = items[0].plausible
    return items[0] if max(medians) < low or min(medians) > high else None


def _bounds(level: Level) -> str:
    low, high = level.plausible
    return f"{low:g} to {high:g} dB" if math.isfinite(low) else f"at most {high:g} dB"


def _likely(levels: Levels) -> str:
    if not levels.amplitudes:
        return "Are the values in dB, or in other units?"
    return (
        f"Is {levels.noise} in mW, dB or dBm (it must be in W), is |h|² given in place of h, or are the channels "
        f"normalised, so that {levels.noise} must be, too?"
    )


__all__ = [
    "UNWANTED",
    "WANTED",
    "Level",
    "Levels",
    "beam_gain",
    "decibels",
    "level_doubts",
    "levels_of",
    "mean_power",
]
