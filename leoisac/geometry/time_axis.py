"""From a scenario's ``[time]`` and ``[satellite]`` parts to the instants of an axis, and to the geometry along it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from leoisac.foundation.config import Config, ConfigError
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.geometry.instants import as_instant, seconds_between, to_datetime
from leoisac.geometry.look_angles import angle_between_rad
from leoisac.geometry.passes import Pass, find_passes
from leoisac.geometry.satellite_config import SatelliteConfig
from leoisac.geometry.satellite_view import SatelliteView, view
from leoisac.geometry.scenario_view import scenario_view
from leoisac.geometry.time_config import MOST_INSTANTS, TimeConfig

FIELD = "satellite.time"
"""The field that takes the axis's values."""
_SECOND, _HALF_SECOND = np.timedelta64(1, "s"), np.timedelta64(500, "ms")


class TimeAxis(NamedTuple):
    """A configuration whose ``[time]`` part states its first and last instant, and all instants (UTC, in order)."""

    config: Config
    instants: tuple[datetime, ...]


def time_axis(config: Config) -> TimeAxis:
    """The instants of a configuration's ``[time]`` part: those stated, or whole seconds from rise to set of the pass.

    The configuration that comes back states the pass as instants, the satellite's at the first of them.

    Raises:
        ConfigError: without a ``[satellite]`` part or a pass, and where the satellite is below the horizon.
    """
    time, satellite = parts(config)
    begin, end = time.begin, time.end
    if begin is None or end is None:
        found = _pass(satellite)
        begin = begin or to_datetime(_whole_second(found.rise_time, up=True))
        end = end or to_datetime(_whole_second(found.set_time, up=False))
    if end < begin:
        raise ConfigError(
            f"time: from = {begin.isoformat()} is after to = {end.isoformat()}; what is left out is rise or set of the "
            "pass, so give the other one within it."
        )
    count = math.floor((end - begin).total_seconds() / time.step_s + 1e-9) + 1
    if count > MOST_INSTANTS:
        raise ConfigError(f"time.step_s = {time.step_s:g}: gives {count} instants; {MOST_INSTANTS} is the most.")
    instants = tuple(begin + timedelta(seconds=index * time.step_s) for index in range(count))
    elevation = np.degrees(seen_at(config, instants).elevation_rad)
    if np.any(elevation < 0.0):
        low = int(np.argmin(elevation))
        raise ConfigError(
            f"time: at {instants[low].isoformat()} the satellite is {-elevation[low]:.1f}° below the site's horizon; "
            'give from and to within a pass (leoisac pass lists them), or over = "pass" alone.'
        )
    stated = {"time.begin": begin, "time.end": end, "satellite.search_from": None, FIELD: begin}
    return TimeAxis(config.replace(**stated), instants)


def parts(config: Config) -> tuple[TimeConfig, SatelliteConfig]:
    """The ``[time]`` and ``[satellite]`` parts (ConfigError where one is missing)."""
    time, satellite = getattr(config, "time", None), getattr(config, "satellite", None)
    if not isinstance(time, TimeConfig):
        raise ConfigError("time: the configuration has no [time] part.")
    if not isinstance(satellite, SatelliteConfig):
        raise ConfigError("time: needs a [satellite] part, whose pass it goes along.")
    return time, satellite


def seen_at(config: Config, instants: Sequence[Any]) -> SatelliteView:
    """The configuration's satellite from its site at instants of one's own.

    Raises:
        ConfigError: where SGP4 fails.
    """
    _, satellite = parts(config)
    chosen = scenario_view(satellite)
    try:
        return view(chosen.elements, chosen.site, np.array([as_instant(instant) for instant in instants]))
    except ValueError as error:
        raise ConfigError(f"time: {error}") from None


