"""Cells of one spot beam as one problem: one satellite user, one satellite amplitude, cells that hear each other.

The paper's footnote 2 calls it a broadcast channel with one transmitter more than there are cells; it has no equations.
With cells ``c`` of a beam, every one a ``CellProblem``::

    SINR_ck = |h_ck f_ck|^2 / (sum_{s != k} |h_ck f_cs|^2 + sum_{c' != c} ||h_{c',ck} F_c'||^2 + g_ck q^2 + 1)
    SINR_S  = g_S q^2 / (sum_c ||h_cS F_c||^2 + 1)
    R_ci    = R_i of the cell + sum_{c' != c} D_{c',ci} F_c' F_c'^H D_{c',ci}^H

Echoes of a target from the base station of another cell are left out: cells are two radii apart or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.coexistence.problem.cell_program import (
    CellProblem,
    echo_covariances,
    echo_signals,
    received,
    tut_sinrs,
)


@partial(jax.tree_util.register_dataclass, data_fields=["cells", "cross_tut", "cross_radar"], meta_fields=[])
@dataclass(frozen=True)
class BeamProblem:
    """Normalised design problem of one beam; a batch of beams has a leading axis on every array.

    Attributes:
        cells: of the beam, a leading axis on every array; ``g_sut`` and the floors are the same in all of them.
        cross_tut: rows from the base station of ``cell_from`` to users, zero from the own one.
        cross_radar: the same to the receiver of every target.
    """

    cells: CellProblem
    cross_tut: Leaf  # complex (cell, cell_from, user, tx)
    cross_radar: Leaf  # complex (cell, cell_from, target, rx, tx)


class BeamMetrics(NamedTuple):
    """What designs achieve in a beam, receive filters optimal."""

    tut_rate: Leaf  # (cell, user), bit/s/Hz
    sut_rate: Leaf  # ()
    scnr: Leaf  # (cell, target), linear
    sum_rate: Leaf  # ()
    power: Leaf  # (cell,), share of the base station's budget
    leakage: Leaf  # (), at the satellite user, of all cells


def beam_metrics(
    problem: BeamProblem, beamformer: Complex[Array, "cell tx stream"], q: Float[Array, ""] | float
) -> BeamMetrics:
    """Rates, SCNR and powers of a beam. Traceable."""
    from_others = jnp.sum(jnp.abs(jnp.einsum("cfkt,fts->cfks", problem.cross_tut, beamformer)) ** 2, axis=(1, 3))
    echoes = jnp.einsum("cfirt,fts->cirfs", problem.cross_radar, beamformer)
    echoes = echoes.reshape(*echoes.shape[:3], math.prod(echoes.shape[3:]))
    foreign = echoes @ jnp.conj(jnp.swapaxes(echoes, -1, -2))

    def in_cell(
        cell: CellProblem, beams: Complex[Array, "tx stream"], louder: Float[Array, " user"], covariance: Array
    ) -> tuple[Array, Array, Array]:
        at = received(cell, beams)
        signal = echo_signals(cell, at)
        filtered = jnp.linalg.solve(echo_covariances(cell, at, q) + covariance, signal[..., None])[..., 0]
        scnr = jnp.real(jnp.sum(jnp.conj(signal) * filtered, axis=-1))
        # Noise of 1 + louder is noise of 1 to rows and gains that are fainter by as much.
        scale = 1.0 / (1.0 + louder)
        quiet = at._replace(tut=at.tut * jnp.sqrt(scale)[:, None])
        return tut_sinrs(replace(cell, g_tut=cell.g_tut * scale), quiet, q), scnr, jnp.sum(jnp.abs(at.sut) ** 2)

    sinr, scnr, leakages = jax.vmap(in_cell)(problem.cells, beamformer, from_others, foreign)
    leakage = jnp.sum(leakages)
    tut_rate, sut_rate = jnp.log2(1.0 + sinr), jnp.log2(1.0 + problem.cells.g_sut[0] * q**2 / (leakage + 1.0))
    power = jnp.sum(jnp.abs(beamformer) ** 2, axis=(1, 2))
    total = jnp.sum(tut_rate) + sut_rate
    weights = problem.cells.rate_weights
    if weights is not None:
        total = jnp.sum(weights[:, :-1] * tut_rate) + weights[0, -1] * sut_rate
    return BeamMetrics(tut_rate, sut_rate, scnr, total, power, leakage)


def beam_violation(problem: BeamProblem, metrics: BeamMetrics) -> Float[Array, ""]:
    """Largest relative violation, as ``cell_violation``."""
    cells = problem.cells
    least = cells.min_scnr[:, None]
    short = jnp.where(least > 0.0, 1.0 - metrics.scnr / jnp.where(least > 0.0, least, 1.0), 0.0)
    floor = cells.min_sut_rate[0]
    slow = jnp.where(floor > 0.0, 1.0 - metrics.sut_rate / jnp.where(floor > 0.0, floor, 1.0), 0.0)
    worst = jnp.maximum(jnp.max(short, initial=0.0), jnp.maximum(jnp.max(metrics.power) - 1.0, slow))
    if cells.max_sut_leakage is not None:
        worst = jnp.maximum(worst, metrics.leakage / cells.max_sut_leakage[0] - 1.0)
    return jnp.maximum(worst, 0.0)


def as_cells_hear(problem: BeamProblem, beamformer: Complex[Array, "cell tx stream"]) -> CellProblem:
    """Every cell by itself, what the others' beams put on it taken for noise, in units of that noise (cell axis first).

    ``cell_metrics`` of such a cell are those of ``beam_metrics``, the satellite user's rate included.
    """
    from_others = jnp.sum(jnp.abs(jnp.einsum("cfkt,fts->cfks", problem.cross_tut, beamformer)) ** 2, axis=(1, 3))
    echoes = jnp.einsum("cfirt,fts->cirfs", problem.cross_radar, beamformer)
    echoes = echoes.reshape(*echoes.shape[:3], math.prod(echoes.shape[3:]))
    cells = problem.cells
    own = jnp.sum(jnp.abs(jnp.einsum("ct,cts->cs", cells.h_sut, beamformer)) ** 2, axis=1)
    at_users, at_satellite_user = 1.0 + from_others, 1.0 + jnp.sum(own) - own
    covariance = echoes @ jnp.conj(jnp.swapaxes(echoes, -1, -2)) + jnp.eye(echoes.shape[2])
    lower = jnp.linalg.cholesky(covariance)

    def whitened(columns: Complex[Array, "cell target column rx"]) -> Complex[Array, "cell target column rx"]:
        return jnp.swapaxes(jnp.linalg.solve(lower, jnp.swapaxes(columns, -1, -2)), -1, -2)

    return replace(
        cells,
        h_tut=cells.h_tut / jnp.sqrt(at_users)[..., None],
        g_tut=cells.g_tut / at_users,
        h_sut=cells.h_sut / jnp.sqrt(at_satellite_user)[:, None],
        g_sut=cells.g_sut / at_satellite_user,
        target_echo=whitened(cells.target_echo),
        clutter_echo=whitened(cells.clutter_echo),
        g_rad=whitened(cells.g_rad[:, :, None])[:, :, 0],
    )


__all__ = ["BeamMetrics", "BeamProblem", "as_cells_hear", "beam_metrics", "beam_violation"]
