"""Simpler schemes to compare with: satellite-direct (DAS), time division (TDMA), independent beamforming (IBS).

None of them enforces the users' least rate; all of them meet the beampattern and the power budgets. Each builds on two
designs made alone: sum-rate (WMMSE) beams of one transmitter, and the best feeder beam beside a sensing waveform.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.metrics.sinr import received_power
from leoisac.optim.batched.covering import covering_sdp
from leoisac.optim.batched.wmmse import wmmse
from leoisac.systems.self_backhaul.model import Channels, DirectDesign, JointDesign, Parameters, TimeSharedDesign
from leoisac.systems.self_backhaul.problem.normalised import Problem, joint_design, judged, normalise

ENFORCES = ("pattern", "satellite_power", "bs_power")

_DIRECT_WEIGHTS = (0.0, 1.0, 1e1, 1e2, 1e3)
_FEEDER_WEIGHTS = (0.0, 1.0, 1e1, 1e2, 1e3, 1e4)
"""Weights k of the leakage in ``min tr V_0 + k tr(G V_0)``: cheap sensing against sensing that does not disturb."""


class FeederLink(NamedTuple):
    """The satellite's best design for its feeder link alone, normalised."""

    beam: Leaf  # (feed,)
    sensing: Leaf  # (feed, feed)
    noise: Leaf  # thermal noise and sensing at the Earth Station
    rate: Leaf
    spare: Spare


class Spare(NamedTuple):
    """What sensing leaves of the satellite's budget, normalised: what was found, and a proven bound on any."""

    found: Leaf  # negative where no waveform that was found fits
    most: Leaf  # 1 less the dual bound on the least power of a waveform; negative proves that none fits


class Alone(NamedTuple):
    """Feeder link and access link, each designed as if the other did not exist."""

    feeder: FeederLink
    bs_beams: Leaf
    access_rate: Leaf
    design: JointDesign  # both, in physical units
    iterations: Leaf


