"""The convex subproblem of successive approximation: rates by their WMMSE bounds, energies by their tangents.

Numbers of an instance are NumPy, on the delay-Doppler grid, normalised to power budget 1 and noise 1: nothing here is
shared with the fast route's program. The real vector of a stream has its real parts above its imaginary parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from leoisac.metrics.rsma import allocate_common_rate
from leoisac.metrics.rsma_lmmse import lmmse_filters, lmmse_sinr
from leoisac.optim.conic.extra import cvxpy_module
from leoisac.optim.conic.problem import ParametricProblem, parametric_problem, per_shape

Streams = Complex[np.ndarray, "stream entry"]

SLACK_PRICE = 20.0
"""Price of the slack that common rate and ceilings have, in nats."""
BACK_OFF = 1e-5
"""Relative distance kept from floor and ceilings, for the solver's tolerance."""


@dataclass(frozen=True)
class Instance:
    """One trial.

    Attributes:
        channels: matrices ``H_k``.
        target: time-frequency image of a stream as the target sees it, slots first.
        sic_residual: ``Theta``.
        common_power, private_power: largest powers of the common stream and of all private ones.
        each_private_power: largest power of one private stream.
        floor: least common rate, nats; 0 for none.
        ceilings: of delay and Doppler bound in units of ``1 / (2 c (2 pi df)^2)``, ``1 / (2 c (2 pi T)^2)``; infinite
            for none.
        gain_information: what a known echo gain adds to the information on the delay per unit of energy; 0 where the
            amplitude is unknown.
        is_amplitude_unknown: whether it is.
        n_delay: subcarriers.
        has_common: there is a common stream.
        is_total: the objective counts the shared common rate.
    """

    channels: Complex[np.ndarray, "user cell entry"]
    target: Complex[np.ndarray, "cell entry"]
    sic_residual: float
    common_power: float
    private_power: float
    each_private_power: float
    floor: float
    ceilings: tuple[float, float]
    gain_information: float
    is_amplitude_unknown: bool
    n_delay: int
    has_common: bool
    is_total: bool

    @property
    def sizes(self) -> tuple[int, int, bool, bool]:
        """What a convex problem is compiled for: users, entries of a stream, common stream, objective."""
        return (self.channels.shape[0], self.channels.shape[2], self.has_common, self.is_total and self.has_common)

    def rates(self, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
        """Rates of the common and the private streams at every user, nats."""
        sinr = lmmse_sinr(np.einsum("kce,se->ksc", self.channels, streams), 1.0, self.sic_residual)
        return np.log1p(sinr.common), np.log1p(sinr.private)

    def objective(self, streams: Streams) -> float:
        """Least rate, nats."""
        common, private = self.rates(streams)
        return float(allocate_common_rate(common, private).min_rate if self.is_total else np.min(private))

    def information_rows(self) -> Float[np.ndarray, "entry6 cell"]:
        """Upper triangle of the information on (delay, Doppler shift, phase) that a unit of energy of a cell gives."""
        cell = np.arange(self.target.shape[0])
        n, i, one = (cell // self.n_delay).astype(float), (cell % self.n_delay).astype(float), np.ones(len(cell))
        nuisance = float(self.is_amplitude_unknown)
        return np.stack([i**2 + self.gain_information, -n * i, -i * nuisance, n**2, n * nuisance, one])


@per_shape
def subproblem(users: int, entries: int, has_common: bool, is_total: bool) -> ParametricProblem:
    """Maximise ``t - 20 delta`` subject to WMMSE bounds of the rates, tangents of the energies and the powers.

    Rates are above ``ln u + 1 - u e`` with the MSE ``e`` of fixed filters. The information on the target is linear in
    the energies and these are above their tangents; a bound is below its ceiling if and only if the information less
    the ceiling's inverse in the bound's own entry is positive semidefinite.
    """
    cp = cvxpy_module()
    width, streams, first = 2 * entries, users + has_common, int(has_common)
    p = cp.Variable((width, streams), name="p")
    least, slack = cp.Variable(name="least"), cp.Variable(nonneg=True, name="slack")
    given = {
        name: cp.Parameter(shape, name=name)
        for name, shape in {
            "private_rows": (2 * users, width),
            "private_wanted": (users, width),
            "private_offset": (users,),
            "information_rows": (width * streams, 12),
            "information_offset": (12,),
        }.items()
    }
    given |= {name: cp.Parameter(nonneg=True, name=name) for name in ("private_power", "each_private_power")}
    constraints: dict[str, Any] = {
        "private_power": cp.sum_squares(p[:, first:]) <= given["private_power"],
        "each_private_power": cp.sum(cp.square(p[:, first:]), axis=0) <= given["each_private_power"],
        "total_power": cp.sum_squares(p) <= 1.0,
    }
    rate = []
    for k in range(users):
        # Of the private streams all count, of the common one what cancellation leaves.
        output = given["private_rows"][2 * k : 2 * k + 2] @ p[:, first:]
        error = cp.sum_squares(output)
        rate.append(given["private_offset"][k] + given["private_wanted"][k] @ p[:, first + k] - error)
    if has_common:
        given |= {
            "residual_rows": cp.Parameter((2 * users, width), name="residual_rows"),
            "common_rows": cp.Parameter((2 * users, width), name="common_rows"),
            "common_wanted": cp.Parameter((users, width), name="common_wanted"),
            "common_offset": cp.Parameter((users,), name="common_offset"),
            "common_power": cp.Parameter(nonneg=True, name="common_power"),
            "floor": cp.Parameter(nonneg=True, name="floor"),
        }
        constraints["common_power"] = cp.sum_squares(p[:, 0]) <= given["common_power"]
        shares = cp.Variable(users, nonneg=True, name="shares")
        for k in range(users):
            rows = slice(2 * k, 2 * k + 2)
            rate[k] = rate[k] - cp.sum_squares(given["residual_rows"][rows] @ p[:, 0])
            error = cp.sum_squares(given["common_rows"][rows] @ p)
            common = given["common_offset"][k] + given["common_wanted"][k] @ p[:, 0] - error
            constraints[f"floor[{k}]"] = common >= given["floor"] - slack
            if is_total:
                constraints[f"shares[{k}]"] = common >= cp.sum(shares)
                rate[k] = rate[k] + shares[k]
    for k in range(users):
        constraints[f"rate[{k}]"] = rate[k] >= least
    information = given["information_rows"].T @ cp.vec(p, order="F") + given["information_offset"]
    for index, name in enumerate(("delay", "doppler")):
        a = information[6 * index : 6 * index + 6]
        rows = [[a[0], a[1], a[2]], [a[1], a[3], a[4]], [a[2], a[4], a[5]]]
        constraints[name] = cp.bmat(rows) + slack * np.eye(3) >> 0
    return parametric_problem(
        "OTFS max-min rate",
        cp.Maximize(least - SLACK_PRICE * slack),
        constraints,
        given,
        {"p": p, "least": least, "slack": slack},
    )


def values(instance: Instance, streams: Streams) -> dict[str, np.ndarray]:
    """Parameter values of the subproblem at the streams of the last iterate (the common one first, always)."""
    kept = streams if instance.has_common else streams[1:]
    received = np.einsum("kce,se->ksc", instance.channels, streams)
    filters = np.asarray(lmmse_filters(received, 1.0, instance.sic_residual))
    outputs = np.einsum("kjc,ksc->kjs", filters, received)
    rows = np.einsum("kjc,kce->kje", filters, instance.channels)
    noise = np.sum(np.abs(filters) ** 2, axis=-1)
    users = len(received)
    own = np.arange(users)
    weights = np.ones((2, users + 1))
    weights[1, 0] = instance.sic_residual
    wanted = np.stack([outputs[:, 0, 0], outputs[own, 1, own + 1]], axis=1)
    error = np.einsum("js,kjs->kj", weights, np.abs(outputs) ** 2) + noise - 2.0 * np.real(wanted) + 1.0
    weight = 1.0 / error
    offset = np.log(weight) + 1.0 - weight * (noise + 1.0)
    scaled = rows * np.sqrt(weight)[..., None]
    linear = 2.0 * weight[..., None] * np.concatenate([rows.real, -rows.imag], axis=-1)
    found = {
        "private_rows": _embedded(scaled[:, 1]),
        "private_wanted": linear[:, 1],
        "private_offset": offset[:, 1],
        "private_power": np.asarray(instance.private_power),
        "each_private_power": np.asarray(instance.each_private_power),
        **_tangents(instance, kept),
    }
    if instance.has_common:
        found |= {
            "residual_rows": _embedded(scaled[:, 1] * np.sqrt(instance.sic_residual)),
            "common_rows": _embedded(scaled[:, 0]),
            "common_wanted": linear[:, 0],
            "common_offset": offset[:, 0],
            "common_power": np.asarray(instance.common_power),
            "floor": np.asarray(instance.floor * (1.0 + BACK_OFF)),
        }
    return found


def _tangents(instance: Instance, streams: Streams) -> dict[str, np.ndarray]:
    """Information matrices as affine functions of the streams: energies ``2 Re(conj(X_0) X) - |X_0|^2``."""
    images = streams @ instance.target.T  # (stream, cell)
    sensitivity = instance.information_rows()
    # (6, stream, entry): 2 conj(X_0) F, weighted.
    slopes = 2.0 * np.einsum("ac,sc,ce->ase", sensitivity, np.conj(images), instance.target)
    embedded = np.concatenate([slopes.real, -slopes.imag], axis=-1).reshape(6, -1)
    constant = -sensitivity @ np.sum(np.abs(images) ** 2, axis=0)
    offsets = np.stack([constant, constant])
    for index, entry in enumerate((0, 3)):
        offsets[index, entry] -= (1.0 + BACK_OFF) / instance.ceilings[index]
    rows = np.concatenate([embedded, embedded])
    return {"information_rows": rows.T, "information_offset": offsets.ravel()}


def _embedded(rows: Complex[np.ndarray, "user entry"]) -> Float[np.ndarray, "row2 width"]:
    """Real and imaginary part of ``g p`` as two real rows per user."""
    both = np.stack(
        [
            np.concatenate([np.real(rows), -np.imag(rows)], axis=-1),
            np.concatenate([np.imag(rows), np.real(rows)], axis=-1),
        ],
        axis=1,
    )
    return both.reshape(-1, both.shape[-1])
