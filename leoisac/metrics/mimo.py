"""Rate of a link between two arrays. Traceable by JAX; plain NumPy on NumPy arrays."""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Complex, Float

from leoisac.foundation.namespace import array_namespace


def mimo_rate(
    channel: Complex[Any, "*#batch rx tx"],
    covariance: Complex[Any, "*#batch tx tx"],
    disturbance: Complex[Any, "*#batch rx rx"],
) -> Float[Any, "..."]:
    """``log2 det(I + R^-1 H V H^H)`` in bit/s/Hz: mutual information of Gaussian streams that are decoded jointly.

    E. Telatar, European Trans. Telecommun. 10(6), 1999, section 3, in noise of any covariance.

    Args:
        channel: ``H``, so that ``y = H x + n``.
        covariance: Hermitian transmit covariance ``V``, W.
        disturbance: covariance ``R`` of noise and interference, W.
    """
    xp = array_namespace(channel, covariance, disturbance)
    received = channel @ covariance @ xp.conj(xp.swapaxes(channel, -1, -2))
    scale = xp.real(xp.trace(disturbance, axis1=-2, axis2=-1))[..., None, None]  # away from the limits of powers in W
    ratio = xp.linalg.solve(disturbance / scale, received / scale)
    return xp.linalg.slogdet(xp.eye(channel.shape[-2]) + ratio)[1] / math.log(2.0)
