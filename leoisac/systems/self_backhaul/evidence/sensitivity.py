"""What the declared values do to the delivered sum rate: one changed at a time, drawn as a tornado."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import usable_share
from leoisac.experiment.reading.verdicts import Estimate, difference, relative_gain
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import share_text
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.self_backhaul.evidence.declared import FIELDS
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import delivered, present, sweep_axis
from leoisac.systems.self_backhaul.evidence.studies import LABELS, LEAD_RIVALS, ORDER, PROPOSED

_ROW_IN = 0.3
_BAR = 0.36


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
    found: list[Change] = []
    for index in range(1, dataset.sizes[axis]):
        (field,) = (name for name in FIELDS if dataset[name].values[index] != dataset[name].values[0])
        compared = difference if rival else relative_gain
        gain = compared(rates.isel({axis: index}, drop=True), rates.isel({axis: 0}, drop=True))
        found.append(Change(field, dataset[field].values[index], gain, float(share[index])))
    return found


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """A bar per alternative value, the values that matter most on top; the shares that are usable beside them."""
    (dataset,) = datasets.values()
    schemes = present(dataset, PROPOSED) or [str(name) for name in dataset["scheme"].values]
    by_scheme = {scheme: changes(dataset, scheme) for scheme in schemes}
    rivals = present(dataset, LEAD_RIVALS) if "pa1" in schemes else []
    leads = {rival: changes(dataset, "pa1", rival) for rival in rivals}
    size = {field: _size(field, by_scheme) for field in dict.fromkeys(one.field for one in by_scheme[schemes[0]])}
    bars = sorted(range(len(by_scheme[schemes[0]])), key=lambda index: -size[by_scheme[schemes[0]][index].field])
    styles = series_styles(ORDER)
    with house_style() as mpl:
        height = 1.5 + _ROW_IN * len(bars)
        count = len(schemes) + len(leads)
        figure = mpl.Figure(figsize=((0.3 + 0.6 * count) * COLUMN_WIDTH_IN, height), layout="constrained")
        panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
        for panel, (rival, found) in zip(panels[len(schemes) :], leads.items(), strict=True):
            _draw_bars(panel, [found[index] for index in bars], styles[rival].colour, scale=1.0)
            panel.set_title(f"PA1 over {LABELS[rival]}", loc="left")
            panel.set_xlabel(QUANTITIES["lead_change"].label)
        for panel, scheme in zip(panels, schemes, strict=False):
            _draw_bars(panel, [by_scheme[scheme][index] for index in bars], styles[scheme].colour)
            panel.set_title(LABELS.get(scheme, scheme), loc="left")
            panel.set_xlabel(QUANTITIES["rate_change"].label)
        rows = [by_scheme[schemes[0]][index] for index in bars]
        panels[0].set_yticks(range(len(rows)), [_name(dataset, one) for one in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
        least = min(one.gain.trials for found in by_scheme.values() for one in found)
        base = ", ".join(
            f"{scheme} {share_text(float(usable_share(dataset).sel(scheme=scheme).values[0]))}" for scheme in schemes
        )
        add_note(
            figure,
            "One declared value changed at a time, against the defaults: ratios of means, and differences of leads, "
            f"over the trials that both can use (at least {least} of {dataset.sizes['trial']}), with 95 % intervals; "
            "in grey the share of trials "
            f"that the changed value leaves usable (defaults: {base})",
        )
    return figure


def _draw_bars(panel: Any, rows: list[Change], colour: str, scale: float = 100.0) -> None:
    panel.axvline(0.0, color="#444444", linewidth=0.8)
    for row, one in enumerate(rows):
        mean, low, high = (scale * value for value in one.gain[:3])
        if np.isfinite(mean):
            panel.barh(row, mean, height=2 * _BAR, color=colour, alpha=0.6)
        if one.gain.known:
            panel.errorbar(mean, row, xerr=[[mean - low], [high - mean]], color="black", capsize=2, linewidth=0.9)
        panel.annotate(
            share_text(one.usable),
            (1.0, row),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            xytext=(2, 0),
            va="center",
            fontsize=7.5,
            color="#666666",
        )


def _size(field: str, by_scheme: Mapping[str, list[Change]]) -> float:
    """Largest change that a field makes to any scheme."""
    means = [abs(one.gain.mean) for found in by_scheme.values() for one in found if one.field == field]
    return max((mean for mean in means if np.isfinite(mean)), default=0.0)


def _name(dataset: xr.Dataset, one: Change) -> str:
    units = str(dataset[one.field].attrs.get("units", "1"))
    default = dataset[one.field].values[0]
    return f"{one.field}: {_plain(default)} → {_plain(one.value)}" + ("" if units == "1" else f" {units}")


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str) else f"{float(value):g}"


__all__ = ["Change", "changes", "draw_sensitivity"]
