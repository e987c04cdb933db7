"""Maximum-likelihood delay and Doppler shift of one target from the exact sampled echo of a known frame. JAX.

The echo is that of ``waveforms.sampled_echo``: rectangular pulses, a delay between the samples, a Doppler shift that
also turns the samples within a slot. All that it tells is in the cross-ambiguity
``F(tau, nu) = sum_q conj(s(q T_s - tau)) exp(-j 2 pi nu (q T_s - tau)) y[q]``, whose highest cell on a grid inside a
window is where Newton's method starts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex

from leoisac.estimation.delay_doppler_ml import DelayDopplerEstimate, KnownAmplitude, climb
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.namespace import RealLike
from leoisac.waveforms.sampled_echo import sampled_echo


class SearchWindow(NamedTuple):
    """Where an estimator looks.

    Attributes:
        delay_s, doppler_hz: its centre.
        delay_span_s, doppler_span_hz: its whole widths; below the frame's length and the sampling rate.
    """

    delay_s: RealLike
    doppler_hz: RealLike
    delay_span_s: float
    doppler_span_hz: float


@in_double
def estimate_sampled_echo(
    received: Complex[Array, " cell"],
    samples: Complex[Array, " cell"],
    window: SearchWindow,
    *,
    sample_time_s: float,
    known: KnownAmplitude | None = None,
    pad: int = 4,
    newton_steps: int = 10,
) -> DelayDopplerEstimate:
    """Maximum-likelihood estimate from one received frame. Traceable.

    With an unknown complex amplitude the likelihood is highest where ``|F|^2`` is; with a known one where
    ``2 Re(conj(a) F) - |a|^2 sum |s|^2`` is (S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation
    Theory, 1993, sections 7.2 and 15.8). Its variance tends to the bounds of ``metrics.sampled_echo_fisher``.

    Args:
        received: samples ``y`` of the echo, its prefix removed.
        samples: samples ``s`` of the transmitted frame (``waveforms.otfs.modulate``), which the radar knows.
        window: estimates are inside; with a known amplitude at positive delays only, where the gain law has values.
        sample_time_s: ``T_s``.
        known: what the radar knows about the amplitude; nothing by default.
        pad: points of the grid per sample of delay and per ``1 / (Q T_s)`` of Doppler shift, at least 2.
        newton_steps: steps of Newton's method, each at most half a cell and never downhill.
    """
    received, samples = jnp.asarray(received), jnp.asarray(samples)
    count = received.shape[-1]
    units = np.array([sample_time_s, 1.0 / (count * sample_time_s)])
    energy = jnp.sum(jnp.abs(samples) ** 2)
    widths = np.array([window.delay_span_s, window.doppler_span_hz]) / units
    middle = jnp.stack([jnp.asarray(window.delay_s), jnp.asarray(window.doppler_hz)]) / units
    low, high = middle - 0.5 * widths, middle + 0.5 * widths
    if known is not None:
        low = low.at[0].set(jnp.maximum(low[0], 1.0 / pad))

    def gain_at(delay: Any) -> Any:
        assert known is not None
        return known.amplitude * (known.reference_delay_s / (delay * sample_time_s)) ** 2

    def likelihood(correlation: Any, delay: Any) -> Any:
        if known is None:
            return correlation.real**2 + correlation.imag**2
        expected = gain_at(delay)
        return 2.0 * (jnp.conj(expected) * correlation).real - jnp.abs(expected) ** 2 * energy

    def correlate(point: Any) -> Any:
        target = {"delay_s": point[0] * units[0], "doppler_hz": point[1] * units[1]}
        return jnp.vdot(sampled_echo(samples, **target, sample_time_s=sample_time_s), received)

    # One zero-padded FFT per delay has all Doppler shifts of the window among its first points.
    delays = low[0] + np.arange(int(np.ceil(pad * widths[0]))) / pad
    moved = sampled_echo(samples, delays * units[0], low[1] * units[1] + 0.0 * delays, sample_time_s=sample_time_s)
    bins = int(np.ceil(pad * widths[1]))
    cells = jnp.fft.fft(jnp.conj(moved) * received, pad * count, axis=-1)[:, :bins]
    # Relative to its first sample a moved frame turns by nu tau, too.
    turns = delays[:, None] * np.arange(bins) / (pad * count)
    cells = cells * jnp.exp(2j * np.pi * turns)
    heights = jnp.where(delays[:, None] <= high[0], likelihood(cells, delays[:, None]), -jnp.inf)
    row, column = jnp.divmod(jnp.argmax(heights), bins)
    start = jnp.stack([delays[row], low[1] + column / pad])

    def objective(point: Any) -> Any:
        return likelihood(correlate(point), point[0])

    top = jnp.clip(climb(objective, start, np.full(2, 1.0 / pad), newton_steps), low, high)
    fitted = correlate(top) / energy if known is None else gain_at(top[0])
    return DelayDopplerEstimate(top[0] * units[0], top[1] * units[1], fitted)
