"""The genetic algorithm on a function whose optimum is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.search.genetic import GeneticOptions, evolve

GOAL = np.array([0.5, -1.0, 2.0, 0.0])


def bowl(x):
    """A bowl with its top at the goal, undefined in part of the space where the first population lies."""
    return jnp.where(x[0] > 0.9, jnp.nan, -jnp.sum((x - GOAL) ** 2))


@pytest.fixture(scope="module")
def found() -> Any:
    keys = jax.random.split(jax.random.key(1), 3)
    run = jax.jit(jax.vmap(lambda key: evolve(bowl, key, 4, GeneticOptions(population=40, generations=60))))
    return run(jnp.stack([keys[0], keys[1], keys[0]]))


def test_finds_the_top_around_what_is_no_number(found: Any) -> None:
    assert np.all(found.fitness > -2e-2)
    np.testing.assert_allclose(found.fitness, [bowl(best) for best in found.best], rtol=1e-9)


def test_elites_survive(found: Any) -> None:
    assert np.all(np.diff(found.history, axis=1) >= 0.0)
    np.testing.assert_array_equal(found.history[:, -1], found.fitness)


def test_a_run_depends_on_its_key_alone(found: Any) -> None:
    np.testing.assert_array_equal(found.best[0], found.best[2])
    assert np.any(found.best[0] != found.best[1])


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="elites"):
        GeneticOptions(population=2, elites=2)
