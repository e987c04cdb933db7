"""How much of the direct path must go, and what the cancellers reach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.statistics import mean_interval
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import ESTIMATORS
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration, found_share
from leoisac.systems.bistatic_rsma.evidence.threshold_figure import NAMES
from leoisac.systems.bistatic_rsma.world.link import link_budget


def draw_cancellation(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Share of echoes found over an ideal suppression; residual of every canceller over the reference's SNR."""
    needed, reached = datasets["direct-path"].isel(scheme=0), datasets["cancellation"].isel(scheme=0)
    link = link_budget(configuration(datasets["direct-path"]))
    styles = series_styles(ESTIMATORS)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        estimators = [str(name) for name in np.atleast_1d(needed.get("estimator", ESTIMATORS[0]))]
        for name in estimators:
            one = needed.sel(estimator=name) if "estimator" in needed.dims else needed
            share = found_share(one).rename({"share": "mean"})
            draw_curve(left, needed["direct_suppression_db"], share, styles[name], NAMES[name], least=0.0, most=1.0)
        usable = needed["usable"]
        heard = 10.0 * np.log10(needed["interference_to_noise"].where(usable).sel(direct_suppression_db=0.0).mean())
        echo = 10.0 * np.log10(link.alpha_squared / link.noise_power * needed["target_gain"].where(usable).mean())
        for level, line, label in (
            (float(heard), ":", "as weak as noise"),
            (float(heard - echo), "--", "as weak as the echo"),
        ):
            left.axvline(level, color="#777777", linestyle=line, linewidth=1.0, label=label)
        left.set_xlabel(QUANTITIES["direct_suppression"].label)
        left.set_ylabel(QUANTITIES["found_share"].label)
        methods = [str(name) for name in reached["cancellation"].values]
        for name, style in series_styles(methods).items():
            one = reached.sel(cancellation=name)
            residual = one["residual_to_noise"].where(one["usable"])
            residual = residual.copy(data=10.0 * np.log10(residual.values))
            label = " + ".join(json.loads(name))
            draw_curve(right, reached["reference_snr_db"], mean_interval(residual), style, label)
        right.axhline(0.0, color="#777777", linestyle=":", linewidth=1.0)
        right.axhline(float(echo), color="#777777", linestyle="--", linewidth=1.0)
        right.set_xlabel(QUANTITIES["reference_snr"].label)
        right.set_ylabel(QUANTITIES["residual_db"].label)
        for axes in (left, right):
            axes.legend(fontsize=7.5)
        right_config = configuration(datasets["cancellation"])
        add_note(
            figure,
            f"Left: arrival found within 2°, a direct path {float(heard):.0f} dB over noise suppressed by ideal "
            f"means, {int(usable.sum('trial').min())} or more usable trials a point. Right: elements calibrated to "
            f"{right_config.calibration_error_deg:g}°, {int(reached['usable'].sum('trial').min())} or more trials; "
            "lines: noise and echo. With 95 % intervals.",
        )
    return figure
