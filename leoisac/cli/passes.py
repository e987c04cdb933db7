"""The verb ``pass``, and what geometry has to say about a scenario's satellite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leoisac import catalogue
from leoisac.cli.options import Plugins
from leoisac.cli.tables import PlainTable, console
from leoisac.experiment.scenario.files import load_scenario
from leoisac.foundation.config import Config, ConfigError

if TYPE_CHECKING:
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
    """The passes that the scenario's window holds, and the one that it uses."""
    import numpy as np

    from leoisac.geometry.passes import find_passes
    from leoisac.geometry.scenario_view import scenario_view

    chosen = scenario_view(part)
    found = find_passes(
        chosen.elements, chosen.site, None, part.search_hours * 3600.0, min_elevation_deg=part.min_elevation_deg
    )
    made = PlainTable(
        f"Passes of {chosen.elements.name} above {part.min_elevation_deg:g}° in {part.search_hours:g} h after the "
        "element epoch (UTC)",
        *("rise", "culmination", "set", "duration (s)", "elevation (°)", "least range (km)", "azimuths (°)"),
    )
    for one in found:
        azimuths = np.degrees([one.rise_azimuth_rad, one.culmination_azimuth_rad, one.set_azimuth_rad])
        made.add_row(
            *(np.datetime_as_string(t, unit="s") for t in (one.rise_time, one.culmination_time, one.set_time)),
            f"{one.duration_s:.0f}",
            f"{np.degrees(one.max_elevation_rad):.1f}",
            f"{one.least_range_m / 1e3:.1f}",
            " → ".join(f"{angle:.0f}" for angle in azimuths),
        )
    out = console()
    out.print(made if found else "No pass.", "")
    seen = chosen.view
    out.print(
        f"The scenario uses {chosen.title}: elevation {np.degrees(float(seen.elevation_rad)):.2f}°, "
        f"slant range {float(seen.range_m) / 1e3:.1f} km, range rate {float(seen.range_rate_m_s) / 1e3:.3f} km/s."
    )
    for text in seen.warnings:
        out.print(f"Warning: {text}", style="yellow")


def pass_warnings(config: Config) -> list[str]:
    """What geometry has to say about a configuration's satellite."""
    from leoisac.geometry.satellite_config import SatelliteConfig
    from leoisac.geometry.scenario_view import scenario_view

    part = getattr(config, "satellite", None)
    return list(scenario_view(part).view.warnings) if isinstance(part, SatelliteConfig) else []
