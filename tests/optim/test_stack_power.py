"""Largest power of beam stacks over error balls: against one receiver at a time, samples, autodiff and limits."""

import numpy as np
import pytest
from oracles.stack_power import largest_stack_power

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.batched.stack_power import Stack, largest_powers
from leoisac.optim.batched.trust_region import maximise_over_ball

ANTENNAS = (5, 3)
LEFT_OUT = (0, 1, 2, -1), (-1, -1, -1, 0)
RADII = np.array([0.3, 0.01, 1.0, 0.1]), np.array([0.05, 0.4, 1e-3, 0.2])


def stacks_of(beams, channels, radii=RADII):
    """Beams and channels as rows: per stack, what the bound needs."""

    def pair(matrix):
        return jnp.stack([matrix.real, matrix.imag])

    return tuple(
        Stack(pair(jnp.conj(A) @ A.T), pair(jnp.conj(A) @ h.T), jnp.asarray(r))
        for A, h, r in zip(beams, channels, radii, strict=True)
    )


def bounds(beams, channels, smoothing):
    return largest_powers(stacks_of(beams, channels), LEFT_OUT, smoothing)


def one_by_one(beams, channels, smoothing):
    """The same by the oracle. A silent beam adds the smoothing and nothing else: it stands for one left out."""
    found = []
    for A, h, r, omitted in zip(beams, channels, RADII, LEFT_OUT, strict=True):
        kept = np.arange(len(A)) != np.array(omitted)[:, None]
        value = jax.vmap(lambda keep, h, r, A=A: largest_stack_power(A * keep[:, None], h, r, smoothing))(kept, h, r)
        found.append(value - smoothing * (np.array(omitted) >= 0))
    return tuple(found)


COMPILED = jax.jit(bounds)


def weighted(of):
    """A number that depends on every bound."""
    return lambda beams, channels, smoothing: sum(
        jnp.sum(jnp.arange(1.0, 5.0) * part) for part in of(beams, channels, smoothing)
    )


GRADIENT = jax.jit(jax.grad(weighted(bounds)))
ORACLE = jax.jit(lambda *inputs: (one_by_one(*inputs), jax.grad(weighted(one_by_one))(*inputs)))


def random_beams(seed, scale=1.0):
    rng = np.random.default_rng(seed)

    def complex_normal(*shape):
        return jnp.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))

    beams = tuple(scale * complex_normal(count, n) for count, n in zip((3, 4), ANTENNAS, strict=True))
    return beams, tuple(complex_normal(4, n) for n in ANTENNAS)


@pytest.mark.parametrize("smoothing", [1e-3, 1e-10])
def test_values_and_gradients_are_those_of_one_receiver_at_a_time(smoothing):
    for seed, scale in ((0, 1.0), (1, 1e-2), (2, 3.0)):
        beams, channels = random_beams(seed, scale)
        values, gradients = ORACLE(beams, channels, smoothing)
        for ours, expected in zip(COMPILED(beams, channels, smoothing), values, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-9)
        for ours, expected in zip(GRADIENT(beams, channels, smoothing), gradients, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6 * float(jnp.max(jnp.abs(expected))))


def test_the_gradient_is_that_of_differences():
    beams, channels = random_beams(3)
    direction, _ = random_beams(4)
    gradient = GRADIENT(beams, channels, 1e-4)
    # The derivative along a complex direction of a real function, in the convention of JAX.
    slope = sum(float(jnp.real(jnp.sum(g * d))) for g, d in zip(gradient, direction, strict=True))

    def at(step):
        moved = tuple(b + step * d for b, d in zip(beams, direction, strict=True))
        return float(weighted(COMPILED)(moved, channels, 1e-4))

    assert (at(1e-5) - at(-1e-5)) / 2e-5 == pytest.approx(slope, rel=1e-8)


def test_a_small_smoothing_bounds_the_exact_power_from_above():
    beams, channels = random_beams(5)
    smoothing = 1e-8
    rng = np.random.default_rng(6)
    for ours, A, h, r, omitted in zip(
        COMPILED(beams, channels, smoothing), beams, channels, RADII, LEFT_OUT, strict=True
    ):
        for i, out in enumerate(omitted):
            kept = np.asarray(A if out < 0 else jnp.delete(A, out, axis=0))
            exact = float(maximise_over_ball(kept.T @ kept.conj(), np.asarray(h[i]), np.asarray(r[i])).value)
            assert exact * (1 - 1e-12) <= ours[i] <= exact + 3.0 * len(kept) * np.sqrt(exact * smoothing)
            errors = rng.standard_normal((500, kept.shape[1], 2)) @ np.array([1.0, 1j])
            errors *= r[i] / np.linalg.norm(errors, axis=1, keepdims=True)
            received = np.sum(np.abs((h[i] + errors) @ kept.conj().T) ** 2, axis=1)
            assert received.max() <= ours[i]


def test_where_beams_null_the_channel_and_have_equal_power_the_bound_is_smooth():
    """Orthonormal beams that do not reach the channel: the worst error points along any of them, power ``r^2``."""
    basis = np.linalg.qr(np.asarray(random_beams(7)[1][0]).T, mode="complete")[0].T
    beams = jnp.asarray(basis[:3]), jnp.zeros((4, 3), complex)
    channels = jnp.asarray(np.tile(basis[4], (4, 1))), jnp.ones((4, 3), complex)
    from_bs, silent = COMPILED(beams, channels, 1e-12)
    np.testing.assert_allclose(from_bs, RADII[0] ** 2, rtol=1e-3)
    np.testing.assert_allclose(silent, 0.0, atol=1e-8)
    for part in GRADIENT(beams, channels, 1e-4):
        assert np.all(np.isfinite(part))


def test_a_stack_of_one_beam_left_out_disturbs_nobody():
    beam, channel = random_beams(8)[0][0][:1], random_beams(8)[1][0][:2]
    stacks = stacks_of((beam,), (channel,), (np.array([0.1, 0.1]),))
    value = jax.jit(lambda stacks: largest_powers(stacks, ((0, -1),), 1e-12))(stacks)[0]
    expected = (jnp.abs(jnp.vdot(channel[1], beam[0])) + 0.1 * jnp.linalg.norm(beam)) ** 2
    np.testing.assert_allclose(value, [0.0, expected], rtol=1e-6, atol=1e-9)
