"""One cell as numbers without units, and the exact metrics of a design in it: SINR, SCNR, receive filters, errors.

The unknowns are the beamformer ``F`` with ``||F||_F <= 1`` and the satellite's amplitude ``q = sqrt(p / P_LEO)`` in
[0, 1]; noise is 1. Terrestrial amplitudes and echoes carry ``sqrt(P_BS) / sigma``, satellite power gains
``P_LEO / sigma^2``. Transmit channels are rows: the received amplitude is ``h @ F``. Streams 0..K-1 carry the users'
data, stream ``K + i`` is the radar signal of target ``i``. The association is applied: whatever belongs to target ``i``
is seen by the receiver that listens to it.

J. Jee, J. G. Andrews, "Integrated Coexistence for Satellite and Terrestrial Networks with Multistatic ISAC",
arXiv:2511.15947. All functions work on one cell and are traceable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "h_tut",
        "h_sut",
        "g_tut",
        "g_sut",
        "target_tx",
        "clutter_tx",
        "target_echo",
        "clutter_echo",
        "g_rad",
        "min_sut_rate",
        "min_scnr",
        "max_q",
        "max_sut_leakage",
        "rate_weights",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class CellProblem:
    """Normalised design problem of one cell; a batch of cells has a leading axis on every array.

    A cell without satellite user, or without satellite, has zeros in place of its channels.

    Attributes:
        h_tut: rows from the base station to its users.
        h_sut: row from the base station to the satellite user.
        g_tut, g_sut: power gains from the satellite to the users and to the satellite user.
        target_tx, clutter_tx: rows from the base station to targets and clutter, unit-modulus entries.
        target_echo: echo column of target ``j`` at the receiver of target ``i``, at [i, j].
        clutter_echo: echo column of clutter ``l`` at the receiver of target ``i``, at [i, l].
        g_rad: amplitudes from the satellite to the receiver of every target.
        min_sut_rate: least rate of the satellite user, bit/s/Hz; 0 where there is none.
        min_scnr: least signal-to-clutter-plus-noise ratio of every target, linear, positive.
        max_q: largest satellite amplitude; ``None`` is 1.
        max_sut_leakage: largest power of the base station at the satellite user, over its noise; ``None``: no limit.
        rate_weights: of the users' rates and, last, of the satellite user's; ``None``: all 1.
    """

    h_tut: Leaf  # complex (user, tx)
    h_sut: Leaf  # complex (tx)
    g_tut: Leaf  # real (user)
    g_sut: Leaf  # real scalar
    target_tx: Leaf  # complex (target, tx)
    clutter_tx: Leaf  # complex (clutter, tx)
    target_echo: Leaf  # complex (target, target, rx)
    clutter_echo: Leaf  # complex (target, clutter, rx)
    g_rad: Leaf  # complex (target, rx)
    min_sut_rate: Leaf  # real scalar
    min_scnr: Leaf  # real scalar
    max_q: Leaf | None = None  # real scalar
    max_sut_leakage: Leaf | None = None  # real scalar
    rate_weights: Leaf | None = None  # real (user + 1)


class Received(NamedTuple):
    """Amplitudes of all streams where they arrive: ``rows @ F``."""

    tut: Leaf  # (user, stream)
    sut: Leaf  # (stream,)
    target: Leaf  # (target, stream)
    clutter: Leaf  # (clutter, stream)


class CellMetrics(NamedTuple):
    """What a design achieves in a cell, receive filters optimal."""

    tut_sinr: Leaf  # (user,)
    sut_sinr: Leaf  # ()
    scnr: Leaf  # (target,), linear
    tut_rate: Leaf  # (user,), bit/s/Hz
    sut_rate: Leaf  # ()
    sum_rate: Leaf  # (), weighted where the problem has weights
    power: Leaf  # (), share of the base station's budget
    sut_leakage: Leaf  # (), power of the base station at the satellite user


class CellSolution(NamedTuple):
    """Outcome of P1 or P3 for a batch of cells, the cell axis first; NumPy arrays."""

    beamformer: Leaf  # complex (cell, tx, stream), of norm at most 1
    q: Leaf  # (cell,), satellite amplitude
    status: Leaf  # (cell,), codes of Status
    violation: Leaf  # (cell,), largest relative one, recomputed from the design (cell_violation)
    objective: Leaf  # (cell,), sum rate of the design, bit/s/Hz
    iterations: Leaf  # (cell,), in the route's own unit: gradient evaluations, transmitter updates
    history: Leaf  # (cell, iteration), sum rate after each round of multipliers or turn, NaN past the end


class Filters(NamedTuple):
    """Receive filters; the output is filter times received signal."""

    tut: Leaf  # (user,)
    sut: Leaf  # (), real
    target: Leaf  # (target, rx), rows


class Errors(NamedTuple):
    """Mean square errors of the unit-power symbols behind the receive filters."""

    tut: Leaf  # (user,)
    sut: Leaf  # ()
    target: Leaf  # (target,)


def received(problem: CellProblem, beamformer: Complex[Array, "tx stream"]) -> Received:
    """Amplitudes of every stream at users, satellite user, targets and clutter."""
    return Received(
        tut=problem.h_tut @ beamformer,
        sut=problem.h_sut @ beamformer,
        target=problem.target_tx @ beamformer,
        clutter=problem.clutter_tx @ beamformer,
    )


def cell_metrics(
    problem: CellProblem, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""] | float
) -> CellMetrics:
    """SINR of the users, of the satellite user, SCNR of the targets with optimal filters, and the rates.

    The paper's (15) and (19)-(21), with the covariance of :func:`echo_covariances`.
    """
    at = received(problem, beamformer)
    tut_sinr, sut_sinr, scnr = tut_sinrs(problem, at, q), satellite_user_sinr(problem, at, q), scnrs(problem, at, q)
    tut_rate, sut_rate = jnp.log2(1.0 + tut_sinr), jnp.log2(1.0 + sut_sinr)
    total = weighted_sum(tut_rate, sut_rate, problem.rate_weights)
    power, leakage = jnp.sum(jnp.abs(beamformer) ** 2), jnp.sum(jnp.abs(at.sut) ** 2)
    return CellMetrics(tut_sinr, sut_sinr, scnr, tut_rate, sut_rate, total, power, leakage)


def weighted_sum(
    tut_rate: Float[Array, " user"], sut_rate: Float[Array, ""], weights: Float[Array, " user_and_satellite"] | None
) -> Float[Array, ""]:
    """Sum of all rates with their weights, or without."""
    if weights is None:
        return jnp.sum(tut_rate) + sut_rate
    return jnp.sum(weights[:-1] * tut_rate) + weights[-1] * sut_rate


def tut_sinrs(problem: CellProblem, at: Received, q: Float[Array, ""] | float) -> Float[Array, " user"]:
    """``|h_k f_k|^2 / (sum over s != k |h_k f_s|^2 + g_k q^2 + 1)``."""
    powers = jnp.abs(at.tut) ** 2
    users, streams = powers.shape
    own = jnp.eye(users, streams, dtype=bool)
    disturbing = jnp.sum(jnp.where(own, 0.0, powers), axis=1) + problem.g_tut * q**2 + 1.0
    return jnp.sum(jnp.where(own, powers, 0.0), axis=1) / disturbing


def satellite_user_sinr(problem: CellProblem, at: Received, q: Float[Array, ""] | float) -> Float[Array, ""]:
    """``g q^2 / (||h F||^2 + 1)``."""
    return problem.g_sut * q**2 / (jnp.sum(jnp.abs(at.sut) ** 2) + 1.0)


def scnrs(problem: CellProblem, at: Received, q: Float[Array, ""] | float) -> Float[Array, " target"]:
    """``d^H R^-1 d`` of every target: the largest ratio over all receive filters."""
    signal = echo_signals(problem, at)
    filtered = jnp.linalg.solve(echo_covariances(problem, at, q), signal[..., None])[..., 0]
    return jnp.real(jnp.sum(jnp.conj(signal) * filtered, axis=-1))


def echo_signals(problem: CellProblem, at: Received) -> Complex[Array, "target rx"]:
    """``d_i``: the echo of target ``i`` and its own stream ``K + i`` at its receiver."""
    targets = jnp.arange(problem.target_tx.shape[0])
    own_stream = at.target[targets, problem.h_tut.shape[0] + targets]
    return problem.target_echo[targets, targets] * own_stream[:, None]


def echo_covariances(problem: CellProblem, at: Received, q: Float[Array, ""] | float) -> Complex[Array, "target rx rx"]:
    r"""Covariance ``R_i`` of everything but ``d_i`` at the receiver of target ``i``.

    .. math::
        R_i=\sum_{j\ne i}v_{ij}v_{ij}^H|t_jf_{K+i}|^2+\sum_lv^c_{il}v^{cH}_{il}\lVert c_lF\rVert^2
        +\sum_{s\ne K+i}e_{is}e_{is}^H+q^2g_ig_i^H+I,\qquad e_{is}=\sum_jv_{ij}t_jf_s .

    Echoes of the own stream from other targets and all clutter add incoherently, echoes of the other streams add
    coherently over the targets.
    """
    targets, users = problem.target_tx.shape[0], problem.h_tut.shape[0]
    streams = at.target.shape[1]
    own_power = (jnp.abs(at.target[:, users:]) ** 2).T * (1.0 - jnp.eye(targets))  # (i, j): own stream of i at target j
    clutter_power = jnp.sum(jnp.abs(at.clutter) ** 2, axis=1)
    shared = jnp.concatenate([clutter_power, jnp.asarray(q**2)[None]])
    foreign = 1.0 - jnp.eye(targets, streams, users)  # (i, s): streams other than K + i
    weights = jnp.concatenate([own_power, jnp.broadcast_to(shared, (targets, len(shared))), foreign], axis=1)
    coherent = jnp.einsum("ijr,js->isr", problem.target_echo, at.target)
    columns = [problem.target_echo, problem.clutter_echo, problem.g_rad[:, None, :], coherent]
    stacked = jnp.concatenate(columns, axis=1)
    weighted = stacked * weights[:, :, None]
    return jnp.einsum("icr,ict->irt", weighted, jnp.conj(stacked)) + jnp.eye(problem.g_rad.shape[1])


def best_filters(problem: CellProblem, beamformer: Complex[Array, "tx stream"], q: Float[Array, ""] | float) -> Filters:
    """Receive filters of least mean square error: (35)-(39) with ``g p`` in (36) and the covariance above."""
    at = received(problem, beamformer)
    users = problem.h_tut.shape[0]
    total = jnp.sum(jnp.abs(at.tut) ** 2, axis=1) + problem.g_tut * q**2 + 1.0
    sut_total = jnp.sum(jnp.abs(at.sut) ** 2) + problem.g_sut * q**2 + 1.0
    signal = echo_signals(problem, at)
    with_signal = echo_covariances(problem, at, q) + signal[:, :, None] * jnp.conj(signal[:, None, :])
    return Filters(
        tut=jnp.conj(jnp.diagonal(at.tut[:, :users])) / total,
        sut=jnp.sqrt(problem.g_sut) * q / sut_total,
        target=jnp.conj(jnp.linalg.solve(with_signal, signal[..., None])[..., 0]),
    )


def filter_errors(
    problem: CellProblem,
    beamformer: Complex[Array, "tx stream"],
    q: Float[Array, ""] | float,
    filters: Filters,
) -> Errors:
    """Mean square errors of a design behind any receive filters; ``1 / (1 + SINR)`` behind the best ones."""
    at = received(problem, beamformer)
    users, streams = at.tut.shape
    tut = filters.tut[:, None] * at.tut - jnp.eye(users, streams)
    signal = jnp.sum(filters.target * echo_signals(problem, at), axis=1)
    covariances = echo_covariances(problem, at, q)
    disturbing = jnp.real(jnp.einsum("ir,irt,it->i", filters.target, covariances, jnp.conj(filters.target)))
    return Errors(
        tut=jnp.sum(jnp.abs(tut) ** 2, axis=1) + jnp.abs(filters.tut) ** 2 * (problem.g_tut * q**2 + 1.0),
        sut=(1.0 - filters.sut * jnp.sqrt(problem.g_sut) * q) ** 2
        + filters.sut**2 * (jnp.sum(jnp.abs(at.sut) ** 2) + 1.0),
        target=jnp.abs(1.0 - signal) ** 2 + disturbing,
    )


def cell_violation(problem: CellProblem, metrics: CellMetrics) -> Float[Array, ""]:
    """Largest relative violation: rate and SCNR short of their floors, power above the budget; 0 where all is met."""
    short = 1.0 - metrics.scnr / jnp.where(problem.min_scnr > 0.0, problem.min_scnr, 1.0)
    slow = 1.0 - metrics.sut_rate / jnp.where(problem.min_sut_rate > 0.0, problem.min_sut_rate, 1.0)
    worst = jnp.maximum(jnp.max(jnp.where(problem.min_scnr > 0.0, short, 0.0), initial=0.0), metrics.power - 1.0)
    if problem.max_sut_leakage is not None:
        worst = jnp.maximum(worst, metrics.sut_leakage / problem.max_sut_leakage - 1.0)
    return jnp.maximum(worst, jnp.where(problem.min_sut_rate > 0.0, jnp.maximum(slow, 0.0), 0.0))
