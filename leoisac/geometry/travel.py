"""How far users that travel have come at an instant of a pass. NumPy only."""

from __future__ import annotations

import math
from typing import NamedTuple

from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import Config
from leoisac.geometry.time_axis import elapsed_s
from leoisac.geometry.time_config import TimeConfig


class Travel(NamedTuple):
    """A way that all users have gone, each along a line of its own. A pytree.

    Attributes:
        way_m: since the first instant.
        heading: clockwise from north, radians; ``nan`` where every user has one of its own.
    """

    way_m: Leaf
    heading: Leaf


def travel_of(config: Config) -> Travel | None:
    """Of a configuration at its instant; ``None`` where users stay, or it is at no instant of a ``[time]`` axis."""
    time = getattr(config, "time", None)
    elapsed = elapsed_s(config)
    if not isinstance(time, TimeConfig) or elapsed is None or time.travel_speed_m_s == 0.0:
        return None
    heading_deg = time.travel_heading_deg
    return Travel(time.travel_speed_m_s * elapsed, math.nan if heading_deg is None else math.radians(heading_deg))


__all__ = ["Travel", "travel_of"]
