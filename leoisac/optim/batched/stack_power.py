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

The largest eigenvalue of that stack is the root of :math:`\kappa` between the two largest of G; multiplied by both
distances it is a convex function, almost a straight line, and Newton steps find the root from above. The optimal k is
found by Newton steps on :math:`S^{-1/2}=1/r`, :math:`S=-(kF)'`, which rise monotonically from any lower bound. Any k
above the largest eigenvalue is a valid bound. The gradient is the envelope's, :math:`\partial/\partial c=2ky`,
:math:`\partial/\partial G=k(yy^H+\epsilon K^2)` with :math:`y=Kc`: no eigenvector is differentiated.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import in_double, jax, jnp

_MAX_STEPS = 40
_RESOLUTION = 1e-13
"""Relative change below which the search for a largest eigenvalue ends."""
_TOLERANCE = 1e-7
"""Relative error of ``S^(1/2) / r`` at which the search for k ends; the bound's own error is its square."""

LeftOut: TypeAlias = tuple[tuple[int, ...], ...]
"""Per stack and receiver the index of the beam that is no part of the receiver's stack, or -1."""


class Stack(NamedTuple):
    """Beams ``A`` as several receivers see them. Complex matrices are pairs of real ones: real part, imaginary part."""

    gram: Float[Array, "two p p"]
    """``A^H A``."""
    c: Float[Array, "two p receiver"]
    """``A^H h`` per receiver."""
    radius: Float[Array, " receiver"]
    """Norm of the channel error, positive."""


class _Spectrum(NamedTuple):
    """A stack in the eigenbasis of its Gram matrix."""

    Q: Any  # (2, p, p)
    eigenvalues: Any  # (p,)
    a: Any  # Q^H c, (2, p, receiver)
    u: Any  # Q^H e for the beam e left out, (2, p, receiver)


class _Pole(NamedTuple):
    """One eigenvalue and its weights in the rational functions of k; per receiver, stacks side by side.

    Sums over poles are written out in Python: one fused expression per step costs an eighth of a reduction.
    """

    eigenvalue: Any
    a: Any  # |a|^2
    b_re: Any  # conj(u) a
    b_im: Any
    u: Any  # |u|^2
    present: Any  # 1, or 0 where a shorter stack is filled up


class _Point(NamedTuple):
    """The rational functions at some k, and Newton's ingredients; all (receiver,)."""

    F: Any
    S: Any
    slope: Any
    kappa: Any
    kappa2: Any
    beta_re: Any
    beta_im: Any


@in_double
def largest_powers(
    stacks: tuple[Stack, ...], left_out: LeftOut, smoothing: Float[Array, ""] | float
) -> tuple[Float[Array, " receiver"], ...]:
    """Largest powers of every stack at its receivers, bounds to about ``1e-14``; differentiable in Gram matrix and c.

    Args:
        stacks: solved side by side, which costs less than one after the other.
        left_out: beams that are no part of a receiver's stack; their entries of ``c`` are ignored.
        smoothing: positive, in units of power.
    """
    return _largest_powers(left_out, stacks, jnp.asarray(smoothing))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _largest_powers(left_out: LeftOut, stacks: tuple[Stack, ...], smoothing: Any) -> tuple[Any, ...]:
    return _forward(left_out, stacks, smoothing)[0]


def _forward(left_out: LeftOut, stacks: tuple[Stack, ...], smoothing: Any) -> tuple[tuple[Any, ...], Any]:
    spectra = [_spectrum(stack, np.array(omitted)) for stack, omitted in zip(stacks, left_out, strict=True)]
    poles = _poles(spectra, left_out)
    complete = np.concatenate([np.array(omitted) < 0 for omitted in left_out])
    radius = jnp.concatenate([stack.radius for stack in stacks])
    k = _optimal_k(poles, complete, radius, smoothing)
    at_k = _evaluate(poles, complete, k, smoothing)
    return _split(k * (radius**2 + at_k.F), left_out), (spectra, k, at_k, smoothing)


def _backward(left_out: LeftOut, saved: Any, weights: tuple[Any, ...]) -> Any:
    spectra, k, at_k, smoothing = saved
    points = [_Point(*parts) for parts in zip(*(_split(leaf, left_out) for leaf in at_k), strict=True)]
    rows = zip(spectra, left_out, weights, _split(k, left_out), points, strict=True)
    gradients = tuple(_gradient(*row, smoothing) for row in rows)
    return gradients, jnp.zeros_like(smoothing)


_largest_powers.defvjp(_forward, _backward)


