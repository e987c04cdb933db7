"""SINRs of rate splitting when every stream arrives as a vector and an LMMSE filter combines its samples.

One common stream and one private stream per user, the common one first. User k sees stream s as ``a_s = H_k p_s`` (one
sample per delay-Doppler cell); shape of all of them ``(..., user, stream, cell)`` with ``user + 1`` streams. The common
stream is decoded against all private ones; a share ``Theta`` of its power stays after interference cancellation.

Channels are the estimated ones. Errors of the estimate and receiver noise together are white noise of power ``N_0``
(``effective_noise``).

Source: B. F. Costa and T. Abrão, arXiv:2506.02624, 2025, eqs. (2)-(8). The Gram form follows from the matrix inversion
lemma.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from jaxtyping import Complex

from leoisac.foundation.namespace import RealLike, array_namespace
from leoisac.metrics.rsma import RateSplittingSinr

CsiErrorModel = Literal["entry", "total"]


def effective_noise(
    noise_power: RealLike,
    csi_error: RealLike,
    total_power: RealLike,
    *,
    n_cells: int,
    model: CsiErrorModel = "entry",
) -> Any:
    """Noise power per cell with the errors of the channel estimate, ``N_0 = sigma_n^2 + sigma_e^2 P`` (eq. (2)).

    The formula is exact for errors of independent matrix entries. ``"entry"``: each entry errs with variance
    ``sigma_e^2`` (published); the whole matrix then errs by ``M N sigma_e^2`` relative to a channel of unit mean gain.
    ``"total"``: ``sigma_e^2`` is the relative error of the whole matrix, ``sigma_e^2 / (M N)`` per entry.
    Simulated on the 4 x 8 grid at 25 dB with ``sigma_e^2`` = -25 dB: errors of that total power on independent entries
    leave SINRs 2.9 dB above ``"entry"`` and equal to ``"total"``; on the path gains, 2.6 dB above and 0.3 dB below.

    Args:
        noise_power: ``sigma_n^2`` per cell, W.
        csi_error: ``sigma_e^2``.
        total_power: ``P``: power radiated by all streams together, W.
        n_cells: ``M N``; only used by ``"total"``.
        model: what ``csi_error`` refers to.

    Raises:
        ValueError: if the model has another name.
    """
    if model not in ("entry", "total"):
        raise ValueError(f'model="{model}": must be "entry" or "total".')
    return noise_power + csi_error * total_power / (1 if model == "entry" else n_cells)


def lmmse_sinr(
    received: Complex[Any, "*#batch user stream cell"], noise: RealLike, sic_residual: RealLike
) -> RateSplittingSinr:
    """SINRs behind the best linear filters, from inner products of the received streams alone.

    With the wanted stream b and the interfering ones B (those cancelled with weight ``sqrt(Theta)``):
    ``gamma = (b^H b - b^H B (N_0 I + B^H B)^-1 B^H b) / N_0``: a Schur complement of the Gram matrix,
    eliminated step by step, without any filter. Equals ``filter_sinr`` at ``lmmse_filters``.

    Args:
        received: ``a_s`` at every user, the common stream first.
        noise: ``N_0``, of shape ``(...)`` or a scalar.
        sic_residual: ``Theta`` in [0, 1], of shape ``(...)`` or a scalar.
    """
    xp = array_namespace(received, noise, sic_residual)
    n_users = received.shape[-3]
    gram = _inner_products(xp, received)
    user, wanted, others = np.arange(n_users)[:, None], _wanted(n_users), _others(n_users)
    amplitudes = xp.sqrt(_others_weights(xp, n_users, sic_residual))  # (..., user, kind, interferer)
    columns = gram[..., user[..., None], others, wanted[..., None]] * amplitudes
    own = xp.real(gram[..., user, wanted, wanted])
    noise_power = xp.asarray(noise)[..., None, None]
    matrix = gram[..., user[..., None, None], others[..., :, None], others[..., None, :]]
    matrix = matrix * amplitudes[..., :, None] * amplitudes[..., None, :]
    matrix = matrix + noise_power[..., None, None] * np.eye(n_users)
    sinr = _schur_complement(matrix, columns, own) / noise_power
    return RateSplittingSinr(sinr[..., 0], sinr[..., 1])


def lmmse_filters(
    received: Complex[Any, "*#batch user stream cell"], noise: RealLike, sic_residual: RealLike
) -> Complex[Any, "... user 2 cell"]:
    """LMMSE filters of the common (first) and of the own private stream of every user (eqs. (4), (6)).

    ``w = a^H (sum_s theta_s a_s a_s^H + N_0 I)^-1`` with ``theta_c = Theta`` for the private stream, computed as
    ``e^T (N_0 I + A^H A diag(theta))^-1 A^H``. Rows: the filter's output is ``w y``.

    Args:
        received, noise, sic_residual: as in ``lmmse_sinr``.
    """
    xp = array_namespace(received, noise, sic_residual)
    n_users, n_streams = received.shape[-3:-1]
    gram = _inner_products(xp, received)
    wanted = np.eye(n_streams)[_wanted(n_users)]
    weights = _interference(xp, n_users, sic_residual) + wanted
    matrix = gram[..., None, :, :] * weights[..., None, :]
    matrix = matrix + xp.asarray(noise)[..., None, None, None, None] * np.eye(n_streams)
    # e^T M^-1 is the solution of M^T z = e.
    wanted = xp.broadcast_to(wanted[..., None], (*matrix.shape[:-1], 1)).astype(matrix.dtype)
    rows = xp.linalg.solve(xp.swapaxes(matrix, -1, -2), wanted)[..., 0]
    return xp.einsum("...kos,...ksc->...koc", rows, xp.conj(received))


def filter_sinr(
    filters: Complex[Any, "*#batch user 2 cell"],
    received: Complex[Any, "*#batch user stream cell"],
    noise: RealLike,
    sic_residual: RealLike,
) -> RateSplittingSinr:
    """SINRs behind any linear filters, the ratios as they are written (eqs. (3), (8)).

    ``|w a|^2 / (sum_s theta_s |w a_s|^2 + N_0 ||w||^2)`` over the interfering streams.

    Args:
        filters: rows ``w`` for the common and the own private stream of every user.
        received, noise, sic_residual: as in ``lmmse_sinr``.
    """
    xp = array_namespace(filters, received, noise, sic_residual)
    outputs = xp.einsum("...koc,...ksc->...kos", filters, received)
    powers = xp.real(outputs) ** 2 + xp.imag(outputs) ** 2
    n_users = received.shape[-3]
    wanted = np.eye(n_users + 1)[_wanted(n_users)]
    white = xp.asarray(noise)[..., None, None] * xp.sum(xp.real(filters) ** 2 + xp.imag(filters) ** 2, axis=-1)
    interference = xp.sum(_interference(xp, n_users, sic_residual) * powers, axis=-1) + white
    sinr = xp.sum(wanted * powers, axis=-1) / interference
    return RateSplittingSinr(sinr[..., 0], sinr[..., 1])


def _wanted(n_users: int) -> np.ndarray:
    """Index of the wanted stream, ``(user, kind)``: the common stream, then the user's own."""
    return np.stack([np.zeros(n_users, dtype=int), np.arange(1, n_users + 1)], axis=-1)


