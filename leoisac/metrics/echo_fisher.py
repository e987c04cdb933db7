"""Fisher information of a bistatic echo of a known random block: direction, delay, Doppler shift, complex amplitude.

The echo is ``alpha b(u, w) (c S)(t - tau) exp(j 2 pi v (t - tau))`` at a half-wavelength planar array in white noise,
with independent CN(0, 1) symbols S that fill the band evenly and weights ``c`` that may depend on direction and delay
(departure towards another place). All here is the mean over the symbols, which L of them leave within ``1 / sqrt(L)``.
Functions compute in the array library of their arguments and are traceable by JAX.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import RealLike, array_namespace

PARAMETERS = ("u", "w", "delay", "doppler")
"""Order of the parameters: direction cosines, samples, Hz."""


class EchoShape(NamedTuple):
    """Sizes of array and block.

    Attributes:
        rows, columns: elements of the array.
        num_samples: samples L of the block.
        sample_time_s: sampling interval ``T_s``, one over the bandwidth.
    """

    rows: Any
    columns: Any
    num_samples: Any
    sample_time_s: Any


def echo_information(
    shape: EchoShape,
    weights: Complex[Any, " stream"],
    weight_slopes: Complex[Any, "parameter stream"],
    signal_to_noise: RealLike,
    doppler_hz: RealLike,
    *,
    amplitude_known: bool,
) -> Float[Any, "4 4"]:
    """Information about ``PARAMETERS``; an unknown complex amplitude is projected out.

    ``F = 2 SNR Re(J^H J)`` with the columns of J the derivatives of ``b c S``. Every derivative is a sum of products
    of an array factor (b or its derivatives), weights and a time factor (the block, its derivative by delay or by
    Doppler shift), so that inner products are products of three small Gram matrices.

    Args:
        shape: sizes.
        weights: ``c`` of the target.
        weight_slopes: derivatives of ``c`` by the parameters, in their order (that by the Doppler shift is zero).
        signal_to_noise: ``|alpha|^2 / sigma^2`` of one element and sample, per unit of ``||c||^2``.
        doppler_hz: Doppler shift of the target.
        amplitude_known: whether ``alpha`` is known.
    """
    xp = array_namespace(weights, weight_slopes, signal_to_noise, doppler_hz)
    space, time = _space_gram(shape, xp), _time_gram(shape, doppler_hz, xp)
    vectors = xp.concatenate([weights[None], weight_slopes])
    streams = xp.conj(vectors) @ vectors.T
    # (array factor, weights, time factor) of every term, and the parameter it belongs to; the last is b c S itself.
    terms = [(1, 0, 0), (2, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 0, 0)]
    belongs = [0, 1, 2, 3, 0, 1, 2, 4]
    a, c, t = (xp.asarray([term[i] for term in terms]) for i in range(3))
    products = space[a[:, None], a] * streams[c[:, None], c] * time[t[:, None], t]
    chosen = xp.asarray([[1.0 if own == parameter else 0.0 for own in belongs] for parameter in range(5)])
    gram = chosen @ products @ chosen.T
    information = gram[:4, :4]
    if not amplitude_known:
        information = information - gram[:4, 4:] @ gram[4:, :4] / gram[4, 4]
    return 2.0 * signal_to_noise * xp.real(information)


def _space_gram(shape: EchoShape, xp: Any) -> Any:
    """Inner products of ``b`` and its derivatives by u and w."""
    rows, columns = xp.asarray(shape.rows) * 1.0, xp.asarray(shape.columns) * 1.0
    count = rows * columns
    first_u, first_w = math.pi * (rows - 1.0) / 2.0, math.pi * (columns - 1.0) / 2.0
    second_u = math.pi**2 * (rows - 1.0) * (2.0 * rows - 1.0) / 6.0
    second_w = math.pi**2 * (columns - 1.0) * (2.0 * columns - 1.0) / 6.0
    one = xp.ones_like(rows)
    return count * xp.stack(
        [
            xp.stack([one + 0j, 1j * first_u, 1j * first_w]),
            xp.stack([-1j * first_u, second_u + 0j, first_u * first_w + 0j]),
            xp.stack([-1j * first_w, first_u * first_w + 0j, second_w + 0j]),
        ]
    )


def _time_gram(shape: EchoShape, doppler_hz: Any, xp: Any) -> Any:
    """Mean inner products of a stream's block and its derivatives by delay (in samples) and Doppler shift."""
    length, tick = xp.asarray(shape.num_samples) * 1.0, xp.asarray(shape.sample_time_s) * 1.0
    turn = 2.0 * math.pi * doppler_hz * tick  # of the Doppler shift in one sample of delay
    first = 2.0 * math.pi * tick * (length + 1.0) / 2.0  # samples count from 1
    second = (2.0 * math.pi * tick) ** 2 * (length + 1.0) * (2.0 * length + 1.0) / 6.0
    band = (2.0 * math.pi) ** 2 / 12.0
    one = xp.ones_like(length)
    return length * xp.stack(
        [
            xp.stack([one + 0j, -1j * turn, 1j * first]),
            xp.stack([1j * turn, band + turn**2 + 0j, -turn * first + 0j]),
            xp.stack([-1j * first, -turn * first + 0j, second + 0j]),
        ]
    )


def unknown_waveform_factor(array_snr: RealLike) -> Any:
    """What not knowing a Gaussian waveform adds to the variance of a direction: ``1 + 1 / lambda``.

    The stochastic bound over the one of a known waveform with an unknown amplitude, for one source of signal over noise
    eigenvalue ``lambda = N |alpha|^2 E|x|^2 / sigma^2`` (P. Stoica and A. Nehorai, IEEE Trans. Acoust. Speech Signal
    Process. 38(10), 1990).
    """
    return 1.0 + 1.0 / array_snr
