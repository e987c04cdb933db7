"""L-BFGS in compact form against the two-loop recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4)."""

import numpy as np

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.batched.lbfgs import descent_direction, empty_memory, forget, push

COUNT, SIZE = 3, 7


def two_loops(pairs, gamma, gradient):
    q, alphas = gradient.copy(), []
    for s, y in reversed(pairs):
        alphas.append(s @ q / (s @ y))
        q -= alphas[-1] * y
    r = gamma * q
    for (s, y), alpha in zip(pairs, reversed(alphas)):
        r += s * (alpha - y @ r / (s @ y))
    return -r


def test_direction_equals_the_two_loop_recursion_over_the_ring_with_a_rejected_tick():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(SIZE, SIZE))
    hessian = root @ root.T + np.eye(SIZE)
    step_in, direction_of = jax.jit(push), jax.jit(descent_direction)
    memory, history = empty_memory(COUNT, SIZE), []
    for tick in range(9):
        s, kept = rng.normal(size=SIZE), tick != 4
        y = hessian @ s
        memory = step_in(memory, jnp.int32(tick % COUNT), jnp.array(s), jnp.array(y), jnp.array(kept))
        history.append((s, y) if kept else None)
        recent = [pair for pair in history[-COUNT:] if pair]
        gamma = recent[-1][0] @ recent[-1][1] / (recent[-1][1] @ recent[-1][1])
        gradient = rng.normal(size=SIZE)
        expected = two_loops(recent, gamma, gradient)
        np.testing.assert_allclose(direction_of(memory, jnp.array(gradient)), expected, rtol=0, atol=1e-13)
    forgotten = direction_of(forget(memory, jnp.array(True)), jnp.array(gradient))
    np.testing.assert_allclose(forgotten, -memory.scale * gradient, rtol=1e-15)
