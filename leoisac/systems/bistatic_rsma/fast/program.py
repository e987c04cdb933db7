"""The max-min rate problem as a statement in numbers of order one, without lifting, the same for all modes.

Unknowns are the columns of the reduced precoder up to a common factor and the users' shares ``C_k`` of the common rate;
complex products are real embeddings. The paper's problem: maximise ``t`` subject to ``R_p,k + C_k
>= t``, ``R_c,k >= sum C``, ``C >= 0`` and the floor on the target gain. The power budget is no constraint: all of it is
always spent, by dividing received powers by the transmitted one. Streams that a mode lacks are multiplied by zero.

Each column has its own change of variables ``p = T p'``, folded into its copy of the channel rows once. ``T T^H`` is
the inverse of a weighted Gram matrix of the users' channels, plus the target's, plus a multiple of the identity; a user
weighs as much as a unit of the stream's power there changes the logarithms in the rates. Users are nearly collinear:
without any of this the problem is hopelessly scaled, and with one Gram matrix for all columns the engine needs two to
six times as many evaluations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.problems import Real, at_least, at_most, maximise_least
from leoisac.problems.statement import Constraint, Goal
from leoisac.systems.bistatic_rsma.judge.evaluate import stream_powers
from leoisac.systems.bistatic_rsma.problem.normalised import Problem, reduced_rates

_POWER_WEIGHT = 3.0
"""Weight of a column's own power in its Gram matrix, in noise units (measured for 4 and 8 users: 1 to 10 do equally
well; 30 takes twice as many evaluations for 8)."""
_FLOOR_WEIGHT = 6.0
"""Weight of the floor among the constraints: its multiplier per nat is that much larger than those of the rates in bits
(measured: 3 to 10 need less than half of the evaluations that 1 needs)."""


class Program(NamedTuple):
    """Data of one instance in the engine's variables; embedded rows have real parts above imaginary parts."""

    rows: Leaf  # users, then target over the root of the floor; one copy per stream, (stream, 2 (K + 1), 2 dimension)
    weights: Leaf  # power of a unit of each entry of each p', (stream, 2 dimension)
    stream_mask: Leaf  # (stream,)
    radar_interference: Leaf
    sensing: Leaf  # 1 where there is a floor
    antenna_rows: Leaf | None = None  # elements over the root of their limit, (stream, 2 tx, 2 dimension)
    user_rows: Leaf | None = None  # places of users whose powers are averaged, (stream, 2 K points, 2 dimension)
    clutter_rows: Leaf | None = None  # over the noise, (stream, 2 rows, 2 dimension)
    point_rows: Leaf | None = None  # places of the target over the roots of their floors, (stream, 2 points, ...)


def max_min_rate(v: Any, d: Program) -> Goal:
    """The least rate in bit/s/Hz, each user's share of the common one included; what a mode lacks does not apply."""
    streams = d.weights.shape[0]
    users = streams - 2
    columns, splitting = v.columns * d.stream_mask[:, None], d.stream_mask[users]
    squared = jnp.einsum("sij,sj->is", d.rows, columns) ** 2
    spent = jnp.sum(d.weights * columns**2)
    received = (squared[: users + 1] + squared[users + 1 :]) / spent
    if d.user_rows is not None:
        averaged = jnp.mean(_powers(d.user_rows, columns).reshape(users, -1, streams), axis=1) / spent
        received = jnp.concatenate([averaged, received[users:]])
    limits: dict[str, Constraint] = {}
    used = 1.0
    if d.antenna_rows is not None:
        # Limits of the elements may forbid to spend all: the fraction is one more unknown.
        used = v.used
        received = received * used
        loads = jnp.sum(_powers(d.antenna_rows, columns), axis=1) / spent
        limits["elements"] = at_most(used * loads, 1.0)
    if d.point_rows is not None:
        gains = jnp.sum(_powers(d.point_rows, columns), axis=1) * used / spent
        limits["places"] = _floor(gains, d)

    own = jnp.eye(users)
    private = received[:users, :users]
    wanted = jnp.sum(private * own, axis=1)
    disturbing = jnp.sum(private * (1.0 - own), axis=1) + d.radar_interference * received[:users, users + 1] + 1.0
    rates = jnp.log2(1.0 + wanted / disturbing) + splitting * v.shares
    common = jnp.log2(1.0 + received[:users, users] / (disturbing + wanted))
    gain = jnp.sum(received[users])
    if d.clutter_rows is not None:
        gain = gain / (1.0 + jnp.sum(_powers(d.clutter_rows, columns)) / spent)
    return maximise_least(
        rates,
        {
            "common": at_least(common, splitting * jnp.sum(v.shares), where=splitting),
            "shares": at_least(splitting * v.shares, 0.0, where=splitting),
            "target": _floor(gain, d),
            **limits,
        },
    )


def _floor(gains: Float[Array, "*point"], d: Program) -> Constraint:
    """Gains of the target over their floors."""
    gains = jnp.where(d.sensing > 0.5, gains, 1.0)  # a slope of zero where there is no floor
    return at_least(_FLOOR_WEIGHT * jnp.log(gains), 0.0, where=d.sensing)


def variables(d: Program) -> dict[str, Real]:
    """Unknowns of the statement."""
    streams, width = np.shape(d.weights)[-2:]
    used = {} if d.antenna_rows is None else {"used": Real(lower=0.0, upper=1.0)}
    return {"columns": Real(streams, width), "shares": Real(streams - 2), **used}


