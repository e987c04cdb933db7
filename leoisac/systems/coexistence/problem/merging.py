"""P2: the satellite's central merging of the beam powers that the cells ask for (paper, eq. 44, with a floor)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from leoisac.optim.search.water_filling import water_filling


class MergedPowers(NamedTuple):
    """Beam powers, and whether every beam can have its least rate."""

    power: Float[np.ndarray, " beam"]
    feasible: bool


def merge_powers(
    gains: Float[np.ndarray, " beam"],
    total: float,
    caps: Float[np.ndarray, " beam"],
    min_rate: float = 0.0,
) -> MergedPowers:
    """Powers that maximise ``sum log2(1 + a_m p_m)`` within the budget, the caps of P1 and the least rates.

    ``p = caps`` where they fit into the budget; otherwise ``p_m = clip(mu - 1/a_m, floor_m, cap_m)`` with
    ``floor_m = (2^R_min - 1) / a_m``. The floor is our addition: the printed P2 has the cap only and may push a
    satellite user below its least rate. Where the floors alone exceed the budget they are scaled down to it, and the
    result is not feasible; a floor above its cap is the P1 design's failure, not P2's, and the cap stands.

    Args:
        gains: ``a_m = g / (||h F||^2 + sigma^2)`` with the beamformers of P1, per unit of power.
        total: the satellite's budget, in the same unit.
        caps: powers that P1 allows.
        min_rate: ``R_min`` in bit/s/Hz.
    """
    gains, caps = np.asarray(gains, dtype=float), np.asarray(caps, dtype=float)
    floors = np.minimum((2.0**min_rate - 1.0) / np.maximum(gains, 1e-300), caps)
    if np.sum(caps) <= total:
        return MergedPowers(caps.copy(), True)
    feasible = not np.sum(floors) > total * (1.0 + 1e-12)
    return MergedPowers(np.asarray(water_filling(gains, total, floors, caps)), feasible)


def merge_all(
    gains: Float[np.ndarray, "trial beam"], caps: Float[np.ndarray, "trial beam"], min_rate: float
) -> tuple[Float[np.ndarray, "trial beam"], Bool[np.ndarray, " trial"]]:
    """``merge_powers`` for many trials, with a budget of 1."""
    merged = [merge_powers(a, 1.0, cap, min_rate) for a, cap in zip(gains, caps, strict=True)]
    return np.array([item.power for item in merged]), np.array([item.feasible for item in merged])


__all__ = ["MergedPowers", "merge_all", "merge_powers"]
