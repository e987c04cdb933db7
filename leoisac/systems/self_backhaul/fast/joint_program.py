"""Joint beamforming as a statement in numbers of order one, without lifting.

Unknowns are the beams ``w_m``, the feeder beam ``v`` and sensing columns ``U_0`` (``V_0 = U_0 U_0^H``, one column per
target); complex products are real embeddings. The paper's problem (17): maximise the sum rate subject to the users'
least rate, the backhaul, the beampattern and both power budgets.

Each beam has its own change of variables ``w = T w'``, folded into its copy of the channel rows once: ``T T^H`` is the
inverse of the Gram matrix of the channels that the beam must spare, plus its own channel divided by the power that it
delivers there, plus a multiple of the identity. In these variables a unit of interference, of relative signal and of
power all curve the problem alike; the engine needs half the evaluations that it needs in the original ones. Many users
live with interference of the feeder beam far above the noise, where a further unit costs each of them little: theirs
counts for less (``MANY_USERS_WEIGHTS``), which saves another third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.problems import Real, at_least, at_most, maximise
from leoisac.problems.statement import Goal
from leoisac.systems.self_backhaul.problem.normalised import Problem

_BS_POWER_WEIGHT = 20.0
"""Weight of a beam's own power in its Gram matrix, in noise units (measured: 10 to 40 do equally well)."""


MANY_USERS = 12
"""Beyond it the weights below and longer rounds of the engine take over."""


class Weights(NamedTuple):
    """What counts in the Gram matrices of the changes of variables, in noise units."""

    users: float
    """Interference at users."""
    own: float
    """A beam's relative signal at its user."""
    es: float
    """Interference of the base station at the Earth Station."""
    targets: float
    """Pattern over its demand."""


FEW_USERS_WEIGHTS = Weights(users=1.0, own=1.0, es=1.0, targets=1.0)
MANY_USERS_WEIGHTS = Weights(users=0.1, own=3.0, es=10.0, targets=5.0)
"""Measured for 32 users: 0.03 to 0.1 for the users' takes two thirds of the evaluations that 1 takes, 0.01 more again;
targets at 0.1 takes twice as many, the others change a tenth."""


class Beams(NamedTuple):
    """Beams in normalised units, as an engineer would write them."""

    bs: Leaf  # (user, bs_antenna)
    satellite: Leaf  # (feed,)
    sensing: Leaf  # factor of the sensing covariance, (feed, target)


class Bases(NamedTuple):
    """Changes of variables: physical = matrix @ engine's."""

    bs: Leaf  # (user, bs_antenna, bs_antenna)
    satellite: Leaf  # (feed, feed)
    sensing: Leaf  # (feed, feed)


class Program(NamedTuple):
    """Data of one instance in the engine's variables; embedded rows have real parts above imaginary parts."""

    bs_rows: Leaf  # base station to receivers (Earth Station last), one copy per beam, (M, 2 (M + 1), 2 Nb)
    satellite_rows: Leaf  # satellite to receivers for v', (2 (M + 1), 2 Ns)
    sensing_rows: Leaf  # satellite to receivers, then targets over the root of their demand, (2 (M + 1 + T), 2 Ns)
    bs_target_rows: Leaf | None  # base station to targets, one copy per beam (joint pattern only), (M, 2 T, 2 Nb)
    bs_weights: Leaf  # power of a unit of each entry of each w', (M, 2 Nb)
    satellite_weights: Leaf
    sensing_weights: Leaf
    min_rate: Leaf


