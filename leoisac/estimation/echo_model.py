"""A bistatic echo of a known block as its receiver can compute it: place, weights, delayed and turned references. JAX.

The receiver knows what was sent, ``X = P S``. A target in the direction (u, w) with a delay tau stands where the ray
meets the ellipsoid of the delay, which gives its angle of departure and with it the waveform that met it, ``c S`` with
``c = a^H P``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from scipy import fft

from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.geometry.bistatic import ellipsoid_range

_BLOCK_TURNS = 0.26
"""Most turns of the largest Doppler shift within a block of the coarse search: it costs less than 1 dB there."""
_RINGING = 64


@dataclass(frozen=True)
class EchoSearch:
    """What of a search is fixed when it is compiled.

    Attributes:
        receiver: rows and columns of the half-wavelength receive array.
        num_samples: samples L of the transmitted block.
        max_delay: delays up to this many samples after the window's start; the window has L and these.
        max_doppler_hz: Doppler shifts, both signs.
        sample_time_s: sampling interval.
        beams: beams, strongest first, that are searched for the waveform; all from the number of elements on. Few are
            enough where the echo alone makes its beam stand out, and cost less.
        amplitude_known: whether the receiver knows the echo's complex amplitude.
    """

    receiver: tuple[int, int]
    num_samples: int
    max_delay: int
    max_doppler_hz: float
    sample_time_s: float
    beams: int = 8
    amplitude_known: bool = False

    @property
    def window(self) -> int:
        """Samples of the receive window."""
        return self.num_samples + self.max_delay

    @property
    def block(self) -> int:
        """Samples of a block of the coarse search: a power of two in which the largest Doppler shift hardly turns."""
        most = _BLOCK_TURNS / (self.max_doppler_hz * self.sample_time_s)
        return 2 ** max(0, min(int(math.log2(max(most, 1.0))), int(math.log2(self.num_samples))))

    @property
    def blocks(self) -> int:
        """Blocks of the transmitted samples."""
        return -(-self.num_samples // self.block)

    @property
    def visible(self) -> np.ndarray:
        """Orthogonal beams that look at directions, those nearest to the horizon among them, in the FFT's order."""
        u, w = (2.0 * np.fft.fftfreq(size) for size in self.receiver)
        return (np.hypot(u[:, None], w) <= 1.0 + 2.0 / min(self.receiver)).ravel()

    @property
    def searched_beams(self) -> int:
        """Beams that are searched."""
        return min(self.beams, int(np.sum(self.visible)))


class Transmitter(NamedTuple):
    """Where the block came from.

    Attributes:
        position_m: relative to the receiver, shape ``(3,)``.
        axes: rows are the axes of the array, shape ``(3, 3)``.
        positions: elements in wavelengths, in these axes, shape ``(tx, 3)``.
        delay_offset: whole samples of delay at which the window starts.
        speed_of_light_m_s: speed of light.
    """

    position_m: Any
    axes: Any
    positions: Any
    delay_offset: Any
    speed_of_light_m_s: Any


class Block(NamedTuple):
    """The transmitted block as the receiver knows it."""

    search: EchoSearch
    precoder: Any
    streams: Any
    gram: Any
    transmitter: Transmitter

    def weights(self, u: Any, w: Any, delay: Any) -> tuple[Any, Any]:
        """``c`` of targets at directions and delays, shape ``(..., stream)``, and whether there can be one there."""
        return echo_weights(self.transmitter, self.search.sample_time_s, self.precoder, u, w, delay)

    def norm(self, weights: Any) -> Any:
        """``||c S||^2`` of weights ``c``."""
        return jnp.maximum(jnp.real(jnp.einsum("...k,kj,...j->...", weights, self.gram, jnp.conj(weights))), 1e-300)


@in_double
def echo_weights(
    transmitter: Transmitter, sample_time_s: Any, precoder: Any, u: Any, w: Any, delay: Any
) -> tuple[Any, Any]:
    """Weights ``c = a^H P`` of the streams in the echo of a target at a direction and a delay. Traceable.

    Args:
        transmitter: its place and array.
        sample_time_s: sampling interval.
        precoder: ``P``, shape ``(tx, stream)``.
        u, w: direction cosines of arrival; they broadcast with the delay.
        delay: samples after the start of the window.

    Returns:
        Weights of shape ``(..., stream)``, and whether the delay is longer than the direct path's.
    """
    place, exists = target_place(transmitter, sample_time_s, u, w, delay)
    offset = place - transmitter.position_m
    seen = (offset @ transmitter.axes.T) / jnp.linalg.norm(offset, axis=-1, keepdims=True)
    # The panel is flat: what a direction has along its normal turns no element.
    phase = 2.0 * jnp.pi * (seen[..., :2] @ transmitter.positions[:, :2].T)
    return jnp.exp(-1j * phase) @ precoder, exists


@in_double
def target_place(transmitter: Transmitter, sample_time_s: Any, u: Any, w: Any, delay: Any) -> tuple[Any, Any]:
    """Where the ray along an angle of arrival meets the ellipsoid of a delay, metres, and whether. Traceable."""
    height = jnp.sqrt(jnp.maximum(1.0 - u * u - w * w, 1e-12))
    direction = jnp.stack(jnp.broadcast_arrays(u + 0.0 * delay, w, height), axis=-1)
    los = jnp.linalg.norm(transmitter.position_m)
    path = transmitter.speed_of_light_m_s * sample_time_s * (transmitter.delay_offset + delay)
    exists = path > los * (1.0 + 1e-9)
    distance = ellipsoid_range(jnp.where(exists, path, 1.1 * los), los, direction @ (transmitter.position_m / los))
    return distance[..., None] * direction, exists


@in_double
def steering(search: EchoSearch, u: Any, w: Any) -> Any:
    """``b`` in single precision, shape ``(..., rx)``."""
    row, column = (index.ravel() for index in np.indices(search.receiver))
    phase = jnp.pi * (jnp.asarray(u)[..., None] * row + jnp.asarray(w)[..., None] * column)
    return jnp.exp(1j * phase).astype(jnp.complex64)


@in_double
def sent_at(block: Block, waveform: Any, delay: Any, order: int = 0) -> Any:
    """Waveforms (..., sample) moved by delays (not whole), and their derivatives by the delay over ``order!``."""
    search = block.search
    size = cast(int, fft.next_fast_len(search.window + _RINGING))
    frequency = np.fft.fftfreq(size)
    turned = jnp.fft.fft(waveform.astype(complex), size) * jnp.exp(-2j * jnp.pi * frequency * delay)
    turned = turned * (-2j * jnp.pi * frequency) ** order / math.factorial(order)
    return jnp.fft.ifft(turned)[..., : search.window]


@in_double
def turn(block: Block, delay: Any, doppler: Any) -> Any:
    """``exp(j 2 pi v (t - tau + T_s))`` over the window."""
    ticks = np.arange(block.search.window) + 1.0
    return jnp.exp(2j * jnp.pi * doppler * block.search.sample_time_s * (ticks - delay))
