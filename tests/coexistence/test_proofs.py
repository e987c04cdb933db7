"""Proofs of infeasibility: bounds below what a search finds, tight where they can be, and the statuses upon them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coexistence_cases import SMALL, configured, drawn
from tiny_cell import batch_of, random_cell, tiny_cell

from leoisac.foundation.status import Status
from leoisac.systems.coexistence.judge.evaluate import parameters
from leoisac.systems.coexistence.problem.cell_program import CellProblem
from leoisac.systems.coexistence.problem.coordination import CellSolvers, coordinate
from leoisac.systems.coexistence.problem.least_power import least_sensing_power
from leoisac.systems.coexistence.problem.proofs import beyond_reach, ended, impossible, sensing_power_bound
from leoisac.systems.coexistence.problem.selecting import select_association


@pytest.fixture(scope="module")
def cells() -> CellProblem:
    return batch_of(*(random_cell(seed)[0] for seed in range(6)))


def test_no_design_takes_less_than_the_bound(cells: CellProblem) -> None:
    for q in (0.0, 0.5, 1.0):
        bound = sensing_power_bound(cells, np.full(6, q))
        found = least_sensing_power(cells, q).power
        assert np.all(bound <= found * (1.0 + 1e-9))
        assert np.all(bound > 0.0)


def test_the_bound_is_met_by_one_target_without_clutter() -> None:
    silent = batch_of(random_cell(3, targets=1, clutter=1, clutter_scale=0.0)[0])
    np.testing.assert_allclose(
        sensing_power_bound(silent, np.full(1, 0.7)), least_sensing_power(silent, 0.7).power, rtol=1e-9
    )


@pytest.mark.parametrize("loud_db", [0.0, 100.0, 200.0, 340.0])
@pytest.mark.parametrize("beside", [0.0, 1e-9, 0.3])
def test_a_loud_satellite_proves_no_more_than_it_hides(loud_db: float, beside: float) -> None:
    """Echo parallel to the satellite but for a part: its gain behind the best filter has a closed form."""
    one = tiny_cell()
    rx = one.g_rad.shape[1]
    along, across = np.eye(rx)[0], np.eye(rx)[1]
    cell = replace(
        one,
        target_echo=(along + beside * across)[None, None] + np.zeros_like(one.target_echo),
        g_rad=10.0 ** (loud_db / 20.0) * along[None] + np.zeros_like(one.g_rad),
    )
    gain = beside**2 + 1.0 / (1.0 + 10.0 ** (loud_db / 10.0))
    needed = float(one.min_scnr) / (float(np.sum(np.abs(one.target_tx[0]) ** 2)) * gain)
    bound = sensing_power_bound(batch_of(cell), np.ones(1))[0]
    assert bound <= needed * (1.0 + 1e-12)
    if gain > 1e-25:
        np.testing.assert_allclose(bound, needed, rtol=2e-3)


def test_either_floor_can_be_beyond_reach(cells: CellProblem) -> None:
    none, full = np.zeros(6), np.ones(6)
    assert not np.any(beyond_reach(cells, none, full))
    assert np.all(beyond_reach(batch_of(*(random_cell(s, min_scnr=1e4)[0] for s in range(6))), none, full))
    assert np.all(beyond_reach(batch_of(*(random_cell(s, min_sut_rate=60.0)[0] for s in range(6))), none, full))
    # A search that finds no power is no proof: targets in one direction for base station and receivers.
    alike = tiny_cell()
    twin = replace(
        alike,
        target_tx=np.repeat(alike.target_tx, 2, axis=0),
        target_echo=np.broadcast_to(alike.target_echo[0, 0], (2, 2, 2)),
        clutter_echo=np.repeat(alike.clutter_echo, 2, axis=0),
        g_rad=np.repeat(alike.g_rad, 2, axis=0),
        min_scnr=np.array(0.8),
    )
    both = batch_of(twin)
    assert least_sensing_power(both, 0.0).power[0] > 1.0
    assert not beyond_reach(both, np.zeros(1), np.ones(1))[0]


def test_numbers_that_are_none_prove_nothing(cells: CellProblem) -> None:
    broken = replace(cells, target_echo=np.full_like(cells.target_echo, np.nan))
    assert not np.any(beyond_reach(broken, np.zeros(6), np.ones(6)))


def test_a_trial_is_infeasible_only_for_every_association_and_power() -> None:
    config = configured(**SMALL, num_cells=2)
    channels = drawn(config)
    easy, loud, deaf = (
        parameters(config.replace(**changes)) for changes in ({}, {"min_sut_rate": 25.0}, {"min_scnr_db": 50.0})
    )
    np.testing.assert_array_equal(impossible(easy, channels), False)
    assert impossible(loud, channels).all()
    assert not impossible(loud, channels, coupled=False).any()
    assert impossible(deaf, channels, coupled=False).all()
    cell_status = np.array([[0, 0], [0, 3], [6, 2], [6, 4]])
    np.testing.assert_array_equal(ended(easy, channels, cell_status), [0, 6, 6, 4])
    np.testing.assert_array_equal(ended(loud, channels, cell_status), [0, 3, 3, 4])
    # The floors of P2 rest on the beams of P1: that they do not fit proves nothing.
    missed = np.array([True, False, False, False])
    assert ended(easy, channels, np.zeros((4, 2), dtype=int), missed=missed)[0] == Status.NO_FEASIBLE_POINT


def test_cells_without_a_design_end_the_trial_without_a_proof() -> None:
    config = configured(**SMALL)
    channels, numbers = drawn(config), parameters(config)
    chosen = select_association(numbers, channels)

    def hopeless(problem: CellProblem, *_: object) -> object:
        from leoisac.systems.coexistence.problem.cell_program import CellSolution

        count, (tx, streams) = len(problem.g_sut), (8, 4)
        shape = (count, tx, streams)
        return CellSolution(
            np.zeros(shape, dtype=complex),
            np.full(count, 0.5),
            np.full(count, int(Status.INFEASIBLE)),
            np.ones(count),
            np.zeros(count),
            np.ones(count, dtype=int),
            np.zeros((count, 1)),
        )

    solution = coordinate(numbers, channels, chosen, CellSolvers(hopeless, hopeless))
    np.testing.assert_array_equal(solution.status, Status.NO_FEASIBLE_POINT)
