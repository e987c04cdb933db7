"""Spot beams that share colours of the band: lattice, patterns, the judge, designs, and the limit of far beams."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn, judged_metrics, random_design

from leoisac.antennas.satellite_patterns import s1528_leo_gain_dbi
from leoisac.antennas.simple_patterns import gaussian_beam_gain
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.fast.baselines import solve_rzf_eps
from leoisac.systems.coexistence.fast.schemes import solve_proposed
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem.cell_program import cell_metrics
from leoisac.systems.coexistence.problem.known_noise import assuming
from leoisac.systems.coexistence.problem.normalised import flatten, fresh_problem
from leoisac.systems.coexistence.problem.proofs import impossible
from leoisac.systems.coexistence.spot_beams import (
    beams_that_share,
    hexagonal_centres,
    hexagonal_colours,
    hexagonal_places,
    spread_colours,
)

BEAMS = 3
TRIALS = 6
NEAR: dict[str, Any] = {**SMALL, "num_cells": BEAMS, "frequency_reuse": 1, "beam_spacing_m": 20_000.0}


@pytest.fixture(scope="module")
def near() -> Any:
    config = configured(**NEAR)
    channels = drawn(config, TRIALS)
    return config, channels, random_design(config, channels)


@pytest.mark.parametrize("reuse", [1, 3, 4])
def test_the_nearest_beam_of_a_colour_is_a_root_of_the_reuse_away(reuse: int) -> None:
    places = hexagonal_places(61)
    assert len({tuple(place) for place in places.tolist()}) == 61
    centres, colours = hexagonal_centres(places, 1.0), hexagonal_colours(places, reuse)
    assert np.linalg.norm(centres, axis=1).max() == pytest.approx(4.0)  # four whole rings
    assert len(set(colours.tolist())) == reuse
    apart = np.linalg.norm(centres[:, None] - centres, axis=-1)
    same = (colours[:, None] == colours) & ~np.eye(61, dtype=bool)
    assert apart[same].min() == pytest.approx(math.sqrt(reuse))
    # Anywhere else colours are dealt out so that as near a pair does not occur where it can be avoided.
    dealt = spread_colours(centres[:7], reuse)
    again = (dealt[:, None] == dealt) & ~np.eye(7, dtype=bool)
    assert apart[:7, :7][again].min() >= (0.9 if reuse == 1 else 1.7)


@pytest.mark.parametrize("pattern", ["gaussian", "s1528"])
def test_gains_are_the_patterns_at_true_angles(pattern: str) -> None:
    config = configured(**NEAR, beam_pattern=pattern, satellite_shadowing_db=0.0)
    channels = drawn(config, 2)
    places, beams = channels.places, channels.other_beams
    assert places is not None
    assert places.beam_position_m is not None
    assert beams is not None
    for trial in range(2):
        elevation, azimuth = float(places.satellite_elevation[trial]), float(places.satellite_azimuth[trial])
        distance = float(places.satellite_range_m[trial])
        towards = [math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth)]
        satellite = distance * np.array([*towards, math.sin(elevation)])
        friis = (299792458.0 / (4.0 * math.pi * 15e9 * distance)) ** 2
        for cell in range(BEAMS):
            for other in range(BEAMS):
                aim = places.beam_position_m[trial, other] + places.sut_position_m[trial, other]
                nodes = {
                    "to_sut": (places.sut_position_m[trial, cell], 34.2),
                    "to_tut": (places.tut_position_m[trial, cell, 1], 0.0),
                    "to_radar": (places.receiver_position_m[trial, cell, 2], 0.0),
                }
                for name, (place, gain_dbi) in nodes.items():
                    one, two = (
                        np.append(ground, 0.0) - satellite
                        for ground in (aim, places.beam_position_m[trial, cell] + place)
                    )
                    angle = math.acos(min(1.0, one @ two / np.linalg.norm(one) / np.linalg.norm(two)))
                    loss = float(gaussian_beam_gain(math.degrees(angle), 1.0)) * 10**3.8
                    if pattern == "s1528":
                        loss = 10 ** (0.1 * float(s1528_leo_gain_dbi(angle, 38.0, math.radians(1.0))))
                    expected = 0.0 if other == cell else friis * loss * 10 ** (0.1 * gain_dbi)
                    found = {
                        "to_sut": beams.to_sut[trial, cell, other],
                        "to_tut": beams.to_tut[trial, cell, other, 1],
                        "to_radar": np.mean(np.abs(beams.to_radar[trial, cell, 2, other]) ** 2),
                    }[name]
                    np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=name)


def test_the_judge_against_sums_written_out(near: Any) -> None:
    config, channels, design = near
    found = judged_metrics(config, channels, design)
    for trial in range(2):
        for cell in range(BEAMS):
            power = design.beam_power[trial]
            beams, noise = design.beamformer[trial, cell], channels.noise_power[trial, cell]
            arriving = [channels.other_beams.to_sut[trial, cell, b] * power[b] for b in range(BEAMS)]
            leak = np.linalg.norm(channels.h_sut_fresh[trial, cell] @ beams) ** 2
            ratio = channels.g_sut[trial, cell] * power[cell] / (leak + sum(arriving) + noise)
            np.testing.assert_allclose(found["sut_rate"][trial, cell], np.log2(1 + ratio), rtol=1e-9)
            np.testing.assert_allclose(
                found["inr_sut_beams_db"][trial, cell], 10 * np.log10(sum(arriving) / noise), rtol=1e-9
            )
            for user in range(2):
                got = np.abs(channels.h_tut_fresh[trial, cell, user] @ beams) ** 2
                others = sum(channels.other_beams.to_tut[trial, cell, b, user] * power[b] for b in range(BEAMS))
                others += channels.g_tut[trial, cell, user] * power[cell]
                ratio = got[user] / (got.sum() - got[user] + others + noise)
                np.testing.assert_allclose(found["tut_rate"][trial, cell, user], np.log2(1 + ratio), rtol=1e-9)
                np.testing.assert_allclose(found["inr_tut_db"][trial, cell, user], 10 * np.log10(others / noise))
    # A receiver sees all beams of the satellite in one direction: as one beam of all their power.
    share = np.sum(np.abs(channels.other_beams.to_radar[..., 0]) ** 2 * design.beam_power[:, None, None], axis=-1)
    own = np.abs(channels.g_rad[..., 0]) ** 2 * design.beam_power[..., None]
    grown = replace(channels, other_beams=None, g_rad=channels.g_rad * np.sqrt(1.0 + share / own)[..., None])
    apart = config.replace(frequency_reuse=0)
    np.testing.assert_allclose(judged_metrics(apart, grown, design)["scnr"], found["scnr"], rtol=1e-7)
    np.testing.assert_allclose(found["whole_band_rate"], found["sum_rate"])


def test_what_is_designed_is_what_is_judged(near: Any) -> None:
    config, channels, design = near
    numbers = parameters(config)
    known = assuming(channels, design.beam_power / 200.0)
    problem = flatten(by_lanes(fresh_problem)(numbers, known, design.association))
    normal = design.beamformer.reshape(-1, *design.beamformer.shape[2:]) / np.sqrt(float(numbers.bs_power))
    found = jax.jit(jax.vmap(cell_metrics))(problem, normal, np.sqrt(design.beam_power.ravel() / 200.0))
    judged = judged_metrics(config, channels, design)
    for name in ("tut_rate", "sut_rate", "scnr"):
        values = getattr(found, name)
        np.testing.assert_allclose(values.reshape(judged[name].shape), judged[name], rtol=1e-8, err_msg=name)


def test_far_beams_are_separated_ones() -> None:
    far = configured(**{**NEAR, "beam_positions_m": ((0.0, 0.0), (3e7, 0.0), (0.0, -5e7))})
    apart = configured(**{**NEAR, "frequency_reuse": 0})
    one, two = drawn(far, TRIALS), drawn(apart, TRIALS)
    assert two.other_beams is None
    for name in ("h_tut", "h_sut", "g_tut", "g_sut", "g_rad", "target_amplitude", "clutter_amplitude"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    design = random_design(apart, two)
    with_far, without = judged_metrics(far, one, design), judged_metrics(apart, two, design)
    for name in ("sut_rate", "tut_rate"):
        np.testing.assert_array_equal(with_far[name], without[name])
    np.testing.assert_allclose(with_far["scnr"], without["scnr"], rtol=1e-12)
    first, second = solve_proposed(parameters(far), one), solve_proposed(parameters(apart), two)
    np.testing.assert_array_equal(first.status, second.status)
    np.testing.assert_allclose(first.objective, second.objective, rtol=1e-3)


def test_more_colours_disturb_satellite_users_less() -> None:
    heard = {}
    lattice = configured(**{**SMALL, "num_cells": 7, "frequency_reuse": 1, "min_elevation_deg": 80.0})
    everything = drawn(lattice, TRIALS)
    for reuse in (0, 1, 3, 4):
        config = lattice.replace(frequency_reuse=reuse)
        # Drawn once: the colours decide which of the gains are there.
        shared = np.zeros((7, 7)) if reuse == 0 else beams_that_share(config)
        gains = everything.other_beams
        assert gains is not None
        channels = replace(everything, other_beams=replace(gains, to_sut=gains.to_sut * shared))
        design = random_design(config, channels)
        even = replace(design, beam_power=np.full_like(design.beam_power, 1.0))
        heard[reuse] = judged_metrics(config, channels, even)["sut_rate"]
        assert shared[0].sum() == {0: 0, 1: 6, 3: 0, 4: 0}[reuse]
    assert np.all(heard[1] <= heard[3])
    assert np.all(heard[3] <= heard[4] + 1e-12)
    assert np.all(heard[4] <= heard[0] + 1e-12)
    assert heard[1].mean() < 0.9 * heard[3].mean()


def test_designs_among_beams_keep_their_floors(near: Any) -> None:
    config, channels, _ = near
    config = config.replace(min_sut_rate=1.0)
    numbers = parameters(config)
    for solve in (solve_proposed, solve_rzf_eps):
        solution = solve(numbers, channels)
        usable = solution.status == Status.CONVERGED
        assert usable.mean() >= 0.5, solve.__name__
        metrics = judged_metrics(config, channels, solution.value)
        for name in ("sut_rate", "scnr", "bs_power", "satellite_power"):
            assert metrics[f"margin_{name}"][usable].min() >= -1e-3, (solve.__name__, name)
    # Who does not know of the others promises more than it has.
    blind = solve_proposed(replace(numbers, frequency_reuse=0), replace(channels, other_beams=None))
    assert np.mean(blind.objective) > np.mean(judged_metrics(config, channels, blind.value)["sum_rate"])


def test_channels_that_know_no_other_beams_are_refused(near: Any) -> None:
    """Such as channels from files: colours of the band would count, and what they share would not."""
    config, channels, _ = near
    alone = replace(channels, other_beams=None)
    with pytest.raises(ConfigError, match="do not say how spot beams hear each other"):
        judged_metrics(config, alone, random_design(config, alone))


def test_floors_that_beams_cannot_all_have_are_proven_infeasible(near: Any) -> None:
    """Gains of a hundredth of the own one from both others: the SINR of all is below 50 at any power."""
    config, channels, _ = near
    apart = 1.0 - np.eye(BEAMS)
    even = 0.01 * apart * np.asarray(channels.g_sut)[..., None]
    channels = replace(channels, other_beams=replace(channels.other_beams, to_sut=even))
    for floor, proven in ((np.log2(50.9), False), (np.log2(51.1), True)):
        numbers = parameters(config.replace(min_sut_rate=floor, satellite_power_w=1e6, min_scnr_db=-60.0))
        np.testing.assert_array_equal(impossible(numbers, channels), proven)
    # At an SINR of 25 half of what arrives is other beams': twice the power that is needed alone.
    alone = 25.0 * np.sum(channels.noise_power / channels.g_sut, axis=1)
    budget = 2.0 * np.median(alone)
    numbers = parameters(config.replace(min_sut_rate=np.log2(26.0), satellite_power_w=budget, min_scnr_db=-60.0))
    np.testing.assert_array_equal(impossible(numbers, channels), 2.0 * alone > budget * (1 + 1e-9))


def test_beams_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="beam_positions_m: has 1 places"):
        configured(num_cells=2, frequency_reuse=3, beam_positions_m=((0.0, 0.0),))
    with pytest.raises(ConfigError, match="frequency_reuse"):
        configured(frequency_reuse=2)
    with pytest.raises(ValueError, match="1, 3 or 4"):
        hexagonal_colours(hexagonal_places(3), 7)
