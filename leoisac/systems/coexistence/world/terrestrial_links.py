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


def user_place(geometry: Geometry, uniform: Float[Array, "2"]) -> Float[Array, "2"]:
    """Uniform in area between the least distance and the cell's radius; x, y from the base station."""
    least, most = geometry.min_distance_m**2, geometry.cell_radius_m**2
    radius = jnp.sqrt(least + (most - least) * uniform[0])
    azimuth = 2.0 * math.pi * uniform[1]
    return radius * jnp.stack([jnp.cos(azimuth), jnp.sin(azimuth)])


def terrestrial_rows(
    geometry: Geometry, numbers: Numbers, place: Float[Array, "2"], gain: Float[Array, ""]
) -> tuple[Complex[Array, " tx"], Complex[Array, " tx"]]:
    """Row channels of one user at the instants of P1 and P3.

    ``h = P_LOS sqrt(beta_L) e^{j psi} a_t^H + sqrt(beta_N / (N_c N_r)) sum alpha_ij a_t^H(theta_ij)``. As printed, the
    probability of a line of sight weights its amplitude; with ``los_mode = "bernoulli"`` the link has a line of sight
    with that probability, and then that component only, otherwise only the scattered one.

    Ageing changes small-scale gains and the phase: ``alpha' = rho alpha + sqrt(1 - rho^2) e`` and
    ``psi' = psi + sqrt(1 - rho^2) U(-pi, pi)``.
    """
    distance = jnp.hypot(place[0], place[1])
    azimuth = jnp.arctan2(place[1], place[0])
    flat = distance / jnp.hypot(distance, geometry.bs_height_m - geometry.user_height_m)
    heights = (geometry.carrier_hz, geometry.bs_height_m, geometry.user_height_m)
    normal = standard_normal(numbers["shadowing"])
    los_loss = uma_los_path_loss_db(distance, *heights) - UMA_LOS_SHADOWING_DB * normal[0]
    nlos_loss = uma_nlos_path_loss_db(distance, *heights) - UMA_NLOS_SHADOWING_DB * normal[1]
    probability = uma_los_probability(distance, geometry.user_height_m)
    los_weight, nlos_weight = probability, jnp.ones_like(probability)
    if geometry.bernoulli_los:
        los_weight = jnp.where(numbers["sight"][0] < probability, 1.0, 0.0)
        nlos_weight = 1.0 - los_weight
    los = (
        los_weight
        * jnp.sqrt(gain * from_db(-los_loss))
        * jnp.conj(line_array(geometry.num_tx, jnp.sin(azimuth) * flat))
    )
    nlos = nlos_weight * jnp.sqrt(gain * from_db(-nlos_loss))

    cluster = azimuth + geometry.cluster_spread * standard_normal(numbers["cluster"])
    ray = cluster[:, None] + laplace(numbers["ray"], geometry.ray_spread)
    alpha = complex_normal(numbers["gain"])
    phase = 2.0 * math.pi * numbers["sight"][1]
    rho = geometry.ageing_rho
    aged = gauss_markov(alpha, complex_normal(numbers["innovation"]), rho)
    scattered = rows_of_rays(geometry.num_tx, jnp.sin(ray) * flat, jnp.stack([alpha, aged])) / math.sqrt(alpha.size)
    drift = ageing_spread(rho) * math.pi * (2.0 * numbers["sight"][2] - 1.0)
    now = los * jnp.exp(1j * phase) + nlos * scattered[0]
    return now, los * jnp.exp(1j * (phase + drift)) + nlos * scattered[1]