def _gradient(
    spectrum: _Spectrum, omitted: tuple[int, ...], weight: Any, k: Any, at_k: _Point, smoothing: Any
) -> Stack:
    """Envelope gradient of ``weight . value``; the inner matrix is ``y y^H + eps K^2`` in the eigenbasis."""
    Q, size = spectrum.Q, len(spectrum.eigenvalues)
    x = 1.0 / (k - spectrum.eigenvalues[:, None])
    z = x * spectrum.u
    ratio = jnp.stack([at_k.beta_re, at_k.beta_im]) / at_k.kappa
    y = x * spectrum.a - jnp.stack([z[0] * ratio[0] - z[1] * ratio[1], z[0] * ratio[1] + z[1] * ratio[0]])
    v = (x - 0.5 * at_k.kappa2 / at_k.kappa) * z
    scale = weight * k
    left = jnp.concatenate([scale * y, -(scale * smoothing / at_k.kappa) * v], axis=2)
    half = _times_adjoint(left, jnp.concatenate([0.5 * y, z], axis=2))
    diagonal = jnp.diag(smoothing * jnp.sum(scale * x**2, axis=1))
    inner = half + jnp.stack([half[0].T + diagonal, -half[1].T])
    keep = np.arange(size)[:, None] != np.array(omitted)
    both = _times(Q, jnp.concatenate([inner, 2.0 * scale * y], axis=2))
    return Stack(_times_adjoint(both[..., :size], Q), both[..., size:] * keep, jnp.zeros_like(k))


def _spectrum(stack: Stack, omitted: np.ndarray) -> _Spectrum:
    eigenvalues, vectors = jnp.linalg.eigh(jax.lax.complex(stack.gram[0], stack.gram[1]))
    Q = jnp.stack([vectors.real, vectors.imag])
    keep = np.arange(len(eigenvalues))[:, None] != omitted
    u = jnp.stack([Q[0, omitted], -Q[1, omitted]]) * (omitted >= 0)[:, None]
    return _Spectrum(Q, jnp.maximum(eigenvalues, 0.0), _adjoint_times(Q, stack.c * keep), u.swapaxes(1, 2))


def _poles(spectra: list[_Spectrum], left_out: LeftOut) -> list[_Pole]:
    """Poles in ascending order; at least two."""
    size = max(2, *(len(spectrum.eigenvalues) for spectrum in spectra))
    tables = []
    for spectrum, omitted in zip(spectra, left_out, strict=True):
        lam, a, u = spectrum.eigenvalues, spectrum.a, spectrum.u
        shape = len(lam), len(omitted)
        b_re, b_im = u[0] * a[0] + u[1] * a[1], u[0] * a[1] - u[1] * a[0]
        lam = jnp.broadcast_to(lam[:, None], shape)
        table = jnp.stack([lam, jnp.sum(a**2, axis=0), b_re, b_im, jnp.sum(u**2, axis=0), jnp.ones(shape)])
        tables.append(jnp.pad(table, ((0, 0), (size - shape[0], 0), (0, 0))))
    table = jnp.concatenate(tables, axis=2)
    return [_Pole(*table[:, index]) for index in range(size)]


def _optimal_k(poles: list[_Pole], complete: np.ndarray, radius: Any, smoothing: Any) -> Any:
    """Minimiser of ``k (r^2 + F(k))`` above the largest eigenvalue of the receiver's stack, from below."""
    needed = radius**2 * (1.0 + 2.0 * _TOLERANCE)

    def unfinished(state: Any) -> Any:
        count, before, k = state
        return (count < _MAX_STEPS) & jnp.any(before != k)

    def step(state: Any) -> Any:
        # A finished receiver stands still exactly: how long its neighbours take does not change it.
        count, _, k = state
        at_k = _evaluate(poles, complete, k, smoothing)
        short = (needed < at_k.S) & (at_k.slope < 0.0)
        ratio = jnp.sqrt(jnp.where(short, at_k.S, 1.0)) / radius
        newton = 2.0 * at_k.S * (1.0 - ratio) / jnp.where(short, at_k.slope, -1.0)
        return count + 1, k, k + jnp.where(short, newton, 0.0)

    start = _lower_bound(poles, complete, radius, smoothing)
    return jax.lax.while_loop(unfinished, step, (jnp.zeros((), jnp.int32), jnp.zeros_like(start), start))[-1]


def _lower_bound(poles: list[_Pole], complete: np.ndarray, radius: Any, smoothing: Any) -> Any:
    """Of the optimal k: by the largest eigenvalue alone, and by the convexity of ``1 / (k - lambda)^2``."""
    a1 = sum(pole.a * pole.eigenvalue for pole in poles)
    a2 = sum(pole.a * pole.eigenvalue**2 for pole in poles)
    b_re = sum(pole.b_re * pole.eigenvalue for pole in poles)
    b_im = sum(pole.b_im * pole.eigenvalue for pole in poles)
    u1 = sum(pole.u * pole.eigenvalue for pole in poles)
    u2 = sum(pole.u * pole.eigenvalue**2 for pole in poles)
    trace = sum(pole.eigenvalue for pole in poles)
    trace2 = sum(pole.eigenvalue**2 for pole in poles)
    frobenius2 = trace2 - 2.0 * u2 + u1**2
    above = jnp.sqrt(jnp.maximum(frobenius2, 0.0)) + 1e-6 * poles[-1].eigenvalue
    top = jnp.where(complete, poles[-1].eigenvalue, _largest_without(poles, above))
    total = jnp.maximum(a1 + smoothing * (trace - u1), 0.0)
    second = a2 - b_re**2 - b_im**2 + smoothing * frobenius2
    alone = top + jnp.maximum(jnp.sqrt(smoothing * top) / radius, 1e-14 * trace + 1e-140)
    return jnp.maximum(alone, second / jnp.maximum(total, 1e-290) + jnp.sqrt(total) / radius)


