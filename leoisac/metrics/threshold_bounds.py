"""Bounds and predictions of estimators where the Cramer-Rao bound no longer tells the truth: the threshold region.

For observations ``y = mu(theta) + n`` with white ``n ~ CN(0, sigma^2 I)`` and a known mean. NumPy and SciPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from scipy import special

MOST_EXPONENT = 600.0
"""Test points that are told apart more surely than this say nothing, and overflow."""


def chapman_robbins_bound(
    offsets: Float[np.ndarray, " point"], squared_distances: Float[np.ndarray, " point"], noise_power: float = 1.0
) -> float:
    """Bound of one parameter by one test point at a time, ``sup_h h^2 / (exp((2 / sigma^2) d(h)^2) - 1)``.

    J. M. Hammersley, J. R. Stat. Soc. B 12, 1950; D. G. Chapman and H. Robbins, Ann. Math. Stat. 22, 1951. For small
    ``h`` it tends to the Cramer-Rao bound, which it is never below if such points are among the offsets.

    Args:
        offsets: h, none of them zero.
        squared_distances: ``||mu(u + h) - mu(u)||^2``.
        noise_power: ``sigma^2``.
    """
    exponents = 2.0 / noise_power * np.asarray(squared_distances)
    usable = exponents < MOST_EXPONENT
    return float(np.max(np.asarray(offsets)[usable] ** 2 / np.expm1(exponents[usable])))


def barankin_bound(
    offsets: Float[np.ndarray, "point parameter"],
    means: Complex[np.ndarray, "point observation"],
    noise_power: float = 1.0,
) -> Float[np.ndarray, "parameter parameter"]:
    """Bound of the covariance of several parameters by test points together, ``H^T (B - 1 1^T)^-1 H``.

    ``B_ij = exp((2 / sigma^2) Re (mu_i - mu_0)^H (mu_j - mu_0))`` (R. J. McAulay and E. M. Hofstetter, IEEE Trans. Inf.
    Theory 17, 1971). Nuisance parameters (real and imaginary part of an amplitude) are parameters like others; a close
    point along each parameter makes the bound at least the Cramer-Rao bound.

    Args:
        offsets: ``theta_i - theta_0`` of every test point.
        means: ``mu_i - mu_0``.
        noise_power: ``sigma^2``.
    """
    offsets, means = np.asarray(offsets, dtype=float), np.asarray(means)
    exponents = 2.0 / noise_power * np.real(np.conj(means) @ means.T)
    usable = np.diag(exponents) < MOST_EXPONENT
    offsets, matrix = offsets[usable], np.expm1(exponents[np.ix_(usable, usable)])
    scale = 1.0 / np.sqrt(np.diag(matrix))
    scaled = offsets * scale[:, None]
    inverse = np.linalg.pinv(matrix * scale[:, None] * scale, rcond=1e-12, hermitian=True)
    return scaled.T @ inverse @ scaled


def interval_error_probability(energy: Any, correlation: Any) -> Any:
    """Probability that the envelope at a wrong place exceeds that at the true one.

    ``Q_1(a, b) - exp(-(a^2 + b^2) / 2) I_0(a b) / 2`` with ``a, b = sqrt(g (1 -+ sqrt(1 - rho^2)) / 2)``: correlated
    envelopes of one signal of unknown phase (M. Schwartz, W. R. Bennett and S. Stein, Communication Systems and
    Techniques, 1966, appendix B; for intervals F. Athley, IEEE Trans. Signal Process. 53(4), 2005).

    Args:
        energy: ``g``, energy over noise after integration.
        correlation: ``rho``, normalised correlation of both places, 0 to 1; they broadcast.
    """
    root = np.sqrt(1.0 - np.asarray(correlation, dtype=float) ** 2)
    small, large = (np.sqrt(0.5 * np.asarray(energy) * (1.0 + sign * root)) for sign in (-1.0, 1.0))
    from scipy import stats  # costs more than drawing a figure, and few need it

    marcum = stats.ncx2.sf(large**2, 2, small**2)
    equal = 0.5 * np.exp(-0.5 * (large - small) ** 2) * special.ive(0, small * large)
    return marcum - equal


def interval_error_mse(
    local: float,
    probabilities: Float[np.ndarray, " place"],
    squared_errors: Float[np.ndarray, " place"],
) -> float:
    """Mean squared error of a maximum-likelihood search by the method of interval errors.

    ``(1 - sum P_i) CRB + sum P_i e_i^2``: the union bound over wrong places, clipped so that it stays one of
    probabilities.

    Args:
        local: mean squared error about the true place, the Cramer-Rao bound.
        probabilities: of every wrong place (``interval_error_probability``).
        squared_errors: squared error there.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    probabilities = probabilities / max(float(np.sum(probabilities)), 1.0)
    return float((1.0 - np.sum(probabilities)) * local + np.sum(probabilities * squared_errors))
