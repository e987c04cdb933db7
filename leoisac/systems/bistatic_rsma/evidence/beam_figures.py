"""Figures of the radar link and of the beams: echo path loss, beampatterns with the power split."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from leoisac.foundation.figure_notes import add_note
from leoisac.geometry.bistatic import departure_angles
from leoisac.plots.style import COLUMN_WIDTH_IN, house_style, series_styles
from leoisac.systems.bistatic_rsma.config import BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.evidence.quantities import QUANTITIES
from leoisac.systems.bistatic_rsma.evidence.reading import configuration
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.link import echo_path_loss_db

TARGETS_KM = ((3.0, 3.0), (10.0, 10.0), (30.0, 30.0))
"""Ground coordinates of the targets of the path-loss figure; the paper does not state its own."""
_PATTERN_SPAN = 0.35
_PATTERN_RANGE_DB = 30.0
_NO_BEAM = 0.005
"""A group of streams with less of the power has no beam to show."""


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
        axes.set_xlabel(QUANTITIES["target_altitude"].label)
        axes.set_ylabel(QUANTITIES["echo_path_loss"].label)
        axes.legend(ncols=2, fontsize=7.5)
        add_note(figure, "Closed form, printed law of the cross-section, satellite at 340 km; the targets are ours.")
    return figure


def draw_beampatterns(datasets: Mapping[str, xr.Dataset]) -> Any:
    """Beampatterns of private streams and of common stream or radar sequence over the direction cosines."""
    dataset = datasets["beampattern"]
    config = configuration(dataset)
    panels = [
        (str(scheme), float(power)) for scheme in dataset["scheme"].values for power in dataset["transmit_power_dbw"]
    ]
    x, y = dataset["pattern_x"].values, dataset["pattern_y"].values
    with house_style() as mpl:
        rows = math.ceil(len(panels) / 2)
        figure = mpl.Figure(figsize=(1.6 * COLUMN_WIDTH_IN, 2.1 * rows + 0.6), layout="constrained")
        grid = figure.subplots(rows, 4, squeeze=False, sharex=True, sharey=True)
        image = None
        for index, (scheme, power) in enumerate(panels):
            one = dataset.sel(scheme=scheme, transmit_power_dbw=power).isel(trial=0)
            for column, group in enumerate(("private", "common" if scheme.startswith("rsma") else "radar")):
                axes = grid[index // 2, 2 * (index % 2) + column]
                share = float(one["power_share"].sel(group=group))
                if share < _NO_BEAM:
                    axes.grid(False)
                    axes.text(0.5, 0.06, f"no {group} beam", transform=axes.transAxes, ha="center", fontsize=8)
                else:
                    pattern = one["beampattern"].sel(group=group).values
                    image = _draw_pattern(axes, x, y, pattern, float(config.num_tx))
                axes.set_xlim(-_PATTERN_SPAN, _PATTERN_SPAN)
                axes.set_ylim(-_PATTERN_SPAN, _PATTERN_SPAN)
                axes.set_aspect("equal")
                _mark(axes, config)
                axes.set_title(f"{scheme[:4].upper()}, {power:g} dBW\n{group}, {share:.0%} of power", fontsize=8)
        for axes in grid[-1]:
            axes.set_xlabel(QUANTITIES["pattern_x"].label, fontsize=8)
        for axes in grid[:, 0]:
            axes.set_ylabel(QUANTITIES["pattern_y"].label, fontsize=8)
        if image is not None:
            figure.colorbar(image, ax=grid, label=QUANTITIES["beampattern_db"].label, shrink=0.7)
        add_note(
            figure,
            "One trial; its users are placed by hand, not drawn: shares of many drops are in power-split. Circles: "
            "users; star: target.",
        )
    return figure


def draw_map(axes: Any, x: np.ndarray, y: np.ndarray, values: np.ndarray, **colours: Any) -> Any:
    """A map whose cells are centred at the coordinates of its values."""
    axes.grid(False)
    return axes.pcolormesh(x, y, values, shading="nearest", cmap="cividis", rasterized=True, **colours)


def _draw_pattern(axes: Any, x: np.ndarray, y: np.ndarray, pattern: np.ndarray, largest: float) -> Any:
    peak_db = 10.0 * np.log10(largest)
    pattern_db = 10.0 * np.log10(np.maximum(pattern, 1e-9))
    return draw_map(axes, x, y, pattern_db, vmin=peak_db - _PATTERN_RANGE_DB, vmax=peak_db)


def _mark(axes: Any, config: BistaticRsmaConfig) -> None:
    """Where target and users are, as the satellite sees them."""
    placement = place(config)
    users = placement.users_m if placement.users_m is not None else np.zeros((0, 3))
    for points, marker, colour in ((users, "o", "white"), (placement.target_m[None], "*", "#D55E00")):
        size = 11 if marker == "*" else 5
        azimuth, off_nadir = departure_angles(placement.satellite_m, points, placement.satellite_axes)
        x, y = np.sin(off_nadir) * np.cos(azimuth), np.sin(off_nadir) * np.sin(azimuth)
        axes.plot(x, y, marker, color=colour, markersize=size, markeredgecolor="black", markeredgewidth=0.5)
