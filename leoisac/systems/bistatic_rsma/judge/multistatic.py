"""The position of the target by all radar receivers. NumPy around traced functions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.estimation.echo_model import echo_weights
from leoisac.estimation.multistatic import multistatic_fix
from leoisac.foundation.jax_setup import in_double, jax, jnp
from leoisac.metrics.multistatic import without_nuisance
from leoisac.systems.bistatic_rsma.judge.bounds import information_at, transmitter_of
from leoisac.systems.bistatic_rsma.judge.sensing import echo_amplitude, estimate_target, observe
from leoisac.systems.bistatic_rsma.judge.several_metrics import in_metres, scaled
from leoisac.systems.bistatic_rsma.model import Echo, EchoScene, Estimate, MultistaticFix

_SHIFTS = 7
"""Stream of random numbers beside those of ``judge.sensing`` and ``judge.several``."""
_REACH_CELLS = 2.0
"""Resolution cells within which a receiver agrees with a position."""


@in_double
def locate(
    scenes: tuple[EchoScene, ...], precoder: Complex[np.ndarray, "tx stream"], echo: Echo, first: Estimate
) -> MultistaticFix:
    """One trial's position by the estimates of all receivers, each weighed by its information at its own estimate.

    Args:
        scenes: of all receivers, the first one's first.
        precoder: ``P``.
        echo: of the trial. Further receivers hear other phases and, unless by motion, other Doppler shifts.
        first: the first receiver's estimate.
    """
    estimates = [first]
    for index, scene in enumerate(scenes[1:], start=1):
        there = _echo_at(scene, echo, index)
        window = observe(scene, precoder, there, index)
        estimates.append(estimate_target(scene, precoder, window, echo_amplitude(scene, there)))
    # A receiver whose peak may be noise has nothing to say; if all are so, the first one speaks.
    heard = np.array([float(one.false_alarm) < float(scene.false_alarm_rate) for one, scene in zip(estimates, scenes)])
    heard[0] |= not heard.any()
    satellite = np.asarray(scenes[0].satellite_m)
    receivers = np.stack([satellite - np.asarray(scene.satellite_m) for scene in scenes])
    sample_m = float(scenes[0].sample_time_s) * float(scenes[0].speed_of_light_m_s)
    measured = np.stack([_measured(scene, one, sample_m) for scene, one in zip(scenes, estimates, strict=True)])
    information = np.stack([_information(scene, precoder, one) for scene, one in zip(scenes, estimates, strict=True)])
    rows, columns = (int(size) for size in np.asarray(scenes[0].receiver_array))
    fix = multistatic_fix(
        satellite,
        receivers,
        measured,
        information * heard[:, None, None],
        np.stack([receiver + one.position_m for receiver, one in zip(receivers, estimates, strict=True)])[heard],
        _REACH_CELLS * np.array([2.0 / rows, 2.0 / columns, sample_m]),
    )
    return MultistaticFix(fix.position_m, np.asarray(float(fix.used.sum())))


def _echo_at(scene: EchoScene, echo: Echo, index: int) -> Echo:
    numbers = np.random.default_rng([int(echo.seed), _SHIFTS, index]).random(2)
    doppler = float(scene.max_doppler_hz) * (2.0 * numbers[1] - 1.0)
    if scene.motion_doppler_hz is not None:
        doppler = float(scene.motion_doppler_hz)
    return Echo(doppler, 2.0 * math.pi * numbers[0], echo.seed)


def _measured(scene: EchoScene, found: Estimate, sample_m: float) -> np.ndarray:
    """Direction cosines and path in metres."""
    sine = math.sin(float(found.aoa_zenith))
    cosines = [sine * math.cos(float(found.aoa_azimuth)), sine * math.sin(float(found.aoa_azimuth))]
    return np.array([*cosines, (float(scene.delay_offset) + float(found.delay)) * sample_m])


def _information(scene: EchoScene, precoder: Complex[np.ndarray, "tx stream"], found: Estimate) -> np.ndarray:
    """Information about (u, w, path) at the estimate, of an echo of the energy found there."""
    point = _measured(scene, found, 1.0)
    point[2] = float(found.delay)
    energy = float(found.eigenvalue_ratio) * (int(scene.num_samples) + int(scene.max_delay))
    relative = float(found.doppler_hz) - float(scene.doppler_centre_hz)
    return np.asarray(_weight(replace(scene, further=None, interference=None), precoder, point, energy, relative))


@in_double
def _weight(scene: EchoScene, precoder: Any, point: Any, energy: float, doppler_hz: float) -> Any:
    return _compiled(scene, jnp.asarray(precoder), jnp.asarray(point), energy, doppler_hz)


@jax.jit
def _compiled(scene: EchoScene, precoder: Any, point: Any, energy: Any, doppler_hz: Any) -> Any:
    weights, _ = echo_weights(transmitter_of(scene, len(precoder)), scene.sample_time_s, precoder, *point)
    elements = scene.receiver_array[0] * scene.receiver_array[1]
    snr = energy / (elements * scene.num_samples * jnp.sum(jnp.abs(weights) ** 2))
    information = information_at(scene, precoder, point, doppler_hz, snr, amplitude_known=False)
    return in_metres(scene, without_nuisance(scaled(scene, information), 3))
