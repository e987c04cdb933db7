"""Errors of the delay and Doppler estimates from echoes of designed frames, beside their bounds. JAX, in batches."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex

from leoisac.estimation.delay_doppler_ml import (
    DelayDopplerEstimate,
    KnownAmplitude,
    estimate_delay_doppler,
    wrapped_error,
)
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.keys import complex_normal, purpose_keys, trial_key, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.namespace import RealLike
from leoisac.metrics.delay_doppler_fisher import DelayDopplerBounds, delay_doppler_bounds, realised_energy
from leoisac.waveforms.delay_doppler_echo import delay_doppler_echo
from leoisac.waveforms.qam import qam4_symbols


class TargetErrors(NamedTuple):
    """Errors and bounds of every simulated frame, all of shape ``(frame,)``.

    Attributes:
        delay: error of the delay, s.
        doppler: error of the Doppler shift, Hz.
        delay_bound, doppler_bound: Cramer-Rao bounds of the frame that was sent, s^2 and Hz^2.
    """

    delay: Any
    doppler: Any
    delay_bound: Any
    doppler_bound: Any

    def delay_rmse(self) -> Any:
        """Root of the mean squared error of the delay, s."""
        return np.sqrt(np.mean(self.delay**2))

    def doppler_rmse(self) -> Any:
        """Root of the mean squared error of the Doppler shift, Hz."""
        return np.sqrt(np.mean(self.doppler**2))


@in_double
def target_errors(
    images: Complex[Any, "... stream slot subcarrier"],
    *,
    delay_s: float | int,
    doppler_hz: float | int,
    echo_to_noise: float | int,
    slot_s: float,
    spacing_hz: float,
    amplitude_known: bool,
    frames: int,
    seed: int = 0,
) -> TargetErrors:
    """Simulate echoes of frames with random 4-QAM stream symbols and estimate from each.

    The radar knows the symbols. The amplitude's phase is drawn anew for every frame unless the radar knows it.

    Args:
        images: time-frequency image of every stream (``waveforms.otfs.time_frequency_image``), of one design or of as
            many designs as there are frames.
        delay_s, doppler_hz: the target; errors are taken modulo ``T`` and ``df``. With a known amplitude the delay
            must lie in ``(0, T)``.
        echo_to_noise: ``|a|^2 / sigma^2``; times the energy of the frame it is the echo SNR after integration.
        slot_s, spacing_hz: slot length ``T`` and subcarrier spacing ``df``.
        amplitude_known: whether the radar knows the complex reflectivity, and with it the fall of the echo gain.
        frames: number of frames; the first of many are those of few.
        seed: of all draws.

    Raises:
        ValueError: if there are several designs, but not one for each frame.
    """
    images = np.asarray(images)
    if images.ndim > 3 and images.shape[0] != frames:
        raise ValueError(
            f"images has {images.shape[0]} designs and frames={frames}: give one design, or one for each frame."
        )
    images = np.broadcast_to(images, (frames, *images.shape[-3:]))
    setting = {"delay_s": float(delay_s), "doppler_hz": float(doppler_hz), "echo_to_noise": float(echo_to_noise)}
    simulate = by_lanes(_frame(slot_s, spacing_hz, amplitude_known))
    return simulate({**setting, "seed": seed}, images, np.arange(frames))


class EchoEstimate(NamedTuple):
    """Outcome of one echo.

    Attributes:
        estimate: what the radar found.
        bounds: Cramer-Rao bounds of the frame that was sent.
    """

    estimate: DelayDopplerEstimate
    bounds: DelayDopplerBounds


@in_double
def estimate_from_echo(
    images: Complex[Array, "stream slot subcarrier"],
    symbols: Complex[Array, " stream"],
    key: Any,
    *,
    delay_s: RealLike,
    doppler_hz: RealLike,
    echo_to_noise: RealLike,
    slot_s: float,
    spacing_hz: float,
    amplitude_known: bool,
) -> EchoEstimate:
    """One frame, its echo in noise, and the estimate from it. Traceable: for use inside other simulations.

    Args:
        images: time-frequency image of every stream.
        symbols: symbol of every stream, known to the radar.
        key: of the noise and of the phase of an unknown amplitude (whose size is 1: noise is scaled instead).
        delay_s, doppler_hz, echo_to_noise, slot_s, spacing_hz, amplitude_known: as in ``target_errors``.
    """
    numbers = uniforms(key, {"noise": (*images.shape[-2:], 2), "phase": (1,)})
    x_tf = jnp.einsum("s,sni->ni", symbols, images)
    amplitude = jnp.ones((), complex) if amplitude_known else jnp.exp(2j * np.pi * numbers["phase"][0])
    echo = delay_doppler_echo(x_tf, delay_s, doppler_hz, amplitude, slot_s=slot_s, spacing_hz=spacing_hz)
    received = echo + complex_normal(numbers["noise"]) / jnp.sqrt(echo_to_noise)
    known = KnownAmplitude(amplitude, delay_s) if amplitude_known else None
    found = estimate_delay_doppler(received, x_tf, slot_s=slot_s, spacing_hz=spacing_hz, known=known)
    bounds = delay_doppler_bounds(
        realised_energy(images, symbols),
        delay_s=delay_s,
        echo_to_noise=echo_to_noise,
        slot_s=slot_s,
        spacing_hz=spacing_hz,
        amplitude_known=amplitude_known,
    )
    return EchoEstimate(found, bounds)


@functools.cache
def _frame(slot_s: float, spacing_hz: float, amplitude_known: bool) -> Any:
    """``f(setting, images, frame) -> TargetErrors`` of one frame."""
    grid = {"slot_s": slot_s, "spacing_hz": spacing_hz}

    def simulate(setting: dict[str, Any], images: Any, frame: Any) -> TargetErrors:
        symbol_key, echo_key = purpose_keys(trial_key(setting["seed"], frame), ("symbols", "echo"))
        symbols = qam4_symbols(uniforms(symbol_key, {"symbols": (images.shape[0], 2)})["symbols"] < 0.5)
        target = {name: setting[name] for name in ("delay_s", "doppler_hz", "echo_to_noise")}
        found = estimate_from_echo(images, symbols, echo_key, amplitude_known=amplitude_known, **target, **grid)
        return TargetErrors(
            wrapped_error(found.estimate.delay_s, setting["delay_s"], 1.0 / spacing_hz),
            wrapped_error(found.estimate.doppler_hz, setting["doppler_hz"], 1.0 / slot_s),
            *found.bounds,
        )

    return simulate