def solve_das(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Satellite-direct: the base station is off and the satellite beams to every user, within what sensing leaves."""
    design, spare, iterations = by_lanes(direct)(parameters, channels)
    return finish(parameters, channels, design, spare, iterations)


def solve_tdma(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Time division: feeder and access link take turns at peak power; the split makes both carry the same."""
    own: Alone = by_lanes(alone)(parameters, channels)
    both = own.access_rate + own.feeder.rate
    share = np.where(both == 0.0, 0.5, own.access_rate / np.where(both == 0.0, 1.0, both))
    return _take_turns(parameters, channels, own, share)


def solve_tdma_half(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Time division with half of the time for each link."""
    own: Alone = by_lanes(alone)(parameters, channels)
    return _take_turns(parameters, channels, own, np.full_like(own.access_rate, 0.5))


def solve_ibs(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Independent beamforming: each transmitter designs as if it were alone, then they disturb each other."""
    own: Alone = by_lanes(alone)(parameters, channels)
    return finish(parameters, channels, own.design, own.feeder.spare, own.iterations)


def solve_ibs_matched(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Independent beamforming with the feeder beam scaled down to carry no more than the access link's own rate."""
    own: Alone = by_lanes(alone)(parameters, channels)
    needed = np.expm1(own.access_rate * np.log(2.0)) * own.feeder.noise
    offered = np.expm1(own.feeder.rate * np.log(2.0)) * own.feeder.noise
    largest = np.maximum(offered, needed)
    scale = np.sqrt(np.where(largest == 0.0, 1.0, needed / np.where(largest == 0.0, 1.0, largest)))
    design = replace(own.design, satellite_beam=own.design.satellite_beam * scale[:, None])
    return finish(parameters, channels, design, own.feeder.spare, own.iterations)


def direct(parameters: Parameters, channels: Channels) -> tuple[DirectDesign, Spare, Any]:
    """The satellite's sum-rate beams to the users beside sensing, of one trial; what sensing leaves; iterations."""
    problem = normalise(parameters, channels)
    g = problem.g_users
    leakage = jnp.einsum("mi,mj->ij", g, jnp.conj(g))
    sensing, most = _sensing_family(problem, _over(leakage, jnp.real(jnp.trace(leakage))), _DIRECT_WEIGHTS)
    left = 1.0 - _traces(sensing)
    beams = jax.vmap(lambda V0, power: wmmse(g, 1.0 + received_power(g, V0), jnp.maximum(power, 0.0)))(sensing, left)
    best = jnp.argmax(jnp.where(left >= 0.0, beams.sum_rate, -jnp.inf))
    budget = parameters.satellite_power
    design = DirectDesign(
        satellite_beams=beams.beams[best] * jnp.sqrt(budget), sensing_covariance=sensing[best] * budget
    )
    return design, Spare(jnp.max(left), most), beams.iterations[best]


def alone(parameters: Parameters, channels: Channels) -> Alone:
    """Both transmitters of one trial as if the other did not exist."""
    problem = normalise(parameters, channels)
    feeder = _feeder_link(problem)
    access = wmmse(problem.h_users, jnp.ones(problem.h_users.shape[0]), 1.0)
    design = joint_design(parameters, access.beams, feeder.beam, feeder.sensing)
    return Alone(feeder, access.beams, access.sum_rate, design, access.iterations)


def _feeder_link(problem: Problem) -> FeederLink:
    g = problem.g_es
    norm = jnp.linalg.norm(g)
    sensing, most = _sensing_family(problem, _over(jnp.outer(g, jnp.conj(g)), norm**2), _FEEDER_WEIGHTS)
    left = 1.0 - _traces(sensing)
    noise = 1.0 + jnp.real(jnp.einsum("i,kij,j->k", jnp.conj(g), sensing, g))
    rate = jnp.log2(1.0 + jnp.maximum(left, 0.0) * norm**2 / noise)
    best = jnp.argmax(jnp.where(left >= 0.0, rate, -jnp.inf))
    beam = _over(jnp.sqrt(jnp.maximum(left[best], 0.0)) * g, norm)
    return FeederLink(beam, sensing[best], noise[best], rate[best], Spare(jnp.max(left), most))


def _over(values: Complex[Array, "..."], size: Float[Array, ""]) -> Complex[Array, "..."]:
    """``values / size``; a channel that is zero has no direction."""
    return values / jnp.where(size == 0.0, 1.0, size)


def _sensing_family(
    problem: Problem, leakage: Complex[Array, "feed feed"], weights: tuple[float, ...]
) -> tuple[Complex[Array, "weight feed feed"], Float[Array, ""]]:
    """Sensing covariances that meet the pattern with the least ``tr V_0 + k tr(leakage V_0)``, one per weight k.

    Also a bound on what any of them leaves of the budget, by the dual of the first weight, which is zero.
    """
    identity = jnp.eye(leakage.shape[0])
    costs = identity + jnp.asarray(weights)[:, None, None] * leakage
    found = jax.vmap(lambda cost: covering_sdp(cost, problem.targets, problem.demands))(costs)
    return found.covariance, 1.0 - found.lower_bound[0]


def _traces(covariances: Complex[Array, "weight feed feed"]) -> Float[Array, " weight"]:
    return jnp.real(jnp.trace(covariances, axis1=-2, axis2=-1))


def _take_turns(parameters: Parameters, channels: Channels, alone: Alone, time_share: np.ndarray) -> Solution[Any]:
    design = TimeSharedDesign(**vars(alone.design), time_share=time_share)
    return finish(parameters, channels, design, alone.feeder.spare, alone.iterations)


def finish(
    parameters: Parameters, channels: Channels, design: Any, spare: Spare, iterations: np.ndarray
) -> Solution[Any]:
    """INFEASIBLE where the dual bound proves that no sensing waveform fits the satellite's budget.

    That proves nothing where the base station's beams count in the pattern, too.
    """
    helped = parameters.joint_pattern and not isinstance(design, DirectDesign)
    short = np.where(
        spare.most < 0.0, int(Status.NO_FEASIBLE_POINT if helped else Status.INFEASIBLE), int(Status.NO_FEASIBLE_POINT)
    )
    status = np.where(spare.found < 0.0, short, int(Status.CONVERGED))
    return judged(parameters, channels, design, ENFORCES, status=status, iterations=iterations)
