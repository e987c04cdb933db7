"""Top of the likelihood of a bistatic echo beside a good start: Newton's method on compressed samples. JAX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from leoisac.estimation.echo_model import Block, sent_at, turn
from leoisac.foundation.jax_setup import in_double, jax, jnp

_NEWTON_STEPS = 8
_MOST_MOVE = 0.25
"""Of a resolution cell in one step of Newton's method."""
_DIFFERENCE = 1e-3
"""Of a resolution cell between points of difference quotients: their errors are 1e-6 of the peak's own width."""
_POWERS = tuple((i, j) for i in range(3) for j in range(3 - i))
"""Powers of the offsets (u, w) in the expansion of the steering vector."""
_ORDERS = 4
"""Terms of that over the delay."""
_TURNS = 6
"""Order of the expansion over the Doppler shift: 1e-5 at a quarter of a cell."""


@in_double
def newton(block: Block, start: Any, samples: Any, amplitude: Any, basis: Any = None) -> tuple[Any, Any, Any]:
    """Top of the likelihood beside a point; correlation ``g`` and ``N ||c S||^2`` there.

    With a ``basis`` of orthonormal vectors (vector, rx) the samples are ``conj(basis) @ samples``.

    The samples are compressed around the point: beams for the expansion of the steering vector to second order, delays
    likewise, sums over blocks of time for the Doppler shift.
    """
    search = block.search
    rows, columns = search.receiver
    u, w, delay, doppler = start
    row, column = np.indices(search.receiver).reshape(2, -1) - 0.5 * (np.array([[rows], [columns]]) - 1.0)
    taylor = np.stack(
        [
            (1j * np.pi * row) ** i * (1j * np.pi * column) ** j / (math.factorial(i) * math.factorial(j))
            for i, j in _POWERS
        ]
    ).astype(np.complex64)
    centred = jnp.exp(1j * jnp.pi * (u * row + w * column)).astype(jnp.complex64)
    looking = taylor * centred
    if basis is not None:
        looking = looking @ jnp.conj(basis).T
    beams = jnp.conj(looking) @ samples  # (power, window)
    # The waveform there with its derivatives by the delay; then the streams, for what departure changes nearby.
    there, _ = block.weights(u, w, delay)
    waveform = there @ block.streams.astype(complex)
    moved = [sent_at(block, waveform, delay, order)[None] for order in range(_ORDERS)]
    references = jnp.concatenate([*moved, sent_at(block, block.streams, delay)]) * turn(block, delay, doppler)
    count = -(-search.window // search.block)
    pad = count * search.block - search.window
    beams = jnp.pad(beams, ((0, 0), (0, pad))).reshape(len(_POWERS), count, search.block)
    references = jnp.pad(references.astype(jnp.complex64), ((0, 0), (0, pad)))
    references = jnp.conj(references).reshape(-1, count, search.block)
    # Blocks are short: single precision, which the samples have, is enough within them.
    compressed = jnp.einsum("pml,qml->mpq", beams, references).astype(complex)
    span, middle = search.num_samples * search.sample_time_s, 0.5 * (search.num_samples + 1) * search.sample_time_s
    times = (np.arange(count) * search.block + 0.5 * (search.block - 1) + 1.0 - delay) * search.sample_time_s
    turns = -2j * jnp.pi * (times - middle) / span  # of a Doppler cell, about the middle of the echo
    moments = jnp.stack([turns**order / math.factorial(order) for order in range(_TURNS + 1)])
    compressed = jnp.einsum("tm,mpq->pqt", moments, compressed)
    cells = jnp.array([2.0 / rows, 2.0 / columns, 1.0, 1.0 / (search.num_samples * search.sample_time_s)])

    def correlation(offset: Any) -> tuple[Any, Any]:
        du, dw, late, shift = offset * cells
        weights, _ = block.weights(u + du, w + dw, delay + late)
        space = jnp.stack([du**i * dw**j for i, j in _POWERS])
        time = jnp.exp(-2j * jnp.pi * shift * middle) * (shift * span) ** np.arange(_TURNS + 1)
        sent = jnp.concatenate([late ** np.arange(_ORDERS), jnp.conj(weights - there)])
        value = jnp.einsum("p,q,t,pqt->", space, sent, time, compressed)
        # Phases that no magnitude sees: of the array's centre, and of the Doppler shift that a delay moves.
        corner = 0.5 * jnp.pi * ((rows - 1) * (u + du) + (columns - 1) * (w + dw))
        turned = 2.0 * jnp.pi * (doppler + shift) * late * search.sample_time_s
        return value * jnp.exp(1j * (turned - corner)), rows * columns * block.norm(weights)

    def objective(offset: Any) -> Any:
        value, norm = correlation(offset)
        if search.amplitude_known:
            return 2.0 * jnp.real(jnp.conj(amplitude) * value) - jnp.abs(amplitude) ** 2 * norm
        return (value.real**2 + value.imag**2) / norm

    def within(offset: Any) -> Any:
        """The offset with direction, delay and Doppler shift inside the search."""
        cosines = jnp.stack([u, w]) + offset[:2] * cells[:2]
        cosines = cosines / jnp.maximum(jnp.linalg.norm(cosines), 1.0)
        late = jnp.clip(delay + offset[2], 0.0, search.max_delay)
        shift = jnp.clip(doppler + offset[3] * cells[3], -search.max_doppler_hz, search.max_doppler_hz)
        return (jnp.stack([*cosines, late, shift]) - start) / cells

    top = _climb(objective, within)
    value, norm = correlation(top)
    return start + top * cells, value, norm


def _climb(objective: Any, within: Any) -> Any:
    """Top of a peak near zero: Newton's method with curvatures made negative, short steps, never downhill."""

    def step(state: tuple[Any, Any, Any], _: None) -> tuple[tuple[Any, Any, Any], None]:
        point, value, reach = state
        slope, curvature = _derivatives(objective, point)
        values, vectors = jnp.linalg.eigh(-curvature)
        curved = jnp.maximum(jnp.abs(values), 1e-3 * jnp.max(jnp.abs(values)) + 1e-300)
        move = vectors @ ((vectors.T @ slope) / curved)
        move = move * jnp.minimum(1.0, reach / jnp.maximum(jnp.max(jnp.abs(move)), 1e-300))
        trial = within(point + move)
        reached = objective(trial)
        better = reached > value
        kept = jnp.where(better, trial, point), jnp.where(better, reached, value)
        return (*kept, jnp.where(better, reach, 0.25 * reach)), None

    start = jnp.zeros(4)
    (top, _, _), _ = jax.lax.scan(step, (start, objective(start), jnp.asarray(_MOST_MOVE)), None, length=_NEWTON_STEPS)
    return top


def _derivatives(objective: Any, point: Any) -> tuple[Any, Any]:
    """Gradient and Hessian by central differences: one batch of values, where autodiff would take long to compile."""
    units = np.eye(4)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    mixed = [a * units[i] + b * units[j] for i, j in pairs for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    stencil = _DIFFERENCE * np.array([np.zeros(4), *units, *-units, *mixed])
    values = jax.vmap(objective)(point + stencil)
    middle, after, before, corners = values[0], values[1:5], values[5:9], values[9:].reshape(-1, 4)
    slope = (after - before) / (2.0 * _DIFFERENCE)
    curvature = jnp.diag((after - 2.0 * middle + before) / _DIFFERENCE**2)
    across = (corners[:, 0] - corners[:, 1] - corners[:, 2] + corners[:, 3]) / (4.0 * _DIFFERENCE**2)
    rows, columns = np.array(pairs).T
    return slope, curvature.at[rows, columns].set(across).at[columns, rows].set(across)
