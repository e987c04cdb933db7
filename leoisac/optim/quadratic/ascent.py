# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Better multipliers for a bound by duality where those of the solver prove too little.

The best bound is a small semidefinite program in the multipliers alone: maximise ``v`` subject to ``F - sum_i l_i Q_i
- v e_0 e_0^T >= 0``. Its central path is followed by Newton's method (S. Boyd, L. Vandenberghe, Convex Optimization,
2004, sec. 11.6 and 11.4), first to multipliers for which the quadratic part is definite at all. Matrices are cut into
the blocks that all of them have, such as one for each beam.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leoisac.optim.quadratic.matrices import Blocks, blocks_of

_SHRINK = 0.1
"""Weight of the barrier from one centre to the next."""
_CENTRES, _FEW = 50, 20
"""Most centres; of problems without a goal, for which any value above zero will do."""
_CLOSE = 1e-10
"""Relative distance to the best at which the path ends."""
_STEPS = 20
_MOST_WORK = 80.0**3
"""Sum of the cubes of all blocks' sizes above which nothing is looked for: the time grows with it."""


def ascended(goal: np.ndarray, rows: np.ndarray, multipliers: np.ndarray, free: np.ndarray) -> Iterator[np.ndarray]:
    """Multipliers on the way to the best ones; none where no definite matrix was found (arguments: ``lower_bound``).

    Without a goal, ``F = 0``, the sum of the multipliers is bounded, rows being at unit size.
    """
    size = np.linalg.norm(rows[:, 1:, 1:], axis=(1, 2))
    usable = size > 0.0
    if not usable.any():
        return
    inner_blocks = blocks_of(np.concatenate([goal[None, 1:, 1:], rows[:, 1:, 1:]]))
    if inner_blocks.work > _MOST_WORK:
        return
    homogeneous = not goal.any()
    if homogeneous and free.any():
        # Both signs of an equation, each with a multiplier that the common bound holds.
        both = np.concatenate([rows, -rows[free]])
        guess = np.concatenate([np.where(free, np.maximum(multipliers, 0.0), multipliers), -multipliers[free]])
        for found in ascended(goal, both, np.maximum(guess, 0.0), np.zeros(len(both), bool)):
            whole = found[: len(rows)].copy()
            whole[free] -= found[len(rows) :]
            yield whole
        return
    centres = _FEW if homogeneous else _CENTRES
    rows, free, size, whole = rows[usable], free[usable], size[usable], np.zeros(len(multipliers))
    diagonals = np.abs(np.diagonal(rows, axis1=1, axis2=2)) / size[:, None]
    level = 1.0 if homogeneous else float(np.abs(np.diagonal(goal)).max())
    scale = 1.0 / np.sqrt(_one(np.abs(np.diagonal(goal)) + level * diagonals.max(axis=0)))
    scale[0] = 1.0
    goal, rows = goal * scale[:, None] * scale, rows * scale[:, None] * scale
    size = _one(np.linalg.norm(rows[:, 1:, 1:], axis=(1, 2)))
    rows = rows / size[:, None, None]
    start = multipliers[usable] * size
    start = np.where(free, start, np.maximum(start, 1e-4 * max(float(start.max(initial=0.0)), 1e-2)))
    cap = 1.0 if homogeneous else 1e8 * max(1.0, float(np.abs(start).sum()))
    start = start * 0.5 / np.abs(start).sum() if homogeneous else start
    inner = goal[1:, 1:] - np.einsum("k,kij->ij", start, rows[:, 1:, 1:])
    # First the quadratic part alone, lifted by as much of the identity as it takes, less a little.
    little = 0.0 if homogeneous else 1e-3
    identity = np.eye(len(inner))
    slack = 1.5 * max(0.0, -float(np.linalg.eigvalsh(inner)[0])) + 2.0 * little + 1e-3
    lifted = np.concatenate([-rows[:, 1:, 1:], identity[None]])
    want, bounded = np.append(np.zeros(len(rows)), 1.0), np.append(free, homogeneous)
    lowered = goal[1:, 1:] - little * identity
    path = _followed(want, lowered, lifted, np.append(start, slack), bounded, cap, inner_blocks, little, centres)
    found = next((y for y in path if y[-1] < little), None)
    if found is None:
        return
    start = found[:-1]
    matrix = goal - np.einsum("k,kij->ij", start, rows)
    low = matrix[0, 0] - matrix[0, 1:] @ np.linalg.solve(matrix[1:, 1:], matrix[0, 1:])
    corner = np.zeros((1, *matrix.shape))
    corner[0, 0, 0] = -1.0
    step = max(abs(low), float(np.abs(rows[:, 0, 0]) @ np.abs(start)), 1e-300)
    terms, first = np.concatenate([-rows, corner]), np.append(start, low - step)
    blocks = blocks_of(np.concatenate([goal[None], terms]))
    for y in _followed(-want, goal, terms, first, np.append(free, True), cap, blocks, centres=centres):
        whole[usable] = y[:-1] / size
        yield whole.copy()


