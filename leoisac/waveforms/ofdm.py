"""OFDM over the same multipath channel, for comparison with OTFS: N symbols of M subcarriers, a prefix before each.

Source: the comparison of OTFS and OFDM in P. Raviteja et al., IEEE Trans. Wireless Commun. 17(10), 2018; conventions of
``waveforms.delay_doppler_channel``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Complex, Num

from leoisac.foundation.namespace import array_namespace


def ofdm_path_matrices(
    delays: Sequence[float | int], dopplers: Sequence[float | int], n_subcarriers: int, n_symbols: int
) -> Complex[np.ndarray, "path symbol subcarrier subcarrier"]:
    """Unit-gain paths as seen by every OFDM symbol, inter-carrier interference included.

    Symbol n holds the samples ``q = n (M + C) + m``, m = 0 .. M - 1, of a time that counts the prefixes of
    ``C = max l_p`` samples. On its samples path p is ``r[m] = exp(j 2 pi k_p (q - l_p) / (M N)) s[(m - l_p) mod M]``:
    the Doppler shift in Hz is that of the OTFS frame, ``k_p / (N T)``. The matrices are ``F_M (.) F_M^H``.

    Args:
        delays: ``l_p`` in samples, not negative.
        dopplers: ``k_p`` in bins of ``1 / (N T)``.
        n_subcarriers, n_symbols: ``M``, ``N``.

    Raises:
        ValueError: if a delay is not a whole number of samples, 0 or more.
    """
    if any(delay != int(delay) or delay < 0 for delay in delays) or len(delays) != len(dopplers):
        raise ValueError(
            f"delays={tuple(delays)}, dopplers={tuple(dopplers)}: give one of each per path, delays in whole samples."
        )
    l_p = np.asarray(delays, dtype=int)[:, None, None]
    k_p = np.asarray(dopplers, dtype=float)[:, None, None]
    sample = np.arange(n_subcarriers)
    start = np.arange(n_symbols)[:, None] * (n_subcarriers + int(np.max(l_p)))
    phase = np.exp(2j * np.pi * k_p * (start + sample - l_p) / (n_subcarriers * n_symbols))
    in_time = np.zeros((*phase.shape, n_subcarriers), dtype=complex)
    columns = np.broadcast_to((sample - l_p) % n_subcarriers, phase.shape)
    np.put_along_axis(in_time, columns[..., None], phase[..., None], axis=-1)
    return np.fft.ifft(np.fft.fft(in_time, axis=-2), axis=-1)


def ofdm_channel(
    matrices: Complex[Any, "path symbol subcarrier subcarrier"], gains: Num[Any, "*batch path"]
) -> Complex[Any, "*batch symbol subcarrier subcarrier"]:
    """Frequency-domain channel of every symbol, ``sum_p h_p (.)``, of ``ofdm_path_matrices``."""
    return array_namespace(gains).einsum("...p,pnrc->...nrc", gains, matrices)
