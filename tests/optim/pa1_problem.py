"""Joint beamforming with a rate-limited feeder link (scheme PA1), as a problem for the batched engine.

Maximise the sum rate over the beams ``w_m`` of the base station, the data beam ``v`` and the sensing columns ``U0`` of
the satellite, with a minimum rate per user, the sum rate within the backhaul rate, a least pattern power towards each
target and two power budgets. Complex products are real embeddings.

Each beam has its own change of variables ``w = T w'``, folded into its copy of the channel rows once: ``T T^H`` is the
inverse of the Gram matrix of the channels that the beam must spare, plus its own channel divided by the power that it
delivers there, plus a multiple of the identity. In these variables a unit of interference, of relative signal and of
power all curve the problem alike; L-BFGS needs half the evaluations that it needs in the original ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from leoisac.foundation.jax_setup import jnp
from leoisac.optim.batched.options import EngineOptions

PA1_OPTIONS = EngineOptions(penalty=1.0, violation_tolerance=1e-2, gradient_floor=1e-2)


class Instance(NamedTuple):
    """Normalised channels (noise and both budgets are 1); the last row of ``h`` and ``g`` is the earth station."""

    h: np.ndarray
    g: np.ndarray
    targets: np.ndarray
    pattern_min: np.ndarray
    rate_min: float


class Pa1Data(NamedTuple):
    """One instance in the engine's variables. Embedded rows have real parts above imaginary parts."""

    bs_rows: Any
    """Base station to receivers, one copy per beam, ``(M, 2 (M + 1), 2 Nb)``."""
    data_rows: Any
    """Satellite to receivers for ``v'``, ``(2 (M + 1), 2 Ns)``."""
    sensing_rows: Any
    """Satellite to receivers, then to targets (divided by the root of their minimum), for the columns of ``U0'``."""
    bs_weights: Any
    """Power of a unit of each entry of each ``w'``, ``(M, 2 Nb)``."""
    data_weights: Any
    """Power of a unit of each entry of ``v'``, ``(2 Ns,)``."""
    sensing_weights: Any
    """Power of a unit of each entry of a column of ``U0'``, ``(2 Ns,)``."""
    rate_min: Any


class Variables(NamedTuple):
    """Changes of variables: physical = matrix @ engine's."""

    beams: np.ndarray
    data: np.ndarray
    sensing: np.ndarray


def pa1(x: Any, data: Pa1Data) -> tuple[Any, Any]:
    """Minus the sum rate in bit/s/Hz and the constraints ``c >= 0``."""
    users, rows, bs_size = data.bs_rows.shape
    receivers, feeds = rows // 2, data.data_rows.shape[1]
    targets = data.sensing_rows.shape[0] // 2 - receivers
    beams = x[: users * bs_size].reshape(users, bs_size)
    data_beam = x[users * bs_size :][:feeds]
    sensing = x[users * bs_size + feeds :].reshape(feeds, targets)

    from_bs = _power(jnp.einsum("kij,kj->ik", data.bs_rows, beams))
    from_data = _power(data.data_rows @ data_beam)
    from_sensing = jnp.sum(_power(data.sensing_rows @ sensing), axis=1)

    own = jnp.sum(from_bs[:users] * jnp.eye(users), axis=1)
    without_data = jnp.sum(from_bs, axis=1) + from_sensing[:receivers] + 1.0
    total = without_data + from_data
    rates = jnp.log2(total[:users] / (total[:users] - own))
    backhaul = jnp.log2(total[users] / without_data[users])
    sum_rate = jnp.sum(rates)
    bs_power = jnp.sum(data.bs_weights * beams**2)
    satellite_power = data.data_weights @ data_beam**2 + data.sensing_weights @ jnp.sum(sensing**2, axis=1)
    shared = jnp.stack([backhaul - sum_rate, 1.0 - bs_power, 1.0 - satellite_power])
    return -sum_rate, jnp.concatenate([rates - data.rate_min, shared, from_sensing[receivers:] - 1.0])


def _power(amplitudes: Any) -> Any:
    """Squared modulus of embedded amplitudes: real half and imaginary half of the first axis."""
    squared = amplitudes**2
    half = squared.shape[0] // 2
    return squared[:half] + squared[half:]


def prepare(instance: Instance) -> tuple[Pa1Data, Variables]:
    """Problem data and changes of variables of one instance."""
    h, g = instance.h, instance.g
    beams, data_beam, _ = feasible_looking(instance)
    users, antennas, feeds = len(h) - 1, h.shape[1], g.shape[1]
    delivered = np.abs(np.sum(h[:users].conj() * beams.T, axis=1)) ** 2
    gram_h = h.T @ h.conj()
    bases, weights = [], []
    for row, power in zip(h[:users], delivered):
        basis, weight = _whitening(gram_h + _outer(row) * (1.0 / power - 1.0) + 20.0 * np.eye(antennas))
        bases.append(basis)
        weights.append(weight)
    gram_users = g[:-1].T @ g[:-1].conj()
    own = _outer(g[-1]) / np.abs(np.vdot(g[-1], data_beam)) ** 2
    data_basis, data_weights = _whitening(gram_users + own + np.eye(feeds))
    scaled_targets = instance.targets / np.sqrt(instance.pattern_min)[:, None]
    gram_sensing = g.T @ g.conj() + scaled_targets.T @ scaled_targets.conj()
    sensing_basis, sensing_weights = _whitening(gram_sensing + np.eye(feeds))
    sensing_rows = np.concatenate([g, scaled_targets])
    data = Pa1Data(
        bs_rows=np.stack([_embed_rows(h, basis) for basis in bases]),
        data_rows=_embed_rows(g, data_basis),
        sensing_rows=_embed_rows(sensing_rows, sensing_basis),
        bs_weights=np.stack(weights),
        data_weights=data_weights,
        sensing_weights=sensing_weights,
        rate_min=np.float64(instance.rate_min),
    )
    return data, Variables(np.stack(bases), data_basis, sensing_basis)


