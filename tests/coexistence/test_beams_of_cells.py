"""Cells that share a beam: the model against its twins, the joint program, and the limits in which it is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn, random_design
from tiny_cell import batch_of, random_cell

from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.problems.given import program_of
from leoisac.systems.coexistence.fast import beam as fast_beam
from leoisac.systems.coexistence.fast.beam import GRID, solve_beam_p1, solve_beam_p3
from leoisac.systems.coexistence.fast.cell import solve_p1, solve_p3
from leoisac.systems.coexistence.fast.schemes import solve_proposed
from leoisac.systems.coexistence.judge.evaluate import evaluate, parameters
from leoisac.systems.coexistence.problem.beam_direct import BeamData
from leoisac.systems.coexistence.problem.beam_program import (
    BeamProblem,
    as_cells_hear,
    beam_metrics,
    beam_violation,
)
from leoisac.systems.coexistence.problem.cell_program import cell_metrics
from leoisac.systems.coexistence.problem.known_noise import assuming
from leoisac.systems.coexistence.problem.normalised import flatten, fresh_beams
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.published import schemes as published

CELLS = 2


@pytest.fixture(scope="module")
def scene() -> Any:
    sizes = {"num_cells": 2 * CELLS, "cells_per_beam": CELLS, "cell_spacing_m": 400.0}
    # Both beams in one colour: what they put on each other is noise to both.
    config = configured(**{**SMALL, **sizes, "frequency_reuse": 1, "beam_spacing_m": 40_000.0, "min_sut_rate": 1.0})
    return config, drawn(config, 4), parameters(config)


@pytest.fixture(scope="module")
def beams(scene: Any) -> BeamProblem:
    _, channels, numbers = scene
    return flatten(by_lanes(fresh_beams)(numbers, channels, select_association(numbers, channels)))


def of_random_cells(seed: int, cross: float) -> tuple[BeamProblem, np.ndarray]:
    """A batch of one beam of two random cells of the sizes of ``SMALL``, and random beamformers."""
    drawn_cells = [random_cell(seed + c, 8, 2, 2, 4, 2) for c in range(CELLS)]
    cells = batch_of(*(one[0] for one in drawn_cells))
    cells = replace(cells, g_sut=np.full(CELLS, float(cells.g_sut[0])), min_sut_rate=np.full(CELLS, 2.0))
    rng = np.random.default_rng(seed)

    def links(*shape: int) -> np.ndarray:
        full = cross * (rng.standard_normal((CELLS, CELLS, *shape)) + 1j * rng.standard_normal((CELLS, CELLS, *shape)))
        full[np.arange(CELLS), np.arange(CELLS)] = 0.0
        return full

    problem = BeamProblem(cells, links(2, 8), links(2, 2, 8))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[None], problem), np.stack([one[1] for one in drawn_cells])[None]


_metrics = by_lanes(lambda _, problem, beamformer, q: beam_metrics(problem, beamformer, q))
_violations = by_lanes(lambda _, problem, beamformer, q: beam_violation(problem, beam_metrics(problem, beamformer, q)))


def test_a_beam_is_what_the_judge_says(scene: Any) -> None:
    config, channels, numbers = scene
    design = random_design(config, channels)
    chosen = select_association(numbers, channels)
    power = np.repeat(design.beam_power[:, ::CELLS], CELLS, axis=1)
    design = replace(design, association=chosen, beam_power=power)
    known = assuming(channels, power[:, ::CELLS] / 200.0)
    beams: BeamProblem = flatten(by_lanes(fresh_beams)(numbers, known, chosen))
    judged = by_lanes(evaluate)(numbers, channels, design)
    normal = np.reshape(design.beamformer, (-1, CELLS, *design.beamformer.shape[2:])) / np.sqrt(float(numbers.bs_power))
    found = _metrics(None, beams, normal, np.sqrt(np.ravel(power[:, ::CELLS]) / 200.0))
    np.testing.assert_allclose(found.tut_rate.reshape(judged["tut_rate"].shape), judged["tut_rate"], rtol=1e-9)
    np.testing.assert_allclose(found.scnr.reshape(judged["scnr"].shape), judged["scnr"], rtol=1e-9)
    np.testing.assert_allclose(found.sut_rate.reshape(4, -1), judged["sut_rate"][:, ::CELLS], rtol=1e-9)
    # Neighbours at 400 m are loud: that they are heard is no detail.
    alone = replace(beams, cross_tut=0 * beams.cross_tut, cross_radar=0 * beams.cross_radar)
    assert _metrics(None, alone, normal, np.sqrt(np.ravel(power[:, ::CELLS]) / 200.0)).scnr.mean() > (
        1.02 * found.scnr.mean()
    )


def test_a_cell_that_takes_its_neighbours_for_noise_sees_the_same() -> None:
    problem, beamformer = of_random_cells(0, 0.7)
    one, beams = take((problem, beamformer), 0)
    whole = jax.jit(beam_metrics)(one, beams, 0.4)
    cells = jax.jit(as_cells_hear)(one, beams)
    parts = jax.jit(jax.vmap(cell_metrics, in_axes=(0, 0, None)))(cells, beams, 0.4)
    np.testing.assert_allclose(parts.tut_rate, whole.tut_rate, rtol=1e-9)
    np.testing.assert_allclose(parts.scnr, whole.scnr, rtol=1e-9)
    np.testing.assert_allclose(parts.sut_rate, whole.sut_rate, rtol=1e-9)


def test_the_program_is_the_exact_model_with_exact_gradients() -> None:
    problem, _ = of_random_cells(3, 0.5)
    ready = by_lanes(fast_beam._formulated)(None, problem, np.full(1, 0.3), np.zeros(1))
    x = ready.start[0] + 0.05 * np.random.default_rng(0).standard_normal(ready.start.shape[1])
    one = take((problem, ready), 0)
    data = BeamData(one[1].programs, np.ones_like(x), x, np.zeros((CELLS, 2)))
    program = program_of(fast_beam.RATES.of(data))
    value, constraints = jax.jit(program)(jnp.asarray(x), data)

    def exact(variables: Any) -> tuple[Any, Any]:
        beamformer, q = fast_beam.to_beam_design(variables, one[1].programs, one[1].bases)
        metrics = beam_metrics(one[0], beamformer, q)
        return -metrics.sum_rate, jnp.log(metrics.scnr / one[0].cells.min_scnr[:, None]).ravel()

    rate, sensing = jax.jit(exact)(jnp.asarray(x))
    np.testing.assert_allclose(value, rate, rtol=1e-9)
    np.testing.assert_allclose(constraints[1:-1], sensing, rtol=1e-8)
    weights = jnp.arange(1.0, 5.0)

    def weighed(point: Any) -> Any:
        cost, limits = program(point, data)
        return cost + limits[1:-1] @ weights

    def truly(point: Any) -> Any:
        cost, limits = exact(point)
        return cost + limits @ weights

    found, expected = (jax.jit(jax.grad(function))(jnp.asarray(x)) for function in (weighed, truly))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_a_beam_of_one_cell_is_that_cell() -> None:
    cells = batch_of(*(random_cell(seed, 8, 2, 2, 4, 2)[0] for seed in range(3)))
    whole = BeamProblem(
        jax.tree.map(lambda leaf: np.asarray(leaf)[:, None], cells),
        np.zeros((3, 1, 1, 2, 8), dtype=complex),
        np.zeros((3, 1, 1, 2, 2, 8), dtype=complex),
    )
    alone, together = solve_p1(cells), solve_beam_p1(whole)
    np.testing.assert_array_equal(together.status, alone.status)
    np.testing.assert_allclose(together.objective, alone.objective, rtol=2e-3)


def test_deaf_neighbours_are_cells_by_themselves() -> None:
    problem, _ = of_random_cells(6, 0.0)
    q = np.full(1, 0.5)
    whole = solve_beam_p3(problem, q)
    apart = solve_p3(take(problem.cells, 0), np.full(CELLS, 0.5))
    users = whole.objective - np.log2(1.0 + problem.cells.g_sut[0, 0] * 0.25)  # each leaves the satellite user alone
    assert whole.status[0] == Status.CONVERGED
    assert users[0] <= np.sum(apart.objective)
    free = replace(problem, cells=replace(problem.cells, h_sut=0 * problem.cells.h_sut))
    whole = solve_beam_p3(free, q)
    apart = solve_p3(take(free.cells, 0), np.full(CELLS, 0.5))
    satellite = np.log2(1.0 + problem.cells.g_sut[0, 0] * 0.25)
    np.testing.assert_allclose(whole.objective[0], np.sum(apart.objective) - satellite, rtol=2e-3)


def test_no_common_power_of_a_grid_is_better(beams: BeamProblem) -> None:
    found = solve_beam_p1(beams)
    usable = found.status == Status.CONVERGED
    assert usable.mean() >= 0.5
    for factor in np.geomspace(1.0 / 3.0, 3.0, GRID):
        q = np.minimum(1.0, factor * found.q)
        rates = _metrics(None, beams, found.beamformer, q).sum_rate
        kept = _violations(None, beams, found.beamformer, q) <= 1e-6
        assert np.all((rates <= found.objective * (1.0 + 1e-4))[usable & kept])


def test_cell_after_cell_is_no_better_than_all_at_once(beams: BeamProblem) -> None:
    joint, blocks = solve_beam_p1(beams), solve_beam_p1(beams, coordination="blocks")
    both = (joint.status == Status.CONVERGED) & (blocks.status == Status.CONVERGED)
    assert both.mean() >= 0.4
    assert np.mean(blocks.objective[both] / joint.objective[both]) <= 1.005
    assert np.mean(blocks.objective[both] / joint.objective[both]) > 0.9
    assert np.all(blocks.iterations > joint.iterations)
    with pytest.raises(ValueError, match="joint, blocks"):
        solve_beam_p1(beams, coordination="greedy")


def test_the_published_route_refuses_beams_of_several_cells(scene: Any) -> None:
    _, channels, numbers = scene
    with pytest.raises(ConfigError, match="`fast` or `reference`"):
        published.solve_proposed_as_published(numbers, channels)


def test_a_whole_trial_keeps_what_it_promises(scene: Any) -> None:
    config, channels, numbers = scene
    solution = solve_proposed(numbers, channels)
    metrics = by_lanes(evaluate)(numbers, channels, solution.value)
    usable = solution.status == Status.CONVERGED
    assert usable.any()
    for name in ("sut_rate", "scnr", "bs_power", "satellite_power"):
        assert metrics[f"margin_{name}"][usable].min() >= -1e-3, name
    power = solution.value.beam_power
    np.testing.assert_array_equal(power[:, ::CELLS], power[:, 1::CELLS])
    assert config.num_beams == 2


def test_cells_of_a_beam_keep_their_distance() -> None:
    with pytest.raises(ConfigError, match="twice cell_radius_m"):
        configured(num_cells=2, cells_per_beam=2, cell_spacing_m=300.0)
    with pytest.raises(ConfigError, match="bs_positions_m"):
        configured(num_cells=2, cells_per_beam=2, bs_positions_m=((0.0, 0.0), (100.0, 0.0)))


def test_what_cells_hear_is_among_the_channels(scene: Any) -> None:
    _, channels, _ = scene
    cells = 2 * CELLS
    assert channels.h_cross_tut.shape == (4, cells, cells, 2, 8)
    assert channels.d_cross_radar.shape == (4, cells, cells, 3, 2, 8)
    same_beam = np.arange(cells)[:, None] // CELLS == np.arange(cells) // CELLS
    heard = np.linalg.norm(channels.h_cross_tut, axis=(-2, -1)) > 0
    np.testing.assert_array_equal(heard, np.broadcast_to(same_beam & ~np.eye(cells, dtype=bool), heard.shape))
    assert drawn(configured(**SMALL), 1).d_cross_radar is None
