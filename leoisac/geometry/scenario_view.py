"""From the ``[satellite]`` part of a scenario to the satellite as its site sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, cast

import numpy as np

from leoisac.foundation.config import Config, ConfigError
from leoisac.geometry import element_files
from leoisac.geometry.instants import add_seconds, as_instant, to_datetime
from leoisac.geometry.orbits import ElementSet, OrbitError
from leoisac.geometry.passes import Pass, best_pass, find_passes, next_pass, upcoming_passes
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.satellite_view import SatelliteView, view
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink_element_sets


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
    def warnings(self) -> tuple[str, ...]:
        """What a reader of results for this view should know."""
        one = self.satellite_pass
        is_edge = one is not None and (
            (one.cut_at_start and one.culmination_time == one.rise_time)
            or (one.cut_at_end and one.culmination_time == one.set_time)
        )
        cut = (
            f"{self.elements.name}: the search begins or ends in the middle of the pass that is used, and its highest "
            "point lies outside; search from another instant, or longer.",
        )
        return self.view.warnings + (cut if is_edge else ())

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


def scenario_warnings(config: Config) -> tuple[str, ...]:
    """What a reader of results should know about the real satellite of a system's configuration, if it has one.

    Raises:
        ConfigError: as ``scenario_view``.
    """
    part = getattr(config, "satellite", None)
    return scenario_view(part).warnings if isinstance(part, SatelliteConfig) else ()


def search_window(part: SatelliteConfig) -> tuple[np.datetime64, float]:
    """Start and length (s) of the search; where the scenario states an instant, as much before it as after."""
    length_s = part.search_hours * 3600.0
    if isinstance(part.time, datetime):
        return add_seconds(as_instant(part.time), -0.5 * length_s), length_s
    return as_instant(part.search_from or scenario_view(part).elements.epoch), length_s


def scenario_passes(part: SatelliteConfig) -> tuple[Pass, ...]:
    """The passes of the search window, by the search that the scenario's own pass comes from.

    Raises:
        ConfigError: as ``scenario_view``.
    """
    seen = scenario_view(part)
    start, length_s = search_window(part)
    try:
        if part.time == "next-pass":
            return tuple(upcoming_passes(seen.elements, seen.site, start, part.min_elevation_deg, length_s))
        return find_passes(seen.elements, seen.site, start, length_s, part.min_elevation_deg)
    except OrbitError as error:
        raise ConfigError(f"satellite.search_hours = {part.search_hours:g}: {error}") from None


@lru_cache(maxsize=256)
def _scenario_view(part: SatelliteConfig) -> ScenarioView:
    elements = _elements(part)
    longitude_deg = 0.0 if part.longitude_deg == 360.0 else part.longitude_deg
    site = Site.from_degrees(part.latitude_deg, longitude_deg, part.height_m)
    search_s = part.search_hours * 3600.0
    found: Pass | None = None
    try:
        if isinstance(part.time, datetime):
            seen = view(elements, site, part.time)
        else:
            if part.time == "next-pass":
                found = next_pass(elements, site, part.search_from, part.min_elevation_deg, search_s)
            else:
                found = best_pass(elements, site, part.search_from, search_s, part.min_elevation_deg)
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
    field = "tle" if part.tle is not None else "omm" if part.omm is not None else "name" if part.name else "norad_id"
    try:
        if field in ("name", "norad_id"):
            return _of_extract(part)
        text = str(getattr(part, field))
        if element_files.is_file_name(text):
            raise ConfigError(
                f"satellite.{field} = {text!r}: looks like the name of a file. Files are read where [satellite] of a "
                "scenario or --set names them, not in a sweep and not in Python: give the text of the element set."
            )
        assert not isinstance(part.norad_id, str)  # as validated
        meant = element_files.choose(element_files.entries(text), part.name, part.norad_id, part.reference)
        assert meant.fields is not None  # only readable ones are chosen
        return ElementSet(**meant.fields)
    except ConfigError:
        raise
    except (KeyError, ValueError) as error:
        raise ConfigError(f"satellite.{field}: {error.args[0]}") from None


def _of_extract(part: SatelliteConfig) -> ElementSet:
    sets = starlink_element_sets()
    name = (part.name or "").strip().upper()
    if part.name is None:
        found = next((one for one in sets.values() if one.catalogue_number == part.norad_id), None)
    else:
        found = sets.get(name)
    if found is None:
        near = get_close_matches(name, sets, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        asked = part.norad_id if part.name is None else repr(part.name)
        raise KeyError(
            f"{asked} is not among the {len(sets)} satellites of the packaged extract.{hint} "
            "For any other satellite give its element set, or a file that holds it, as tle or omm."
        )
    if part.norad_id not in (None, found.catalogue_number):
        raise KeyError(f"{found.name} has the catalogue number {found.catalogue_number}, not {part.norad_id}.")
    return found