def joint_beamforming(v: Any, d: Program) -> Goal:
    """Problem (17): the sum rate in bit/s/Hz; budgets and demands are relative."""
    users, rows, _ = d.bs_rows.shape
    receivers = rows // 2
    from_bs = _power(jnp.einsum("kij,kj->ik", d.bs_rows, v.bs))
    from_satellite = _power(d.satellite_rows @ v.satellite)
    from_sensing = jnp.sum(_power(d.sensing_rows @ v.sensing), axis=1)

    own = jnp.sum(from_bs[:users] * jnp.eye(users), axis=1)
    without_data = jnp.sum(from_bs, axis=1) + from_sensing[:receivers] + 1.0
    total = without_data + from_satellite
    rates = jnp.log2(total[:users] / (total[:users] - own))
    backhaul = jnp.log2(total[users] / without_data[users])
    sum_rate = jnp.sum(rates)
    bs_power = jnp.sum(d.bs_weights * v.bs**2)
    satellite_power = d.satellite_weights @ v.satellite**2 + d.sensing_weights @ jnp.sum(v.sensing**2, axis=1)
    pattern = from_sensing[receivers:]
    if d.bs_target_rows is not None:
        pattern = pattern + jnp.sum(_power(jnp.einsum("kij,kj->ik", d.bs_target_rows, v.bs)), axis=1)
    return maximise(
        sum_rate,
        {
            "min_rate": at_least(rates, d.min_rate),
            "backhaul": at_least(backhaul, sum_rate),
            "bs_power": at_most(bs_power, 1.0),
            "satellite_power": at_most(satellite_power, 1.0),
            "pattern": at_least(pattern, 1.0),
        },
    )


