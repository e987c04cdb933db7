r"""The paper's own problem on one array: the sum rate of the users is maximised, only targets have thresholds (Fig. 3).

.. math::
    \max_{w_u,V_0}\ \sum_u\log_2(1+\gamma_u)\quad\text{s.t.}\quad \gamma_u\ge\gamma,\quad
    a_t^H\Big(\sum_uw_uw_u^H+V_0\Big)a_t\ge\Gamma,\quad \sum_u\|w_u\|^2+\operatorname{tr}V_0\le P,

with :math:`\gamma_u=|a_u^Hw_u|^2/(\sum_{n\ne u}|a_u^Hw_n|^2+a_u^HV_0a_u+\sigma^2)`: PA1 (problem 17) where base station
and satellite are one half-wavelength line. Users get lobes because the rate wants them, not because they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.units import from_db
from leoisac.metrics.sinr import downlink_sinr, received_power
from leoisac.optim.batched.engine import solve_multistart
from leoisac.optim.options import EngineOptions
from leoisac.systems.self_backhaul.evidence.common_aperture import Aperture, span, steering

BUDGET = 10.0
"""Transmit power over the threshold of a target; the paper gives neither."""
_STARTS = 6
_OPTIONS = EngineOptions(penalty=1.0, value_tolerance=1e-7, gradient_floor=1e-4, max_ticks=6000, lanes=_STARTS)


@dataclass(frozen=True)
class RateAperture(Aperture):
    """Design of one array; powers in the unit of the targets' threshold.

    Attributes:
        beams: one per user.
        sensing_covariance: of the sensing waveform.
        sum_rate: of the users, bit/s/Hz.
        sinr: of every user, linear.
        violation: largest relative one of SINR, threshold and power.
    """

    sum_rate: float
    sinr: Float[np.ndarray, " user"]
    violation: float


class _Data(NamedTuple):
    users: Leaf  # (user, dim)
    targets: Leaf  # (target, dim)
    min_sinr: Leaf
    noise: Leaf  # over the budget
    threshold: Leaf  # over the budget


def rate_aperture(
    num_antennas: int,
    target_angles_deg: tuple[float, ...],
    user_angles_deg: tuple[float, ...],
    *,
    budget: float = BUDGET,
    min_sinr_db: float = 2.85,
    noise: float = 0.01,
) -> RateAperture:
    """Largest sum rate of the users, with every target's threshold of 1 met within the budget.

    Args:
        num_antennas: elements, half a wavelength apart.
        target_angles_deg, user_angles_deg: from broadside; users are in line of sight.
        budget: transmit power.
        min_sinr_db: least SINR of users.
        noise: at users.

    Raises:
        ValueError: if a number is not positive.
    """
    for name, value in (("num_antennas", num_antennas), ("budget", budget), ("noise", noise)):
        if not value > 0:
            raise ValueError(f"{name} = {value}: must be positive.")
    users = steering(np.asarray(user_angles_deg, dtype=float), num_antennas)
    targets = steering(np.asarray(target_angles_deg, dtype=float), num_antennas)
    # What lies outside the span of all steering vectors reaches nobody.
    basis = span(np.concatenate([users, targets]))
    data = _Data(
        (users @ np.conj(basis))[None],
        (targets @ np.conj(basis))[None],
        np.asarray([from_db(min_sinr_db)], dtype=float),
        np.asarray([noise / budget]),
        np.asarray([1.0 / budget]),
    )
    starts = _starts(data.users[0], data.targets[0], float(data.threshold[0]))
    found = solve_multistart(_program, starts[None], data, _OPTIONS)
    w, U0 = (part * np.sqrt(budget) for part in _split(np.asarray(found.x[0]), data.users[0], data.targets[0]))
    beams, columns = w @ basis.T, basis @ U0
    V0 = columns @ np.conj(columns.T)
    sinr = downlink_sinr(users, beams, received_power(users, V0), noise)
    reached = received_power(targets, V0 + beams.T @ np.conj(beams))
    power = float(np.sum(np.abs(beams) ** 2) + np.real(np.trace(V0)))
    short = max(1.0 - float(np.min(reached)), power / budget - 1.0, 1.0 - float(np.min(sinr)) / from_db(min_sinr_db))
    return RateAperture(beams, V0, float(np.sum(np.log2(1.0 + sinr))), sinr, max(short, 0.0))


def _program(x: Float[Array, " n"], data: _Data) -> tuple[Float[Array, ""], Float[Array, " m"]]:
    """Minus the sum rate, and constraints ``c >= 0``, in units of the budget."""
    w, U0 = _split(x, data.users, data.targets)
    gains = jnp.abs(jnp.conj(data.users) @ w.T) ** 2
    own = jnp.diagonal(gains)
    sensing = jnp.sum(jnp.abs(jnp.conj(data.users) @ U0) ** 2, axis=1)
    sinr = own / (jnp.sum(gains * (1.0 - jnp.eye(len(own))), axis=1) + sensing + data.noise)
    pattern = jnp.sum(jnp.abs(jnp.conj(data.targets) @ U0) ** 2, axis=1)
    pattern = pattern + jnp.sum(jnp.abs(jnp.conj(data.targets) @ w.T) ** 2, axis=1)
    power = jnp.sum(jnp.abs(w) ** 2) + jnp.sum(jnp.abs(U0) ** 2)
    limits = [jnp.log2(1.0 + sinr) - jnp.log2(1.0 + data.min_sinr), pattern / data.threshold - 1.0]
    return -jnp.sum(jnp.log2(1.0 + sinr)), jnp.concatenate([*limits, (1.0 - power)[None]])


def _split(x: Any, users: Any, targets: Any) -> tuple[Any, Any]:
    """Beams of the users as rows, sensing columns."""
    count, dim = users.shape
    pairs = x.reshape(2, -1)
    values = pairs[0] + 1j * pairs[1]
    return values[: count * dim].reshape(count, dim), values[count * dim :].reshape(dim, targets.shape[0])


def _starts(users: Any, targets: Any, threshold: float) -> Float[np.ndarray, "start n"]:
    """Zero forcing beams and matched sensing columns, disturbed."""
    rng = np.random.default_rng(0)
    everyone = np.concatenate([users, targets])
    inverse = np.linalg.pinv(np.conj(everyone), rcond=1e-2).T
    beams = inverse[: len(users)] / np.linalg.norm(inverse[: len(users)], axis=1, keepdims=True)
    beams = beams * np.sqrt(0.5 / len(users))
    columns = targets.T * np.sqrt(threshold)
    values = np.concatenate([beams.ravel(), columns.ravel()])
    noise = rng.standard_normal((_STARTS, len(values), 2)) @ np.array([1.0, 1j])
    points = values + 0.3 * np.arange(_STARTS)[:, None] / _STARTS * noise * np.sqrt(threshold / 6.0)
    return np.concatenate([points.real, points.imag], axis=1)


__all__ = ["BUDGET", "RateAperture", "rate_aperture"]
