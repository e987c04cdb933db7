# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
r"""Extremes of a quadratic form over a ball around a vector: the worst case of a power under a bounded error.

.. math::
    \max_{\|\Delta\|\le r}(x+\Delta)^HX(x+\Delta)=\min_{k\ge\max(\lambda_{\max},0)}\phi(k),\qquad
    \phi(k)=k\Big[r^2+\sum_i\frac{q_i}{k-\lambda_i}\Big],\quad q_i=\lambda_i|u_i^Hx|^2

for any Hermitian :math:`X=\sum_i\lambda_iu_iu_i^H` (trust-region problem; its dual has no gap: J. J. More,
D. C. Sorensen, SIAM J. Sci. Stat. Comput. 4(3), 1983). Every feasible k is a bound, so an unfinished solve errs to the
safe side.

With :math:`k=\max(\lambda_{\max},0)+\delta` the optimum solves the secular equation
:math:`S(\delta)=\sum_iq_i\lambda_i/(k-\lambda_i)^2=r^2`. :math:`S^{-1/2}` is concave and increasing, so Newton steps on
:math:`S^{-1/2}=1/r` from the largest root of a single term rise to the solution without overshooting. In the hard case
(:math:`S(0)\le r^2`: x is orthogonal to the top eigenvectors) :math:`\delta=0` and the error is filled up along one.

Written for NumPy and JAX arrays alike, with any leading batch axes. For optimisers, which evaluate such bounds at every
step and need gradients, see ``stack_power``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float, Inexact

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.namespace import array_namespace

EXACT_STEPS = 40
"""Newton steps to full precision, also next to the hard case, where each brings only a factor of 1.5."""

_FLOOR = 1e-15
"""Least distance of k from the largest eigenvalue, relative to the spectrum; costs the bound at most this times r^2."""

_TINY = 1e-150
"""The same for a zero matrix; its inverse square is still finite."""

_ROUNDING = 1e-15
"""Relative Newton step at which NumPy stops early."""


class BallExtreme(NamedTuple):
    """Extreme of ``(x + error)^H X (x + error)`` over the ball ``||error|| <= radius``.

    Attributes:
        value: the extreme, as the dual bound: never on the unsafe side but for rounding.
        error: an error that attains it.
    """

    value: Any
    error: Any


@in_double
def maximise_over_ball(
    X: Inexact[Any, "*batch n n"], x: Inexact[Any, "*batch n"], radius: Float[Any, "*batch"], steps: int = EXACT_STEPS
) -> BallExtreme:
    """Largest ``(x + e)^H X (x + e)`` over ``||e|| <= radius`` for Hermitian ``X`` of any signature.

    Args:
        X: Hermitian matrices.
        x: centres.
        radius: not negative; 0 gives ``x^H X x``.
        steps: Newton steps.
    """
    xp = array_namespace(X, x, radius)
    eigenvalues, vectors = xp.linalg.eigh(X)
    along = xp.einsum("...ij,...i->...j", xp.conj(vectors), x)
    q = eigenvalues * _squared(xp, along)
    base, gap = _base_and_gap(xp, eigenvalues)
    safe_radius = xp.where(radius > 0.0, radius, 1.0)
    delta = _solve_secular(xp, q * eigenvalues, gap, _floor(xp, eigenvalues), safe_radius, steps)
    k = base + delta
    shares = 1.0 / (delta[..., None] + gap)
    value = k * (radius**2 + xp.sum(q * shares, axis=-1))
    error = _worst_error(xp, eigenvalues * shares * along, along, eigenvalues, safe_radius)
    moved = radius > 0.0
    return BallExtreme(
        xp.where(moved, value, xp.sum(q, axis=-1)),
        xp.einsum("...ij,...j->...i", vectors, xp.where(moved[..., None], error, 0.0)),
    )


@in_double
def minimise_over_ball(
    X: Inexact[Any, "*batch n n"], x: Inexact[Any, "*batch n"], radius: Float[Any, "*batch"], steps: int = EXACT_STEPS
) -> BallExtreme:
    """Least ``(x + e)^H X (x + e)`` over ``||e|| <= radius``; see ``maximise_over_ball``."""
    largest = maximise_over_ball(-X, x, radius, steps)
    return BallExtreme(-largest.value, largest.error)


@in_double
def least_beam_power(
    beam: Inexact[Any, "*batch n"], x: Inexact[Any, "*batch n"], radius: Float[Any, "*batch"]
) -> Float[Any, "*batch"]:
    """Least ``|(x + e)^H b|^2`` over ``||e|| <= radius``: ``max(|x^H b| - radius ||b||, 0)^2``."""
    xp = array_namespace(beam, x, radius)
    amplitude = xp.abs(xp.einsum("...i,...i->...", xp.conj(x), beam))
    return xp.maximum(amplitude - radius * xp.sqrt(xp.sum(_squared(xp, beam), axis=-1)), 0.0) ** 2


def _squared(xp: Any, values: Any) -> Any:
    return xp.real(values) ** 2 + xp.imag(values) ** 2


def _base_and_gap(xp: Any, eigenvalues: Any) -> tuple[Any, Any]:
    """``max(lambda_max, 0)`` and its distances to all eigenvalues; ``eigenvalues`` ascend."""
    base = xp.maximum(eigenvalues[..., -1], 0.0)
    return base, base[..., None] - eigenvalues


def _floor(xp: Any, eigenvalues: Any) -> Any:
    largest = xp.maximum(xp.abs(eigenvalues[..., 0]), xp.abs(eigenvalues[..., -1]))
    return xp.maximum(_FLOOR * largest, _TINY)


def _solve_secular(xp: Any, numerators: Any, gap: Any, floor: Any, radius: Any, steps: int) -> Any:
    """Least ``delta >= floor`` with ``sum_i numerator_i / (delta + gap_i)^2 <= radius^2``, from below."""
    start = xp.max(xp.sqrt(numerators) / radius[..., None] - gap, axis=-1)
    delta = xp.maximum(start, floor)
    if xp is jnp:
        # No named function here: type checkers at run time would decorate it anew in every trace.
        return jax.lax.fori_loop(0, steps, lambda _, at: at + _newton_step(jnp, at, numerators, gap, radius), delta)
    for _ in range(steps):
        step = _newton_step(xp, delta, numerators, gap, radius)
        delta = delta + step
        if xp.all(step <= _ROUNDING * delta):
            break
    return delta


def _newton_step(xp: Any, delta: Any, numerators: Any, gap: Any, radius: Any) -> Any:
    inverse = 1.0 / (delta[..., None] + gap)
    terms = numerators * inverse**2
    S, slope = xp.sum(terms, axis=-1), xp.sum(terms * inverse, axis=-1)
    short = radius**2 < S
    step = (xp.sqrt(xp.where(short, S, 1.0)) / radius - 1.0) * S / xp.where(short, slope, 1.0)
    return xp.where(short, step, 0.0)


def _worst_error(xp: Any, error: Any, along: Any, eigenvalues: Any, radius: Any) -> Any:
    """The stationary error in eigencoordinates, brought to the sphere where that gains.

    An error that is too long (k not quite reached) is shortened; one that is too short is filled up along the top
    eigenvector, in the phase of the centre. With a largest eigenvalue of at most zero the best error lies inside.
    """
    length = xp.sqrt(xp.sum(_squared(xp, error), axis=-1))
    error = error * xp.minimum(1.0, radius / xp.where(length > 0.0, length, 1.0))[..., None]
    top = along[..., -1]
    size = xp.abs(top)
    phase = xp.where(size > 0.0, top / xp.where(size > 0.0, size, 1.0), 1.0)
    own = xp.real(xp.conj(phase) * error[..., -1])
    missing = xp.maximum(radius**2 - xp.sum(_squared(xp, error), axis=-1), 0.0)
    fill = xp.where(eigenvalues[..., -1] > 0.0, xp.sqrt(own**2 + missing) - own, 0.0)
    is_top = xp.arange(error.shape[-1]) == error.shape[-1] - 1
    return error + is_top * (fill * phase)[..., None]


__all__ = [
    "EXACT_STEPS",
    "BallExtreme",
    "least_beam_power",
    "maximise_over_ball",
    "minimise_over_ball",
]
