"""Echo synthesis: what an array receives of a transmitted block after delay, Doppler shift and reflection. NumPy.

Samples are complex64 unless asked otherwise: a window of a large array has millions of them, and noise hides what
single precision loses. Keep powers near one (divide by the noise power), not at path gains.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from jaxtyping import Complex, Num
from scipy import fft

RINGING = 64
"""Samples that the interpolation of a delayed block may ring beyond it before it meets its other end."""


def complex_noise(
    rng: np.random.Generator, shape: tuple[int, ...], power: float = 1.0, dtype: Any = np.complex64
) -> Complex[np.ndarray, "..."]:
    """Circular complex normal samples ``CN(0, power)``."""
    part = np.float32 if np.dtype(dtype) == np.complex64 else np.float64
    real_pairs = rng.standard_normal((*shape[:-1], 2 * shape[-1]), dtype=part)
    real_pairs *= part(math.sqrt(0.5 * power))
    return real_pairs.view(dtype)


def bistatic_echo(
    waveform: Complex[np.ndarray, " sample"],
    receive_steering: Num[np.ndarray, " rx"],
    *,
    amplitude: complex | float,
    delay: int | float,
    doppler_hz: float,
    sample_time_s: float,
    window: int,
) -> Complex[np.ndarray, "rx window"]:
    """Noise-free echo of a point target in a receive window.

    ``Y = alpha b [x V(v), 0] J(tau)``: the waveform is turned by ``exp(j 2 pi v l T_s)``, l = 1 .. L, and moved right
    by ``tau`` samples; neither matrix is built. A delay between samples (a float) is that of the band-limited waveform,
    ``x(t - tau) exp(j 2 pi v (t - tau + T_s))`` at the samples of the window.

    Args:
        waveform: what reaches the target, ``x_l = a^H(AOD) P s_l``.
        receive_steering: ``b`` towards the target.
        amplitude: complex amplitude ``alpha`` of the echo.
        delay: ``tau`` in samples after the start of the window.
        doppler_hz: Doppler shift ``v``.
        sample_time_s: ``T_s``.
        window: samples of the window, at least ``delay`` and the waveform's length together.

    Raises:
        ValueError: if the window does not hold the echo.
    """
    length = len(waveform)
    if not 0 <= delay <= window - length:
        raise ValueError(
            f"delay={delay}: an echo of {length} samples does not fit into a window of {window}; "
            f"delays from 0 to {window - length} do."
        )
    if not float(delay).is_integer():
        turns = doppler_hz * sample_time_s * (np.arange(window) - delay + 1.0)
        moved = amplitude * fractional_delay(waveform, delay, window) * np.exp(2j * math.pi * turns)
        return receive_steering[:, None].astype(waveform.dtype) * moved.astype(waveform.dtype)
    delay = int(delay)
    turned = amplitude * waveform * np.exp(2j * math.pi * doppler_hz * sample_time_s * np.arange(1, length + 1))
    echo = np.zeros((len(receive_steering), window), dtype=waveform.dtype)
    echo[:, delay : delay + length] = receive_steering[:, None].astype(waveform.dtype) * turned.astype(waveform.dtype)
    return echo


def fractional_delay(
    waveform: Complex[np.ndarray, "*batch sample"], delay: float, window: int
) -> Complex[np.ndarray, "*batch window"]:
    """The band-limited waveform ``delay`` samples later, at the samples of a window that starts at zero.

    Samples of bandwidth 1 / T_s are moved by a turn of their spectrum. Beyond the ends of the waveform its
    interpolation rings; what rings before the window is not received.

    Args:
        waveform: samples, zero before and after.
        delay: in samples, whole or not, not negative.
        window: samples that are returned.
    """
    size = cast(int, fft.next_fast_len(max(window, waveform.shape[-1] + math.ceil(delay)) + RINGING))
    spectrum = fft.fft(waveform.astype(np.complex128), size, axis=-1)
    return np.asarray(fft.ifft(spectrum * np.exp(-2j * math.pi * np.fft.fftfreq(size) * delay), axis=-1))[..., :window]
