"""A map of one drop: the footprint with its cells, and one cell with users, targets and receivers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import xarray as xr

from leoisac.experiment.reading.settings import stored_scenario
from leoisac.foundation.figure_notes import add_note
from leoisac.plots.style import house_style
from leoisac.systems.coexistence import SYSTEM
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.evidence.quantities import QUANTITIES
from leoisac.systems.coexistence.world.ground import slant_range

_MAST = {"marker": "^", "color": "#0072B2", "markersize": 7, "linestyle": "none"}
_SATELLITE_USER = {"marker": "*", "color": "#D55E00", "markersize": 10, "linestyle": "none"}
_USER = {"marker": "o", "color": "#009E73", "linestyle": "none"}
_TARGET = {"marker": "x", "color": "#CC79A7", "linestyle": "none", "markersize": 6}
_RECEIVER = {"marker": "s", "color": "#000000", "linestyle": "none", "markersize": 4}


def draw_places(datasets: Mapping[str, xr.Dataset]) -> Any:
    """The first drop with a design: left the beam, right its first cell."""
    dataset = datasets["places"]
    stored = stored_scenario(SYSTEM, dataset)
    config = CoexistenceConfig() if stored is None else cast(CoexistenceConfig, stored.config)
    usable = dataset["usable"].isel(scheme=0)
    trial = int(np.argmax(usable.values))
    drop = dataset.isel(scheme=0, trial=trial)
    chosen = ", the first with a design" if bool(usable.any()) else ", which has no design"
    cells = list(range(config.cells_per_beam))
    elevation, azimuth = (float(drop[f"satellite_{name}_deg"]) for name in ("elevation", "azimuth"))
    with house_style() as mpl:
        figure = mpl.Figure(figsize=(7.4, 4.6), layout="constrained")
        wide, near = figure.subplots(1, 2)
        _footprint(wide, drop, config, cells, math.radians(elevation), math.radians(azimuth))
        _cell(near, drop, config, math.radians(azimuth))
        for panel in (wide, near):
            panel.set_aspect("equal", adjustable="datalim")
        found = {
            label: handle
            for panel in (wide, near)
            for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
        }
        figure.legend(found.values(), found.keys(), ncols=4, loc="outside upper center")
        add_note(
            figure,
            f"drop {int(drop['trial'])}{chosen}: satellite at {elevation:.0f}° elevation, in the direction of the "
            "arrow; left the beam's contours of -1 and -3 dB on the ground around its axis at the satellite user; "
            "right the first cell, with circles of the users' and the targets' radius",
        )
    return figure


def _footprint(
    panel: Any, drop: xr.Dataset, config: CoexistenceConfig, cells: list[int], elevation: float, azimuth: float
) -> None:
    masts = drop["bs_position_m"].values[cells] / 1e3
    user = drop["sut_position_m"].values[0] / 1e3
    turn = np.linspace(0.0, 2.0 * math.pi, 181)
    radius = config.footprint_radius_m / 1e3
    panel.plot(radius * np.cos(turn), radius * np.sin(turn), ":", color="#444444", linewidth=0.9, label="footprint")
    distance = float(slant_range(elevation, 1e3 * config.altitude_km)) / 1e3
    for loss_db, line in ((1.0, "--"), (3.0, "-")):
        # Off-axis angle of the contour, then where that cone meets the ground (flat, as within a footprint).
        angle = math.radians(config.half_power_angle_deg) * math.sqrt(loss_db / 3.0)
        across, along = distance * math.tan(angle) * np.cos(turn), distance * math.tan(angle) * np.sin(turn)
        along = along / math.sin(elevation)
        x = user[0] + along * math.cos(azimuth) - across * math.sin(azimuth)
        y = user[1] + along * math.sin(azimuth) + across * math.cos(azimuth)
        panel.plot(x, y, line, color="#D55E00", linewidth=0.9, label=f"-{loss_db:g} dB")
    panel.plot(masts[:, 0], masts[:, 1], **_MAST, label="base station")
    panel.plot([user[0]], [user[1]], **_SATELLITE_USER, label="satellite user")
    panel.set_title("beam")
    panel.set_xlabel(QUANTITIES["easting"].label)
    panel.set_ylabel(QUANTITIES["northing"].label)


def _cell(panel: Any, drop: xr.Dataset, config: CoexistenceConfig, azimuth: float) -> None:
    mast = drop["bs_position_m"].values[0]
    turn = np.linspace(0.0, 2.0 * math.pi, 181)
    for radius, line in ((config.cell_radius_m, "-"), (config.sensing_radius_m, ":")):
        panel.plot(radius * np.cos(turn), radius * np.sin(turn), line, color="#999999", linewidth=0.9)
    panel.plot([0.0], [0.0], **_MAST)
    kinds = (("tut", _USER, "user"), ("target", _TARGET, "target"), ("receiver", _RECEIVER, "radar receiver"))
    for name, style, label in kinds:
        places = drop[f"{name}_position_m"].values[0] - mast
        panel.plot(places[:, 0], places[:, 1], **style, label=label)
    user = drop["sut_position_m"].values[0] - mast
    if np.hypot(*user) <= 1.2 * config.cell_radius_m:
        panel.plot([user[0]], [user[1]], **_SATELLITE_USER)
    reach = 0.95 * config.cell_radius_m
    panel.annotate(
        "",
        xy=(reach * math.cos(azimuth), reach * math.sin(azimuth)),
        xytext=(0.7 * reach * math.cos(azimuth), 0.7 * reach * math.sin(azimuth)),
        arrowprops={"arrowstyle": "->", "color": "#D55E00"},
    )
    panel.set_title("first cell")
    panel.set_xlabel(QUANTITIES["near_easting"].label)
    panel.set_ylabel(QUANTITIES["near_northing"].label)


__all__ = ["draw_places"]
