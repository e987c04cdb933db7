"""Numbers that depend on trial and entity alone, batches that do not depend on company."""

from __future__ import annotations

import numpy as np
import pytest

from leoisac.foundation.jax_setup import LANES
from leoisac.foundation.keys import complex_normal, standard_normal, trial_key, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.units import dbm_to_w, dbw_to_w, deg_to_rad, from_db, rad_to_deg, to_db, w_to_dbm, w_to_dbw


def numbers(_, trial):
    return uniforms(trial_key(7, trial), {"position": (4, 2), "rain": (), "phase": (5,)})


def test_rows_stay_when_shapes_grow_and_purposes_are_apart():
    small = uniforms(trial_key(7, 3), {"position": (4, 2), "rain": ()})
    large = uniforms(trial_key(7, 3), {"rain": (), "phase": (5,), "position": (9, 2)})
    np.testing.assert_array_equal(small["position"], large["position"][:4])
    np.testing.assert_array_equal(small["rain"], large["rain"])
    assert not np.isin(np.asarray(large["phase"]), np.asarray(large["position"])).any()


def test_uniform_and_normal_moments():
    drawn = by_lanes(numbers)(0, np.arange(4000))
    values = np.concatenate([drawn[name].ravel() for name in drawn])
    assert 0.0 < values.min() < values.max() < 1.0
    assert values.mean() == pytest.approx(0.5, abs=0.005)
    normal = standard_normal(values)
    assert normal.std() == pytest.approx(1.0, abs=0.01)
    gain = complex_normal(drawn["position"])
    assert np.mean(np.abs(gain) ** 2) == pytest.approx(1.0, abs=0.03)


def test_a_trial_has_the_same_bits_in_any_batch():
    many = by_lanes(numbers)(0, np.arange(LANES + 7))
    one = by_lanes(numbers)(0, np.array([LANES + 3]))
    for name in many:
        np.testing.assert_array_equal(many[name][LANES + 3], one[name][0])
    assert by_lanes(numbers).compilations() == 1


def test_disagreeing_batches_are_refused():
    with pytest.raises(ValueError, match="disagree on the number of trials"):
        by_lanes(lambda p, a, b: a + b)(0, np.zeros(3), np.zeros(4))


def test_units_round_trip():
    assert dbw_to_w(30.0) == pytest.approx(1000.0)
    assert dbm_to_w(30.0) == pytest.approx(1.0)
    assert from_db(3.0) == pytest.approx(1.9953, rel=1e-4)
    assert w_to_dbw(dbw_to_w(-7.0)) == pytest.approx(-7.0)
    assert w_to_dbm(dbm_to_w(13.0)) == pytest.approx(13.0)
    assert rad_to_deg(deg_to_rad(54.0)) == pytest.approx(54.0)
    assert to_db(0.0) == -np.inf
