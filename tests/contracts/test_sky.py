"""The sky over receivers is one mechanism: the same losses, surroundings and fading in every system."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.catalogue import find
from leoisac.foundation.units import from_db
from leoisac.propagation.p681 import fading_states
from leoisac.propagation.rain_rate import slant_rain_loss_db, zonal_rain_height_m
from leoisac.propagation.tr38811 import scintillation_loss_db, surroundings

NAMES = ["bistatic-rsma", "coexistence", "otfs-rsma", "self-backhaul"]
SATELLITE = {
    "name": "STARLINK-1423",
    "time": "2025-10-08T07:45:00Z",
    "latitude_deg": 43.6047,
    "longitude_deg": 1.4442,
    "height_m": 150.0,
}
OWN: dict[str, dict[str, Any]] = {
    "bistatic-rsma": {"coverage_centre": "receiver", "carrier_hz": 2e9},
    "coexistence": {"carrier_hz": 20e9, "satellite_shadowing_db": 0.0},
    "otfs-rsma": {"link": "budget", "carrier_hz": 2e9},
    "self-backhaul": {"carrier_hz": 20e9, "rain_mean_db": 0.0, "rain_std_db": 0.0},
}
TRIALS = 40


def _config(name: str, **changes: Any) -> Any:
    own = {key: value for key, value in OWN[name].items() if "atmosphere" not in changes or not key.startswith("rain")}
    return li.config(name, **{**find(name).small, **own, "satellite": SATELLITE, **changes})


def _user_power(name: str, channels: Any) -> np.ndarray:
    """Power gain of the users' satellite links up to a factor, shape ``(trial, user)``."""
    if name == "bistatic-rsma":
        power = 1.0 / np.asarray(channels.user_noise_ratio)
    elif name == "coexistence":
        power = np.asarray(channels.g_tut)[:, 0]
    elif name == "otfs-rsma":
        power = np.sum(np.abs(channels.path_gains) ** 2, axis=(2, 3))
    else:
        power = np.sum(np.abs(channels.g_users) ** 2, axis=2)
    return power


def _ratio(name: str, **changes: Any) -> np.ndarray:
    with_sky, without = (_user_power(name, li.draw(_config(name, **each), trials=TRIALS)) for each in (changes, {}))
    return with_sky / without


def _elevation(name: str) -> float:
    from leoisac.geometry.scenario_view import scenario_view

    return float(scenario_view(_config(name).satellite).view.elevation_rad)


@pytest.mark.parametrize("name", NAMES)
def test_fixed_losses_and_surroundings_are_those_of_the_tables(name: str) -> None:
    """Scintillation and rain weaken all links alike; users then have the two states of the table, and no more."""
    rain = {"model": "rain-rate", "rain_rate_mm_h": 20.0}
    ratio = _ratio(name, scintillation="tr38811", atmosphere=rain, user_environment="suburban-rural")
    elevation, carrier = _elevation(name), OWN[name]["carrier_hz"]
    fixed_db = float(scintillation_loss_db(carrier, elevation)) + float(
        slant_rain_loss_db(
            20.0,
            carrier,
            elevation,
            rain_height_m=zonal_rain_height_m(np.radians(43.6047)),
            site_height_m=150.0,
            latitude=np.radians(43.6047),
            polarization_tilt=np.pi / 4,
        )
    )
    found = surroundings("suburban-rural", carrier, elevation)
    left_db = 10.0 * np.log10(ratio) + fixed_db
    deviations = left_db / float(found.los_std_db)
    in_sight = left_db > -0.5 * float(found.clutter_loss_db)
    share = float(found.line_of_sight)
    assert abs(in_sight.mean() - share) < 4.0 * np.sqrt(share * (1.0 - share) / ratio.size)
    assert abs(np.mean(deviations[in_sight])) < 4.0 / np.sqrt(in_sight.sum())
    assert 0.75 < np.std(deviations[in_sight]) < 1.25
    assert np.unique(np.round(ratio, 12)).size > 0.95 * ratio.size  # every user has its own


@pytest.mark.parametrize("name", ["otfs-rsma", pytest.param("self-backhaul", marks=pytest.mark.further)])
def test_flat_fading_and_one_weather(name: str) -> None:
    """States as likely as their durations say; rain of a law is one for the whole site and a trial.

    Two systems: an amplitude of all paths, and of all feeds; the others take its power (``user_power_gain``).
    """
    weather = {"model": "statistical", "rain_mean_db": -3.0, "rain_std_db": 0.0, "rain_law": "gaussian_db"}
    ratio = _ratio(name, flat_fading="suburban", atmosphere=weather) / from_db(-3.0)
    states = fading_states("suburban", OWN[name]["carrier_hz"], _elevation(name))
    power_db = 10.0 * np.log10(ratio)
    is_bad = power_db < 0.5 * (states.mean_db[0] + states.mean_db[1])
    share = 1.0 - float(states.good)
    assert abs(is_bad.mean() - share) < 4.0 * np.sqrt(share * (1.0 - share) / ratio.size) + 0.05
    assert abs(np.median(power_db[~is_bad]) - states.mean_db[0]) < 1.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"flat_fading": "suburban", "user_environment": "urban"}, "leave one at none"),
        ({"allow_extrapolation": True}, "no effect without flat_fading"),
        ({"scintillation": "tr38811", "atmosphere": {"model": "itu"}}, "scintillation of its own"),
        (
            {"satellite": None, "atmosphere": {"model": "rain-rate", "rain_rate_mm_h": 5.0}},
            r"give a \[satellite\] part",
        ),
        ({"atmosphere": {"model": "rain-rate"}}, "rain_rate_mm_h"),
        ({"atmosphere": {"model": "statistical", "rain_rate_mm_h": 5.0}}, "has no effect"),
    ],
)
def test_what_counts_twice_or_not_at_all_is_refused(name: str, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(li.ConfigError, match=says):
        _config(name, **changes)


@pytest.mark.parametrize("name", NAMES)
def test_tables_name_the_losses(name: str) -> None:
    from leoisac.experiment.contracts import resolve

    changes = {"atmosphere": {"model": "rain-rate", "rain_rate_mm_h": 20.0}, "user_environment": "urban"}
    dry, wet = (resolve(find(name).link_budgets)(_config(name, **each)) for each in ({}, changes))
    assert [table.title for table in dry] == [table.title for table in wet]
    assert dry != wet
