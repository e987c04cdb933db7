"""What several radar receivers measure of one target's position, and the bound of the position from all of them.

Every receiver measures the direction cosines (u, w) of arrival at its horizontal panel and the length of the bistatic
path, and its Fisher information about the position is ``H^T F H`` with the slopes H of the three; that of independent
noise adds up (S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, section 3.8). All is
computed in the array library of their arguments and traceable by JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float

from leoisac.foundation.namespace import array_namespace


class Arrival(NamedTuple):
    """What receivers see of a position.

    Attributes:
        measured: direction cosines u and w, and the path from transmitter over target to receiver in metres.
        slopes: by the position, 1/m and 1.
    """

    measured: Any  # (receiver, 3)
    slopes: Any  # (receiver, 3, 3)


def arrivals(
    transmitter_m: Float[Any, "3"], receivers_m: Float[Any, "receiver 3"], point_m: Float[Any, "3"]
) -> Arrival:
    """Direction cosines and path lengths of a target at every receiver, with their slopes by its position."""
    xp = array_namespace(transmitter_m, receivers_m, point_m)
    back, out = point_m - receivers_m, point_m - transmitter_m
    distance, way = xp.linalg.norm(back, axis=-1), xp.linalg.norm(out)
    seen = back / distance[:, None]
    measured = xp.stack([seen[:, 0], seen[:, 1], distance + way], axis=-1)
    turned = (xp.eye(3) - seen[:, :, None] * seen[:, None, :]) / distance[:, None, None]
    slopes = xp.stack([turned[:, 0], turned[:, 1], seen + out / way], axis=1)
    return Arrival(measured, slopes)


def position_information(
    slopes: Float[Any, "receiver 3 3"], information: Float[Any, "receiver 3 3"]
) -> Float[Any, "3 3"]:
    """Information about the position: that of all receivers about what they measure, through its slopes."""
    xp = array_namespace(slopes, information)
    return xp.einsum("rmi,rmn,rnj->ij", slopes, information, slopes)


def without_nuisance(information: Float[Any, "*batch n n"], kept: int) -> Float[Any, "*batch kept kept"]:
    """Information about the first parameters where the others are not known (Schur complement)."""
    xp = array_namespace(information)
    across, rest = information[..., :kept, kept:], information[..., kept:, kept:]
    return information[..., :kept, :kept] - across @ xp.linalg.solve(rest, xp.swapaxes(across, -1, -2))
