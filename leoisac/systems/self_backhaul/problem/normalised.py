"""One trial as numbers without units: noise is 1 and both power budgets are 1.

Base station channels are multiplied by ``sqrt(P_T) / sigma``, satellite channels by ``sqrt(P_s) / sigma``, beampattern
thresholds divided by ``P_s``; sigma is the receiver's own. Every solver works on this form, and one compilation serves
all powers and thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Array, Complex

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, nonfinite_where
from leoisac.systems.self_backhaul.judge.evaluate import evaluate
from leoisac.systems.self_backhaul.judge.worst_case import ErrorRadii, error_radii
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "h_users",
        "h_es",
        "g_users",
        "g_es",
        "targets",
        "bs_targets",
        "demands",
        "bs_pattern_gain",
        "min_rate",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Problem:
    """Normalised joint design problem of one trial.

    Attributes:
        h_users, h_es, g_users, g_es: normalised channels, shapes as in ``Channels``.
        targets: unit-norm satellite steering vectors, (target, feed).
        bs_targets: unit-norm base station steering vectors, (target, bs_antenna).
        demands: beampattern thresholds over the satellite's budget, (target,).
        bs_pattern_gain: what one normalised unit of base station power counts for in the pattern: ``P_T / P_s`` in
            joint mode, 0 where the satellite alone forms it.
        min_rate: least rate of every user, bit/s/Hz.
    """

    h_users: Leaf
    h_es: Leaf
    g_users: Leaf
    g_es: Leaf
    targets: Leaf
    bs_targets: Leaf
    demands: Leaf
    bs_pattern_gain: Leaf
    min_rate: Leaf


def normalise(parameters: Parameters, channels: Channels) -> Problem:
    """The normalised problem of one trial."""
    bs_scale = jnp.sqrt(parameters.bs_power / channels.noise_power)
    satellite_scale = jnp.sqrt(parameters.satellite_power / channels.noise_power)
    es_scale = 1.0 / jnp.sqrt(parameters.es_noise_ratio)
    ratio = parameters.bs_power / parameters.satellite_power
    return Problem(
        h_users=channels.h_users * bs_scale,
        h_es=channels.h_es * (bs_scale * es_scale),
        g_users=channels.g_users * satellite_scale,
        g_es=channels.g_es * (satellite_scale * es_scale),
        targets=parameters.satellite_steering,
        bs_targets=parameters.bs_steering,
        demands=parameters.pattern_min / parameters.satellite_power,
        bs_pattern_gain=ratio if parameters.joint_pattern else jnp.zeros_like(ratio),
        min_rate=parameters.min_rate,
    )


def has_span(problem: Problem, joint_pattern: bool) -> bool:
    """Whether ``on_span`` makes the problem smaller without losing anything. Sizes only: static under tracing."""
    return not joint_pattern and problem.h_es.shape[-1] > problem.h_users.shape[-2] + 1


def on_span(problem: Problem) -> tuple[Problem, Complex[Array, "bs_antenna dimension"]]:
    """The problem with the base station's beams in the span of its channels, and an orthonormal basis ``Q`` of that.

    Where the satellite alone forms the pattern, the part of a beam outside the span reaches nobody and costs power, so
    that the optimum is the same. Beams of the small problem are ``w = Q w'``, and ``w' = Q^H w``.
    """
    basis = jnp.linalg.qr(jnp.concatenate([problem.h_users, problem.h_es[None]]).T)[0]
    coordinates = jnp.conj(basis)
    small = replace(
        problem,
        h_users=problem.h_users @ coordinates,
        h_es=problem.h_es @ coordinates,
        bs_targets=problem.bs_targets @ coordinates,
    )
    return small, basis


def normalised_radii(parameters: Parameters, channels: Channels) -> ErrorRadii:
    """Radii of the channel errors of one trial in the units of ``normalise``."""
    radii = error_radii(parameters, channels)
    bs = jnp.sqrt(parameters.bs_power / channels.noise_power)
    satellite = jnp.sqrt(parameters.satellite_power / channels.noise_power)
    es = 1.0 / jnp.sqrt(parameters.es_noise_ratio)
    return ErrorRadii(
        radii.h_users * bs, radii.h_es * (bs * es), radii.g_users * satellite, radii.g_es * (satellite * es)
    )


def joint_design(
    parameters: Parameters,
    bs_beams: Complex[Array, "user bs_antenna"],
    satellite_beam: Complex[Array, " feed"],
    sensing_covariance: Complex[Array, "feed feed"],
) -> JointDesign:
    """Physical design from normalised beams and covariance."""
    return JointDesign(
        bs_beams=bs_beams * jnp.sqrt(parameters.bs_power),
        satellite_beam=satellite_beam * jnp.sqrt(parameters.satellite_power),
        sensing_covariance=sensing_covariance * parameters.satellite_power,
    )


def judged(
    parameters: Parameters,
    channels: Channels,
    design: Any,
    enforces: tuple[str, ...],
    *,
    status: np.ndarray,
    iterations: np.ndarray,
    history: np.ndarray | None = None,
    objective: str = "sum_rate",
) -> Solution[Any]:
    """Solution of a batch whose objective and violation are the judge's, from the physical designs.

    ``enforces`` names the constraints that the scheme promises; the violation is the largest relative one of them.
    ``objective`` names the metric that the scheme maximises.
    """
    metrics = by_lanes(evaluate)(parameters, channels, design)
    worst = np.min([metrics[f"margin_{name}"] for name in enforces], axis=0)
    return Solution(
        value=design,
        status=nonfinite_where(status, metrics[objective], worst),
        objective=metrics[objective],
        violation=np.maximum(-worst, 0.0),
        iterations=iterations,
        history=np.empty((len(status), 0)) if history is None else history,
    )
