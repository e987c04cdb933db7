"""Figures of the radar link and of the beams: echo path loss, beampatterns with the power split."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.foundation.config import build
from leoisac.geometry.bistatic import departure_angles
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.link import echo_path_loss_db

TARGETS_KM = ((3.0, 3.0), (10.0, 10.0), (30.0, 30.0))
"""Ground coordinates of the targets of the path-loss figure; the paper does not state its own."""
_GROUPS = ("private", "common", "radar")
_PATTERN_SPAN = 0.35
_PATTERN_RANGE_DB = 30.0


def configuration(dataset: xr.Dataset) -> BistaticRsmaConfig:
    """The base configuration that a dataset was computed with."""
    return build(BistaticRsmaConfig, json.loads(dataset.attrs["config"]))


def path_losses_db(
    place_km: tuple[float, float], altitudes_km: np.ndarray, monostatic: bool = False, **changes: Any
) -> np.ndarray:
    """Echo path loss in dB over target altitudes, with the published law of the cross-section unless changed."""
    base = BistaticRsmaConfig().replace(**{"rcs_model": "cos-half-beta", **changes})
    return np.array(
        [
            echo_path_loss_db(base.replace(target_position_km=(*place_km, float(altitude))), monostatic)
            for altitude in altitudes_km
        ]
    )


def draw_path_loss(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Echo path loss against target altitude, bistatic and monostatic: closed form, no study."""
    altitudes = np.geomspace(1.0, 50.0, 40)
    styles = series_styles([str(target) for target in TARGETS_KM])
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(COLUMN_WIDTH_IN, 3.4), layout="constrained")
        axes = figure.subplots()
        for target in TARGETS_KM:
            style, name = styles[str(target)], f"({target[0]:g}, {target[1]:g}) km"
            losses = path_losses_db(target, altitudes)
            axes.plot(altitudes, losses, "-", color=style.colour, label=f"bistatic, target at {name}")
            losses = path_losses_db(target, altitudes, monostatic=True)
            axes.plot(altitudes, losses, "--", color=style.colour, label=f"monostatic, {name}")
        axes.set_xlabel("target altitude [km]")
        axes.set_ylabel("echo path loss [dB]")
        axes.legend(ncols=2, fontsize=7.5)
        axes.set_title("Cross-section with the cosine law; satellite at 340 km")
    return figure


def draw_beampatterns(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Beampatterns of private streams and of common stream or radar sequence over the direction cosines."""
    dataset = datasets["beampattern"]
    config = configuration(dataset)
    panels = [
        (str(scheme), float(power)) for scheme in dataset["scheme"].values for power in dataset["transmit_power_dbw"]
    ]
    with house_style() as mpl:
        figure = mpl.Figure(
            figsize=(1.6 * COLUMN_WIDTH_IN, 2.1 * math.ceil(len(panels) / 2) + 0.4), layout="constrained"
        )
        grid = figure.subplots(math.ceil(len(panels) / 2), 4, squeeze=False, sharex=True, sharey=True)
        image = None
        for index, (scheme, power) in enumerate(panels):
            one = dataset.sel(scheme=scheme, transmit_power_dbw=power).isel(trial=0)
            other = 1 if scheme.startswith("rsma") else 2
            for column, group in enumerate((0, other)):
                axes = grid[index // 2, 2 * (index % 2) + column]
                image = _draw_map(axes, one["beampattern"].isel(group=group).values, config.num_tx)
                _mark(axes, config)
                share = float(one["power_share"].isel(group=group))
                axes.set_title(
                    f"{scheme[:4].upper()}, {power:g} dBW\n{_GROUPS[group]}, {share:.0%} of power", fontsize=8
                )
        figure.colorbar(image, ax=grid, label="beampattern [dB]", shrink=0.7)
        figure.supxlabel(r"$\sin\phi\,\cos\theta$", fontsize=9)
        figure.supylabel(r"$\sin\phi\,\sin\theta$", fontsize=9)
    return figure


def _draw_map(axes: Any, pattern: np.ndarray, largest: float | int) -> Any:
    peak_db = 10.0 * np.log10(largest)
    pattern_db = 10.0 * np.log10(np.maximum(pattern, 1e-9))
    image = axes.imshow(
        pattern_db,
        origin="lower",
        extent=(-1, 1, -1, 1),
        vmin=peak_db - _PATTERN_RANGE_DB,
        vmax=peak_db,
        cmap="cividis",
    )
    axes.set_xlim(-_PATTERN_SPAN, _PATTERN_SPAN)
    axes.set_ylim(-_PATTERN_SPAN, _PATTERN_SPAN)
    axes.grid(False)
    return image


def _mark(axes: Any, config: BistaticRsmaConfig) -> None:
    """Where target and users are, as the satellite sees them."""
    placement = place(config)
    users = placement.users_m if placement.users_m is not None else np.zeros((0, 3))
    for points, marker, colour in ((users, "o", "white"), (placement.target_m[None], "*", "#D55E00")):
        size = 11 if marker == "*" else 5
        azimuth, off_nadir = departure_angles(placement.satellite_m, points, placement.satellite_axes)
        x, y = np.sin(off_nadir) * np.cos(azimuth), np.sin(off_nadir) * np.sin(azimuth)
        axes.plot(x, y, marker, color=colour, markersize=size, markeredgecolor="black", markeredgewidth=0.5)