def starts(instance: Instance, variables: Variables, count: int, seed: int = 0, noise: float = 0.02) -> np.ndarray:
    """Starts ``(start, n)``: the feasible-looking point with its own relative noise each."""
    rng = np.random.default_rng(seed)

    def disturbed(part: np.ndarray) -> np.ndarray:
        scale = noise * np.linalg.norm(part) / np.sqrt(2 * part.size)
        return part + scale * (rng.standard_normal(part.shape) + 1j * rng.standard_normal(part.shape))

    points = []
    for _ in range(count):
        beams, data_beam, sensing = (disturbed(part) for part in feasible_looking(instance))
        own = np.linalg.solve(variables.beams, beams.T[:, :, None])[:, :, 0]
        parts = [
            np.concatenate([own.real, own.imag], axis=1),
            _embed_columns(np.linalg.solve(variables.data, data_beam)),
            _embed_columns(np.linalg.solve(variables.sensing, sensing)),
        ]
        points.append(np.concatenate([part.ravel() for part in parts]))
    return np.array(points)


def feasible_looking(instance: Instance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regularised zero forcing with the earth station as a phantom user, and regularised nulling at the satellite."""
    h, g, targets = instance.h, instance.g, instance.targets
    users, feeds = len(h) - 1, g.shape[1]
    beams = h.T @ np.linalg.inv(h.conj() @ h.T + users * np.eye(users + 1))[:, :users]
    beams *= np.sqrt(0.9 / users) / np.linalg.norm(beams, axis=0)
    leakage = g[:-1].T @ g[:-1].conj() + np.eye(feeds)
    data_beam = np.linalg.solve(leakage, g[-1])
    data_beam *= np.sqrt(0.5) / np.linalg.norm(data_beam)
    leakage = leakage + _outer(g[-1])
    sensing = np.linalg.solve(leakage / np.trace(leakage).real + 1e-3 * np.eye(feeds), targets.T)
    sensing *= np.sqrt(1.1 * instance.pattern_min) / np.abs(np.sum(targets.conj().T * sensing, axis=0))
    return beams, data_beam, sensing


def batch(instances: list[Instance], count: int = 1) -> tuple[np.ndarray, Pa1Data]:
    """Starts ``(instance, start, n)`` and stacked data."""
    prepared = [prepare(instance) for instance in instances]
    points = [starts(i, variables, count, seed) for seed, (i, (_, variables)) in enumerate(zip(instances, prepared))]
    return np.array(points), Pa1Data(*(np.stack(leaves) for leaves in zip(*(data for data, _ in prepared))))


def deterministic_instance(
    users: int, antennas: int, feeds: int, snr_es: float = 3000.0, gamma: float = 0.05, rate_min: float = 1.0
) -> Instance:
    """Channels in closed form: the reference cases R1 and R2."""
    m, n, i = np.arange(users)[:, None], np.arange(antennas), np.arange(feeds)
    h = np.sqrt(30.0 / antennas) * (1 + 0.1 * m) * np.exp(1j * (0.9 * (m + 1) * n + 0.35 * m * n**2))
    h_es = np.sqrt(1.0 / antennas) * np.exp(1.7j * n)
    g = np.sqrt(3.0 / feeds) * np.exp(1j * (0.6 * (m + 1) * i + 0.2 * i**2))
    g_es = np.sqrt(snr_es / feeds) * np.exp(-0.4j * i)
    angles = np.deg2rad([-30.0, 20.0])[:, None]
    targets = np.exp(1j * np.pi * i * np.sin(angles)) / np.sqrt(feeds)
    return Instance(np.vstack([h, h_es]), np.vstack([g, g_es]), targets, np.full(2, gamma), rate_min)


def drawn_instance(seed: int, users: int = 8) -> Instance:
    """A realisation of the network with its default parameters."""
    from tests.oracles.self_backhaul_draw import draw

    channels = draw(seed, users).normalised()
    h = np.vstack([channels.h_users, channels.h_es])
    g = np.vstack([channels.g_users, channels.g_es])
    return Instance(h, g, channels.targets, channels.pattern_min, channels.rate_min)


def _whitening(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``T`` with ``T T^H = gram^-1`` and orthogonal columns, and the squared norms of the columns, once per part."""
    strength, basis = np.linalg.eigh(gram)
    return basis / np.sqrt(strength), np.tile(1.0 / strength, 2)


def _outer(row: np.ndarray) -> np.ndarray:
    return np.outer(row, row.conj())


def _embed_rows(channels: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Real matrix of ``w' -> h^H T w'`` for channels in rows."""
    rows = channels.conj() @ basis
    return np.block([[rows.real, -rows.imag], [rows.imag, rows.real]])


def _embed_columns(columns: np.ndarray) -> np.ndarray:
    return np.concatenate([columns.real, columns.imag])
