"""Two-dimensional direction finding for one source at a uniform planar array.

Steering vectors are those of ``antennas.arrays.upa`` with half-wavelength spacing: entry (r, c) is
``exp(+j pi (r u + c w))``, with the direction cosines ``u = sin(zenith) cos(azimuth)`` along the rows' axis and
``w = sin(zenith) sin(azimuth)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft
from scipy.sparse.linalg import LinearOperator, eigsh

_LANCZOS_TOLERANCE = 1e-4
_NEWTON_STEPS = 8
_NEWTON_TOLERANCE = 1e-6
"""Of a beamwidth: far below what noise allows."""
_HALVINGS = 5
_SCAN_BLOCK = 512
"""Samples whose FFTs are in memory at once."""


class AngleEstimate(NamedTuple):
    """Direction of the source, and how much the data say about it.

    Attributes:
        azimuth, zenith: radians.
        eigenvalue: principal eigenvalue of the sample covariance.
        noise_power: mean of the other eigenvalues.
        subspace: principal eigenvector, unit norm, shape ``(rx,)``.
    """

    azimuth: float
    zenith: float
    eigenvalue: float
    noise_power: float
    subspace: np.ndarray


def music_2d(samples: Complex[np.ndarray, "rx window"], shape: tuple[int, int], pad: int = 16) -> AngleEstimate:
    """Direction of one source by MUSIC (R. Schmidt, IEEE Trans. Antennas Propag. 34, 1986).

    With one source the noise projector is ``I - v v^H``, v the principal eigenvector of ``Y Y^H``, and the spectrum
    ``1 / (N - |v^H b|^2)`` peaks where ``|v^H b|`` does: one zero-padded FFT of v finds it, Newton's method refines it.
    No covariance is formed: the Lanczos method needs two products with the samples per step.

    Args:
        samples: received samples ``Y``.
        shape: rows and columns of the array, row-major.
        pad: FFT points per element and side.

    Raises:
        ValueError: if the samples do not have one row per element.
    """
    if samples.shape[0] != shape[0] * shape[1]:
        raise ValueError(f"samples has {samples.shape[0]} rows; an array of shape {shape} has {shape[0] * shape[1]}.")
    eigenvalue, vector = principal_component(samples)
    # The trace is the sum of all eigenvalues.
    power = float(np.vdot(samples, samples).real) / samples.shape[1]
    noise = (power - eigenvalue) / max(samples.shape[0] - 1, 1)
    start = _grid_peak(vector.reshape(shape), pad)
    azimuth, zenith = _angles(*_newton(lambda point: _vector_derivatives(vector, shape, point), start, shape))
    return AngleEstimate(azimuth, zenith, eigenvalue, noise, vector)


def principal_component(samples: Complex[np.ndarray, "rx window"]) -> tuple[float, Complex[np.ndarray, " rx"]]:
    """Largest eigenvalue and its unit-norm eigenvector of the sample covariance ``Y Y^H / M``, by Lanczos."""
    rows, count = samples.shape
    if rows < 3:
        values, vectors = np.linalg.eigh(samples @ samples.conj().T / count)
        return float(values[-1]), vectors[:, -1]

    def product(vector: np.ndarray) -> np.ndarray:
        vector = vector.reshape(-1)
        return samples @ np.conj(np.conj(vector) @ samples)

    operator = LinearOperator((rows, rows), matvec=product, dtype=samples.dtype)  # pyright: ignore[reportCallIssue]
    # A fixed start vector: the same samples give the same estimate.
    start = np.random.default_rng(0).standard_normal(rows).astype(samples.dtype)
    values, vectors = eigsh(operator, k=1, which="LA", v0=start, tol=_LANCZOS_TOLERANCE)  # pyright: ignore[reportArgumentType]
    vector = vectors[:, 0]
    return float(values[0]) / count, vector / np.linalg.norm(vector)


def music_spectrum(
    subspace: Complex[np.ndarray, " rx"],
    shape: tuple[int, int],
    azimuth: Float[np.ndarray, "*grid"],
    zenith: Float[np.ndarray, "*grid"],
) -> Float[np.ndarray, "*grid"]:
    """MUSIC spectrum ``1 / (N - |v^H b|^2)`` of one source, relative to its largest value, over given directions."""
    u, w = np.sin(zenith) * np.cos(azimuth), np.sin(zenith) * np.sin(azimuth)
    rows = np.exp(1j * np.pi * u[..., None] * np.arange(shape[0]))
    columns = np.exp(1j * np.pi * w[..., None] * np.arange(shape[1]))
    response = np.einsum("rc,...r,...c->...", np.conj(subspace.reshape(shape)), rows, columns)
    spectrum = 1.0 / (subspace.size - np.abs(response) ** 2)
    return spectrum / np.max(spectrum)


def beamscan_2d(samples: Complex[np.ndarray, "rx window"], shape: tuple[int, int], pad: int = 2) -> AngleEstimate:
    """Direction of one source by the conventional beamformer: the largest ``b^H R b``.

    For one source of unknown waveform in white noise this is maximum likelihood, and it does not share the
    threshold of MUSIC, which waits for the principal eigenvector to emerge from the noise eigenvectors
    (``detection.spiked_threshold``). Arguments and result as for ``music_2d``; ``subspace`` is the vector of beam
    weights at the estimate, ``eigenvalue`` the power in it.
    """
    grid = np.zeros((pad * shape[0], pad * shape[1]))
    count = samples.shape[1]
    for block in np.array_split(samples, max(count // _SCAN_BLOCK, 1), axis=1):
        beams = np.asarray(fft.fft2(block.reshape(*shape, -1), grid.shape, axes=(0, 1)))
        grid += np.sum(np.abs(beams) ** 2, axis=-1)
    start = _largest(grid)
    u, w = _newton(lambda point: _scan_derivatives(samples, shape, point), start, shape)
    beam = _steering_derivatives(shape, np.array([u, w]))[0] / np.sqrt(samples.shape[0])
    eigenvalue = float(np.mean(np.abs(np.conj(beam.astype(samples.dtype)) @ samples) ** 2))
    power = float(np.vdot(samples, samples).real) / count
    azimuth, zenith = _angles(u, w)
    return AngleEstimate(azimuth, zenith, eigenvalue, (power - eigenvalue) / max(samples.shape[0] - 1, 1), beam)


def _grid_peak(vector: Complex[np.ndarray, "row column"], pad: int) -> tuple[float, float]:
    """Direction cosines of the largest ``|v^H b|`` on the grid of a zero-padded FFT."""
    size = (pad * vector.shape[0], pad * vector.shape[1])
    return _largest(np.abs(np.asarray(fft.fft2(vector, size))))


def _largest(grid: Float[np.ndarray, "row column"]) -> tuple[float, float]:
    """Direction cosines of the largest visible value; FFT bin m of n stands for the cosine 2 m / n, wrapped.

    One bin beyond the horizon counts as visible: it may be the nearest to a direction just above it.
    """
    u, w = (2.0 * np.fft.fftfreq(size) for size in grid.shape)
    visible = np.hypot(u[:, None], w) <= 1.0 + 2.0 / min(grid.shape)
    row, column = np.unravel_index(int(np.argmax(np.where(visible, grid, -1.0))), grid.shape)
    return float(u[row]), float(w[column])


def _newton(
    derivatives: Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]],
    start: tuple[float, float],
    shape: tuple[int, int],
) -> tuple[float, float]:
    """Maximise over (u, w) by Newton's method with backtracking, within a beamwidth of a nearby grid point.

    ``derivatives`` returns value, gradient and Hessian at a point.
    """
    reach = 1.0 / np.array(shape)
    free = np.flatnonzero(np.array(shape) > 1)  # a line of elements knows nothing of the other cosine
    point = np.array(start)
    value, gradient, hessian = derivatives(point)
    for _ in range(_NEWTON_STEPS if len(free) else 0):
        if np.linalg.eigvalsh(hessian[np.ix_(free, free)])[-1] >= 0.0:
            break
        step = np.zeros(2)
        step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        for _ in range(_HALVINGS):
            candidate = np.clip(point + step, start - reach, start + reach)
            trial = derivatives(candidate)
            if trial[0] >= value:
                break
            step *= 0.5
        else:
            break
        moved = np.max(np.abs(candidate - point) / reach)
        point, (value, gradient, hessian) = candidate, trial
        if moved < _NEWTON_TOLERANCE:
            break
    point = point / max(float(np.hypot(*point)), 1.0)
    return float(point[0]), float(point[1])


def _vector_derivatives(
    vector: Complex[np.ndarray, " rx"], shape: tuple[int, int], point: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient and Hessian of ``|v^H b|^2``."""
    return _quadratic_derivatives(np.conj(vector) @ _steering_derivatives(shape, point).T)


