"""A design for all places in the ellipsoid of a predicted target position: which places count, and the worst of them.

The prediction is normal with a covariance ``S``; the design must meet the requirement for all p with
``(p - p0)^T S^-1 (p - p0) <= r^2``: ``||P^H a(p)||^2 >= Gamma(p)``. Beam and floor both depend on p. A cutting set
holds the requirement at some places; the worst place of a design joins it (A. Mutapcic and S. Boyd, Optim. Methods
Softw. 24(3), 2009).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.bistatic_rsma.judge.evaluate import stream_powers
from leoisac.systems.bistatic_rsma.model import Channels, Design, Prediction
from leoisac.systems.bistatic_rsma.problem.normalised import TargetPoints
from leoisac.systems.bistatic_rsma.world.prediction import beams_at, floors_at

ROUNDS = 6
"""Designs at most, each but the first with the worst place of the one before it."""
ENOUGH = 1.0 - 1e-4
"""Least ratio of gain and floor at which a design counts as one for the whole ellipsoid."""
_DIRECTIONS = 500
_STEPS = 12


def first_points(prediction: Prediction, target_m: Float[Array, "3"]) -> Float[Array, "point 3"]:
    """The ends of the ellipsoid's axes, and room for the worst places (until then the prediction itself)."""
    ends = prediction.std_m * prediction.radius * jnp.concatenate([jnp.eye(3), -jnp.eye(3)])
    return target_m + jnp.concatenate([ends, jnp.zeros((ROUNDS - 1, 3))])


def target_points(prediction: Prediction, points_m: Float[Array, "point 3"]) -> TargetPoints:
    """Beams and floors at places."""
    return TargetPoints(beams_at(prediction, points_m), floors_at(prediction, points_m))


def worst_place(prediction: Prediction, channels: Channels, design: Design) -> tuple[Any, Any]:
    """The place in the ellipsoid at which a design's gain over the floor is least, and that ratio.

    From the least of directions spread evenly at the whole and half of the radius, then along the slope within the
    ellipsoid.
    """
    assert channels.knowledge is not None
    center, reach = channels.knowledge.target_m, prediction.std_m * prediction.radius

    def ratio(unit: Any) -> Any:
        place = center + reach * unit
        gain = jnp.sum(stream_powers(beams_at(prediction, place), design.precoder), axis=-1)
        return gain / floors_at(prediction, place)

    grid = _directions(_DIRECTIONS)
    grid = jnp.asarray(np.concatenate([np.zeros((1, 3)), 0.5 * grid, grid]))
    start = grid[jnp.argmin(ratio(grid))]
    slope = jax.grad(ratio)

    def step(state: tuple[Any, Any, Any], _: None) -> tuple[tuple[Any, Any, Any], None]:
        point, value, length = state
        direction = slope(point)
        moved = point - length * direction / jnp.maximum(jnp.linalg.norm(direction), 1e-300)
        moved = moved / jnp.maximum(jnp.linalg.norm(moved), 1.0)
        reached = ratio(moved)
        better = reached < value
        kept = jnp.where(better, moved, point), jnp.where(better, reached, value)
        return (*kept, jnp.where(better, length, 0.5 * length)), None

    (point, value, _), _ = jax.lax.scan(step, (start, ratio(start), jnp.asarray(0.1)), None, length=_STEPS)
    return center + reach * point, value


def _directions(count: int) -> Float[np.ndarray, "direction 3"]:
    """Unit vectors spread evenly by the golden angle (Fibonacci lattice)."""
    index = np.arange(count) + 0.5
    height, turn = 1.0 - 2.0 * index / count, np.pi * (1.0 + np.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
