"""Powers of the satellite's spot beams that need no optimiser."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from leoisac.optim.search.water_filling import water_filling
from leoisac.systems.coexistence.model import Parameters
from leoisac.systems.coexistence.problem.cell_program import CellProblem


def water_filled(parameters: Parameters, problem: CellProblem) -> Float[np.ndarray, "trial cell"]:
    """Satellite powers by water-filling over its users without interference (``problem`` has trial and cell axes)."""
    share = parameters.cells_per_beam
    gains = np.asarray(problem.g_sut)[:, ::share]
    return np.repeat(np.array([water_filling(row, 1.0) for row in gains]), share, axis=1)


def equal_powers(parameters: Parameters, problem: CellProblem) -> Float[np.ndarray, "trial cell"]:
    """The same power for every spot beam."""
    trials, cells = problem.g_sut.shape
    return np.full((trials, cells), parameters.cells_per_beam / cells)