def _scan_derivatives(
    samples: Complex[np.ndarray, "rx window"], shape: tuple[int, int], point: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient and Hessian of ``sum_l |b^H y_l|^2``."""
    beams = _steering_derivatives(shape, point).astype(samples.dtype)
    return _quadratic_derivatives(np.conj(beams.conj() @ samples).T.astype(np.complex128))


def _quadratic_derivatives(c: Complex[np.ndarray, "*sample 6"]) -> tuple[float, np.ndarray, np.ndarray]:
    """Value, gradient and Hessian of ``sum |c|^2`` from c and its derivatives by u, w, uu, uw, ww (last axis)."""
    c = c.reshape(-1, 6)
    products = np.real(np.conj(c).T @ c)
    uu, uw, ww = (products[0, index] + products[i, j] for index, i, j in ((3, 1, 1), (4, 1, 2), (5, 2, 2)))
    return float(products[0, 0]), 2.0 * products[0, 1:3], 2.0 * np.array([[uu, uw], [uw, ww]])


def _steering_derivatives(shape: tuple[int, int], point: np.ndarray) -> Complex[np.ndarray, "6 rx"]:
    """``b`` and its derivatives by u, w, uu, uw, ww at direction cosines (u, w)."""
    row, column = (1j * np.pi * index.ravel() for index in np.indices(shape))
    factors = np.stack([np.ones_like(row), row, column, row * row, row * column, column * column])
    return factors * np.exp(point[0] * row + point[1] * column)


def _angles(u: float, w: float) -> tuple[float, float]:
    return float(np.arctan2(w, u)), float(np.arcsin(min(np.hypot(u, w), 1.0)))