def _others(n_users: int) -> np.ndarray:
    """Indices of the interfering streams, ``(user, kind, user)``; the common one, where it interferes, first."""
    private = list(range(1, n_users + 1))
    rows = [[private, [0, *(stream for stream in private if stream != own)]] for own in private]
    return np.array(rows)


def _others_weights(xp: Any, n_users: int, sic_residual: Any) -> Any:
    """Power with which each of ``_others`` disturbs, ``(..., 1, kind, interferer)``."""
    cancelled = np.array([[0.0], [1.0]]) * np.eye(n_users)[0]
    return (1.0 - cancelled) + cancelled * xp.asarray(sic_residual)[..., None, None, None]


def _interference(xp: Any, n_users: int, sic_residual: Any) -> Any:
    """Power with which every stream disturbs the wanted one, ``(..., user, kind, stream)``; 0 for the wanted one."""
    chosen = np.eye(n_users + 1)[_others(n_users)]
    return xp.sum(_others_weights(xp, n_users, sic_residual)[..., None] * chosen, axis=-2)


def _inner_products(xp: Any, received: Any) -> Any:
    """Gram matrices ``a_s^H a_t``. As sums of products: for so few streams faster than matrix products per user."""
    return xp.sum(xp.conj(received)[..., :, None, :] * received[..., None, :, :], axis=-1)


def _schur_complement(matrix: Any, column: Any, corner: Any) -> Any:
    """``corner - column^H matrix^-1 column`` of Hermitian positive definite matrices, by elimination.

    Unrolled: for the few streams of a downlink this is elementwise work across a batch, where factorisations would be
    calls per matrix. Needs no pivoting.
    """
    for _ in range(column.shape[-1]):
        pivot = matrix[..., 0, 0].real
        row, first = matrix[..., 1:, 0], column[..., 0]
        corner = corner - (first.real**2 + first.imag**2) / pivot
        column = column[..., 1:] - row * (first / pivot)[..., None]
        matrix = matrix[..., 1:, 1:] - row[..., :, None] * (row.conj() / pivot[..., None])[..., None, :]
    return corner
