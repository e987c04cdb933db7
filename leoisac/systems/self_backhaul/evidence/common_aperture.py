r"""Beampattern of one common array that serves users and senses targets: the setting behind the paper's Fig. 3.

The paper adds the covariances of base station and satellite against one steering vector. Only a single array can do
that, and only then do lobes appear at users as well as at targets. The design here spends the least total power for

.. math::
    a_t^HRa_t\ge\Gamma,\qquad
    \frac{a_u^HW_ua_u}{a_u^H(\sum_{n\ne u}W_n+V_0)a_u+\sigma^2}\ge\gamma

with unit-norm steering vectors of a half-wavelength line. Reading ``joint``: :math:`R=\sum_uW_u+V_0`, and users too are
directions t. Reading ``sensing``: :math:`R=V_0` and the targets alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float

from leoisac.antennas.steering import ula_steering_vector
from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import by_lanes, take
from leoisac.foundation.units import deg_to_rad, from_db
from leoisac.metrics.beampattern import beampattern
from leoisac.metrics.sinr import downlink_sinr, received_power
from leoisac.optim.batched.rank_one_sdp import BlockFamily, maximise_dual


@dataclass(frozen=True)
class Aperture:
    """What one array transmits.

    Attributes:
        beams: one per user.
        sensing_covariance: of the sensing waveform.
    """

    beams: Complex[np.ndarray, "user antenna"]
    sensing_covariance: Complex[np.ndarray, "antenna antenna"]

    def pattern(self, angles_deg: Float[np.ndarray, " angle"], reading: str = "joint") -> Float[np.ndarray, " angle"]:
        """Gain ``a^H R a`` over angles from broadside, of everything or of the sensing waveform alone."""
        covariance = self.sensing_covariance
        if reading == "joint":
            covariance = covariance + self.beams.T @ np.conj(self.beams)
        return beampattern(covariance, steering(angles_deg, len(covariance)))


@dataclass(frozen=True)
class CommonAperture(Aperture):
    """Least-power design of one array; powers in the unit of the required gain.

    Attributes:
        beams: one per user, recovered from the lifted optimum without loss of SINR, power or pattern.
        sensing_covariance: of the sensing waveform; in the joint reading it takes up what the beams leave of ``W_u``.
        power: total transmit power.
        lower_bound: of the least power, by a dual point (weak duality).
        sinr: of every user, linear.
        converged: power and bound met the tolerance.
    """

    power: float
    lower_bound: float
    sinr: Float[np.ndarray, " user"]
    converged: bool


def common_aperture(
    num_antennas: int = 16,
    target_angles_deg: tuple[float, ...] = (-54.0, -18.0, 18.0, 54.0),
    user_angles_deg: tuple[float, ...] = (-30.0, 30.0),
    *,
    reading: str = "joint",
    min_gain: float = 1.0,
    min_sinr_db: float = 2.85,
    noise: float = 0.01,
) -> CommonAperture:
    """Design one array for users and targets with the least total power.

    Args:
        num_antennas: elements, half a wavelength apart.
        target_angles_deg, user_angles_deg: from broadside; users are in line of sight.
        reading: which covariance has to reach the gain, see the module.
        min_gain: required gain.
        min_sinr_db: required SINR of users.
        noise: at users, in the unit of the gain.

    Raises:
        ValueError: for another reading, without users, or if a number is not positive.
    """
    if reading not in ("joint", "sensing"):
        raise ValueError(f"reading = {reading!r}: must be `joint` or `sensing`.")
    if not user_angles_deg:
        raise ValueError("user_angles_deg is empty: the design needs a user.")
    for name, value in (("num_antennas", num_antennas), ("min_gain", min_gain), ("noise", noise)):
        if not value > 0:
            raise ValueError(f"{name} = {value}: must be positive.")
    users = steering(np.asarray(user_angles_deg, dtype=float), num_antennas)
    targets = steering(np.asarray(target_angles_deg, dtype=float), num_antennas)
    joint = reading == "joint"
    needs = _Needs(
        sinr=np.asarray(from_db(min_sinr_db), dtype=float),
        noise=np.asarray(float(noise)),
        gains=np.r_[np.full(len(targets), float(min_gain)), np.full(len(users), joint * float(min_gain))],
        joint=np.asarray(float(joint)),
    )
    # In the span of all steering vectors the problem has the same size, and program, for every large array.
    basis = span(np.concatenate([users, targets]))
    spanned = (users @ np.conj(basis))[None], (targets @ np.conj(basis))[None]
    solved: _Solved = take(by_lanes(_solve)(needs, *spanned), 0)
    turn = np.conj(basis.T)
    solved = solved._replace(W=basis @ solved.W @ turn, V0=basis @ solved.V0 @ turn)
    return _recovered(solved, users, targets, needs, joint)


class _Needs(NamedTuple):
    sinr: Leaf
    noise: Leaf
    gains: Leaf  # (direction,): targets, then users, of whom nothing is required in the sensing reading
    joint: Leaf  # 1 in the joint reading, 0 in the other


class _Solved(NamedTuple):
    W: Leaf  # (user, antenna, antenna)
    V0: Leaf
    lower_bound: Leaf
    converged: Leaf


def _solve(needs: _Needs, users: Complex[Array, "user antenna"], targets: Complex[Array, "target antenna"]) -> _Solved:
    """Dual variables: a price ``q_u`` per user's SINR, then ``y_t`` per direction's gain, targets first.

    ``I + sum_(n != u) q_n a_n a_n^H - (q_u / gamma) a_u a_u^H - [joint] sum_t y_t a_t a_t^H`` belongs to ``W_u``, and
    ``I + sum_n q_n a_n a_n^H - sum_t y_t a_t a_t^H`` to ``V_0``.
    """
    count, directions = len(users), needs.gains.size
    unit = jnp.eye(count + directions)
    price, at_targets, at_users = unit[:count], unit[count:-count], needs.joint * unit[-count:]
    atoms = jnp.concatenate([users, targets])
    serving = jnp.concatenate([price - at_users, -needs.joint * at_targets])
    sensing = jnp.concatenate([price - at_users, -at_targets])
    own = -price / needs.sinr - at_users

    def family(weights: Any, own: Any) -> BlockFamily:
        return BlockFamily(atoms, weights, jnp.zeros(len(atoms)), jnp.zeros(count + directions), jnp.asarray(1.0), own)

    prices = jnp.full(count, 0.25 * jnp.minimum(1.0, needs.sinr))
    # A gain that is not required has no part in anything: a bound keeps its variable from drifting.
    bounds = jnp.concatenate([jnp.full(count, jnp.inf), jnp.where(needs.gains > 0.0, jnp.inf, 1.0)])
    solution = maximise_dual(
        jnp.concatenate([jnp.full(count, needs.noise), needs.gains]),
        (family(serving, own), family(sensing, sensing[:1])),
        bounds,
        jnp.concatenate([prices, jnp.full(directions, 0.25 / directions)]),
    )
    W, V0 = solution.primal
    return _Solved(W, V0[0], solution.dual_value, solution.converged)


def _recovered(solved: _Solved, users: np.ndarray, targets: np.ndarray, needs: _Needs, joint: bool) -> CommonAperture:
    """Beams ``W_u a_u / sqrt(a_u^H W_u a_u)``; in the joint reading the rest of ``W_u`` goes to the sensing waveform.

    The rest is not heard in its user's direction, and other users hear it as before: neither pattern, power nor SINR
    changes. Then all is scaled so that the tightest requirement is exact.
    """
    image = np.einsum("uij,uj->ui", solved.W, users)
    own = np.real(np.sum(np.conj(users) * image, axis=1, keepdims=True))
    beams = image / np.sqrt(own)
    V0 = np.asarray(solved.V0)
    if joint:
        V0 = V0 + np.sum(solved.W, axis=0) - beams.T @ np.conj(beams)
    V0 = (V0 + np.conj(V0.T)) / 2
    total = V0 + beams.T @ np.conj(beams)
    reached = received_power(np.concatenate([targets, users]) if joint else targets, total if joint else V0)
    # Signal over SINR target less interference must reach the noise.
    gains = np.abs(np.conj(users) @ beams.T) ** 2
    signal = np.diagonal(gains)
    room = signal / needs.sinr - (np.sum(gains, axis=1) - signal) - received_power(users, V0)
    factor = float(max(np.max(needs.gains[: len(reached)] / reached, initial=0.0), np.max(needs.noise / room)))
    beams, V0 = beams * np.sqrt(factor), V0 * factor
    return CommonAperture(
        beams,
        V0,
        float(np.sum(np.abs(beams) ** 2) + np.real(np.trace(V0))),
        float(solved.lower_bound),
        downlink_sinr(users, beams, received_power(users, V0), needs.noise),
        bool(solved.converged),
    )


def span(vectors: Complex[np.ndarray, "vector antenna"]) -> Complex[np.ndarray, "antenna dim"]:
    """Orthonormal basis, as columns, of the span of the vectors; of everything if there are as many as antennas."""
    count, dim = vectors.shape
    return np.linalg.qr(vectors.T)[0] if count < dim else np.eye(dim, dtype=complex)


def steering(angles_deg: Float[np.ndarray, " angle"], count: int) -> Complex[np.ndarray, "angle antenna"]:
    """Unit-norm steering vectors of a half-wavelength line."""
    return ula_steering_vector(deg_to_rad(angles_deg), count) / np.sqrt(count)


__all__ = ["CommonAperture", "common_aperture", "span", "steering"]