def _one(values: np.ndarray) -> np.ndarray:
    return np.where(np.asarray(values) > 0.0, values, 1.0)


def _followed(
    cost: np.ndarray,
    base: np.ndarray,
    terms: np.ndarray,
    start: np.ndarray,
    free: np.ndarray,
    cap: float,
    blocks: Blocks,
    enough: float = -np.inf,
    centres: int = _CENTRES,
) -> Iterator[np.ndarray]:
    """Centres of the path to the least ``cost . y`` with ``base + sum_j y_j terms_j`` definite, from a start inside.

    Variables that are not free are ``>= 0``, and their sum is below ``cap``; ends where the last one is ``enough``.
    """
    y, inside = start.astype(float), ~free
    weight = 1.0
    parts = list(zip(blocks.of(base), blocks.of(terms), strict=True))

    def factor(point: np.ndarray) -> list[np.ndarray] | None:
        if (point[inside] <= 0.0).any() or point[inside].sum() >= cap:
            return None
        try:
            return [np.linalg.cholesky(b + np.einsum("k,k...->...", point, t)) for b, t in parts]
        except np.linalg.LinAlgError:
            return None

    def barrier(point: np.ndarray, lowers: list[np.ndarray]) -> float:
        logs = 2.0 * sum(float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum()) for lower in lowers)
        logs += float(np.log(point[inside]).sum())
        return float(cost @ point) / weight - logs - float(np.log(cap - point[inside].sum()))

    def derivatives(point: np.ndarray, lowers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        room = cap - point[inside].sum()
        gradient, hessian = np.zeros(len(point)), np.zeros((len(point), len(point)))
        for lower, (_, slopes) in zip(lowers, parts, strict=True):
            inverse = np.linalg.inv(lower)
            moved = inverse @ slopes @ np.swapaxes(inverse, 1, 2)
            gradient -= np.trace(moved, axis1=2, axis2=3).sum(axis=1)
            flat = moved.reshape(len(point), -1)
            hessian += flat @ flat.T
        gradient[inside] += 1.0 / room - 1.0 / point[inside]
        hessian += np.outer(inside, inside) / room**2
        hessian[inside, inside] += 1.0 / point[inside] ** 2
        return gradient, hessian

    lower = factor(y)
    if lower is None:
        return
    # The weight at which the start is as near to a centre as can be.
    gradient, hessian = derivatives(y, lower)
    toward = np.linalg.lstsq(hessian, cost, rcond=None)[0]
    if not toward @ cost > 0.0:
        return
    share = -float(toward @ gradient) / float(toward @ cost)
    weight = 1.0 / share if np.isfinite(share) and share > 0.0 else 10.0 * float(np.sqrt(toward @ cost))
    for _ in range(centres):
        for _ in range(_STEPS):
            barriers, hessian = derivatives(y, lower)
            gradient = cost / weight + barriers
            unit = 1.0 / np.sqrt(_one(np.diagonal(hessian)))
            try:
                step = -unit * np.linalg.solve(hessian * unit[:, None] * unit + 1e-13 * np.eye(len(y)), gradient * unit)
            except np.linalg.LinAlgError:
                return
            fall = -float(gradient @ step)
            if not fall > 1e-6:
                break
            length, now = 1.0, barrier(y, lower)
            for _ in range(40):
                new = factor(y + length * step)
                if new is not None and barrier(y + length * step, new) <= now - 0.1 * length * fall:
                    break
                length *= 0.5
            else:
                break
            y, lower = y + length * step, new
            if y[-1] < enough:
                yield y
                return
        yield y
        if weight * len(base) <= _CLOSE * abs(float(cost @ y)):
            return
        weight *= _SHRINK
