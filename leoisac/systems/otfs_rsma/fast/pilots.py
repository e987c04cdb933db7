"""Path gains from pilots, as every user's receiver estimates them.

Pilots are embedded where their zone fits the frame, and stand in frames of their own, one antenna after the other,
where it does not (the default grid). In mode ``dd`` all antennas send one pilot together, and what is estimated is the
gain of the one effective antenna. Doppler shifts between the bins are fitted on a dictionary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from leoisac.estimation.pilot_dictionary import channel_errors, doppler_fit, fitted_gains, read_columns, ridge
from leoisac.estimation.pilots import PilotLayout, detected_paths, pilot_vectors, read_gains, shrunk
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.systems.otfs_rsma.judge.evaluate import expected_pilot_error, pilot_layout_of, precoded_gains
from leoisac.systems.otfs_rsma.model import Channels, Frame, Parameters, PilotOutcome
from leoisac.systems.otfs_rsma.world.channels import noise_key
from leoisac.waveforms.delay_doppler_channel import apply_in_time, apply_paths, path_operators, time_operators

ESTIMATORS = ("least-squares", "lmmse")


def solve_pilots(parameters: Parameters, channels: Channels) -> Solution[PilotOutcome]:
    """Errors of the estimates of a batch.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for noise; for paths that cannot be read apart.
    """
    if channels.noise_seed is None:
        raise ChannelError("pilots: channels from plain arrays have no seed; it needs leoisac.draw(config).")
    frame = parameters.frame
    try:
        pilot_layout_of(frame)
    except ValueError as error:
        raise ChannelError(f"pilots: {error}") from error
    return by_lanes(estimate, native=False)(parameters, channels)


def estimate(parameters: Parameters, channels: Channels) -> Solution[PilotOutcome]:
    """One trial of ``solve_pilots``. Traceable.

    Data are left out: none of them arrives where an embedded pilot is read.
    """
    frame = parameters.frame
    layout = pilot_layout_of(frame)
    gains = precoded_gains(frame, channels.path_gains)  # (user, antenna, path)
    amplitude = jnp.sqrt(parameters.pilot_energy)
    sent = pilot_vectors(layout, amplitude)
    if layout.is_whole:
        operators = path_operators(frame.delays, frame.dopplers, frame.n_delay, frame.n_doppler)
        arrived = apply_paths(operators, gains, sent)  # (user, antenna, cell)
    else:
        operators = time_operators(frame.delays, frame.dopplers, frame.n_delay, frame.n_doppler)
        arrived = apply_in_time(operators, gains, sent, frame.n_delay)
    numbers = uniforms(noise_key(channels, "pilots"), {"noise": (*arrived.shape, 2)})
    noise = jnp.sqrt(parameters.receiver_noise) * complex_normal(numbers["noise"])
    if layout.fits:  # one frame for all antennas
        arrived, noise = jnp.sum(arrived, axis=1, keepdims=True), noise[:, :1]
    received = jnp.broadcast_to(arrived + noise, (*gains.shape[:-1], frame.n_cells))
    variance = parameters.receiver_noise / parameters.pilot_energy
    by_antenna = _in_cells if layout.is_whole else _on_dictionary
    errors, found = by_antenna(frame, layout, gains, received, amplitude, variance)
    errors = jnp.mean(errors, axis=(1, 2))
    expected = jnp.stack([expected_pilot_error(frame, variance, name) for name in ESTIMATORS])
    return Solution(
        value=PilotOutcome(errors, expected, jnp.mean(1.0 * found)),
        status=nonfinite_where(jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32), errors[0]),
        objective=-errors[1],
        violation=jnp.zeros(()),
        iterations=jnp.zeros((), dtype=jnp.int32),
        history=jnp.zeros((0,)),
    )


def _in_cells(frame: Frame, layout: PilotLayout, gains: Any, received: Any, amplitude: Any, variance: Any) -> Any:
    """Errors of both estimators, ``(estimator, user, antenna)``, and which paths stand out; whole Doppler bins."""
    read = read_gains(layout, received, amplitude)
    dopplers = [int(doppler) + layout.max_doppler for doppler in frame.dopplers]
    least_squares = read[..., list(frame.delays), dopplers]
    estimates = jnp.stack([least_squares, shrunk(least_squares, variance, 1.0 / gains.shape[-1])])
    return jnp.sum(jnp.abs(estimates - gains) ** 2, axis=-1), detected_paths(least_squares, variance)


def _on_dictionary(frame: Frame, layout: PilotLayout, gains: Any, received: Any, amplitude: Any, variance: Any) -> Any:
    """The same for Doppler shifts between the bins."""
    columns = read_columns(layout, received, amplitude)  # (user, antenna, delay, doppler)
    errors = list[Any]()
    for antenna in range(layout.n_tx):
        fit = doppler_fit(layout, antenna)
        mine, true = columns[:, antenna], gains[:, antenna]
        levels = [ridge(fit, variance, gains.shape[-1], name) for name in ESTIMATORS]
        found = [fitted_gains(fit, mine, level) for level in levels]
        errors.append(
            jnp.stack([channel_errors(layout, fit, one, true, frame.delays, frame.dopplers) for one in found])
        )
    bins = np.rint(frame.dopplers).astype(int)
    nearest = [
        columns[:, antenna, list(frame.delays), list((bins + place[1]) % frame.n_doppler)]
        for antenna, place in enumerate(layout.places)
    ]
    return jnp.stack(errors, axis=-1), detected_paths(jnp.stack(nearest, axis=1), variance)


__all__ = ["estimate", "solve_pilots"]
