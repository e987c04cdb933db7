"""Beamforming in one cell as a statement in numbers of order one: exact metrics, no receive filters, no lifting.

Unknowns are the columns of the beamformer, ``log q`` and an idle amplitude ``s``. The beamformer is the columns divided
by ``sqrt(their power + s^2)``: the budget holds at every point, whether or not all of it is spent. Ratios enter by
their logarithms.

Columns live in the span of all channel rows (``span_basis``): whatever lies outside reaches nobody. Data and radar
columns each have a change of variables ``f = T f'``, folded into their copy of the rows. ``T T^H`` is a multiple of the
inverse of ``sum_k w_k h_k^H h_k + c I``, with the weight of a user or of the satellite user one over its disturbance at
the start. Without it the engine needs two to three times as many evaluations.

The receive filters are eliminated through the envelope theorem: the ratio ``SCNR = max_w`` is stationary in the filter,
so its gradient is that at a fixed best filter. Only first derivatives of the program are therefore right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.problems import Real, at_least, at_most, maximise
from leoisac.problems.statement import Constraint, Goal
from leoisac.systems.coexistence.problem.cell_program import CellProblem, received

_RIDGE = 30.0
"""``c`` above (full-size cells: 30 needs half of the evaluations of 3, more than 100 ends in worse optima)."""
_SENSING_SCALE = 0.3
"""Size of the radar columns' variables against the data columns'; those streams carry a hundredth of the power."""
_FIRST_IDLE = 0.1
_TINY = 1e-300
_LEAST_LEAKAGE = 1e-6
"""Added to the power at the satellite user, so that its logarithm has a derivative; noise is 1."""


class Program(NamedTuple):
    """Data of one instance in the engine's variables; embedded rows have real parts above imaginary parts.

    Rows are users, satellite user, targets, clutter, and what else is asked for.
    """

    data_rows: Leaf  # (2 rows, 2 dimension), for data columns
    radar_rows: Leaf  # (2 rows, 2 dimension), for radar columns
    data_weights: Leaf  # power of a unit of each variable, (2 dimension,)
    radar_weights: Leaf  # (2 dimension,)
    target_echo: Leaf  # (target, target, rx)
    single_echo: Leaf  # other targets, clutter, satellite at each target's receiver, (target, target + clutter + 1, rx)
    single_covariance: Leaf  # their outer products, (target, target + clutter + 1, rx, rx)
    g_tut: Leaf
    g_sut: Leaf
    min_sut_rate: Leaf
    log_min_scnr: Leaf
    log_q: Leaf  # used where the power is fixed
    power_is_fixed: Leaf
    log_max_q: Leaf | None = None  # None: 0
    log_max_leakage: Leaf | None = None  # None: no limit
    rate_weights: Leaf | None = None  # None: all 1


class Bases(NamedTuple):
    """Columns to physical beams: one matrix for data, one for radar."""

    data: Leaf  # (tx, dimension)
    radar: Leaf  # (tx, dimension)


def sum_rate(v: Any, data: Program) -> Goal:
    """Largest sum rate in bit/s/Hz under the floors of satellite user and targets and the limits of power."""
    users, targets = len(data.g_tut), len(data.target_echo)
    log_q = jnp.where(data.power_is_fixed > 0.5, data.log_q, v.log_q)
    real, imaginary = amplitudes(v.columns, v.idle, data, users)
    q_squared, powers = jnp.exp(2.0 * log_q), real**2 + imaginary**2
    at_users = powers[:users]
    own = jnp.eye(users, users + targets)
    disturbing = jnp.sum(at_users * (1.0 - own), axis=1) + data.g_tut * q_squared + 1.0
    sut_rate = jnp.log2(1.0 + data.g_sut * q_squared / (jnp.sum(powers[users]) + 1.0))
    rates = jnp.log2(1.0 + jnp.sum(at_users * own, axis=1) / disturbing)
    if data.rate_weights is None:
        objective = jnp.sum(rates) + sut_rate
    else:
        objective = jnp.sum(data.rate_weights[:-1] * rates) + data.rate_weights[-1] * sut_rate
    first, last = users + 1, users + 1 + targets
    scnr = envelope_scnr(
        data, real[first:last], imaginary[first:last], jnp.sum(powers[last:], axis=1), q_squared, users
    )
    return maximise(
        objective,
        {
            "sut_rate": at_least(sut_rate, data.min_sut_rate),
            "scnr": at_least(jnp.log(jnp.maximum(scnr, _TINY)), data.log_min_scnr),
            **power_limits(log_q, jnp.sum(powers[users]), data),
        },
    )


def power_limits(log_q: Float[Array, ""], leakage: Float[Array, ""], data: Program) -> dict[str, Constraint]:
    """Limits of the satellite's power and, where there is one, of the power at the satellite user."""
    most = 0.0 if data.log_max_q is None else data.log_max_q
    limits = {"satellite_power": at_least(2.0 * (most - log_q), 0.0)}
    if data.log_max_leakage is not None:
        limits["leakage"] = at_most(jnp.log(leakage + _LEAST_LEAKAGE), data.log_max_leakage)
    return limits


