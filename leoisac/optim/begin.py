"""Where a queue begins: points, and multipliers where it goes on from an earlier one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from leoisac.foundation.axes import Leaf


class Begin(NamedTuple):
    """Of a queue of instances."""

    x: Leaf  # (queue, n)
    multipliers: Leaf | None = None  # (queue, m); None for zeros

    def filled(self, constraints: int) -> tuple[np.ndarray, np.ndarray]:
        """Points, and multipliers in an array of their own."""
        none = self.multipliers is None
        given = np.zeros((len(self.x), constraints)) if none else np.array(self.multipliers)
        return np.ascontiguousarray(self.x), given
