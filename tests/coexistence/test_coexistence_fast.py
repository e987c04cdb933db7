"""Fast route of P1 and P3: its program against the exact metrics, known optimum, honesty about what cannot be."""

from functools import partial

import numpy as np
import pytest
from tiny_cell import batch_of, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.problems.given import as_written, starting_points
from leoisac.systems.coexistence.fast.cell import RATES, solve_p1, solve_p3
from leoisac.systems.coexistence.problem import direct_program
from leoisac.systems.coexistence.problem.cell_program import CellProblem, cell_metrics
from leoisac.systems.coexistence.problem.starts import first_amplitude, zero_forcing_start


def metrics_of(_, problem: CellProblem, beamformer, q):
    return cell_metrics(problem, beamformer, q)


def exact(x, program, bases, problem: CellProblem):
    """The program's objective and constraints, from the metrics of the physical design."""
    beamformer, q = direct_program.to_design(RATES.of(program).values(x), program, bases)
    metrics = cell_metrics(problem, beamformer, q)
    slack = jnp.stack([metrics.sut_rate - problem.min_sut_rate, -2.0 * jnp.log(q)])
    constraints = jnp.concatenate([slack[:1], jnp.log(metrics.scnr / problem.min_scnr), slack[1:]])
    return -metrics.sum_rate, constraints


def compared(_, problem: CellProblem, beamformer, q, fixed, weights):
    """Program and exact model at a design: values, gradient of a Lagrangian; and the design found again."""
    program, bases = direct_program.formulate(problem, beamformer, q, fixed)
    stated, values = RATES.of(program), direct_program.to_values(program, bases, beamformer, q)
    x = starting_points(stated, program, {name: value[None] for name, value in values.items()})[0]

    fast = partial(as_written, stated, data=program)
    slow = partial(exact, program=program, bases=bases, problem=problem)

    def evaluated(function):
        def lagrangian(point):
            objective, constraints = function(point)
            return objective - weights @ constraints

        return function(x), jax.grad(lagrangian)(x)

    return evaluated(fast), evaluated(slow), direct_program.to_design(stated.values(x), program, bases)


@pytest.fixture(scope="module")
def comparison():
    """Three random cells with more antennas than rows and echoes, the last one with its satellite power fixed."""
    drawn = [random_cell(seed, n_tx=12, n_rx=9) for seed in range(3)]
    problems = batch_of(*(problem for problem, _, _ in drawn))
    beamformers, q = np.stack([beamformer for _, beamformer, _ in drawn]), np.array([q for _, _, q in drawn])
    weights = np.random.default_rng(0).uniform(0.5, 2.0, (3, 4))
    return (
        problems,
        beamformers,
        q,
        by_lanes(compared)(None, problems, beamformers, q, np.array([0.0, 0.0, 1.0]), weights),
    )


def test_program_is_the_exact_model_with_exact_gradients(comparison):
    (fast, fast_gradient), (slow, slow_gradient), _ = comparison[3]
    np.testing.assert_allclose(fast[0], slow[0], rtol=1e-12)
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(fast_gradient, slow_gradient, rtol=1e-7, atol=1e-9)


def test_fixed_power_ignores_its_variable(comparison):
    gradient = comparison[3][0][1]
    assert np.all(gradient[:2, -2] != 0.0)
    assert gradient[2, -2] == 0.0


def test_design_survives_the_change_of_variables(comparison):
    """Up to the idle power, and to what reaches nobody."""
    problems, beamformers, q, (_, _, (found, amplitude)) = comparison
    parts = (problems.h_tut, problems.h_sut[:, None], problems.target_tx, problems.clutter_tx)
    rows = np.concatenate(parts, axis=1)
    ratio = (rows @ found) / (rows @ beamformers)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1].real, ratio.shape), rtol=1e-9)
    np.testing.assert_allclose(amplitude, q)
    assert np.all(np.linalg.norm(found, axis=(1, 2)) < 1.0)


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
    metrics = by_lanes(metrics_of)(None, cells, found.beamformer, found.q)
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


def zero_forcing(_, problem: CellProblem):
    q = first_amplitude(problem)
    beamformer = zero_forcing_start(problem, q)
    return beamformer, cell_metrics(problem, beamformer, q)


def test_start_leaves_power_for_users_and_meets_the_ratio_where_zero_forcing_can():
    beamformer, metrics = by_lanes(zero_forcing)(None, batch_of(random_cell(6, n_tx=8)[0]))
    np.testing.assert_allclose(metrics.power, 1.0, rtol=1e-9)
    np.testing.assert_allclose(metrics.scnr, 0.11, rtol=1e-3)
    np.testing.assert_allclose(metrics.sut_rate, 4.0, rtol=1e-9)
    assert np.sum(np.abs(beamformer[:, :, 2:]) ** 2) <= 0.5 + 1e-12


def test_number_of_starts_is_checked(cells: CellProblem):
    with pytest.raises(ValueError, match="starts = 9"):
        solve_p1(cells, starts=9)
