"""Several starts of the joint design: the same recipe for every trial, no randomness of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.systems.self_backhaul.fast.joint_program import Beams
from leoisac.systems.self_backhaul.problem.normalised import Problem

MAX_STARTS = 12

_FAVOUR = 4.0
"""Amplitude factor of the user that a start favours."""

_START_NOISE = 0.02
"""Relative disturbance of the starts: an exactly symmetric point could be stationary."""


def start_points(problem: Problem, point: Beams) -> Beams:
    """Beams of ``MAX_STARTS`` starts around a point that looks feasible, with a leading start axis. Traceable."""
    noise = _noise(point.bs.shape, point.satellite.shape, point.sensing.shape)
    factors = _user_factors(jnp.abs(jnp.sum(jnp.conj(problem.h_users) * point.bs, axis=1)))
    return jax.vmap(lambda factor, part: _disturbed(point, factor, part))(factors, noise)


def _user_factors(amplitudes: Float[Array, " user"]) -> Float[Array, "start user"]:
    """Users' amplitude factors of every start, given the users' received amplitudes.

    The first start treats all alike, the second at random, the others favour one user each, the strongest first: good
    local optima often keep all users but one at the least rate, and differ in which one.
    """
    users = amplitudes.shape[0]
    uneven = jnp.exp(0.5 * jnp.asarray(np.random.default_rng(1).standard_normal(users)))
    favoured = jnp.argsort(-amplitudes)[jnp.arange(MAX_STARTS - 2) % users]
    favouring = jnp.where(favoured[:, None] == jnp.arange(users), _FAVOUR, 1.0)
    return jnp.concatenate([jnp.ones((1, users)), uneven[None], favouring])


def _noise(*shapes: tuple[int, ...]) -> Beams:
    """Complex noise of every start: constants, the same for every trial."""
    rng = np.random.default_rng(0)
    sizes = [(MAX_STARTS, *shape) for shape in shapes]
    return Beams(*(rng.standard_normal(size) + 1j * rng.standard_normal(size) for size in sizes))


def _disturbed(point: Beams, factor: Any, noise: Beams) -> Beams:
    """The point with its users' amplitudes changed (their total kept) and a little noise on everything."""
    bs = point.bs * factor[:, None]
    parts = point._replace(bs=bs * (jnp.linalg.norm(point.bs) / jnp.linalg.norm(bs)))
    scaled = (
        part + _START_NOISE * jnp.linalg.norm(part) / np.sqrt(2 * part.size) * one
        for part, one in zip(parts, noise, strict=True)
    )
    return Beams(*scaled)
