"""The paper's figures, each over named studies (quick: a few trials; paper: 200 a point)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Figure, Study
from leoisac.experiment.statistics import mean_interval, summary
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.plots.sweep import draw_sweep
from leoisac.systems.self_backhaul import SCHEMES

_ORDER = tuple(scheme.name for scheme in SCHEMES)
_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_ALL = _ORDER
_QUICK = {"trials": 4}

STUDIES = (
    Study(
        "convergence",
        schemes=("pa1", "pa1:reference"),
        sweep={"satellite_power_dbw": [20.0, 30.0, 40.0]},
        trials=20,
        quick={"trials": 2, "schemes": ("pa1",), "sweep": {"satellite_power_dbw": [20.0, 30.0]}},
    ),
    Study(
        "pattern-threshold",
        schemes=("pa1",),
        overrides={"num_users": 4},
        sweep={"pattern_min_w": [0.1, 1.0, 10.0, 50.0, 100.0, 150.0, 200.0]},
        quick={**_QUICK, "sweep": {"pattern_min_w": [1.0, 50.0, 200.0]}},
    ),
    Study(
        "satellite-power",
        schemes=_ALL,
        sweep={"satellite_power_dbw": [10.0, 20.0, 30.0, 40.0, 50.0]},
        quick={**_QUICK, "sweep": {"satellite_power_dbw": [10.0, 30.0]}},
    ),
    Study(
        "bs-power",
        schemes=_ALL,
        overrides={"num_users": 4},
        sweep={"bs_power_dbw": [-20.0, -10.0, 0.0, 10.0, 20.0]},
        quick={**_QUICK, "sweep": {"bs_power_dbw": [-10.0, 10.0]}},
    ),
    Study(
        "bs-antennas",
        schemes=_ALL,
        overrides={"num_users": 3},
        sweep={"bs_array": [[2, 2], [3, 3], [4, 4], [5, 5]]},
        quick={**_QUICK, "overrides": {"num_users": 4}, "sweep": {"bs_array": [[3, 3]]}},
    ),
    Study(
        "users",
        schemes=_ALL,
        overrides={"bs_array": [4, 4]},
        sweep={"num_users": [2, 4, 6, 8, 10]},
        quick={**_QUICK, "overrides": {"bs_array": [3, 3]}, "sweep": {"num_users": [4, 8]}},
    ),
)


def _sum_rate_over(title: str) -> Any:
    def draw(datasets: Mapping[str, xr.Dataset]) -> Any:
        (dataset,) = datasets.values()
        return draw_sweep(summary(dataset, "sum_rate"), labels=_LABELS, order=_ORDER, title=title)

    return draw


def _over_antennas(datasets: Mapping[str, xr.Dataset]) -> Any:
    (dataset,) = datasets.values()
    numbers = summary(dataset, "sum_rate")
    # The coordinate holds rows and columns as text, "[3, 3]".
    antennas = [math.prod(json.loads(text)) for text in dataset["bs_array"].values]
    numbers = numbers.assign_coords(bs_array=("bs_array", antennas, {"long_name": "number of base station antennas"}))
    return draw_sweep(numbers, labels=_LABELS, order=_ORDER, title="Sum rate and base station array")


def _convergence(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Sum rate against iterations: the published procedure's, and the rounds of the fast route."""
    (dataset,) = datasets.values()
    routes = [str(name) for name in dataset["scheme"].values]
    titles = {"pa1": "PA1, fast route", "pa1:reference": "PA1, published procedure"}
    powers = dataset["satellite_power_dbw"].values
    styles = series_styles([str(power) for power in powers])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN * (0.55 + 0.45 * len(routes)), 3.4), layout="constrained")
        panels = figure.subplots(1, len(routes), sharey=True, squeeze=False)[0]
        for panel, route in zip(panels, routes, strict=True):
            for power in powers:
                one = dataset.sel(scheme=route, satellite_power_dbw=power)
                # A trial that has ended keeps its last value, so that every mean is over the same trials.
                history = _carried_forward(one["history"].where(one["usable"]))
                numbers = mean_interval(history)
                steps = np.arange(history.sizes["iteration"])
                style = styles[str(power)]
                every = max(1, len(steps) // 10)
                panel.plot(
                    steps,
                    numbers["mean"],
                    style.line,
                    color=style.colour,
                    marker=style.marker,
                    markevery=every,
                    label=f"$P_s$ = {power:g} dBW",
                )
                panel.fill_between(steps, numbers["low"], numbers["high"], color=style.colour, alpha=0.18, linewidth=0)
            panel.set_title(titles.get(route, route))
            panel.set_xlabel("iteration" if "reference" in route else "round of multipliers")
        panels[0].set_ylabel("sum rate [bit/s/Hz]")
        panels[-1].legend(loc="lower right")
    return figure


def _carried_forward(history: xr.DataArray) -> xr.DataArray:
    """Missing values at the end of a trial replaced by its last one."""
    values = history.transpose(..., "iteration").values
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(values.shape[-1])), axis=-1)
    return history.transpose(..., "iteration").copy(data=np.take_along_axis(values, last, axis=-1))


def _sensing_trade_off(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Sum rate and detection probability as the beampattern threshold rises."""
    (dataset,) = datasets.values()
    rate = summary(dataset, "sum_rate").sel(scheme="pa1")
    detection = dataset["detection_probability"].mean("target").where(dataset["usable"]).sel(scheme="pa1")
    detected = mean_interval(detection)
    threshold = dataset["pattern_min_w"].values
    blue, red = (series_styles(["rate", "detection"])[name] for name in ("rate", "detection"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.7 * COLUMN_WIDTH_IN, 3.3), layout="constrained")
        left, right = figure.subplots(1, 2)
        for axes, one, style in ((left, rate, blue), (left.twinx(), detected, red)):
            axes.plot(threshold, one["mean"], style.line, color=style.colour, marker=style.marker)
            axes.fill_between(threshold, one["low"], one["high"], color=style.colour, alpha=0.18, linewidth=0)
            axes.tick_params(axis="y", colors=style.colour)
            axes.set_ylabel("sum rate [bit/s/Hz]" if style is blue else "detection probability", color=style.colour)
            axes.grid(style is blue)
        left.set_xscale("log")
        left.set_xlabel(r"beampattern threshold $\Gamma$ [W]")
        right.plot(rate["mean"], detected["mean"], "-", color=blue.colour, marker=blue.marker)
        for x, y, value in zip(rate["mean"].values, detected["mean"].values, threshold, strict=True):
            right.annotate(f" {value:g} W", (x, y), fontsize=8, va="bottom")
        right.set_xlabel("sum rate [bit/s/Hz]")
        right.set_ylabel("mean detection probability")
    return figure


FIGURES = (
    Figure("fig-2", "Convergence of the joint design", ("convergence",), _convergence),
    Figure("fig-4", "Sum rate against detection probability", ("pattern-threshold",), _sensing_trade_off),
    Figure(
        "fig-5",
        "Sum rate against satellite power",
        ("satellite-power",),
        _sum_rate_over("Sum rate and satellite power"),
    ),
    Figure(
        "fig-6",
        "Sum rate against base station power",
        ("bs-power",),
        _sum_rate_over("Sum rate and base station power"),
    ),
    Figure("fig-7", "Sum rate against base station antennas", ("bs-antennas",), _over_antennas),
    Figure("fig-8", "Sum rate against number of users", ("users",), _sum_rate_over("Sum rate and number of users")),
)
