"""The verb ``pass``: the passes of a scenario's satellite over its site."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins
from leoisac.cli.tables import PlainTable, console
from leoisac.experiment.scenario.files import load_scenario
from leoisac.foundation.config import ConfigError

if TYPE_CHECKING:
    from leoisac.geometry.passes import Pass
    from leoisac.geometry.satellite_config import SatelliteConfig


def satellite_pass(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Scenario file with a [satellite] table.")],
    plugin: Plugins = None,
) -> None:
    """List the satellite passes of a scenario."""
    del plugin
    from leoisac.geometry.satellite_config import SatelliteConfig

    part = getattr(load_scenario(file, catalogue.find).config, "satellite", None)
    if not isinstance(part, SatelliteConfig):
        raise ConfigError(f"{file}: has no [satellite] table (leoisac init prints its fields).")
    print_passes(part)


def print_passes(part: SatelliteConfig) -> None:
    """The passes of the scenario's own search, and which of them it uses."""
    from leoisac.geometry.instants import to_datetime
    from leoisac.geometry.scenario_view import scenario_passes, scenario_view, search_window

    chosen = scenario_view(part)
    found = scenario_passes(part)
    start, _ = search_window(part)
    made = PlainTable(
        f"Passes of {chosen.elements.name} above {part.min_elevation_deg:g}° "
        f"{'that rise ' if part.time == 'next-pass' else ''}in {part.search_hours:g} h after "
        f"{to_datetime(start):%Y-%m-%d %H:%M:%S} (UTC)",
        "",
    )
    for heading in ("rise", "culmination", "set", "duration (s)", "elevation (°)", "least range (km)", "azimuths (°)"):
        made.add_column(heading, justify="right")
    for one in found:
        is_used = one.rise_time <= chosen.view.times <= one.set_time
        made.add_row("→" if is_used else "", *_cells(one))
    out = console()
    out.print(made if found else f"No pass above {part.min_elevation_deg:g}° in {part.search_hours:g} h.", "")
    if any(one.cut_at_start or one.cut_at_end for one in found):
        out.print(
            "Passes marked < or > were under way when the search began or ended; their numbers hold inside it.", ""
        )
    seen = chosen.view
    out.print(
        f"The scenario uses {chosen.title}: elevation {math.degrees(float(seen.elevation_rad)):.2f}°, "
        f"slant range {float(seen.range_m) / 1e3:.1f} km, range rate {float(seen.range_rate_m_s) / 1e3:.3f} km/s."
    )
    for text in chosen.warnings:
        out.print(f"Warning: {text}", style="yellow")


def _cells(one: Pass) -> list[str]:
    """A pass as a row; what the search cut is marked: it began before, lasts longer."""
    import numpy as np

    start, end = "< " if one.cut_at_start else "", "> " if one.cut_at_end else ""
    times = [np.datetime_as_string(t, unit="s") for t in (one.rise_time, one.culmination_time, one.set_time)]
    azimuths = np.degrees([one.rise_azimuth_rad, one.culmination_azimuth_rad, one.set_azimuth_rad])
    return [
        f"{start}{times[0]}",
        str(times[1]),
        f"{end}{times[2]}",
        f"{'> ' if start or end else ''}{one.duration_s:.0f}",
        f"{np.degrees(one.max_elevation_rad):.1f}",
        f"{one.least_range_m / 1e3:.1f}",
        " → ".join(f"{angle:.0f}" for angle in azimuths),
    ]
