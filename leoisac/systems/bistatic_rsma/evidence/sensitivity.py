"""The figure of the declared values: what the headline results become when each is changed on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.coordinates import field_units
from leoisac.experiment.reading.verdicts import Estimate, relative_gain
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import draw_dots, estimate_of, found_share
from leoisac.systems.bistatic_rsma.evidence.studies import CHANGED

AXIS = "+".join(CHANGED)
_RSMA, _SDMA = "rsma-noradar", "sdma-radar-sic"


class Change(NamedTuple):
    """The headline results at one point of the study.

    Attributes:
        label: what was changed; empty for the default.
        rate: change of RSMA's least rate against the default, in percent.
        gain: of RSMA over SDMA in mean least rates, in percent.
        found: share of RSMA's echoes whose direction of arrival is found.
    """

    label: str
    rate: Estimate
    gain: Estimate
    found: Estimate


def changes(dataset: xr.Dataset) -> list[Change]:
    """The headline results at every point, the default one first; every rate over the same drops."""
    seen = viewed(dataset)
    rates = seen["min_rate"].where(seen["usable"])
    rsma, sdma = rates.sel(scheme=_RSMA), rates.sel(scheme=_SDMA)
    share = found_share(seen.sel(scheme=_RSMA))
    results: list[Change] = []
    for point in range(dataset.sizes[AXIS]):
        here = {AXIS: point}
        one = share.isel(here)
        rate = relative_gain(rsma.isel(here), rsma.isel({AXIS: 0}))
        results.append(
            Change(
                _label(dataset, point),
                _percent(rate),
                _percent(relative_gain(rsma.isel(here), sdma.isel(here))),
                estimate_of(one, "share", rate.trials),
            )
        )
    return results


def draw_sensitivity(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Tornado of the declared values: rate, gain and share of targets found, one value changed at a time."""
    dataset = datasets["sensitivity"]
    rows = changes(dataset)
    labels = ["defaults", *(row.label for row in rows[1:])]
    y = np.arange(len(rows), dtype=float)
    style = series_styles(["change"])["change"]
    panels = (
        ("rate_change", [row.rate for row in rows]),
        ("gain_over_sdma", [row.gain for row in rows]),
        ("found_share", [row.found for row in rows]),
    )
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.7 * COLUMN_WIDTH_IN, 0.3 * len(rows) + 1.6), layout="constrained")
        grid = figure.subplots(1, 3, sharey=True)
        for axes, (name, found) in zip(grid, panels, strict=True):
            base = found[0].mean
            axes.barh(y, [one.mean - base for one in found], left=base, height=0.6, color=style.colour, alpha=0.35)
            axes.axvline(base, color="#444444", linewidth=0.8)
            draw_dots(axes, [one.mean for one in found], y, _numbers(found), style, across="x")
            axes.set_xlabel(QUANTITIES[name].label, fontsize=9)
        grid[0].set_yticks(y, labels, fontsize=8)
        grid[0].set_ylim(len(rows) - 0.5, -0.5)
        add_note(
            figure,
            f"At 20 dBW, one declared value changed at a time: {comparison_text(viewed(dataset), 'ratios of means')}; "
            "found: within 2° of the true direction.",
        )
    return figure


def _label(dataset: xr.Dataset, point: int) -> str:
    parts: list[str] = []
    for field in CHANGED:
        values = dataset[field].values
        if values[point] != values[0]:
            unit = field_units(field)
            value = f"{values[point]:g}" if isinstance(values[point], (int, float, np.number)) else str(values[point])
            parts.append(f"{field} = {value}" + (f" {unit}" if unit != "1" else ""))
    return ", ".join(parts)


def _percent(one: Estimate) -> Estimate:
    return Estimate(100.0 * one.mean, 100.0 * one.low, 100.0 * one.high, one.trials)


def _numbers(found: list[Estimate]) -> xr.Dataset:
    columns = {
        name: ("point", np.array([getattr(one, source) for one in found], dtype=float))
        for name, source in (("mean", "mean"), ("low", "low"), ("high", "high"), ("count", "trials"))
    }
    return xr.Dataset(columns)
