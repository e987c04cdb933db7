"""Detection of symbols behind a linear channel: LMMSE for any channel matrix, message passing for sparse ones. JAX.

Both take leading batch axes, and neither knows how channel and noise came about: give the estimated channel, and as
noise what is not explained by it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Float, Num

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.namespace import RealLike
from leoisac.waveforms.delay_doppler_channel import PathOperators
from leoisac.waveforms.qam import QAM4

CONFIDENT = 0.99
"""Posterior probability from which message passing counts a symbol as decided."""


@in_double
def lmmse_equalise(
    channel: Complex[Array, "*batch row cell"], received: Complex[Array, "*batch row"], noise: RealLike
) -> Complex[Array, "*batch cell"]:
    """Unbiased LMMSE estimates of symbols of unit power.

    ``x = D^-1 H^H (H H^H + N_0 I)^-1 y`` with D the diagonal of ``H^H (H H^H + N_0 I)^-1 H`` (S. M. Kay, Fundamentals
    of Statistical Signal Processing: Estimation Theory, 1993, section 12.5).

    Args:
        channel: ``H``; of OTFS ``waveforms.delay_doppler_channel.channel_matrix``, of OFDM ``waveforms.ofdm``.
        received: ``y``.
        noise: ``N_0`` per received sample, of shape ``(...)`` or a scalar; positive.
    """
    adjoint = jnp.conj(jnp.swapaxes(channel, -1, -2))
    covariance = channel @ adjoint + jnp.asarray(noise)[..., None, None] * jnp.eye(channel.shape[-2])
    sides = jnp.concatenate([channel, received[..., None]], axis=-1)
    solved = jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(covariance), True), sides)
    gain = jnp.real(jnp.einsum("...rc,...rc->...c", jnp.conj(channel), solved[..., :-1]))
    return (adjoint @ solved[..., -1:])[..., 0] / gain


@in_double
def one_tap_equalise(
    channel: Complex[Array, "*batch row cell"], received: Complex[Array, "*batch row"]
) -> Complex[Array, "*batch cell"]:
    """Division by the diagonal of the channel; blind to interference between carriers."""
    return received / jnp.diagonal(channel, axis1=-2, axis2=-1)


class Beliefs(NamedTuple):
    """Outcome of message passing.

    Attributes:
        symbols: most probable symbols, shape ``(..., cell)``.
        probabilities: posterior of every symbol of the alphabet, shape ``(..., cell, symbol)``.
        decided: share of cells whose posterior exceeds ``CONFIDENT``, shape ``(...)``.
    """

    symbols: Any
    probabilities: Any
    decided: Any


@in_double
def message_passing(
    operators: PathOperators,
    gains: Num[Array, "*batch path"],
    received: Complex[Array, "*batch cell"],
    noise: RealLike,
    *,
    alphabet: Complex[np.ndarray, " symbol"] = QAM4,
    iterations: int = 20,
    damping: float = 0.6,
) -> Beliefs:
    """Message passing on the sparse graph of a delay-Doppler channel, with Gaussian interference.

    Every received cell sees one symbol per path. It tells each of them the log-likelihoods
    ``-|y - mu - h a|^2 / s^2``, with mean and variance (mu, s^2) of the other paths' symbols and of the noise; every
    symbol answers with the product of what its other cells said. Of all iterations the one with the most decided
    symbols counts. P. Raviteja et al., "Interference Cancellation and Iterative Detection for Orthogonal Time Frequency
    Space Modulation", IEEE Trans. Wireless Commun. 17(10), 2018, Algorithm 1.

    Args:
        operators: paths of whole delays and Doppler shifts (``path_operators``). Paths that meet in the same cells
            are merged.
        gains: path gains ``h_p``.
        received: ``y`` on the delay-Doppler grid.
        noise: ``N_0`` per cell, of shape ``(...)`` or a scalar; positive.
        alphabet: equally probable symbols.
        iterations: number of iterations.
        damping: weight of the new messages, in (0, 1]; undamped, small grids oscillate.
    """
    alphabet = np.array(alphabet)  # anew: JAX 0.10 knows constants by their identity, with their first precision
    columns, weights = _merged(operators)
    h = jnp.einsum("...p,upc->...uc", gains, weights)[..., None]  # (..., path, row, 1)
    rows, columns = np.argsort(columns, axis=-1)[..., None], columns[..., None]
    shape = (*h.shape[:-1], alphabet.size)
    y, noise = received[..., None, :, None], jnp.asarray(noise)[..., None, None, None]

    def symbols_to_cells(probabilities: Any) -> Any:
        """Log-likelihoods (..., path, row, symbol) from the symbols' own beliefs, on the same edges."""
        mean = probabilities @ alphabet
        variance = probabilities @ np.abs(alphabet) ** 2 - jnp.abs(mean) ** 2
        arrived, spread = h * mean[..., None], jnp.abs(h) ** 2 * variance[..., None]
        left = y - (jnp.sum(arrived, axis=-3, keepdims=True) - arrived)
        power = jnp.sum(spread, axis=-3, keepdims=True) - spread
        # The variance of the others is a difference; rounding must not make it negative.
        distance = jnp.abs(left - h * alphabet) ** 2 / (jnp.maximum(power, 0.0) + noise)
        return jax.nn.log_softmax(-distance, axis=-1)

    def step(state: tuple[Any, Beliefs], _: None) -> tuple[tuple[Any, Beliefs], None]:
        messages, best = state
        told = symbols_to_cells(messages)
        by_symbol = jnp.take_along_axis(told, jnp.broadcast_to(rows, (*shape[:-1], 1)), axis=-2)
        total = jnp.sum(by_symbol, axis=-3, keepdims=True)
        extrinsic = jax.nn.softmax(total - by_symbol, axis=-1)
        fresh = jnp.take_along_axis(extrinsic, jnp.broadcast_to(columns, (*shape[:-1], 1)), axis=-2)
        beliefs = _decide(jax.nn.softmax(total[..., 0, :, :], axis=-1), alphabet)
        better = beliefs.decided > best.decided
        kept = Beliefs(
            jnp.where(better[..., None], beliefs.symbols, best.symbols),
            jnp.where(better[..., None, None], beliefs.probabilities, best.probabilities),
            jnp.where(better, beliefs.decided, best.decided),
        )
        return (damping * fresh + (1.0 - damping) * messages, kept), None

    uniform = jnp.full(shape, 1.0 / alphabet.size)
    nothing = _decide(uniform[..., 0, :, :], alphabet)._replace(decided=jnp.full(shape[:-3], -1.0))
    (_, best), _ = jax.lax.scan(step, (uniform, nothing), None, length=iterations)
    return best


def _merged(operators: PathOperators) -> tuple[np.ndarray, Complex[np.ndarray, "edge path cell"]]:
    """Distinct columns (one per edge of a row) and what every path contributes to their entries."""
    columns, edge = np.unique(operators.columns, axis=0, return_inverse=True)
    belongs = edge.reshape(-1) == np.arange(len(columns))[:, None]
    return columns, belongs[..., None] * operators.weights


def _decide(probabilities: Float[Array, "*batch cell symbol"], alphabet: np.ndarray) -> Beliefs:
    symbols = jnp.asarray(alphabet)[jnp.argmax(probabilities, axis=-1)]
    decided = jnp.mean(jnp.max(probabilities, axis=-1) > CONFIDENT, axis=-1)
    return Beliefs(symbols, probabilities, decided)
