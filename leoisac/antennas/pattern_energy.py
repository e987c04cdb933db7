"""Whether an antenna radiates more than it receives: its gain over the whole sphere.

The power gain of a lossless antenna has a mean of 1 over all directions, of any antenna at most 1. Patterns that are
envelopes or are put together from tables may break that, and then every power they promise is too large.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

_PANELS = 240
_NODES = 12
_FIRST = 1e-5


def mean_gain(gain: Callable[[Any], Any]) -> float:
    """Mean power gain over the sphere of a pattern with rotational symmetry, ``0.5 int_0^pi G(psi) sin(psi) dpsi``.

    Gauss-Legendre over intervals that grow with the angle: patterns with a floor and powers of the angle to 1e-6.

    Args:
        gain: power gain, linear, of angles from the axis in radians.
    """
    edges = np.concatenate([[0.0], np.geomspace(_FIRST, math.pi, _PANELS)])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * np.diff(edges)
    angles = edges[:-1, None] + half[:, None] * (1.0 + nodes)
    return float(0.5 * np.sum(half[:, None] * weights * np.asarray(gain(angles)) * np.sin(angles)))


def beam_mean_gains(positions: Float[np.ndarray, "antenna 3"]) -> Float[np.ndarray, " antenna"]:
    """Mean gain over the sphere of an array of isotropic elements, for its principal beams of unit norm, ascending.

    Eigenvalues of ``sin(k d_ij) / (k d_ij)`` with the distances ``d`` of the elements: 1 throughout where they are
    whole multiples of half a wavelength apart; their mean is 1 always.

    Args:
        positions: in wavelengths.
    """
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    return np.linalg.eigvalsh(np.sinc(2.0 * distance))


__all__ = ["beam_mean_gains", "mean_gain"]
