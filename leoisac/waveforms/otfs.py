"""OTFS modem: unitary maps between the delay-Doppler grid, the time-frequency grid and the samples of a frame.

A frame has M delay bins (subcarriers) and N Doppler bins (time slots), critically sampled: slot length ``T = 1 / df``,
``M N`` samples, one cyclic prefix per frame. Indices: l delay, k Doppler, n slot, i subcarrier. Shapes:

* delay-Doppler grid ``x[l, k]``: ``(..., M, N)``; as a vector ``x[k M + l]`` (delay fastest): ``(..., M N)``;
* time-frequency grid ``X[n, i]``: ``(..., N, M)``;
* samples ``s[n M + m]``: ``(..., M N)``.

Every map is unitary, so energy may be counted in any of the three. In the annotations, ``doppler`` is also the size of
the slot axis and ``delay`` that of the subcarrier axis. Functions compute in the array library of their arguments.

Source: R. Hadani et al., "Orthogonal Time Frequency Space Modulation", IEEE WCNC 2017; matrix forms with rectangular
pulses: P. Raviteja et al., IEEE Trans. Veh. Technol. 68(1), 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Num

from leoisac.foundation.namespace import array_namespace


def delay_doppler_vector(x_dd: Num[Any, "*batch delay doppler"]) -> Num[Any, "*batch cell"]:
    """Grid ``(..., M, N)`` as the vector ``x[k M + l]``, shape ``(..., M N)``."""
    xp = array_namespace(x_dd)
    return xp.swapaxes(x_dd, -1, -2).reshape(*x_dd.shape[:-2], -1)


def delay_doppler_grid(x: Num[Any, "*batch cell"], n_delay: int) -> Num[Any, "*batch delay doppler"]:
    """Vector ``x[k M + l]`` as the grid ``(..., M, N)``.

    Raises:
        ValueError: if the length is not a multiple of ``n_delay``.
    """
    return array_namespace(x).swapaxes(_by_rows(x, n_delay), -1, -2)


def isfft(x_dd: Num[Any, "*batch delay doppler"]) -> Complex[Any, "*batch doppler delay"]:
    """Inverse symplectic finite Fourier transform, delay-Doppler to time-frequency grid.

    ``X[n, i] = (M N)^-1/2 sum_{l,k} x[l, k] exp(j 2 pi (n k / N - i l / M))``, shape ``(..., N, M)``.
    """
    xp = array_namespace(x_dd)
    return xp.swapaxes(xp.fft.fft(xp.fft.ifft(x_dd, axis=-1, norm="ortho"), axis=-2, norm="ortho"), -1, -2)


def sfft(x_tf: Num[Any, "*batch doppler delay"]) -> Complex[Any, "*batch delay doppler"]:
    """Symplectic finite Fourier transform, the exact inverse of ``isfft``; shape ``(..., M, N)``."""
    xp = array_namespace(x_tf)
    return xp.swapaxes(xp.fft.ifft(xp.fft.fft(x_tf, axis=-2, norm="ortho"), axis=-1, norm="ortho"), -1, -2)


def time_frequency_image(x: Num[Any, "*batch cell"], n_delay: int) -> Complex[Any, "*batch doppler delay"]:
    """``isfft`` of delay-Doppler vectors: the time-frequency grid ``(..., N, M)`` that a precoder illuminates.

    Raises:
        ValueError: if the length is not a multiple of ``n_delay``.
    """
    xp = array_namespace(x)
    return xp.fft.fft(xp.fft.ifft(_by_rows(x, n_delay), axis=-2, norm="ortho"), axis=-1, norm="ortho")


def heisenberg(x_tf: Num[Any, "*batch doppler delay"]) -> Complex[Any, "*batch cell"]:
    """Samples of a frame with rectangular pulses, ``s[n M + m] = M^-1/2 sum_i X[n, i] exp(j 2 pi i m / M)``."""
    xp = array_namespace(x_tf)
    return xp.fft.ifft(x_tf, axis=-1, norm="ortho").reshape(*x_tf.shape[:-2], -1)


def wigner(samples: Num[Any, "*batch cell"], n_delay: int) -> Complex[Any, "*batch doppler delay"]:
    """Received samples (prefix removed) to the time-frequency grid: an orthonormal DFT of each slot.

    Raises:
        ValueError: if the length is not a multiple of ``n_delay``.
    """
    return array_namespace(samples).fft.fft(_by_rows(samples, n_delay), axis=-1, norm="ortho")


def modulate(x: Num[Any, "*batch cell"], n_delay: int) -> Complex[Any, "*batch cell"]:
    """Delay-Doppler vector to samples, ``s = (F_N^H kron I_M) x``: ``heisenberg`` after ``isfft`` in one step.

    Raises:
        ValueError: if the length is not a multiple of ``n_delay``.
    """
    return array_namespace(x).fft.ifft(_by_rows(x, n_delay), axis=-2, norm="ortho").reshape(x.shape)


def demodulate(samples: Num[Any, "*batch cell"], n_delay: int) -> Complex[Any, "*batch cell"]:
    """Samples to the delay-Doppler vector, ``y = (F_N kron I_M) r``; the inverse of ``modulate``.

    Raises:
        ValueError: if the length is not a multiple of ``n_delay``.
    """
    return array_namespace(samples).fft.fft(_by_rows(samples, n_delay), axis=-2, norm="ortho").reshape(samples.shape)


def modulation_matrix(n_delay: int, n_doppler: int) -> Complex[np.ndarray, "cell cell"]:
    """The unitary matrix ``F_N^H kron I_M`` of ``modulate``, with the orthonormal DFT matrix ``F_N``."""
    slot = np.arange(n_doppler)
    inverse_dft = np.exp(2j * np.pi * (np.outer(slot, slot) % n_doppler) / n_doppler) / np.sqrt(n_doppler)
    return np.kron(inverse_dft, np.eye(n_delay))


def _by_rows(x: Any, n_delay: int) -> Any:
    """``x[..., k M + l]`` as ``(..., N, M)``."""
    if n_delay < 1 or x.shape[-1] % n_delay:
        raise ValueError(
            f"n_delay={n_delay}: must be positive and divide the {x.shape[-1]} cells of a frame; check which axis is "
            "the frame."
        )
    return x.reshape(*x.shape[:-1], -1, n_delay)