def geometry_over_time(config: Config, instants: Sequence[Any]) -> Mapping[str, tuple[Any, str, str]]:
    """Geometry along the axis: name -> (values, long name, unit). Doppler shifts are those of ``carrier_hz``.

    The Doppler rate ``-f/c d²r/dt²`` is the difference of the shifts half a second after and before, of the states'
    exact range rates.
    """
    seen = seen_at(config, instants)
    times = np.asarray(seen.times)
    carrier_hz = float(getattr(config, "carrier_hz"))  # noqa: B009
    around = [seen_at(config, list(times + shift)) for shift in (-_HALF_SECOND, _HALF_SECOND)]
    doppler = [one.doppler_shift_hz(carrier_hz) for one in around]
    return {
        "elevation_deg": (np.degrees(seen.elevation_rad), "elevation", "deg"),
        "azimuth_deg": (np.degrees(seen.azimuth_rad), "azimuth, clockwise from north", "deg"),
        "range_m": (seen.range_m, "slant range", "m"),
        "range_rate_m_s": (seen.range_rate_m_s, "range rate", "m/s"),
        "delay_s": (seen.range_m / SPEED_OF_LIGHT_M_S, "propagation delay", "s"),
        "doppler_hz": (seen.doppler_shift_hz(carrier_hz), "Doppler shift", "Hz"),
        "doppler_rate_hz_s": (doppler[1] - doppler[0], "Doppler rate", "Hz/s"),
        "off_nadir_deg": (np.degrees(seen.off_nadir_rad), "off-nadir angle", "deg"),
        "latitude_deg": (np.degrees(seen.sub_satellite_latitude_rad), "sub-satellite latitude", "deg"),
        "longitude_deg": (np.degrees(seen.sub_satellite_longitude_rad), "sub-satellite longitude", "deg"),
    }


def elapsed_s(config: Config) -> float | None:
    """Seconds from ``from`` to the configuration's instant; None where it is at no instant of its axis."""
    time, satellite = getattr(config, "time", None), getattr(config, "satellite", None)
    if not isinstance(time, TimeConfig) or not isinstance(satellite, SatelliteConfig):
        return None
    if time.begin is None or not isinstance(satellite.time, datetime):
        return None
    elapsed = (satellite.time - time.begin).total_seconds()
    if elapsed < 0.0:
        raise ConfigError(
            f"satellite.time = {satellite.time.isoformat()}: is before time.from = {time.begin.isoformat()}."
        )
    return elapsed


def sky_way(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Way of the satellite over the sky since ``from``: seconds, and radians travelled, every second to the end."""
    time, satellite = parts(config)
    assert time.begin is not None
    assert time.end is not None
    last = max(time.end, satellite.time) if isinstance(satellite.time, datetime) else time.end
    return _sky_way(
        cast(Any, satellite.replace(time=time.begin)),
        cast(Any, time.begin),
        math.ceil((last - time.begin).total_seconds()),
    )


@lru_cache(maxsize=64)
def _sky_way(satellite: SatelliteConfig, begin: datetime, length_s: int) -> tuple[np.ndarray, np.ndarray]:
    chosen = scenario_view(satellite)
    seconds = np.arange(length_s + 1)
    directions = view(chosen.elements, chosen.site, as_instant(begin) + seconds * _SECOND).position_enu_m
    steps = angle_between_rad(directions[:-1], directions[1:])
    return seconds.astype(float), np.concatenate([[0.0], np.cumsum(steps)])


def _pass(satellite: SatelliteConfig) -> Pass:
    """The pass that the part looks for; the one around the instant, where it states one."""
    seen = scenario_view(satellite)
    if seen.satellite_pass is not None:
        return seen.satellite_pass
    instant = seen.view.times[()]
    half = np.timedelta64(round(0.5e9 * satellite.search_hours * 3600.0), "ns")
    window_s = float(seconds_between(instant + half, instant - half))
    for one in find_passes(seen.elements, seen.site, instant - half, window_s, satellite.min_elevation_deg):
        if one.rise_time <= instant <= one.set_time:
            return one
    raise ConfigError(
        f"time: satellite.time = {to_datetime(instant).isoformat()} lies in no pass above "
        f"{satellite.min_elevation_deg:g}°; give from and to, or an instant of a pass."
    )


def _whole_second(instant: Any, up: bool) -> Any:
    floor = np.datetime64(instant, "s")
    return floor + _SECOND if up and floor != instant else floor


__all__ = ["FIELD", "TimeAxis", "elapsed_s", "geometry_over_time", "parts", "seen_at", "sky_way", "time_axis"]
