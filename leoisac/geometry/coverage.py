"""Service of sites by a constellation as a labelled dataset: who serves when, handovers, gaps, availability."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leoisac.foundation.config import ConfigError
from leoisac.geometry.coverage_config import CoverageConfig
from leoisac.geometry.instants import as_instant, to_datetime
from leoisac.geometry.orbits import ElementSet, read_element_sets
from leoisac.geometry.serving import Service, serve
from leoisac.geometry.sites import Site
from leoisac.geometry.starlink import starlink_element_sets
from leoisac.geometry.walker import walker_shell

if TYPE_CHECKING:
    import xarray as xr

_FIELDS: dict[str, tuple[str, str]] = {
    "satellite": ("number of the serving satellite, -1 in a gap", "1"),
    "elevation_deg": ("elevation of the serving satellite", "deg"),
    "range_m": ("slant range to the serving satellite", "m"),
    "visible": ("satellites above the least elevation", "1"),
    "handover": ("another satellite serves than before", "1"),
    "availability": ("share of the time with service", "1"),
    "handovers": ("number of handovers", "1"),
    "gaps": ("number of gaps", "1"),
    "longest_gap_s": ("longest gap", "s"),
    "mean_stay_s": ("mean time with one satellite", "s"),
}


def coverage(config: CoverageConfig) -> xr.Dataset:
    """Service of every site of a configuration over its hours.

    Returns:
        Dimensions ``site`` and ``time`` (UTC): ``satellite, elevation_deg, range_m, visible, handover``; over ``site``:
        ``availability, handovers, gaps, longest_gap_s, mean_stay_s``; coordinates ``latitude_deg, longitude_deg,
        satellite_name``. Times are known to ``step_s``; stays that begin or end the hours count as long as they are in.

    Raises:
        ConfigError: for a constellation that cannot be had.
    """
    import xarray as xr

    satellites = constellation(config)
    begin = _begin(config, satellites)
    count = int(config.hours * 3600.0 / config.step_s + 1e-9)
    seconds = config.step_s * np.arange(max(count, 1))
    times = begin + np.round(1e9 * seconds).astype("timedelta64[ns]")
    places = config.places_deg
    sites = [
        Site.from_degrees(latitude, longitude % 360.0 if longitude > 180.0 else longitude)
        for latitude, longitude in places
    ]
    services, warnings = serve(
        satellites, sites, times, config.min_elevation_deg, config.rule, config.hysteresis_deg, config.capacity
    )
    along = {
        "satellite": np.stack([one.satellite for one in services]),
        "elevation_deg": np.degrees(np.stack([one.elevation_rad for one in services])),
        "range_m": np.stack([one.range_m for one in services]),
        "visible": np.stack([one.visible for one in services]),
        "handover": np.stack([one.handover for one in services]),
    }
    worth = [_worth(one, config.step_s) for one in services]
    over_sites = {name: np.array([one[name] for one in worth]) for name in worth[0]}
    dims: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(along, ("site", "time")),
        **dict.fromkeys(over_sites, ("site",)),
    }
    variables = {
        name: (dims[name], values, {"long_name": _FIELDS[name][0], "units": _FIELDS[name][1]})
        for name, values in {**along, **over_sites}.items()
    }
    coordinates: dict[str, Any] = {
        "time": ("time", times, {"long_name": "time (UTC)"}),
        "latitude_deg": ("site", [place[0] for place in places], {"long_name": "latitude", "units": "deg"}),
        "longitude_deg": ("site", [place[1] for place in places], {"long_name": "longitude", "units": "deg"}),
        "satellite_name": ("number", [one.name for one in satellites], {"long_name": "satellite by its number"}),
    }
    about = {"config": json.dumps(config.model_dump(mode="json")), "title": _title(config, satellites)}
    if warnings:
        about["warnings"] = "\n".join(warnings)
    return xr.Dataset(variables, coordinates, about)


def constellation(config: CoverageConfig) -> tuple[ElementSet, ...]:
    """The satellites of a configuration (ConfigError for what is no shell or no element set)."""
    if config.walker is not None:
        one = config.walker
        try:
            return walker_shell(
                *(one.total, one.planes, one.phasing, one.inclination_deg, one.altitude_km), pattern=one.pattern
            )
        except ValueError as error:
            raise ConfigError(f"walker: {error}") from None
    assert config.elements is not None
    if config.elements == "starlink":
        return tuple(starlink_element_sets().values())
    try:
        found = read_element_sets(config.elements)
    except ValueError as error:
        raise ConfigError(f"elements: {error}") from None
    if not found:
        raise ConfigError("elements: hold no element set.")
    return found


def _begin(config: CoverageConfig, satellites: Sequence[ElementSet]) -> Any:
    return as_instant(config.begin or max(one.epoch for one in satellites))


def _worth(service: Service, step_s: float) -> dict[str, float]:
    gaps = [stop - start for start, stop in service.gaps]
    stays = [stop - start for start, stop in service.stays]
    return {
        "availability": float(np.mean(service.satellite >= 0)),
        "handovers": int(service.handover.sum()),
        "gaps": len(gaps),
        "longest_gap_s": step_s * max(gaps, default=0),
        "mean_stay_s": step_s * float(np.mean(stays)) if stays else 0.0,
    }


def _title(config: CoverageConfig, satellites: Sequence[ElementSet]) -> str:
    kind = "satellites of element sets" if config.walker is None else f"satellites of a Walker {config.walker.pattern}"
    begin = to_datetime(_begin(config, satellites))
    return (
        f"{len(satellites)} {kind}, {config.hours:g} h from {begin:%Y-%m-%d %H:%M} UTC, "
        f"above {config.min_elevation_deg:g}°, {config.rule}"
    )


__all__ = ["constellation", "coverage"]
