"""Association, merging of beam powers, and the repair of P3: reference values and properties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

import leoisac.systems.coexistence as coexistence
from leoisac.foundation.config import ConfigError
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.systems.coexistence import association_rules
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem.association import associate, improve_by_reassignment
from leoisac.systems.coexistence.problem.cell_program import CellSolution
from leoisac.systems.coexistence.problem.coordination import (
    CellSolvers,
    Powers,
    merge,
    needs_repair,
    raised_floor,
    refine,
)
from leoisac.systems.coexistence.problem.least_power import least_sensing_power
from leoisac.systems.coexistence.problem.merging import merge_powers
from leoisac.systems.coexistence.problem.normalised import flatten, fresh_problem, predicted_problem
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.problem.zero_forcing import zero_forcing

STRENGTH = np.array([[5.0, 4.0, 1.0, 1.0], [4.5, 1.0, 3.0, 1.0], [1.0, 2.0, 2.5, 3.0]])
ANGLE = np.radians([[10.0, 40.0, -30.0, 0.0], [12.0, -20.0, 25.0, 60.0], [70.0, 30.0, 28.0, -10.0]])
SATELLITE = np.radians([50.0, 35.0, -60.0, -12.0])


class TestAssociation:
    @pytest.mark.parametrize(
        ("rule", "expected"), [("proposed", (0, 2, 0)), ("nearest", (0, 0, 3)), ("greedy", (0, 2, 3))]
    )
    def test_reference_values(self, rule: str, expected: tuple[int, ...]) -> None:
        np.testing.assert_array_equal(associate(STRENGTH, ANGLE, SATELLITE, rule), expected)

    def test_without_exclusions_the_proposed_one_is_the_nearest(self) -> None:
        chosen = associate(STRENGTH, ANGLE, SATELLITE, satellite_separation=0.0, target_separation=0.0)
        np.testing.assert_array_equal(chosen, associate(STRENGTH, ANGLE, SATELLITE, "nearest"))

    def test_nobody_is_left_without_a_receiver(self) -> None:
        # All receivers blinded: the one farthest from the satellite in angle.
        blinded = associate(STRENGTH, ANGLE, SATELLITE, satellite_separation=math.pi)
        np.testing.assert_array_equal(blinded, np.argmax(np.abs(ANGLE - SATELLITE), axis=1))
        # Targets exclude each other everywhere: the strongest clear receiver for those that are left.
        crowded = associate(STRENGTH, ANGLE, SATELLITE, satellite_separation=0.0, target_separation=math.pi)
        assert set(crowded) <= {0, 1, 2, 3}
        assert crowded[0] == 0

    @settings(max_examples=40, deadline=None)
    @given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
    def test_every_rule_serves_every_target(self, targets: int, receivers: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        amplitude = rng.standard_normal((targets, receivers)) + 1j * rng.standard_normal((targets, receivers))
        angle = rng.uniform(-1.5, 1.5, (targets, receivers))
        satellite = rng.uniform(-1.5, 1.5, receivers)
        for rule in ("proposed", "nearest", "greedy", "random"):
            chosen = associate(amplitude, angle, satellite, rule)
            assert chosen.shape == (targets,)
            assert np.all((chosen >= 0) & (chosen < receivers))
            counts = np.bincount(chosen, minlength=receivers)
            if rule in ("greedy", "random"):
                assert counts.max() <= math.ceil(targets / receivers)

    def test_random_receivers_are_uniform(self) -> None:
        rng = np.random.default_rng(0)
        phases = np.exp(2j * np.pi * rng.uniform(size=(3000, 2, 3)))
        chosen = np.array([associate(a, np.zeros((2, 3)), np.zeros(3), "random") for a in phases])
        for target in range(2):
            np.testing.assert_allclose(np.bincount(chosen[:, target]) / 3000, 1 / 3, atol=0.04)

    def test_unknown_rules_are_refused(self) -> None:
        with pytest.raises(ValueError, match="one of"):
            associate(STRENGTH, ANGLE, SATELLITE, "best")

    def test_local_search_finds_the_best_of_separable_costs(self) -> None:
        costs = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, 0.4]])

        def cost(cells: np.ndarray) -> np.ndarray:
            return costs[0, cells[:, 0]] + costs[1, cells[:, 1]]

        found = improve_by_reassignment(np.array([[0, 1], [2, 2]]), 3, cost)
        np.testing.assert_array_equal(found, [[1, 2], [1, 2]])


class TestMerging:
    def test_caps_that_fit_are_taken(self) -> None:
        merged = merge_powers(np.array([3.0, 1.0]), 1.0, np.array([0.3, 0.6]), 0.5)
        np.testing.assert_array_equal(merged.power, [0.3, 0.6])
        assert merged.feasible

    def test_floors_keep_the_least_rates(self) -> None:
        gains, caps = np.array([100.0, 50.0, 10.0, 4.0]), np.array([0.9, 0.9, 0.9, 0.9])
        merged = merge_powers(gains, 1.0, caps, min_rate=1.0)
        assert merged.feasible
        assert merged.power.sum() == pytest.approx(1.0, abs=1e-9)
        assert np.all(np.log2(1 + gains * merged.power) >= 1.0 - 1e-9)

    def test_floors_above_the_budget_are_flagged(self) -> None:
        merged = merge_powers(np.array([1.0, 1.0]), 1.0, np.array([2.0, 3.0]), min_rate=1.0)
        assert not merged.feasible
        assert merged.power.sum() == pytest.approx(1.0)

    @pytest.mark.parametrize("seed", range(3))
    def test_against_a_convex_solver(self, seed: int) -> None:
        cp = pytest.importorskip("cvxpy")
        rng = np.random.default_rng(seed)
        gains, caps = 10 ** rng.uniform(0.5, 3, 5), rng.uniform(0.2, 0.6, 5)
        merged = merge_powers(gains, 1.0, caps, min_rate=0.6)
        power = cp.Variable(5)
        floors = (2**0.6 - 1) / gains
        objective = cp.Maximize(cp.sum(cp.log1p(cp.multiply(gains, power))))
        cp.Problem(objective, [cp.sum(power) <= 1, power >= floors, power <= caps]).solve(
            solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12
        )
        np.testing.assert_allclose(merged.power, power.value, atol=1e-5)


@pytest.fixture(scope="module")
def scene() -> Any:
    config = configured(**{**SMALL, "num_cells": 4, "cells_per_beam": 2})
    channels = drawn(config, 3)
    return config, channels, parameters(config)


class TestStages:
    def test_a_satellite_user_hears_all_cells_of_its_beam(self, scene: Any) -> None:
        config, channels, numbers = scene
        association = select_association(numbers, channels)
        problem = by_lanes(predicted_problem)(numbers, channels, association)
        beams = np.zeros((3, 4, config.num_tx, config.num_streams), dtype=complex)
        beams[:, :, 0, 0] = 1.0
        q = np.full((3, 4), 1.0)
        powers = merge(numbers, problem, beams, q)
        np.testing.assert_allclose(powers.cap, 1.0)
        heard = 1.0 + np.sum(np.abs(problem.h_sut[:, :, 0]).reshape(3, 2, 2) ** 2, axis=2)
        expected = [merge_powers(a, 1.0, np.ones(2), 5.0).power for a in problem.g_sut[:, ::2] / heard]
        np.testing.assert_allclose(powers.power[:, ::2], expected)

    def test_p3_is_repeated_where_the_merged_power_is_too_low(self, scene: Any) -> None:
        """A constructed case: P3's beams leak so much that the satellite user has its rate at the cap, not below."""
        config = scene[0].replace(cells_per_beam=1)
        channels, numbers = drawn(config, 3), parameters(config)
        association = select_association(numbers, channels)
        cap, power = np.full((3, 4), 0.5), np.full((3, 4), 0.2)
        # Leakage of 80 % of what the rate at the cap allows; a repeated P3 leaks as much as its raised floor allows.
        calls: list[np.ndarray] = []

        def leaky(cells: Any, q: np.ndarray) -> CellSolution:
            calls.append(np.asarray(cells.min_sut_rate))
            allowed = cells.g_sut * q**2 / (2.0 ** np.maximum(cells.min_sut_rate, 1e-3) - 1.0) - 1.0
            norm = np.linalg.norm(cells.h_sut, axis=1)
            share = np.sqrt(0.8 * np.maximum(allowed, 0.0)) / np.maximum(norm, 1e-30) ** 2
            beams = np.zeros((len(q), config.num_tx, config.num_streams), dtype=complex)
            beams[:, :, 0] = np.where(norm[:, None] > 0, share[:, None] * np.conj(cells.h_sut), 0.0)
            zeros = np.zeros(len(q))
            return CellSolution(beams, q, zeros.astype(int), zeros, zeros, zeros.astype(int), zeros[:, None])

        solvers = CellSolvers(p1=lambda cells: leaky(cells, np.ones(len(cells.g_sut))), p3=leaky)
        solution = refine(numbers, channels, association, Powers(cap, power, np.ones(3, dtype=bool)), solvers)
        assert len(calls) == 2
        assert calls[1].size == 12
        np.testing.assert_allclose(calls[1], np.log2(1 + 31.0 * 2.5))
        leakage = np.sum(
            np.abs(np.einsum("bmt,bmts->bms", channels.h_sut_fresh, solution.value.beamformer)) ** 2, axis=-1
        )
        sinr = channels.g_sut * solution.value.beam_power / (leakage + channels.noise_power)
        assert np.all(np.log2(1 + sinr) >= 5.0 - 1e-9)

    def test_the_raised_floor_gives_the_rate_at_the_lower_power(self, scene: Any) -> None:
        _, channels, numbers = scene
        cells = by_lanes(fresh_problem)(numbers, channels, select_association(numbers, channels))
        cap, power = np.full((3, 4), 0.6), np.full((3, 4), 0.15)
        raised = raised_floor(cells, cap, power)
        np.testing.assert_allclose((2.0**raised.min_sut_rate - 1) * power / cap, 31.0, rtol=1e-9)
        assert not needs_repair(cells, np.zeros((3, 4, 8, 4)), cap, cap).any()


