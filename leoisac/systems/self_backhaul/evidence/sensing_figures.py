"""Figures of what is sensed: sum rate against detection probability (Fig. 4), and operating characteristics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.experiment.reading.comparison import comparison_text, viewed
from leoisac.experiment.reading.coordinates import field_description
from leoisac.experiment.reading.statistics import summary, usable_share
from leoisac.foundation.config import build
from leoisac.foundation.figure_notes import add_note
from leoisac.foundation.number_text import quantity_label, share_text
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.self_backhaul import METRICS
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.evidence.quantities import QUANTITIES
from leoisac.systems.self_backhaul.evidence.rates import RATE
from leoisac.systems.self_backhaul.evidence.studies import LABELS, ORDER

_DETECTION = "mean_detection_probability"
_PUBLISHED_USERS = 8
_NAMED_W = (1.0, 20.0, 50.0, 100.0, 200.0)
_FALSE_ALARMS = np.geomspace(1e-10, 1.0, 41)


def detection(dataset: xr.Dataset) -> xr.DataArray:
    """Detection probability, mean over the targets of a trial; missing where the trial does not count."""
    return dataset["detection_probability"].mean("target").where(dataset["usable"])


def draw_trade_off(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Sum rate and detection probability against the beampattern threshold, and against each other."""
    (dataset,) = datasets.values()
    threshold = dataset["pattern_min_w"]
    label = quantity_label(str(threshold.attrs["long_name"]), str(threshold.attrs["units"]))
    dataset = dataset.assign({_DETECTION: detection(dataset).assign_attrs(QUANTITIES[_DETECTION].attributes)})
    rate, detected = summary(dataset, RATE), summary(dataset, _DETECTION)
    schemes = [str(name) for name in dataset["scheme"].values]
    styles = series_styles(ORDER)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.75 * COLUMN_WIDTH_IN, 3.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        for scheme in schemes:
            style = styles[scheme]
            for axes, numbers in ((left, rate), (middle, detected)):
                draw_curve(axes, threshold, numbers.sel(scheme=scheme), style, LABELS.get(scheme, scheme))
            x, y = rate["mean"].sel(scheme=scheme).values, detected["mean"].sel(scheme=scheme).values
            right.plot(x, y, ls=style.line, color=style.colour, marker=style.marker)
            if scheme == schemes[0]:
                _name_points(right, x, y, threshold.values)
        for axes in (left, middle):
            axes.set_xscale("log")
            axes.set_xlabel(label)
        left.set_ylabel(METRICS[RATE].label)
        left.legend(loc="lower left")
        middle.set_ylabel(QUANTITIES[_DETECTION].label)
        right.set_xlabel(METRICS[RATE].label)
        right.margins(x=0.2, y=0.08)
        right.set_ylabel(QUANTITIES[_DETECTION].label)
        share = share_text(float(usable_share(dataset).min()))
        add_note(
            figure,
            f"{rate.attrs['caption']} (left, middle); lowest usable share of a point {share}",
            _users_text(dataset),
        )
    return figure


