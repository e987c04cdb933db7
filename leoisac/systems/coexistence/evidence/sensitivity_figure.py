"""The tornado figure: change of the sum rate and of the lead over RZF-EPS as one declared number moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.one_at_a_time import by_size, moves_of, value_text
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, difference, relative_gain
from leoisac.foundation.number_text import share_text
from leoisac.plots.tornado import Panel, draw_tornado, shows_intervals
from leoisac.systems.coexistence.evidence.drops import values_of
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES
from leoisac.systems.coexistence.evidence.sensitivity import AXIS, DECLARED


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
    for move in moves_of(dataset, AXIS):
        change = relative_gain(proposed.isel({AXIS: move.point}), proposed.isel({AXIS: 0}))
        usable = float(share.isel({AXIS: move.point}))
        found.append(Moved(move.field, move.value, change, leads[move.point], usable))
    return leads[0], found


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Bars of every declared number: left the relative change of the sum rate, right the lead over RZF-EPS."""
    dataset = datasets["sensitivity"]
    default, points = moved_points(dataset)
    moves = moves_of(dataset, AXIS)
    order = by_size(moves, [point.change.mean for point in points])
    labels = {item.field: item.label for item in DECLARED}
    shown = [points[row] for row in order]
    names = [
        f"{labels[moves[row].field]}: {value_text(moves[row].default)} → {value_text(moves[row].value)}"
        for row in order
    ]
    panels = [
        Panel(QUANTITIES["rate_change"].label, [point.change for point in shown], scale=100.0),
        Panel(
            QUANTITIES["lead"].label,
            [point.lead for point in shown],
            default.mean,
            notes=[share_text(point.usable) for point in shown],
        ),
    ]
    over = comparison_text(viewed(dataset), "ratios and differences of means", shows_intervals(panels))
    return draw_tornado(
        names,
        panels,
        f"each number moved alone from its default, at the grey lines; in grey the share of drops that the proposed "
        f"scheme can use; {over}",
    )


__all__ = ["Moved", "draw_sensitivity", "moved_points"]
