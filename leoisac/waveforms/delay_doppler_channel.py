"""Linear channels of a few paths, each with a delay and a Doppler shift, as seen by an OTFS frame.

With one cyclic prefix per frame, path p of gain ``h_p``, delay of ``l_p`` samples and Doppler shift of ``k_p`` bins
(``k_p / (N T)`` Hz) acts on the samples as

    r[q] = h_p exp(j 2 pi k_p (q - l_p) / (M N)) s[(q - l_p) mod M N],      q = 0 .. M N - 1.

In the delay-Doppler domain a path of integer Doppler is again a phased permutation: a row sees one column. Operators
are therefore kept as columns and weights (``PathOperators``), and a channel of P paths costs P multiplications per
cell. For fractional Doppler the delay-Doppler matrix is full, but the time-domain one is not: ``apply_in_time`` goes
there by FFT. Vectors are ``x[k M + l]`` (see ``waveforms.otfs``).

Source: P. Raviteja et al., "Practical Pulse-Shaping Waveforms for Reduced-Cyclic-Prefix OTFS", IEEE Trans. Veh.
Technol. 68(1), 2019; B. F. Costa and T. Abrão, arXiv:2506.02624, 2025, section II.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Complex, Num

from leoisac.foundation.namespace import array_namespace
from leoisac.waveforms.otfs import demodulate, modulate, modulation_matrix


class PathOperators(NamedTuple):
    """Unit-gain paths as phased permutations: row r of path p has its only entry ``weights[p, r]`` in
    ``columns[p, r]``. NumPy arrays, constants of a compiled program.

    Attributes:
        columns: whole numbers, shape ``(path, cell)``.
        weights: of unit modulus, shape ``(path, cell)``.
    """

    columns: Any
    weights: Any

    def adjoint(self) -> PathOperators:
        """The conjugate-transposed operators (the inverse ones, as all weights have unit modulus)."""
        rows = np.argsort(self.columns, axis=-1)
        return PathOperators(rows, np.conj(np.take_along_axis(self.weights, rows, axis=-1)))


def path_operators(
    delays: Sequence[float | int], dopplers: Sequence[float | int], n_delay: int, n_doppler: int
) -> PathOperators:
    """Paths of integer Doppler in the delay-Doppler domain.

    Row ``(l, k)`` sees column ``((l - l_p) mod M, (k - k_p) mod N)`` with weight
    ``exp(j 2 pi k_p (l - l_p) / (M N)) exp(j 2 pi b (k - k_p) / N)``, where ``b = floor((l - l_p) / M)`` counts the
    slots that the delay reaches back (arXiv:2506.02624, section II, for ``l_p < M``).

    Args:
        delays: ``l_p`` in samples, 0 to M N - 1.
        dopplers: ``k_p`` in bins, of either sign.
        n_delay, n_doppler: grid ``M``, ``N``.

    Raises:
        ValueError: if a Doppler shift is not a whole number of bins, or a delay is none of samples within the frame.
    """
    l_p, k_p = _paths(delays, dopplers, n_delay, n_doppler)
    if np.any(k_p != np.round(k_p)):
        raise ValueError(
            f"dopplers={tuple(dopplers)}: a fractional Doppler shift is no permutation of delay-Doppler cells; use "
            "time_operators with apply_in_time, or path_matrices."
        )
    k_p = k_p.astype(int)
    cell = np.arange(n_delay * n_doppler)
    l, k = cell % n_delay, cell // n_delay
    back = (l - l_p) // n_delay
    columns = ((k - k_p) % n_doppler) * n_delay + (l - l_p) % n_delay
    # Integers first: reduced modulo the period, phases are exact to the last bit.
    turns = k_p * (l - l_p) + n_delay * back * (k - k_p)
    return PathOperators(columns, _phases(turns % cell.size, cell.size))


def time_operators(
    delays: Sequence[float | int], dopplers: Sequence[float | int], n_delay: int, n_doppler: int
) -> PathOperators:
    """Paths of any Doppler in the time domain: phased cyclic shifts of the samples.

    Args:
        delays: ``l_p`` in samples, 0 to M N - 1.
        dopplers: ``k_p`` in bins, whole or fractional.
        n_delay, n_doppler: grid ``M``, ``N``.

    Raises:
        ValueError: if a delay is none of samples within the frame.
    """
    l_p, k_p = _paths(delays, dopplers, n_delay, n_doppler)
    sample = np.arange(n_delay * n_doppler)
    return PathOperators((sample - l_p) % sample.size, _phases(k_p * (sample - l_p), sample.size))


def apply_paths(
    operators: PathOperators, gains: Num[Any, "*#batch path"], x: Num[Any, "*#batch cell"]
) -> Complex[Any, "... cell"]:
    """Channel output ``sum_p h_p Gamma_p x`` in the operators' own domain; P multiplications per cell.

    Args:
        operators: of ``path_operators`` or ``time_operators``.
        gains: ``h_p``; leading axes broadcast against those of ``x``.
        x: delay-Doppler vectors (or samples).
    """
    xp = array_namespace(gains, x)
    terms = operators.weights * xp.asarray(x)[..., operators.columns]
    return xp.sum(xp.asarray(gains)[..., None] * terms, axis=-2)


def apply_in_time(
    operators: PathOperators, gains: Num[Any, "*#batch path"], x: Num[Any, "*#batch cell"], n_delay: int
) -> Complex[Any, "... cell"]:
    """Delay-Doppler channel output for paths of any Doppler: modulate, ``apply_paths`` on samples, demodulate.

    Args:
        operators: of ``time_operators``.
        gains: ``h_p``; leading axes broadcast against those of ``x``.
        x: delay-Doppler vectors.
        n_delay: ``M``.
    """
    return demodulate(apply_paths(operators, gains, modulate(x, n_delay)), n_delay)


def dense_operators(operators: PathOperators) -> Complex[np.ndarray, "path cell cell"]:
    """The operators as matrices, in their own domain."""
    paths, cells = operators.columns.shape
    dense = np.zeros((paths, cells, cells), dtype=complex)
    np.put_along_axis(dense, operators.columns[..., None], operators.weights[..., None], axis=-1)
    return dense


def path_matrices(
    delays: Sequence[float | int], dopplers: Sequence[float | int], n_delay: int, n_doppler: int
) -> Complex[np.ndarray, "path cell cell"]:
    """Unit-gain delay-Doppler matrices ``Gamma_p = (F_N kron I) G_p (F_N^H kron I)`` for any Doppler shifts.

    Raises:
        ValueError: if a delay is none of samples within the frame.
    """
    if all(float(doppler).is_integer() for doppler in dopplers):
        return dense_operators(path_operators(delays, dopplers, n_delay, n_doppler))
    modulation = modulation_matrix(n_delay, n_doppler)
    in_time = dense_operators(time_operators(delays, dopplers, n_delay, n_doppler))
    return np.conj(modulation.T) @ in_time @ modulation


def channel_matrix(
    matrices: Complex[Any, "path cell cell"], gains: Num[Any, "*batch path"]
) -> Complex[Any, "*batch cell cell"]:
    """Dense channel ``H = sum_p h_p Gamma_p`` of ``path_matrices`` (or ``dense_operators``)."""
    xp = array_namespace(gains)
    return xp.einsum("...p,prc->...rc", gains, matrices)


def _paths(
    delays: Sequence[float | int], dopplers: Sequence[float | int], n_delay: int, n_doppler: int
) -> tuple[np.ndarray, np.ndarray]:
    """Delays and Doppler shifts as columns of numbers."""
    if len(delays) != len(dopplers):
        raise ValueError(f"{len(delays)} delays and {len(dopplers)} dopplers: give one of each per path.")
    cells = n_delay * n_doppler
    if any(delay != int(delay) or not 0 <= delay < cells for delay in delays):
        raise ValueError(f"delays={tuple(delays)}: must be whole samples from 0 to {cells - 1} (the frame less one).")
    return np.asarray(delays, dtype=int)[:, None], np.asarray(dopplers, dtype=float)[:, None]


def _phases(turns: np.ndarray, period: int) -> np.ndarray:
    return np.exp(2j * np.pi * turns / period)