class TestSelection:
    def test_given_associations_are_checked(self, scene: Any) -> None:
        _, channels, numbers = scene
        given = np.ones((3, 4, 2), dtype=int)
        np.testing.assert_array_equal(select_association(numbers, channels, given), given)
        np.testing.assert_array_equal(select_association(numbers, channels, given[0]), given)
        with pytest.raises(ConfigError, match="0 to 2"):
            select_association(numbers, channels, 3 * given)
        with pytest.raises(ConfigError, match="shape"):
            select_association(numbers, channels, given[:, :1])

    def test_local_search_lowers_the_least_power(self, scene: Any) -> None:
        _, channels, numbers = scene

        def power(association: np.ndarray) -> np.ndarray:
            problem = by_lanes(predicted_problem)(numbers, channels, association)
            return np.asarray(least_sensing_power(flatten(problem), 1.0).power)

        before = power(select_association(numbers, channels))
        after = power(select_association(numbers, channels, rule="local-search"))
        assert np.all(after <= before * (1 + 1e-6))
        assert np.any(after < 0.99 * before)


def test_zero_forcing_nulls_what_it_should(scene: Any) -> None:
    _, channels, numbers = scene
    cells = flatten(by_lanes(fresh_problem)(numbers, channels, select_association(numbers, channels)))
    beams = by_lanes(_zero_forced)(None, cells)
    leak = np.abs(np.einsum("ct,cts->cs", cells.h_sut, beams)) / np.maximum(
        np.linalg.norm(cells.h_sut, axis=1, keepdims=True), 1e-30
    )
    assert np.median(leak.max(axis=1)) < 1e-6
    np.testing.assert_allclose(np.sum(np.abs(beams) ** 2, axis=(1, 2)), 1.0, rtol=1e-9)


