"""Uncoded data over single-antenna links: a 4-QAM symbol in every cell, four receivers, wrong bits.

The paper names its receivers and shows no curve; this is what they do. Gains are those of the trial's first user and
antenna; errors of the channel estimate, if any, lie on the path gains, and noise grows by their variance.
"""

from __future__ import annotations

from jaxtyping import Array

from leoisac.estimation.bit_errors import RECEIVERS
from leoisac.estimation.symbol_detection import lmmse_equalise, message_passing, one_tap_equalise
from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.systems.otfs_rsma.model import Channels, Parameters, Reception
from leoisac.waveforms.delay_doppler_channel import channel_matrix, path_matrices, path_operators
from leoisac.waveforms.ofdm import ofdm_channel, ofdm_path_matrices
from leoisac.waveforms.qam import qam4_bits, qam4_symbols


def solve_reception(parameters: Parameters, channels: Channels) -> Solution[Reception]:
    """Bits that each receiver gets wrong in one frame per trial.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for bits and noise; for Doppler shifts between
            the bins, which message passing does not know; for delays that an OFDM prefix cannot hold.
    """
    frame = parameters.frame
    if channels.noise_seed is None:
        raise ChannelError("reception: channels from plain arrays have no seed; it needs leoisac.draw(config).")
    if not all(doppler.is_integer() for doppler in frame.dopplers) or max(frame.delays) >= frame.n_delay:
        raise ChannelError(
            f"path_dopplers = {frame.dopplers}, path_delays = {frame.delays}: reception needs whole Doppler bins and "
            f"delays below n_delay = {frame.n_delay}."
        )
    return by_lanes(receive)(parameters, channels)


def receive(parameters: Parameters, channels: Channels) -> Solution[Reception]:
    """One trial of ``solve_reception``. Traceable."""
    frame = parameters.frame
    grid = (frame.delays, frame.dopplers, frame.n_delay, frame.n_doppler)
    shape = (frame.n_doppler, frame.n_delay)
    key = jax.random.fold_in(jax.random.key(2), jnp.mod(jnp.asarray(channels.noise_seed), 2.0**32).astype(jnp.uint32))
    numbers = uniforms(key, {"bits": (frame.n_cells, 2), "noise": (frame.n_cells, 2), "errors": (len(frame.delays), 2)})
    known = channels.path_gains[0, 0]
    # Per cell: symbols have unit power here, whatever the budget of the precoded streams.
    noise = parameters.receiver_noise / parameters.total_power
    error = parameters.noise / parameters.total_power - noise
    gains = known + jnp.sqrt(error / len(frame.delays)) * complex_normal(numbers["errors"])
    bits = numbers["bits"] < 0.5
    symbols, white = qam4_symbols(bits), jnp.sqrt(noise) * complex_normal(numbers["noise"])
    otfs, ofdm = path_matrices(*grid), ofdm_path_matrices(*grid)
    y = channel_matrix(otfs, gains) @ symbols + white
    y_ofdm = jnp.einsum("nij,nj->ni", ofdm_channel(ofdm, gains), symbols.reshape(shape)) + white.reshape(shape)
    blocks, level = ofdm_channel(ofdm, known), noise + error
    decided = {
        "otfs-lmmse": lmmse_equalise(channel_matrix(otfs, known), y, level),
        "otfs-message-passing": message_passing(path_operators(*grid), known, y, level).symbols,
        "ofdm-one-tap": one_tap_equalise(blocks, y_ofdm).ravel(),
        "ofdm-lmmse": lmmse_equalise(blocks, y_ofdm, level).ravel(),
    }
    wrong = jnp.stack([_wrong(decided[name], bits) for name in RECEIVERS])
    return Solution(
        value=Reception(wrong, jnp.asarray(2.0 * frame.n_cells)),
        status=jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32),
        objective=-jnp.min(wrong) / (2.0 * frame.n_cells),
        violation=jnp.zeros(()),
        iterations=jnp.zeros((), dtype=jnp.int32),
        history=jnp.zeros((0,)),
    )


def _wrong(symbols: Array, bits: Array) -> Array:
    return jnp.sum(qam4_bits(symbols) != bits).astype(float)


__all__ = ["RECEIVERS", "receive", "solve_reception"]
