"""The route ``published``: filters as printed, the start that decides, and what differs from the corrected witness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn
from tiny_cell import BEAMFORMER, Q, batch_of, random_cell, tiny_cell

from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem import cell_program
from leoisac.systems.coexistence.problem.coordination import merge
from leoisac.systems.coexistence.problem.normalised import predicted_problem
from leoisac.systems.coexistence.problem.selecting import select_association
from leoisac.systems.coexistence.problem.starts import Point
from leoisac.systems.coexistence.published import printed_filters
from leoisac.systems.coexistence.published.cell import solve_p1, wmmse
from leoisac.systems.coexistence.published.printed_filters import CORRECTED, LITERAL, PRINTED
from leoisac.systems.coexistence.published.schemes import solve_proposed, solve_proposed_as_published
from leoisac.systems.coexistence.published.transmitter import update_transmitter
from leoisac.systems.coexistence.published.turns import PUBLISHED, REFERENCE, Wmmse

filters_by = jax.jit(printed_filters.filters_by, static_argnums=0)


@jax.jit
def errors_of(problem, beamformer, q, filters):
    return cell_program.filter_errors(problem, beamformer, q, filters)


@pytest.mark.parametrize("seed", range(2))
def test_printed_filters_by_their_formulas(seed: int) -> None:
    """(35)-(39) with every matrix written out."""
    problem, beamformer, q = random_cell(seed)
    found = filters_by(PRINTED, problem, beamformer, q)
    users, targets = len(problem.h_tut), len(problem.target_tx)
    for k, row in enumerate(problem.h_tut):
        total = np.linalg.norm(row @ beamformer) ** 2 + problem.g_tut[k] * q**2 + 1.0
        np.testing.assert_allclose(found.tut[k], np.conj(row @ beamformer[:, k]) / total)
    disturbance = np.linalg.norm(problem.h_sut @ beamformer) ** 2 + 1.0
    np.testing.assert_allclose(found.sut, np.sqrt(problem.g_sut) * q / (disturbance + problem.g_sut * q**2))
    literal = filters_by(LITERAL, problem, beamformer, q)
    np.testing.assert_allclose(literal.sut, np.sqrt(problem.g_sut) * q / disturbance)
    for i in range(targets):
        total = sum(np.outer(problem.target_echo[i, j], problem.target_tx[j]) for j in range(targets))
        total = total + sum(
            np.outer(v, row) for v, row in zip(problem.clutter_echo[i], problem.clutter_tx, strict=True)
        )
        covariance = total @ beamformer @ beamformer.conj().T @ total.conj().T
        covariance = covariance + q**2 * np.outer(problem.g_rad[i], problem.g_rad[i].conj()) + np.eye(len(covariance))
        own = np.outer(problem.target_echo[i, i], problem.target_tx[i]) @ beamformer[:, users + i]
        np.testing.assert_allclose(found.target[i], np.linalg.solve(covariance, own).conj())


def test_weights_as_printed_are_one_over_the_errors() -> None:
    """(40), (41): ``1 / (1 - w h f)``."""
    problem, beamformer, q = random_cell(1)
    filters = filters_by(PRINTED, problem, beamformer, q)
    errors = errors_of(problem, beamformer, q, filters)
    through = filters.tut * np.diagonal(problem.h_tut @ beamformer)
    np.testing.assert_allclose(1.0 / (1.0 - through), 1.0 / errors.tut, rtol=1e-9)
    np.testing.assert_allclose(1.0 / (1.0 - filters.sut * np.sqrt(problem.g_sut) * q), 1.0 / errors.sut, rtol=1e-9)


def test_printed_filters_make_larger_errors_of_targets_alone() -> None:
    problem, beamformer, q = random_cell(2)
    printed, best = (
        errors_of(problem, beamformer, q, filters_by(r, problem, beamformer, q)) for r in (PRINTED, CORRECTED)
    )
    np.testing.assert_allclose(printed.tut, best.tut)
    np.testing.assert_allclose(printed.sut, best.sut)
    assert np.all(np.array(printed.target) > np.array(best.target))


def test_taken_literally_the_first_update_has_no_solution() -> None:
    problem = tiny_cell()
    literal = update_transmitter(problem, BEAMFORMER, Q, power_is_fixed=False, filters=LITERAL)
    assert literal.beamformer is None
    assert literal.report.status is Status.INFEASIBLE
    printed = update_transmitter(problem, BEAMFORMER, Q, power_is_fixed=False, filters=PRINTED)
    assert printed.beamformer is not None


def test_every_turn_as_printed_keeps_the_floors() -> None:
    """Behind filters that are not the best the update is stricter than it needs to be."""
    problem, beamformer, q = random_cell(4)
    found = wmmse(problem, Point(beamformer, q), Wmmse(line_search=False, filters=PRINTED, max_turns=4))
    metrics = jax.jit(cell_program.cell_metrics)(problem, found.state.beamformer, found.state.q)
    assert float(cell_program.cell_violation(problem, metrics)) <= 1e-4
    assert np.all(np.diff(found.history[1:]) > -1e-3)


@pytest.mark.further
def test_the_start_decides_what_is_printed_and_not_the_witness() -> None:
    cells = batch_of(tiny_cell())
    ends = {
        (route, start): float(
            solve_p1(cells, settings=Wmmse(settings.line_search, settings.filters, start, max_turns=6)).q[0]
        )
        for route, settings in (("published", PUBLISHED), ("reference", REFERENCE))
        for start in ("floor", "budget")
    }
    # The optimum has the whole satellite power.
    assert ends["published", "budget"] > 0.99
    assert ends["published", "floor"] < 0.97
    assert min(ends["reference", start] for start in ("floor", "budget")) > 0.99
    with pytest.raises(ValueError, match="start"):
        solve_p1(cells, settings=Wmmse(start="zero"))


def test_the_published_route_designs_whole_trials() -> None:
    config = configured(**SMALL, num_cells=2)
    channels, numbers = drawn(config, 1), parameters(config)
    published = solve_proposed_as_published(numbers, channels)
    assert published.status[0] <= Status.MAX_STEPS
    assert published.violation[0] <= 1e-3
    # Satellite power at its budget is a stationary start: what the cells ask for together exceeds it.
    assert np.all(published.value.power_cap <= 200.0)
    other = solve_proposed_as_published(numbers, channels, start="floor")
    assert abs(published.objective[0] - other.objective[0]) > 1e-3
    assert solve_proposed(numbers, channels).objective[0] > min(published.objective[0], other.objective[0])


def test_merging_as_printed_may_break_a_least_rate() -> None:
    """(44) knows the caps alone."""
    config = configured(**SMALL, num_cells=2)
    channels, numbers = drawn(config, 1), parameters(config)
    problem = by_lanes(predicted_problem)(numbers, channels, select_association(numbers, channels))
    problem = replace(problem, g_sut=np.array([[1000.0, 40.0]]), h_sut=np.zeros_like(problem.h_sut))
    beams, caps = np.zeros((1, 2, 8, 4), dtype=complex), np.ones((1, 2))
    printed, ours = (merge(numbers, problem, beams, caps, floors=floors).power[0] for floors in (False, True))
    np.testing.assert_allclose(printed, [0.512, 0.488], atol=1e-3)
    np.testing.assert_allclose(ours, [0.225, 0.775], atol=1e-3)
    assert np.log2(1.0 + 40.0 * printed[1]) < 5.0 <= np.log2(1.0 + 40.0 * ours[1]) + 1e-9
