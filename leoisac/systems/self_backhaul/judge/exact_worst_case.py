r"""The least rates that one error of each channel leaves: what beams are sure of, exactly.

A guarantee takes the worst of a receiver's signal and of its interference separately; one error has to serve for both.
Over a ball of errors of ``h`` the least ratio

.. math::
    \min_{\|\Delta\|\le r}\ \frac{(h+\Delta)^HS(h+\Delta)}{(h+\Delta)^HI(h+\Delta)+c}

is found by Dinkelbach's method: at a ratio ``t`` the error that makes :math:`S-tI` least lowers the ratio, and its
minimum over the ball is global whatever the signature (``optim.batched.trust_region``). Errors of different channels
are independent, so that one set of them attains all least rates at once.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.optim.batched.trust_region import maximise_over_ball, minimise_over_ball
from leoisac.systems.self_backhaul.judge.worst_case import GuaranteedRates, error_radii
from leoisac.systems.self_backhaul.model import Channels, JointDesign, Parameters

_STEPS = 8


def exact_worst_rates(parameters: Parameters, channels: Channels, design: JointDesign) -> GuaranteedRates:
    """Least rates of one trial's design over the error balls, bit/s/Hz. Traceable."""
    radii = error_radii(parameters, channels)
    W = _outer(design.bs_beams)
    users = W.shape[0]
    V, V0 = _outer(design.satellite_beam), design.sensing_covariance
    others = jnp.einsum("mn,nij->mij", 1.0 - jnp.eye(users), W)
    sensed = jnp.broadcast_to(V + V0, (users, *V0.shape))
    from_satellite = maximise_over_ball(sensed, channels.g_users, radii.g_users).value
    noise = channels.noise_power
    sinr = _least_ratio(W, others, from_satellite + noise, channels.h_users, radii.h_users)
    leakage = maximise_over_ball(jnp.sum(W, axis=0), channels.h_es, radii.h_es).value
    es_noise = noise * parameters.es_noise_ratio
    feeder = _least_ratio(V, V0, leakage + es_noise, channels.g_es, radii.g_es)
    rate, backhaul_rate = spectral_efficiency(sinr), spectral_efficiency(feeder)
    return GuaranteedRates(rate, backhaul_rate, jnp.minimum(jnp.sum(rate), backhaul_rate))


def _least_ratio(
    signal: Complex[Array, "*k n n"],
    interference: Complex[Array, "*k n n"],
    constant: Float[Array, "*k"],
    h: Complex[Array, "*k n"],
    radius: Float[Array, "*k"],
) -> Float[Array, "*k"]:
    def ratio(error: Any) -> Any:
        x = h + error
        return _quadratic(signal, x) / (_quadratic(interference, x) + constant)

    def step(_: Any, best: Any) -> Any:
        error = minimise_over_ball(signal - best[..., None, None] * interference, h, radius).error
        return jnp.minimum(best, ratio(error))

    start = jnp.minimum(ratio(jnp.zeros_like(h)), ratio(minimise_over_ball(signal, h, radius).error))
    return jnp.maximum(jax.lax.fori_loop(0, _STEPS, step, start), 0.0)


def _quadratic(X: Complex[Array, "*k n n"], x: Complex[Array, "*k n"]) -> Float[Array, "*k"]:
    return jnp.real(jnp.einsum("...i,...ij,...j->...", jnp.conj(x), X, x))


def _outer(beams: Complex[Array, "*k n"]) -> Complex[Array, "*k n n"]:
    return beams[..., :, None] * jnp.conj(beams)[..., None, :]


__all__ = ["exact_worst_rates"]
