"""Information that the sampled echo of a frame holds, as the engine computes it from the samples of the streams.

The echo is a linear map of the samples, and so are its derivatives (``metrics.sampled_echo_fisher``): what all of them
have in common, the turn by the Doppler shift, is of unit modulus and leaves no trace in inner products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.systems.otfs_rsma.model import Parameters
from leoisac.waveforms.sampled_echo import baseband_frequencies


def echo_maps(parameters: Parameters) -> tuple[Float[Array, "row column"], Float[Array, " sample"]]:
    """Maps of the samples to the delayed frame and to its derivative by the delay in samples, and times in frames.

    Real parts above imaginary ones, of the frame and then of the derivative, against the same of the samples; the
    times are those since the echo's start.
    """
    frame = parameters.frame
    count, sample = frame.n_cells, frame.sample_s
    frequencies = baseband_frequencies(count, sample)
    to_spectrum = np.fft.fft(np.eye(count))
    shift = jnp.exp(-2j * np.pi * frequencies * parameters.target_delay)
    moved = jnp.fft.ifft(shift[:, None] * to_spectrum, axis=0)
    slope = jnp.fft.ifft((-2j * np.pi * frequencies * sample * shift)[:, None] * to_spectrum, axis=0)
    known = 1.0 - parameters.is_amplitude_unknown
    fall = 2j * np.pi * parameters.target_doppler + known * 2.0 / parameters.target_delay
    slope = slope - sample * fall * moved
    maps = jnp.concatenate([_embedded(moved), _embedded(slope)])
    return maps, (np.arange(count) - parameters.target_delay / sample) / count


def sampled_entries(
    seen: Float[Array, "stream 2 sample"], maps: Any, times: Any, is_amplitude_unknown: Any
) -> tuple[Any, Any, Any]:
    """Entries (delay delay, Doppler Doppler, delay Doppler) of the information, in units of a sample and of the inverse
    frame, per twice the echo-to-noise ratio."""
    streams, _, count = seen.shape
    both = (seen.reshape(streams, 2 * count) @ maps.T).reshape(streams, 2, 2, count)
    echo, slope = both[:, 0], both[:, 1]
    turns = 2.0 * np.pi * times
    energy = jnp.sum(echo**2, axis=(0, 1))
    total, middle = jnp.sum(energy), jnp.sum(turns * energy)
    along = jnp.sum(echo * slope)
    across = jnp.sum(echo[:, 0] * slope[:, 1] - echo[:, 1] * slope[:, 0], axis=0)
    delay, doppler, cross = jnp.sum(slope**2), jnp.sum(turns**2 * energy), jnp.sum(turns * across)
    centred = is_amplitude_unknown / total
    turned = jnp.sum(across)
    return (
        delay - centred * (along**2 + turned**2),
        doppler - centred * middle**2,
        cross - centred * turned * middle,
    )


def _embedded(matrix: Any) -> Float[Array, "row column"]:
    return jnp.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