def variables(data: Program) -> dict[str, Real]:
    """Unknowns of the statement."""
    streams = np.shape(data.g_tut)[-1] + np.shape(data.target_echo)[-2]
    return {"columns": Real(streams, np.shape(data.data_rows)[-1]), "log_q": Real(), "idle": Real()}


def span_basis(rows: Complex[Array, "row tx"]) -> Complex[Array, "tx dimension"]:
    """Orthonormal basis of a space with all rows' conjugates in it, of dimension ``min(row, tx)``."""
    count, antennas = rows.shape
    if count >= antennas:
        return jnp.eye(antennas, dtype=rows.dtype)
    return jnp.linalg.qr(jnp.conj(rows).T)[0]


def reduce_receivers(problem: CellProblem) -> CellProblem:
    """The same cell with echoes in the span of all that a receiver hears, where that has fewer dimensions."""
    targets = problem.target_echo.shape[0]
    heard = _heard(problem)
    if heard.shape[1] >= heard.shape[2]:
        return problem
    shorter = jnp.swapaxes(jnp.linalg.qr(jnp.swapaxes(heard, 1, 2), mode="r"), 1, 2)
    return replace(problem, target_echo=shorter[:, :targets], clutter_echo=shorter[:, targets:-1], g_rad=shorter[:, -1])


def formulate(
    problem: CellProblem,
    beamformer: Complex[Array, "tx stream"],
    q: Float[Array, ""],
    power_is_fixed: Float[Array, ""] | float,
    others: Complex[Array, "row tx"] | None = None,
) -> tuple[Program, Bases]:
    """The program of one cell and its changes of variables, scaled for the disturbances at a point. Traceable.

    ``others``: further rows whose amplitudes are wanted; all that receivers hear is then kept.
    """
    if others is None:
        problem = reduce_receivers(problem)
    known = [problem.h_tut, problem.h_sut[None], problem.target_tx, problem.clutter_tx]
    rows = jnp.concatenate(known if others is None else [*known, others])
    span = span_basis(rows)
    # Columns of T are orthogonal; the squares of their norms are the power of a unit of each variable.
    transform, weights = _whitening(problem, rows @ span, beamformer, q)
    heard = _heard(problem)
    program = Program(
        data_rows=_embedded(rows @ span @ transform),
        radar_rows=_embedded(rows @ span @ transform * _SENSING_SCALE),
        data_weights=jnp.tile(weights, 2),
        radar_weights=jnp.tile(weights, 2) * _SENSING_SCALE**2,
        target_echo=problem.target_echo,
        single_echo=heard,
        single_covariance=heard[..., :, None] * jnp.conj(heard[..., None, :]),
        g_tut=problem.g_tut,
        g_sut=problem.g_sut,
        min_sut_rate=problem.min_sut_rate,
        log_min_scnr=jnp.log(jnp.maximum(problem.min_scnr, _TINY)),
        log_q=jnp.log(jnp.maximum(q, _TINY)),
        power_is_fixed=jnp.asarray(power_is_fixed, dtype=float),
        log_max_q=None if problem.max_q is None else jnp.log(jnp.maximum(problem.max_q, _TINY)),
        rate_weights=problem.rate_weights,
        log_max_leakage=None if problem.max_sut_leakage is None else jnp.log(problem.max_sut_leakage),
    )
    return program, Bases(span @ transform, span @ transform * _SENSING_SCALE)


