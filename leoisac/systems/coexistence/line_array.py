"""The system's one array: half-wavelength line along y, unit-modulus entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.foundation.namespace import RealLike, array_namespace


def line_array(count: int, cosine: RealLike) -> Complex[Any, "... antenna"]:
    """Steering vector ``a_k = exp(j pi k u)`` of a half-wavelength line; its squared norm is ``count``.

    Args:
        count: elements.
        cosine: ``u = sin(azimuth) cos(elevation)``, directional cosine along the line, any shape.
    """
    xp = array_namespace(cosine)
    return xp.exp(1j * math.pi * xp.asarray(cosine)[..., None] * np.arange(count))
