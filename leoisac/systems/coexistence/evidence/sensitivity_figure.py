"""The tornado figure: change of the sum rate and of the lead over RZF-EPS as one declared number moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, difference, relative_gain
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import house_style
from leoisac.systems.coexistence.evidence.drops import values_of
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES
from leoisac.systems.coexistence.evidence.sensitivity import AXIS, DECLARED

_COLOURS = ("#0072B2", "#D55E00")
_BAR = 0.34


class Moved(NamedTuple):
    """One number moved to one value."""

    field: str
    value: Any
    change: Estimate  # of the sum rate, a share
    lead: Estimate  # over RZF-EPS, bit/s/Hz
    usable: float  # share of drops that the proposed scheme can use


def moved_points(dataset: xr.Dataset) -> tuple[Estimate, list[Moved]]:
    """The lead at the default, and what every move makes of sum rate and lead; pairs of the same drops."""
    seen = viewed(dataset)
    proposed, other = (values_of(seen, "sum_rate", scheme) for scheme in ("proposed", "rzf-eps"))
    share = usable_share(dataset).sel(scheme="proposed")
    leads = [difference(proposed.isel({AXIS: row}), other.isel({AXIS: row})) for row in range(dataset.sizes[AXIS])]
    found: list[Moved] = []
    for row in range(1, dataset.sizes[AXIS]):
        for item in DECLARED:
            values = dataset[item.field].values
            if values[row] != values[0]:
                change = relative_gain(proposed.isel({AXIS: row}), proposed.isel({AXIS: 0}))
                found.append(Moved(item.field, values[row], change, leads[row], float(share.isel({AXIS: row}))))
    return leads[0], found


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Bars of every declared number: left the relative change of the sum rate, right the lead over RZF-EPS."""
    dataset = datasets["sensitivity"]
    default, points = moved_points(dataset)
    groups = {item.field: [point for point in points if point.field == item.field] for item in DECLARED}
    sizes = {field: max((abs(point.change.mean) for point in group), default=-1.0) for field, group in groups.items()}
    order = sorted((field for field, group in groups.items() if group), key=lambda field: -sizes[field])
    labels = {item.field: item.label for item in DECLARED}
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(7.2, 1.6 + 0.42 * len(order)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for place, field in enumerate(order):
            for index, point in enumerate(groups[field]):
                height = place + (index - 0.5 * (len(groups[field]) - 1)) * _BAR
                bar = {"height": _BAR, "color": _COLOURS[index], "alpha": 0.75}
                _bar(left, height, 0.0, point.change, 100.0, bar, _text(point.value))
                _bar(right, height, default.mean, point.lead, 1.0, bar, "")
        left.set_yticks(range(len(order)), [labels[field] for field in order], fontsize=8)
        left.invert_yaxis()
        left.margins(x=0.3)
        left.axvline(0.0, color="#444444", linewidth=0.8)
        right.axvline(default.mean, color="#444444", linewidth=0.8)
        left.set_xlabel(QUANTITIES["rate_change"].label)
        right.set_xlabel(QUANTITIES["lead"].label)
        over = comparison_text(viewed(dataset), "ratios and differences of means")
        lowest = min(points, key=lambda point: point.usable)
        if lowest.usable < 1.0:
            over += f"; lowest usable share {share_text(lowest.usable)} ({lowest.field} = {_text(lowest.value)})"
        add_note(
            figure,
            f"each number moved alone to the value at its bar from its default ({defaults_text()}), at the grey lines; "
            f"{over}",
        )
    return figure


def defaults_text() -> str:
    """The defaults, in words."""
    return ", ".join(f"{item.field} = {_text(item.default)}" for item in DECLARED)


def _bar(
    axes: Any, height: float, base: float, found: Estimate, scale: float, bar: Mapping[str, Any], text: str
) -> None:
    mean = scale * found.mean
    axes.barh(height, mean - base, left=base, **bar)
    if found.known:
        error = [[scale * (found.mean - found.low)], [scale * (found.high - found.mean)]]
        axes.errorbar(mean, height, xerr=error, color="black", linewidth=0.8, capsize=2)
    if text:
        end = scale * (found.high if mean >= base else found.low) if found.known else mean
        side, shift = ("left", 3) if mean >= base else ("right", -3)
        axes.annotate(
            text, (end, height), (shift, 0), textcoords="offset points", ha=side, va="center", fontsize=7, clip_on=False
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):g}"


__all__ = ["Moved", "draw_sensitivity", "moved_points"]