def to_values(
    program: Program, bases: Bases, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""]
) -> dict[str, Array]:
    """The unknowns of a beamformer."""
    users = program.g_tut.shape[0]
    data = _coordinates(bases.data, program.data_weights, beamformer[:, :users])
    radar = _coordinates(bases.radar, program.radar_weights, beamformer[:, users:])
    columns = jnp.concatenate([data, radar], axis=1).T
    return {
        "columns": jnp.concatenate([columns.real, columns.imag], axis=1),
        "log_q": jnp.log(jnp.maximum(q, _TINY)),
        "idle": jnp.asarray(_FIRST_IDLE),
    }


def to_design(
    values: Mapping[str, Any], program: Program, bases: Bases
) -> tuple[Complex[Array, "tx stream"], Float[Array, ""]]:
    """Beamformer and satellite amplitude of the unknowns."""
    users = program.g_tut.shape[0]
    real, imaginary = jnp.split(values["columns"], 2, axis=1)
    columns = (real + 1j * imaginary).T
    beamformer = jnp.concatenate([bases.data @ columns[:, :users], bases.radar @ columns[:, users:]], axis=1)
    beamformer = beamformer / jnp.sqrt(jnp.sum(jnp.abs(beamformer) ** 2) + values["idle"] ** 2)
    return beamformer, jnp.exp(jnp.where(program.power_is_fixed > 0.5, program.log_q, values["log_q"]))


def amplitudes(
    streams: Float[Array, "stream two_dimension"], idle: Float[Array, ""], data: Program, users: int
) -> tuple[Float[Array, "row stream"], Float[Array, "row stream"]]:
    """Real and imaginary parts of ``rows @ F`` at unit budget."""
    by_user, by_target = streams[:users], streams[users:]
    power = jnp.sum(data.data_weights * by_user**2) + jnp.sum(data.radar_weights * by_target**2) + idle**2
    both = jnp.concatenate([data.data_rows @ by_user.T, data.radar_rows @ by_target.T], axis=1) / jnp.sqrt(power)
    half = both.shape[0] // 2
    return both[:half], both[half:]


def envelope_scnr(
    data: Program,
    real: Float[Array, "target stream"],
    imaginary: Float[Array, "target stream"],
    clutter_power: Float[Array, " clutter"],
    q_squared: Float[Array, ""],
    users: int,
    foreign_echoes: Complex[Array, "target rx column"] | None = None,
) -> Float[Array, " target"]:
    """``2 Re(y^H d) - y^H R y`` at ``y = R^-1 d``, which is held fixed: value and gradient are those of the SCNR.

    ``foreign_echoes``: columns of further interference at every receiver.
    """
    targets, streams = real.shape
    others, foreign = 1.0 - jnp.eye(targets), 1.0 - jnp.eye(targets, streams, users)
    own_power = (real**2 + imaginary**2)[:, users:].T * others
    shared = jnp.concatenate([clutter_power, q_squared[None]])
    weights = jnp.concatenate([own_power, jnp.broadcast_to(shared, (targets, shared.shape[0]))], axis=1)
    filters = jax.lax.stop_gradient(_filters(data, real + 1j * imaginary, weights, foreign, users, foreign_echoes))
    single = jnp.abs(jnp.einsum("ir,icr->ic", jnp.conj(filters), data.single_echo)) ** 2
    gains = jnp.einsum("ir,ijr->ij", jnp.conj(filters), data.target_echo)
    gr, gi = gains.real, gains.imag
    signal = jnp.diagonal(gr * real[:, users:].T - gi * imaginary[:, users:].T)
    coherent = ((gr @ real - gi @ imaginary) ** 2 + (gr @ imaginary + gi @ real) ** 2) * foreign
    noise = jnp.sum(jnp.abs(filters) ** 2, axis=1)
    ratio = 2.0 * signal - jnp.sum(weights * single, axis=1) - jnp.sum(coherent, axis=1) - noise
    if foreign_echoes is None:
        return ratio
    heard = jnp.einsum("ir,irc->ic", jnp.conj(filters), foreign_echoes)
    return ratio - jnp.sum(heard.real**2 + heard.imag**2, axis=1)


