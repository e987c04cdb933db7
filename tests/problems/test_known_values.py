"""Stated problems of known optima reach them with default settings, in whatever units.

``benchmarks/stated_problems.py`` has the whole table.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leoisac as li

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FEW = ("P7 single", "P8 secrecy")
MOST_COORDINATES = 200


@pytest.fixture
def benchmark_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark as a module; its neighbours are imported by their names alone."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return importlib.import_module("stated_problems")


@pytest.mark.parametrize("further", [False, pytest.param(True, marks=pytest.mark.further)])
def test_known_optima_are_reached_in_any_units(benchmark_of: Any, further: bool) -> None:
    missed: list[str] = []
    for name, values, drawn in benchmark_of.groups(""):
        family = benchmark_of.FAMILIES[name]
        if not further and (name not in FEW or values[0]["recipe"].get("elements", 16) > 16):
            continue
        optimum = np.array([value["optimum"] for value in values])
        for gain in benchmark_of.GAIN_FACTORS:
            problem, data = benchmark_of.stacked(name, drawn, gain)
            if problem.coordinates > MOST_COORDINATES:
                continue
            solution = li.solve(problem, data)
            error = benchmark_of.relative_error(family, solution.objective, optimum, gain)
            certain = np.array([not value.get("best_known") for value in values])
            off = np.where(certain, np.abs(error), -error)
            good = (off <= 1e-4) & (solution.violation <= 1e-6) & (solution.status == li.Status.CONVERGED)
            if family.certified:
                good &= np.abs(solution.gap) <= 1e-6
            missed += [f"{name}, gains {gain:g}, instance {number}" for number in np.flatnonzero(~good)]
    assert not missed
