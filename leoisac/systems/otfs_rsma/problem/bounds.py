"""Bounds on rates from the strength of the channels alone; the schemes ``bound`` and ``interference-free``."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Complex, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status, nonfinite_where
from leoisac.metrics.sinr import spectral_efficiency
from leoisac.systems.otfs_rsma.judge.evaluate import precoded_gains
from leoisac.systems.otfs_rsma.judge.full_load import matrices_of
from leoisac.systems.otfs_rsma.model import Channels, Frame, Parameters, RateBound
from leoisac.systems.otfs_rsma.problem.normalised import Variant
from leoisac.waveforms.delay_doppler_channel import channel_matrix, path_matrices

MAX_DENSE_CELLS = 1024
"""Cells of the largest frame whose channels are looked at as matrices; their size grows with the square."""


def solve_bound(parameters: Parameters, channels: Channels) -> Solution[RateBound]:
    """No least private rate is larger at any power split: every user alone on its strongest eigen-beam.

    ``log2(1 + P / (N_0 sum_k 1 / lambda_k))`` with ``lambda_k = ||H_k||_2^2``: the power shared for equal rates, and
    none in the common stream.
    """
    return by_lanes(_bound)(parameters, channels)


def solve_interference_free(parameters: Parameters, channels: Channels) -> Solution[RateBound]:
    """No least private rate is larger at the configured split: as ``solve_bound`` with the private streams' power."""
    return by_lanes(_interference_free)(parameters, channels)


def _bound(parameters: Parameters, channels: Channels) -> Solution[RateBound]:
    return _as_solution(rate_bound(parameters, channels))


def _interference_free(parameters: Parameters, channels: Channels) -> Solution[RateBound]:
    return _as_solution(rate_at_split(parameters, channels))


def _as_solution(rate: Float[Array, ""]) -> Solution[RateBound]:
    return Solution(
        value=RateBound(rate),
        status=nonfinite_where(jnp.asarray(int(Status.CONVERGED), dtype=jnp.int32), rate),
        objective=rate,
        violation=jnp.zeros(()),
        iterations=jnp.zeros((), dtype=jnp.int32),
        history=jnp.zeros((0,)),
    )


def rate_bound(parameters: Parameters, channels: Channels) -> Float[Array, ""]:
    """Bound on the least private rate of one trial at any power split, bit."""
    return _without_interference(parameters, channels, 1.0)


def rate_at_split(parameters: Parameters, channels: Channels) -> Float[Array, ""]:
    """Bound on the least private rate of one trial at the configured split (a free one: any), bit."""
    return _without_interference(parameters, channels, 1.0 - parameters.common_fraction * parameters.is_split_fixed)


def _without_interference(parameters: Parameters, channels: Channels, share: Any) -> Float[Array, ""]:
    strength = channel_strength(parameters.frame, channels.path_gains)
    return spectral_efficiency(share * parameters.total_power / (parameters.noise * jnp.sum(1.0 / strength)))


def common_rate_limit(setting: tuple[Parameters, Variant], channels: Channels) -> Float[Array, ""]:
    """Largest common rate of one trial without any interference, bit; 0 where the common stream has no power."""
    parameters, variant = setting
    free = jnp.where(parameters.is_split_fixed > 0.5, parameters.common_fraction, 1.0)
    fraction = jnp.where(jnp.asarray(variant.fixed_fraction) >= 0.0, variant.fixed_fraction, free)
    strength = channel_strength(parameters.frame, channels.path_gains)
    return jnp.min(spectral_efficiency(fraction * parameters.total_power * strength / parameters.noise))


def channel_strength(frame: Frame, path_gains: Complex[Any, "user tx path"]) -> Float[Array, " user"]:
    """Largest squared singular value of every user's channel matrix; on large frames a number that it does not exceed.

    Paths are unitary on the grid, so that the norm of their sum is at most ``sum_p (sum_a |h_a,p|^2)^(1/2)``.
    """
    if frame.n_cells > MAX_DENSE_CELLS:
        gains = jnp.abs(precoded_gains(frame, path_gains)) ** 2
        return jnp.sum(jnp.sqrt(jnp.sum(gains, axis=1)), axis=-1) ** 2
    matrices = channel_matrices(frame, path_gains)
    gram = matrices @ jnp.conj(jnp.swapaxes(matrices, -1, -2))
    return jnp.linalg.eigvalsh(gram)[..., -1]


def channel_matrices(frame: Frame, path_gains: Complex[Any, "user tx path"]) -> Complex[Array, "user cell entry"]:
    """Dense delay-Doppler channels, ``[H_k,0 .. H_k,Nt-1]`` in mode ``space-dd``."""
    gains = precoded_gains(frame, path_gains)
    grid = (frame.n_delay, frame.n_doppler)
    if frame.user_delays:
        users = range(len(frame.user_delays))
        each = [channel_matrix(matrices_of(frame, user), gains[user]) for user in users]
        per_antenna = jnp.stack(each)
    else:
        per_antenna = channel_matrix(path_matrices(frame.delays, frame.dopplers, *grid), gains)
    rows = jnp.moveaxis(per_antenna, 1, 2)  # (user, cell, antenna, cell)
    return rows.reshape(*rows.shape[:2], -1)


__all__ = [
    "channel_matrices",
    "channel_strength",
    "common_rate_limit",
    "rate_at_split",
    "rate_bound",
    "solve_bound",
    "solve_interference_free",
]
