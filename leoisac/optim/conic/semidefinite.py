# pyright: reportUnknownMemberType=false
"""Linear semidefinite programs over Hermitian blocks, solved by QICS, whose cones are complex natively.

Small problems are solved several times faster than through a real embedding, and by other code than the rest of the
reference route: an independent witness.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Complex, Float, Inexact

from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import qics_module
from leoisac.optim.conic.hermitian import hermitian_part

Relation = Literal["==", ">=", "<="]


@dataclass(frozen=True)
class LinearConstraint:
    """``sum over blocks of tr(A_b X_b)  relation  bound``; a block that does not take part is ``None``."""

    matrices: tuple[Inexact[np.ndarray, "_ _"] | None, ...]
    relation: Relation
    bound: float


@dataclass(frozen=True)
class SemidefiniteSolution:
    """Solution of a semidefinite program.

    Attributes:
        status: CONVERGED, INACCURATE, INFEASIBLE (certified), or FAILED (``message`` says why).
        blocks: the Hermitian positive semidefinite matrices; empty without a solution.
        value: optimal value, NaN without a solution.
        lower_bound: value of the dual problem, a bound from below on ``value``.
        multipliers: one per constraint, with ``C_b - sum_i multipliers_i A_ib`` positive semidefinite for every block;
            not negative for ``>=``, not positive for ``<=``. Empty without a solution.
        iterations: interior-point iterations.
        message: the solver's word, or a traceback.
    """

    status: Status
    blocks: tuple[Complex[np.ndarray, "_ _"], ...]
    value: float
    lower_bound: float
    multipliers: Float[np.ndarray, " constraint"]
    iterations: int
    message: str


_STATUS = {"optimal": Status.CONVERGED, "near_optimal": Status.INACCURATE, "pinfeas": Status.INFEASIBLE}


def solve_semidefinite(
    costs: Sequence[Inexact[np.ndarray, "_ _"]], constraints: Sequence[LinearConstraint]
) -> SemidefiniteSolution:
    """Minimise ``sum_b tr(C_b X_b)`` over Hermitian ``X_b >= 0`` subject to linear constraints.

    Nothing is raised by the solve itself. ``tr(C X)`` is real: the Hermitian part of every matrix counts.

    Raises:
        ValueError: if shapes disagree or there is no constraint.
        ConfigError: if QICS is not installed.
    """
    sides = [cost.shape[0] for cost in costs]
    _check(sides, constraints)
    qics = qics_module()
    inequalities = [c for c in constraints if c.relation != "=="]
    cones: list[Any] = [qics.cones.PosSemidefinite(side, iscomplex=True) for side in sides]
    if inequalities:
        cones.append(qics.cones.NonNegOrthant(len(inequalities)))
    cost = np.concatenate([*(_vector(matrix) for matrix in costs), np.zeros(len(inequalities))])
    # Rows are brought to unit norm: constraints may come in any units.
    A, b, norms = _equalities(sides, constraints, len(inequalities))
    try:
        model = qics.Model(c=cost[:, None], A=sp.csr_matrix(A), b=b[:, None], cones=cones)
        info = qics.Solver(model, verbose=0).solve()
    except Exception:
        return _nothing(Status.FAILED, 0, traceback.format_exc())
    status = _STATUS.get(info["sol_status"], Status.FAILED)
    word = f"{info['sol_status']} ({info['exit_status']})"
    if status not in (Status.CONVERGED, Status.INACCURATE):
        return _nothing(status, int(info["num_iter"]), word)
    x = np.asarray(info["x_opt"])[:, 0]
    return SemidefiniteSolution(
        status,
        _blocks(x, sides),
        float(cost @ x),
        float(info["d_obj"]),
        -np.asarray(info["y_opt"])[:, 0] / norms,
        int(info["num_iter"]),
        word,
    )


def _equalities(
    sides: Sequence[int], constraints: Sequence[LinearConstraint], slacks: int
) -> tuple[Float[np.ndarray, "row column"], Float[np.ndarray, " row"], Float[np.ndarray, " row"]]:
    """Constraints as ``A x = b`` with a slack per inequality: ``>=`` subtracts it, ``<=`` adds it."""
    rows, bounds, norms, slack = list[np.ndarray](), list[float](), list[float](), 0
    for constraint in constraints:
        parts = [
            np.zeros(2 * side * side) if matrix is None else _vector(matrix)
            for side, matrix in zip(sides, constraint.matrices, strict=True)
        ]
        row = np.concatenate(parts)
        norm = float(np.linalg.norm(row)) or 1.0
        slack_row = np.zeros(slacks)
        if constraint.relation != "==":
            slack_row[slack] = -1.0 if constraint.relation == ">=" else 1.0
            slack += 1
        rows.append(np.concatenate([row / norm, slack_row]))
        bounds.append(constraint.bound / norm)
        norms.append(norm)
    return np.array(rows), np.array(bounds), np.array(norms)


def _vector(matrix: Inexact[np.ndarray, "n n"]) -> Float[np.ndarray, " m"]:
    """Real and imaginary parts interleaved, row by row: dot products are ``tr(A X)``."""
    return np.ascontiguousarray(hermitian_part(matrix.astype(complex))).view(np.float64).reshape(-1)


def _blocks(x: Float[np.ndarray, " m"], sides: Sequence[int]) -> tuple[Complex[np.ndarray, "_ _"], ...]:
    found, place = list[np.ndarray](), 0
    for side in sides:
        part = np.ascontiguousarray(x[place : place + 2 * side * side])
        found.append(hermitian_part(part.view(np.complex128).reshape(side, side)))
        place += 2 * side * side
    return tuple(found)


def _nothing(status: Status, iterations: int, message: str) -> SemidefiniteSolution:
    return SemidefiniteSolution(status, (), float("nan"), float("nan"), np.zeros(0), iterations, message)


def _check(sides: Sequence[int], constraints: Sequence[LinearConstraint]) -> None:
    if not constraints:
        raise ValueError("constraints: at least one is needed; without any the minimum is 0 or unbounded.")
    for index, constraint in enumerate(constraints):
        if constraint.relation not in ("==", ">=", "<="):
            raise ValueError(f"constraints[{index}].relation = {constraint.relation!r}: must be '==', '>=' or '<='.")
        shapes = [None if matrix is None else matrix.shape for matrix in constraint.matrices]
        if len(shapes) != len(sides) or any(s not in (None, (n, n)) for s, n in zip(shapes, sides)):
            raise ValueError(f"constraints[{index}].matrices have shapes {shapes}, must match blocks of sides {sides}.")
