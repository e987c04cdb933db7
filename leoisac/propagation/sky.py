"""The sky over a configuration's receivers in numbers, once per configuration: losses, tables, states. NumPy only.

One mechanism for all systems; ``sky_draw`` has what is random in it. Everything is a loss of power over free space.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import ConfigError
from leoisac.propagation import tr38811
from leoisac.propagation.atmosphere_config import AtmosphereConfig
from leoisac.propagation.link_budget import BudgetRow
from leoisac.propagation.p681 import FadingStates, fading_states
from leoisac.propagation.rain_rate import slant_rain_loss_db, zonal_rain_height_m
from leoisac.propagation.sky_config import SkyFields, has_sky

_ROWS = np.radians(tr38811.ELEVATIONS_DEG)


class Sky(NamedTuple):
    """Numbers of a sky; what is ``None`` is not there. A pytree.

    Attributes:
        surroundings: line-of-sight probability, both deviations of shadowing and clutter loss (dB) at 10 to 90 degrees.
        scintillation_db: loss at 10 to 90 degrees.
        states: of flat fading, at the satellite's elevation.
        weather: logarithms of shares of the time in percent, and losses in dB that are exceeded for them.
        loss_db: of the weather, where it is not random.
        gas_zenith_db: loss towards the zenith.
        rain: location and scale of a law in dB, and 1 where it is log-normal.
    """

    surroundings: Leaf | None = None  # (9, 4)
    scintillation_db: Leaf | None = None  # (9,)
    states: FadingStates | None = None
    weather: Leaf | None = None  # (percent, 2)
    loss_db: Leaf | None = None  # ()
    gas_zenith_db: Leaf | None = None  # ()
    rain: Leaf | None = None  # (3,)


def sky_of(config: SkyFields, elevation: float | None, least_elevation: float | None = None) -> Sky | None:
    """The sky of a configuration; ``None`` where all of its fields are off.

    Args:
        config: a system's configuration.
        elevation: of the satellite at the site, radians; ``None`` where it is drawn.
        least_elevation: the least that may be drawn.

    Raises:
        ConfigError: for carriers and elevations for which there are no tables, instants outside a series, and what
            needs the satellite's elevation where that is drawn.
    """
    if not has_sky(config):
        return None
    lowest = elevation if elevation is not None else least_elevation
    assert lowest is not None
    found: dict[str, Any] = {}
    if config.user_environment != "none":
        with _Named(f"user_environment = {config.user_environment!r}"):
            tr38811.surroundings(config.user_environment, config.carrier_hz, lowest)
            table = tr38811.surroundings(config.user_environment, config.carrier_hz, _ROWS)
            found["surroundings"] = np.stack(table, axis=-1)
    if config.scintillation != "none":
        with _Named(f"scintillation = {config.scintillation!r}"):
            tr38811.scintillation_loss_db(config.carrier_hz, lowest)
            found["scintillation_db"] = tr38811.scintillation_loss_db(config.carrier_hz, _ROWS)
    if config.flat_fading != "none":
        with _Named(f"flat_fading = {config.flat_fading!r}"):
            if elevation is None:
                raise ValueError("needs the satellite's elevation, which is drawn; give a [satellite] part.")
            options = {"allow_extrapolation": config.allow_extrapolation}
            found["states"] = fading_states(config.flat_fading, config.carrier_hz, elevation, **options)
    if config.atmosphere is not None:
        with _Named(f"atmosphere.model = {config.atmosphere.model!r}"):
            if config.atmosphere.gas_zenith_db > 0.0:
                tr38811.slant_loss_db(config.atmosphere.gas_zenith_db, lowest)
                found["gas_zenith_db"] = np.asarray(config.atmosphere.gas_zenith_db)
            found |= _weather(config, config.atmosphere, elevation)
    return Sky(**found)


def sky_rows(sky: Sky | None, elevation: float) -> list[BudgetRow]:
    """Typical losses for tables: medians, and the likelier state of a user."""
    if sky is None:
        return []
    row, rows = nearest_row(elevation), list[BudgetRow]()
    site_db = typical_site_loss_db(sky, elevation)
    if has_weather(sky):
        rows.append(BudgetRow("Weather", site_db - _at_row(sky.scintillation_db, row), "dB", "median"))
    if sky.scintillation_db is not None:
        rows.append(BudgetRow("Scintillation", _at_row(sky.scintillation_db, row), "dB", "TR 38.811"))
    if sky.surroundings is not None:
        sight, _, _, clutter_db = np.asarray(sky.surroundings)[row]
        rows.append(BudgetRow("Line of sight of a user", 100.0 * float(sight), "%", "TR 38.811"))
        rows.append(BudgetRow("Clutter loss of a user without", float(clutter_db), "dB", "TR 38.811"))
    if sky.states is not None:
        rows.append(BudgetRow("Good state of a user", 100.0 * float(sky.states.good), "%", "ITU-R P.681"))
    return rows


def typical_site_loss_db(sky: Sky | None, elevation: float) -> float:
    """Loss of all links of the site together, weather at its median."""
    if sky is None:
        return 0.0
    loss = _at_row(sky.scintillation_db, nearest_row(elevation))
    if sky.weather is not None:
        table = np.asarray(sky.weather)
        loss += float(np.interp(math.log(50.0), table[:, 0], table[:, 1]))
    if sky.loss_db is not None:
        loss += float(np.asarray(sky.loss_db))
    if sky.gas_zenith_db is not None:
        loss += float(np.asarray(sky.gas_zenith_db)) / math.sin(elevation)
    if sky.rain is not None:
        place, _, is_lognormal = np.asarray(sky.rain)
        loss += math.exp(place) if is_lognormal else max(-float(place), 0.0)
    return loss


def typical_user_loss_db(sky: Sky | None, elevation: float) -> float:
    """Loss of the likelier state of a user: clutter where a line of sight is the rarer, the likelier state's mean."""
    if sky is None:
        return 0.0
    loss = 0.0
    if sky.surroundings is not None:
        sight, _, _, clutter_db = np.asarray(sky.surroundings)[nearest_row(elevation)]
        loss += 0.0 if sight >= 0.5 else float(clutter_db)
    if sky.states is not None:
        loss -= float(np.asarray(sky.states.mean_db)[0 if float(sky.states.good) >= 0.5 else 1])
    return loss


