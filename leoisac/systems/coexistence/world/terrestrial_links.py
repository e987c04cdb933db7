"""Links from a base station to users on the ground (paper, eqs. 5-7): TR 38.901 urban macro, clustered rays, ageing."""

from __future__ import annotations

import math
from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, standard_normal
from leoisac.foundation.units import from_db
from leoisac.propagation.ageing import ageing_spread, gauss_markov
from leoisac.propagation.terrestrial_uma import (
    UMA_LOS_SHADOWING_DB,
    UMA_NLOS_SHADOWING_DB,
    laplace,
    uma_los_path_loss_db,
    uma_los_probability,
    uma_nlos_path_loss_db,
)
from leoisac.systems.coexistence.world.geometry import Geometry
from leoisac.systems.coexistence.world.line_array import line_array, rows_of_rays

Numbers = dict[str, Any]

_LEAST_DISTANCE_M = 1.0


def ground_shapes(geometry: Geometry) -> dict[str, tuple[int, ...]]:
    """Uniform numbers that a user on the ground needs, by purpose."""
    rays = (geometry.num_clusters, geometry.num_rays)
    return {
        "place": (2,),
        "shadowing": (3,),
        "sight": (3,),
        "cluster": rays[:1],
        "ray": rays,
        "gain": (*rays, 2),
        "innovation": (*rays, 2),
    }


def large_scale_gains(
    geometry: Geometry, normal: Float[Array, " purpose"], sight: Any, distance: Any, height_m: Any
) -> tuple[Any, Any]:
    """Amplitude gains of the line of sight and of the scattered part; isotropic antennas.

    As printed, the probability of a line of sight weights its amplitude; with ``los_mode = "bernoulli"`` the link has a
    line of sight with that probability, and then that component only, otherwise only the scattered one.

    Args:
        geometry: of the configuration.
        normal: of the shadowing with and without a line of sight; further ones are not read.
        sight: uniform number that decides on a line of sight.
        distance: horizontal, m; nearer than 1 m counts as 1 m.
        height_m: of the receiver.
    """
    distance = jnp.maximum(distance, _LEAST_DISTANCE_M)
    heights = (geometry.carrier_hz, geometry.bs_height_m, height_m)
    los_loss = uma_los_path_loss_db(distance, *heights) - UMA_LOS_SHADOWING_DB * normal[0]
    nlos_loss = uma_nlos_path_loss_db(distance, *heights) - UMA_NLOS_SHADOWING_DB * normal[1]
    probability = uma_los_probability(distance, height_m)
    los_weight, nlos_weight = probability, jnp.ones_like(probability)
    if geometry.bernoulli_los:
        los_weight = jnp.where(sight < probability, 1.0, 0.0)
        nlos_weight = 1.0 - los_weight
    return los_weight * jnp.sqrt(from_db(-los_loss)), nlos_weight * jnp.sqrt(from_db(-nlos_loss))


def terrestrial_rows(
    geometry: Geometry, numbers: Numbers, place: Float[Array, "2"]
) -> tuple[Complex[Array, " tx"], Complex[Array, " tx"]]:
    """Row channels of one user with an isotropic antenna at the instants of P1 and P3; ``place`` is from the mast.

    ``h = P_LOS sqrt(beta_L) e^{j psi} a_t^H + sqrt(beta_N / (N_c N_r)) sum alpha_ij a_t^H(theta_ij)``, the weights by
    ``large_scale_gains``.

    Ageing changes small-scale gains and the phase: ``alpha' = rho alpha + sqrt(1 - rho^2) e`` and
    ``psi' = psi + sqrt(1 - rho^2) U(-pi, pi)``.
    """
    distance = jnp.hypot(place[0], place[1])
    azimuth = jnp.arctan2(place[1], place[0])
    flat = distance / jnp.hypot(distance, geometry.bs_height_m - geometry.user_height_m)
    normal = standard_normal(numbers["shadowing"])
    direct, nlos = large_scale_gains(geometry, normal, numbers["sight"][0], distance, geometry.user_height_m)
    los = direct * jnp.conj(line_array(geometry.num_tx, jnp.sin(azimuth) * flat))

    ray = ray_azimuths(geometry, numbers, azimuth)
    alpha = complex_normal(numbers["gain"])
    phase = 2.0 * math.pi * numbers["sight"][1]
    rho = geometry.ageing_rho
    aged = gauss_markov(alpha, complex_normal(numbers["innovation"]), rho)
    scattered = rows_of_rays(geometry.num_tx, jnp.sin(ray) * flat, jnp.stack([alpha, aged])) / math.sqrt(alpha.size)
    drift = ageing_spread(rho) * math.pi * (2.0 * numbers["sight"][2] - 1.0)
    now = los * jnp.exp(1j * phase) + nlos * scattered[0]
    return now, los * jnp.exp(1j * (phase + drift)) + nlos * scattered[1]


def ray_azimuths(geometry: Geometry, numbers: Numbers, azimuth: Float[Array, ""]) -> Float[Array, "cluster ray"]:
    """Departures of the rays around that of the line of sight: normal clusters, Laplace rays."""
    cluster = azimuth + geometry.cluster_spread * standard_normal(numbers["cluster"])
    return cluster[:, None] + laplace(numbers["ray"], geometry.ray_spread)
