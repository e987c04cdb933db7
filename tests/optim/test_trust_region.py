"""Extremes of a quadratic form over a ball against ascent, closed forms and certificates, also in the hard case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.ball_extremes import largest_by_ascent
from oracles.stack_power import largest_stack_power

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.batched.trust_region import (
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


def test_the_differentiable_twin_is_exact_safe_and_has_the_envelope_as_gradient():
    """What optimisers need of such bounds, in the plain form of tests/oracles, which faster forms are held against."""
    rng = np.random.default_rng(6)
    slope = jax.jit(jax.value_and_grad(largest_stack_power, argnums=(0, 1, 2)))
    # Beams in general position; equal beams that null the channel, where robust optima lie.
    places = [(complex_normal(rng, 3, 4), complex_normal(rng, 4)), (np.eye(3, 4) + 0j, np.eye(4)[3] + 0j)]
    for stack, x in places:
        point, smoothing = (jnp.asarray(stack), jnp.asarray(x), jnp.asarray(0.4)), jnp.asarray(1e-3)
        value, gradients = slope(*point, smoothing)
        exact = maximise_over_ball(stack.T @ stack.conj(), x, np.asarray(0.4)).value
        assert exact <= float(value) <= exact + 4 * np.sqrt(exact * 1e-3) + 1e-2
        for place, gradient in enumerate(gradients):
            move = complex_normal(rng, *gradient.shape) if place < 2 else np.asarray(1.0)
            ends = [[p + s * 1e-5 * move if i == place else p for i, p in enumerate(point)] for s in (1, -1)]
            difference = (slope(*ends[0], smoothing)[0] - slope(*ends[1], smoothing)[0]) / 2e-5
            # JAX's gradient of a real function is the conjugate of the direction of ascent.
            along = np.real(np.sum(np.asarray(gradient) * move))
            assert along == pytest.approx(float(difference), abs=1e-6 * (1.0 + float(value)))
