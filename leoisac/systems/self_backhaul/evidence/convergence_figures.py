"""Figure 2: sum rate against iterations of the published procedure, and against rounds of the fast route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles

_PROCEDURES = {
    "pa1": "PA1, fast route",
    "pa1:reference": "PA1, published procedure",
    "pa2": "PA2, fast route",
    "pa2:reference": "PA2, published procedure",
}
_LEGEND_ROOM = 0.35
"""Share of the height that is left free below the curves."""


def draw_convergence(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Mean sum rate over iterations; a trial that has ended keeps its last value.

    Left PA1 at several satellite powers, by every route that was run; right both schemes side by side.
    """
    power, robust = datasets["convergence"], datasets["robust-convergence"]
    routes = [str(name) for name in power["scheme"].values]
    with house_style() as mpl:
        count = len(routes) + 1
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN * (0.4 + 0.4 * count), 3.4), layout="constrained")
        panels = figure.subplots(1, count, squeeze=False)[0]
        for panel, route in zip(panels, routes, strict=False):
            _draw_powers(panel, power.sel(scheme=route))
            panel.set_title(_PROCEDURES.get(route, route))
            panel.set_xlabel("iteration" if "reference" in route else "round of multipliers")
            panel.sharey(panels[0])
        _draw_robust(panels[-1], robust)
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(low - _LEGEND_ROOM * (high - low), high)
        panels[-2].legend(loc="lower right")
        panels[0].set_ylabel("sum rate [bit/s/Hz]")
        figure.supxlabel(_note(power, robust), fontsize=7.5, color="#444444")
    return figure


def _draw_powers(panel: Any, dataset: xr.Dataset) -> None:
    powers = dataset["satellite_power_dbw"].values
    styles = series_styles([str(power) for power in powers])
    for power in powers:
        one = dataset.sel(satellite_power_dbw=power)
        _curve(panel, one, styles[str(power)], f"$P_s$ = {power:g} dBW")


def _draw_robust(panel: Any, dataset: xr.Dataset) -> None:
    """PA1 once, since its design does not know the errors, and PA2 under both models of them."""
    styles = series_styles(["known", "noise-normalised", "relative"])
    for label in (str(name) for name in dataset["scheme"].values):
        if label.startswith("pa1"):
            one = dataset.sel(scheme=label).isel(error_model=0)
            _curve(panel, one, styles["known"], "PA1, channels known")
            continue
        for model in (str(name) for name in dataset["error_model"].values):
            _curve(panel, dataset.sel(scheme=label, error_model=model), styles[model], f"PA2, {model}")
    panel.set_title("PA1 and PA2, three users")
    panel.set_xlabel("iteration")
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.set_ylabel("(guaranteed) sum rate [bit/s/Hz]")
    panel.legend(loc="lower right")


def _curve(panel: Any, one: xr.Dataset, style: SeriesStyle, label: str) -> None:
    history = carried_forward(one["history"].where(one["usable"]))
    numbers = mean_interval(history)
    steps = np.arange(history.sizes["iteration"])
    every = max(1, len(steps) // 10)
    panel.plot(
        steps, numbers["mean"], style.line, color=style.colour, marker=style.marker, markevery=every, label=label
    )
    panel.fill_between(steps, numbers["low"], numbers["high"], color=style.colour, alpha=0.18, linewidth=0)


def carried_forward(history: xr.DataArray) -> xr.DataArray:
    """Missing values at the end of a trial replaced by its last one, so that every mean is over the same trials."""
    values = history.transpose(..., "iteration").values
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(values.shape[-1])), axis=-1)
    return history.transpose(..., "iteration").copy(data=np.take_along_axis(values, last, axis=-1))


def _note(power: xr.Dataset, robust: xr.Dataset) -> str:
    counts = [int(dataset["usable"].sum("trial").max()) for dataset in (power, robust)]
    return f"means over up to {counts[0]} (by power) and {counts[1]} (three users) usable trials, with 95 % intervals"


__all__ = ["carried_forward", "draw_convergence"]