def _largest_without(poles: list[_Pole], above: Any) -> Any:
    """Largest eigenvalue of the stack without the beam left out; ``above`` is an upper bound."""
    first, second = poles[-1], poles[-2]
    least = 1e-14 * first.eigenvalue + 1e-150

    def unfinished(state: Any) -> Any:
        count, before, k = state
        return (count < _MAX_STEPS) & jnp.any(before != k)

    def step(state: Any) -> Any:
        count, _, k = state
        to_first, to_second = k - first.eigenvalue, k - second.eigenvalue
        value = first.u * to_second + second.u * to_first
        slope = first.u + second.u
        for pole in poles[:-2]:
            inverse = 1.0 / jnp.maximum(k - pole.eigenvalue, least)
            value = value + pole.u * to_first * to_second * inverse
            slope = slope + pole.u * inverse * (to_first + to_second - to_first * to_second * inverse)
        newton = jnp.maximum(k - value / jnp.where(slope > 0.0, slope, jnp.inf), second.eigenvalue)
        return count + 1, k, jnp.where(newton < k * (1.0 - _RESOLUTION), newton, k)

    start = jnp.minimum(first.eigenvalue, above)
    return jax.lax.while_loop(unfinished, step, (jnp.zeros((), jnp.int32), start + 1.0, start))[-1]


def _evaluate(poles: list[_Pole], complete: np.ndarray, k: Any, smoothing: Any) -> _Point:
    a1 = a2 = a3 = br1 = br2 = br3 = bi1 = bi2 = bi3 = k1 = k2 = k3 = k4 = t1 = t2 = t3 = 0.0
    for pole in poles:
        x = 1.0 / (k - pole.eigenvalue)
        x2 = x * x
        x3 = x2 * x
        a1, a2, a3 = a1 + pole.a * x, a2 + pole.a * x2, a3 + pole.a * x3
        br1, br2, br3 = br1 + pole.b_re * x, br2 + pole.b_re * x2, br3 + pole.b_re * x3
        bi1, bi2, bi3 = bi1 + pole.b_im * x, bi2 + pole.b_im * x2, bi3 + pole.b_im * x3
        k1, k2, k3, k4 = k1 + pole.u * x, k2 + pole.u * x2, k3 + pole.u * x3, k4 + pole.u * x2 * x2
        t1, t2, t3 = t1 + pole.present * x, t2 + pole.present * x2, t3 + pole.present * x3
    kappa = jnp.where(complete, 1.0, k1)
    inverse = 1.0 / kappa
    w, m3 = k2 * inverse, k3 * inverse
    # |beta|^2 and its derivatives, then |beta|^2 / kappa and its own.
    p0 = br1 * br1 + bi1 * bi1
    p1 = -2.0 * (br1 * br2 + bi1 * bi2)
    p2 = 2.0 * (br2 * br2 + bi2 * bi2) + 4.0 * (br1 * br3 + bi1 * bi3)
    q0 = p0 * inverse
    q1 = (p1 + p0 * w) * inverse
    q2 = (p2 + 2.0 * p1 * w + 2.0 * p0 * (w * w - m3)) * inverse
    w1 = w * w - 2.0 * m3
    w2 = 6.0 * k4 * inverse - 6.0 * w * m3 + 2.0 * w**3
    F = a1 - q0 + smoothing * (t1 - w)
    F1 = -a2 - q1 - smoothing * (t2 + w1)
    F2 = 2.0 * a3 - q2 + smoothing * (2.0 * t3 - w2)
    return _Point(F, -F - k * F1, -2.0 * F1 - k * F2, kappa, k2, br1, bi1)


def _split(values: Any, left_out: LeftOut) -> tuple[Any, ...]:
    """Values of all receivers, stack by stack."""
    parts, first = [], 0
    for omitted in left_out:
        parts.append(values[first : first + len(omitted)])
        first += len(omitted)
    return tuple(parts)


def _times(a: Float[Array, "2 m n"], b: Float[Array, "2 n q"]) -> Float[Array, "2 m q"]:
    """Complex product ``A B`` as one real one."""
    left = jnp.concatenate([jnp.concatenate([a[0], -a[1]], axis=1), jnp.concatenate([a[1], a[0]], axis=1)])
    return (left @ b.reshape(-1, b.shape[2])).reshape(2, -1, b.shape[2])


def _adjoint_times(a: Float[Array, "2 n m"], b: Float[Array, "2 n q"]) -> Float[Array, "2 m q"]:
    """``A^H B``."""
    return _times(jnp.stack([a[0].T, -a[1].T]), b)


def _times_adjoint(a: Float[Array, "2 m n"], b: Float[Array, "2 q n"]) -> Float[Array, "2 m q"]:
    """``A B^H``."""
    return _times(a, jnp.stack([b[0].T, -b[1].T]))


__all__ = ["LeftOut", "Stack", "largest_powers"]