def _filters(
    data: Program,
    amplitudes: Complex[Array, "target stream"],
    weights: Float[Array, "target single"],
    foreign: Float[Array, "target stream"],
    users: int,
    foreign_echoes: Complex[Array, "target rx column"] | None,
) -> Complex[Array, "target rx"]:
    """``R^-1 d`` of every target."""
    targets = amplitudes.shape[0]
    echoes = jnp.einsum("ijr,js->irs", data.target_echo, amplitudes) * foreign[:, None, :]
    covariance = jnp.einsum("ic,icrt->irt", weights, data.single_covariance)
    covariance = covariance + jnp.einsum("irs,its->irt", echoes, jnp.conj(echoes)) + jnp.eye(echoes.shape[1])
    if foreign_echoes is not None:
        covariance = covariance + jnp.einsum("irc,itc->irt", foreign_echoes, jnp.conj(foreign_echoes))
    index = jnp.arange(targets)
    signal = data.target_echo[index, index] * amplitudes[index, users + index][:, None]
    return _solve_positive(covariance, signal)


def _solve_positive(
    matrix: Complex[Array, "*batch n n"], right: Complex[Array, "*batch n"]
) -> Complex[Array, "*batch n"]:
    """Gauss-Jordan elimination without pivoting, for small positive definite matrices side by side."""
    system = jnp.concatenate([matrix, right[..., None]], axis=-1)
    for k in range(matrix.shape[-1]):
        line = system[..., k, :] / jnp.real(system[..., k, k])[..., None]
        column = system[..., k] - jnp.eye(matrix.shape[-1])[k]
        system = system - column[..., None] * line[..., None, :]
    return system[..., -1]


def _heard(problem: CellProblem) -> Complex[Array, "target echo rx"]:
    return jnp.concatenate([problem.target_echo, problem.clutter_echo, problem.g_rad[:, None]], axis=1)


def _whitening(
    problem: CellProblem,
    rows: Complex[Array, "row dimension"],
    beamformer: Complex[Array, "tx stream"],
    q: Float[Array, ""],
) -> tuple[Complex[Array, "dimension dimension"], Float[Array, " dimension"]]:
    at, users = received(problem, beamformer), problem.h_tut.shape[0]
    foreign = 1.0 - jnp.eye(users, beamformer.shape[1])
    disturbing = jnp.sum(jnp.abs(at.tut) ** 2 * foreign, axis=1) + problem.g_tut * q**2 + 1.0
    weights = jnp.concatenate([1.0 / disturbing, 1.0 / (jnp.sum(jnp.abs(at.sut) ** 2, keepdims=True) + 1.0)])
    reached = rows[: users + 1]
    gram = jnp.einsum("k,ki,kj->ij", weights, jnp.conj(reached), reached) + _RIDGE * jnp.eye(rows.shape[1])
    strength, vectors = jnp.linalg.eigh(gram)
    return vectors / jnp.sqrt(strength), 1.0 / strength


def _coordinates(
    basis: Complex[Array, "tx dimension"], weights: Float[Array, " two_dimension"], beams: Complex[Array, "tx column"]
) -> Complex[Array, "dimension column"]:
    """Coordinates in a basis of orthogonal columns whose squared norms are the weights."""
    return jnp.conj(basis).T @ beams / weights[: basis.shape[1], None]


def _embedded(rows: Complex[Array, "row dimension"]) -> Float[Array, "two_row two_dimension"]:
    """Real matrix of ``f -> rows @ f``."""
    upper = jnp.concatenate([rows.real, -rows.imag], axis=1)
    return jnp.concatenate([upper, jnp.concatenate([rows.imag, rows.real], axis=1)], axis=0)
