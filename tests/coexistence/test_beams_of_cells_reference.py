"""The conic witness for cells that share a beam: errors, its cone program, its turns, and the fast route beside it."""

from __future__ import annotations

import numpy as np
import pytest
from test_beams_of_cells import CELLS, of_random_cells
from tiny_cell import random_cell

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import take
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.fast.beam import solve_beam_p1 as fast_p1
from leoisac.systems.coexistence.fast.beam import solve_beam_p3 as fast_p3
from leoisac.systems.coexistence.problem import beam_program, cell_program
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.starts import Point
from leoisac.systems.coexistence.published import beam_filters as filters_of
from leoisac.systems.coexistence.published.beam import beam_wmmse, solve_beam_p1, solve_beam_p3
from leoisac.systems.coexistence.published.beam_transmitter import update_beam
from leoisac.systems.coexistence.published.transmitter import update_transmitter

beam_filters, beam_errors = jax.jit(filters_of.beam_filters), jax.jit(filters_of.beam_errors)
beam_metrics = jax.jit(beam_program.beam_metrics)


@pytest.fixture(scope="module")
def beams() -> BeamProblem:
    drawn = [of_random_cells(seed, 0.3)[0] for seed in (0, 20, 40)]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *drawn)


def test_errors_behind_the_best_filters_are_one_over_one_plus_the_ratio() -> None:
    problem, beamformer = take(of_random_cells(0, 0.7), 0)
    filters = beam_filters(problem, beamformer, 0.4)
    errors, metrics = beam_errors(problem, beamformer, 0.4, filters), beam_metrics(problem, beamformer, 0.4)
    np.testing.assert_allclose(errors.tut, 2.0**-metrics.tut_rate, rtol=1e-9)
    np.testing.assert_allclose(errors.sut, 2.0**-metrics.sut_rate, rtol=1e-9)
    np.testing.assert_allclose(errors.target, 1.0 / (1.0 + metrics.scnr), rtol=1e-9)


def test_the_cone_program_states_the_errors_of_the_model() -> None:
    problem, beamformer = take(of_random_cells(0, 0.3), 0)
    update = update_beam(problem, beamformer, 0.4, power_is_fixed=False)
    assert update.report.status is Status.CONVERGED
    filters = beam_filters(problem, beamformer, 0.4)
    before = beam_errors(problem, beamformer, 0.4, filters)
    after = beam_errors(problem, update.beamformer, update.q, filters)
    # The receivers' own noise and the users' share of it are constants of the program.
    constant = np.sum(np.abs(filters.tut) ** 2 / before.tut) + filters.sut**2 / before.sut
    weighted = np.sum(np.asarray(after.tut / before.tut)) + after.sut / before.sut
    np.testing.assert_allclose(update.report.value + constant, weighted, rtol=1e-6)
    assert np.all(np.asarray(after.target) <= 1.0 / 1.1 + 1e-6)
    assert after.sut <= 2.0**-2 + 1e-6


def test_a_beam_of_one_cell_has_the_program_of_that_cell() -> None:
    cell, beamformer, q = random_cell(1, 8, 2, 2, 4, 2)
    no_tut, no_radar = np.zeros((1, 1, 2, 8), dtype=complex), np.zeros((1, 1, 2, 2, 8), dtype=complex)
    beam = BeamProblem(jax.tree.map(lambda leaf: np.asarray(leaf)[None], cell), no_tut, no_radar)
    one = update_transmitter(cell, beamformer, q, power_is_fixed=False)
    whole = update_beam(beam, beamformer[None], q, power_is_fixed=False)
    assert whole.q == pytest.approx(one.q, rel=1e-4)
    assert whole.report.value == pytest.approx(one.report.value, rel=1e-6)
    judge = jax.jit(cell_program.cell_metrics)
    rates = [judge(cell, design, amplitude).sum_rate for design, amplitude in ((one.beamformer, one.q),)]
    np.testing.assert_allclose(beam_metrics(beam, whole.beamformer, whole.q).sum_rate, rates[0], rtol=1e-4)


def test_the_witness_finds_nothing_better_from_where_the_fast_route_ends(beams: BeamProblem) -> None:
    fast = fast_p1(beams)
    for row in np.flatnonzero(fast.status == Status.CONVERGED)[:2]:
        start = Point(fast.beamformer[row], float(fast.q[row]))
        found = beam_wmmse(take(beams, row), start)
        assert found.status is Status.CONVERGED
        assert abs(found.history[1:] - fast.objective[row]).max() <= 1e-4 * fast.objective[row]


def test_the_fast_route_is_never_worse_than_the_witness(beams: BeamProblem) -> None:
    witness, fast = solve_beam_p1(beams), fast_p1(beams)
    both = (witness.violation <= 1e-3) & (fast.status == Status.CONVERGED)
    assert both.mean() >= 0.6
    assert np.all(fast.objective[both] >= witness.objective[both] * (1.0 - 2e-3))
    assert np.mean(witness.objective[both] / fast.objective[both]) > 0.9
    for history in witness.history[both]:
        turns = history[np.isfinite(history)][1:]
        assert np.all(np.diff(turns) > -1e-3 * turns[-1])
    q = np.full(len(witness.q), 0.4)
    witness, fast = solve_beam_p3(beams, q), fast_p3(beams, q)
    both = (witness.violation <= 1e-3) & (fast.status == Status.CONVERGED)
    assert both.any()
    assert np.all(fast.objective[both] >= witness.objective[both] * (1.0 - 2e-3))
    assert witness.beamformer.shape == (3, CELLS, 8, 4)
