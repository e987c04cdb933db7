"""The design problem over covariances: instances, received powers, and the convex subproblem of the published method.

Precoder columns are lifted to ``P_j = p_j p_j^H``. Convex problems hold ``V_j`` with ``P_j = T V_j T^H``: with nearly
collinear users an interior-point solver breaks down on the ``P_j`` themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Float

from leoisac.metrics.rsma import allocate_common_rate
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.hermitian import congruence, coordinates, embedding, from_coordinates, outer, positive_part
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape

_LOADING = 30.0
"""Multiple of the identity in the whitening, in noise units."""
_SCALE = 10.0
"""Amplitude of the whitening."""


@dataclass(frozen=True)
class Instance:
    """One trial and mode in normalised units: power budget 1, noise 1. Any dimension, reduced or all antennas.

    Attributes:
        users: channels ``g_k``.
        target: unit vector towards the target.
        floor: least target gain, as a share of the largest.
        common: there is a common stream.
        radar: there is a radar sequence.
        interfering: the users do not cancel it.
    """

    users: Complex[np.ndarray, "user dimension"]
    target: Complex[np.ndarray, " dimension"]
    floor: float
    common: bool
    radar: bool
    interfering: bool

    @property
    def sizes(self) -> tuple[int, int, bool, bool, bool]:
        """What a convex problem is compiled for."""
        return (*self.users.shape, self.common, self.radar, self.interfering)

    @property
    def streams(self) -> Bool[np.ndarray, " stream"]:
        """Which of the streams (users, common, radar) the mode has; absent ones are not in the lifted problem."""
        return np.array([True] * len(self.users) + [self.common, self.radar])

    @cached_property
    def whitening(self) -> Complex[np.ndarray, "dimension dimension"]:
        """``T = 10 (sum of g g^H + 30 I)^(-1/2)``."""
        gram = self.users.T @ np.conj(self.users) + _LOADING * np.eye(self.users.shape[1])
        values, vectors = np.linalg.eigh(gram)
        return _SCALE * (vectors / np.sqrt(values)) @ np.conj(vectors.T)


@dataclass(frozen=True)
class ReceivedPowers:
    """Logarithms (nats) of what the users receive, noise included: the arguments of both rates.

    Attributes:
        total: everything, ``c_k``; with ``private``, ``R_c,k = (c_k - d_k) / ln 2``.
        private: what is left once the common stream is decoded, ``d_k = e_k``.
        disturbing: the same without the own private stream, ``f_k``; ``R_p,k = (e_k - f_k) / ln 2``.
    """

    total: Float[np.ndarray, " user"]
    private: Float[np.ndarray, " user"]
    disturbing: Float[np.ndarray, " user"]

    @property
    def min_rate(self) -> float:
        """Least rate of a user in bit/s/Hz, the common rate shared in closed form."""
        common, private = self.total - self.private, self.private - self.disturbing
        return float(allocate_common_rate(common, private).min_rate) / np.log(2.0)


def received_powers(instance: Instance, lifted: Complex[np.ndarray, "stream n n"]) -> ReceivedPowers:
    """Received powers of lifted streams, those that the mode has."""
    users = len(instance.users)
    g = instance.users
    powers = np.real(np.einsum("ki,jin,kn->kj", np.conj(g), lifted, g))
    own = np.eye(users, dtype=bool)
    disturbing = np.sum(np.where(own, 0.0, powers[:, :users]), axis=1) + 1.0
    if instance.interfering:
        disturbing = disturbing + powers[:, -1]
    private = disturbing + np.diagonal(powers)
    total = private + powers[:, users] if instance.common else private
    return ReceivedPowers(np.log(total), np.log(private), np.log(disturbing))


def target_gain(instance: Instance, lifted: Complex[np.ndarray, "stream n n"]) -> float:
    """Target gain of all streams, as a share of the largest."""
    return float(np.real(np.einsum("i,jin,n->", np.conj(instance.target), lifted, instance.target)))


def row(name: str, *shape: int, nonneg: bool = False) -> Any:
    """A parameter of a subproblem."""
    return cvxpy_module().Parameter(shape, name=name, nonneg=nonneg)


def given_rows(users: int, size: int, streams: int) -> dict[str, Any]:
    """What both forms of the subproblem are given whatever the mode, by name."""
    return {
        "private_rows": row("private_rows", users, size),
        "private_noise": row("private_noise", users, nonneg=True),
        "disturbing_rows": row("disturbing_rows", size, users),
        "disturbing_noise": row("disturbing_noise", users, nonneg=True),
        "private_offset": row("private_offset", users),
        "power_row": row("power_row", size),
        "target_row": row("target_row", size),
        "floor": row("floor", nonneg=True),
        "rank_rows": row("rank_rows", size, streams),
    }


@per_shape
def subproblem(users: int, dimension: int, common: bool, radar: bool, interfering: bool) -> ParametricProblem:
    """Convex subproblem: logarithms of interference replaced by their tangents at the last iterate.

    Maximises ``t`` subject to ``ln D_k - tangent of ln F_k + C_k >= t``, ``ln T_k - tangent of ln D_k >= sum C``, both
    in nats, the power budget, the floor, and ``tr(M_j V_j) >= 0`` for every stream (rank control). Each received power
    is relative to its value at the last iterate, where all tangents have slope 1: rows are of order one. The published
    slack variables can be taken tight at an optimum and are left out (``printed`` has them).
    """
    cp = cvxpy_module()
    size, streams = dimension**2, users + common + radar
    V = cp.Variable((size, streams), name="V")
    least = cp.Variable(name="least")

    given = given_rows(users, size, streams)
    everything = cp.sum(V, axis=1)
    own = V[:, :users]
    decoded = cp.sum(own, axis=1) + (V[:, -1] if interfering else 0.0)
    private = cp.Variable(users, name="private")
    others = cp.reshape(decoded, (size, 1), order="F") @ np.ones((1, users)) - own
    disturbing = cp.sum(cp.multiply(given["disturbing_rows"], others), axis=0) + given["disturbing_noise"]
    rates = cp.log(private) + given["private_offset"] - disturbing
    constraints = {
        "private": private == given["private_rows"] @ decoded + given["private_noise"],
        "power": given["power_row"] @ everything <= 1.0,
        "floor": given["target_row"] @ everything >= given["floor"],
        "rank": cp.sum(cp.multiply(given["rank_rows"], V), axis=0) >= 0.0,
    }
    if common:
        given |= {
            "total_rows": row("total_rows", users, size),
            "total_noise": row("total_noise", users, nonneg=True),
            "common_offset": row("common_offset", users),
        }
        shares = cp.Variable(users, name="shares", nonneg=True)
        carried = everything if interfering or not radar else cp.sum(V[:, : users + 1], axis=1)
        total = given["total_rows"] @ carried + given["total_noise"]
        constraints["common"] = cp.log(total) + given["common_offset"] - private >= cp.sum(shares)
        rates = rates + shares
    constraints["least"] = rates >= least
    side = 2 * dimension
    for j in range(streams):
        constraints[f"psd[{j}]"] = cp.reshape(embedding(dimension) @ V[:, j], (side, side), order="F") >> 0
    return parametric_problem(
        "bistatic max-min rate", cp.Maximize(least), constraints, given, {"V": V, "private": private}
    )


def values(
    instance: Instance, powers: ReceivedPowers, rank: Complex[np.ndarray, "stream n n"]
) -> dict[str, np.ndarray]:
    """Parameter values of the subproblem at an iterate, with the matrices ``M_j`` of the rank control (0: none)."""
    T = instance.whitening
    rows = coordinates(outer(np.conj(np.conj(instance.users) @ T)))
    target = coordinates(outer(np.conj(np.conj(instance.target) @ T)))

    def relative(logarithm: Float[np.ndarray, " user"]) -> tuple[np.ndarray, np.ndarray]:
        noise = np.exp(-logarithm)
        return rows * noise[:, None], noise

    private_rows, private_noise = relative(powers.private)
    disturbing_rows, disturbing_noise = relative(powers.disturbing)
    found = {
        "private_rows": private_rows,
        "private_noise": private_noise,
        "disturbing_rows": disturbing_rows.T,
        "disturbing_noise": disturbing_noise,
        "private_offset": powers.private - powers.disturbing + 1.0,
        "power_row": coordinates(np.conj(T.T) @ T),
        "target_row": target,
        "floor": np.asarray(instance.floor),
        "rank_rows": coordinates(np.conj(T.T) @ rank @ T).T,
    }
    if instance.common:
        total_rows, total_noise = relative(powers.total)
        found |= {
            "total_rows": total_rows,
            "total_noise": total_noise,
            "common_offset": powers.total - powers.private + 1.0,
        }
    return found


def solution(instance: Instance, problem: ParametricProblem) -> Complex[np.ndarray, "stream n n"]:
    """The covariances that a solved subproblem holds, their rounding below zero removed."""
    return congruence(instance.whitening, positive_part(from_coordinates(problem.values()["V"].T)))
