"""TR 38.901 urban macro against values computed by hand from the report's formulas, and the clustered channel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leoisac.propagation.terrestrial_uma import (
    clustered_rows,
    laplace,
    uma_breakpoint_m,
    uma_los_path_loss_db,
    uma_los_probability,
    uma_nlos_path_loss_db,
)

HEIGHTS = (15e9, 10.0, 1.5)


def test_reference_values() -> None:
    distance = np.array([50.0, 100.0, 200.0])
    np.testing.assert_allclose(uma_los_path_loss_db(distance, *HEIGHTS), [89.03527, 95.55622, 102.15311], rtol=1e-7)
    np.testing.assert_allclose(uma_nlos_path_loss_db(distance, *HEIGHTS), [103.69934, 115.28292, 127.00139], rtol=1e-7)
    np.testing.assert_allclose(uma_los_probability(distance, 1.5), [0.64940219, 0.34767084, 0.12804773], rtol=1e-7)
    assert uma_los_probability(10.0, 1.5) == 1.0
    assert uma_breakpoint_m(*HEIGHTS) == pytest.approx(900.0)


def test_the_law_beyond_the_breakpoint_meets_the_law_before_it() -> None:
    breakpoint_m = uma_breakpoint_m(*HEIGHTS)
    near, far = (float(uma_los_path_loss_db(breakpoint_m * s, *HEIGHTS)) for s in (1.0 - 1e-9, 1.0 + 1e-9))
    # The report joins them to within what the height difference makes of d_3D: 40 - 18 = 22 dB per decade.
    assert near == pytest.approx(far, abs=1e-3)
    ten_times = float(
        uma_los_path_loss_db(20 * breakpoint_m, *HEIGHTS) - uma_los_path_loss_db(2 * breakpoint_m, *HEIGHTS)
    )
    assert ten_times == pytest.approx(40.0, abs=1e-3)


def test_no_sight_is_never_better_than_sight() -> None:
    distance = np.geomspace(10.0, 5000.0, 50)
    assert np.all(uma_nlos_path_loss_db(distance, *HEIGHTS) >= uma_los_path_loss_db(distance, *HEIGHTS))
    probability = uma_los_probability(distance, 1.5)
    assert np.all(np.diff(probability) <= 0.0)
    assert np.all(uma_los_probability(distance, 20.0) >= probability)


def test_laplace_numbers_have_their_spread() -> None:
    values = laplace((np.arange(200_000) + 0.5) / 200_000, math.radians(2.0))
    assert values.std() == pytest.approx(math.radians(2.0), rel=1e-3)
    assert np.mean(np.abs(values)) == pytest.approx(math.radians(2.0) / math.sqrt(2.0), rel=1e-3)


def test_clustered_rows_have_unit_gain_per_antenna() -> None:
    rng = np.random.default_rng(0)
    gains = (rng.standard_normal((4000, 4, 5)) + 1j * rng.standard_normal((4000, 4, 5))) / math.sqrt(2.0)
    steering = np.exp(1j * rng.uniform(0, 2 * math.pi, (4000, 4, 5, 3)))
    rows = clustered_rows(gains, steering)
    np.testing.assert_allclose(np.mean(np.abs(rows) ** 2, axis=0), 1.0, rtol=0.06)
    by_hand = sum(gains[0, c, r] * steering[0, c, r].conj() for c in range(4) for r in range(5)) / math.sqrt(20)
    np.testing.assert_allclose(rows[0], by_hand, rtol=1e-12)
