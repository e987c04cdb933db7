# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
r"""Largest received power of a stack of beams over balls around several receivers' channels, fast and differentiable.

The same bound as in ``trust_region``, arranged for optimisers that evaluate it at every step. With the beams in the
columns of ``A``, the worst power at a receiver with channel ``h`` and error norm ``r`` depends on the Gram matrix
:math:`G=A^HA` and on :math:`c=A^Hh` alone:

.. math::
    \max_{\|\Delta\|\le r}\|A^H(h+\Delta)\|^2=\min_{k>\lambda_{\max}(G)}k\,[r^2+F(k)],\qquad
    F(k)=c^H(kI-G)^{-1}c+\epsilon\operatorname{tr}(kI-G)^{-1}.

The smoothing :math:`\epsilon` makes the bound smooth also where c vanishes or eigenvalues coincide, which is where
robust optima lie. It never underestimates and adds about :math:`2\sqrt{p\epsilon}` to a power p.

All receivers share one eigendecomposition of G, also where one beam is left out of a receiver's stack, as its own
signal is of the interference: with the beam's unit vector e and :math:`K=(kI-G)^{-1}`, the stack without it has

.. math:: F(k)=c^HKc-|e^HKc|^2/\kappa+\epsilon[\operatorname{tr}K-e^HK^2e/\kappa],\qquad\kappa=e^HKe .

The optimal k is found by Newton steps on :math:`S^{-1/2}=1/r`, :math:`S=-(kF)'`, which rise monotonically from the
left; a bracket catches them below :math:`\lambda_{\max}`. Any k above is a valid bound. The gradient is the envelope's,
:math:`\partial/\partial c=2ky`, :math:`\partial/\partial G=k(yy^H+\epsilon K^2)` with :math:`y=Kc`: no eigenvector is
differentiated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp

_MAX_STEPS = 40
_TOLERANCE = 1e-9
"""Relative error of ``S^(1/2) / r`` at which the search for k ends; the bound's own error is its square."""


class _Sums(NamedTuple):
    """Weights of the rational functions of k in the eigenbasis; receivers last."""

    eigenvalues: Any  # (p, 1)
    a: Any  # |Q^H c|^2, (p, receiver)
    b_re: Any  # conj(Q^H e) * Q^H c
    b_im: Any
    u: Any  # |Q^H e|^2
    complete: Any  # nothing left out, (receiver,)


class _Point(NamedTuple):
    """The rational functions at some k, and Newton's ingredients; all (receiver,)."""

    F: Any
    S: Any
    slope: Any
    kappa: Any
    kappa2: Any
    beta_re: Any
    beta_im: Any


def largest_powers(
    gram_re: Float[Array, "p p"],
    gram_im: Float[Array, "p p"],
    c_re: Float[Array, "receiver p"],
    c_im: Float[Array, "receiver p"],
    left_out: Float[Array, "receiver p"],
    radius: Float[Array, " receiver"],
    smoothing: Float[Array, ""],
) -> Float[Array, " receiver"]:
    """Largest power of the stack at every receiver; differentiable in the Gram matrix and in ``c``.

    Args:
        gram_re, gram_im: Gram matrix ``A^H A`` of all beams.
        c_re, c_im: ``A^H h`` per receiver.
        left_out: unit vector of the beam that is no part of a receiver's stack, or zeros. Its entry of ``c`` is ignored.
        radius: positive.
        smoothing: positive, in units of power.
    """
    keep = 1.0 - left_out
    return _largest_powers(gram_re, gram_im, c_re * keep, c_im * keep, left_out, radius, smoothing)


@jax.custom_vjp
def _largest_powers(
    gram_re: Any, gram_im: Any, c_re: Any, c_im: Any, left_out: Any, radius: Any, smoothing: Any
) -> Any:
    return _forward(gram_re, gram_im, c_re, c_im, left_out, radius, smoothing)[0]


def _forward(
    gram_re: Any, gram_im: Any, c_re: Any, c_im: Any, left_out: Any, radius: Any, smoothing: Any
) -> tuple[Any, Any]:
    eigenvalues, Q = jnp.linalg.eigh(gram_re + 1j * gram_im)
    eigenvalues = jnp.maximum(eigenvalues, 0.0)[:, None]
    basis = jnp.conj(Q).T
    a = basis @ (c_re + 1j * c_im).T
    u = basis @ left_out.T
    b = jnp.conj(u) * a
    sums = _Sums(eigenvalues, _squared(a), b.real, b.imag, _squared(u), jnp.sum(left_out, axis=1) == 0.0)
    k = _optimal_k(sums, radius, smoothing)
    at_k = _evaluate(sums, k, smoothing)
    value = k * (radius**2 + at_k.F)
    return value, (Q, eigenvalues, a, u, k, at_k, radius, smoothing)


def _backward(saved: Any, weight: Any) -> Any:
    Q, eigenvalues, a, u, k, at_k, radius, smoothing = saved
    x = 1.0 / (k - eigenvalues)
    z = x * u
    y = x * a - z * ((at_k.beta_re + 1j * at_k.beta_im) / at_k.kappa)
    v = (x - 0.5 * at_k.kappa2 / at_k.kappa) * z
    scale = weight * k
    # Gradient in the eigenbasis: y y^H + eps (X^2 - (v z^H + z v^H) / kappa), summed over the receivers.
    left = jnp.concatenate([scale * y, -(scale * smoothing / at_k.kappa) * v], axis=1)
    right = jnp.concatenate([0.5 * y, z], axis=1)
    half = left @ jnp.conj(right).T
    inner = half + jnp.conj(half).T + jnp.diag(smoothing * jnp.sum(scale * x**2, axis=1))
    gram = Q @ inner @ jnp.conj(Q).T
    c = 2.0 * (Q @ (scale * y)).T
    return (
        gram.real,
        gram.imag,
        c.real,
        c.imag,
        jnp.zeros_like(c.real),
        jnp.zeros_like(radius),
        jnp.zeros_like(smoothing),
    )


