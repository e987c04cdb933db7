"""Joint beamforming with a rate-limited feeder link (scheme PA1), as a problem for the batched engine.

Maximise the sum rate over the beams ``w_m`` of the base station, the data beam ``v`` and the sensing columns ``U0`` of
the satellite, with a minimum rate per user, the sum rate within the backhaul rate, a least pattern power towards each
target and two power budgets. Complex products are real embeddings; the change of variables ``v = T_v v'``,
``U0 = T_0 U0'`` is folded into the channel rows once, so that the problem itself multiplies nothing but rows by beams.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np


class Pa1Data(NamedTuple):
    """One instance. Rows are users first, then the earth station (ES), real parts above imaginary parts."""

    bs_rows: Any
    """Base station to receivers, real embedding, ``(2 (M + 1), 2 Nb)``."""
    data_rows: Any
    """Satellite to receivers in the variables of ``v``, ``(2 (M + 1), 2 Ns)``."""
    sensing_rows: Any
    """Satellite to receivers, then targets (divided by the root of their minimum), in the variables of ``U0``."""
    data_weights: Any
    """Power of each entry of ``v'``, ``(2 Ns,)``."""
    sensing_weights: Any
    """Power of each row of ``U0'``, ``(2 Ns,)``."""
    rate_min: Any


def pa1(x: Any, data: Pa1Data) -> tuple[Any, Any]:
    """Minus the sum rate in bit/s/Hz and the constraints ``c >= 0``."""
    receivers = data.bs_rows.shape[0] // 2
    users, targets = receivers - 1, data.sensing_rows.shape[0] // 2 - receivers
    bs_size, feeds = data.bs_rows.shape[1], data.data_rows.shape[1]
    beams = x[: bs_size * users].reshape(bs_size, users)
    data_beam = x[bs_size * users : bs_size * users + feeds]
    sensing = x[bs_size * users + feeds :].reshape(feeds, targets)

    from_bs = _power(data.bs_rows @ beams)
    from_data = _power(data.data_rows @ data_beam)
    from_sensing = jnp.sum(_power(data.sensing_rows @ sensing), axis=1)

    own = jnp.sum(from_bs[:users] * jnp.eye(users), axis=1)
    total = jnp.sum(from_bs, axis=1) + from_sensing[:receivers] + 1.0
    with_data = total + from_data
    rates = jnp.log2(with_data[:users] / (with_data[:users] - own))
    backhaul = jnp.log2(with_data[users] / total[users])
    sum_rate = jnp.sum(rates)
    constraints = jnp.concatenate(
        [
            rates - data.rate_min,
            jnp.stack(
                [
                    backhaul - sum_rate,
                    1.0 - jnp.sum(beams**2),
                    1.0 - data.data_weights @ data_beam**2 - data.sensing_weights @ jnp.sum(sensing**2, axis=1),
                ]
            ),
            from_sensing[receivers:] - 1.0,
        ]
    )
    return -sum_rate, constraints


def _power(amplitudes: Any) -> Any:
    """Squared modulus of embedded amplitudes: real half and imaginary half of the first axis."""
    squared = amplitudes**2
    half = squared.shape[0] // 2
    return squared[:half] + squared[half:]


def embed_rows(h: np.ndarray) -> np.ndarray:
    """Real matrix of ``w -> h^H w`` for channels in rows."""
    return np.block([[h.real, h.imag], [-h.imag, h.real]])


def embed_columns(w: np.ndarray) -> np.ndarray:
    return np.concatenate([w.real, w.imag])


def prepare(h: np.ndarray, g: np.ndarray, targets: np.ndarray, pattern_min: np.ndarray, rate_min: float) -> Any:
    """Problem data and change of variables ``(basis, data scale, sensing scale)`` from normalised channels, ES last."""
    strength, basis = np.linalg.eigh(g.T @ g.conj())
    data_scale = 1.0 / np.sqrt(strength / np.sum(np.abs(g[-1]) ** 2) + 1.0)
    sensing_scale = np.minimum(np.sqrt(np.mean(pattern_min)), 1.0 / np.sqrt(np.maximum(strength, 1e-12)))
    rows = np.concatenate([g, targets / np.sqrt(pattern_min)[:, None]]).conj() @ basis
    data = Pa1Data(
        bs_rows=embed_rows(h),
        data_rows=embed_rows((rows[: len(g)] * data_scale).conj()),
        sensing_rows=embed_rows((rows * sensing_scale).conj()),
        data_weights=np.tile(data_scale**2, 2),
        sensing_weights=np.tile(sensing_scale**2, 2),
        rate_min=np.float64(rate_min),
    )
    return data, (basis, data_scale, sensing_scale)


def starts(
    h: np.ndarray,
    g: np.ndarray,
    targets: np.ndarray,
    pattern_min: np.ndarray,
    variables: Any,
    count: int,
    seed: int = 0,
) -> np.ndarray:
    """Points ``(start, n)`` that look feasible: regularised nulling everywhere, each with its own 2 % of noise."""
    basis, data_scale, sensing_scale = variables
    users = len(h) - 1
    gram = h.conj() @ h.T
    beams = h.T @ np.linalg.inv(gram + users * np.eye(users + 1))[:, :users]
    beams *= np.sqrt(0.9 / users) / np.linalg.norm(beams, axis=0)
    leakage = g[:-1].T @ g[:-1].conj() + np.eye(g.shape[1])
    data_beam = np.linalg.solve(leakage, g[-1])
    data_beam *= np.sqrt(0.5) / np.linalg.norm(data_beam)
    leakage = leakage + np.outer(g[-1], g[-1].conj())
    sensing = np.linalg.solve(leakage / np.trace(leakage).real + 1e-3 * np.eye(g.shape[1]), targets.T)
    sensing *= np.sqrt(1.1 * pattern_min) / np.abs(np.sum(targets.conj().T * sensing, axis=0))
    data_beam = basis.conj().T @ data_beam / data_scale
    sensing = basis.conj().T @ sensing / sensing_scale[:, None]
    point = np.concatenate([embed_columns(part).ravel() for part in (beams, data_beam, sensing)])
    blocks = np.concatenate(
        [np.full(2 * part.size, np.linalg.norm(part) / np.sqrt(2 * part.size)) for part in (beams, data_beam, sensing)]
    )
    noise = np.random.default_rng(seed).standard_normal((count, point.size))
    return point + 0.02 * blocks * noise
