"""Whether an estimate is one: tests of sample eigenvalues and of delay-Doppler maps against noise alone."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

_TRACY_WIDOM_2 = {0.10: -0.5969, 0.05: -0.2325, 0.01: 0.4776, 0.001: 1.3115}
"""Upper quantiles of the Tracy-Widom distribution of order 2 (complex data) by exceedance probability."""


def spiked_threshold(num_antennas: int, num_samples: int) -> float:
    """Least ratio of signal to noise eigenvalue at which the principal sample eigenvector carries information.

    ``sqrt(N / M)`` for N antennas and M samples, in the limit of both large (J. Baik, G. Ben Arous, S. Peche, Annals of
    Probability 33, 2005): below it the largest sample eigenvalue is that of noise and its vector is random.
    """
    return math.sqrt(num_antennas / num_samples)


def eigenvector_alignment(signal_to_noise: float, num_antennas: int, num_samples: int) -> float:
    """Expected squared cosine between sample and true principal eigenvector of one signal in white noise.

    ``(1 - g / s^2) / (1 + g / s)`` with the ratio s of signal to noise eigenvalue and ``g = N / M``; 0 below
    ``spiked_threshold`` (D. Paul, Statistica Sinica 17, 2007). The limit of large N and M.
    """
    ratio = num_antennas / num_samples
    if signal_to_noise <= math.sqrt(ratio):
        return 0.0
    return (1.0 - ratio / signal_to_noise**2) / (1.0 + ratio / signal_to_noise)


def noise_eigenvalue_bound(num_antennas: int, num_samples: int, false_alarm: float = 0.01) -> float:
    """Largest sample eigenvalue of white noise of unit power, exceeded with the given probability.

    ``mu + sigma q`` with the centring and scaling of complex Wishart matrices (I. Johnstone, Annals of Statistics 29,
    2001; N. El Karoui, Annals of Probability 34, 2006) and the Tracy-Widom quantile q.

    Args:
        num_antennas: order N of the covariance.
        num_samples: samples M that it averages.
        false_alarm: 0.10, 0.05, 0.01 or 0.001.

    Raises:
        ValueError: for another probability.
    """
    if false_alarm not in _TRACY_WIDOM_2:
        raise ValueError(f"false_alarm={false_alarm}: must be one of {', '.join(map(str, _TRACY_WIDOM_2))}.")
    rows, columns = math.sqrt(num_antennas), math.sqrt(num_samples)
    scale = (rows + columns) * (1.0 / rows + 1.0 / columns) ** (1.0 / 3.0)
    return ((rows + columns) ** 2 + scale * _TRACY_WIDOM_2[false_alarm]) / num_samples


def peak_to_median(magnitude: Float[np.ndarray, "..."]) -> float:
    """Largest value of a map over its median. Noise alone gives about ``sqrt(log2(cells))``: four for 10^5 cells."""
    return float(np.max(magnitude) / np.median(magnitude))


def peak_to_median_bound(num_cells: float | int, false_alarm: float = 1e-3) -> float:
    """Ratio of peak to median magnitude that noise alone exceeds with the given probability.

    Rayleigh magnitudes exceed r medians with the probability ``2^(-r^2)``, so ``r = sqrt(log2(cells / false_alarm))``
    for many independent cells.

    Args:
        num_cells: independent cells of the map; count an oversampled one by its resolution.
        false_alarm: probability that noise alone passes.
    """
    return math.sqrt(math.log2(num_cells / false_alarm))