def _powers(
    rows: Float[Array, "stream two_row two_dimension"], columns: Float[Array, "stream two_dimension"]
) -> Float[Array, "row stream"]:
    """Powers of the streams at embedded rows."""
    squared = jnp.einsum("sij,sj->is", rows, columns) ** 2
    half = squared.shape[0] // 2
    return squared[:half] + squared[half:]


def formulate(
    problem: Problem, point: Complex[Array, "dimension stream"]
) -> tuple[Program, Complex[Array, "stream dimension dimension"]]:
    """The program of one instance and its changes of variables, scaled for the powers received at a point.

    Traceable. ``physical = matrix @ engine's`` for each column.
    """
    users, target = problem.users, problem.target
    sensing = jnp.where(problem.floor > 0.0, 1.0, 0.0)
    gain = jnp.sum(stream_powers(target[None], point))
    outer = target[:, None] * jnp.conj(target) * sensing / jnp.maximum(gain, problem.floor)
    gram = jnp.einsum("sk,ki,kj->sij", _weights(problem, point), users, jnp.conj(users))
    gram = gram + outer + _POWER_WEIGHT * jnp.eye(len(target))
    target = target / jnp.sqrt(jnp.where(problem.floor > 0.0, problem.floor, 1.0))
    strength, vectors = jnp.linalg.eigh(gram)
    bases = vectors / jnp.sqrt(strength)[:, None, :]
    program = Program(
        rows=_embedded_rows(jnp.concatenate([users, target[None]]), bases),
        weights=jnp.concatenate([1.0 / strength, 1.0 / strength], axis=-1),
        stream_mask=problem.stream_mask,
        radar_interference=problem.radar_interference,
        sensing=sensing,
        antenna_rows=None
        if problem.antenna_share is None
        else _embedded_rows(jnp.conj(problem.basis) / jnp.sqrt(problem.antenna_share), bases),
        user_rows=None
        if problem.user_points is None
        else _embedded_rows(problem.user_points.reshape(-1, problem.user_points.shape[-1]), bases),
        clutter_rows=None if problem.clutter is None else _embedded_rows(problem.clutter, bases),
        point_rows=None
        if problem.target_points is None or problem.point_floors is None
        else _embedded_rows(
            problem.target_points / jnp.sqrt(jnp.where(problem.point_floors > 0.0, problem.point_floors, 1.0))[:, None],
            bases,
        ),
    )
    return program, bases


def to_values(
    problem: Problem,
    program: Program,
    bases: Complex[Array, "stream dimension dimension"],
    precoder: Complex[Array, "dimension stream"],
) -> dict[str, Array]:
    """The unknowns of a precoder of unit power, its common rate shared in closed form; and its least rate."""
    # The columns of a basis are orthogonal, their squared norms are the weights.
    columns = jnp.einsum("sij,is->sj", jnp.conj(bases), precoder)
    columns = jnp.concatenate([columns.real, columns.imag], axis=1) / program.weights
    rates = reduced_rates(problem, precoder * problem.stream_mask)
    split = allocate_common_rate(rates.common, rates.private)
    used = {} if problem.antenna_share is None else {"used": 1.0 / jnp.maximum(antenna_load(problem, precoder), 1.0)}
    return {"columns": columns, "shares": split.common_rate, **used, "least": split.min_rate}


def antenna_load(problem: Problem, precoder: Complex[Array, "dimension stream"]) -> Float[Array, ""]:
    """Power of the most loaded element over its limit, for a reduced precoder of any power up to the budget."""
    assert problem.antenna_share is not None
    elements = problem.basis @ precoder
    return jnp.max(jnp.sum(elements.real**2 + elements.imag**2, axis=1)) / problem.antenna_share


def to_precoder(
    columns: Float[Array, "stream two_dimension"], bases: Complex[Array, "stream dimension dimension"]
) -> Complex[Array, "dimension stream"]:
    """The precoder of the unknown columns, up to a common factor and the mode's mask."""
    real, imaginary = jnp.split(columns, 2, axis=1)
    return jnp.einsum("sij,sj->is", bases, real + 1j * imaginary)


def _weights(problem: Problem, point: Complex[Array, "dimension stream"]) -> Float[Array, "stream user"]:
    """One over the argument of the logarithm in which a stream's power at a user counts most.

    That is everything decoded so far for the stream itself, and what disturbs the private stream for interference.
    """
    users = problem.users.shape[0]
    powers = stream_powers(problem.users, point)
    private = powers[:, :users]
    own = np.eye(users, dtype=bool)
    radar = problem.radar_interference
    disturbing = jnp.sum(jnp.where(own, 0.0, private), axis=1) + radar * powers[:, users + 1] + 1.0
    private_total = disturbing + jnp.diagonal(private)
    common_total = private_total + powers[:, users]
    privates = jnp.where(own, 1.0 / private_total, 1.0 / disturbing)
    return jnp.concatenate([privates, 1.0 / common_total[None], radar / disturbing[None]])


def _embedded_rows(
    rows: Complex[Array, "row dimension"], bases: Complex[Array, "stream dimension dimension"]
) -> Float[Array, "stream two_row two_dimension"]:
    """Real matrix of ``p' -> h^H T p'`` for the channels ``h`` in rows."""
    product = jnp.conj(rows) @ bases
    upper = jnp.concatenate([product.real, -product.imag], axis=-1)
    return jnp.concatenate([upper, jnp.concatenate([product.imag, product.real], axis=-1)], axis=-2)