def has_weather(sky: Sky | None) -> bool:
    """Whether a sky has weather: rain, or gases towards the zenith."""
    return sky is not None and any(each is not None for each in (sky.weather, sky.loss_db, sky.gas_zenith_db, sky.rain))


def nearest_row(elevation: float) -> int:
    """Row of the tables of TR 38.811 that is nearest to an elevation (radians)."""
    return int(np.clip(np.floor(math.degrees(elevation) / 10.0 + 0.5), 1, 9)) - 1


def _weather(config: SkyFields, weather: AtmosphereConfig, elevation: float | None) -> dict[str, Any]:
    if weather.model == "statistical":
        law = [weather.rain_mean_db, weather.rain_std_db, float(weather.rain_law == "lognormal_db")]
        return {"rain": np.array(law)}
    assert elevation is not None  # a [satellite] part is asked for
    site = config.satellite
    if weather.is_rain:
        height_km, latitude = weather.rain_height_km, math.radians(site.latitude_deg)
        loss = slant_rain_loss_db(
            _rain_rate(config, weather),
            config.carrier_hz,
            elevation,
            rain_height_m=zonal_rain_height_m(latitude) if height_km is None else 1e3 * height_km,
            site_height_m=site.height_m,
            latitude=latitude,
            polarization_tilt=math.radians(weather.polarization_tilt_deg),
        )
        return {"loss_db": np.asarray(loss, dtype=float)}
    from leoisac.propagation.itu import Receiver, loss_table

    place = (float(site.latitude_deg), float(site.longitude_deg), float(site.height_m), float(config.carrier_hz))
    antenna = (weather.antenna_diameter_m, weather.antenna_efficiency, weather.polarization_tilt_deg)
    table = loss_table(Receiver(*place, *antenna))
    losses = table.at(elevation)
    if weather.exceeded_percent is not None:
        return {"loss_db": np.asarray(np.interp(math.log(weather.exceeded_percent), table.log_percents, losses))}
    return {"weather": np.stack([table.log_percents, losses], axis=-1)}


def _rain_rate(config: SkyFields, weather: AtmosphereConfig) -> float:
    """Rate in mm/h, of a series that at the satellite's instant, linear between its lines."""
    if weather.rain_series is None:
        if weather.rain_rate_mm_h is None:
            raise ValueError(
                f"rain_file = {weather.rain_file!r}: is read where a scenario file names it; here give rain_series."
            )
        return weather.rain_rate_mm_h
    instant = config.satellite.time
    if not isinstance(instant, datetime):
        from leoisac.geometry.instants import to_datetime
        from leoisac.geometry.scenario_view import scenario_view

        instant = to_datetime(scenario_view(config.satellite).view.times[()])
    first, last = weather.rain_series[0][0], weather.rain_series[-1][0]
    if not first <= instant <= last:
        raise ValueError(
            f"the instant {instant.isoformat()} lies outside the series of rain rates, which goes from "
            f"{first.isoformat()} to {last.isoformat()}."
        )
    since = [(time - first).total_seconds() for time, _ in weather.rain_series]
    return float(np.interp((instant - first).total_seconds(), since, [rate for _, rate in weather.rain_series]))


def _at_row(table: Leaf | None, row: int) -> float:
    return 0.0 if table is None else float(np.asarray(table)[row])


class _Named:
    """Errors of a range say which field asked for it."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ValueError) and not isinstance(error, ConfigError):
            raise ConfigError(f"{self._field}: {error}") from None


__all__ = ["Sky", "has_weather", "nearest_row", "sky_of", "sky_rows", "typical_site_loss_db", "typical_user_loss_db"]
