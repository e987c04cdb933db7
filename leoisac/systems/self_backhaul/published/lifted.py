"""The joint design over covariances: normalised instances, received powers, and the scaling of convex problems.

Units are normalised: base-station channels are multiplied by ``sqrt(P_T) / sigma``, satellite channels by
``sqrt(P_s) / sigma``, thresholds divided by ``P_s``. Noise and both power budgets are then 1. Beams are lifted to
covariances ``W_m``, ``V`` (rank one in the end) and ``V_0`` (any rank).

Convex problems hold the lifted variables in scaled form: every user's powers are relative to the total power received
in the last iterate, the Earth Station's to its own, ``V = T_v V' T_v^H`` and ``V_0 = T_0 V_0' T_0^H``. Unscaled, powers
at the Earth Station exceed the noise by up to 1e7 and interior-point solvers stall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.optim.conic.hermitian import (
    coordinates,
    feeder_congruence,
    nulling_congruence,
    outer,
    quadratic_form,
)


@dataclass(frozen=True)
class Instance:
    """One trial in normalised units.

    Attributes:
        h_users, h_es, g_users, g_es: channels.
        targets: unit-norm satellite steering vectors.
        bs_targets: base-station steering vectors times ``sqrt(P_T / P_s)``; zero where its beams do not count.
        pattern_min: thresholds.
        min_rate: least rate of every user in bit/s/Hz.
        joint: the base station's beams count towards the beampattern.
    """

    h_users: Complex[np.ndarray, "user bs_antenna"]
    h_es: Complex[np.ndarray, " bs_antenna"]
    g_users: Complex[np.ndarray, "user feed"]
    g_es: Complex[np.ndarray, " feed"]
    targets: Complex[np.ndarray, "target feed"]
    bs_targets: Complex[np.ndarray, "target bs_antenna"]
    pattern_min: Float[np.ndarray, " target"]
    min_rate: float
    joint: bool = False

    @property
    def sizes(self) -> tuple[int, int, int, int, bool]:
        """Users, base-station antennas, feeds, targets, joint pattern: what a problem is compiled for."""
        return (*self.h_users.shape, len(self.g_es), len(self.targets), self.joint)


@dataclass(frozen=True)
class Lifted:
    """Covariances of a design in normalised units; positive semidefinite."""

    W: Complex[np.ndarray, "user bs_antenna bs_antenna"]
    V: Complex[np.ndarray, "feed feed"]
    V0: Complex[np.ndarray, "feed feed"]


@dataclass(frozen=True)
class ReceivedPowers:
    """Powers relative to noise, noise included in all but the signals.

    ``interference`` and ``es_interference`` are what disturbs; totals are these plus the signal.
    """

    signal: Float[np.ndarray, " user"]
    interference: Float[np.ndarray, " user"]
    es_signal: float
    es_interference: float

    @property
    def rates(self) -> Float[np.ndarray, " user"]:
        """User rates in bit/s/Hz."""
        return np.log2(1.0 + self.signal / self.interference)

    @property
    def backhaul_rate(self) -> float:
        """Rate of the feeder link in bit/s/Hz."""
        return math.log2(1.0 + self.es_signal / self.es_interference)

    @property
    def delivered(self) -> float:
        """What the users get: the smaller of access sum rate and backhaul rate."""
        return min(float(np.sum(self.rates)), self.backhaul_rate)


def received_powers(instance: Instance, lifted: Lifted) -> ReceivedPowers:
    """Received powers of a lifted design (paper, eq. 7, as eqs. 33-34 need them)."""
    at_users = np.real(np.einsum("mi,nij,mj->mn", np.conj(instance.h_users), lifted.W, instance.h_users))
    signal = np.diagonal(at_users)
    from_satellite = quadratic_form(instance.g_users, lifted.V + lifted.V0)
    leakage = quadratic_form(instance.h_es, np.sum(lifted.W, axis=0)) + quadratic_form(instance.g_es, lifted.V0)
    return ReceivedPowers(
        signal,
        np.sum(at_users, axis=1) - signal + from_satellite + 1.0,
        float(quadratic_form(instance.g_es, lifted.V)),
        float(leakage) + 1.0,
    )


@dataclass(frozen=True)
class Scaling:
    """Units of the scaled unknowns: received totals and interference, congruences of ``V`` and ``V_0``."""

    total: Float[np.ndarray, " user"]
    interference: Float[np.ndarray, " user"]
    es_total: float
    es_interference: float
    feeder: Complex[np.ndarray, "feed feed"]
    sensing: Complex[np.ndarray, "feed feed"]


def scaling(instance: Instance, powers: ReceivedPowers) -> Scaling:
    """Scaling for received powers of about these."""
    satellite = np.concatenate([instance.g_users, instance.g_es[None, :]])
    es_total = powers.es_signal + powers.es_interference
    return Scaling(
        powers.signal + powers.interference,
        powers.interference,
        es_total,
        powers.es_interference,
        feeder_congruence(satellite, es_total),
        nulling_congruence(satellite, float(np.max(instance.pattern_min))),
    )


def least_powers(instance: Instance) -> ReceivedPowers:
    """Rough received powers of a design that just meets the least rates, to scale the test of feasibility."""
    total = np.sum(np.abs(instance.h_users) ** 2, axis=1)
    interference = total / 2.0**instance.min_rate
    es_total = 2.0 ** (len(total) * instance.min_rate)
    return ReceivedPowers(total - interference, interference, es_total - 1.0, 1.0)


def channel_values(instance: Instance, units: Scaling) -> dict[str, Any]:
    """Parameter values that channels and scaling determine, of every problem below."""
    per_user = 1.0 / units.interference[:, None]
    at_users = coordinates(outer(instance.h_users))
    share, es_share = units.interference / units.total, units.es_interference / units.es_total
    values = {
        "user_signal": at_users / units.total[:, None],
        "user_bs": at_users * per_user,
        "user_feeder": _seen(instance.g_users, units.feeder) * per_user,
        "user_sensing": _seen(instance.g_users, units.sensing) * per_user,
        "user_noise": per_user[:, 0],
        "user_share": share,
        "user_min_signal": (2.0**instance.min_rate - 1.0) * share,
        "es_signal": _seen(instance.g_es, units.feeder) / units.es_total,
        "es_bs": coordinates(outer(instance.h_es)) / units.es_interference,
        "es_sensing": _seen(instance.g_es, units.sensing) / units.es_interference,
        "es_noise": 1.0 / units.es_interference,
        "es_share": es_share,
        "feeder_trace": coordinates(np.conj(units.feeder.T) @ units.feeder),
        "sensing_trace": coordinates(np.conj(units.sensing.T) @ units.sensing),
        "pattern": _seen(instance.targets, units.sensing) / instance.pattern_min[:, None],
    }
    if instance.joint:
        values["bs_pattern"] = coordinates(outer(instance.bs_targets)) / instance.pattern_min[:, None]
    return values


def _seen(
    channels: Complex[np.ndarray, "*batch feed"], scale: Complex[np.ndarray, "feed feed"]
) -> Float[np.ndarray, "*batch coordinate"]:
    """Coordinates of ``(T^H g)(T^H g)^H``: power over ``g`` as a function of the scaled covariance."""
    return coordinates(outer(np.conj(np.conj(channels) @ scale)))
