"""The cells of one beam as one statement: ``direct_program`` for several cells.

Unknowns are every cell's columns and idle amplitude, as there, and one ``log q``. What a base station puts on another
cell's users and radar receivers are further rows of its own program. A mask tells which unknowns move, so that one
program serves the joint solution and that of one cell while the others stay.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems import Real, at_least, maximise
from leoisac.problems.statement import Goal
from leoisac.systems.coexistence.problem.beam_program import BeamProblem
from leoisac.systems.coexistence.problem.direct_program import (
    Bases,
    Program,
    amplitudes,
    envelope_scnr,
    formulate,
    power_limits,
    to_design,
    to_values,
)


class BeamData(NamedTuple):
    """Data of one instance."""

    cells: Program  # leading (cell,)
    free: Leaf  # (n,), 1 where the coordinate moves
    fixed: Leaf  # (n,), values of the others
    slack: Leaf  # (cell, target), by how much log(SCNR / SCNR_min) may fall short


def beam_rate(v: Any, data: BeamData) -> Goal:
    """Largest sum rate of all cells in bit/s/Hz; floors and limits as in ``direct_program.sum_rate``."""
    (cells, users), targets = data.cells.g_tut.shape, data.slack.shape[1]
    clutter = data.cells.single_echo.shape[2] - targets - 1
    x = data.free * jnp.append(v.cells.ravel(), v.log_q) + (1.0 - data.free) * data.fixed
    first_cell = jax.tree.map(lambda leaf: leaf[0], data.cells)
    log_q = jnp.where(first_cell.power_is_fixed > 0.5, first_cell.log_q, x[-1])
    q_squared = jnp.exp(2.0 * log_q)
    by_cell = x[:-1].reshape(cells, -1)

    def received(one: Float[Array, " m"], program: Program) -> tuple[Array, Array]:
        return amplitudes(one[:-1].reshape(users + targets, -1), one[-1], program, users)

    real, imaginary = jax.vmap(received)(by_cell, data.cells)
    powers = real**2 + imaginary**2
    own_rows, streams, rx = users + 1 + targets + clutter, users + targets, data.cells.target_echo.shape[-1]
    to_users = powers[:, own_rows : own_rows + cells * users].reshape(cells, cells, users, streams)
    louder = jnp.sum(to_users, axis=(0, 3))
    to_radar = (real + 1j * imaginary)[:, own_rows + cells * users :]
    to_radar = to_radar.reshape(cells, cells, targets, rx, streams)
    echoes = jnp.moveaxis(to_radar, 0, 3)  # (cell, target, rx, cell_from, stream)
    echoes = echoes.reshape(cells, targets, rx, cells * streams)
    leakage = jnp.sum(powers[:, users])
    sut_rate = jnp.log2(1.0 + first_cell.g_sut * q_squared / (leakage + 1.0))
    own = jnp.eye(users, users + targets)
    first, last = users + 1, users + 1 + targets

    def in_cell(
        re: Array, im: Array, power: Array, program: Program, heard: Array, noise: Array
    ) -> tuple[Array, Array]:
        at_users = power[:users]
        disturbing = jnp.sum(at_users * (1.0 - own), axis=1) + program.g_tut * q_squared + 1.0 + noise
        rates = jnp.log2(1.0 + jnp.sum(at_users * own, axis=1) / disturbing)
        rate = jnp.sum(rates if program.rate_weights is None else program.rate_weights[:-1] * rates)
        clutter_power = jnp.sum(power[last : last + clutter], axis=1)
        scnr = envelope_scnr(program, re[first:last], im[first:last], clutter_power, q_squared, users, heard)
        return rate, jnp.log(jnp.maximum(scnr, 1e-300)) - program.log_min_scnr

    rates, sensing = jax.vmap(in_cell)(real, imaginary, powers, data.cells, echoes, louder)
    constraints = {
        "sut_rate": at_least(sut_rate, first_cell.min_sut_rate),
        "scnr": at_least(sensing + data.slack, 0.0),
        **power_limits(log_q, leakage, first_cell),
    }
    if first_cell.rate_weights is not None:
        sut_rate = first_cell.rate_weights[-1] * sut_rate
    return maximise(jnp.sum(rates) + sut_rate, constraints)


def beam_variables(data: BeamData) -> dict[str, Real]:
    """Unknowns of the statement: columns and idle amplitude of every cell, one power."""
    cells = np.shape(data.slack)[-2]
    return {"cells": Real(cells, (np.shape(data.free)[-1] - 1) // cells), "log_q": Real()}


def formulate_beam(
    problem: BeamProblem,
    beamformer: Complex[Array, "cell tx stream"],
    q: Float[Array, ""],
    power_is_fixed: Float[Array, ""] | float,
) -> tuple[Program, Bases]:
    """Programs and changes of variables of all cells, a leading cell axis on every array. Traceable."""
    cells, _, _, tx = problem.cross_tut.shape
    rows = jnp.concatenate(
        [
            jnp.moveaxis(links, 1, 0).reshape(cells, math.prod(links.shape[:-1]) // cells, tx)
            for links in (problem.cross_tut, problem.cross_radar)
        ],
        axis=1,
    )

    def one(cell: object, beams: Array, others: Array) -> tuple[Program, Bases]:
        return formulate(cell, beams, q, power_is_fixed, others)  # type: ignore[arg-type]

    return jax.vmap(one)(problem.cells, beamformer, rows)


def to_beam_variables(
    programs: Program, bases: Bases, beamformer: Complex[Array, "cell tx stream"], q: Float[Array, ""]
) -> Float[Array, " n"]:
    """The coordinates of the beamformers of a beam."""
    of_cells = jax.vmap(lambda program, basis, beams: to_values(program, basis, beams, q))(programs, bases, beamformer)
    columns = of_cells["columns"].reshape(len(beamformer), -1)
    parts = jnp.concatenate([columns, of_cells["idle"][:, None]], axis=1)
    return jnp.append(parts.ravel(), of_cells["log_q"][0])


def to_beam_design(
    x: Float[Array, " n"], programs: Program, bases: Bases
) -> tuple[Complex[Array, "cell tx stream"], Float[Array, ""]]:
    """Beamformers and satellite amplitude of the coordinates."""
    cells, users = programs.g_tut.shape
    by_cell = x[:-1].reshape(cells, -1)
    columns = by_cell[:, :-1].reshape(cells, users + programs.target_echo.shape[1], -1)
    values = {"columns": columns, "log_q": jnp.full(cells, x[-1]), "idle": by_cell[:, -1]}
    beamformer, q = jax.vmap(to_design)(values, programs, bases)
    return beamformer, q[0]


__all__ = ["BeamData", "beam_rate", "beam_variables", "formulate_beam", "to_beam_design", "to_beam_variables"]
