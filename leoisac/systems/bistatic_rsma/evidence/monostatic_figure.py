"""What listening on the ground is worth: rates over the bound, against a receiver that rides on the satellite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import summary
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma import METRICS, SCHEMES
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration
from leoisac.systems.bistatic_rsma.world.link import link_budget

_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_LINES = {"bistatic": ("-", "on the ground"), "monostatic": ("--", "on the satellite")}


def draw_monostatic(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Least rate over the largest bound that is allowed, for both receivers."""
    dataset = datasets["monostatic"]
    numbers, thresholds = summary(dataset, "min_rate"), dataset["crb_threshold_rad2"]
    styles = series_styles(tuple(_LABELS))
    config = configuration(dataset)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.2 * COLUMN_WIDTH_IN, 3.8), layout="constrained")
        axes = figure.subplots()
        for sensing, (line, place) in _LINES.items():
            for scheme in (str(name) for name in dataset["scheme"].values):
                one = numbers.sel(sensing=sensing, scheme=scheme)
                label = f"{_LABELS[scheme]}, receiver {place}"
                draw_curve(axes, thresholds, one, styles[scheme]._replace(line=line), label)
            # Below this bound nothing is feasible at this power, whatever the channels.
            link = link_budget(config.replace(sensing=sensing))
            least = float(np.max(link.floor * np.asarray(config.crb_threshold_rad2)))
            axes.axvline(least, color="#777777", linestyle=":", linewidth=1.0)
        axes.set_xscale("log")
        axes.set_xlabel(QUANTITIES["threshold"].label)
        axes.set_ylabel(METRICS["min_rate"].label)
        axes.set_ylim(bottom=0.0)
        axes.legend(fontsize=7.5)
        add_note(
            figure,
            f"{config.transmit_power_dbw:g} dBW, {dataset.sizes['trial']} trials a point, with 95 % intervals; "
            "dotted: least bounds within reach. Same receiver; on the satellite it does not hear the transmitter.",
        )
    return figure
