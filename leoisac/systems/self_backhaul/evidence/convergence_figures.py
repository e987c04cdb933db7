"""Figure 2: sum rate against iterations of the algorithms over covariances, and against rounds of the fast route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import LEAST_TRIALS, draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.systems.self_backhaul import METRICS
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import RATE, ended, routes

_ROUTES = {
    "fast": "fast route",
    "reference": "route reference",
    "published": "as published",
    "attacked": "fast route",
}
_MULTIPLIERS = {"fast", "attacked"}
"""Routes whose history is one of infeasible points until its end."""
_MODELS = ("noise-normalised", "relative")
_ROUNDS = (
    " Dotted: rounds of the fast route, whose designs may violate constraints and so have more rate than is possible; "
    "the mark at the end: the designs."
)
_LEGEND_ROOM = 0.55
"""Share of the height that is left free below the curves."""


def draw_convergence(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Mean sum rate over iterations; a trial that has ended keeps its last value.

    Left PA1 at several satellite powers, a panel per route that was run; right PA1 and PA2 side by side.
    """
    power, robust = (viewed(ended(datasets[name])) for name in ("convergence", "robust-convergence"))
    used = routes(power)
    iterating = {label: route for label, route in used.items() if route not in ("fast", "attacked")}
    used = iterating or used  # the axis is the procedure's iteration; rounds of multipliers only where nothing else ran
    with house_style() as mpl:
        count = len(used) + 1
        width = COLUMN_WIDTH_IN * (0.45 + 0.4 * count)
        figure = mpl.Figure(figsize=(width, 3.6), layout="constrained")
        panels = figure.subplots(1, count, squeeze=False)[0]
        for panel, (label, route) in zip(panels, used.items(), strict=False):
            _draw_powers(panel, power.sel(scheme=label), route in _MULTIPLIERS)
            panel.set_title(f"PA1, {_ROUTES.get(route, route)}")
            _name_steps(panel, {route})
            if panel is not panels[0]:
                panel.sharey(panels[0])
        _draw_robust(panels[-1], robust)
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(low - _LEGEND_ROOM * (high - low), high)
        panels[-2].legend(loc="lower right")
        panels[0].set_ylabel(METRICS[RATE].label)
        add_note(
            figure,
            f"By power: {_text(power)}.{_ROUNDS if 'fast' in used.values() else ''}",
            f"Three users: {_text(robust)}. PA1 for channels that are known; PA2 as published by "
            "its printed objective, which guarantees nothing.",
        )
    return figure


def _text(dataset: xr.Dataset) -> str:
    text = comparison_text(dataset)
    return re.sub(r"(all schemes )?can (be )?used? at all points compared", "end in a design everywhere", text)


def _name_steps(panel: Any, used: set[str]) -> None:
    """The routes over covariances iterate; the fast ones update multipliers."""
    panel.set_xlabel(QUANTITIES["multiplier_round" if used <= _MULTIPLIERS else "iteration"].label)
    panel.xaxis.get_major_locator().set_params(integer=True)


def _draw_powers(panel: Any, dataset: xr.Dataset, until_feasible: bool) -> None:
    powers = dataset["satellite_power_dbw"].values
    styles = series_styles([str(power) for power in powers])
    for power in powers:
        one = dataset.sel(satellite_power_dbw=power)
        _curve(panel, one, styles[str(power)], f"$P_s$ = {power:g} dBW", until_feasible)


def _draw_robust(panel: Any, dataset: xr.Dataset) -> None:
    """PA1 once, since its design does not know the errors, and PA2 under both models of them."""
    used = routes(dataset)
    styles = series_styles(["known", *(f"{model}, {route}" for route in _ROUTES for model in _MODELS)])
    for label, route in used.items():
        if label.startswith("pa1"):
            one = dataset.sel(scheme=label).isel(error_model=0)
            _curve(panel, one, styles["known"], f"PA1, {_ROUTES[route]}", route in _MULTIPLIERS)
            continue
        for model in (str(name) for name in dataset["error_model"].values):
            one = dataset.sel(scheme=label, error_model=model)
            name = f"PA2, {_ROUTES[route]}, {model}"
            _curve(panel, one, styles[f"{model}, {route}"], name, route in _MULTIPLIERS)
    panel.set_title("PA1 and PA2, three users")
    _name_steps(panel, set(used.values()))
    panel.set_ylabel(METRICS[RATE].label)
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _curve(panel: Any, one: xr.Dataset, style: SeriesStyle, label: str, until_feasible: bool) -> None:
    """Mean and band over the iterations; of a history that is infeasible until its end a dotted line, and the end."""
    history = carried_forward(one["history"].where(one["usable"]))
    if not history.sizes["iteration"]:
        return
    numbers, steps = mean_interval(history), history["iteration"].values
    if not until_feasible:
        draw_curve(panel, steps, numbers, style, label, least=METRICS[RATE].least)
        return
    panel.plot(steps, numbers["mean"].values, ":", color=style.colour)
    end = numbers.isel(iteration=-1)
    mean, low, high = (float(end[name]) for name in ("mean", "low", "high"))
    reach = None if int(end["count"]) < LEAST_TRIALS else [[mean - low], [high - mean]]
    panel.errorbar(
        steps[-1:], [mean], reach, color=style.colour, marker=style.marker, linestyle="none", capsize=3, label=label
    )


def carried_forward(history: xr.DataArray) -> xr.DataArray:
    """Missing values at the end of a trial replaced by its last one, so that every mean is over the same trials."""
    values = history.transpose(..., "iteration").values
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(values.shape[-1])), axis=-1)
    return history.transpose(..., "iteration").copy(data=np.take_along_axis(values, last, axis=-1))


__all__ = ["carried_forward", "draw_convergence"]
