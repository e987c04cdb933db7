"""Other satellites in the band: who is in sight, what they put on every receiver, and designs that know of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn, judged_metrics, random_design

from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import trial_key
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.geometry.coverage import constellation
from leoisac.geometry.look_angles import look_angles
from leoisac.geometry.scenario_view import scenario_view
from leoisac.propagation.sky_draw import surroundings_gain
from leoisac.systems.coexistence.fast.schemes import solve_proposed
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem.cell_program import cell_metrics
from leoisac.systems.coexistence.problem.normalised import flatten, fresh_problem
from leoisac.systems.coexistence.world.channels import prepare
from leoisac.systems.coexistence.world.constellation import satellites_in_sight
from leoisac.systems.coexistence.world.other_satellites import _among_surroundings, _shadowing, all_but_the_serving

TRIALS = 4
SHELL: dict[str, Any] = {"total": 400, "planes": 20, "phasing": 3, "inclination_deg": 53.0, "altitude_km": 550.0}
OTHERS: dict[str, Any] = {"walker": SHELL, "snapshots": 8, "power_w": 50.0}


@pytest.fixture(scope="module")
def shell() -> Any:
    config = configured(**SMALL, beam_pattern="s1528", satellite_shadowing_db=0.0, other_satellites=OTHERS)
    channels = drawn(config, TRIALS)
    return config, channels, random_design(config, channels)


def test_who_is_in_sight_is_who_geometry_says() -> None:
    part = {**OTHERS, "min_elevation_deg": 20.0}
    satellite = {"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 43.6, "longitude_deg": 1.44}
    config = configured(**SMALL, satellite=satellite, other_satellites=part)
    found = satellites_in_sight(config)
    assert found is not None
    assert len(found) == 1  # the pass has one instant
    assert config.satellite is not None
    assert config.other_satellites is not None
    seen = scenario_view(config.satellite)
    rows = []
    for one in constellation(config.other_satellites.as_coverage()):
        state = one.propagate(seen.view.times)
        angles = look_angles(seen.site, state.position_ecef_m, state.velocity_ecef_m_s)
        if float(angles.elevation_rad) >= math.radians(20.0):
            rows.append((float(angles.elevation_rad), float(angles.range_m)))
    np.testing.assert_allclose(found[0][:, [0, 2]], rows, rtol=1e-9)
    assert np.all(found[0][:, 3] == 1.0)
    # The packaged elements have the serving satellite among them: it is the one that is left out.
    real = satellites_in_sight(configured(**SMALL, satellite=satellite, other_satellites={"elements": "starlink"}))
    assert real is not None
    served = seen.view
    direction = [served.elevation_rad, 0.5 * math.pi - served.azimuth_rad, served.range_m]
    _, in_sight = all_but_the_serving(jnp.asarray(real[0]), jnp.asarray(direction, dtype=float))
    left_out = real[0][np.asarray(in_sight) == 0.0]
    np.testing.assert_allclose(left_out[:, [0, 2]], [[float(served.elevation_rad), float(served.range_m)]], rtol=1e-6)


def test_instants_of_a_pass_share_their_shapes() -> None:
    """As many places as a multiple of eight, those that are left being out of sight."""
    satellite = {"name": "STARLINK-1423", "latitude_deg": 43.6, "longitude_deg": 1.44}
    shapes = list[tuple[int, ...]]()
    for time in ("2025-10-08T07:44:00Z", "2025-10-08T07:45:00Z"):
        config = configured(**SMALL, satellite={**satellite, "time": time}, other_satellites=OTHERS)
        along, alone = (satellites_in_sight(one) for one in (config.replace(time={"step_s": 60.0}), config))
        assert along is not None
        assert alone is not None
        count = alone.shape[1]
        np.testing.assert_array_equal(along[:, :count], alone)
        assert np.all(along[:, count:, 3] == 0.0)
        shapes.append(along.shape)
    assert shapes[0] == shapes[1]
    assert shapes[0][1] % 8 == 0


def test_a_channel_without_others_has_the_same_numbers(shell: Any) -> None:
    config, channels, _ = shell
    plain = drawn(config.replace(other_satellites=None), TRIALS)
    for name in ("h_tut", "h_sut_fresh", "g_tut", "g_sut", "g_rad", "u_satellite", "clutter_amplitude"):
        np.testing.assert_array_equal(getattr(channels, name), getattr(plain, name))


def test_a_satellite_has_its_numbers_wherever_it_stands_in_the_list(shell: Any) -> None:
    config, _, _ = shell
    geometry, key = prepare(config.replace(satellite_shadowing_db=4.0)), trial_key(0, 0)

    def drawn_for(numbers: Any) -> Any:
        return _shadowing(geometry, key, 10, np.array([0]), np.array([[0, 1]]), numbers)

    found = jax.jit(drawn_for)(np.array([3, 7, 3], dtype=np.uint32))
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    assert len(np.unique(found)) == 4


def test_the_aggregate_is_a_sum_over_satellites(shell: Any) -> None:
    config, channels, design = shell
    others, places = channels.other_satellites, channels.places
    metrics = judged_metrics(config, channels, design)
    noise = channels.noise_power[:, 0]
    for trial in range(TRIALS):
        directions = others.direction[trial][others.in_sight[trial] > 0.0]
        assert len(directions) == metrics["satellites_in_sight"][trial]
        towards = [_towards(*one[:2]) for one in directions]
        serving = _towards(places.satellite_elevation[trial], places.satellite_azimuth[trial])
        seen = others.in_sight[trial] > 0.0
        single = np.mean(np.abs(others.at_radar[trial, 0, 0]) ** 2, axis=-1)
        assert np.all(single[~seen] == 0.0)
        receiver = np.append(places.receiver_position_m[trial, 0, 0], 0.0)
        for power, one, aim in zip(single[seen], directions, others.aim_m[trial][seen], strict=True):
            friis = (299792458.0 / (4.0 * math.pi * 15e9 * one[2])) ** 2
            rays = [place - one[2] * _towards(*one[:2]) for place in (np.append(aim, 0.0), receiver)]
            angle = math.acos(rays[0] @ rays[1] / np.linalg.norm(rays[0]) / np.linalg.norm(rays[1]))
            gain = 10 ** (0.1 * float(s1528_leo_gain_dbi(angle, 38.0, math.radians(1.0))))
            np.testing.assert_allclose(power, 50.0 * friis * gain, rtol=1e-5)
        single = single[seen]
        # Everything in a cell of 200 m is in nearly the same direction from a satellite.
        np.testing.assert_allclose(others.at_tut[trial, 0], single.sum(), rtol=0.02)
        dish = [
            10**3.42 if math.acos(min(1.0, float(serving @ one))) <= math.radians(3.0) else 10**2.12 for one in towards
        ]
        np.testing.assert_allclose(others.at_sut[trial, 0], np.sum(single * dish), rtol=0.02)
        np.testing.assert_allclose(
            metrics["inr_tut_others_db"][trial, 0], 10 * np.log10(others.at_tut[trial, 0] / noise[trial]), rtol=1e-9
        )
        own = channels.g_tut[trial, 0] * design.beam_power[trial, 0]
        np.testing.assert_allclose(
            metrics["inr_tut_db"][trial, 0], 10 * np.log10((own + others.at_tut[trial, 0]) / noise[trial]), rtol=1e-9
        )
        covariance = _covariance(others.at_radar[trial, 0, 0])
        u = math.cos(directions[0][0]) * math.sin(directions[0][1])
        assert np.all(np.linalg.eigvalsh(covariance) >= -1e-20)
        column = others.at_radar[trial, 0, 0][np.flatnonzero(others.in_sight[trial])[0]]
        np.testing.assert_allclose(column[1] / column[0], np.exp(1j * np.pi * u), rtol=1e-9)


def test_weather_is_no_part_of_a_pattern(shell: Any) -> None:
    """Rain takes 6 dB of every link from space, wherever in a beam with side lobes a receiver stands."""
    config, channels, _ = shell
    rain = {"model": "statistical", "rain_mean_db": -6.0, "rain_std_db": 0.0, "rain_law": "gaussian_db"}
    wet = drawn(config.replace(atmosphere=rain), TRIALS)
    left = 10.0**-0.6
    for one, other in ((wet, channels), (wet.other_satellites, channels.other_satellites)):
        for name in ("g_tut", "g_sut") if one is wet else ("at_tut", "at_sut"):
            np.testing.assert_allclose(getattr(one, name), left * getattr(other, name), rtol=1e-9, err_msg=name)
    assert wet.other_satellites is not None
    amplitudes = np.sqrt(left) * channels.other_satellites.at_radar
    np.testing.assert_allclose(wet.other_satellites.at_radar, amplitudes, rtol=1e-9)


def test_surroundings_of_users_stand_before_every_satellite() -> None:
    """Each satellite has its own state at a user, at its own elevation."""
    changes = {"carrier_hz": 20e9, "user_environment": "dense-urban", "satellite_shadowing_db": 0.0}
    config = configured(**SMALL, **changes, other_satellites=OTHERS)
    geometry, key = prepare(config), trial_key(0, 0)
    sky, elevation = geometry.sky, np.radians([12.0, 48.0, 88.0])
    numbers = np.array([3, 7, 11], dtype=np.uint32)
    assert sky is not None

    def both() -> tuple[Any, Any]:
        found = _among_surroundings(sky, key, np.array([0]), np.array([[2]]), numbers, elevation)
        node = jax.random.fold_in(key, (10 << 24) + 2)
        own = [jax.random.fold_in(node, number)[None] for number in numbers]
        return found, [surroundings_gain(sky, one, above)[0] for one, above in zip(own, elevation, strict=True)]

    found, expected = jax.jit(both)()
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-12)
    # Without them users of a cell hear the same to a few per cent.
    others = drawn(config, TRIALS).other_satellites
    assert others is not None
    assert np.any(np.abs(np.log(others.at_tut[..., 0] / others.at_tut[..., 1])) > 0.5)


def test_others_are_noise_of_known_power(shell: Any) -> None:
    config, channels, design = shell
    numbers = parameters(config)
    judged = judged_metrics(config, channels, design)
    problem = flatten(by_lanes(fresh_problem)(numbers, channels, design.association))
    normal = design.beamformer.reshape(-1, *design.beamformer.shape[2:]) / np.sqrt(float(numbers.bs_power))
    found = jax.jit(jax.vmap(cell_metrics))(problem, normal, np.sqrt(design.beam_power.ravel() / 200.0))
    for name in ("tut_rate", "sut_rate", "scnr"):
        values = getattr(found, name)
        np.testing.assert_allclose(values.reshape(judged[name].shape), judged[name], rtol=1e-8, err_msg=name)
    without = judged_metrics(config, replace(channels, other_satellites=None), design)
    for name in ("tut_rate", "sut_rate", "scnr"):
        assert np.all(judged[name] <= without[name] * (1 + 1e-12))
    assert np.all(judged["sut_rate"] < without["sut_rate"])


def test_designs_keep_their_floors_among_satellites(shell: Any) -> None:
    config, channels, _ = shell
    limits = {"max_inr_db": 6.0, "max_pfd": ((0.0, -90.0), (90.0, -90.0)), "tut_weights": (4.0, 0.25)}
    config = config.replace(min_sut_rate=1.0, **limits)
    solution = solve_proposed(parameters(config), channels)
    usable = solution.status == Status.CONVERGED
    assert usable.mean() >= 0.5
    metrics = judged_metrics(config, channels, solution.value)
    for name in ("sut_rate", "scnr", "bs_power", "satellite_power", "inr"):
        assert metrics[f"margin_{name}"][usable].min() >= -1e-3, name


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({}, "give one constellation"),
        ({"walker": SHELL, "elements": "starlink"}, "give one constellation"),
        ({"walker": SHELL, "least_aim_m": 5.0, "most_aim_m": 4.0}, "must be below most_aim_m"),
    ],
)
def test_constellations_that_make_no_sense(part: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        configured(**SMALL, other_satellites=part)


def test_nobody_in_sight_is_said() -> None:
    walker = {"total": 1, "planes": 1, "phasing": 0, "inclination_deg": 0.0, "altitude_km": 300.0}
    config = configured(**SMALL, other_satellites={"walker": walker, "latitude_deg": 80.0, "snapshots": 2})
    with pytest.raises(ConfigError, match="none of the 1 satellites"):
        satellites_in_sight(config)
    # An instant of a pass at which nobody is there ends no run.
    satellite = {"name": "STARLINK-1423", "latitude_deg": 43.6, "longitude_deg": 1.44, "time": "2025-10-08T07:45:00Z"}
    others = {"walker": {**walker, "inclination_deg": 1.0}}
    along = configured(**SMALL, satellite=satellite, other_satellites=others, time={"step_s": 60.0})
    found = satellites_in_sight(along)
    assert found is not None
    assert not found[..., 3].any()
    channels = drawn(along, 1).other_satellites
    assert channels is not None
    assert not channels.at_tut.any()
    assert not channels.in_sight.any()


def _towards(elevation: float, azimuth: float) -> np.ndarray:
    flat = math.cos(elevation)
    return np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)])


def _covariance(columns: np.ndarray) -> np.ndarray:
    return np.einsum("cr,cs->rs", columns, columns.conj())
