"""Maps of one beam over delay and Doppler shift, where a bistatic echo of a known block is looked for. JAX."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy import fft

from leoisac.estimation.echo_model import Block, sent_at, turn
from leoisac.foundation.jax_setup import in_double, jax, jnp

_DOPPLER_PAD = 8
_FINE_DELAYS = np.linspace(-1.0, 1.0, 9)


@in_double
def coarse_map(block: Block, received: Any, u: Any, w: Any) -> tuple[Any, Any, Any]:
    """Largest normalised value of one beam's map over whole delays and Doppler shifts, and where it is."""
    search = block.search
    length, count, latest = search.block, search.blocks, search.max_delay
    size = cast(int, fft.next_fast_len(length + latest + 1))
    sent = jnp.pad(block.streams, ((0, 0), (0, count * length - search.num_samples)))
    sent = jnp.fft.fft(sent.reshape(-1, count, length), size)
    padded = jnp.pad(received, (0, max(count * length + latest - search.window, 0)))
    pieces = padded[np.arange(count)[:, None] * length + np.arange(length + latest)]
    lagged = jnp.fft.ifft(jnp.fft.fft(pieces, size) * jnp.conj(sent))[..., 1 : latest + 1]
    delays = jnp.arange(1, latest + 1, dtype=float)
    weights, exists = block.weights(u, w, delays)
    matched = jnp.einsum("tk,kmt->tm", jnp.conj(weights).astype(jnp.complex64), lagged)
    points = cast(int, fft.next_fast_len(_DOPPLER_PAD * count))
    half = min(int(search.max_doppler_hz * points * length * search.sample_time_s), (points - 1) // 2)
    kept = np.arange(-half, half + 1)
    spectrum = jnp.fft.fft(matched, points, axis=1)[:, kept]
    power = (spectrum.real**2 + spectrum.imag**2).astype(float)
    level = block.norm(weights) * jnp.mean(received.real**2 + received.imag**2).astype(float)
    shown = jnp.where(exists[:, None], power / level[:, None], 0.0)
    row, column = jnp.divmod(jnp.argmax(shown), len(kept))
    value, shift = _parabola(shown[row], column)
    return value, delays[row], (column - half + shift) / (points * length * search.sample_time_s)


def _parabola(values: Any, index: Any) -> tuple[Any, Any]:
    """Top of the parabola through the largest value and its two neighbours, and its shift; none at the ends."""
    inside = (index > 0) & (index < values.shape[0] - 1)
    middle = jnp.clip(index, 1, max(values.shape[0] - 2, 1))
    before, at, after = (values[jnp.clip(middle + step, 0, values.shape[0] - 1)] for step in (-1, 0, 1))
    curvature = before - 2.0 * at + after
    usable = inside & (curvature < 0.0)
    shift = jnp.where(usable, 0.5 * (before - after) / jnp.where(usable, curvature, 1.0), 0.0)
    return values[index] - jnp.where(usable, 0.25 * (before - after) * shift, 0.0), shift


@in_double
def finer_time(block: Block, point: Any, received: Any) -> Any:
    """The largest value over delays between samples and Doppler shifts in one beam, around a point."""
    search = block.search
    u, w, delay, doppler = point
    weights, _ = block.weights(u, w, delay)
    waveform = weights @ block.streams.astype(complex)
    delays = jnp.clip(delay + _FINE_DELAYS, 0.0, search.max_delay)
    references = jax.vmap(lambda one: sent_at(block, waveform, one) * turn(block, one, doppler))(delays)
    count = -(-search.window // search.block)
    product = jnp.pad(jnp.conj(references) * received, ((0, 0), (0, count * search.block - search.window)))
    step = 1.0 / (2 * _DOPPLER_PAD * search.num_samples * search.sample_time_s)
    shifts = step * np.arange(-2 * _DOPPLER_PAD, 2 * _DOPPLER_PAD + 1)
    times = (np.arange(count) + 0.5) * search.block * search.sample_time_s
    summed = jnp.sum(product.reshape(len(_FINE_DELAYS), count, search.block), axis=-1)
    power = jnp.abs(summed @ jnp.exp(-2j * jnp.pi * times[:, None] * shifts)) ** 2
    row, column = jnp.divmod(jnp.argmax(power), len(shifts))
    found = jnp.clip(doppler + jnp.asarray(shifts)[column], -search.max_doppler_hz, search.max_doppler_hz)
    return jnp.stack([u, w, delays[row], found])


@in_double
def finer_delay(block: Block, point: Any, received: Any) -> Any:
    """The top over delays between samples in one beam, around a point whose Doppler shift is that of a fine map."""
    search = block.search
    u, w, delay, doppler = point
    weights, _ = block.weights(u, w, delay)
    size = cast(int, fft.next_fast_len(search.window + 1))
    sent = jnp.fft.fft(weights @ block.streams.astype(complex), size)
    still = received * jnp.conj(turn(block, delay, doppler))
    product = jnp.conj(sent) * jnp.fft.fft(still, size) * jnp.exp(2j * jnp.pi * np.fft.fftfreq(size) * delay)
    shifts = np.linspace(-1.25, 1.25, 21)
    power = jnp.abs(product @ np.exp(2j * np.pi * np.fft.fftfreq(size)[:, None] * shifts)) ** 2
    best = jnp.argmax(power)
    _, part = _parabola(power, best)
    found = delay + jnp.asarray(shifts)[best] + part * (shifts[1] - shifts[0])
    return jnp.stack([u, w, jnp.clip(found, 0.0, search.max_delay), doppler])
