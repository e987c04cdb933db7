"""Numbers for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

Interval = tuple[float, float, float, float]
"""Mean, ends of its interval, share of usable trials."""
_ASYMMETRY = 0.02
"""Share of half an interval by which the mean may be off its middle."""
_DIGITS = 4
"""Digits of a mean whose interval is narrower than they show."""
_MOST_DECIMALS, _MOST_DIGITS = 6, 7
_LARGE = 1e6
"""Numbers with more decimals, or as large as this, have a power of ten."""


def interval_text(mean: float, low: float, high: float, share: float) -> str:
    """``2.34 ± 0.12 [95%]``: mean, half of the interval to two digits, share of usable trials where it is not one.

    An interval that the mean is not in the middle of, as of shares, has both ends: ``0.92 (0.74 to 0.98)``. One that is
    much narrower than four digits of the mean is ``7.041 ± <0.001``.

    Args:
        mean: NaN where no trial is usable.
        low, high: ends of the interval; NaN where there is one trial only.
        share: of usable trials; NaN where none was run.
    """
    return column_texts([(mean, low, high, share)])[0]


def column_texts(cells: Sequence[Interval]) -> list[str]:
    """The intervals of a column, each as ``interval_text`` has it, with the same decimals as far as that is sensible.

    Numbers of a column that span more than fits (seven digits) have their own decimals each.
    """
    known = [cell for cell in cells if all(math.isfinite(value) for value in cell[:3])]
    decimals = max((_decimals(*cell[:3]) for cell in known), default=0)
    largest = max((abs(value) for cell in known for value in cell[:3]), default=0.0)
    if decimals > _MOST_DECIMALS or (largest > 0 and math.floor(math.log10(largest)) + decimals >= _MOST_DIGITS):
        return [_text(cell, None) for cell in cells]
    return [_text(cell, decimals) for cell in cells]


def _text(cell: Interval, decimals: int | None) -> str:
    mean, low, high, share = cell
    if share != share:
        return "not run"
    usable = "" if share == 1 else f" [{share_text(share)}]"
    if mean != mean:
        return f"—{usable}"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{mean:.4g}{usable}"
    decimals = _decimals(mean, low, high) if decimals is None else decimals
    largest = max(abs(mean), abs(low), abs(high))
    if decimals > _MOST_DECIMALS or largest >= _LARGE:
        power = math.floor(math.log10(largest)) if largest else 0
        mean, low, high = _scaled(mean, power), _scaled(low, power), _scaled(high, power)
        return f"({_plain_text(mean, low, high, _decimals(mean, low, high))})e{power:+03d}{usable}"
    return f"{_plain_text(mean, low, high, decimals)}{usable}"


def _plain_text(mean: float, low: float, high: float, decimals: int) -> str:
    half, least = (high - low) / 2, 10.0**-decimals
    if half < least / 2:
        return f"{mean:.{decimals}f} ± {f'<{least:.{decimals}f}' if half > 0 else '0'}"
    if abs((high - mean) - (mean - low)) > _ASYMMETRY * half:
        return f"{mean:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def _decimals(mean: float, low: float, high: float) -> int:
    """As many as two digits of half the interval take; four digits of the mean where they already hide it."""
    half = (high - low) / 2
    of_mean = _DIGITS - 1 - _power(mean, _DIGITS) if mean else 0
    if half <= 0:
        text = f"{mean:.{_DIGITS}g}"
        return len(text.partition(".")[2]) if "e" not in text else max(of_mean, 0)
    wanted = 1 - _power(half, 2)
    return max(wanted if not mean or wanted <= of_mean + 1 else of_mean, 0)


def _power(value: float, digits: int) -> int:
    """Of ten, in a number rounded to some digits: 0.0999 to two of them is 0.10."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])


def _scaled(value: float, power: int) -> float:
    """Without its power of ten, also where that is no number of its own."""
    return value / 10.0**power if abs(power) < 300 else value * 10.0 ** (-power / 2) * 10.0 ** (-power / 2)


def share_text(share: float) -> str:
    """``95%``; less than all is never ``100%``, more than none never ``0%``: ``99.7%``, ``0.02%``, ``>99.99%``."""
    if share != share:
        return "—"
    for decimals in range(3):
        text = f"{share:.{decimals}%}"
        if share in (0.0, 1.0) or 0.0 < float(text[:-1]) < 100.0:
            return text
    return ">99.99%" if share > 0.5 else "<0.01%"


def duration_text(seconds: float | None) -> str:
    """``1:02:03``; a dash where it is not known."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    days, whole = divmod(whole, 86_400)
    clock = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{days} d {clock}" if days else clock


def short_time_text(seconds: float) -> str:
    """``12.3 ms``, ``1.23 s``"""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def counted(number: int, one: str, many: str = "") -> str:
    """``1 trial``, ``2 trials``"""
    return f"{number} {one if number == 1 else many or one + 's'}"


def quantity_label(long_name: str, units: str) -> str:
    """Axis label from a variable's attributes, ``satellite power [dBW]``; no bracket for pure numbers."""
    return long_name if units in ("", "1") else f"{long_name} [{units}]"
