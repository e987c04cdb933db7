"""Water-filling with floors and caps, exact: the water level is found among the breakpoints, not by iteration."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float

from leoisac.foundation.namespace import RealLike, array_namespace

_LEAST_GAIN = 1e-12
"""Relative to the largest gain: a channel this weak gets its floor only."""


def water_filling(
    gains: Float[Any, " channel"],
    total: RealLike,
    floors: RealLike = 0.0,
    caps: RealLike | None = None,
) -> Float[Any, " channel"]:
    """Powers that maximise ``sum log(1 + gain * power)`` for a total power within floors and caps.

    ``p_k = clip(mu - 1/a_k, floor_k, cap_k)`` with the water level ``mu`` at which the sum is ``total`` (optimality
    conditions, e.g. Boyd and Vandenberghe, Convex Optimization, section 5.5.3, with bounds). The sum is a piecewise
    linear function of ``mu``, so that one interpolation between its breakpoints is exact.

    If the caps add up to no more than ``total`` all of them are taken; if the floors exceed ``total`` they are scaled
    down to it, and the caller must see to the consequences. One allocation per call; traceable and batched by ``vmap``.

    Args:
        gains: ``a_k``, at least 0.
        total: power to share out, at least 0.
        floors, caps: least and largest power of every channel, ``0 <= floor <= cap`` (default 0 and ``total``).
    """
    xp = array_namespace(gains, total, floors, caps)
    gains = xp.asarray(gains)
    floors = xp.broadcast_to(xp.asarray(floors, dtype=gains.dtype), gains.shape)
    caps = xp.broadcast_to(xp.asarray(total if caps is None else caps, dtype=gains.dtype), gains.shape)
    floors = floors * xp.minimum(1.0, total / xp.maximum(xp.sum(floors), 1e-300))
    caps = xp.maximum(caps, floors)
    largest = xp.maximum(xp.max(gains), 1e-300)
    inverse = 1.0 / xp.maximum(gains, _LEAST_GAIN * largest)
    levels = xp.sort(xp.concatenate([inverse + floors, inverse + caps]))
    filled = xp.sum(xp.clip(levels[:, None] - inverse, floors, caps), axis=-1)
    # First breakpoint at which at least `total` is filled; the level lies between it and the one before.
    upper = xp.clip(xp.sum(filled < total), 1, len(levels) - 1)
    low, high = levels[upper - 1], levels[upper]
    rise = filled[upper] - filled[upper - 1]
    share = xp.clip((total - filled[upper - 1]) / xp.where(rise > 0.0, rise, 1.0), 0.0, 1.0)
    return xp.clip(low + share * (high - low) - inverse, floors, caps)
