"""Path gains from pilots, as every user's receiver estimates them.

Pilots are embedded where their zone fits the frame, and stand in frames of their own, one antenna after the other,
where it does not (the default grid). In mode ``dd`` all antennas send one pilot together, and what is estimated is the
gain of the one effective antenna.
"""

from __future__ import annotations

from leoisac.estimation.pilots import (
    PilotLayout,
    detected_paths,
    gain_error,
    pilot_layout,
    pilot_vectors,
    read_gains,
    shrunk,
)
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.systems.otfs_rsma.judge.evaluate import precoded_gains
from leoisac.systems.otfs_rsma.model import Channels, Frame, Parameters, PilotOutcome
from leoisac.systems.otfs_rsma.world.channels import noise_key
from leoisac.waveforms.delay_doppler_channel import apply_paths, path_operators


def solve_pilots(parameters: Parameters, channels: Channels) -> Solution[PilotOutcome]:
    """Errors of the estimates of a batch.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for noise; for paths that cannot be read apart.
    """
    if channels.noise_seed is None or parameters.pilot_energy is None:
        raise ChannelError("pilots: channels from plain arrays have no seed; it needs leoisac.draw(config).")
    frame = parameters.frame
    try:
        _layout(frame)
    except ValueError as error:
        raise ChannelError(f"pilots: {error}") from error
    return by_lanes(estimate, native=False)(parameters, channels)


def estimate(parameters: Parameters, channels: Channels) -> Solution[PilotOutcome]:
    """One trial of ``solve_pilots``. Traceable.

    Data are left out: none of them arrives where an embedded pilot is read.
    """
    frame = parameters.frame
    layout = _layout(frame)
    gains = precoded_gains(frame, channels.path_gains)  # (user, antenna, path)
    amplitude = jnp.sqrt(jnp.asarray(parameters.pilot_energy))
    operators = path_operators(frame.delays, frame.dopplers, frame.n_delay, frame.n_doppler)
    arrived = apply_paths(operators, gains, pilot_vectors(layout, amplitude))  # (user, antenna, cell)
    numbers = uniforms(noise_key(channels, "pilots"), {"noise": (*arrived.shape, 2)})
    noise = jnp.sqrt(parameters.receiver_noise) * complex_normal(numbers["noise"])
    if layout.fits:  # one frame for all antennas
        arrived, noise = jnp.sum(arrived, axis=1, keepdims=True), noise[:, :1]
    received = jnp.broadcast_to(arrived + noise, (*gains.shape[:-1], frame.n_cells))
    read = read_gains(layout, received, amplitude)
    dopplers = [int(doppler) + layout.max_doppler for doppler in frame.dopplers]
    least_squares = read[..., list(frame.delays), dopplers]
    variance, prior = parameters.receiver_noise / parameters.pilot_energy, 1.0 / gains.shape[-1]
    estimates = jnp.stack([least_squares, shrunk(least_squares, variance, prior)])
    errors = jnp.mean(jnp.sum(jnp.abs(estimates - gains) ** 2, axis=-1), axis=(1, 2))
    expected = jnp.stack([gain_error(variance, prior, name) for name in ("least-squares", "lmmse")]) / prior
    return Solution(
        value=PilotOutcome(errors, expected, jnp.mean(1.0 * detected_paths(least_squares, variance))),
        status=nonfinite_where(jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32), errors[0]),
        objective=-errors[1],
        violation=jnp.zeros(()),
        iterations=jnp.zeros((), dtype=jnp.int32),
        history=jnp.zeros((0,)),
    )


def _layout(frame: Frame) -> PilotLayout:
    return pilot_layout(frame.n_delay, frame.n_doppler, frame.n_antennas, frame.delays, frame.dopplers)


__all__ = ["estimate", "solve_pilots"]
