"""Where a queue begins: points, and multipliers where it goes on from an earlier one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float


class Begin(NamedTuple):
    """Of a queue of instances."""

    x: Float[Array | np.ndarray, "queue n"]
    multipliers: Float[Array | np.ndarray, "queue m"] | None = None
    """``None`` for zeros."""

    def filled(self, constraints: int) -> Begin:
        """With multipliers, in arrays of their own."""
        none = self.multipliers is None
        given = np.zeros((len(self.x), constraints)) if none else np.array(self.multipliers)
        return Begin(np.ascontiguousarray(self.x), given)
