"""Least sensing power: known numbers, a conic twin of the alternation, monotony."""

import numpy as np
import pytest
from tiny_cell import batch_of, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax
from leoisac.systems.coexistence.problem.cell_program import CellProblem, cell_metrics
from leoisac.systems.coexistence.problem.least_power import least_sensing_power


def test_known_powers_of_the_tiny_cell():
    found = least_sensing_power(batch_of(tiny_cell(), tiny_cell()), np.array([0.0, 1.0]))
    np.testing.assert_allclose(found.power, [0.05016001, 0.05811430], rtol=1e-6)
    assert np.all(found.converged)


@pytest.fixture(scope="module")
def cells() -> CellProblem:
    return batch_of(*(random_cell(seed)[0] for seed in range(6)))


def test_designs_meet_the_ratio_with_the_power_stated(cells: CellProblem):
    q = np.linspace(0.0, 1.0, 6)
    found = least_sensing_power(cells, q)
    metrics = jax.jit(jax.vmap(cell_metrics))(cells, found.beamformer, q)
    reached = np.isfinite(found.power)
    assert np.count_nonzero(reached) >= 4
    np.testing.assert_allclose(np.array(metrics.scnr)[reached], 0.1, rtol=1e-6)
    np.testing.assert_allclose(np.array(metrics.power)[reached], found.power[reached], rtol=1e-9)
    assert np.all(found.beamformer[:, :, : cells.h_tut.shape[1]] == 0.0)


def test_more_satellite_power_and_higher_ratios_cost_power(cells: CellProblem):
    quiet, loud = least_sensing_power(cells, 0.0).power, least_sensing_power(cells, 1.0).power
    assert np.all(loud >= quiet)
    harder = batch_of(*(random_cell(seed, min_scnr=0.2)[0] for seed in range(6)))
    assert np.all(least_sensing_power(harder, 0.0).power > quiet)


def test_one_target_without_clutter_is_matched_filtering():
    """Known optimum: all power along the target, whitened matched filter at the receiver."""
    problem, _, q = random_cell(3, targets=1, clutter=1)
    echo, rad = np.asarray(problem.target_echo)[0, 0], np.asarray(problem.g_rad)[0]
    silent = batch_of(random_cell(3, targets=1, clutter=1, clutter_scale=0.0)[0])
    gain = np.vdot(echo, np.linalg.solve(np.eye(3) + q**2 * np.outer(rad, rad.conj()), echo)).real * 5.0
    np.testing.assert_allclose(least_sensing_power(silent, q).power, [0.1 / gain], rtol=1e-9)


def test_conic_twin_finds_the_same_power(cells: CellProblem):
    """For the filters at the end no beams of less power exist: the fixed point is the conic optimum."""
    from conic_sensing import least_power_for_filters

    q = 0.7
    found = least_sensing_power(cells, q)
    for row in np.flatnonzero(np.isfinite(found.power))[:3]:
        problem = jax.tree.map(lambda leaf, row=row: np.asarray(leaf[row]), cells)
        expected = least_power_for_filters(problem, found.beamformer[row], q)
        np.testing.assert_allclose(found.power[row], expected, rtol=1e-4)