def variables(d: Program) -> dict[str, Real]:
    """Unknowns of the statement: beams in their own bases, real parts before imaginary ones."""
    users, rows, width = np.shape(d.bs_rows)[-3:]
    further, feeds = np.shape(d.sensing_rows)[-2:]
    return {"bs": Real(users, width), "satellite": Real(feeds), "sensing": Real(feeds, (further - rows) // 2)}


def formulate(problem: Problem, joint_pattern: bool) -> tuple[Program, Bases, Beams]:
    """The program of one instance, its changes of variables, and a point that looks feasible. Traceable."""
    h = jnp.concatenate([problem.h_users, problem.h_es[None]])
    g = jnp.concatenate([problem.g_users, problem.g_es[None]])
    users, feeds = problem.h_users.shape[0], g.shape[1]
    point = feasible_looking(problem)
    weights = FEW_USERS_WEIGHTS if users <= MANY_USERS else MANY_USERS_WEIGHTS
    delivered = jnp.abs(jnp.sum(jnp.conj(problem.h_users) * point.bs, axis=1)) ** 2
    own = _outer(problem.h_users) * (weights.own / delivered - weights.users)[:, None, None]
    spared = _gram(h, [weights.users] * users + [weights.es])
    bs, bs_weights = _whitening(spared + own + _BS_POWER_WEIGHT * jnp.eye(h.shape[1]))
    feeder = _outer(problem.g_es) / jnp.abs(jnp.vdot(problem.g_es, point.satellite)) ** 2
    spared = _gram(problem.g_users, [weights.users] * users)
    satellite, satellite_weights = _whitening(spared + feeder + jnp.eye(feeds))
    targets = problem.targets / jnp.sqrt(problem.demands)[:, None]
    spared = _gram(g, [weights.users] * users + [1.0]) + _gram(targets, [weights.targets] * len(targets))
    sensing, sensing_weights = _whitening(spared + jnp.eye(feeds))
    bs_targets = problem.bs_targets * jnp.sqrt(problem.bs_pattern_gain / problem.demands)[:, None]
    program = Program(
        bs_rows=_embedded_rows(h, bs),
        satellite_rows=_embedded_rows(g, satellite),
        sensing_rows=_embedded_rows(jnp.concatenate([g, targets]), sensing),
        bs_target_rows=_embedded_rows(bs_targets, bs) if joint_pattern else None,
        bs_weights=bs_weights,
        satellite_weights=satellite_weights,
        sensing_weights=sensing_weights,
        min_rate=problem.min_rate,
    )
    assert bs.shape[0] == users
    return program, Bases(bs, satellite, sensing), point


def feasible_looking(problem: Problem) -> Beams:
    """Regularised zero forcing with the Earth Station as a phantom user, and regularised nulling at the satellite."""
    users, feeds = problem.g_users.shape
    h = jnp.concatenate([problem.h_users, problem.h_es[None]])
    beams = (h.T @ jnp.linalg.inv(jnp.conj(h) @ h.T + users * jnp.eye(users + 1)))[:, :users]
    beams = beams * (np.sqrt(0.9 / users) / jnp.linalg.norm(beams, axis=0))
    leakage = _gram(problem.g_users) + jnp.eye(feeds)
    satellite = jnp.linalg.solve(leakage, problem.g_es)
    satellite = satellite * (np.sqrt(0.5) / jnp.linalg.norm(satellite))
    leakage = leakage + _outer(problem.g_es)
    loading = 1e-3 * jnp.eye(feeds)
    sensing = jnp.linalg.solve(leakage / jnp.real(jnp.trace(leakage)) + loading, problem.targets.T)
    reached = jnp.abs(jnp.sum(jnp.conj(problem.targets).T * sensing, axis=0))
    return Beams(beams.T, satellite, sensing * (jnp.sqrt(1.1 * problem.demands) / reached))


def to_values(beams: Beams, bases: Bases) -> dict[str, Array]:
    """The unknowns of given beams."""
    bs = jnp.linalg.solve(bases.bs, beams.bs[:, :, None])[:, :, 0]
    satellite = jnp.linalg.solve(bases.satellite, beams.satellite)
    sensing = jnp.linalg.solve(bases.sensing, beams.sensing)
    return {
        "bs": jnp.concatenate([bs.real, bs.imag], axis=1),
        "satellite": jnp.concatenate([satellite.real, satellite.imag]),
        "sensing": jnp.concatenate([sensing.real, sensing.imag]),
    }


def to_beams(values: Mapping[str, Any], bases: Bases) -> Beams:
    """The beams of the unknowns."""
    bs, satellite, sensing = (
        _complex(values[name], axis) for name, axis in (("bs", 1), ("satellite", 0), ("sensing", 0))
    )
    return Beams(jnp.einsum("kij,kj->ki", bases.bs, bs), bases.satellite @ satellite, bases.sensing @ sensing)


def _complex(embedded: Float[Array, "..."], axis: int) -> Complex[Array, "..."]:
    real, imaginary = jnp.split(embedded, 2, axis=axis)
    return real + 1j * imaginary


def _power(amplitudes: Float[Array, "..."]) -> Float[Array, "..."]:
    """Squared modulus of embedded amplitudes: real half and imaginary half of the first axis."""
    squared = amplitudes**2
    half = squared.shape[0] // 2
    return squared[:half] + squared[half:]


def _whitening(gram: Complex[Array, "*k n n"]) -> tuple[Complex[Array, "*k n n"], Float[Array, "*k two_n"]]:
    """``T`` with ``T T^H = gram^-1`` and orthogonal columns; the columns' squared norms for both embedded parts."""
    strength, basis = jnp.linalg.eigh(gram)
    return basis / jnp.sqrt(strength)[..., None, :], jnp.concatenate([1.0 / strength, 1.0 / strength], axis=-1)


def _gram(rows: Complex[Array, "k n"], weights: Sequence[float] | None = None) -> Complex[Array, "n n"]:
    """Sum of ``h h^H`` over the rows ``h``, weighted."""
    if weights is not None:
        rows = rows * np.sqrt(np.array(weights))[:, None]
    return rows.T @ jnp.conj(rows)


def _outer(row: Complex[Array, "*k n"]) -> Complex[Array, "*k n n"]:
    return row[..., :, None] * jnp.conj(row)[..., None, :]


def _embedded_rows(rows: Complex[Array, "k n"], basis: Complex[Array, "*b n n"]) -> Float[Array, "*b two_k two_n"]:
    """Real matrix of ``w' -> h^H T w'`` for channels ``h`` in rows."""
    product = jnp.conj(rows) @ basis
    upper = jnp.concatenate([product.real, -product.imag], axis=-1)
    return jnp.concatenate([upper, jnp.concatenate([product.imag, product.real], axis=-1)], axis=-2)
