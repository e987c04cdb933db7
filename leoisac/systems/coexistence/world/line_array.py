"""The system's one array: half-wavelength line along y, unit-modulus entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.namespace import RealLike, array_namespace


def line_array(count: int, cosine: RealLike) -> Complex[Any, "... antenna"]:
    """Steering vector ``a_k = exp(j pi k u)`` of a half-wavelength line; its squared norm is ``count``.

    Args:
        count: elements.
        cosine: ``u = sin(azimuth) cos(elevation)``, directional cosine along the line, any shape.
    """
    xp = array_namespace(cosine)
    return xp.exp(1j * math.pi * xp.asarray(cosine)[..., None] * np.arange(count))


def rows_of_rays(
    count: int, cosines: Float[Array, "*ray"], gains: Complex[Array, " channel *ray"]
) -> Complex[Array, "channel antenna"]:
    """Row channels ``sum_r gain_r a_r^H`` of many rays, without a steering vector for each.

    ``k = i m + j`` parts a steering vector into a coarse and a fine one of about ``sqrt(count)`` elements each, and the
    sum over the rays into one matrix product: a draw spends most of its time here.
    """
    fine = math.isqrt(count - 1) + 1
    coarse = -(-count // fine)
    u = cosines.reshape(-1)
    steps = jnp.conj(line_array(coarse, fine * u))
    parts = jnp.conj(line_array(fine, u))
    rows = jnp.einsum("cr,rm,rj->cmj", gains.reshape(len(gains), -1), steps, parts)
    return rows.reshape(len(gains), -1)[:, :count]
