"""Numbers that move with time: their distribution at every instant, their correlation, and what they depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from leoisac.foundation.evolution import LEVELS, SPACING, Reading, moving, reading
from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.keys import entity_keys, trial_key, uniforms

COUNT = 4000
PROCESSES = {"alone": "slow", "rows": ("", "slow")}
SHAPES = {"alone": (2,), "rows": (2,), "still": (2,)}


@in_double
def _program():
    def draw(clock: Reading | None):
        with moving(PROCESSES, None if clock is None else {"slow": clock}):
            return jax.vmap(lambda key: uniforms(key, SHAPES))(entity_keys(trial_key(3, 5), COUNT))

    return jax.jit(draw)


@pytest.fixture(scope="module")
def drawn():
    """Uniform numbers at clock readings, by purpose; one compiled program for all readings."""
    program = _program()

    @in_double
    def at(clock: float) -> dict[str, np.ndarray]:
        return {name: np.asarray(value) for name, value in program(reading(clock)).items()}

    return at


def test_numbers_at_clock_zero_are_those_that_are_drawn_without_time(drawn) -> None:
    plain = in_double(_program())(None)
    for name, values in drawn(0.0).items():
        np.testing.assert_array_equal(values, plain[name])


def test_numbers_are_uniform_at_all_times(drawn) -> None:
    for clock in (0.3, 3.9999, 4.0, 77.7, 1e9 + 0.5):
        assert stats.kstest(drawn(clock)["alone"].ravel(), "uniform").pvalue > 1e-4, clock


@pytest.mark.parametrize(
    ("first", "second"), [(0.0, 0.1), (0.0, 1.5), (3.9, 4.2), (0.5, 4.5), (2.0, 2.01), (41.3, 42.3), (7.0, 12.0)]
)
def test_correlation_falls_exponentially_within_and_across_knots(drawn, first: float, second: float) -> None:
    a, b = (stats.norm.ppf(drawn(clock)["alone"].ravel()) for clock in (first, second))
    wanted = math.exp(first - second)
    spread = (1.0 - wanted**2) / math.sqrt(a.size)
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(wanted, abs=4.5 * spread + 1e-6)


def test_the_process_has_no_memory_beyond_its_last_value(drawn) -> None:
    """Markov: given the middle, past and future are uncorrelated."""
    past, now, future = (stats.norm.ppf(drawn(clock)["alone"].ravel()) for clock in (3.2, 3.7, 4.6))
    before = past - np.exp(-0.5) * now
    after = future - np.exp(-0.9) * now
    assert abs(np.corrcoef(before, after)[0, 1]) < 4.5 / math.sqrt(past.size)


def test_what_belongs_to_no_process_stays(drawn) -> None:
    before, later = drawn(0.0), drawn(2.5)
    np.testing.assert_array_equal(before["still"], later["still"])
    np.testing.assert_array_equal(before["rows"][:, 0], later["rows"][:, 0])
    assert not np.any(before["rows"][:, 1] == later["rows"][:, 1])


def test_a_reading_takes_no_more_halvings_than_it_needs() -> None:
    assert reading(0.0) == (0, 0, 0)
    assert reading(SPACING) == (1, 0, 0)
    assert reading(1.5 * SPACING) == (1, 2 ** (LEVELS - 1), 1)
    assert reading(1.25 * SPACING) == (1, 2 ** (LEVELS - 2), 2)
    for clock in (-1.0, math.nan, math.inf, 2e10):
        with pytest.raises(ValueError, match="clock is"):
            reading(clock)
