"""Robust joint beamforming as a statement in numbers of order one, without lifting.

As ``joint_program``, with the same unknowns, but every rate is what beams guarantee when each channel may be off by an
error of bounded norm: the least power of the signal, and the largest power of what disturbs it, each over its own ball
(see ``worst_case``). Least powers have a closed form, largest ones are those of ``optim.batched.stack_power``.

The engine follows a path (see ``optim.problem``) on which radius and smoothing change from stage to stage: at
the full radius most starts would look infeasible.

The changes of variables are those of ``joint_program`` with one term more: an error of norm r is a channel of gain
``r^2`` in every direction, hence each Gram matrix gains the sum of ``r^2`` over the channels in it, times the identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.optim.batched.stack_power import Stack, largest_powers
from leoisac.problems import Real, at_least, at_most, maximise
from leoisac.problems.statement import Goal
from leoisac.systems.self_backhaul.fast.joint_program import (
    _BS_POWER_WEIGHT,
    Bases,
    Beams,
    _gram,
    _outer,
    _whitening,
    feasible_looking,
)
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii
from leoisac.systems.self_backhaul.problem.normalised import Problem

LEAST_RADIUS = 1e-6
"""Error norms below this, in noise units, count as this: the bounds are written for balls with an extent."""


class Stage(NamedTuple):
    """Parameters of a stage of the path; with a leading stage axis the path itself."""

    radius_factor: Leaf
    smoothing: Leaf


class RobustProgram(NamedTuple):
    """Data of one instance; channels in normalised units, with real parts before imaginary parts."""

    bs_channels: Leaf  # from the base station, users then Earth Station, (M + 1, 2 Nb)
    satellite_channels: Leaf  # from the satellite, (M + 1, 2 Ns)
    bs_radii: Leaf  # (M + 1,)
    satellite_radii: Leaf  # (M + 1,)
    targets: Leaf  # satellite steering over the root of the demands, (T, 2 Ns)
    bs_targets: Leaf | None  # base station steering likewise (joint pattern only), (T, 2 Nb)
    bs_basis: Leaf  # physical beams = basis @ (variables less ``share`` of their part along ``own``), (2 Nb, 2 Nb)
    bs_own: Leaf  # unit vectors, (M, 2 Nb)
    bs_share: Leaf  # (M,)
    satellite_basis: Leaf  # (2 Ns, 2 Ns)
    sensing_basis: Leaf  # (2 Ns, 2 Ns)
    min_rate: Leaf


def robust_beamforming(v: Any, data: RobustProgram, stage: Stage) -> Goal:
    """The guaranteed sum rate in bit/s/Hz, and the constraints of ``joint_program`` as guaranteed."""
    bs, satellite = _stacks(v.bs, v.satellite, v.sensing, data)
    users = len(bs)
    bs_gram = _gram_of(bs)
    satellite_gram = _gram_of(satellite)
    bs_amplitudes = _amplitudes(data.bs_channels, bs)
    satellite_amplitudes = _amplitudes(data.satellite_channels, satellite)
    bs_radii = jnp.maximum(stage.radius_factor * data.bs_radii, LEAST_RADIUS)
    satellite_radii = jnp.maximum(stage.radius_factor * data.satellite_radii, LEAST_RADIUS)

    stacks = Stack(bs_gram, bs_amplitudes, bs_radii), Stack(satellite_gram, satellite_amplitudes, satellite_radii)
    # A user's own beam is no interference to it, the feeder beam none to the Earth Station.
    left_out = (*range(users), -1), (*[-1] * users, 0)
    disturbance = jnp.asarray(1.0 + sum(largest_powers(stacks, left_out, stage.smoothing)))

    own = jnp.stack([jnp.diagonal(part[:, :users]) for part in bs_amplitudes])
    own_power = jnp.diagonal(bs_gram[0])
    signal = _least_power(own, own_power, bs_radii[:users])
    feeder_amplitude = satellite_amplitudes[:, 0, users]
    es_signal = _least_power(feeder_amplitude, satellite_gram[0][0, 0], satellite_radii[users])
    rates = jnp.log2(1.0 + signal / disturbance[:users])
    backhaul = jnp.log2(1.0 + es_signal / disturbance[users])
    sum_rate = jnp.sum(rates)

    pattern = jnp.sum(_amplitudes(data.targets, satellite[1:]) ** 2, axis=(0, 1))
    if data.bs_targets is not None:
        pattern = pattern + jnp.sum(_amplitudes(data.bs_targets, bs) ** 2, axis=(0, 1))
    return maximise(
        sum_rate,
        {
            "min_rate": at_least(rates, data.min_rate),
            "backhaul": at_least(backhaul, sum_rate),
            "bs_power": at_most(jnp.sum(own_power), 1.0),
            "satellite_power": at_most(jnp.trace(satellite_gram[0]), 1.0),
            "pattern": at_least(pattern, 1.0),
        },
    )


def robust_variables(d: RobustProgram) -> dict[str, Real]:
    """Unknowns of the statement, those of ``joint_program``."""
    users, width = np.shape(d.bs_own)[-2:]
    targets, feeds = np.shape(d.targets)[-2:]
    return {"bs": Real(users, width), "satellite": Real(feeds), "sensing": Real(feeds, targets)}


def formulate_robust(problem: Problem, radii: ErrorRadii, joint_pattern: bool) -> tuple[RobustProgram, Bases, Beams]:
    """The program of one instance, its changes of variables, and a point that looks feasible. Traceable.

    Args:
        problem: normalised.
        radii: in normalised units, too.
        joint_pattern: the base station's beams count in the beampattern.
    """
    h = jnp.concatenate([problem.h_users, problem.h_es[None]])
    g = jnp.concatenate([problem.g_users, problem.g_es[None]])
    bs_radii = jnp.concatenate([radii.h_users, jnp.atleast_1d(radii.h_es)])
    satellite_radii = jnp.concatenate([radii.g_users, jnp.atleast_1d(radii.g_es)])
    antennas, feeds = h.shape[1], g.shape[1]
    point = feasible_looking(problem)
    delivered = jnp.abs(jnp.sum(jnp.conj(problem.h_users) * point.bs, axis=1)) ** 2
    bs = _basis(_gram(h) + (_BS_POWER_WEIGHT + jnp.sum(bs_radii**2)) * jnp.eye(antennas))
    own, share = _own_share(problem.h_users @ jnp.conj(bs), 1.0 / delivered - 1.0)
    feeder = _outer(problem.g_es) / jnp.abs(jnp.vdot(problem.g_es, point.satellite)) ** 2
    satellite = _basis(_gram(problem.g_users) + feeder + (1.0 + jnp.sum(radii.g_users**2)) * jnp.eye(feeds))
    targets = problem.targets / jnp.sqrt(problem.demands)[:, None]
    sensing = _basis(_gram(g) + _gram(targets) + (1.0 + jnp.sum(satellite_radii**2)) * jnp.eye(feeds))
    bs_targets = problem.bs_targets * jnp.sqrt(problem.bs_pattern_gain / problem.demands)[:, None]
    program = RobustProgram(
        bs_channels=_embedded(h),
        satellite_channels=_embedded(g),
        bs_radii=bs_radii,
        satellite_radii=satellite_radii,
        targets=_embedded(targets),
        bs_targets=_embedded(bs_targets) if joint_pattern else None,
        bs_basis=_embedded_matrix(bs),
        bs_own=_embedded(own),
        bs_share=share,
        satellite_basis=_embedded_matrix(satellite),
        sensing_basis=_embedded_matrix(sensing),
        min_rate=problem.min_rate,
    )
    each = bs - share[:, None, None] * (own @ bs.T)[:, :, None] * jnp.conj(own)[:, None, :]
    return program, Bases(each, satellite, sensing), point


def to_robust_beams(values: Mapping[str, Any], data: RobustProgram) -> Beams:
    """The beams of the unknowns."""
    bs, satellite = _stacks(values["bs"], values["satellite"], values["sensing"], data)
    satellite = _complex(satellite)
    return Beams(_complex(bs), satellite[0], satellite[1:].T)


def _stacks(bs: Any, satellite: Any, sensing: Any, data: RobustProgram) -> tuple[Any, Any]:
    """Beams of the base station; feeder beam and sensing columns. Embedded, a beam per row."""
    turned = _turned(data.bs_own)
    along = jnp.sum(data.bs_own * bs, axis=1) * data.bs_share, jnp.sum(turned * bs, axis=1) * data.bs_share
    bs = (bs - along[0][:, None] * data.bs_own - along[1][:, None] * turned) @ data.bs_basis.T
    return bs, jnp.concatenate([(data.satellite_basis @ satellite)[None], (data.sensing_basis @ sensing).T])


def _gram_of(beams: Float[Array, "beam two_n"]) -> Float[Array, "2 beam beam"]:
    """Real and imaginary part of ``A^H A`` for beams ``A``."""
    return _amplitudes(beams, beams)


def _amplitudes(vectors: Float[Array, "k two_n"], beams: Float[Array, "beam two_n"]) -> Float[Array, "2 beam k"]:
    """Real and imaginary part of ``A^H h`` per vector ``h``; received amplitudes are the conjugates."""
    both = jnp.concatenate([beams, _turned(beams)]) @ vectors.T
    return both.reshape(2, len(beams), len(vectors))


def _turned(beams: Float[Array, "beam two_n"]) -> Float[Array, "beam two_n"]:
    """Embedding of ``j b``, whose inner product with a vector is the imaginary part of ``b^H h``."""
    real, imaginary = jnp.split(beams, 2, axis=1)
    return jnp.concatenate([-imaginary, real], axis=1)


def _least_power(
    amplitude: Float[Array, " two *k"], power: Float[Array, "*k"], radius: Float[Array, "*k"]
) -> Float[Array, "*k"]:
    modulus = jnp.sqrt(amplitude[0] ** 2 + amplitude[1] ** 2 + 1e-30)
    return jnp.maximum(modulus - radius * jnp.sqrt(power + 1e-30), 0.0) ** 2


def _embedded(rows: Complex[Array, "*k n"]) -> Float[Array, "*k two_n"]:
    return jnp.concatenate([rows.real, rows.imag], axis=-1)


def _embedded_matrix(matrix: Complex[Array, "*k n n"]) -> Float[Array, "*k two_n two_n"]:
    upper = jnp.concatenate([matrix.real, -matrix.imag], axis=-1)
    return jnp.concatenate([upper, jnp.concatenate([matrix.imag, matrix.real], axis=-1)], axis=-2)


def _complex(rows: Float[Array, "k two_n"]) -> Complex[Array, "k n"]:
    real, imaginary = jnp.split(rows, 2, axis=1)
    return real + 1j * imaginary


def _own_share(own: Complex[Array, "k n"], weight: Float[Array, " k"]) -> tuple[Complex[Array, "k n"], Any]:
    """Unit vectors along ``own``, and the shares that add ``weight own own^H`` to a Gram matrix that is the identity.

    ``(I - share u u^H)^2 = (I + weight own own^H)^-1`` for the unit vector ``u``.
    """
    strength = jnp.sum(jnp.abs(own) ** 2, axis=1)
    return own / jnp.sqrt(strength)[:, None], 1.0 - 1.0 / jnp.sqrt(1.0 + weight * strength)


def _basis(gram: Complex[Array, "*k n n"]) -> Complex[Array, "*k n n"]:
    return _whitening(gram)[0]


__all__ = ["LEAST_RADIUS", "RobustProgram", "Stage", "formulate_robust", "robust_beamforming", "to_robust_beams"]
