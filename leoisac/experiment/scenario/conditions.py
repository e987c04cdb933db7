"""The language of ``--until``: conditions on the width of intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from leoisac.foundation.config import ConfigError, suggest

USABLE = "usable"
_CONDITION = re.compile(
    r"ci(?P<level>\d{2}(?:\.\d+)?)?\s*\(\s*(?P<metric>[A-Za-z_]\w*)\s*\)\s*<=?\s*(?P<bound>[0-9.]+(?:[eE][+-]?\d+)?)"
    r"\s*(?P<percent>%)?"
)


@dataclass(frozen=True)
class Condition:
    """Half width of a metric's interval below a bound.

    Attributes:
        metric: a metric, ``objective``, or ``usable`` (the share of usable trials).
        level: coverage of the interval.
        bound: largest half width; relative to the mean when ``relative``, else in the metric's unit.
        relative: whether the bound was given in per cent. Of a share, per cent are absolute.
    """

    metric: str
    level: float
    bound: float
    relative: bool


def conditions(until: str, known: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions of a text such as ``"ci(sum_rate) < 0.5%"``; several are joined by ``and``.

    ``ci`` is the half width of the 95 % interval of the mean over usable trials, ``ci99`` of the 99 % interval. A bound
    in per cent is relative to the mean, a plain number in the metric's unit. ``usable`` stands for the share of usable
    trials, whose bound is absolute either way.

    Raises:
        ConfigError: if the text cannot be read, or names no metric among ``known``.
    """
    return tuple(_condition(part.strip(), until, set(known)) for part in re.split(r"\band\b", until)) if until else ()


def _condition(text: str, whole: str, known: set[str]) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ConfigError(
            f'until = {whole!r}: cannot be read; write for example "ci(sum_rate) < 0.5%", '
            '"ci99(min_rate) < 0.02" (in its unit), "ci(usable) < 2%", joined by "and".'
        )
    metric = match["metric"]
    if metric not in {*known, USABLE, "objective"}:
        raise ConfigError(f"until = {whole!r}: there is no metric `{metric}`.{suggest(metric, known)}")
    bound = float(match["bound"]) / (100 if match["percent"] else 1)
    level = float(match["level"] or 95) / 100
    if not 0 < bound < math.inf:
        raise ConfigError(f"until = {whole!r}: the bound must be a positive number.")
    return Condition(metric, level, bound, bool(match["percent"]))
