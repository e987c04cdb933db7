"""Where the optimisers of one cell start: zero forcing, just enough power for the targets, the rest for the users.

J. Jee, J. G. Andrews, arXiv:2511.15947, does not say where its algorithm starts. All of it is traceable; no start has
randomness of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.optim.search.water_filling import water_filling
from leoisac.systems.coexistence.problem.cell_program import CellProblem, cell_metrics

_FACTORS = (1.0, 1e3)
"""Satellite power of starts with little and with much of it, over the one that gives its user the least rate plus one
bit.

Most cells end the same from anywhere. Of 48 full-size cells 3 had a local optimum 0.7 to 2.2 % better that was never
reached from little satellite power, but half of the times from much, with the larger disturbance.
"""
_MUCH = (0, 1, 1, 1, 1, 1, 1, 1)
"""Which of the two every start has."""
_NOISE = (0.03, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.3)
"""Relative disturbance of every start: a stream that is exactly zero, as water-filling leaves it, is stationary."""
_SEEDS = (0, 104, 103, 110, 106, 109, 101, 105)
"""Of the disturbances; those of the first two starts together found the best known design of 48 full-size cells."""
MAX_STARTS = len(_MUCH)

_CUTOFF = 1e-3
"""Singular values below this share of the largest are left out of the pseudo-inverse."""
_POWER_STEPS = 16
_EXCESS = 1.1
"""Power of a sensing stream over the least one."""
_LARGEST_SENSING_SHARE = 0.5
"""Share of the budget for sensing where zero forcing cannot do it. Users without any power would stay without: this
one number took the share of full-size cells that lose more than 0.1 % from 12 to 1.5 %."""
_SHARES = 30
_TINY = 1e-300


class Point(NamedTuple):
    """A beamformer and the satellite's amplitude."""

    beamformer: Leaf  # complex (tx, stream)
    q: Leaf  # real scalar


def first_amplitude(
    problem: CellProblem, extra_bits: float = 1.0, factor: Float[Array, ""] | float = 1.0
) -> Float[Array, ""]:
    """Amplitude at which the satellite user, undisturbed, has its least rate plus ``extra_bits``; within its limit.

    ``factor`` multiplies the power.
    """
    wanted = factor * (2.0 ** (problem.min_sut_rate + extra_bits) - 1.0)
    most = 1.0 if problem.max_q is None else problem.max_q
    return jnp.minimum(most, jnp.sqrt(wanted / jnp.maximum(problem.g_sut, _TINY)))


def zero_forcing_directions(problem: CellProblem) -> Complex[Array, "tx stream"]:
    """Unit beams for every user and target that none of the others, nor the satellite user, receives.

    Columns of the pseudo-inverse of the unit rows; where rows are nearly collinear they are not separated.
    """
    rows = jnp.concatenate([problem.h_tut, problem.target_tx, problem.h_sut[None]])
    rows = rows / jnp.maximum(jnp.linalg.norm(rows, axis=1, keepdims=True), _TINY)
    strength, vectors = jnp.linalg.eigh(rows @ jnp.conj(rows).T)
    used = strength > _CUTOFF**2 * strength[-1]
    inverse = jnp.where(used, 1.0 / jnp.where(used, strength, 1.0), 0.0)
    columns = jnp.conj(rows).T @ (vectors * inverse) @ jnp.conj(vectors).T
    return _unit(columns[:, :-1])


def zero_forcing_start(problem: CellProblem, q: Float[Array, ""] | float) -> Complex[Array, "tx stream"]:
    """Zero forcing, sensing streams a tenth above their least power, the rest of the budget water-filled over users.

    At least half of the budget is left for the users: where zero forcing cannot meet the SCNR, which happens for
    targets that the base station sees in nearly the same direction, the point is good to start from, but not feasible.
    """
    directions = zero_forcing_directions(problem)
    users, targets = problem.h_tut.shape[0], problem.target_tx.shape[0]
    gains = jnp.abs(jnp.sum(problem.h_tut * directions[:, :users].T, axis=1)) ** 2 / (1.0 + problem.g_tut * q**2)

    def beams(sensing: Float[Array, " target"]) -> Complex[Array, "tx stream"]:
        rest = shared_out(gains, jnp.maximum(0.0, 1.0 - jnp.sum(sensing)))
        return directions * jnp.sqrt(jnp.concatenate([rest, sensing]))

    def improve(_: Array, sensing: Float[Array, " target"]) -> Float[Array, " target"]:
        scnr = cell_metrics(problem, beams(sensing), q).scnr
        moved = sensing * jnp.clip(jnp.sqrt(_EXCESS * problem.min_scnr / jnp.maximum(scnr, _TINY)), 0.1, 10.0)
        return moved / jnp.maximum(1.0, jnp.sum(moved) / _LARGEST_SENSING_SHARE)

    return beams(jax.lax.fori_loop(0, _POWER_STEPS, improve, jnp.full(targets, 0.01 / max(targets, 1))))


