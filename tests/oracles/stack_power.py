"""Largest power of a stack of beams over an error ball with its envelope gradient: one receiver, one formula a line."""

from __future__ import annotations

from leoisac.foundation.jax_setup import jax, jnp


def largest_stack_power(stack, x, radius, smoothing=0.0, steps=60):
    r"""Largest ``sum_i |b_i^H (x + e)|^2`` over ``||e|| <= radius``; beams as rows, differentiable.

    ``min over k of k [r^2 + sum_i q_i / (k - lambda_i)]``, ``q_i = |Q_i^H c|^2 + smoothing``, by bisection on the slope
    in k. For the gradient, ``y = (kI - G)^-1 c`` and ``K = (kI - G)^-1`` stand still in
    ``k [r^2 + 2 Re y^H c + y^H G y + smoothing tr(K^2 G)]``.
    """
    c = jnp.conj(stack) @ x
    gram = jnp.conj(stack) @ stack.T
    frozen_c, frozen_gram, frozen_radius = jax.lax.stop_gradient((c, gram, jnp.asarray(radius)))
    eigenvalues, vectors = jnp.linalg.eigh(frozen_gram)
    q = jnp.abs(jnp.conj(vectors.T) @ frozen_c) ** 2 + smoothing

    def halve(_, bracket):
        low, high = bracket
        middle = jnp.sqrt(low * high)
        rising = jnp.sum(q * eigenvalues / (middle + eigenvalues[-1] - eigenvalues) ** 2) < frozen_radius**2
        return jnp.where(rising, low, middle), jnp.where(rising, middle, high)

    _, delta = jax.lax.fori_loop(0, steps, halve, (jnp.asarray(1e-15), jnp.asarray(1e6)))
    k = eigenvalues[-1] + delta
    shares = 1.0 / (delta + eigenvalues[-1] - eigenvalues)
    K = (vectors * shares) @ jnp.conj(vectors.T)
    y = K @ frozen_c
    model = (
        jnp.asarray(radius) ** 2
        + 2.0 * jnp.real(jnp.vdot(y, c))
        + jnp.real(jnp.vdot(y, gram @ y))
        + smoothing * jnp.real(jnp.trace(K @ K @ gram))
    )
    value = k * (frozen_radius**2 + jnp.sum(q * shares))
    return value + k * (model - jax.lax.stop_gradient(model))
