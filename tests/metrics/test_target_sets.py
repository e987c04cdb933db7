"""Association and the GOSPA metric, against SciPy's assignment and values by hand."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from leoisac.metrics.target_sets import associate, gospa


@pytest.mark.parametrize("seed", range(20))
def test_the_association_is_the_best_one(seed):
    rng = np.random.default_rng(seed)
    targets, detections = rng.integers(1, 5), rng.integers(1, 7)
    cost, valid, miss = rng.uniform(0, 2, (targets, detections)), rng.uniform(size=detections) < 0.7, 1.0
    found = associate(cost, valid, miss)
    # The same with a private miss for every target, by the Hungarian algorithm.
    table = np.concatenate([np.where(valid, cost, 1e6), np.full((targets, targets), miss)], axis=1)
    rows, columns = linear_sum_assignment(table)
    assert found.cost == pytest.approx(table[rows, columns].sum())
    used = found.detection[found.detection >= 0]
    assert len(set(used)) == len(used)
    assert valid[used].all()


def test_gospa_counts_distance_misses_and_ghosts():
    everything = np.array([True, True])
    assert gospa(np.array([[3.0, 90.0], [90.0, 4.0]]), everything, 50.0) == pytest.approx(5.0)
    # One near, one far: a miss and a ghost cost the cutoff together.
    assert gospa(np.array([[3.0, 90.0], [90.0, 80.0]]), everything, 50.0) == pytest.approx(np.hypot(3.0, 50.0))
    nothing = np.array([False, False])
    assert gospa(np.array([[3.0, 90.0], [90.0, 4.0]]), nothing, 50.0) == pytest.approx(50.0)
    assert gospa(np.array([[3.0, 0.0]]), np.array([True, False]), 50.0) == pytest.approx(3.0)


def test_gospa_does_not_depend_on_order():
    rng = np.random.default_rng(3)
    distance, valid = rng.uniform(0, 80, (3, 5)), np.array([True, True, False, True, True])
    turned = rng.permutation(5)
    value = gospa(distance, valid, 50.0)
    assert gospa(distance[[2, 0, 1]][:, turned], valid[turned], 50.0) == pytest.approx(value)


def test_what_cannot_be_tried_is_refused():
    with pytest.raises(ValueError, match="every association is tried"):
        associate(np.zeros((2, 9)), np.ones(9, bool))


def test_a_target_costs_at_most_one_unless_told():
    cost, there = np.array([[1.5]]), np.ones(1, dtype=bool)
    assert associate(cost, there).detection[0] == -1
    assert associate(cost, there).cost == 1.0
    assert associate(cost, there, miss=2.0).detection[0] == 0