_largest_powers.defvjp(_forward, _backward)


def _optimal_k(sums: _Sums, radius: Any, smoothing: Any) -> Any:
    """Minimiser of ``k (r^2 + F(k))`` above the largest eigenvalue of the receiver's stack."""
    lam = sums.eigenvalues
    own = jnp.sum(sums.u * lam, axis=0)
    own2 = jnp.sum(sums.u * lam**2, axis=0)
    trace = jnp.sum(lam) - own
    trace2 = jnp.sum(lam**2) - 2.0 * own2 + own**2
    total = jnp.sum(sums.a * lam, axis=0) + smoothing * trace
    across = jnp.sum(sums.b_re * lam, axis=0) ** 2 + jnp.sum(sums.b_im * lam, axis=0) ** 2
    second = jnp.sum(sums.a * lam**2, axis=0) - across + smoothing * trace2
    tiny = 1e-14 * lam[-1] + 1e-140
    below = jnp.where(sums.complete, lam[-1], lam[-2] if lam.size > 1 else 0.0)
    reach = jnp.sqrt(jnp.maximum(total, 0.0)) / radius
    left = jnp.maximum(
        below + jnp.sqrt(smoothing * below) / radius,
        second / jnp.maximum(total, 1e-290) + reach,  # convexity of 1 / (k - lambda)^2
    )
    left = jnp.maximum(left, below + tiny)
    right = jnp.maximum(lam[-1] + reach, left) * (1.0 + 1e-9) + tiny

    def unfinished(state: Any) -> Any:
        return (state[0] < _MAX_STEPS) & ~jnp.all(state[-1])

    def step(state: Any) -> Any:
        count, k, lower, upper, best, done = state
        at_k = _evaluate(sums, k, smoothing)
        above = sums.complete | (at_k.kappa * (k - lam[-1]) > 0.0)
        usable = above & (at_k.S > 0.0) & (at_k.slope < 0.0)
        ratio = jnp.sqrt(jnp.where(usable, at_k.S, 1.0)) / radius
        newton = k + 2.0 * at_k.S * (1.0 - ratio) / jnp.where(usable, at_k.slope, 1.0)
        beyond = usable & (ratio <= 1.0)
        lower = jnp.where(beyond, lower, jnp.maximum(lower, k))
        upper = jnp.where(beyond, k, upper)
        inside = usable & (newton > lower) & (newton < upper)
        following = jnp.where(inside, newton, 0.5 * (lower + upper))
        best = jnp.where(usable & ~done, k, best)
        done = done | (usable & (jnp.abs(ratio - 1.0) <= _TOLERANCE)) | (upper - lower <= 1e-15 * upper)
        return count + 1, jnp.where(done, k, following), lower, upper, best, done

    start = (jnp.zeros((), jnp.int32), left, left, right, right, jnp.zeros(left.shape, bool))
    return jax.lax.while_loop(unfinished, step, start)[-2]


def _evaluate(sums: _Sums, k: Any, smoothing: Any) -> _Point:
    x = 1.0 / (k - sums.eigenvalues)
    x2 = x * x
    x3, x4 = x2 * x, x2 * x2

    def total(values: Any) -> Any:
        return jnp.sum(values, axis=0)

    br1, br2, br3 = total(sums.b_re * x), total(sums.b_re * x2), total(sums.b_re * x3)
    bi1, bi2, bi3 = total(sums.b_im * x), total(sums.b_im * x2), total(sums.b_im * x3)
    kappa = jnp.where(sums.complete, 1.0, total(sums.u * x))
    k2, k3, k4 = total(sums.u * x2), total(sums.u * x3), total(sums.u * x4)
    inverse = 1.0 / kappa
    w = k2 * inverse
    m3 = k3 * inverse
    # p = |beta|^2 with its derivatives, then p / kappa with its own.
    p0 = br1 * br1 + bi1 * bi1
    p1 = -2.0 * (br1 * br2 + bi1 * bi2)
    p2 = 2.0 * (br2 * br2 + bi2 * bi2) + 4.0 * (br1 * br3 + bi1 * bi3)
    q0 = p0 * inverse
    q1 = (p1 + p0 * w) * inverse
    q2 = (p2 + 2.0 * p1 * w + 2.0 * p0 * (w * w - m3)) * inverse
    w1 = w * w - 2.0 * m3
    w2 = 6.0 * k4 * inverse - 6.0 * w * m3 + 2.0 * w**3
    F = total(sums.a * x) - q0 + smoothing * (total(x) - w)
    F1 = -total(sums.a * x2) - q1 - smoothing * (total(x2) + w1)
    F2 = 2.0 * total(sums.a * x3) - q2 + smoothing * (2.0 * total(x3) - w2)
    return _Point(F, -F - k * F1, -2.0 * F1 - k * F2, kappa, k2, br1, bi1)


def _squared(values: Any) -> Any:
    return values.real**2 + values.imag**2


__all__ = ["largest_powers"]
