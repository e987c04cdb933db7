"""Uncoded data over single-antenna links: a 4-QAM symbol in every cell, four receivers, wrong bits.

The paper names its receivers and shows no curve; this is what they do. Gains are those of the trial's first user and
antenna. The frame has the designs' energy, so that a cell has ``1 / (M N)`` of it, and noise and errors of the channel
estimate are read as designs read them; the errors lie on the path gains, and noise grows by their variance.
"""

from __future__ import annotations

import numpy as np

from leoisac.estimation.bit_errors import RECEIVERS, GridLink, frame_bit_errors
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.systems.otfs_rsma.model import Channels, Parameters, Reception
from leoisac.systems.otfs_rsma.world.channels import noise_key


def solve_reception(parameters: Parameters, channels: Channels) -> Solution[Reception]:
    """Bits that each receiver gets wrong in one frame per trial.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for bits and noise; for Doppler shifts between
            the bins, which message passing does not know; for delays that an OFDM prefix cannot hold.
    """
    frame = parameters.frame
    delays, dopplers = frame.paths_of(0)
    if channels.noise_seed is None:
        raise ChannelError("reception: channels from plain arrays have no seed; it needs leoisac.draw(config).")
    own = 0.0 if frame.user_dopplers is None else float(np.asarray(frame.user_dopplers)[0])
    dopplers = tuple(doppler + own for doppler in dopplers)
    if own or not all(doppler.is_integer() for doppler in dopplers) or max(delays) >= frame.n_delay:
        raise ChannelError(
            f"path_dopplers = {dopplers}, path_delays = {delays}: reception needs whole Doppler bins and "
            f"delays below n_delay = {frame.n_delay}."
        )
    return by_lanes(receive)(parameters, channels)


def receive(parameters: Parameters, channels: Channels) -> Solution[Reception]:
    """One trial of ``solve_reception``. Traceable."""
    frame = parameters.frame
    link = GridLink(frame.n_delay, frame.n_doppler, *frame.paths_of(0))
    # Symbols have unit power here: the frame's energy is what the budget's share of a cell is one of.
    noise, effective = (
        frame.n_cells * power / parameters.total_power for power in (parameters.receiver_noise, parameters.noise)
    )
    wrong = frame_bit_errors(
        link,
        RECEIVERS,
        channels.path_gains[0, 0],
        noise_key(channels, "reception"),
        noise=noise,
        csi_error=effective - noise,
    )
    counts = jnp.stack([wrong[name] for name in RECEIVERS]).astype(float)
    # Where an energy overflows receivers decide on NaN, and bits are wrong by half: no outcome of a transmission.
    snr = jnp.sum(jnp.abs(channels.path_gains[0, 0]) ** 2) / noise
    return Solution(
        value=Reception(counts, jnp.asarray(2.0 * frame.n_cells)),
        status=nonfinite_where(jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32), snr),
        objective=-jnp.min(counts) / (2.0 * frame.n_cells),
        violation=jnp.zeros(()),
        iterations=jnp.zeros((), dtype=jnp.int32),
        history=jnp.zeros((0,)),
    )


__all__ = ["RECEIVERS", "receive", "solve_reception"]
