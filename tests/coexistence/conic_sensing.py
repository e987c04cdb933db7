"""Obvious twin of the least sensing power for fixed filters: a second-order cone program, matrices written out."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from leoisac.systems.coexistence.problem.cell_program import CellProblem


def best_filters_by_definition(problem: CellProblem, beamformer: np.ndarray, q: float) -> list[np.ndarray]:
    """Rows ``(R_i^-1 d_i)^H``, with every channel matrix written out."""
    users, targets = len(problem.h_tut), len(problem.target_tx)
    filters = []
    for i in range(targets):
        echoes = [np.outer(problem.target_echo[i, j], problem.target_tx[j]) for j in range(targets)]
        covariance = np.eye(problem.g_rad.shape[1]) + q**2 * np.outer(problem.g_rad[i], problem.g_rad[i].conj())
        seen = [echoes[j] @ beamformer[:, users + i] for j in range(targets) if j != i]
        seen += [sum(echoes) @ beamformer[:, s] for s in range(beamformer.shape[1]) if s != users + i]
        for column, line in zip(problem.clutter_echo[i], problem.clutter_tx, strict=True):
            seen += list((np.outer(column, line) @ beamformer).T)
        covariance = covariance + sum(np.outer(v, v.conj()) for v in seen)
        filters.append(np.linalg.solve(covariance, echoes[i] @ beamformer[:, users + i]).conj())
    return filters


def least_power_for_filters(problem: CellProblem, beamformer: np.ndarray, q: float) -> float:
    """Least power of radar beams with which all ratios hold behind the best filters of a given design."""
    targets = len(problem.target_tx)
    filters = best_filters_by_definition(problem, beamformer, q)
    beams = [cp.Variable(problem.target_tx.shape[1], complex=True) for _ in range(targets)]
    constraints: list[Any] = []
    for i, w in enumerate(filters):
        rows = [(w @ problem.target_echo[i, j]) * problem.target_tx[j] for j in range(targets)]
        clutter = [(w @ v) * line for v, line in zip(problem.clutter_echo[i], problem.clutter_tx, strict=True)]
        terms = [rows[j] @ beams[i] for j in range(targets) if j != i]
        terms += [sum(rows) @ beams[s] for s in range(targets) if s != i]
        terms += [row @ beam for row in clutter for beam in beams]
        noise = np.sqrt(q**2 * abs(w @ problem.g_rad[i]) ** 2 + np.linalg.norm(w) ** 2)
        useful = cp.real(rows[i] @ beams[i])
        constraints.append(cp.norm(cp.hstack([*terms, noise])) <= useful / np.sqrt(float(problem.min_scnr)))
    objective = cp.Minimize(sum(cp.sum_squares(beam) for beam in beams))
    cp.Problem(objective, constraints).solve(solver="CLARABEL")
    return float(objective.value)
