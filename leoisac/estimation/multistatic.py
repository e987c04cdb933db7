"""One position from what several radar receivers measure: intersection of ellipsoids and rays. NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from leoisac.metrics.multistatic import arrivals, position_information

_STEPS = 20
_STILL_M = 1e-6


class Fix(NamedTuple):
    """A position.

    Attributes:
        position_m: shape ``(3,)``.
        used: receivers that it rests on.
        covariance: inverse of the information about the position, m^2.
    """

    position_m: np.ndarray
    used: Bool[np.ndarray, " receiver"]
    covariance: np.ndarray


def multistatic_fix(
    transmitter_m: Float[np.ndarray, "3"],
    receivers_m: Float[np.ndarray, "receiver 3"],
    measured: Float[np.ndarray, "receiver 3"],
    information: Float[np.ndarray, "receiver 3 3"],
    starts_m: Float[np.ndarray, "start 3"],
    reach: Float[np.ndarray, "3"],
) -> Fix:
    """Weighted least squares over the position, by Gauss-Newton steps (``metrics.multistatic``).

    A receiver whose echo was noise or a ghost would pull the position far away: of the starts, that counts with which
    most receivers agree, and those that do not are left out.

    Args:
        transmitter_m, receivers_m: places in one frame with parallel axes.
        measured: direction cosines u, w and path in metres of every receiver.
        information: about these three, of every receiver. Rows of zeros leave a quantity out: with the paths alone,
            three receivers or more, ellipsoids are intersected.
        starts_m: candidates, as the fixes of single receivers.
        reach: differences of u, w and path up to which a receiver agrees with a candidate.

    Raises:
        ValueError: if the receivers that agree do not determine a position.
    """
    away = [np.abs(measured - arrivals(transmitter_m, receivers_m, start).measured) / reach for start in starts_m]
    counted = np.any(information != 0.0, axis=2)  # (receiver, quantity)
    agree = [np.all((one <= 1.0) | ~counted, axis=1) & counted.any(axis=1) for one in away]
    best = max(
        range(len(starts_m)), key=lambda index: (int(agree[index].sum()), -float(np.minimum(away[index], 1.0).sum()))
    )
    used, position = agree[best], np.asarray(starts_m[best], dtype=float)
    weights = information * used[:, None, None]
    total = np.zeros((3, 3))
    for _ in range(_STEPS):
        seen = arrivals(transmitter_m, receivers_m, position)
        total = position_information(seen.slopes, weights)
        if np.linalg.matrix_rank(_balanced(total), tol=1e-12) < 3:
            raise ValueError(
                f"{int(used.sum())} receivers agree on a place, and what they measure leaves a direction open; give "
                "them angles, or three and more of them paths."
            )
        step = np.linalg.solve(total, np.einsum("rmi,rmn,rn->i", seen.slopes, weights, measured - seen.measured))
        position = position + step
        if np.linalg.norm(step) < _STILL_M:
            break
    return Fix(position, used, np.linalg.inv(total))


def _balanced(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
    return matrix * scale[:, None] * scale
