"""Echo of an OTFS (or OFDM) frame from one point target of any delay and Doppler shift, with ideal pulses.

With bi-orthogonal pulses the echo turns every cell of the time-frequency grid by itself; what the receiver sees on the
delay-Doppler grid is a unitary transform of it (``sfft``), so bounds and estimates are the same on both. Cells are
``X[n, i]``, slot n, subcarrier i, shape ``(..., N, M)``; see ``waveforms.otfs``.

Source: B. F. Costa and T. Abrão, arXiv:2506.02624, 2025, eq. (9) (whose l and k have changed places there).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Num

from leoisac.foundation.namespace import RealLike, array_namespace

NumberLike = RealLike | complex | Num[Any, "..."]
"""A real or complex number, or an array of them."""


def echo_phases(
    delay_s: RealLike, doppler_hz: RealLike, n_doppler: int, n_delay: int, *, slot_s: float, spacing_hz: float
) -> Complex[Any, "... doppler delay"]:
    """Turn of every time-frequency cell, ``exp(j 2 pi (n nu T - i tau df))``.

    Args:
        delay_s, doppler_hz: ``tau`` and ``nu`` of the echo; arrays broadcast and come first in the result.
        n_doppler, n_delay: slots ``N`` and subcarriers ``M``.
        slot_s, spacing_hz: slot length ``T`` and subcarrier spacing ``df``.
    """
    xp = array_namespace(delay_s, doppler_hz)
    along_slots = xp.exp(2j * np.pi * slot_s * xp.asarray(doppler_hz)[..., None] * np.arange(n_doppler))
    along_subcarriers = xp.exp(-2j * np.pi * spacing_hz * xp.asarray(delay_s)[..., None] * np.arange(n_delay))
    return along_slots[..., :, None] * along_subcarriers[..., None, :]


def delay_doppler_echo(
    x_tf: Complex[Any, "*#batch doppler delay"],
    delay_s: RealLike,
    doppler_hz: RealLike,
    amplitude: NumberLike,
    *,
    slot_s: float,
    spacing_hz: float,
) -> Complex[Any, "... doppler delay"]:
    """Noise-free echo on the time-frequency grid, ``a X[n, i] exp(j 2 pi (n nu T - i tau df))``.

    ``waveforms.otfs.sfft`` turns it into the paper's ``mu[l, k]``.

    Args:
        x_tf: transmitted frame ``X``.
        delay_s, doppler_hz: ``tau`` and ``nu``; arrays broadcast against the leading axes of ``x_tf``.
        amplitude: ``a``: echo gain times reflectivity, of the same shape.
        slot_s, spacing_hz: slot length ``T`` and subcarrier spacing ``df``.
    """
    xp = array_namespace(x_tf, delay_s, doppler_hz, amplitude)
    turns = echo_phases(delay_s, doppler_hz, x_tf.shape[-2], x_tf.shape[-1], slot_s=slot_s, spacing_hz=spacing_hz)
    return xp.asarray(amplitude)[..., None, None] * x_tf * turns


def echo_gain_at(delay_s: RealLike, gain: NumberLike, reference_delay_s: RealLike) -> Any:
    """Echo gain of a monostatic path at another delay, ``gain (tau_0 / tau)^2``.

    The received amplitude of a two-way path falls with the square of the range, so ``d gain / d tau = -2 gain / tau``
    (arXiv:2506.02624, text after eq. (9)).
    """
    return gain * (reference_delay_s / delay_s) ** 2
