"""Rivals that keep the rules: satellite-direct and time division with the users' least rate (paper, 17b) promised.

Both share time among ways to transmit: every user alone, the sum-rate beams of the paper's rival, and the beams of the
largest common SINR. The shares are the best ones, a linear program. Where no shares give everybody the least rate, the
trial is INFEASIBLE only if nothing could: if even the sum capacity of the link, a bound on any coding, falls short.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.metrics.sinr import downlink_sinr, received_power, spectral_efficiency
from leoisac.optim.batched.sinr_duality import balanced_beams, most_sum_rate
from leoisac.systems.self_backhaul.fast.baselines import alone, direct
from leoisac.systems.self_backhaul.fast.links import Link, best_link
from leoisac.systems.self_backhaul.fast.time_shares import best_time_shares
from leoisac.systems.self_backhaul.model import (
    Channels,
    DirectDesign,
    Parameters,
    PhasedAccessDesign,
    PhasedDirectDesign,
)
from leoisac.systems.self_backhaul.problem.normalised import judged, normalise

DIRECT_ENFORCES = ("min_rate", "pattern", "satellite_power", "bs_power")
ACCESS_ENFORCES = ("min_rate", "backhaul", "pattern", "satellite_power", "bs_power")
_SURELY = 1e-9
"""Relative excess over a bound that counts as a proof."""


class Phases(NamedTuple):
    """Ways to transmit, normalised, and what they give: every user alone, the sum-rate beams, the balanced ones."""

    beams: Leaf  # (phase, user, antenna)
    rates: Leaf  # (phase, user)
    most_sum: Leaf  # proven bound on the sum rate by any coding
    most_alone: Leaf  # of every user alone, (user,)


def solve_das_fair(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Satellite-direct with the least rate: the satellite serves the users alone in turn or together, as pays most."""
    together, _, iterations = by_lanes(direct)(parameters, channels)
    links: Link = by_lanes(links_beside_sensing)(parameters, channels)
    phases, sensing = by_lanes(_direct_phases)(parameters, channels, together, links)
    ones = np.ones(phases.rates.shape[1])
    floor = float(parameters.min_rate)
    share = np.stack([best_time_shares(rates, floor, ones) for rates in phases.rates])
    design = PhasedDirectDesign(
        phases.beams * np.sqrt(np.asarray(parameters.satellite_power)),
        sensing * np.asarray(parameters.satellite_power),
        share,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.maximum(
            phases.rates.shape[2] * floor / phases.most_sum, np.max(floor / phases.most_alone, axis=1, initial=0.0)
        )
    proven = (time > 1.0 + _SURELY) | (links.most_spare[:, 0] < 0.0)
    return _finish(parameters, channels, design, DIRECT_ENFORCES, links.spare[:, 0] < 0.0, proven, iterations)


def solve_tdma_fair(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Time division with the least rate: the feeder link takes the time that the users' rates need, they the rest."""
    own = by_lanes(alone)(parameters, channels)
    links: Link = by_lanes(links_beside_sensing)(parameters, channels)
    phases: Phases = by_lanes(_access_phases)(parameters, channels, own.bs_beams)
    floor, users = float(parameters.min_rate), phases.rates.shape[2]
    feeder, most_feeder = np.log2(1.0 + links.snr[:, -1]), np.log2(1.0 + links.most[:, -1])
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = 1.0 + np.sum(phases.rates, axis=2) / feeder[:, None]
        access = np.maximum(users * floor / phases.most_sum, np.max(floor / phases.most_alone, axis=1))
        time = users * floor / most_feeder + access
    share = np.stack([best_time_shares(rates, floor, one) for rates, one in zip(phases.rates, cost, strict=True)])
    design = PhasedAccessDesign(
        phases.beams * np.sqrt(np.asarray(parameters.bs_power)),
        links.beam[:, -1] * np.sqrt(np.asarray(parameters.satellite_power)),
        links.sensing[:, -1] * np.asarray(parameters.satellite_power),
        time_share=np.maximum(1.0 - np.sum(share, axis=1), 0.0),
        phase_share=share,
    )
    short = links.spare[:, -1] < 0.0
    # With a pattern that the base station shares, the bounds on what sensing costs prove nothing.
    proven = ((time > 1.0 + _SURELY) | (links.most_spare[:, -1] < 0.0)) & (not parameters.joint_pattern)
    return _finish(parameters, channels, design, ACCESS_ENFORCES, short, proven, own.iterations)


def links_beside_sensing(parameters: Parameters, channels: Channels) -> Link:
    """The satellite's best link to every user and, last, to the Earth Station, each alone. Traceable, normalised."""
    problem = normalise(parameters, channels)
    receivers = jnp.concatenate([problem.g_users, problem.g_es[None]])
    return jax.vmap(lambda g: best_link(g, problem.targets, problem.demands))(receivers)


def _direct_phases(
    parameters: Parameters, channels: Channels, together: DirectDesign, links: Link
) -> tuple[Phases, Leaf]:
    """The satellite's phases and the sensing covariance of each."""
    problem = normalise(parameters, channels)
    g, users = problem.g_users, problem.g_users.shape[0]
    sensing = together.sensing_covariance / parameters.satellite_power
    disturbed = 1.0 + received_power(g, sensing)
    left = jnp.maximum(1.0 - jnp.real(jnp.trace(sensing)), 0.0)
    even = balanced_beams(g * jnp.sqrt(left / disturbed)[:, None]).beams * jnp.sqrt(left)
    beams = jnp.stack([together.satellite_beams / jnp.sqrt(parameters.satellite_power), even])
    beams = jnp.concatenate([_each_alone(links.beam[:users]), beams])
    covariances = jnp.concatenate([links.sensing[:users], jnp.broadcast_to(sensing, (2, *sensing.shape))])
    noise = jax.vmap(lambda V0: received_power(g, V0))(covariances)
    # Sensing only takes power and adds noise: the bound on any coding does without its noise.
    most = jnp.clip(links.most_spare[0], 0.0, 1.0)
    bound = most_sum_rate(g * jnp.sqrt(most))
    alone_bound = jnp.log2(1.0 + links.most[:users])
    return Phases(beams, _rates(g, beams, noise), bound, alone_bound), covariances


def _access_phases(
    parameters: Parameters, channels: Channels, sum_rate_beams: Complex[Array, "user bs_antenna"]
) -> Phases:
    """The base station's phases; the satellite is silent."""
    h = normalise(parameters, channels).h_users
    length = jnp.linalg.norm(h, axis=1, keepdims=True)
    matched = h / jnp.where(length > 0.0, length, 1.0)
    beams = jnp.concatenate([_each_alone(matched), jnp.stack([sum_rate_beams, balanced_beams(h).beams])])
    rates = _rates(h, beams, jnp.zeros(beams.shape[:2]))
    return Phases(beams, rates, most_sum_rate(h), jnp.log2(1.0 + length[:, 0] ** 2))


def _each_alone(beams: Complex[Array, "user antenna"]) -> Complex[Array, "phase user antenna"]:
    return jnp.eye(beams.shape[0])[:, :, None] * beams[None]


def _rates(
    channels: Complex[Array, "user antenna"],
    beams: Complex[Array, "phase user antenna"],
    disturbance: Float[Array, "phase user"],
) -> Float[Array, "phase user"]:
    return jax.vmap(lambda w, extra: spectral_efficiency(downlink_sinr(channels, w, extra, 1.0)))(beams, disturbance)


def _finish(
    parameters: Parameters,
    channels: Channels,
    design: Any,
    enforces: tuple[str, ...],
    short: np.ndarray,
    proven: np.ndarray,
    iterations: np.ndarray,
) -> Solution[Any]:
    """CONVERGED where all is met; else INFEASIBLE with a proof, and NO_FEASIBLE_POINT without one."""
    status = np.where(short, int(Status.NO_FEASIBLE_POINT), int(Status.CONVERGED))
    solution = judged(parameters, channels, design, enforces, status=status, iterations=iterations)
    missed = (np.asarray(solution.status) == int(Status.CONVERGED)) & ~(solution.violation <= 1e-9)
    found = np.where(missed, int(Status.NO_FEASIBLE_POINT), solution.status)
    unmet = (found == int(Status.NO_FEASIBLE_POINT)) & proven
    return Solution(
        solution.value,
        np.where(unmet, int(Status.INFEASIBLE), found),
        solution.objective,
        solution.violation,
        solution.iterations,
        solution.history,
    )


__all__ = ["links_beside_sensing", "solve_das_fair", "solve_tdma_fair"]
