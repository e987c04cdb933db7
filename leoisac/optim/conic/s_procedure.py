# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
r"""Bounds on a quadratic form that hold over a whole error ball, as linear matrix inequalities (S-procedure).

For ``r > 0`` and Hermitian ``X``, linear in the unknowns,

.. math::
    \forall\|\Delta\|\le r:\ (x+\Delta)^HX(x+\Delta)\le p
    \iff\exists k\ge0:\ \begin{bmatrix}kI&0\\0&p-kr^2\end{bmatrix}-[I\ x]^HX[I\ x]\succeq0

and likewise for ``>= u`` with ``-X`` and ``-u`` (V. A. Yakubovich; S. Boyd et al., Linear Matrix Inequalities in System
and Control Theory, SIAM 1994, section 2.6.3; exact for one ball). The centre enters linearly and quadratically; both
are parameters of the problem, so that new numbers compile nothing (DPP).

The unknown may be held in scaled form, ``X = sum_b diag(d_b) X_b diag(d_b)``, powers in a unit of one's choice, and the
inequality under a congruence ``diag(s I, 1)``: interior-point solvers stall on blocks whose entries differ by 1e6.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Complex, Float

from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import coordinates, embedding, from_coordinates, outer


@dataclass(frozen=True)
class BallBound:
    """One robust bound while a problem is being built.

    Attributes:
        constraints: name -> constraint.
        parameters: name -> parameter; ``ball_values`` gives their values.
        multiplier: the unknown ``k``.
    """

    constraints: Mapping[str, Any]
    parameters: Mapping[str, Any]
    multiplier: Any


def ball_bound(name: str, blocks: Sequence[Any], relation: Literal["<=", ">="], bound: Any, size: int) -> BallBound:
    """Constraint that ``sum_b (x + e)^H diag(d_b) X_b diag(d_b) (x + e)`` keeps to a bound for all ``||e|| <= r``.

    Args:
        name: prefix of the names of parameters and constraints.
        blocks: coordinates (``hermitian.coordinates``) of every ``X_b``: CVXPY expressions of length ``size^2``.
        relation: ``"<="``: the largest value; ``">="``: the least.
        bound: CVXPY expression, in the unit of ``ball_values``.
        size: length of ``x``.
    """
    cp = cvxpy_module()
    sign = 1.0 if relation == "<=" else -1.0
    multiplier = cp.Variable(nonneg=True, name=f"{name}_multiplier")
    spread = cp.Parameter(nonneg=True, name=f"{name}_spread")
    parameters = {f"{name}_spread": spread}
    block, edge = _places(size)
    corner = np.r_[np.zeros(2 * size), 1.0]
    top = multiplier * coordinates(np.eye(size))
    rim = corner * (sign * bound - cp.multiply(spread, multiplier))
    for index, X in enumerate(blocks):
        scales = cp.Parameter(size**2, name=f"{name}_scales[{index}]", nonneg=True)
        rows = cp.Parameter((2 * size + 1, size**2), name=f"{name}_rows[{index}]")
        parameters |= {f"{name}_scales[{index}]": scales, f"{name}_rows[{index}]": rows}
        top = top - sign * cp.multiply(scales, X)
        rim = rim - sign * (rows @ X)
    return BallBound({name: positive_semidefinite(block @ top + edge @ rim, size + 1)}, parameters, multiplier)


def ball_values(
    name: str,
    x: Complex[np.ndarray, " n"],
    radius: float,
    scales: Sequence[Float[np.ndarray, " n"]] | None = None,
    unit: float = 1.0,
    lift: float = 1.0,
) -> dict[str, Any]:
    """Values of the parameters of ``ball_bound``.

    Args:
        name: as there.
        x: centre.
        radius: positive.
        scales: ``d_b``, one per block; ones for a single block by default.
        unit: the bound is in these units of power.
        lift: ``s``; the bound is the same for any, the numerical behaviour is not.

    Raises:
        ValueError: if the radius, the unit or the lift is not positive.
    """
    for label, value in (("radius", radius), ("unit", unit), ("lift", lift)):
        if not value > 0.0:
            raise ValueError(f"{label} = {value}: must be positive.")
    n = len(x)
    values: dict[str, Any] = {f"{name}_spread": radius**2 / (unit * lift**2)}
    basis = from_coordinates(np.eye(n * n))
    for index, d in enumerate([np.ones(n)] if scales is None else scales):
        centre = d * x / np.sqrt(unit)
        rim = lift * d * np.einsum("bij,j->bi", basis, centre)
        corner = coordinates(outer(centre))
        values[f"{name}_scales[{index}]"] = lift**2 * _entry_scales(d)
        values[f"{name}_rows[{index}]"] = np.concatenate([np.real(rim).T, np.imag(rim).T, corner[None]])
    return values


def positive_semidefinite(x: Any, side: int) -> Any:
    """Constraint that the Hermitian matrix with these coordinates (a CVXPY expression) is positive semidefinite."""
    cp = cvxpy_module()
    return cp.reshape(embedding(side) @ x, (2 * side, 2 * side), order="F") >> 0


def _entry_scales(d: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
    """Factors of the coordinates of ``X`` that give those of ``diag(d) X diag(d)``."""
    first, second = np.triu_indices(len(d), 1)
    off = d[first] * d[second]
    return np.concatenate([d**2, off, off])


@functools.cache
def _places(n: int) -> tuple[Any, Any]:
    """Where coordinates of the leading block, and the last column (real, imaginary, corner), go in those of all."""
    inner = np.zeros((n * n, n + 1, n + 1), dtype=complex)
    inner[:, :n, :n] = from_coordinates(np.eye(n * n))
    rim = np.zeros((2 * n + 1, n + 1, n + 1), dtype=complex)
    for i in range(n):
        rim[i, i, n] = rim[i, n, i] = 1.0
        rim[n + i, i, n], rim[n + i, n, i] = 1j, -1j
    rim[2 * n, n, n] = 1.0
    return sp.csr_matrix(coordinates(inner).T), sp.csr_matrix(coordinates(rim).T)


__all__ = ["BallBound", "ball_bound", "ball_values", "positive_semidefinite"]
