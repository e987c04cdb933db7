"""Transmit beampatterns. Traceable by JAX; plain NumPy on NumPy arrays."""

from __future__ import annotations

from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import array_namespace
from leoisac.metrics.sinr import received_power


def beampattern(
    covariance: Complex[Any, "*#batch antenna antenna"], steering: Complex[Any, "*#batch angle antenna"]
) -> Float[Any, "... angle"]:
    """Power pattern ``P(theta) = a^H(theta) V a(theta)`` in W.

    With unit-norm steering vectors P is the power that the array puts on that direction, at most tr V; with
    unit-modulus ones it is N times that, the transmit power times the array gain.

    Args:
        covariance: Hermitian transmit covariance ``V`` in W (``w w^H`` for a beam; sums for several).
        steering: steering vectors, one row per angle.
    """
    return received_power(steering, covariance)


def normalised_beampattern_db(pattern: Float[Any, "... angle"], floor_db: float = -120.0) -> Float[Any, "... angle"]:
    """Pattern relative to its largest value over the angles, in dB: ``10 log10(P / max P)``.

    Nulls (also the rounding-negative powers of a singular covariance) and a pattern without power lie at
    ``floor_db``.
    """
    xp = array_namespace(pattern)
    peak = xp.max(pattern, axis=-1, keepdims=True)
    relative = pattern / xp.where(peak > 0.0, peak, 1.0)
    return 10.0 * xp.log10(xp.maximum(relative, 10.0 ** (floor_db / 10.0)))
