"""What the declared values do to the delivered sum rate: one changed at a time, drawn as a tornado."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from leoisac.experiment.reading.one_at_a_time import by_size, moves_of
from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, difference, relative_gain
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import series_styles
from leoisac.plots.tornado import Panel, draw_tornado, shows_intervals
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import delivered, present, sweep_axis
from leoisac.systems.self_backhaul.evidence.studies import LABELS, LEAD_RIVALS, ORDER, PROPOSED


class Change(NamedTuple):
    """One point of the study against the first: what was changed, and what became of the rate.

    Attributes:
        field: that was changed.
        value: to what.
        gain: relative change of the mean delivered sum rate, or change of the mean lead in bit/s/Hz (a lead may be
            zero), over the trials that both points can use.
        usable: share of usable trials.
    """

    field: str
    value: Any
    gain: Estimate
    usable: float


def changes(dataset: xr.Dataset, scheme: str, rival: str = "") -> list[Change]:
    """The points of the study after the first, in its order; with a rival, of the scheme's lead over it."""
    axis = sweep_axis(dataset)
    rates = delivered(dataset).sel(scheme=scheme, drop=True)
    if rival:
        rates = rates - delivered(dataset).sel(scheme=rival, drop=True)
    share = usable_share(dataset).sel(scheme=scheme).values
    compared = difference if rival else relative_gain
    found: list[Change] = []
    for move in moves_of(dataset, axis):
        gain = compared(rates.isel({axis: move.point}, drop=True), rates.isel({axis: 0}, drop=True))
        found.append(Change(move.field, move.value, gain, float(share[move.point])))
    return found


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """A bar per alternative value, the values that matter most on top; the shares that are usable beside them."""
    (dataset,) = datasets.values()
    schemes = present(dataset, PROPOSED) or [str(name) for name in dataset["scheme"].values]
    by_scheme = {scheme: changes(dataset, scheme) for scheme in schemes}
    rivals = present(dataset, LEAD_RIVALS) if "pa1" in schemes else []
    leads = {rival: changes(dataset, "pa1", rival) for rival in rivals}
    moves = moves_of(dataset, sweep_axis(dataset))
    order = by_size(moves, [max(_size(found[row]) for found in by_scheme.values()) for row in range(len(moves))])
    styles = series_styles(ORDER)

    def panel(found: list[Change], quantity: str, title: str, colour: str, scale: float) -> Panel:
        shown = [found[row] for row in order]
        bars, shares = [one.gain for one in shown], [share_text(one.usable) for one in shown]
        return Panel(QUANTITIES[quantity].label, bars, scale=scale, title=title, colour=colour, notes=shares)

    panels = [
        panel(found, "rate_change", LABELS.get(scheme, scheme), styles[scheme].colour, 100.0)
        for scheme, found in by_scheme.items()
    ]
    panels += [
        panel(found, "lead_change", f"PA1 over {LABELS[rival]}", styles[rival].colour, 1.0)
        for rival, found in leads.items()
    ]
    least = min(one.gain.trials for found in by_scheme.values() for one in found)
    intervals = ", with 95 % intervals" if shows_intervals(panels) else ""
    share = usable_share(dataset)
    base = ", ".join(f"{scheme} {share_text(float(share.sel(scheme=scheme).values[0]))}" for scheme in schemes)
    return draw_tornado(
        [f"{moves[row].field}: {moves[row].change}" for row in order],
        panels,
        "One declared value changed at a time, against the defaults: ratios of means, and differences of leads, "
        f"over the trials that both can use (at least {least} of {dataset.sizes['trial']}){intervals}; "
        f"in grey the share of trials that the changed value leaves usable (defaults: {base})",
    )


def _size(one: Change) -> float:
    mean = abs(one.gain.mean)
    return mean if mean == mean else 0.0


__all__ = ["Change", "changes", "draw_sensitivity"]
