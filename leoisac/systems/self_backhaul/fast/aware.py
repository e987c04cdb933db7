r"""Independent beamforming that knows whom it disturbs, still without a joint design.

Each side uses its own channels alone. The base station's beams are :math:`(\sum_nh_nh_n^H+w_bh_sh_s^H+MI)^{-1}h_m` of
equal power: regularised zero forcing with the Earth Station as one more row. The feeder beam is
:math:`(w_s\sum_mg_mg_m^H+I)^{-1}g_s`: a regularised null towards the users. The weights are fields of the
configuration; left out, each side takes the least one that keeps its own estimate of the interference that it causes
below a limit, relative to the noise there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.systems.self_backhaul.fast.baselines import Spare, finish
from leoisac.systems.self_backhaul.fast.fair import links_beside_sensing
from leoisac.systems.self_backhaul.fast.links import Link
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters
from leoisac.systems.self_backhaul.problem.normalised import joint_design, normalise

USER_LIMIT = 1.0
"""Mean interference of the feeder beam at the users over their noise: it costs a user one bit at most."""
ES_LIMIT = 0.1
"""Interference of the base station's beams at the Earth Station over its noise: all users depend on that link."""
_RANGE = (-6.0, 6.0)
_HALVINGS = 40


def solve_ibs_aware(parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Independent beamforming in which each side spares the other's receivers by its own channels."""
    links: Link = by_lanes(links_beside_sensing)(parameters, channels)
    design = by_lanes(_independent)(parameters, channels, links)
    spare = Spare(links.spare[:, -1], links.most_spare[:, -1])
    return finish(parameters, channels, design, spare, (links.spare[:, -1] * 0.0).astype(int))


def _independent(parameters: Parameters, channels: Channels, links: Link) -> JointDesign:
    problem = normalise(parameters, channels)
    h, h_es, g, g_es = problem.h_users, problem.h_es, problem.g_users, problem.g_es
    users = h.shape[0]
    sensing = links.sensing[-1]
    left = jnp.maximum(1.0 - jnp.real(jnp.trace(sensing)), 0.0)

    def from_bs(weight: Any) -> Complex[Array, "user bs_antenna"]:
        gram = h.T @ jnp.conj(h) + weight * jnp.outer(h_es, jnp.conj(h_es)) + users * jnp.eye(h_es.size)
        return _of_power(jnp.linalg.solve(gram, h.T).T, 1.0 / users)

    def from_satellite(weight: Any) -> Complex[Array, " feed"]:
        gram = weight * (g.T @ jnp.conj(g)) + jnp.eye(g_es.size)
        return _of_power(jnp.linalg.solve(gram, g_es), left)

    def at_es(beams: Any) -> Any:
        return jnp.sum(jnp.abs(jnp.conj(beams) @ h_es) ** 2)

    def at_users(beam: Any) -> Any:
        return jnp.mean(jnp.abs(jnp.conj(g) @ beam) ** 2)

    bs_weight = _weight(parameters.ibs_weights[0], lambda weight: at_es(from_bs(weight)), ES_LIMIT)
    satellite_weight = _weight(parameters.ibs_weights[1], lambda weight: at_users(from_satellite(weight)), USER_LIMIT)
    return joint_design(parameters, from_bs(bs_weight), from_satellite(satellite_weight), sensing)


def _weight(given: Any, caused: Callable[[Any], Any], limit: float) -> Float[Array, ""]:
    """The weight of the configuration, or by bisection the least one within the limit; the largest tried if none is."""

    def halve(_: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = ends
        middle = 0.5 * (low + high)
        fits = caused(10.0**middle) <= limit
        return jnp.where(fits, low, middle), jnp.where(fits, middle, high)

    ends = (jnp.asarray(_RANGE[0]), jnp.asarray(_RANGE[1]))
    return jnp.where(given < 0.0, 10.0 ** jax.lax.fori_loop(0, _HALVINGS, halve, ends)[1], given)


def _of_power(beams: Complex[Array, "*k n"], power: Any) -> Complex[Array, "*k n"]:
    length = jnp.linalg.norm(beams, axis=-1, keepdims=True)
    return beams * jnp.sqrt(power) / jnp.where(length > 0.0, length, 1.0)


__all__ = ["solve_ibs_aware"]
