"""Rates of streams with a symbol in every cell of a frame, behind a linear equaliser over the whole frame.

A stream arrives as ``G x`` with unit-power symbols ``x``, among others and noise of joint covariance ``T`` (the stream
itself included). The LMMSE estimate of symbol i has the error ``e_i = 1 - g_i^H T^-1 g_i`` and the SINR
``1 / e_i - 1``; decoded cell by cell the stream carries the mean of ``log2(1 + SINR_i)``. Joint decoding carries
``-log2 det(I - G^H T^-1 G) / count``, which is never less (Hadamard) and does not change when symbols are turned by a
unitary matrix first: waveforms differ in the former alone.

Source: D. Tse and P. Viswanath, Fundamentals of Wireless Communication, 2005, section 8.3.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from leoisac.foundation.jax_setup import in_double, jax
from leoisac.foundation.namespace import array_namespace


class StreamRates(NamedTuple):
    """Rates of streams in bit per symbol, all of shape ``(...)``.

    Attributes:
        equalised: mean over the symbols behind the LMMSE equaliser.
        gaussian: with joint decoding of a Gaussian frame; the former's bound.
    """

    equalised: Any
    gaussian: Any


@in_double
def equalised_rate(
    wanted: Complex[Any, "*batch cell symbol"], covariance: Complex[Any, "*batch cell cell"]
) -> Float[Any, "*batch"]:
    """Mean rate of a stream's symbols behind the LMMSE equaliser, bit per symbol.

    Args:
        wanted: ``G``.
        covariance: ``T``: of all that arrives, the stream itself and noise included; positive definite.
    """
    xp = array_namespace(wanted, covariance)
    whitened = _whitened(xp, covariance, wanted)
    error = 1.0 - xp.sum(xp.real(whitened) ** 2 + xp.imag(whitened) ** 2, axis=-2)
    return -xp.mean(xp.log(error), axis=-1) / math.log(2.0)


@in_double
def gaussian_rate(
    wanted: Complex[Any, "*batch cell symbol"], covariance: Complex[Any, "*batch cell cell"]
) -> Float[Any, "*batch"]:
    """Rate of a stream with joint decoding, bit per symbol.

    Args:
        wanted, covariance: as in ``equalised_rate``.
    """
    xp = array_namespace(wanted, covariance)
    whitened = _whitened(xp, covariance, wanted)
    errors = np.eye(wanted.shape[-1]) - xp.conj(xp.swapaxes(whitened, -1, -2)) @ whitened
    factor = xp.linalg.cholesky(errors)
    pivots = xp.real(xp.diagonal(factor, axis1=-2, axis2=-1))
    return -2.0 * xp.mean(xp.log(pivots), axis=-1) / math.log(2.0)


@in_double
def stream_rates(
    wanted: Complex[Any, "*batch cell symbol"], covariance: Complex[Any, "*batch cell cell"]
) -> StreamRates:
    """Both rates of a stream.

    Args:
        wanted, covariance: as in ``equalised_rate``.
    """
    return StreamRates(equalised_rate(wanted, covariance), gaussian_rate(wanted, covariance))


def _whitened(xp: Any, covariance: Any, wanted: Any) -> Any:
    """``L^-1 G`` with ``T = L L^H``."""
    factor = xp.linalg.cholesky(covariance)
    if xp is np:
        return np.linalg.solve(factor, wanted)
    return jax.lax.linalg.triangular_solve(factor, wanted, left_side=True, lower=True)
