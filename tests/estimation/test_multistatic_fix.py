"""Positions from several receivers: exact data, ellipsoids alone, ghosts, what leaves a direction open."""

import numpy as np
import pytest

from leoisac.estimation.multistatic import multistatic_fix
from leoisac.metrics.multistatic import arrivals

TRANSMITTER, POINT = np.array([30e3, -30e3, 340e3]), np.array([3e3, 2e3, 5e3])
RECEIVERS = np.array([[0.0, 0.0, 0.0], [6e3, 0.0, 0.0], [-2e3, 5e3, 0.0], [3e3, -7e3, 0.0]])
REACH = np.array([0.1, 0.1, 90.0])
EVERYTHING = np.broadcast_to(np.diag([1e6, 1e6, 1.0]), (4, 3, 3))


def _fix(measured, information=EVERYTHING, start=POINT + 40.0, count=4):
    return multistatic_fix(TRANSMITTER, RECEIVERS[:count], measured[:count], information[:count], start[None], REACH)


def test_exact_measurements_give_the_place():
    fix = _fix(arrivals(TRANSMITTER, RECEIVERS, POINT).measured)
    np.testing.assert_allclose(fix.position_m, POINT, atol=1e-6)
    assert fix.used.all()


def test_three_ellipsoids_meet_in_the_place():
    paths = np.broadcast_to(np.diag([0.0, 0.0, 1.0]), (4, 3, 3))
    fix = _fix(
        arrivals(TRANSMITTER, RECEIVERS, POINT).measured, paths, start=POINT + np.array([50.0, -40.0, 30.0]), count=3
    )
    np.testing.assert_allclose(fix.position_m, POINT, atol=1e-5)


def test_a_receiver_that_saw_a_ghost_is_left_out():
    measured = arrivals(TRANSMITTER, RECEIVERS, POINT).measured.copy()
    measured[2] += [0.4, -0.3, 2000.0]
    starts = np.stack([POINT + 900.0, POINT + 5.0])
    fix = multistatic_fix(TRANSMITTER, RECEIVERS, measured, EVERYTHING, starts, REACH)
    np.testing.assert_array_equal(fix.used, [True, True, False, True])
    np.testing.assert_allclose(fix.position_m, POINT, atol=1e-6)


def test_errors_have_the_stated_covariance():
    rng = np.random.default_rng(0)
    clean = arrivals(TRANSMITTER, RECEIVERS, POINT).measured
    fixes = [_fix(clean + rng.standard_normal((4, 3)) * [1e-3, 1e-3, 1.0]) for _ in range(300)]
    errors = np.stack([fix.position_m - POINT for fix in fixes])
    ratio = np.mean(errors**2, axis=0) / np.diagonal(fixes[0].covariance)
    assert np.all((ratio > 0.75) & (ratio < 1.3))


def test_two_paths_leave_a_direction_open():
    paths = np.broadcast_to(np.diag([0.0, 0.0, 1.0]), (4, 3, 3))
    with pytest.raises(ValueError, match="leaves a direction open"):
        _fix(arrivals(TRANSMITTER, RECEIVERS, POINT).measured, paths, count=2)