def _zero_forced(_: None, cell: Any) -> Any:
    return zero_forcing(cell, 0.5)


def test_plain_functions_are_at_hand() -> None:
    assert coexistence.associate is associate
    assert coexistence.merge_powers is merge_powers
    assert coexistence.least_sensing_power is least_sensing_power
    with pytest.raises(AttributeError):
        coexistence.nothing  # noqa: B018
    assert int(Status.INFEASIBLE) == 3


def test_a_plugin_brings_a_rule() -> None:
    with pytest.raises(ConfigError, match="must be loaded first"):
        configured(association="last")

    @coexistence.association_rule("last")
    def last(amplitude: Any, angle: Any, satellite_angle: Any) -> Any:
        return np.full(len(amplitude), amplitude.shape[1] - 1)

    @coexistence.association_rule("wrong")
    def wrong(amplitude: Any, angle: Any, satellite_angle: Any) -> Any:
        return np.full(len(amplitude), 9)

    try:
        config = configured(**SMALL, association="last")
        channels = drawn(config, 2)
        np.testing.assert_array_equal(select_association(parameters(config), channels), 2)
        with pytest.raises(ValueError, match="a receiver from 0 to 3"):
            associate(STRENGTH, ANGLE, SATELLITE, "wrong")
        with pytest.raises(ConfigError, match="built in"):
            coexistence.association_rule("nearest")
    finally:
        for name in ("last", "wrong"):
            del association_rules.OWN[name]
