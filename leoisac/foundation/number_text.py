"""Numbers for people."""

from __future__ import annotations

import math

_ASYMMETRY = 0.02
"""Share of half an interval by which the mean may be off its middle."""


def interval_text(mean: float, low: float, high: float, share: float) -> str:
    """``2.34 ± 0.12 [95%]``: mean, half of the interval to two digits, share of usable trials where it is not one.

    An interval that the mean is not in the middle of, as of shares, has both ends: ``0.92 (0.74 to 0.98)``.

    Args:
        mean: NaN where no trial is usable.
        low, high: ends of the interval; NaN where there is one trial only.
        share: of usable trials; NaN where none was run.
    """
    if share != share:
        return "not run"
    usable = "" if share == 1 else f" [{share_text(share)}]"
    if mean != mean:
        return f"—{usable}"
    if low != low:
        return f"{mean:.4g}{usable}"
    half = (high - low) / 2
    if half == 0 or abs(mean) >= 1e6 or half < 1e-6:
        return f"{mean:.4g} ± {half:.2g}{usable}"
    decimals = max(0, 1 - math.floor(math.log10(half)))
    if abs((high - mean) - (mean - low)) > _ASYMMETRY * half:
        return f"{mean:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f}){usable}"
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}{usable}"


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
