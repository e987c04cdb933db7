"""OTFS along a pass: residuals against derivatives of ranges, budgets against geometry, programs shared by instants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from otfs_cases import NAME, known_gains

import leoisac as li
from leoisac.experiment.trials.blocks import evaluation
from leoisac.foundation.constants import SPEED_OF_LIGHT_M_S
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.geometry.satellite_view import view
from leoisac.geometry.scenario_view import scenario_view
from leoisac.geometry.sites import site_at_offset
from leoisac.systems.otfs_rsma import SYSTEM
from leoisac.systems.otfs_rsma.judge.evaluate import evaluate, parameters
from leoisac.systems.otfs_rsma.judge.full_load import step_rates
from leoisac.systems.otfs_rsma.model import Channels, LoadedDesign
from leoisac.systems.otfs_rsma.problem.full_load import LoadShape, decodings, formulate_load, step_rates_of
from leoisac.systems.otfs_rsma.world.link import link_of, user_places

SATELLITE = {"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 43.6047, "longitude_deg": 1.4442}
MINUTES = [f"2025-10-08T07:{minute}:00Z" for minute in (43, 44, 45)]


@pytest.fixture(scope="module")
def config() -> Any:
    return li.config(
        NAME,
        **SYSTEM.small,
        link="budget",
        total_power=100.0,
        user_spread_km=5.0,
        satellite=SATELLITE,
        time={"from": MINUTES[0], "to": MINUTES[-1], "step_s": 60.0},
    )


@pytest.fixture(scope="module")
def dataset(config: Any) -> Any:
    return li.run_pass(config, ["random", "bound"], trials=2)


def _at(config: Any, instant: str) -> Any:
    return config.replace(**{"satellite.time": instant})


def test_residuals_are_what_compensation_of_the_site_leaves(config: Any) -> None:
    """Doppler shifts against the derivative of range differences, delays against the differences themselves."""
    at = _at(config, MINUTES[1]).replace(user_spread_km=200.0)
    places, sight = user_places(at), scenario_view(at.satellite)
    assert places is not None
    half = np.timedelta64(100, "ms")
    times = sight.view.times + half * np.arange(-1, 2)
    users = [site_at_offset(sight.site, 0.0, north, 0.0) for north in (200e3, -200e3)]
    beyond = np.stack([view(sight.elements, site, times).range_m for site in users])
    beyond = beyond - view(sight.elements, sight.site, times).range_m
    shift_hz = -(beyond[:, 2] - beyond[:, 0]) / 0.2 / SPEED_OF_LIGHT_M_S * at.carrier_hz
    np.testing.assert_allclose(places.dopplers, shift_hz * at.n_doppler * at.symbol_duration, rtol=1e-4)
    samples = (beyond[:, 1] - beyond[:, 1].min()) / SPEED_OF_LIGHT_M_S * at.n_delay * at.subcarrier_spacing
    np.testing.assert_array_equal(places.delays, np.round(samples))


def test_the_budget_of_every_instant_is_absolute(config: Any, dataset: Any) -> None:
    """Noise, referred to the transmitter, grows with the squared range; so does what the bound on rates is made of."""
    noise = np.array([link_of(_at(config, instant)).receiver_noise for instant in MINUTES])
    range_m = dataset["range_m"].values
    np.testing.assert_allclose(noise / noise[0], (range_m / range_m[0]) ** 2, rtol=1e-9)
    rates = dataset["min_rate"].sel(scheme="bound").mean("trial").values
    assert rates[2] > rates[0]  # nearer by 6 dB
    assert np.all(np.isfinite(rates))


def test_instants_share_their_programs(config: Any, dataset: Any) -> None:
    structures = {jax.tree.structure(parameters(_at(config, instant))) for instant in MINUTES}
    assert len(structures) == 1
    dopplers = [np.asarray(parameters(_at(config, instant)).frame.user_dopplers) for instant in MINUTES]
    assert not np.allclose(dopplers[0], dopplers[2], rtol=0.1)
    before = evaluation(SYSTEM).compilations()
    li.run_pass(config, ["random"], trials=2, step_s=30.0)
    assert evaluation(SYSTEM).compilations() == before


def test_an_instant_alone_has_the_same_bits(config: Any, dataset: Any) -> None:
    at = _at(config, MINUTES[2])
    channels = li.draw(at, trials=2)
    alone = li.evaluate(at, channels, li.design(at, channels, "random").value)
    np.testing.assert_array_equal(alone["min_rate"], dataset["min_rate"].sel(scheme="random").values[2])


@pytest.mark.parametrize("is_joint", [False, True])
def test_full_load_knows_the_users_shifts(config: Any, is_joint: bool) -> None:
    """The program against the judge, and both against users whose paths have the shifts from the outset."""
    numbers = parameters(_at(config, MINUTES[1]))
    frame, rng = numbers.frame, np.random.default_rng(3)
    gains, beams = known_gains(2, 2)[:, :, :2], rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
    beams *= np.sqrt(float(numbers.total_power)) / np.linalg.norm(beams)
    decoding = decodings("rsma", 2)[0]
    by_judge = jax.jit(step_rates)(numbers, Channels(gains), LoadedDesign(beams, np.array([0.5, 0.5]), decoding))
    shape = LoadShape(replace(frame, user_dopplers=None), 2, 2, 3, 4, False, is_joint)
    program = jax.jit(formulate_load)(numbers, Channels(gains), decoding)
    unit = jnp.asarray(beams.T) / np.sqrt(float(numbers.total_power))
    of_program = jax.jit(lambda beams, data: step_rates_of(beams, data, shape))(unit, program)
    np.testing.assert_allclose(of_program, by_judge[int(is_joint)], rtol=1e-9)


@pytest.mark.parametrize("changes", [{"link": "snr", "satellite": None}, {"satellite": None}])
def test_a_pass_needs_a_satellite_and_a_budget(changes: dict[str, Any]) -> None:
    with pytest.raises(li.ConfigError, match="time: goes along a real pass"):
        li.config(NAME, **{"link": "budget", "time": {}, **changes})


def test_equal_shifts_of_both_users_change_no_rate(config: Any) -> None:
    """A shift of a whole frame is unitary at the receiver: with one shift for all paths of a user rates stay."""
    numbers = parameters(_at(config, MINUTES[1]))
    still = replace(numbers, frame=replace(numbers.frame, user_dopplers=0.0 * numbers.frame.user_dopplers))
    at = _at(config, MINUTES[1])
    one = jax.tree.map(lambda leaf: leaf[0], li.design(at, li.draw(at, trials=1), "random").value)
    flat = known_gains(2, 2)[:, :, :2].copy()
    flat[..., 1] = 0.0  # one path: turning all its samples is a unitary matrix
    judged = jax.jit(evaluate)
    rates = [judged(each, Channels(flat), one)["rate"] for each in (numbers, still)]
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-9)
