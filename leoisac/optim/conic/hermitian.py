# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
"""Hermitian matrices as lifted variables: real coordinates, congruence scaling, recovery of beams.

A covariance ``X = x x^H`` enters conic problems through its coordinates in an orthonormal basis of the real vector
space of Hermitian matrices: the diagonal, then ``sqrt(2) Re`` and ``sqrt(2) Im`` of the upper triangle, row by row.
There ``tr(A X)`` is the ordinary dot product of coordinates, so that powers received over given channels are one real
matrix of numbers times one real vector of unknowns, and symmetry can never be lost to rounding.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.sparse as sp  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Complex, Float, Inexact


def hermitian_part(X: Inexact[np.ndarray, "*batch n n"]) -> Inexact[np.ndarray, "*batch n n"]:
    """``(X + X^H) / 2``."""
    return (X + np.conj(np.swapaxes(X, -1, -2))) / 2


def outer(x: Inexact[np.ndarray, "*batch n"]) -> Inexact[np.ndarray, "*batch n n"]:
    """``x x^H`` of every vector, exactly Hermitian."""
    return hermitian_part(x[..., :, None] * np.conj(x[..., None, :]))


def quadratic_form(x: Inexact[np.ndarray, "*batch n"], X: Inexact[np.ndarray, "n n"]) -> Float[np.ndarray, "*batch"]:
    """``x^H X x`` of every vector for one Hermitian ``X``."""
    return np.asarray(np.real(np.einsum("...i,ij,...j->...", np.conj(x), X, x)))


def coordinates(X: Inexact[np.ndarray, "*batch n n"]) -> Float[np.ndarray, "*batch n*n"]:
    """Coordinates of Hermitian matrices (of the Hermitian part of any matrix), with ``tr(A B) = a . b``."""
    H = hermitian_part(X)
    upper = np.triu_indices(H.shape[-1], 1)
    off = np.sqrt(2.0) * H[..., upper[0], upper[1]]
    return np.concatenate([np.real(np.diagonal(H, axis1=-2, axis2=-1)), np.real(off), np.imag(off)], axis=-1)


def from_coordinates(x: Float[np.ndarray, "*batch m"]) -> Complex[np.ndarray, "*batch n n"]:
    """Hermitian matrices from their coordinates: the inverse of ``coordinates``."""
    n = _side(x.shape[-1])
    upper = np.triu_indices(n, 1)
    count = len(upper[0])
    off = (x[..., n : n + count] + 1j * x[..., n + count :]) / np.sqrt(2.0)
    X = np.zeros((*x.shape[:-1], n, n), dtype=complex)
    X[..., upper[0], upper[1]] = off
    X[..., upper[1], upper[0]] = np.conj(off)
    X[..., np.arange(n), np.arange(n)] = x[..., :n]
    return X


@functools.cache
def embedding(n: int) -> Any:
    """Sparse ``(4 n^2, n^2)`` matrix from coordinates to ``[[Re X, -Im X], [Im X, Re X]]``, column by column.

    That real symmetric matrix is positive semidefinite exactly when ``X`` is (its eigenvalues are those of ``X``, each
    twice).
    """
    basis = from_coordinates(np.eye(n * n))
    real, imaginary = np.real(basis), np.imag(basis)
    blocks = np.concatenate(
        [np.concatenate([real, -imaginary], axis=2), np.concatenate([imaginary, real], axis=2)], axis=1
    )
    # A symmetric matrix reads the same by rows and by columns.
    return sp.csr_matrix(blocks.reshape(n * n, 4 * n * n).T)


def feeder_congruence(channels: Complex[np.ndarray, "receiver n"], received: float) -> Complex[np.ndarray, "n n"]:
    """Scaling ``T = U (L / s + I)^(-1/2)`` with ``sum of x x^H over the channels = U L U^H`` and ``s = received``.

    With ``X = T X' T^H``, directions that are received with a power above ``s`` per watt are scaled down to it, and the
    unknown ``X'`` is of order one although received powers differ by many orders of magnitude.
    """
    values, vectors = _channel_spectrum(channels)
    return vectors / np.sqrt(values / received + 1.0)


def nulling_congruence(channels: Complex[np.ndarray, "receiver n"], level: float) -> Complex[np.ndarray, "n n"]:
    """Scaling ``T = U min(sqrt(level), L^(-1/2))`` for a covariance of power about ``level`` that avoids the channels.

    As ``feeder_congruence``, but no direction is scaled above ``level``, nor above what is received as unit noise.
    """
    values, vectors = _channel_spectrum(channels)
    return vectors * np.minimum(np.sqrt(level), 1.0 / np.sqrt(np.maximum(values, 1e-300)))


def congruence(
    T: Complex[np.ndarray, "n k"], X: Complex[np.ndarray, "*batch k k"]
) -> Complex[np.ndarray, "*batch n n"]:
    """``T X T^H``, exactly Hermitian."""
    return hermitian_part(T @ X @ np.conj(T.T))


def matched_beam(
    X: Complex[np.ndarray, "*batch n n"], channel: Complex[np.ndarray, "*batch n"]
) -> Complex[np.ndarray, "*batch n"]:
    """Beam ``x = X h / sqrt(h^H X h)``: the same power over ``h`` as ``X``, and ``x x^H <= X`` in the matrix order.

    So no interference and no power grows, whatever the rank of ``X``. Zero where ``X`` puts no power on ``h``.
    """
    image = np.einsum("...ij,...j->...i", X, channel)
    power = np.real(np.einsum("...i,...i->...", np.conj(channel), image))
    safe = np.where(power > 0.0, power, 1.0)
    return np.where((power > 0.0)[..., None], image / np.sqrt(safe)[..., None], 0.0)


def principal_beam(X: Complex[np.ndarray, "*batch n n"]) -> Complex[np.ndarray, "*batch n"]:
    """``sqrt(l_1) u_1`` of the largest eigenpair: the published recovery, exact where the rank is one."""
    values, vectors = np.linalg.eigh(hermitian_part(X))
    return vectors[..., -1] * np.sqrt(np.maximum(values[..., -1:], 0.0))


def eigenvalue_ratio(X: Complex[np.ndarray, "*batch n n"]) -> Float[np.ndarray, "*batch"]:
    """Second over first eigenvalue, 0 for rank one (and for the zero matrix); negative rounding counts as 0."""
    values = np.linalg.eigvalsh(hermitian_part(X))
    if values.shape[-1] < 2:
        return np.zeros(values.shape[:-1])
    largest = values[..., -1]
    second = np.maximum(values[..., -2], 0.0)
    return np.where(largest > 0.0, second / np.where(largest > 0.0, largest, 1.0), 0.0)


def positive_part(X: Complex[np.ndarray, "*batch n n"]) -> Complex[np.ndarray, "*batch n n"]:
    """Nearest positive semidefinite matrix: negative eigenvalues, the solver's rounding, are removed."""
    values, vectors = np.linalg.eigh(hermitian_part(X))
    return hermitian_part((vectors * np.maximum(values, 0.0)[..., None, :]) @ np.conj(np.swapaxes(vectors, -1, -2)))


def _channel_spectrum(
    channels: Complex[np.ndarray, "receiver n"],
) -> tuple[Float[np.ndarray, " n"], Complex[np.ndarray, "n n"]]:
    values, vectors = np.linalg.eigh(hermitian_part(channels.T @ np.conj(channels)))
    return np.maximum(values, 0.0), vectors


def _side(size: int) -> int:
    side = round(size**0.5)
    if side * side != size:
        raise ValueError(f"{size} coordinates: must be a square number, n^2 for an n x n Hermitian matrix.")
    return side
