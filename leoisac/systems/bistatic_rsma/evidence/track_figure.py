"""A track from the estimates of single echoes: errors of the filter, of the fixes, and what the filter believes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.estimation.tracking import Fix, measured, track_target
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.curves import draw_curve
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration, root_mean_square
from leoisac.systems.bistatic_rsma.evidence.studies import TRACK_GAP_S

_AXIS = "satellite_position_km+target_position_km"
_DENSITY = 1.0
"""White acceleration that the filter allows for, (m/s^2)^2 s; the target has none."""
_MEASURED = ("aoa_azimuth", "aoa_zenith", "delay", "doppler")


def tracked(dataset: xr.Dataset, config: BistaticRsmaConfig) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the filtered states, and the variances that the filter believes, of every trial usable throughout.

    Returns two arrays of shape ``(trial, fix - 1, 6)``.
    """
    velocity, fast = np.array(config.target_velocity_m_s), 1e3 * np.array(config.satellite_velocity_km_s)
    satellites, targets = (
        1e3 * np.array([json.loads(str(value)) for value in dataset[name].values], dtype=float)
        for name in ("satellite_position_km", "target_position_km")
    )
    light, wavelength = config.speed_of_light_m_s, config.speed_of_light_m_s / config.carrier_hz
    units = np.array([1.0, 1.0, light, 1.0])  # a delay as a range
    everywhere = dataset["usable"].all(_AXIS).values
    errors, believed = list[np.ndarray](), list[np.ndarray]()
    for trial in np.flatnonzero(everywhere):
        one, fixes = dataset.isel(trial=int(trial)), list[Fix]()
        for index, (satellite, target) in enumerate(zip(satellites, targets, strict=True)):
            here = one.isel({_AXIS: index})
            variances = np.array([float(here[f"{name}_bound"]) for name in _MEASURED]) * units**2
            fix = Fix(TRACK_GAP_S * index, satellite, fast, np.zeros(4), variances)
            off = np.array([float(here[f"{name}_error"]) for name in _MEASURED]) * units
            fixes.append(fix._replace(values=measured(fix, np.concatenate([target, velocity]), wavelength) + off))
        track = track_target(fixes, wavelength, _DENSITY)
        truth = np.concatenate([targets[1:], np.broadcast_to(velocity, targets[1:].shape)], axis=1)
        errors.append(track.states - truth)
        believed.append(np.diagonal(track.covariances, axis1=1, axis2=2))
    shape = (0, max(len(targets) - 1, 0), 6)
    return np.array(errors).reshape(-1, *shape[1:]), np.array(believed).reshape(-1, *shape[1:])


def draw_track(datasets: Mapping[str, xr.Dataset]) -> Any:
    """RMS errors of position and velocity over time: filter, single fixes, and what the filter believes."""
    dataset = datasets["track"].isel(scheme=0)
    errors, believed = tracked(dataset, configuration(datasets["track"]))
    times = TRACK_GAP_S * np.arange(1, dataset.sizes[_AXIS])
    styles = series_styles(["filter", "fix"])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(1.5 * COLUMN_WIDTH_IN, 3.6), layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, first, name in ((panels[0], 0, "rms_position"), (panels[1], 3, "rms_velocity")):
            distances = xr.DataArray(np.linalg.norm(errors[..., first : first + 3], axis=-1), dims=("trial", "time"))
            draw_curve(axes, times, root_mean_square(distances), styles["filter"], "filter")
            roots = np.sqrt(np.mean(np.sum(believed[..., first : first + 3], axis=-1), axis=0))
            axes.plot(times, roots, "k-", linewidth=1.0, label="what the filter believes")
            axes.set_yscale("log")
            axes.set_xlabel(QUANTITIES["track_time"].label)
            axes.set_ylabel(QUANTITIES[name].label, fontsize=9)
        alone = dataset["position_error"].where(dataset["usable"].all(_AXIS)).isel({_AXIS: slice(1, None)})
        draw_curve(panels[0], times, root_mean_square(alone), styles["fix"], "single fixes")
        for axes in panels:
            axes.legend(fontsize=7.5, loc="lower center", bbox_to_anchor=(0.5, 1.0))  # bands fill the panels
        add_note(
            figure,
            f"Fixes every {TRACK_GAP_S:g} s from simulated echoes, {len(errors)} tracks with 95 % intervals; constant "
            "velocity, errors of fixes at their bounds. The filter allows for accelerations, and the target has none.",
        )
    return figure
