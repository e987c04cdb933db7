"""The corrected witness on the tiny cell, whose numbers are known, and on random cells with two targets."""

from functools import partial

import numpy as np
import pytest
from tiny_cell import BEAMFORMER, Q, batch_of, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.problem import cell_program
from leoisac.systems.coexistence.problem.starts import Point
from leoisac.systems.coexistence.published.cell import judge_cell, solve_p1, solve_p3, wmmse
from leoisac.systems.coexistence.published.line_search import best_amplitude
from leoisac.systems.coexistence.published.transmitter import update_transmitter
from leoisac.systems.coexistence.published.turns import Wmmse

START = Point(BEAMFORMER, Q)
cell_metrics = jax.jit(cell_program.cell_metrics)


@jax.jit
def errors_behind_old_filters(problem, old, old_q, new, new_q):
    filters = cell_program.best_filters(problem, old, old_q)
    before = cell_program.filter_errors(problem, old, old_q, filters)
    return before, cell_program.filter_errors(problem, new, new_q, filters)


def test_known_transmitter_update():
    problem = tiny_cell()
    update = update_transmitter(problem, BEAMFORMER, Q, power_is_fixed=False)
    before, after = errors_behind_old_filters(problem, BEAMFORMER, Q, update.beamformer, update.q)
    weighted = np.sum(np.array(after.tut / before.tut)) + float(after.sut / before.sut)
    np.testing.assert_allclose(weighted, 0.383714, rtol=1e-4)
    np.testing.assert_allclose(update.q, 0.73783, rtol=1e-3)
    np.testing.assert_allclose(after.target, [0.909091], rtol=1e-5)


@pytest.mark.parametrize("seed", range(2))
def test_cone_program_states_the_errors_of_the_model(seed: int):
    """Its optimal value is the weighted error sum of its point, and its constraints are the errors' limits."""
    problem, beamformer, q = random_cell(seed)
    update = update_transmitter(problem, beamformer, q, power_is_fixed=False)
    assert update.report.status is Status.CONVERGED
    before, after = errors_behind_old_filters(problem, beamformer, q, update.beamformer, update.q)
    # The receivers' own noise and the users' share of it are constants of the program.
    filters = jax.jit(cell_program.best_filters)(problem, beamformer, q)
    constant = np.sum(np.abs(filters.tut) ** 2 / before.tut) + filters.sut**2 / before.sut
    weighted = np.sum(np.array(after.tut / before.tut)) + after.sut / before.sut
    np.testing.assert_allclose(update.report.value + constant, weighted, rtol=1e-6)
    assert np.all(np.array(after.target) <= 1.0 / 1.1 + 1e-6)
    assert after.sut <= 2.0**-3 + 1e-6


def test_known_sequence_without_line_search():
    found = wmmse(tiny_cell(), START, Wmmse(line_search=False, max_turns=5))
    np.testing.assert_allclose(found.history[1:], [14.8742, 15.6489, 15.6984, 15.7257, 15.7501], atol=2e-3)
    assert found.status is Status.MAX_STEPS


def test_known_optimum_with_line_search_is_reached():
    found = wmmse(tiny_cell(), START, Wmmse(tolerance=2e-6))
    np.testing.assert_allclose(found.measure, 16.0267, rtol=2e-4)
    assert found.status is Status.CONVERGED
    assert found.iterations < 60
    # The printed algorithm is at 15.75 here.
    assert found.history[5] > 15.9
    assert np.all(np.diff(found.history) > -1e-4)
    metrics = cell_metrics(tiny_cell(), found.state.beamformer, found.state.q)
    np.testing.assert_allclose(found.state.q, 1.0, rtol=1e-6)
    np.testing.assert_allclose(np.sort(metrics.tut_rate), [5.166, 5.199], atol=3e-2)
    np.testing.assert_allclose(metrics.sut_rate, 5.662, atol=1e-2)
    np.testing.assert_allclose(metrics.scnr, [0.1], rtol=1e-3)


def test_line_search_takes_the_best_amplitude_that_keeps_the_floors():
    problem = tiny_cell(min_sut_rate=2.0, min_scnr=0.02)
    search = jax.jit(partial(best_amplitude, judge_cell))
    found = float(search(problem, BEAMFORMER, jnp.asarray(Q)))
    grid = np.minimum(Q * np.geomspace(1 / 3, 3, 41), 1.0)
    metrics = [cell_metrics(problem, BEAMFORMER, q) for q in grid]
    kept = [q for q, m in zip(grid, metrics, strict=True) if m.sut_rate >= 2.0 and np.min(m.scnr) >= 0.02]
    best = max(kept, key=lambda q: float(cell_metrics(problem, BEAMFORMER, q).sum_rate))
    np.testing.assert_allclose(found, best, rtol=1e-12)
    hopeless = tiny_cell(min_scnr=10.0)
    np.testing.assert_allclose(search(hopeless, BEAMFORMER, jnp.asarray(Q)), Q)


def test_batches_keep_their_floors_and_say_what_cannot_be():
    cells = batch_of(tiny_cell(), tiny_cell(min_sut_rate=4.0), tiny_cell(min_scnr=3.0), tiny_cell(min_sut_rate=9.0))
    found = solve_p1(cells, settings=Wmmse(max_turns=8))
    assert np.all(found.violation[:2] <= 1e-4)
    assert np.all(found.status[:2] < Status.INFEASIBLE)
    np.testing.assert_array_equal(found.status[2:], Status.INFEASIBLE)
    assert np.all(found.violation[2:] > 1e-2)
    assert found.objective[0] > 15.9


def test_given_satellite_power_is_kept():
    cells = batch_of(tiny_cell(), tiny_cell())
    q = np.array([0.5, 0.8])
    found = solve_p3(cells, q, settings=Wmmse(max_turns=6))
    np.testing.assert_array_equal(found.q, q)
    assert np.all(found.violation <= 1e-4)
    assert np.all(found.objective < 16.0267)
