"""Rate splitting: SINR against plain sums, the allocation against reference values and exhaustive subsets."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.rsma import allocate_common_rate, rate_splitting_sinr

rates = st.floats(0.0, 20.0)


def test_published_allocation():
    split = allocate_common_rate(np.array([3.0, 4.0, 5.0, 6.0]), np.array([1.0, 2.0, 0.5, 4.0]))
    assert split.min_rate == pytest.approx(2.1666667, abs=1e-7)
    np.testing.assert_allclose(split.common_rate, [1.1666667, 0.1666667, 1.6666667, 0.0], atol=1e-7)


@given(
    st.integers(1, 6).flatmap(
        lambda k: st.tuples(st.lists(rates, min_size=k, max_size=k), st.lists(rates, min_size=k, max_size=k))
    )
)
def test_allocation_is_optimal(pair):
    common, private = map(np.array, pair)
    split = allocate_common_rate(common, private)
    # The level is the least of linear forms over all subsets of users and all decoders.
    subsets = itertools.chain.from_iterable(
        itertools.combinations(range(len(private)), size) for size in range(1, len(private) + 1)
    )
    level = min((common.min() + sum(private[list(s)])) / len(s) for s in subsets)
    assert split.min_rate == pytest.approx(level, abs=1e-9)
    assert np.sum(split.common_rate) == pytest.approx(common.min(), abs=1e-9)
    assert np.all(split.common_rate >= 0)
    assert np.min(private + split.common_rate) == pytest.approx(level, abs=1e-9)


def test_without_a_common_stream_the_weakest_private_rate_remains():
    split = allocate_common_rate(np.zeros(3), np.array([2.0, 0.5, 1.0]))
    assert split.min_rate == 0.5
    np.testing.assert_array_equal(split.common_rate, 0.0)


def test_batches_and_both_array_libraries():
    rng = np.random.default_rng(0)
    common, private = rng.uniform(size=(5, 4)), rng.uniform(size=(5, 4))
    together = allocate_common_rate(common, private)
    traced = allocate_common_rate(jnp.asarray(common), jnp.asarray(private))
    for index in range(5):
        alone = allocate_common_rate(common[index], private[index])
        assert together.min_rate[index] == alone.min_rate
        np.testing.assert_allclose(traced.common_rate[index], alone.common_rate, rtol=1e-12)


def test_sinr_against_plain_sums():
    rng = np.random.default_rng(1)
    private, common, other, noise = rng.uniform(size=(3, 3)), rng.uniform(size=3), 0.2, np.array([0.1, 0.2, 0.3])
    sinr = rate_splitting_sinr(private, common, other, noise)
    for k in range(3):
        total = private[k].sum() + other + noise[k]
        assert sinr.common[k] == pytest.approx(common[k] / total)
        assert sinr.private[k] == pytest.approx(private[k, k] / (total - private[k, k]))
    # A strong user keeps its faint interference.
    strong = rate_splitting_sinr(np.array([[1e20, 1e-3], [1e-3, 1.0]]), np.zeros(2), 0.0, 0.0)
    assert strong.private[0] == pytest.approx(1e23)
