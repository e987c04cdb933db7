"""PA1's exact feasibility test as a semidefinite program by three solvers: ours, QICS, Clarabel.

``python benchmarks/semidefinite.py [--trials 20]``; figures are kept in ``history/semidefinite.json``. The program is
that of ``self_backhaul.fast.feasibility.start_power``: the least common power level ``u``. Ours maximises its dual in
``M + T + 2`` unknowns, as users run it; QICS gets the primal with its complex cones (``optim.conic.semidefinite``);
Clarabel the same through CVXPY, compiled once for parameters, the fastest way that it offers. Milliseconds of processor
time of one core, all of a solve included; ``gap`` is the largest relative difference of ``u`` from ours among all
answers, ``optimal`` the share of those that the solver itself calls so. What is not installed is left out, in words.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import leoisac as li
from leoisac.experiment.trials.provenance import machine, versions
from leoisac.foundation.config import ConfigError
from leoisac.foundation.jax_setup import jax
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Status
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.semidefinite import LinearConstraint, solve_semidefinite
from leoisac.systems.self_backhaul.fast.pa1 import least_power
from leoisac.systems.self_backhaul.judge.evaluate import parameters as parameters_of
from leoisac.systems.self_backhaul.problem.normalised import normalise

HISTORY = Path(__file__).parent / "history/semidefinite.json"
SIZES = (4, 8)
"""Numbers of users."""

Row = tuple[dict[str, np.ndarray], float]
"""Matrices of a constraint ``sum of tr(A X) >= bound`` by name of the block."""


def outer(row: np.ndarray) -> np.ndarray:
    return np.outer(row, row.conj())


def rows_of(problem: Any) -> Iterator[Row]:
    """Constraints over the blocks ``W0`` ..., ``V``, ``V0`` and ``u``, of matrices of unit norm together."""
    for matrices, bound in _rows(problem):
        norm = np.sqrt(sum(np.linalg.norm(matrix) ** 2 for matrix in matrices.values()))
        yield {name: matrix / norm for name, matrix in matrices.items()}, bound / norm


def _rows(problem: Any) -> Iterator[Row]:
    users, antennas = problem.h_users.shape
    feeds, one = len(problem.g_es), np.ones((1, 1))
    beams = [f"W{k}" for k in range(users)]
    sinr, es_sinr = 2.0**problem.min_rate - 1.0, 2.0 ** (users * problem.min_rate) - 1.0
    for k, (h, g) in enumerate(zip(problem.h_users, problem.g_users, strict=True)):
        bs = {name: outer(h) * (1.0 / sinr if n == k else -1.0) for n, name in enumerate(beams)}
        yield {**bs, "V": -outer(g), "V0": -outer(g)}, 1.0
    g = outer(problem.g_es)
    yield {**dict.fromkeys(beams, -outer(problem.h_es)), "V": g / es_sinr, "V0": -g}, 1.0
    for target, demand in zip(problem.targets, problem.demands, strict=True):
        yield {"V0": outer(target)}, float(demand)
    yield {**dict.fromkeys(beams, -np.eye(antennas)), "u": one}, 0.0
    yield {"V": -np.eye(feeds), "V0": -np.eye(feeds), "u": one}, 0.0


def sides_of(problem: Any) -> dict[str, int]:
    users, antennas = problem.h_users.shape
    feeds = len(problem.g_es)
    return {**{f"W{k}": antennas for k in range(users)}, "V": feeds, "V0": feeds, "u": 1}


def by_qics(problem: Any) -> tuple[float, bool]:
    """The level, NaN without an answer, and whether QICS calls it optimal."""
    sides = sides_of(problem)
    costs = [np.full((side, side), float(name == "u")) for name, side in sides.items()]
    constraints = [
        LinearConstraint(tuple(matrices.get(name) for name in sides), ">=", bound)
        for matrices, bound in rows_of(problem)
    ]
    found = solve_semidefinite(costs, constraints)
    return found.value, found.status == Status.CONVERGED


def clarabel_of(problem: Any) -> Callable[[Any], tuple[float, bool]]:
    """A solver for all problems of these sizes."""
    cp = cvxpy_module()
    sides = sides_of(problem)
    blocks = {name: cp.Variable((side, side), hermitian=True) for name, side in sides.items()}
    rows = [
        ({name: cp.Parameter((sides[name],) * 2, hermitian=True) for name in matrices}, cp.Parameter())
        for matrices, _ in rows_of(problem)
    ]
    held = [
        sum(cp.real(cp.trace(given @ blocks[name])) for name, given in matrices.items()) >= bound
        for matrices, bound in rows
    ]
    program = cp.Problem(cp.Minimize(cp.real(blocks["u"][0, 0])), [*held, *(x >> 0 for x in blocks.values())])

    def solved(one: Any) -> tuple[float, bool]:
        for (parameters, limit), (matrices, bound) in zip(rows, rows_of(one), strict=True):
            limit.value = bound
            for name, matrix in matrices.items():
                parameters[name].value = matrix
        try:
            return float(program.solve(solver="CLARABEL")), program.status == cp.OPTIMAL
        except cp.SolverError:
            return float("nan"), False

    return solved


def measured(users: int, trials: int) -> dict[str, Any]:
    """All three on the trials of the default configuration with so many users."""
    config = li.config("self-backhaul", num_users=users)
    channels, numbers = li.draw(config, trials=trials), parameters_of(config)
    ours = by_lanes(least_power, effort=1)
    nothing = np.zeros(trials)
    ours(numbers, channels, nothing)
    began = time.process_time()
    level = ours(numbers, channels, nothing)
    record: dict[str, Any] = {"users": users, "trials": trials, "ours_ms": 1e3 * (time.process_time() - began) / trials}
    batch = by_lanes(normalise)(numbers, channels)
    problems = [jax.tree.map(lambda leaf, k=k: np.asarray(leaf)[k], batch) for k in range(trials)]
    for name, make in (("qics", lambda: by_qics), ("clarabel", lambda: clarabel_of(problems[0]))):
        try:
            solve = make()
            solve(problems[0])
        except ConfigError as error:
            print(f"{name}: left out: {error}")
            continue
        began = time.process_time()
        answers = [solve(problem) for problem in problems]
        record[f"{name}_ms"] = 1e3 * (time.process_time() - began) / trials
        values = np.array([value for value, _ in answers])
        record[f"{name}_answered"] = float(np.mean(np.isfinite(values)))
        record[f"{name}_optimal"] = float(np.mean([is_optimal for _, is_optimal in answers]))
        record[f"{name}_gap"] = float(np.nanmax(np.abs(values / level.upper - 1.0)))
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    given = parser.parse_args()
    record: dict[str, Any] = {"rows": [measured(users, given.trials) for users in SIZES]}
    for row in record["rows"]:
        print(json.dumps(row), flush=True)
    record |= {"versions": versions(("fast", "reference")), "machine": machine(), "leoisac": li.__version__}
    HISTORY.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