def draw_thresholds(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Detection probability against sum rate as the threshold rises: the joint design and all rivals."""
    (dataset,) = datasets.values()
    return _draw_pairs(dataset, "pattern_min_w", "As the beampattern threshold rises")


def draw_detection(datasets: Mapping[str, xr.Dataset]) -> Any:
    """The same as the detection probability that is asked for rises, with targets where they are."""
    (dataset,) = datasets.values()
    return _draw_pairs(dataset, "min_detection_probability", "Targets at their ranges, seen by the feeds")


def _draw_pairs(dataset: xr.Dataset, axis: str, title: str) -> Any:
    """Rate over the axis, and detection against rate, over the trials that all schemes and points can use.

    Who cannot be compared has no curve, and no place in the legend.
    """
    dataset = dataset.assign({_DETECTION: detection(dataset).assign_attrs(QUANTITIES[_DETECTION].attributes)})
    rate, detected = (summary(dataset, name) for name in (RATE, _DETECTION))
    label = quantity_label(str(dataset[axis].attrs["long_name"]), str(dataset[axis].attrs["units"]))
    styles = series_styles(ORDER)
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        every = [str(name) for name in dataset["scheme"].values]
        compared = [scheme for scheme in every if bool(rate["mean"].sel(scheme=scheme).notnull().any())]
        for scheme in compared:
            style = styles[scheme]
            draw_curve(left, dataset[axis], rate.sel(scheme=scheme), style, LABELS.get(scheme, scheme))
            x, y = (numbers["mean"].sel(scheme=scheme).values for numbers in (rate, detected))
            right.plot(x, y, ls=style.line, color=style.colour, marker=style.marker)
        left.set_xlabel(label)
        left.set_ylabel(METRICS[RATE].label)
        left.set_title(title, loc="left")
        right.set_xlabel(METRICS[RATE].label)
        right.set_ylabel(QUANTITIES[_DETECTION].label)
        figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
        shares = usable_share(dataset).min([str(dim) for dim in usable_share(dataset).dims if dim != "scheme"])
        lost = ", ".join(
            f"{LABELS.get(str(name), name)} {share_text(float(one))}"
            for name, one in zip(dataset["scheme"].values, shares)
            if one < 1
        )
        add_note(
            figure,
            rate.attrs["caption"],
            f"Lowest usable shares: {lost or 'all usable'}. {_users_text(dataset)}",
        )
    return figure


def _users_text(dataset: xr.Dataset) -> str:
    users = json.loads(dataset.attrs["config"])["num_users"]
    return "" if users == _PUBLISHED_USERS else f"{users} users (published: {_PUBLISHED_USERS})."


def _name_points(axes: Any, x: np.ndarray, y: np.ndarray, threshold: np.ndarray) -> None:
    for rate, probability, value in zip(x, y, threshold, strict=True):
        if value in _NAMED_W and np.isfinite(rate):
            if probability > 0.95:  # on the flat part of the curve: below it
                place, side = (0, -9), "center"
            else:
                place, side = ((-6, -3), "right") if probability > 0.5 else ((6, 4), "left")
            axes.annotate(
                f"{value:g} W", (rate, probability), place, textcoords="offset points", fontsize=8, ha=side, va="center"
            )


def characteristic(dataset: xr.Dataset, false_alarm: np.ndarray) -> xr.DataArray:
    """Detection probability against false alarm, mean over usable trials and targets, from the stored patterns."""
    # Late, since they compute: other figures and verdicts come without JAX.
    from leoisac.metrics.detection import receiver_operating_characteristic
    from leoisac.systems.self_backhaul.judge.evaluate import parameters

    config = build(SelfBackhaulConfig, json.loads(dataset.attrs["config"]))
    snr = dataset["target_power"].where(dataset["usable"]) * np.asarray(parameters(config).radar_snr_per_watt)
    values = np.asarray(receiver_operating_characteristic(np.nan_to_num(snr.values), false_alarm))
    curve = xr.DataArray(values, dims=(*snr.dims, "false_alarm"), coords={"false_alarm": false_alarm})
    return (
        curve.where(snr.notnull().variable)
        .mean(("trial", "target"))
        .assign_coords({name: snr[name] for name in ("scheme", "pattern_min_w")})
    )


def draw_characteristic(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Receiver operating characteristic of PA1 at several thresholds of the beampattern."""
    dataset = viewed(datasets["pattern-threshold"].isel(scheme=slice(0, 1)))
    curves = characteristic(dataset, _FALSE_ALARMS).isel(scheme=0)
    named = [value for value in curves["pattern_min_w"].values if value in _NAMED_W]
    styles = series_styles([str(value) for value in named])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.6), layout="constrained")
        axes = figure.subplots()
        for value in named:
            style = styles[str(value)]
            curve = curves.sel(pattern_min_w=value)
            axes.plot(curve["false_alarm"], curve, ls=style.line, color=style.colour, label=rf"$\Gamma$ = {value:g} W")
        axes.plot(_FALSE_ALARMS, _FALSE_ALARMS, color="#999999", linewidth=0.8, label="no echo")
        used = json.loads(dataset.attrs["config"])["false_alarm"]
        axes.axvline(used, color="#999999", linestyle=":", linewidth=1.0)
        axes.set_xscale("log")
        axes.set_xlabel(field_description(SelfBackhaulConfig(), "false_alarm"))
        axes.set_ylabel(QUANTITIES[_DETECTION].label)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        add_note(figure, f"{comparison_text(dataset, intervals=False)}; dotted: that of Fig. 4")
    return figure


__all__ = ["characteristic", "detection", "draw_characteristic", "draw_trade_off"]
