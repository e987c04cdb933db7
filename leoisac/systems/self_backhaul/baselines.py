"""Simpler schemes to compare with: satellite-direct (DAS), time division (TDMA), independent beamforming (IBS).

None of them enforces the users' least rate; all of them meet the beampattern and the power budgets. Each builds on two
designs made alone: sum-rate (WMMSE) beams of one transmitter, and the best feeder beam beside a sensing waveform.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from jaxtyping import Array, Bool, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.metrics.sinr import received_power
from leoisac.optim.batched.rank_one_sdp import covering_sdp
from leoisac.optim.batched.wmmse import wmmse
from leoisac.systems.self_backhaul.model import Channels, DirectDesign, Parameters, TimeSharedDesign
from leoisac.systems.self_backhaul.problem import Problem, joint_design, judged, normalise

ENFORCES = ("pattern", "satellite_power", "bs_power")

_DIRECT_WEIGHTS = (0.0, 1.0, 1e1, 1e2, 1e3)
_FEEDER_WEIGHTS = (0.0, 1.0, 1e1, 1e2, 1e3, 1e4)
"""Weights k of the leakage in ``min tr V_0 + k tr(G V_0)``: cheap sensing against sensing that does not disturb."""


class FeederLink(NamedTuple):
    """The satellite's best design for its feeder link alone, normalised."""

    beam: Complex[Array, "feed"]
    sensing: Complex[Array, "feed feed"]
    noise: Float[Array, ""]  # thermal noise and sensing at the Earth Station
    rate: Float[Array, ""]
    feasible: Bool[Array, ""]  # the sensing waveform alone fits into the budget


def das(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Satellite-direct: the base station is off and the satellite beams to every user, within what sensing leaves."""
    problem = normalise(parameters, channels)
    g = problem.g_users
    leakage = jnp.einsum("mi,mj->ij", g, jnp.conj(g))
    sensing = _sensing_family(problem, leakage / jnp.real(jnp.trace(leakage)), _DIRECT_WEIGHTS)
    left = 1.0 - _traces(sensing)
    beams = jax.vmap(lambda V0, power: wmmse(g, 1.0 + received_power(g, V0), jnp.maximum(power, 0.0)))(sensing, left)
    best = jnp.argmax(jnp.where(left >= 0.0, beams.sum_rate, -jnp.inf))
    satellite = parameters.satellite_power
    design = DirectDesign(
        satellite_beams=beams.beams[best] * jnp.sqrt(satellite), sensing_covariance=sensing[best] * satellite
    )
    return _finish(parameters, channels, design, jnp.any(left >= 0.0), beams.iterations[best])


def tdma(split: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Time division: the feeder link and the access link take turns, each with all its peak power.

    ``split="optimal"`` gives each as much time as makes both carry the same; ``split="half"`` gives each half.
    """
    problem = normalise(parameters, channels)
    feeder = _feeder_link(problem)
    access = wmmse(problem.h_users, jnp.ones(problem.h_users.shape[0]), 1.0)
    optimal = access.sum_rate / (access.sum_rate + feeder.rate)
    joint = joint_design(parameters, access.beams, feeder.beam, feeder.sensing)
    design = TimeSharedDesign(
        bs_beams=joint.bs_beams,
        satellite_beam=joint.satellite_beam,
        sensing_covariance=joint.sensing_covariance,
        time_share=optimal if split == "optimal" else jnp.full_like(optimal, 0.5),
    )
    return _finish(parameters, channels, design, feeder.feasible, access.iterations)


def ibs(feeder_power: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Independent beamforming: base station and satellite each design as if they were alone, then disturb each other.

    ``feeder_power="full"`` spends the satellite's whole budget; ``"matched"`` scales the feeder beam down to what would
    carry the base station's interference-free rate if there were no interference.
    """
    problem = normalise(parameters, channels)
    feeder = _feeder_link(problem)
    access = wmmse(problem.h_users, jnp.ones(problem.h_users.shape[0]), 1.0)
    beam = feeder.beam
    if feeder_power == "matched":
        needed = jnp.expm1(access.sum_rate * jnp.log(2.0)) * feeder.noise
        received = jnp.abs(jnp.vdot(problem.g_es, beam)) ** 2
        beam = beam * jnp.sqrt(jnp.minimum(1.0, needed / received))
    design = joint_design(parameters, access.beams, beam, feeder.sensing)
    return _finish(parameters, channels, design, feeder.feasible, access.iterations)


def _feeder_link(problem: Problem) -> FeederLink:
    g = problem.g_es
    norm = jnp.linalg.norm(g)
    sensing = _sensing_family(problem, jnp.outer(g, jnp.conj(g)) / norm**2, _FEEDER_WEIGHTS)
    left = 1.0 - _traces(sensing)
    noise = 1.0 + jnp.real(jnp.einsum("i,kij,j->k", jnp.conj(g), sensing, g))
    rate = jnp.log2(1.0 + jnp.maximum(left, 0.0) * norm**2 / noise)
    best = jnp.argmax(jnp.where(left >= 0.0, rate, -jnp.inf))
    beam = jnp.sqrt(jnp.maximum(left[best], 0.0)) * g / norm
    return FeederLink(beam, sensing[best], noise[best], rate[best], jnp.any(left >= 0.0))


def _sensing_family(
    problem: Problem, leakage: Complex[Array, "feed feed"], weights: tuple[float, ...]
) -> Complex[Array, "weight feed feed"]:
    """Sensing covariances that meet the pattern with the least ``tr V_0 + k tr(leakage V_0)``, one per weight k."""
    identity = jnp.eye(leakage.shape[0])
    costs = identity + jnp.asarray(weights)[:, None, None] * leakage
    return jax.vmap(lambda cost: covering_sdp(cost, problem.targets, problem.demands).covariance)(costs)


def _traces(covariances: Complex[Array, "weight feed feed"]) -> Float[Array, "weight"]:
    return jnp.real(jnp.trace(covariances, axis1=-2, axis2=-1))


def _finish(
    parameters: Parameters, channels: Channels, design: Any, feasible: Bool[Array, ""], iterations: Any
) -> Solution[Any]:
    status = jnp.where(feasible, int(Status.CONVERGED), int(Status.INFEASIBLE))
    solution = partial(judged, parameters, channels, design, ENFORCES)
    return solution(status=status, iterations=iterations, history=jnp.zeros(0))


solve_das = by_lanes(das)
solve_tdma = by_lanes(partial(tdma, "optimal"))
solve_tdma_half = by_lanes(partial(tdma, "half"))
solve_ibs = by_lanes(partial(ibs, "full"))
solve_ibs_matched = by_lanes(partial(ibs, "matched"))
