"""Uncoded bit-error rates of OTFS and OFDM receivers by simulation. JAX, in batches; a frame depends on its key alone.

Every frame carries a unit-power 4-QAM symbol in each of its M N cells over P paths of independent Rayleigh gains
``CN(0, 1/P)``. Both waveforms, all receivers and all SNRs meet the same gains, bits and noise.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Complex, Int

from leoisac.estimation.symbol_detection import lmmse_equalise, message_passing, one_tap_equalise
from leoisac.foundation.jax_setup import in_double, jnp
from leoisac.foundation.keys import complex_normal, purpose_keys, trial_key, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.namespace import RealLike
from leoisac.foundation.units import from_db
from leoisac.waveforms.delay_doppler_channel import channel_matrix, path_matrices, path_operators
from leoisac.waveforms.ofdm import ofdm_channel, ofdm_path_matrices
from leoisac.waveforms.qam import qam4_bits, qam4_symbols

RECEIVERS = ("otfs-lmmse", "otfs-message-passing", "ofdm-one-tap", "ofdm-lmmse")
"""Names of the receivers. Message passing needs whole Doppler bins."""


@dataclass(frozen=True)
class GridLink:
    """A frame and the paths that it meets.

    Attributes:
        n_delay, n_doppler: grid ``M``, ``N``; for OFDM, N symbols of M subcarriers.
        delays: in samples, below ``n_delay`` for an OFDM prefix that repeats one symbol.
        dopplers: in bins ``1 / (N T)``.
    """

    n_delay: int
    n_doppler: int
    delays: tuple[int, ...]
    dopplers: tuple[float | int, ...]


class BitErrors(NamedTuple):
    """Counts of wrong bits.

    Attributes:
        wrong: receiver -> wrong bits of every frame, integers of shape ``(snr, frame)``.
        bits: bits of a frame.
    """

    wrong: dict[str, np.ndarray]
    bits: int

    def rates(self) -> dict[str, np.ndarray]:
        """Receiver -> bit-error rate, shape ``(snr,)``."""
        return {name: counts.mean(axis=-1) / self.bits for name, counts in self.wrong.items()}

    def standard_errors(self) -> dict[str, np.ndarray]:
        """Standard errors of the rates; frames are independent, the bits of a frame are not. Shape ``(snr,)``."""
        return {
            name: counts.std(axis=-1, ddof=1) / (self.bits * np.sqrt(counts.shape[-1]))
            for name, counts in self.wrong.items()
        }


@in_double
def bit_errors(
    link: GridLink,
    snr_db: Sequence[float | int],
    *,
    frames: int,
    seed: int = 0,
    csi_error: float | int = 0.0,
    receivers: Sequence[str] = RECEIVERS,
) -> BitErrors:
    """Count bit errors at several SNRs.

    Args:
        link: frame and paths.
        snr_db: symbol power over noise power per cell (prefixes not counted).
        frames: independent frames; the first of many are those of few.
        seed: of all draws.
        csi_error: ``sigma_e^2``: the true gains are those that the receivers know plus ``CN(0, sigma_e^2 / P)``
            errors; receivers add ``sigma_e^2`` to the noise.
        receivers: names out of ``RECEIVERS``.

    Raises:
        ValueError: if a receiver has another name, or message passing meets fractional Doppler shifts.
    """
    unknown = [name for name in receivers if name not in RECEIVERS]
    if unknown:
        raise ValueError(f"receivers={unknown}: no such receiver; choose from {', '.join(RECEIVERS)}.")
    simulate = by_lanes(_frame(link, tuple(receivers)))
    frame = np.arange(frames)
    counts = []
    for level in snr_db:
        setting = {"seed": seed, "noise": from_db(-float(level)), "csi_error": float(csi_error)}
        counts.append(simulate(setting, frame))
    wrong = {name: np.stack([row[name] for row in counts]) for name in receivers}
    return BitErrors(wrong, 2 * link.n_delay * link.n_doppler)


@in_double
def frame_bit_errors(
    link: GridLink,
    receivers: Sequence[str],
    gains: Complex[Array, " path"],
    key: Any,
    *,
    noise: RealLike,
    csi_error: RealLike,
) -> dict[str, Int[Array, ""]]:
    """Wrong bits of every receiver in one frame over given path gains. Traceable: for use inside other simulations.

    Args:
        link, receivers: as in ``bit_errors``.
        gains: path gains as the receivers know them.
        key: of the frame's bits, noise and channel errors.
        noise: noise power per cell, for symbols of unit power.
        csi_error: as in ``bit_errors``.
    """
    grid = (link.delays, link.dopplers, link.n_delay, link.n_doppler)
    cells, n_paths = link.n_delay * link.n_doppler, len(link.delays)
    numbers = uniforms(key, {"errors": (n_paths, 2), "bits": (cells, 2), "noise": (cells, 2)})
    true_gains = gains + jnp.sqrt(csi_error / n_paths) * complex_normal(numbers["errors"])
    bits = numbers["bits"] < 0.5
    symbols = qam4_symbols(bits)
    white = jnp.sqrt(noise) * complex_normal(numbers["noise"])
    level = noise + csi_error
    found: dict[str, Any] = {}
    if any(name.startswith("otfs") for name in receivers):
        matrices = path_matrices(*grid)
        y = channel_matrix(matrices, true_gains) @ symbols + white
        if "otfs-lmmse" in receivers:
            found["otfs-lmmse"] = lmmse_equalise(channel_matrix(matrices, gains), y, level)
        if "otfs-message-passing" in receivers:
            found["otfs-message-passing"] = message_passing(path_operators(*grid), gains, y, level).symbols
    if any(name.startswith("ofdm") for name in receivers):
        matrices, shape = ofdm_path_matrices(*grid), (link.n_doppler, link.n_delay)
        y = jnp.einsum("nij,nj->ni", ofdm_channel(matrices, true_gains), symbols.reshape(shape)) + white.reshape(shape)
        H = ofdm_channel(matrices, gains)
        if "ofdm-one-tap" in receivers:
            found["ofdm-one-tap"] = one_tap_equalise(H, y).ravel()
        if "ofdm-lmmse" in receivers:
            found["ofdm-lmmse"] = lmmse_equalise(H, y, level).ravel()
    return {name: jnp.sum(qam4_bits(found[name]) != bits) for name in receivers}


@functools.cache
def _frame(link: GridLink, receivers: tuple[str, ...]) -> Any:
    """``f(setting, frame) -> receiver -> wrong bits`` for one frame of Rayleigh gains."""
    n_paths = len(link.delays)

    def simulate(setting: dict[str, Any], frame: Any) -> dict[str, Any]:
        gain_key, frame_key = purpose_keys(trial_key(setting["seed"], frame), ("gains", "frame"))
        gains = complex_normal(uniforms(gain_key, {"gains": (n_paths, 2)})["gains"]) / np.sqrt(n_paths)
        return frame_bit_errors(
            link, receivers, gains, frame_key, noise=setting["noise"], csi_error=setting["csi_error"]
        )

    return simulate
