r"""What one transmitter alone can give its receivers: links beside sensing, balanced beams, bounds on rates.

All in normalised units (noise 1, budgets 1), for one trial, traceable. Nothing here is a heuristic: the link beside a
sensing waveform is a linear-fractional program and solved as such, balanced beams are the largest common SINR of linear
beams, and every bound holds for any point that it is taken at.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.sinr import received_power
from leoisac.optim.batched.covering import covering_sdp

_FRACTIONAL_STEPS = 5
_BALANCING_STEPS = 300
_CAPACITY_STEPS = 300
_LEAST = 1e-300


class Link(NamedTuple):
    """The best a satellite beam can do for one receiver beside a sensing waveform that meets the pattern.

    Attributes:
        beam: along the channel, with all the power that sensing leaves, (feed,).
        sensing: covariance of the waveform, (feed, feed).
        snr: signal over noise and sensing that is reached.
        most: proven bound on that of any beam and waveform.
        spare: power that the cheapest waveform found leaves; negative where none that was found fits.
        most_spare: proven bound on what any waveform leaves; negative proves that none fits.
    """

    beam: Leaf
    sensing: Leaf
    snr: Leaf
    most: Leaf
    spare: Leaf
    most_spare: Leaf


class Balanced(NamedTuple):
    """Beams of equal SINR.

    Attributes:
        beams: as rows, total power 1, (user, antenna).
        most_sinr: proven bound on the least SINR of any linear beams of that power.
    """

    beams: Leaf
    most_sinr: Leaf


def best_link(
    g: Complex[Array, " feed"], targets: Complex[Array, "target feed"], demands: Float[Array, " target"]
) -> Link:
    r"""The best feeder or direct link of one receiver.

    .. math::
        \max_{V_0\succeq0}\ \frac{(1-\operatorname{tr}V_0)\,\|g\|^2}{1+g^HV_0g}
        \quad\text{s.t.}\quad a_t^HV_0a_t\ge\Gamma_t

    by Dinkelbach's method (W. Dinkelbach, Management Science 13(7), 1967): at the ratio ``t`` the best waveform is the
    cheapest one under the cost ``I + (t / |g|^2) g g^H``, a covering problem. Its dual bounds the ratio from above at
    any ``t``, since the ratio falls at least as fast as ``t`` rises.
    """
    size = jnp.sum(jnp.abs(g) ** 2)
    safe = jnp.where(size > 0.0, size, 1.0)
    along = jnp.outer(g, jnp.conj(g)) / safe

    class Best(NamedTuple):
        ratio: Leaf
        sensing: Leaf
        left: Leaf
        most: Leaf

    def step(best: Best, _: Any) -> tuple[Best, tuple[Leaf, Leaf]]:
        found = covering_sdp(jnp.eye(g.size) + best.ratio * along, targets, demands)
        left = 1.0 - jnp.real(jnp.trace(found.covariance))
        snr = jnp.maximum(left, 0.0) * size / (1.0 + received_power(g[None], found.covariance)[0])
        excess = size * (1.0 - found.lower_bound) - best.ratio
        better = (snr >= best.ratio) & (left >= 0.0)
        kept = Best(
            jnp.where(better, snr, best.ratio),
            jnp.where(better, found.covariance, best.sensing),
            jnp.where(better, left, best.left),
            jnp.minimum(best.most, best.ratio + jnp.maximum(excess, 0.0)),
        )
        return kept, (left, 1.0 - found.lower_bound)

    nothing = Best(jnp.asarray(0.0), jnp.zeros((g.size, g.size), complex), jnp.asarray(0.0), jnp.asarray(jnp.inf))
    best, (left, bound) = jax.lax.scan(step, nothing, None, length=_FRACTIONAL_STEPS)
    beam = jnp.sqrt(jnp.maximum(best.left, 0.0)) * g / jnp.sqrt(safe)
    # The first cost is the identity: its waveform is the cheapest one.
    return Link(beam, best.sensing, best.ratio, best.most, left[0], bound[0])


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
        return jnp.maximum(_gains(x, q), _LEAST)

    def step(_: Any, q: Array) -> Array:
        need = jnp.maximum(1.0 / gains(q) - q, _LEAST)
        return need / jnp.sum(need)

    q = jax.lax.fori_loop(0, _BALANCING_STEPS, step, jnp.full(users, 1.0 / users))
    a = gains(q)
    uplink = q * a / jnp.maximum(1.0 - q * a, _LEAST)
    covariance = jnp.eye(h.shape[1]) + (h.T * q) @ jnp.conj(h)
    directions = jnp.linalg.solve(covariance, h.T).T
    length = jnp.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / jnp.where(length > 0.0, length, 1.0)
    power = jnp.abs(jnp.conj(h) @ directions.T) ** 2
    own = jnp.diagonal(power)
    cross = power - jnp.diag(own)
    common = jnp.min(uplink)
    p = jnp.linalg.solve(jnp.diag(own / jnp.maximum(common, _LEAST)) - cross, jnp.ones(users))
    good = jnp.all(jnp.isfinite(p)) & jnp.all(p > 0.0)
    p = jnp.where(good, p, 1.0)
    return Balanced(directions * jnp.sqrt(p / jnp.sum(p))[:, None], jnp.max(uplink))


def most_sum_rate(h: Complex[Array, "user antenna"]) -> Float[Array, ""]:
    r"""Upper bound in bit/s/Hz on the sum rate that any coding can give the users, power 1 and noise 1.

    The sum capacity is that of the dual uplink, :math:`\max_q\log\det(I+\sum q_mh_mh_m^H)` (S. Vishwanath, N. Jindal,
    A. Goldsmith, IEEE Trans. Inf. Theory 49(10), 2003). Powers rise by the factor by which their gain exceeds the mean;
    at any ``q`` the tangent of the concave function bounds it from above.
    """
    users = h.shape[0]
    x = _in_span(h)

    def step(_: Any, q: Array) -> Array:
        a = jnp.maximum(_gains(x, q), _LEAST)
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


__all__ = ["Balanced", "Link", "balanced_beams", "best_link", "most_sum_rate"]
