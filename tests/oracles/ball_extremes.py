"""Extremes of a quadratic form over a ball by many projected gradient ascents: slow, obvious, from below."""

from __future__ import annotations

import numpy as np


def largest_by_ascent(X: np.ndarray, x: np.ndarray, radius: float, starts: int = 20, steps: int = 400) -> float:
    """Best value found of ``(x + e)^H X (x + e)`` over ``||e|| <= radius``; a local method, hence the many starts."""
    rng = np.random.default_rng(0)
    n = len(x)
    error = rng.standard_normal((starts, n)) + 1j * rng.standard_normal((starts, n))
    error *= radius / np.linalg.norm(error, axis=1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(X)
    largest = max(np.max(np.abs(eigenvalues)), 1e-300)
    # Ascent of a convex function over a convex set gains at any step length.
    step = 1e3 / largest if eigenvalues[0] > -1e-12 * largest else 1.0 / largest
    for _ in range(steps):
        error = error + step * (x + error) @ X.T
        length = np.linalg.norm(error, axis=1, keepdims=True)
        error = error * np.minimum(1.0, radius / np.maximum(length, 1e-300))
    return float(np.max(np.real(np.einsum("ki,ij,kj->k", (x + error).conj(), X, x + error))))