def shared_out(gains: Float[Array, " user"], total: Float[Array, ""]) -> Float[Array, " user"]:
    """Water-filling over users, of whom there may be none."""
    return water_filling(gains, total) if gains.size else gains


def least_power_start(problem: CellProblem, sensing: Complex[Array, "tx stream"], q: Float[Array, ""] | float) -> Point:
    """Radar beams of a least-power sensing design, a tenth stronger, and what the users can get beside them.

    Users have zero-forcing beams with the largest power, halved as often as needed, with which all SCNR hold. The
    satellite's amplitude rises until its user has what it would have undisturbed at ``q``.
    """
    users = problem.h_tut.shape[0]
    radar = sensing[:, users:]
    radar = radar * jnp.sqrt(jnp.minimum(_EXCESS, 1.0 / jnp.maximum(jnp.sum(jnp.abs(radar) ** 2), _TINY)))
    rest = jnp.maximum(0.0, 1.0 - jnp.sum(jnp.abs(radar) ** 2))
    directions = zero_forcing_directions(problem)[:, :users] / np.sqrt(max(users, 1))
    shares = rest * 0.5 ** jnp.arange(_SHARES)

    def with_users(share: Float[Array, ""]) -> Complex[Array, "tx stream"]:
        return jnp.concatenate([directions * jnp.sqrt(share), radar], axis=1)

    scnr = jax.vmap(lambda share: cell_metrics(problem, with_users(share), q).scnr)(shares)
    first = jnp.argmax(jnp.all(scnr >= problem.min_scnr, axis=1))
    held = jnp.any(jnp.all(scnr >= problem.min_scnr, axis=1))
    beamformer = with_users(jnp.where(held, shares[first], shares[-1]))
    disturbance = 1.0 + jnp.sum(jnp.abs(problem.h_sut @ beamformer) ** 2)
    return Point(beamformer, jnp.minimum(1.0, q * jnp.sqrt(disturbance)))


def start_points(problem: CellProblem) -> Point:
    """``MAX_STARTS`` disturbed zero-forcing points with little or much satellite power, on a leading start axis."""
    q = jnp.stack([first_amplitude(problem, factor=factor) for factor in _FACTORS])
    beamformers = jax.vmap(lambda amplitude: zero_forcing_start(problem, amplitude))(q)
    which = np.array(_MUCH)
    return Point(_disturbed(beamformers[which]), q[which])


def start_points_at(problem: CellProblem, q: Float[Array, ""]) -> Point:
    """``MAX_STARTS`` points at one satellite amplitude; they differ in the disturbance only."""
    beamformer = zero_forcing_start(problem, q)
    return Point(_disturbed(jnp.broadcast_to(beamformer, (MAX_STARTS, *beamformer.shape))), jnp.full(MAX_STARTS, q))


def _disturbed(beamformers: Complex[Array, "start tx stream"]) -> Complex[Array, "start tx stream"]:
    """The same noise for every cell."""
    drawn = [np.random.default_rng(seed).standard_normal((2, *beamformers.shape[1:])) for seed in _SEEDS]
    noise = np.stack([real + 1j * imaginary for real, imaginary in drawn])
    scale = np.array(_NOISE)[:, None, None] / np.sqrt(2.0 * beamformers[0].size)
    return beamformers + scale * jnp.linalg.norm(beamformers, axis=(1, 2), keepdims=True) * noise


def _unit(columns: Complex[Array, "tx column"]) -> Complex[Array, "tx column"]:
    return columns / jnp.maximum(jnp.linalg.norm(columns, axis=0), _TINY)
