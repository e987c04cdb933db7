# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false
"""Sum-power, sum-rate beamforming for single-antenna users by weighted minimum mean square error (WMMSE).

Written for one instance; ``jax.vmap`` it for a batch. An instance that has stopped is frozen while others go on, and no
number of one instance depends on another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from leoisac.foundation.jax_setup import in_double, jax

import jax.numpy as jnp  # isort: skip
from jaxtyping import Array, Bool, Complex, Float, Int

_MULTIPLIER_STEPS = 50
_RANK_TOLERANCE = 1e-13

# Beams as columns, sum rate, its last change, rounds made.
_Carry: TypeAlias = tuple[Array, Array, Array, Array]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SumRateBeams:
    """Outcome of :func:`wmmse`.

    Attributes:
        beams: ``w_m`` as rows, in the square root of the unit of ``power``.
        sum_rate: ``sum_m log2(1 + SINR_m)`` of these beams, in bit/s/Hz.
        iterations: beam updates made.
        converged: whether the sum rate moved by less than the tolerance in the last update.
    """

    beams: Complex[Array, "*batch user antenna"]
    sum_rate: Float[Array, "*batch"]
    iterations: Int[Array, "*batch"]
    converged: Bool[Array, "*batch"]


@in_double
def wmmse(
    h: Complex[Array, "user antenna"],
    noise: Float[Array, " user"],
    power: Float[Array, ""] | float,
    *,
    max_iterations: int | Int[Array, ""] = 300,
    tolerance: float | Float[Array, ""] = 1e-7,
    closed_form_multiplier: bool = False,
) -> SumRateBeams:
    r"""Locally maximise the sum rate of the broadcast channel under a sum-power budget.

    .. math::
        \max_{w}\ \sum_m\log_2\Big(1+\frac{|h_m^Hw_m|^2}{\sum_{n\ne m}|h_m^Hw_n|^2+\sigma_m^2}\Big)
        \quad\text{s.t.}\quad \sum_m\|w_m\|^2\le P .

    Each round sets the receivers :math:`u_m=h_m^Hw_m/T_m` (:math:`T_m`: total received power), the weights
    :math:`\omega_m=T_m/I_m` (:math:`I_m`: interference and noise), and the beams
    :math:`w_m=(\sum_n\omega_n|u_n|^2h_nh_n^H+\mu I)^{-1}\omega_mu_mh_m`; the sum rate never falls. The multiplier
    :math:`\mu\ge0` meets the budget: safeguarded Newton steps on :math:`p(\mu)^{-1/2}`, to full precision. Start:
    matched filters of equal power.

    Args:
        h: channels as rows; the received amplitude is ``h_m^H w``.
        noise: noise powers :math:`\sigma_m^2 > 0`.
        power: budget :math:`P\ge0`. With ``power = 0`` all beams and the sum rate are zero.
        max_iterations: bound on the number of rounds.
        tolerance: stop when the sum rate changes by less than this, in bit/s/Hz.
        closed_form_multiplier: take :math:`\mu=\sum_m\omega_m|u_m|^2\sigma_m^2/P`, exact at every stationary point, and
            scale the beams to the budget. Also monotone, about three times quicker, and of the same quality on average,
            but it may end in another local optimum than the search does.

    Returns:
        Beams that use the whole budget (scaling up at the end can only raise the rate). A user with a zero channel, or
        one that the iteration has switched off, has a zero beam.

    Source:
        Q. Shi, M. Razaviyayn, Z.-Q. Luo, C. He, IEEE Trans. Signal Process. 59(9), 2011, Table I; the closed form of
        the multiplier: X. Zhao, S. Lu, Q. Shi, Z.-Q. Luo, IEEE Trans. Signal Process. 71, 2023.
    """
    users, antennas = h.shape
    dtype = jnp.result_type(h, jnp.complex128)
    # In units of noise and budget; only the span of the channels matters, so long vectors shrink to `users` numbers.
    scaled = (h * (jnp.sqrt(power) / jnp.sqrt(noise))[:, None]).astype(dtype)
    basis, columns = jnp.linalg.qr(scaled.T) if antennas > users else (jnp.eye(antennas, dtype=dtype), scaled.T)

    start = _matched_filters(columns)
    gains = columns.conj().T @ start
    initial: _Carry = (start, _sum_rate(gains), jnp.asarray(jnp.inf), jnp.asarray(0))

    def unfinished(carry: _Carry) -> Array:
        _, _, change, iteration = carry
        return (change >= tolerance) & (iteration < max_iterations)

    def update(carry: _Carry) -> _Carry:
        beams, rate, _, iteration = carry
        beams = _update_beams(columns, beams, closed_form_multiplier)
        new_rate = _sum_rate(columns.conj().T @ beams)
        return beams, new_rate, jnp.abs(new_rate - rate), iteration + 1

    beams, _, change, iterations = jax.lax.while_loop(unfinished, update, initial)
    beams = _to_unit_power(beams)
    return SumRateBeams(
        beams=jnp.sqrt(power) * (basis @ beams).T,
        sum_rate=_sum_rate(columns.conj().T @ beams),
        iterations=iterations,
        converged=change < tolerance,
    )


def _matched_filters(columns: Complex[Array, "dim user"]) -> Complex[Array, "dim user"]:
    norms = jnp.linalg.norm(columns, axis=0)
    return columns / jnp.where(norms > 0, norms, 1.0) / jnp.sqrt(columns.shape[1])


def _to_unit_power(beams: Complex[Array, "dim user"]) -> Complex[Array, "dim user"]:
    norm = jnp.linalg.norm(beams)
    return beams / jnp.where(norm > 0, norm, 1.0)


def _sum_rate(gains: Complex[Array, "user beam"]) -> Float[Array, ""]:
    received = jnp.abs(gains) ** 2
    signal = jnp.diagonal(received)
    return jnp.sum(jnp.log2(1 + signal / (_interference(received) + 1)))


def _interference(received: Float[Array, "user beam"]) -> Float[Array, " user"]:
    # Summed without the signal, not by subtracting it: strong links would lose the noise to rounding.
    return jnp.sum(received * (1 - jnp.eye(received.shape[0])), axis=1)


def _update_beams(
    columns: Complex[Array, "dim user"], beams: Complex[Array, "dim user"], closed_form: bool
) -> Complex[Array, "dim user"]:
    gains = columns.conj().T @ beams
    received = jnp.abs(gains) ** 2
    disturbance = _interference(received) + 1
    total = disturbance + jnp.diagonal(received)
    receiver = jnp.diagonal(gains) / total
    weight = total / disturbance
    penalty = weight * jnp.abs(receiver) ** 2
    gram = (columns * penalty) @ columns.conj().T
    targets = columns * (weight * receiver)
    guess = jnp.sum(penalty)
    if closed_form:
        factor = jax.lax.linalg.cholesky(gram + jnp.where(guess > 0, guess, 1.0) * jnp.eye(gram.shape[0]))
        return _to_unit_power(jax.scipy.linalg.cho_solve((factor, True), targets))
    values, vectors = jnp.linalg.eigh(gram)
    rotated = vectors.conj().T @ targets
    # The targets lie in the range of the Gram matrix: whatever rounding puts elsewhere is dropped.
    regular = values > _RANK_TOLERANCE * values[-1]
    values = jnp.where(regular, values, 1.0)
    rotated = jnp.where(regular[:, None], rotated, 0.0)
    multiplier = _multiplier(values, jnp.sum(jnp.abs(rotated) ** 2, axis=1), guess)
    return vectors @ (rotated / (values + multiplier)[:, None])


def _multiplier(
    values: Float[Array, " dim"], energies: Float[Array, " dim"], guess: Float[Array, ""]
) -> Float[Array, ""]:
    """Smallest ``mu >= 0`` with ``p(mu) = sum_i energies_i / (values_i + mu)^2 <= 1``.

    ``p^(-1/2)`` is increasing and concave, so that Newton steps climb to the root from any point left of it.
    """
    low = jnp.maximum(0.0, jnp.max(jnp.sqrt(energies) - values))
    high = jnp.sqrt(jnp.sum(energies))
    idle = jnp.sum(energies / values**2) <= 1.0

    def unfinished(carry: tuple[Array, Array, Array]) -> Array:
        _, error, step = carry
        return (error > 1e-14) & (step < _MULTIPLIER_STEPS) & ~idle

    def newton(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        mu, _, step = carry
        power = jnp.sum(energies / (values + mu) ** 2)
        slope = jnp.sum(energies / (values + mu) ** 3)
        moved = jnp.clip(mu + (jnp.sqrt(power) - 1.0) * power / jnp.where(slope > 0, slope, 1.0), low, high)
        return moved, jnp.abs(moved - mu) / jnp.maximum(moved, jnp.finfo(moved.dtype).tiny), step + 1

    mu, _, _ = jax.lax.while_loop(
        unfinished, newton, (jnp.clip(guess, low, high), jnp.asarray(jnp.inf), jnp.asarray(0))
    )
    return jnp.where(idle, 0.0, mu)
