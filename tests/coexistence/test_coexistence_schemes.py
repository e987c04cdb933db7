"""The judge against its slow twin, and what every scheme promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn, judged_metrics, random_design
from oracles.coexistence_metrics import cell_metrics

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.config import CoexistenceConfig
from leoisac.systems.coexistence.fast import baselines, sensing_schemes
from leoisac.systems.coexistence.fast import schemes as fast_schemes
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.world.channels import prepare
from leoisac.systems.coexistence.world.scheduling import schedule

TRIALS = 12
PASS: dict[str, Any] = {"name": "STARLINK-1423", "time": "best-pass", "latitude_deg": 48.0, "longitude_deg": 11.0}


class Scene:
    """Channels of one configuration and the designs of its schemes, each made once."""

    def __init__(self, config: CoexistenceConfig, trials: int) -> None:
        self.config, self.channels, self.parameters = config, drawn(config, trials), parameters(config)
        self._solved: dict[str, Any] = {}

    def solve(self, function: Any) -> tuple[Any, dict[str, np.ndarray]]:
        name = function.__name__
        if name not in self._solved:
            solution = function(self.parameters, self.channels)
            self._solved[name] = (solution, judged_metrics(self.config, self.channels, solution.value))
        return self._solved[name]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(configured(**SMALL, min_sut_rate=4.0), TRIALS)


@pytest.fixture(scope="module")
def beams() -> Scene:
    """Two spot beams over two cells each."""
    return Scene(configured(**{**SMALL, "num_cells": 4, "cells_per_beam": 2}), 4)


class TestJudge:
    def test_against_the_slow_twin(self, beams: Scene) -> None:
        design = random_design(beams.config, beams.channels)
        metrics = judged_metrics(beams.config, beams.channels, design)
        for trial, cell in ((0, 0), (3, 1), (2, 2)):
            expected = cell_metrics(beams.channels, design, trial, cell, share=2)
            np.testing.assert_allclose(metrics["tut_rate"][trial, cell], expected["tut_rate"], rtol=1e-9)
            np.testing.assert_allclose(metrics["scnr"][trial, cell], expected["scnr"], rtol=1e-9)
            served = expected["sut_rate"] if cell % 2 == 0 else 0.0
            np.testing.assert_allclose(metrics["sut_rate"][trial, cell], served, rtol=1e-9)
        total = metrics["tut_rate"].sum(axis=(1, 2)) + metrics["sut_rate"].sum(axis=1)
        np.testing.assert_allclose(metrics["sum_rate"], total)

    def test_a_beam_counts_once_in_the_satellites_power(self, beams: Scene) -> None:
        design = random_design(beams.config, beams.channels)
        metrics = judged_metrics(beams.config, beams.channels, design)
        spent = design.beam_power[:, ::2].sum(axis=1)
        np.testing.assert_allclose(metrics["margin_satellite_power"], 1 - spent / 200.0)
        stations = np.sum(np.abs(design.beamformer) ** 2, axis=(1, 2, 3))
        np.testing.assert_allclose(metrics["total_power"], stations + spent)
        np.testing.assert_allclose(metrics["margin_bs_power"], 0.1, rtol=1e-9)

    def test_flux_density_is_power_over_area(self, scene: Scene) -> None:
        design = random_design(scene.config, scene.channels)
        metrics = judged_metrics(scene.config, scene.channels, design)
        # EIRP over the sphere, less shadowing: 200 W + 38 dBi at 500 to 909 km over 100 MHz.
        zenith = 10 * np.log10(design.beam_power[:, 0]) + 38 - 10 * np.log10(4 * np.pi * 500e3**2) - 20
        assert np.all(np.abs(metrics["sut_flux_dbw_m2_mhz"][:, 0] - zenith) < 3 * 4 + 5.2)
        wavelength = 299792458.0 / scene.config.carrier_hz
        for name, gain_dbi in (("sut", scene.config.sut_gain_dbi), ("tut", scene.config.tut_gain_dbi)):
            area = wavelength**2 / (4 * np.pi) * 10 ** (gain_dbi / 10)
            assert float(getattr(parameters(scene.config), f"{name}_aperture")) == pytest.approx(area, rel=1e-9)
        # The same over the terrestrial users' aperture, where the beam is strongest.
        numbers = parameters(scene.config)
        arrived = np.asarray(scene.channels.g_tut).max(axis=-1) * design.beam_power / numbers.tut_aperture
        expected = 10 * np.log10(arrived / numbers.bandwidth_mhz)
        np.testing.assert_allclose(metrics["tut_flux_dbw_m2_mhz"], expected, rtol=1e-9)


class TestSchemes:
    def test_the_proposed_scheme_meets_every_constraint(self, scene: Scene) -> None:
        solution, metrics = scene.solve(fast_schemes.solve_proposed)
        usable = solution.status == Status.CONVERGED
        assert usable.mean() >= 0.5
        for name in ("sut_rate", "scnr", "bs_power", "satellite_power"):
            assert metrics[f"margin_{name}"][usable].min() >= -1e-3, name
        np.testing.assert_allclose(solution.objective, metrics["sum_rate"])
        assert np.all(solution.value.beam_power <= solution.value.power_cap * (1 + 1e-9))

    def test_proposed_beats_zero_forcing_on_average(self, scene: Scene) -> None:
        proposed, _ = scene.solve(fast_schemes.solve_proposed)
        usable = proposed.status == Status.CONVERGED
        for baseline in (baselines.solve_zf_eps, baselines.solve_rzf_eps):
            other, _ = scene.solve(baseline)
            assert proposed.objective[usable].mean() > other.objective[usable].mean()

    def test_a_searched_design_that_misses_a_floor_is_none(self, scene: Scene) -> None:
        plain, missed = scene.solve(baselines.solve_zf_eps)
        margin = np.minimum(missed["margin_scnr"], missed["margin_sut_rate"])
        np.testing.assert_array_equal(plain.status == Status.CONVERGED, margin >= -1e-3)
        hard = plain.status == Status.NO_FEASIBLE_POINT
        assert hard.any()
        regularised, metrics = scene.solve(baselines.solve_rzf_eps)
        usable = regularised.status == Status.CONVERGED
        assert usable[~hard].all()
        assert usable[hard].any()
        assert np.all(metrics["terrestrial_rate"][usable] > 0.1)
        # Plain zero forcing is among the designs of the other search, whose grid has fewer powers.
        assert np.all(regularised.objective[~hard] >= 0.97 * plain.objective[~hard])

    def test_ideals_ignore_the_coupling(self, scene: Scene) -> None:
        ideal, metrics = scene.solve(baselines.solve_interference_free)
        better, improved = scene.solve(fast_schemes.solve_interference_free_wmmse)
        snr = 200 * scene.channels.g_sut / scene.channels.noise_power
        np.testing.assert_allclose(metrics["sut_rate"], np.log2(1 + snr), rtol=1e-9)
        usable = better.status == Status.CONVERGED
        senses = usable & (metrics["margin_scnr"] > -1e-3)
        assert np.all(better.objective[senses] >= ideal.objective[senses] * (1 - 1e-3))
        assert improved["margin_scnr"][usable].min() >= -1e-3

    def test_greedy_is_the_ideal_design_met_by_reality(self, scene: Scene) -> None:
        ideal, _ = scene.solve(baselines.solve_interference_free)
        greedy, _ = scene.solve(baselines.solve_greedy)
        np.testing.assert_array_equal(greedy.value.beamformer, ideal.value.beamformer)
        assert np.all(greedy.objective < ideal.objective)
        uniform, _ = scene.solve(baselines.solve_uniform)
        data = np.sum(np.abs(uniform.value.beamformer[:, 0, :, :2]) ** 2, axis=1)
        np.testing.assert_allclose(data[:, 0], data[:, 1])

    def test_one_cell_with_the_whole_power_is_coop_uniform(self, scene: Scene) -> None:
        solution, _ = scene.solve(fast_schemes.solve_coop_uniform)
        np.testing.assert_array_equal(solution.value.beam_power, 200.0)

    def test_beams_of_several_cells(self, beams: Scene) -> None:
        solution, metrics = beams.solve(fast_schemes.solve_proposed)
        power = solution.value.beam_power
        np.testing.assert_array_equal(power[:, ::2], power[:, 1::2])
        usable = solution.status == Status.CONVERGED
        assert usable.any()
        assert metrics["margin_sut_rate"][usable].min() >= -1e-3
        assert np.all(metrics["sut_rate"][:, 1::2] == 0)

    def test_a_given_association_is_kept(self, scene: Scene) -> None:
        given = np.zeros((TRIALS, 1, 2), dtype=int)
        solution = fast_schemes.solve_coop_uniform(scene.parameters, scene.channels, association=given)
        np.testing.assert_array_equal(solution.value.association, given)


class TestSensingAlone:
    def test_it_fails_where_the_least_power_exceeds_the_budget(self, scene: Scene) -> None:
        # At 20 dBm some trials of the small setting can sense their targets and some cannot.
        weak = parameters(scene.config.replace(bs_power_dbm=20.0))
        solution = sensing_schemes.solve_sensing_only(weak, scene.channels)
        metrics = judged_metrics(scene.config.replace(bs_power_dbm=20.0), scene.channels, solution.value)
        failed = metrics["sensing_failure"] == 1.0
        np.testing.assert_array_equal(failed, metrics["margin_scnr"] < -1e-3)
        full = metrics["margin_bs_power"] < 1e-6
        assert np.all(full[failed])
        assert np.all(np.abs(metrics["margin_scnr"][~failed]).max(initial=0) >= 0)
        np.testing.assert_allclose(metrics["tut_rate"], 0.0)

    def test_without_the_satellite_it_takes_less(self, scene: Scene) -> None:
        given = select_association(scene.parameters, scene.channels)
        some, one = scene.solve(sensing_schemes.solve_sensing_only)
        free = sensing_schemes.solve_sensing_only_free(scene.parameters, scene.channels, association=given)
        other = judged_metrics(scene.config, scene.channels, free.value)
        both = (one["sensing_failure"] == 0) & (other["sensing_failure"] == 0)
        assert both.any()
        assert np.all(other["bs_power"][both] <= one["bs_power"][both] * (1 + 1e-6))
        assert some.value.coupling.min() == 1.0


class TestRefinement:
    def test_without_ageing_nothing_needs_refining(self, scene: Scene) -> None:
        still = drawn(scene.config.replace(ageing_rho=1.0), TRIALS)
        kept = fast_schemes.solve_proposed_unrefined(scene.parameters, still)
        genie = fast_schemes.solve_proposed_genie(scene.parameters, still)
        usable = (kept.status == Status.CONVERGED) & (genie.status == Status.CONVERGED)
        np.testing.assert_allclose(kept.objective[usable], genie.objective[usable], rtol=0.03)

    def test_stale_beams_are_worse(self, scene: Scene) -> None:
        kept, _ = scene.solve(fast_schemes.solve_proposed_unrefined)
        proposed, _ = scene.solve(fast_schemes.solve_proposed)
        usable = proposed.status == Status.CONVERGED
        assert kept.objective[usable].mean() < 0.9 * proposed.objective[usable].mean()


def test_a_wrong_prediction_costs_rate() -> None:
    """P1 designs for where the elements put the satellite; P3 and the judge have it elsewhere."""
    config = CoexistenceConfig.model_validate(
        {**SMALL, "satellite": PASS, "element_age_days": 30.0, "min_sut_rate": 1.0}
    )
    channels = drawn(config, 4)
    solution = fast_schemes.solve_proposed(parameters(config), channels)
    metrics = judged_metrics(config, channels, solution.value)
    exact = fast_schemes.solve_proposed_genie(parameters(config), channels)
    usable = (solution.status == Status.CONVERGED) & (exact.status == Status.CONVERGED)
    assert usable.any()
    assert solution.objective[usable].mean() <= exact.objective[usable].mean() * 1.01
    assert metrics["margin_sut_rate"][usable].min() >= -1e-3
    assert channels.predicted is not None


def test_users_served_are_candidates_and_estimates_have_errors() -> None:
    every = drawn(configured(**{**SMALL, "num_users": 5}), 6)
    config = configured(**SMALL, min_sut_rate=0.0, csi_error_db=-20.0, num_candidates=5, scheduling="semi-orthogonal")
    channels, norms = drawn(config, 6), np.linalg.norm(every.h_tut, axis=-1)
    for rule, expected in (
        ("first", np.broadcast_to([0, 1], (6, 2))),
        ("strongest", np.argsort(-norms[:, 0], axis=-1)[:, :2]),
    ):
        geometry = prepare(config.replace(scheduling=rule))
        np.testing.assert_array_equal(schedule(geometry, jnp.asarray(every.h_tut[:, 0])), expected)
    np.testing.assert_allclose(np.linalg.norm(channels.h_tut[:, :, 0], axis=-1), norms.max(axis=-1), rtol=1e-9)
    for trial in range(6):
        first, second = channels.h_tut[trial, 0]
        unit = first / np.linalg.norm(first)
        left = every.h_tut[trial, 0] - (every.h_tut[trial, 0] @ unit.conj())[:, None] * unit
        own = second - (second @ unit.conj()) * unit
        np.testing.assert_allclose(np.linalg.norm(own), np.linalg.norm(left, axis=-1).max())
    assert channels.places is not None
    assert channels.places.tut_position_m.shape[:-1] == channels.g_tut.shape
    # P3 knows estimates, the judge the truth.
    assert channels.estimates is not None
    error = channels.estimates.h_tut - channels.h_tut_fresh
    share = np.linalg.norm(error, axis=-1) / np.linalg.norm(channels.h_tut_fresh, axis=-1)
    assert np.sqrt(np.mean(share**2)) == pytest.approx(0.1, rel=0.2)
    exact = replace(channels, estimates=None)
    found, known = (fast_schemes.solve_coop_uniform(parameters(config), one) for one in (channels, exact))
    assert found.objective.mean() < known.objective.mean()
    np.testing.assert_allclose(found.objective, judged_metrics(config, channels, found.value)["sum_rate"])
    with pytest.raises(ConfigError, match="at least num_users"):
        configured(num_candidates=2)
    with pytest.raises(ConfigError, match="give one for each"):
        configured(tut_weights=(1.0, 2.0))


@pytest.mark.parametrize("changes", [{"num_targets": 0}, pytest.param({"num_users": 0}, marks=pytest.mark.further)])
def test_cells_without_targets_or_without_users(changes: dict[str, Any]) -> None:
    config = configured(**{**SMALL, **changes})
    channels, numbers = drawn(config, 6), parameters(config)
    proposed = fast_schemes.solve_proposed(numbers, channels)
    other = baselines.solve_zf_eps(numbers, channels)
    usable = proposed.status == Status.CONVERGED
    assert usable.mean() >= 0.5
    metrics = judged_metrics(config, channels, proposed.value)
    assert all(np.isfinite(values).all() for values in metrics.values())
    assert metrics["margin_sut_rate"][usable].min() >= -1e-3
    both = usable & (other.status == Status.CONVERGED)
    assert proposed.objective[both].mean() >= 0.99 * other.objective[both].mean()
    if config.num_targets == 0:
        # Nothing binds but power: the best of broadcast beams, which zero forcing comes near to.
        assert usable.all()
        np.testing.assert_array_equal(metrics["margin_scnr"], 0.0)
    else:
        np.testing.assert_allclose(metrics["sum_rate"], metrics["satellite_rate"])
