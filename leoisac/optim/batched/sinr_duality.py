# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
r"""Floors on ratios of signal and interference by the duality of downlink and uplink: least power, balance, capacity.

The problem of least power,

.. math::
    \min\sum_k\lVert f_k\rVert^2\quad\text{s.t.}\quad
    |r_kf_k|^2\ge\gamma_k\Big(\sum_sf_s^HQ_{ks}f_s+1\Big)

has the same optimum as an uplink in which receiver k meets its floor with the power :math:`l_k`: the fixed point
:math:`l_k\leftarrow\gamma_k/(r_k(I+\sum_il_iQ_{ik})^{-1}r_k^H)`. The beams point along
:math:`(I+\sum_il_iQ_{ik})^{-1}r_k^H`, and their powers follow from a linear system (M. Schubert, H. Boche, IEEE Trans.
Veh. Technol. 53(1), 2004). The uplink powers are the multipliers of the floors.

Written for one instance; ``jax.vmap`` it for a batch. What arises between the streams is the caller's: as a function of
the uplink powers, for few problems need all :math:`Q_{ks}` at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import in_double, jax, jnp

_BALANCING_STEPS = 300
_CAPACITY_STEPS = 300
_TINY = 1e-300


class Balanced(NamedTuple):
    """Beams of equal SINR.

    Attributes:
        beams: as rows, total power 1, (user, antenna).
        most_sinr: proven bound on the least SINR of any linear beams of that power.
    """

    beams: Leaf
    most_sinr: Leaf


class Uplink(NamedTuple):
    """Powers and directions of the uplink after some steps of the fixed point."""

    powers: Float[Array, " stream"]
    directions: Complex[Array, "stream dimension"]
    """Beams as rows, of unit length."""


@in_double
def uplink(
    wanted: Complex[Array, "stream dimension"],
    loaded: Callable[[Any], Any],
    ratio: Leaf,
    start: Float[Array, " stream"],
    *,
    steps: int,
    ceiling: float = 1e6,
) -> Uplink:
    """So many steps of the fixed point from ``start``; from zero they rise to it, if there is one.

    Args:
        wanted: rows ``r_k``.
        loaded: from uplink powers to ``I + sum_i l_i Q_ik``, shape ``(stream, dimension, dimension)``.
        ratio: ``gamma_k``, common or one for each stream.
        start: uplink powers.
        steps: of the fixed point.
        ceiling: powers that count as unlimited: where there is no fixed point they stay there.
    """

    def towards(powers: Any) -> Any:
        return jnp.linalg.solve(loaded(powers), jnp.conj(wanted)[..., None])[..., 0]

    def step(_: Any, powers: Any) -> Any:
        gain = jnp.real(jnp.sum(wanted * towards(powers), axis=1))
        return jnp.minimum(ratio / jnp.maximum(gain, _TINY), ceiling)

    powers = jax.lax.fori_loop(0, steps, step, start)
    beams = towards(powers)
    return Uplink(powers, beams / jnp.maximum(jnp.linalg.norm(beams, axis=1, keepdims=True), _TINY))


@in_double
def downlink_powers(
    useful: Float[Array, " stream"], interference: Float[Array, "stream stream"], ratio: Leaf
) -> Float[Array, " stream"]:
    """Powers of unit beams with which every receiver has its ratio exactly, at unit noise; no floors can be met at any
    power by these beams where one of them is not positive.

    Args:
        useful: ``|r_k f_k|^2``.
        interference: ``f_s^H Q_ks f_s``, shape ``(receiver, stream)``.
        ratio: ``gamma_k``, common or one for each stream.
    """
    return jnp.linalg.solve(jnp.diag(useful / ratio) - interference, jnp.ones(len(useful)))


@in_double
def balanced_beams(h: Complex[Array, "user antenna"]) -> Balanced:
    r"""Beams of one transmitter with the largest common SINR for all users, total power 1 and noise 1.

    By duality with the uplink (M. Schubert, H. Boche, IEEE Trans. Veh. Technol. 53(1), 2004): powers ``q`` that sum to
    1 and receivers :math:`\Sigma^{-1}h_m`, :math:`\Sigma=I+\sum_nq_nh_nh_n^H`, by the fixed point
    :math:`q_m\propto1/a_m-q_m`, :math:`a_m=h_m^H\Sigma^{-1}h_m`. At any ``q`` the largest uplink SINR
    :math:`q_ma_m/(1-q_ma_m)` bounds the common one from above: the interference function is standard.
    """
    users = h.shape[0]
    x = _in_span(h)

    def gains(q: Array) -> Array:
        return jnp.maximum(_gains(x, q), _TINY)

    def step(_: Any, q: Array) -> Array:
        need = jnp.maximum(1.0 / gains(q) - q, _TINY)
        return need / jnp.sum(need)

    q = jax.lax.fori_loop(0, _BALANCING_STEPS, step, jnp.full(users, 1.0 / users))
    a = gains(q)
    uplink = q * a / jnp.maximum(1.0 - q * a, _TINY)
    covariance = jnp.eye(h.shape[1]) + (h.T * q) @ jnp.conj(h)
    directions = jnp.linalg.solve(covariance, h.T).T
    length = jnp.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / jnp.where(length > 0.0, length, 1.0)
    power = jnp.abs(jnp.conj(h) @ directions.T) ** 2
    own = jnp.diagonal(power)
    cross = power - jnp.diag(own)
    common = jnp.min(uplink)
    p = jnp.linalg.solve(jnp.diag(own / jnp.maximum(common, _TINY)) - cross, jnp.ones(users))
    good = jnp.all(jnp.isfinite(p)) & jnp.all(p > 0.0)
    p = jnp.where(good, p, 1.0)
    return Balanced(directions * jnp.sqrt(p / jnp.sum(p))[:, None], jnp.max(uplink))


@in_double
def most_sum_rate(h: Complex[Array, "user antenna"]) -> Float[Array, ""]:
    r"""Upper bound in bit/s/Hz on the sum rate that any coding can give the users, power 1 and noise 1.

    The sum capacity is that of the dual uplink, :math:`\max_q\log\det(I+\sum q_mh_mh_m^H)` (S. Vishwanath, N. Jindal,
    A. Goldsmith, IEEE Trans. Inf. Theory 49(10), 2003). Powers rise by the factor by which their gain exceeds the mean;
    at any ``q`` the tangent of the concave function bounds it from above.
    """
    users = h.shape[0]
    x = _in_span(h)

    def step(_: Any, q: Array) -> Array:
        a = jnp.maximum(_gains(x, q), _TINY)
        return q * a / jnp.sum(q * a)

    q = jax.lax.fori_loop(0, _CAPACITY_STEPS, step, jnp.full(users, 1.0 / users))
    a = _gains(x, q)
    log_det = jnp.linalg.slogdet(jnp.eye(x.shape[1]) + (x.T * q) @ jnp.conj(x))[1]
    return (log_det + jnp.max(a) - jnp.sum(q * a)) / jnp.log(2.0)


def _in_span(h: Complex[Array, "user antenna"]) -> Complex[Array, "user dim"]:
    """The channels in coordinates of their span, where there are more antennas than users."""
    return h if h.shape[1] <= h.shape[0] else jnp.linalg.qr(h.T)[1].T


def _gains(x: Complex[Array, "user dim"], q: Float[Array, " user"]) -> Float[Array, " user"]:
    """``h_m^H Sigma^-1 h_m``."""
    covariance = jnp.eye(x.shape[1]) + (x.T * q) @ jnp.conj(x)
    factor = jax.lax.linalg.cholesky(covariance, symmetrize_input=False)
    white = jax.lax.linalg.triangular_solve(factor, x.T, left_side=True, lower=True)
    return jnp.sum(jnp.abs(white) ** 2, axis=0)
