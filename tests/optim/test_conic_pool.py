"""Trials over processes: order, values, errors and threads."""

from __future__ import annotations

import math
import os

import pytest

from leoisac.optim.conic.pool import map_trials


def root(value):
    return math.sqrt(value), os.getpid(), os.environ.get("OMP_NUM_THREADS")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_errors_as_values(workers):
    before = dict(os.environ)
    outcomes = map_trials(root, [9.0, -1.0, 2.0, 16.0], workers)
    assert [outcome.ok for outcome in outcomes] == [True, False, True, True]
    assert [outcome.result[0] for outcome in outcomes if outcome.ok] == [3.0, math.sqrt(2.0), 4.0]
    assert "ValueError" in outcomes[1].error
    assert "in root" in outcomes[1].error
    assert dict(os.environ) == before
    if workers == 2:
        assert os.getpid() not in {outcome.result[1] for outcome in outcomes if outcome.ok}
        assert {outcome.result[2] for outcome in outcomes if outcome.ok} == {"1"}


def vanish(value):
    os._exit(value)


def test_a_worker_that_dies_is_an_error_of_its_trials():
    outcomes = map_trials(vanish, [3, 3], workers=2)
    assert not any(outcome.ok for outcome in outcomes)
    assert all("BrokenProcessPool" in outcome.error for outcome in outcomes)


def test_workers_are_checked():
    with pytest.raises(ValueError, match="workers = 0"):
        map_trials(root, [1.0], workers=0)
