"""Maximum-likelihood delay and Doppler shift of one target from the echo of a known multicarrier frame. JAX.

On the time-frequency grid the echo of a frame X is ``a X[n, i] exp(j 2 pi (n nu T - i tau df))`` in white noise
(``waveforms.delay_doppler_echo``; ``waveforms.otfs.isfft`` brings a received delay-Doppler grid there). Everything that
the echo tells about delay and Doppler shift is in ``F(tau, nu) = sum conj(X) Y exp(-j 2 pi (n nu T - i tau df))``. A
zero-padded FFT finds the highest cell of the likelihood, Newton's method its top. Delays are found modulo ``T``,
Doppler shifts modulo ``df``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex

from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.foundation.namespace import RealLike


class KnownAmplitude(NamedTuple):
    """Amplitude of the echo that the radar knows: ``a(tau) = amplitude (reference_delay_s / tau)^2``.

    Attributes:
        amplitude: complex ``a`` at the reference delay, shape ``(...)`` or a scalar.
        reference_delay_s: delay at which it holds.
    """

    amplitude: Any
    reference_delay_s: Any


class DelayDopplerEstimate(NamedTuple):
    """Estimates, all of shape ``(...)``.

    Attributes:
        delay_s: in ``[0, T)``.
        doppler_hz: in ``[0, df)``.
        amplitude: complex echo amplitude ``a`` (fitted, or as known at the estimated delay).
    """

    delay_s: Any
    doppler_hz: Any
    amplitude: Any


@in_double
def estimate_delay_doppler(
    received: Complex[Array, "*#batch doppler delay"],
    x_tf: Complex[Array, "*#batch doppler delay"],
    *,
    slot_s: float,
    spacing_hz: float,
    known: KnownAmplitude | None = None,
    pad: int = 8,
    newton_steps: int = 8,
) -> DelayDopplerEstimate:
    """Maximum-likelihood estimate from one received frame.

    With an unknown complex amplitude the likelihood is highest where ``|F|^2`` is; with a known one where
    ``2 Re(conj(a) F) - |a|^2 sum |X|^2`` is (S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation
    Theory, 1993, sections 7.2 and 15.8). Its variance tends to the bounds of ``metrics.delay_doppler_fisher`` at high
    SNR; below some SNR the highest cell is now and then a wrong one.

    Args:
        received: ``Y`` on the time-frequency grid, slot by subcarrier.
        x_tf: ``X``, the transmitted frame, which the radar knows.
        slot_s, spacing_hz: slot length ``T`` and subcarrier spacing ``df``.
        known: what the radar knows about the amplitude; nothing by default.
        pad: FFT points per bin, at least 2.
        newton_steps: steps of Newton's method, each at most half a cell and never downhill.
    """
    received, x_tf = jnp.broadcast_arrays(received, x_tf)
    batch, (n_doppler, n_delay) = received.shape[:-2], received.shape[-2:]
    matched = (jnp.conj(x_tf) * received).reshape(-1, n_doppler, n_delay)
    energy = jnp.sum(jnp.abs(x_tf) ** 2, axis=(-2, -1)).reshape(-1)
    amplitude, reference = jnp.zeros_like(energy), jnp.ones_like(energy)
    if known is not None:
        amplitude = jnp.broadcast_to(jnp.asarray(known.amplitude), batch).reshape(-1)
        reference = jnp.broadcast_to(jnp.asarray(known.reference_delay_s) * spacing_hz, batch).reshape(-1)

    def one(matched: Any, energy: Any, amplitude: Any, reference: Any) -> tuple[Any, Any]:
        def known_at(turns: Any) -> Any:
            return amplitude * (reference / turns) ** 2

        def likelihood(correlation: Any, delay_turns: Any) -> Any:
            if known is None:
                return correlation.real**2 + correlation.imag**2
            expected = known_at(delay_turns)
            return 2.0 * (jnp.conj(expected) * correlation).real - jnp.abs(expected) ** 2 * energy

        cells = jnp.fft.fft(matched, pad * n_doppler, axis=-2)
        cells = jnp.fft.ifft(cells, pad * n_delay, axis=-1, norm="forward")
        steps = np.array([1.0 / (pad * n_delay), 1.0 / (pad * n_doppler)])
        # The gain law has no value at delay 0, which is where range would be 0.
        first = 0 if known is None else 1
        turns = np.arange(first, pad * n_delay) * steps[0]
        row, column = jnp.divmod(jnp.argmax(likelihood(cells[:, first:], turns)), turns.size)
        start = jnp.stack([turns[0] + column * steps[0], row * steps[1]])

        def objective(point: Any) -> Any:
            return likelihood(_correlation(matched, point), point[0])

        top = climb(objective, start, steps, newton_steps)
        fitted = _correlation(matched, top) / energy if known is None else known_at(top[0])
        return jnp.mod(top, 1.0), fitted

    turns, fitted = jax.vmap(one)(matched, energy, amplitude, reference)
    turns = turns.reshape(*batch, 2)
    return DelayDopplerEstimate(turns[..., 0] / spacing_hz, turns[..., 1] / slot_s, fitted.reshape(batch))


@in_double
def wrapped_error(estimate: RealLike, truth: RealLike, period: RealLike) -> Any:
    """Error of an estimate that is known up to whole periods, in ``[-period / 2, period / 2)``."""
    return (jnp.asarray(estimate) - truth + 0.5 * period) % period - 0.5 * period


def _correlation(matched: Any, point: Any) -> Any:
    """``F`` at (delay in turns per subcarrier, Doppler shift in turns per slot)."""
    slot, subcarrier = np.arange(matched.shape[-2]), np.arange(matched.shape[-1])
    along_slots = jnp.exp(-2j * np.pi * point[1] * slot)
    return along_slots @ matched @ jnp.exp(2j * np.pi * point[0] * subcarrier)


@in_double
def climb(objective: Any, start: Any, cell: np.ndarray, steps: int) -> Any:
    """Top of a peak from a point beside it: Newton's method, along the slope where the peak is not concave.

    Args:
        objective: of a point of two numbers; traceable and twice differentiable.
        start: the point.
        cell: length of a step's unit in both directions; a step is at most half of it.
        steps: their number.
    """
    slope, curvature = jax.grad(objective), jax.hessian(objective)

    def step(state: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], None]:
        point, value = state
        g, h = slope(point) * cell, curvature(point) * np.outer(cell, cell)
        determinant = h[0, 0] * h[1, 1] - h[0, 1] ** 2
        concave = (h[0, 0] < 0.0) & (determinant > 0.0)
        newton = jnp.stack([h[0, 1] * g[1] - h[1, 1] * g[0], h[0, 1] * g[0] - h[0, 0] * g[1]])
        newton = newton / jnp.where(concave, determinant, 1.0)
        uphill = 0.1 * g / jnp.maximum(jnp.max(jnp.abs(g)), jnp.finfo(g.dtype).tiny)
        move = jnp.where(concave, newton, uphill)
        move = move * jnp.minimum(1.0, 0.5 / jnp.maximum(jnp.max(jnp.abs(move)), 0.5))
        trial = point + move * cell
        reached = objective(trial)
        better = reached > value
        return (jnp.where(better, trial, point), jnp.where(better, reached, value)), None

    (top, _), _ = jax.lax.scan(step, (start, objective(start)), None, length=steps)
    return top
