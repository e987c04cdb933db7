"""Whether an estimate is one: tests of sample eigenvalues and of delay-Doppler maps against noise alone."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

_TRACY_WIDOM_2 = {0.10: -0.5969, 0.05: -0.2325, 0.01: 0.4776, 0.001: 1.3144}
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


def false_alarm_probability(
    statistic: float, *, samples: int, delays: int, doppler_cells: float, beams: int = 1
) -> float:
    """Probability that noise alone gives a delay-Doppler map so large a value.

    ``statistic`` is ``|<y, x>|^2 / (||x||^2 ||y||^2 / M)`` for received samples y and references x over a window of M
    samples: in one cell of white noise it exceeds t with the probability ``(1 - t / M)^(M - 1)`` whatever the noise
    power, also in a beam that was chosen by its energy, for that leaves the direction of y in signal space free. A row
    of the map is continuous in Doppler shift: its largest value exceeds t, made exponential, with the probability
    ``exp(-t) (1 + K sqrt(pi t / 3))`` over K cells of width ``1 / (L T_s)`` (level crossings of a Rayleigh envelope:
    S. O. Rice, Bell System Technical Journal 24, 1945). Rows of whole delays of a random block, and orthogonal beams,
    are independent.

    Args:
        statistic: largest value of the map, between the bins of its Doppler shifts.
        samples: M.
        delays: rows of the map.
        doppler_cells: K, the span of Doppler shifts times the length of the block.
        beams: maps of orthogonal beams that were searched.
    """
    if statistic >= samples:
        return 0.0
    level = -(samples - 1) * math.log1p(-statistic / samples)
    row = min(math.exp(-level) * (1.0 + doppler_cells * math.sqrt(math.pi * level / 3.0)), 1.0)
    return -math.expm1(delays * beams * math.log1p(-row)) if row < 1.0 else 1.0


def peak_to_median(magnitude: Float[np.ndarray, "..."]) -> float:
    """Largest value of a map over its median. Noise alone gives about ``sqrt(log2(cells))``: four for 10^5 cells."""
    return float(np.max(magnitude) / np.median(magnitude))
