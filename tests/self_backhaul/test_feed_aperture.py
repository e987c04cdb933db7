"""Feeds that are apertures: draws, tables and sensing know one pattern, and it keeps its energy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import leoisac as li
from leoisac.antennas.aperture import aperture_gain
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.systems.self_backhaul import SYSTEM
from leoisac.systems.self_backhaul.world.budgets import link_budgets
from leoisac.systems.self_backhaul.world.feed import half_angle_deg, peak_gain_dbi
from leoisac.systems.self_backhaul.world.ground import place
from leoisac.systems.self_backhaul.world.sensed import feed_amplitudes


@pytest.fixture(scope="module")
def config() -> Any:
    quiet = {"rain_mean_db": 0.0, "rain_std_db": 0.0, "gas_loss_db": 0.0, "es_gain_dbi": 0.0}
    return li.config(
        "self-backhaul", **{**SYSTEM.small, **quiet}, feed_pattern="aperture", sensing_geometry="consistent"
    )


def test_channels_have_the_pattern(config: Any) -> None:
    """At the Earth Station, where feed 0 points: its own gain is the peak, the others' that of their angle."""
    g = np.abs(np.asarray(li.draw(config, trials=1).g_es)[0]) ** 2
    placement = place(config)
    axes = placement.feed_centres_m - placement.satellite_m
    down = -placement.satellite_m
    off_axis = np.arccos(np.clip(axes @ down / np.linalg.norm(axes, axis=1) / np.linalg.norm(down), -1.0, 1.0))
    wavelength = SPEED_OF_LIGHT_M_S / config.carrier_hz
    radius = 0.25 / wavelength
    space = (wavelength / (4.0 * math.pi * config.altitude_km * 1e3)) ** 2
    expected = space * (2.0 * math.pi * radius) ** 2 * aperture_gain(off_axis, radius)
    np.testing.assert_allclose(g, expected, rtol=1e-9)
    np.testing.assert_allclose(feed_amplitudes(config, np.zeros(1))[0] ** 2, expected / space, rtol=1e-9)


def test_gain_and_beamwidth_follow_from_the_aperture(config: Any) -> None:
    """0.5 m at 20 GHz: 40.4 dBi, and half the power within 1.77 degrees (TR 38.821: -3 dB within 1.7647)."""
    assert peak_gain_dbi(config) == pytest.approx(20.0 * math.log10(math.pi * 0.5 / 0.0149896), abs=1e-3)
    assert 2.0 * half_angle_deg(config) == pytest.approx(1.7676, abs=1e-3)
    antennas = next(table for table in link_budgets(config) if table.title.startswith("Antennas"))
    assert antennas["Satellite feed"] == pytest.approx(0.0, abs=0.1)
    assert not any("radiates" in doubt for doubt in antennas.doubts)


@pytest.mark.parametrize(
    "changes",
    [{"aperture_diameter_m": 1.0}, {"feed_pattern": "aperture", "max_gain_dbi": 40.0}],
)
def test_fields_of_the_other_pattern_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(li.ConfigError, match="has no effect with feed_pattern"):
        li.config("self-backhaul", **changes)
