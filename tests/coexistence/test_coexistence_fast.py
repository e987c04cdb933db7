"""Fast route of P1 and P3: its program against the exact metrics, known optimum, honesty about what cannot be."""

from functools import partial

import numpy as np
import pytest
from tiny_cell import batch_of, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.status import Status
from leoisac.systems.coexistence import direct_program
from leoisac.systems.coexistence.cell_program import CellProblem, cell_metrics
from leoisac.systems.coexistence.fast import solve_p1, solve_p3
from leoisac.systems.coexistence.starts import first_amplitude, zero_forcing_start

SIZES = {"users": 2, "targets": 2}


def exact(x, program, bases, problem: CellProblem):
    """The program's objective and constraints, from the metrics of the physical design."""
    beamformer, q = direct_program.to_design(x, program, bases)
    metrics = cell_metrics(problem, beamformer, q)
    slack = jnp.stack([metrics.sut_rate - problem.min_sut_rate, -2.0 * jnp.log(q)])
    constraints = jnp.concatenate([slack[:1], jnp.log(metrics.scnr / problem.min_scnr), slack[1:]])
    return -metrics.sum_rate, constraints


@jax.jit
def both(problem: CellProblem, beamformer, q, fixed):
    """Values and Jacobians of program and exact metrics at a design, and the design found again."""
    program, bases = direct_program.formulate(problem, beamformer, q, fixed)
    x = direct_program.to_variables(program, bases, beamformer, q)
    fast = partial(direct_program.negative_sum_rate, **SIZES)
    slow = partial(exact, bases=bases, problem=problem)
    jacobians = jax.jacrev(fast)(x, program), jax.jacrev(slow)(x, program)
    return fast(x, program), slow(x, program), jacobians, direct_program.to_design(x, program, bases)


@pytest.mark.parametrize(("seed", "n_rx"), [(0, 3), (1, 3), (2, 9)])
def test_program_is_the_exact_model_with_exact_gradients(seed: int, n_rx: int):
    """Also with more receive antennas than echoes, which are then reduced."""
    problem, beamformer, q = random_cell(seed, n_rx=n_rx)
    fast, slow, (fast_jacobian, slow_jacobian), _ = both(problem, beamformer, q, 0.0)
    np.testing.assert_allclose(fast[0], slow[0], rtol=1e-12)
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-9, atol=1e-11)
    for one, other in zip(fast_jacobian, slow_jacobian, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_design_survives_the_change_of_variables():
    """Up to the idle power, and to what reaches nobody: more antennas than rows."""
    problem, beamformer, q = random_cell(4, n_tx=12)
    _, _, _, (found, amplitude) = both(problem, beamformer, q, 0.0)
    rows = np.concatenate([problem.h_tut, problem.h_sut[None], problem.target_tx, problem.clutter_tx])
    ratio = (rows @ found) / (rows @ beamformer)
    np.testing.assert_allclose(ratio, ratio[0, 0].real, rtol=1e-9)
    np.testing.assert_allclose(amplitude, q)
    assert np.linalg.norm(found) < 1.0


def test_fixed_power_ignores_its_variable():
    problem, beamformer, q = random_cell(5)
    _, _, (jacobian, _), (_, amplitude) = both(problem, beamformer, q, 1.0)
    np.testing.assert_allclose(amplitude, q)
    assert jacobian[0][-2] == 0.0
    assert np.all(jacobian[1][:, -2] == 0.0)


@pytest.fixture(scope="module")
def cells() -> CellProblem:
    """Easy, stricter, beyond the base station's power, beyond the satellite's."""
    return batch_of(tiny_cell(), tiny_cell(min_sut_rate=4.0), tiny_cell(min_scnr=3.0), tiny_cell(min_sut_rate=9.0))


def test_known_optimum_of_the_tiny_cell(cells: CellProblem):
    found = solve_p1(cells)
    np.testing.assert_array_equal(found.status, [0, 0, Status.INFEASIBLE, Status.INFEASIBLE])
    np.testing.assert_allclose(found.objective[:2], 16.0267, rtol=1e-4)
    np.testing.assert_allclose(found.q[:2], 1.0, rtol=1e-6)
    assert np.all(found.violation[:2] < 1e-9)
    assert np.all(found.violation[2:] > 1e-2)
    metrics = jax.jit(jax.vmap(cell_metrics))(cells, found.beamformer, found.q)
    np.testing.assert_allclose(np.sort(metrics.tut_rate[0]), [5.166, 5.199], atol=1e-2)
    np.testing.assert_allclose(metrics.sut_rate[0], 5.662, atol=1e-2)
    np.testing.assert_allclose(metrics.scnr[:2], 0.1, rtol=1e-6)


def test_a_cell_does_not_see_its_neighbours(cells: CellProblem):
    many = jax.tree.map(lambda leaf: np.concatenate([leaf[:2]] * 10), cells)
    alone, crowd = solve_p1(jax.tree.map(lambda leaf: leaf[1:2], cells)), solve_p1(many)
    np.testing.assert_array_equal(crowd.beamformer[1], alone.beamformer[0])
    np.testing.assert_array_equal(crowd.beamformer[19], alone.beamformer[0])


def test_given_satellite_power_is_kept(cells: CellProblem):
    easy = jax.tree.map(lambda leaf: np.stack([leaf[0]] * 3), cells)
    q = np.array([0.5, 0.8, 1.0])
    found = solve_p3(easy, q)
    np.testing.assert_allclose(found.q, q, rtol=1e-14)
    np.testing.assert_allclose(found.objective[2], 16.0267, rtol=1e-4)
    assert found.objective[0] < found.objective[1] < found.objective[2]
    assert np.all(found.violation < 1e-9)
    # Too little for the least rate of 2 bit/s/Hz, whatever the beams.
    assert solve_p3(easy, np.array([0.2, 0.8, 1.0])).status[0] == Status.INFEASIBLE


def test_start_leaves_power_for_users_and_meets_the_ratio_where_zero_forcing_can():
    problem = random_cell(6, n_tx=8)[0]
    q = first_amplitude(problem)
    beamformer = jax.jit(zero_forcing_start)(problem, q)
    metrics = jax.jit(cell_metrics)(problem, beamformer, q)
    np.testing.assert_allclose(np.linalg.norm(beamformer), 1.0, rtol=1e-9)
    np.testing.assert_allclose(metrics.scnr, 0.11, rtol=1e-3)
    np.testing.assert_allclose(metrics.sut_rate, 4.0, rtol=1e-9)
    assert np.sum(np.abs(beamformer[:, 2:]) ** 2) <= 0.5 + 1e-12


def test_number_of_starts_is_checked(cells: CellProblem):
    with pytest.raises(ValueError, match="starts = 9"):
        solve_p1(cells, starts=9)
