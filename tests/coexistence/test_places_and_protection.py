"""Where everybody stands, what protects them, and the limits of both."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn, judged_metrics, random_design

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import trial_key
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.fast.schemes import solve_proposed
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.judge.protection import largest_beam_power
from leoisac.systems.coexistence.pfd_limits import rr21_limits
from leoisac.systems.coexistence.world.channels import prepare
from leoisac.systems.coexistence.world.places import stand
from leoisac.systems.coexistence.world.satellite_links import off_axis_angle

LISTED: dict[str, Any] = {
    "sut_positions_m": ((3000.0, -4000.0),),
    "tut_positions_m": ((50.0, 0.0), (0.0, 80.0)),
    "receiver_positions_m": ((20.0, 0.0), (-20.0, 5.0), (0.0, 30.0)),
    "target_positions_m": ((10.0, 10.0), (-12.0, 30.0)),
    "bs_positions_m": ((100.0, 200.0),),
    "background_cells": 1,
    "background_positions_m": ((2000.0, -4000.0),),
    "background_activity": 1.0,
}


@pytest.fixture(scope="module")
def listed() -> Any:
    config = configured(**SMALL, **LISTED)
    return config, drawn(config, 8)


@pytest.mark.parametrize("elevation_deg", [30.0, 55.0, 90.0])
def test_off_axis_angles_are_those_between_true_directions(elevation_deg: float) -> None:
    elevation, azimuth, distance = math.radians(elevation_deg), 0.7, 700e3
    towards = np.array(
        [math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)]
    )
    offsets = np.array([[8000.0, -3000.0], [0.0, 0.0], [100.0, 9000.0]])
    found = off_axis_angle(jnp.asarray([elevation, azimuth, distance]), jnp.asarray(offsets))
    rays = np.pad(offsets, ((0, 0), (0, 1))) - distance * towards
    expected = np.arccos(np.clip(-(rays @ towards) / np.linalg.norm(rays, axis=1), -1.0, 1.0))
    np.testing.assert_allclose(found, expected, atol=1e-8)
    if elevation_deg == 30.0:
        # Along the line of sight the ground is seen at a slant: half of the offset over the range.
        along = off_axis_angle(
            jnp.asarray([elevation, azimuth, distance]),
            jnp.asarray([1000.0 * math.cos(azimuth), 1000.0 * math.sin(azimuth)]),
        )
        assert float(along) == pytest.approx(0.5 * 1000.0 / distance, rel=2e-3)


def test_listed_places_are_kept_and_come_back(listed: Any) -> None:
    config, channels = listed
    metrics = judged_metrics(config, channels, random_design(config, channels))
    mast = np.array(LISTED["bs_positions_m"])
    np.testing.assert_allclose(metrics["bs_position_m"], np.broadcast_to(mast, (8, 1, 2)))
    np.testing.assert_allclose(metrics["sut_position_m"][3, 0], (3000.0, -4000.0))
    for name in ("tut", "receiver", "target"):
        np.testing.assert_allclose(metrics[f"{name}_position_m"][5, 0], mast + np.array(LISTED[f"{name}_positions_m"]))
    assert np.all((metrics["satellite_elevation_deg"] >= 30.0) & (metrics["satellite_elevation_deg"] <= 90.0))


def test_places_and_background_leave_all_other_draws_as_they_are(listed: Any) -> None:
    _, channels = listed
    plain = drawn(configured(**SMALL), 8)
    for name in ("u_satellite", "g_sut", "noise_power"):
        np.testing.assert_array_equal(getattr(channels, name), getattr(plain, name))
    # The phases of echoes are drawn, their strengths follow from the places.
    np.testing.assert_allclose(np.angle(channels.target_amplitude), np.angle(plain.target_amplitude), atol=1e-9)
    # A satellite user kilometres away hardly hears the mast.
    assert np.median(np.abs(channels.h_sut)) < 0.03 * np.median(np.abs(plain.h_sut))


def test_drawn_places_fill_the_footprint_and_keep_their_distance() -> None:
    sizes = {"num_cells": 3, "cells_per_beam": 3, "cell_spacing_m": 2000.0}
    geometry = prepare(
        configured(**{**SMALL, **sizes}, bs_placement="drawn", sut_placement="footprint", target_min_distance_m=20.0)
    )
    numbers = np.random.default_rng(0)
    ground, points = numbers.uniform(size=(256, 3, 3, 2)), numbers.uniform(size=(256, 3, 2, 3, 2))

    def one(trial: Any, users: Any, scatterers: Any) -> Any:
        return stand(geometry, trial_key(0, trial), users, scatterers)

    places = jax.jit(jax.vmap(one))(np.arange(256), ground, points)
    for middle in (places.masts[:, 0], places.satellite_users[:, 0]):
        radius = np.linalg.norm(middle, axis=-1)
        assert radius.max() <= 10_000.0
        np.testing.assert_allclose(np.mean(radius**2), 0.5e8, rtol=0.15)  # uniform in area
    apart = [places.masts[:, a] - places.masts[:, b] for a, b in ((0, 1), (0, 2), (1, 2))]
    assert np.linalg.norm(apart, axis=-1).min() >= 2000.0
    from_mast = np.linalg.norm(places.targets, axis=-1)
    assert 20.0 <= from_mast.min() <= from_mast.max() <= 50.0


def test_the_background_is_noise_to_the_satellite_user(listed: Any) -> None:
    config, channels = listed
    design = random_design(config, channels)
    metrics = judged_metrics(config, channels, design)
    quiet = judged_metrics(config, replace(channels, background=None), design)
    noise, power = channels.noise_power, float(parameters(config).bs_power)
    assert channels.background is not None
    heard = power * channels.background.sut_gain
    np.testing.assert_allclose(
        10 ** (0.1 * metrics["inr_sut_db"]) - 10 ** (0.1 * quiet["inr_sut_db"]), heard / noise, rtol=1e-9
    )
    leakage = 10 ** (0.1 * metrics["inr_sut_db"]) * noise
    np.testing.assert_allclose(
        metrics["sut_rate"], np.log2(1.0 + channels.g_sut * design.beam_power / (leakage + noise)), rtol=1e-9
    )
    assert np.all(metrics["inr_satellite_db"] > -60.0)
    silent = drawn(config.replace(background_activity=0.0), 2)
    np.testing.assert_array_equal(silent.background.sut_gain, 0.0)


def test_the_own_beam_over_the_noise_of_users_and_of_radar_elements(listed: Any) -> None:
    config, channels = listed
    design = random_design(config, channels)
    metrics = judged_metrics(config, channels, design)
    over = design.beam_power[:, :, None] / channels.noise_power[:, :, None]
    elements = np.mean(np.abs(channels.g_rad) ** 2, axis=3)  # (trial, cell, receiver)
    np.testing.assert_allclose(metrics["inr_tut_db"], 10 * np.log10(channels.g_tut * over), rtol=1e-9)
    np.testing.assert_allclose(metrics["inr_radar_db"], 10 * np.log10(elements * over), rtol=1e-9)


def test_flux_density_of_free_space(listed: Any) -> None:
    config, channels = listed
    design = replace(random_design(config, channels), beam_power=np.full((8, 1), 200.0))
    metrics = judged_metrics(config, channels, design)
    distance = channels.places.satellite_range_m[:, None]
    np.testing.assert_allclose(metrics["pfd_dbw_m2_mhz"], -84.0 - 20 * np.log10(distance / 500e3), atol=0.05)


def test_limits_of_the_radio_regulations() -> None:
    assert rr21_limits(15e9) is None
    low = dict(rr21_limits(11e9) or ())
    assert low[5.0] == -126.0
    assert low[25.0] == low[90.0] == -116.0
    assert dict(rr21_limits(18e9, 50) or ())[0.0] == -115.0
    # Both laws of the excess meet at 288 satellites.
    assert dict(rr21_limits(18e9, 288) or ())[0.0] == pytest.approx(-125.0)
    assert dict(rr21_limits(18e9, 289) or ())[0.0] == pytest.approx(-115.0 - 691 / 69)
    with pytest.raises(ConfigError, match="no limit at carrier_hz"):
        configured(max_pfd="rr21")
    with pytest.raises(ConfigError, match="elevations rising"):
        configured(max_pfd=((30.0, -100.0), (20.0, -90.0)))
    assert configured(max_pfd="rr21", carrier_hz=18e9).pfd_table() == rr21_limits(18e9)


def test_the_largest_beam_power_has_the_flux_density_of_the_limit_at_its_elevation() -> None:
    config = configured(**SMALL, max_pfd=((0.0, -98.0), (90.0, -94.0)))
    channels, numbers = drawn(config, 3), parameters(config)
    elevation, distance = (
        np.asarray(getattr(channels.places, f"satellite_{name}")) for name in ("elevation", "range_m")
    )
    power = np.asarray(largest_beam_power(numbers, channels))
    flux = power * numbers.satellite_gain / (4.0 * math.pi * distance**2) / numbers.bandwidth_mhz
    np.testing.assert_allclose(10.0 * np.log10(flux), -98.0 + 4.0 * np.degrees(elevation) / 90.0, rtol=1e-6)


def test_designs_keep_the_limits_and_favour_whom_weights_favour() -> None:
    changes: dict[str, Any] = {"max_inr_db": -6.0, "max_pfd": ((0.0, -98.0), (90.0, -94.0)), "min_sut_rate": 1.0}
    config = configured(**SMALL, **changes, tut_weights=(4.0, 0.25))
    channels = drawn(config, 12)
    found = solve_proposed(parameters(configured(**SMALL)), channels)
    free = judged_metrics(config, channels, found.value)
    assert np.median(free["margin_inr"]) < 0.0
    solution = solve_proposed(parameters(config), channels)
    metrics = judged_metrics(config, channels, solution.value)
    usable = solution.status == Status.CONVERGED
    assert usable.mean() > 0.6
    for name in ("inr", "pfd", "scnr", "sut_rate"):
        assert metrics[f"margin_{name}"][usable].min() >= -1e-3, name
    assert metrics["inr_db"][usable].max() <= -6.0 + 0.01
    # Something binds: the satellite is quieter than it was.
    assert np.all(metrics["beam_power"][usable] <= free["beam_power"][usable] * (1 + 1e-6))
    weighted = np.sum(np.array([4.0, 0.25]) * metrics["tut_rate"], axis=(1, 2)) + metrics["satellite_rate"]
    np.testing.assert_allclose(metrics["weighted_rate"], weighted)
    np.testing.assert_allclose(solution.objective, weighted)
    share, even = (one["tut_rate"][usable, 0, 0] / one["terrestrial_rate"][usable] for one in (metrics, free))
    assert share.mean() > even.mean()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tut_positions_m": ((1.0, 2.0),)}, "has 1 places, and there are 2"),
        ({"monostatic": True, "receiver_positions_m": ((1.0, 2.0),) * 3}, "monostatic"),
        ({"sut_min_distance_m": 250.0}, "below the 200 m"),
        ({"target_min_distance_m": 60.0}, "below sensing_radius_m"),
        ({"background_cells": 3, "cell_spacing_m": 20_000.0}, "below footprint_radius_m"),
    ],
)
def test_places_that_make_no_sense(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        configured(**SMALL, **changes)


def test_detection_and_residual_doppler(listed: Any) -> None:
    config, channels = listed
    design = random_design(config, channels)
    still = judged_metrics(config, channels, design)
    many = config.replace(integrated_samples=10_000, false_alarm_probability=1e-4)
    found = judged_metrics(many, channels, design)
    # Of a faint echo hardly more than false alarms; integration makes a target certain.
    order = np.argsort(found["scnr"], axis=None)
    assert np.all(np.diff(found["detection_probability"].ravel()[order]) >= -1e-12)
    assert found["detection_probability"].max() > 0.9 > 1.0001e-4 > still["detection_probability"].min()
    # Half a cycle of phase over the integration: sinc^2(1/2) = (2 / pi)^2.
    turning = config.replace(residual_doppler_hz=500.0)
    np.testing.assert_allclose(
        judged_metrics(turning, channels, design)["scnr"], still["scnr"] * (2.0 / math.pi) ** 2, rtol=1e-9
    )
    with pytest.raises(ConfigError, match="residual_doppler_hz"):
        configured(residual_doppler_hz=1000.0)
