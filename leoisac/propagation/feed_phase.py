"""Phases of a multibeam satellite's feed channels: how unlike the feeds look to one receiver.

A receiver's channel from feed n carries ``exp(j eta_n)``. Equal phases leave receivers that stand close together with
parallel channels, which no beamformer can separate; independent phases make nulls between them easy.
"""

from __future__ import annotations

import math
from typing import Any

from leoisac.foundation.namespace import RealLike


def normal_feed_phase(normal: RealLike, std: RealLike) -> Any:
    """Mild phase errors, ``eta ~ N(0, std^2)`` in radians, from standard normal numbers of any shape."""
    return std * normal


def uniform_feed_phase(uniform: RealLike) -> Any:
    """Fully random phases on [0, 2 pi) in radians, from uniform numbers on [0, 1) of any shape."""
    return 2.0 * math.pi * uniform
