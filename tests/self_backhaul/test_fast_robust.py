"""PA2 by the fast route: reference values, exactness, gradient, order of guarantees, bit-identity."""

import numpy as np
import pytest
from cases import deterministic

import leoisac as li
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.status import Status
from leoisac.optim.batched.engine import compilations
from leoisac.systems.self_backhaul import evaluate
from leoisac.systems.self_backhaul.fast import solve_pa1
from leoisac.systems.self_backhaul.fast_robust import OPTIONS, formulate, solve_pa2
from leoisac.systems.self_backhaul.robust_program import Stage, robust_beamforming

CASES = [
    ("R1", "relative", 0.02, 9.54056),
    ("R1", "relative", 0.08, 8.47758),
    ("R1", "noise-normalised", 0.08, 9.59080),
    ("R2", "relative", 0.02, 7.15564),
    ("R2", "relative", 0.08, 6.71637),
    ("R2", "noise-normalised", 0.08, 7.14997),
]


def solved(name, model, radius):
    config, channels, _ = deterministic(name, error_model=model, error_radius=radius)
    return config, channels, solve_pa2(evaluate.parameters(config), channels)


@pytest.mark.parametrize(("name", "model", "radius", "value"), CASES)
def test_deterministic_values_and_what_the_judge_says(name, model, radius, value):
    config, channels, solution = solved(name, model, radius)
    metrics = li.evaluate(config, channels, solution.value)
    assert solution.status[0] == Status.CONVERGED
    assert solution.violation[0] <= 1e-6
    assert solution.objective[0] == metrics["guaranteed_sum_rate"][0]
    assert value * (1 - 1e-3) <= solution.objective[0] <= value * 1.01
    assert np.all(metrics["guaranteed_rate"] <= metrics["rate"])


def test_a_larger_radius_guarantees_less_and_a_vanishing_one_is_pa1():
    config, channels, _ = deterministic("R1", error_model="relative")
    found = [
        solve_pa2(evaluate.parameters(config.replace(error_radius=radius)), channels).objective[0]
        for radius in (0.0, 0.02, 0.08)
    ]
    assert found[0] > found[1] > found[2]
    assert found[0] == pytest.approx(solve_pa1(evaluate.parameters(config), channels).objective[0], rel=1e-4)
    assert compilations(robust_beamforming, OPTIONS) <= 4


def test_the_gradient_is_that_of_finite_differences():
    config, channels, _ = deterministic("R1", error_model="relative")
    ready = take(by_lanes(formulate)(evaluate.parameters(config), channels), 0)
    stage, x = Stage(jnp.float64(1.0), jnp.float64(1e-4)), jnp.asarray(ready.starts[1])
    direction = np.random.default_rng(0).standard_normal(x.size)

    @jax.jit
    def value(point):
        objective, c = robust_beamforming(point, ready.program, stage)
        return objective + jnp.sum(jnp.tanh(c))

    step = 1e-6
    differences = (value(x + step * direction) - value(x - step * direction)) / (2 * step)
    assert jax.grad(value)(x) @ direction == pytest.approx(float(differences), rel=1e-6)


def test_the_same_bits_in_any_company():
    config, channels, _ = deterministic("R1", error_model="relative")
    several = jax.tree.map(lambda leaf: np.concatenate([leaf, 0.9 * leaf, 1.1 * leaf]), channels)
    numbers = evaluate.parameters(config)
    together, alone = solve_pa2(numbers, several), solve_pa2(numbers, take(several, np.array([2])))
    for every, one in zip(jax.tree.leaves(together.value), jax.tree.leaves(alone.value), strict=True):
        assert np.array_equal(every[2], one[0])
    assert together.objective[2] == alone.objective[0]
