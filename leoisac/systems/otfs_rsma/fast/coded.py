"""The coded route: a design, then code words through its streams and the users' receivers.

A stream carries one symbol a frame, and a code word as many frames as it has symbols, over one channel. Receivers know
the estimated gains; symbols go through the true ones, which differ by ``CN`` errors of the path gains, the same for all
of a code word. Their variance is the one behind the designs' ``N_0``, by either reading of ``csi_error_db``.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Array, Complex

from leoisac.experiment.errors import ChannelError
from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.keys import complex_normal, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution
from leoisac.link.settings import link_settings
from leoisac.link.transmission import Arriving, transmit
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.systems.otfs_rsma.judge.evaluate import precoded_gains, received_streams, sinrs
from leoisac.systems.otfs_rsma.model import Channels, Design, Parameters
from leoisac.systems.otfs_rsma.world.channels import noise_key


def solve(designer: str, parameters: Parameters, channels: Channels) -> Solution[Any]:
    """Designs of a batch, each with the outcome of its trial's code words.

    Raises:
        ChannelError: for channels from plain arrays, which have no seed for bits and noise.
    """
    if channels.noise_seed is None or parameters.coding is None:
        raise ChannelError(
            "coded: channels from plain arrays have no seed; the coded route needs leoisac.draw(config)."
        )
    module, _, name = designer.partition(":")
    solution = getattr(importlib.import_module(f"leoisac.systems.otfs_rsma.{module}"), name)(parameters, channels)
    streams = np.asarray(solution.value.streams)
    usable = np.isfinite(streams).all(axis=(1, 2), keepdims=True)
    known, true, shares = by_lanes(arriving_streams, native=False)(parameters, channels, np.where(usable, streams, 0.0))
    users = known.shape[:2]
    arriving = Arriving(
        known=known,
        true=true,
        noise=np.full(users, float(parameters.receiver_noise)),
        assumed_noise=np.full(users, float(parameters.noise)),
        sic_residual=float(parameters.sic_residual),
        others=np.zeros((*users, 0, known.shape[-1]), dtype=complex),
    )
    outcome = transmit(arriving, shares, np.asarray(channels.noise_seed), link_settings(parameters.coding))
    return Solution(**{**vars(solution), "value": Design(solution.value.streams, words=outcome)})


def arriving_streams(
    parameters: Parameters, channels: Channels, streams: Complex[Array, "stream entry"]
) -> tuple[Array, Array, Array]:
    """Streams at the users by the estimated and by the true channel, and the users' shares of the common rate."""
    gains = jnp.asarray(channels.path_gains)
    known = received_streams(parameters.frame, gains, streams)
    errors = _gain_errors(parameters, channels)
    true = known + received_streams(parameters.frame, errors, streams)
    sinr = sinrs(parameters, gains, streams)
    shared = allocate_common_rate(spectral_efficiency(sinr.common), spectral_efficiency(sinr.private))
    return known, true, shared.common_rate


def _gain_errors(parameters: Parameters, channels: Channels) -> Complex[Array, "user antenna path"]:
    """What the gains of the precoded antennas really have more, of the variance that designs reckon with.

    Errors of variance s of each of P gains bring ``P s / (M N)`` of a frame's power to every cell.
    """
    shape = precoded_gains(parameters.frame, channels.path_gains).shape
    numbers = uniforms(noise_key(channels, "channel errors"), {"errors": (*shape, 2)})
    total = parameters.frame.n_cells * (parameters.noise - parameters.receiver_noise) / parameters.total_power
    return jnp.sqrt(jnp.maximum(total, 0.0) / shape[-1]) * complex_normal(numbers["errors"])


solve_rsma = partial(solve, "fast.max_min:solve_rsma")
solve_sdma = partial(solve, "fast.max_min:solve_sdma")
solve_common_only = partial(solve, "fast.max_min:solve_common_only")
solve_no_crb = partial(solve, "fast.max_min:solve_no_crb")
solve_no_common_floor = partial(solve, "fast.max_min:solve_no_common_floor")
solve_random = partial(solve, "fast.baselines:solve_random")
