"""The coded route at full load: a design, then code words through all cells of its streams and the users' equalisers.

Modes come from the SINRs behind LMMSE equalisers over the estimated channels, as the designs' rates do; ``equaliser``
says what receivers have. True channels differ by errors of the path gains that are those of a trial's antennas.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Complex

from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.link.grid_transmission import GridStreams, Steps, transmit_on_grid
from leoisac.link.outcome import LinkOutcome
from leoisac.link.settings import link_settings
from leoisac.systems.otfs_rsma.fast import full_load
from leoisac.systems.otfs_rsma.judge.full_load import data_matrices
from leoisac.systems.otfs_rsma.model import Channels, LoadedDesign, Parameters
from leoisac.systems.otfs_rsma.world.channels import noise_key

_ENTRIES = 2**22
"""Entries of the matrices that are in memory at once."""


def solve(scheme: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Designs of a batch at full load, each with the outcome of its trial's code words.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for bits and noise.
        ConfigError: as ``fast.full_load.solve``.
    """
    if channels.noise_seed is None or parameters.coding is None:
        raise ChannelError(
            "coded: channels from plain arrays have no seed; the coded route needs leoisac.draw(config)."
        )
    solution = full_load.solve(scheme, parameters, channels)
    design: LoadedDesign = solution.value
    precoders = np.asarray(design.precoders)
    usable = np.isfinite(precoders).all(axis=(1, 2), keepdims=True)
    precoders = np.where(usable, precoders, 0.0)
    gains = np.asarray(channels.path_gains)
    errors = np.asarray(by_lanes(gain_errors, native=False)(parameters, channels))
    steps = _steps(design)
    (n_users, n_streams), cells = steps.parts.shape[1:], parameters.frame.n_cells
    block = max(1, min(64, _ENTRIES // (2 * n_users * n_streams * cells**2)))
    equaliser = "mp" if float(parameters.passes_messages) > 0.5 else "lmmse"
    parts = list[LinkOutcome]()
    for start in range(0, len(gains), block):
        rows = slice(start, start + block)
        known, off = (arriving_matrices(parameters, one[rows], precoders[rows]) for one in (gains, errors))
        streams = GridStreams(
            known,
            known + off,
            float(parameters.receiver_noise),
            float(parameters.noise),
            float(parameters.sic_residual),
        )
        mine = Steps(*(part[rows] for part in steps))
        seeds = np.asarray(channels.noise_seed)[rows]
        parts.append(transmit_on_grid(streams, mine, seeds, link_settings(parameters.coding), equaliser))
    outcome = LinkOutcome(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    sent = LoadedDesign(design.precoders, design.shares, design.decoding, outcome)
    return Solution(**{**vars(solution), "value": sent})


def arriving_matrices(
    parameters: Parameters,
    gains: Complex[np.ndarray, "trial user tx path"],
    precoders: Complex[np.ndarray, "trial tx stream"],
) -> Complex[np.ndarray, "trial user stream cell symbol"]:
    """From every stream's unit-power symbols to the users' delay-Doppler cells."""
    frame = parameters.frame
    through = np.einsum("tuap,tas->tusp", gains, precoders) / np.sqrt(frame.n_cells)
    users = range(through.shape[1])
    if not frame.user_delays:
        return np.einsum("tusp,pcx->tuscx", through, data_matrices(frame, 0, parameters.is_time_frequency))
    by_user = [
        np.einsum("tsp,pcx->tscx", through[:, user], data_matrices(frame, user, parameters.is_time_frequency))
        for user in users
    ]
    return np.stack(by_user, axis=1)


def gain_errors(parameters: Parameters, channels: Channels) -> Any:
    """What the path gains of all antennas really have more, ``(user, tx, path)``, of the variance behind ``N_0``.

    Errors of variance s of each of P gains bring ``P s / (M N)`` of a frame's power to every cell.
    """
    shape = channels.path_gains.shape
    numbers = uniforms(noise_key(channels, "channel errors"), {"errors": (*shape, 2)})
    total = parameters.frame.n_cells * (parameters.noise - parameters.receiver_noise) / parameters.total_power
    return jnp.sqrt(jnp.maximum(total, 0.0) / shape[-1]) * complex_normal(numbers["errors"])


def _steps(design: LoadedDesign) -> Steps:
    decoding = design.decoding
    parts = np.array(decoding.owners, dtype=float)
    parts[:, :, 0] *= np.asarray(design.shares)
    users, streams, states, share = (
        np.asarray(part) for part in (decoding.users, decoding.streams, decoding.states, decoding.frame_share)
    )
    return Steps(users, streams, states, parts, share)


solve_rsma = partial(solve, "rsma")
solve_sdma = partial(solve, "sdma")
solve_sdma_k = partial(solve, "sdma-k")
solve_noma = partial(solve, "noma")
solve_oma = partial(solve, "oma")
