"""From the ``[satellite]`` part of a scenario to the satellite as its site sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from leoisac.foundation.config import ConfigError
from leoisac.geometry.instants import to_datetime
from leoisac.geometry.orbits import ElementSet
from leoisac.geometry.passes import Pass, best_pass, next_pass
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.satellite_view import SatelliteView, view
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink


@dataclass(frozen=True, eq=False)
class ScenarioView:
    """A satellite at the scenario's instant.

    Attributes:
        elements, site: what the scenario names.
        view: the satellite from the site; arrays of one instant.
        satellite_pass: the pass that was looked for (``None`` where the scenario states an instant).
    """

    elements: ElementSet
    site: Site
    view: SatelliteView
    satellite_pass: Pass | None

    @property
    def title(self) -> str:
        """Name and instant, for headings."""
        instant = to_datetime(self.view.times[()])
        return f"{self.elements.name} on {instant:%Y-%m-%d at %H:%M:%S} UTC"


def scenario_view(part: SatelliteConfig) -> ScenarioView:
    """The satellite of a ``[satellite]`` part at its instant: as stated, or the culmination of the pass looked for.

    Raises:
        ConfigError: if the satellite is unknown, its elements cannot be used, it has no such pass, or it is below the
            horizon at the stated instant.
    """
    return _scenario_view(cast(Any, part))


@lru_cache(maxsize=256)
def _scenario_view(part: SatelliteConfig) -> ScenarioView:
    elements = _elements(part)
    site = Site.from_degrees(part.latitude_deg, part.longitude_deg, part.height_m)
    search_s = part.search_hours * 3600.0
    found: Pass | None = None
    try:
        if isinstance(part.time, datetime):
            seen = view(elements, site, part.time)
        else:
            if part.time == "next-pass":
                found = next_pass(elements, site, None, part.min_elevation_deg, search_s)
            else:
                found = best_pass(elements, site, None, search_s, part.min_elevation_deg)
            seen = view(elements, site, found.culmination_time)
    except ValueError as error:
        raise ConfigError(f"satellite.time = {part.time!s}: {error}") from None
    elevation_deg = math.degrees(float(seen.elevation_rad))
    if elevation_deg < 0:
        raise ConfigError(
            f"satellite.time = {part.time}: {elements.name} is then {-elevation_deg:.1f}° below the site's horizon; "
            'choose an instant of a pass, or time = "next-pass".'
        )
    return ScenarioView(elements, site, seen, found)


def _elements(part: SatelliteConfig) -> ElementSet:
    try:
        if part.name is not None:
            return starlink(part.name)
        if part.tle is not None:
            return ElementSet.from_tle(part.tle)
        assert part.omm is not None  # the part has exactly one source
        return ElementSet.from_omm(part.omm)
    except (KeyError, ValueError) as error:
        field = "name" if part.name is not None else "tle" if part.tle is not None else "omm"
        raise ConfigError(f"satellite.{field}: {error.args[0]}") from None
