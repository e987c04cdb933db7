"""Extremes over a ball against ascent, closed forms, the hard case, and the gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.ball_extremes import largest_by_ascent

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.batched.trust_region import (
    EXACT_STEPS,
    largest_stack_power,
    least_beam_power,
    maximise_over_ball,
    minimise_over_ball,
)

SPECTRA = {
    "definite": lambda rng, n: rng.exponential(size=n),
    "indefinite": lambda rng, n: rng.standard_normal(n),
    "negative": lambda rng, n: -rng.exponential(size=n),
    "one": lambda rng, n: np.r_[1.0, np.zeros(n - 1)],
    "equal": lambda rng, n: np.ones(n),
    "graded": lambda rng, n: 10.0 ** rng.uniform(-8, 3, n),
}


def complex_normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def hermitian(rng, eigenvalues):
    vectors = np.linalg.qr(complex_normal(rng, len(eigenvalues), len(eigenvalues)))[0]
    X = (vectors * eigenvalues) @ vectors.conj().T
    return (X + X.conj().T) / 2, vectors


def power(X, x):
    return np.vdot(x, X @ x).real


@pytest.mark.parametrize("spectrum", ["definite", "indefinite", "negative", "equal"])
def test_the_extreme_is_what_many_ascents_find(spectrum):
    rng = np.random.default_rng(1)
    X, _ = hermitian(rng, SPECTRA[spectrum](rng, 3))
    x, radius = complex_normal(rng, 3), 0.7
    largest = maximise_over_ball(X, x, np.asarray(radius))
    assert largest.value == pytest.approx(largest_by_ascent(X, x, radius), rel=1e-9)
    least = minimise_over_ball(X, x, np.asarray(radius))
    assert least.value == pytest.approx(-largest_by_ascent(-X, x, radius), abs=1e-9)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 5),
    spectrum=st.sampled_from(sorted(SPECTRA)),
    radius=st.floats(1e-3, 1e2),
    size=st.floats(1e-3, 1e2),
    hardness=st.sampled_from([None, 1e-4, 1e-8, 1e-12, 0.0]),
)
def test_error_attains_the_bound_also_near_the_hard_case(seed, n, spectrum, radius, size, hardness):
    """Bound and attained value meet: a certificate of both, whatever the spectrum."""
    rng = np.random.default_rng(seed)
    eigenvalues = SPECTRA[spectrum](rng, n)
    X, vectors = hermitian(rng, eigenvalues)
    x = size * complex_normal(rng, n)
    if hardness is not None:
        top = vectors[:, np.argmax(eigenvalues)]
        x = x - (1.0 - hardness) * top * np.vdot(top, x)
    found = maximise_over_ball(X, x, np.asarray(radius))
    scale = np.max(np.abs(eigenvalues)) * (np.linalg.norm(x) + radius) ** 2
    assert np.linalg.norm(found.error) <= radius * (1 + 1e-12)
    assert power(X, x + found.error) == pytest.approx(found.value, abs=1e-13 * scale)


def test_closed_forms():
    rng = np.random.default_rng(3)
    b, x, radius = complex_normal(rng, 4), complex_normal(rng, 4), np.asarray(0.3)
    beam = np.outer(b, b.conj())
    amplitude, length = abs(np.vdot(x, b)), np.linalg.norm(b)
    assert maximise_over_ball(beam, x, radius).value == pytest.approx((amplitude + 0.3 * length) ** 2, rel=1e-12)
    assert minimise_over_ball(beam, x, radius).value == pytest.approx(least_beam_power(b, x, radius), rel=1e-12)
    wide = np.asarray(amplitude / length * 1.2)
    assert minimise_over_ball(beam, x, wide).value == pytest.approx(0.0, abs=1e-14 * amplitude**2)
    assert least_beam_power(b, x, wide) == 0.0
    norm = np.linalg.norm(x)
    assert maximise_over_ball(np.eye(4), x, radius).value == pytest.approx((norm + 0.3) ** 2, rel=1e-12)
    assert maximise_over_ball(np.zeros((4, 4)), x, radius).value == pytest.approx(0.0, abs=1e-12)
    assert maximise_over_ball(beam, x, np.asarray(0.0)).value == pytest.approx(amplitude**2, rel=1e-12)
    assert maximise_over_ball(beam, np.zeros(4, complex), radius).value == pytest.approx(0.09 * length**2, rel=1e-12)


def test_batched_jax_and_numpy_agree():
    rng = np.random.default_rng(4)
    stack = complex_normal(rng, 6, 3, 4)
    X = np.einsum("kbi,kbj->kij", stack, stack.conj())
    x, radius = complex_normal(rng, 6, 4), rng.uniform(0.0, 1.0, 6)
    radius[0] = 0.0
    plain = maximise_over_ball(X, x, radius)
    traced = jax.jit(jax.vmap(maximise_over_ball))(X, x, radius)
    np.testing.assert_allclose(traced.value, plain.value, rtol=1e-12)
    np.testing.assert_allclose(traced.error, plain.error, atol=1e-10)


def test_stack_power_is_exact_without_and_safe_with_smoothing():
    rng = np.random.default_rng(5)
    stack, x, radius = complex_normal(rng, 5, 3, 4), complex_normal(rng, 5, 4), rng.uniform(0.1, 1.0, 5)
    # The third: beams that null the estimate, with equal norms: where robust optima lie.
    stack[2], x[2] = np.eye(3, 4), np.eye(4)[3]
    exact = maximise_over_ball(np.einsum("kbi,kbj->kij", stack, stack.conj()), x, radius).value
    compiled = jax.jit(largest_stack_power, static_argnames="steps")
    sharp = np.asarray(compiled(stack, x, radius, 0.0, steps=EXACT_STEPS))
    np.testing.assert_allclose(sharp, exact, rtol=1e-12)
    smooth = np.asarray(compiled(stack, x, radius, 1e-6))
    assert np.all(smooth >= exact * (1 - 1e-12))
    assert np.all(smooth <= exact + 4 * np.sqrt(exact * 1e-6) + 1e-5)


def test_envelope_gradient_against_differences():
    rng = np.random.default_rng(6)
    stack, x, radius = complex_normal(rng, 2, 3, 4), complex_normal(rng, 2, 4), rng.uniform(0.1, 1.0, 2)
    stack[1], x[1] = np.eye(3, 4), np.eye(4)[3]

    def total(stack, x, radius):
        return jnp.sum(largest_stack_power(stack, x, radius, 1e-3, 12))

    point = [jnp.asarray(part) for part in (stack, x, radius)]
    slope = jax.jit(jax.value_and_grad(total, argnums=(0, 1, 2)))
    gradients = slope(*point)[1]
    moves = [complex_normal(rng, *stack.shape), complex_normal(rng, *x.shape), rng.standard_normal(2)]
    for place, move in enumerate(moves):
        ends = [[p + s * 1e-5 * move if i == place else p for i, p in enumerate(point)] for s in (1, -1)]
        difference = (slope(*ends[0])[0] - slope(*ends[1])[0]) / 2e-5
        # JAX's gradient of a real function is the conjugate of the direction of ascent.
        assert np.real(np.sum(np.asarray(gradients[place]) * move)) == pytest.approx(float(difference), rel=1e-6)
