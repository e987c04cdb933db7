"""Designs for a predicted target and for reported users, judged at the true places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.statistics import mean_interval, share_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.status import Status
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma import METRICS, SCHEMES
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration

_LABELS = {scheme.name: scheme.label for scheme in SCHEMES}
_TARGET = {"none": "for the prediction", "ellipsoid": "for its ellipsoid"}
_USERS = {"none": "reported places", "statistical": "averaged powers"}


def draw_knowledge(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Share of designs that meet the bound and their rate over the target's error; rates over the users' error."""
    target, users = datasets["prediction"].isel(scheme=0), datasets["reported-users"]
    # A design that misses the bound at the true target ends as INACCURATE, whatever its route says.
    designed = target["status"].isin([int(Status.CONVERGED), int(Status.INACCURATE), int(Status.MAX_STEPS)])
    rates = viewed(target)
    styles = series_styles([*_TARGET, *_USERS])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.75 * COLUMN_WIDTH_IN, 4.4), layout="constrained")
        met, rate, reported = figure.subplots(1, 3)
        x = target["position_std_m"]
        for name, label in _TARGET.items():
            one, valid = target.sel(robustness=name), designed.sel(robustness=name)
            share = share_interval((one["usable"] & valid).sum("trial"), valid.sum("trial")).rename({"share": "mean"})
            share["count"] = valid.sum("trial")
            draw_curve(met, x, share, styles[name], f"design {label}", least=0.0, most=1.0)
            compared = rates.sel(robustness=name)
            numbers = mean_interval(compared["min_rate"].where(compared["usable"]))
            draw_curve(rate, x, numbers, styles[name], f"design {label}")
        met.axhline(configuration(datasets["prediction"]).position_confidence, color="#777777", linestyle=":")
        names = [str(name) for name in users["scheme"].values]
        colours = series_styles([scheme.name for scheme in SCHEMES])
        for scheme in names:
            for way, line in (("none", "--"), ("statistical", "-")):
                one = users.sel(scheme=scheme, user_robustness=way)
                numbers = mean_interval(one["min_rate"].where(one["usable"]))
                label = f"{_LABELS.get(scheme, scheme)}, {_USERS[way]}"
                style = colours[scheme]._replace(line=line)
                draw_curve(reported, users["user_position_std_m"] / 1e3, numbers, style, label)
        for axes, quantity in (
            (met, QUANTITIES["met_share"]),
            (rate, METRICS["min_rate"]),
            (reported, METRICS["min_rate"]),
        ):
            axes.set_ylabel(quantity.label, fontsize=9)
            axes.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0))  # curves and bands fill the panels
        rate.set_xlim(met.get_xlim())
        for axes, quantity in ((met, "position_std"), (rate, "position_std"), (reported, "user_std")):
            axes.set_xlabel(QUANTITIES[quantity].label, fontsize=7.5)
        left, right = (int(np.min(data.sum("trial"))) for data in (designed, users["usable"]))
        add_note(
            figure,
            f"Judged at the true places. Left: shares of {left} or more designed trials a point (dotted: confidence of "
            "the ellipsoid), with 95 % intervals; right: means over "
            f"{right} or more usable ones. Middle: {comparison_text(rates)}; a design that would leave too few of them "
            "has no point there.",
        )
    return figure
