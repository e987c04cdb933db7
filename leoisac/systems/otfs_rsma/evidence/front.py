# pyright: reportUnknownMemberType=false
"""What rate and sensing cost each other on the absolute link: fronts of the least rate and the least delay bound."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.contracts import Study
from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.style import COLUMN_WIDTH_IN, SeriesStyle, house_style, series_styles
from leoisac.systems.otfs_rsma import METRICS, SCHEMES, SYSTEM
from leoisac.systems.otfs_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.otfs_rsma.evidence.results import Data, lowest_share, split_text

_LABELS = {scheme.name: scheme.label or scheme.name for scheme in SCHEMES}
_BUDGET = {"link": "budget", "common_power_fraction": None}
_CEILINGS = [2e-11, 1e-11, 8e-12, 6e-12, 5e-12, 4e-12]
_WEIGHTS = [0.01, 0.03, 0.1, 0.3, 1.0]
_SMALL = {**SYSTEM.small, **_BUDGET}

FRONT = (
    Study(
        "front",
        schemes=("rsma:least-delay", "sdma:least-delay"),
        overrides=_BUDGET,
        sweep={"kept_rate_share": [0.999, 0.99, 0.98, 0.95, 0.9]},
        trials=200,
        headline="crb_delay",
        quick={"trials": 8},
        tiny={"overrides": _SMALL, "sweep": {"kept_rate_share": [0.999, 0.8]}, "trials": 3},
    ),
    Study(
        "front-weights",
        schemes=("rsma",),
        overrides=_BUDGET,
        sweep={"delay_weight": _WEIGHTS},
        trials=200,
        quick={"trials": 8},
        # The weighted sum is another program: tests of the engine's programs compile it, not this.
        tiny={"overrides": _SMALL, "sweep": {"delay_weight": [0.0]}, "trials": 3},
    ),
    Study(
        "front-ceilings",
        schemes=("rsma",),
        overrides=_BUDGET,
        sweep={"crb_delay_max": _CEILINGS},
        trials=200,
        quick={"trials": 8},
        tiny={
            "overrides": {name: value for name, value in _SMALL.items() if name != "crb_delay_max"},
            "sweep": {"crb_delay_max": [1e-10, 2e-11]},
            "trials": 3,
        },
    ),
)


def draw_front(datasets: Data) -> Any:
    """Mean delay bound over mean least rate: the least bound at a share of the largest rate, and ceilings on it."""
    data = viewed(datasets["front"])
    names = [str(name) for name in data["scheme"].values]
    styles = series_styles([*names, "ceilings", "weights"])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.8), layout="constrained")
        axes = figure.subplots()
        for name in names:
            label = _LABELS.get(name.partition(":")[0], name)
            _draw(axes, data.sel(scheme=name), "kept_rate_share", styles[name], f"{label}, least bound at a rate")
        ceilings = viewed(datasets["front-ceilings"])
        chosen = ceilings.sel(scheme="rsma")
        _draw(axes, chosen, "crb_delay_max", styles["ceilings"], "RSMA, ceiling on the bound")
        weights = viewed(datasets["front-weights"])
        _draw(axes, weights.sel(scheme="rsma"), "delay_weight", styles["weights"], "RSMA, weighted sum")
        axes.set_xlabel(METRICS["min_rate"].label)
        axes.set_ylabel(QUANTITIES["crb_delay_us2"].label)
        axes.set_ylim(bottom=0.0)
        axes.legend(loc="upper left")
        config = json.loads(str(datasets["front"].attrs["config"]))
        add_note(
            figure,
            f"Absolute link: {config['total_power']:g} W, users {config['user_range_km']:g} km away; "
            f"{split_text(datasets['front'])}. Shares of the largest rate: "
            f"{', '.join(f'{100.0 * share:g} %' for share in data['kept_rate_share'].values)}.",
            f"Least bounds: {comparison_text(data)}",
            f"Ceilings: {comparison_text(ceilings)}",
            f"Weighted sums: {comparison_text(weights)}",
            lowest_share(datasets["front"]),
        )
    return figure


def _draw(axes: Any, one: xr.Dataset, along: str, style: SeriesStyle, label: str) -> None:
    rate, bound = (mean_interval(one[name].where(one["usable"])).sortby(along) for name in ("min_rate", "crb_delay"))
    x, y = rate["mean"].values, 1e12 * bound["mean"].values
    low, high = (1e12 * bound[end].values for end in ("low", "high"))
    reach = np.maximum(np.nan_to_num(np.stack([y - low, high - y])), 0.0)
    axes.errorbar(x, y, yerr=reach, fmt=style.marker, ls=style.line, color=style.colour, label=label, capsize=2)


__all__ = ["FRONT", "draw_front"]
