"""What flows through the system: parameters, channels and designs, all pytrees.

Streams are the common one, then the users' private ones. A stream carries one symbol of unit power per frame; its
precoder is a delay-Doppler vector ``x[k M + l]`` (delay fastest), antenna-major with one such vector per antenna in
mode ``space-dd``. Powers are in W, so precoders in sqrt(W).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.link.outcome import LinkOutcome


@partial(jax.tree_util.register_dataclass, data_fields=["path_gains", "symbols", "noise_seed"], meta_fields=[])
@dataclass(frozen=True)
class Channels:
    """Channels of one trial (a batch has a leading ``trial`` axis on every array).

    Attributes:
        path_gains: estimated gain of every path from every antenna to every user; mean power of a link 1.
        symbols: 4-QAM symbols that the streams carry in the trial's frame; ``None`` for channels from plain arrays.
        noise_seed: seed of what is random at receivers, a whole number below 2^52; ``None`` as before.
    """

    path_gains: Leaf  # complex (user, tx, path)
    symbols: Leaf | None = None  # complex (stream)
    noise_seed: Leaf | None = None  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["user_dopplers"],
    meta_fields=["n_delay", "n_doppler", "n_antennas", "delays", "dopplers", "spacing_hz", "user_delays"],
)
@dataclass(frozen=True)
class Frame:
    """Sizes and paths, for which functions are compiled, and the users' own Doppler shifts, for which they are not.

    Attributes:
        n_delay, n_doppler: grid M, N.
        n_antennas: antennas that are precoded: 1 in mode ``dd``, where all radiate the same.
        delays, dopplers: of the paths, samples and bins.
        spacing_hz: subcarrier spacing; the slot length is its inverse.
        user_delays: what the delays of every user's paths have beside them, samples; empty: nothing.
        user_dopplers: what their Doppler shifts have beside them, bins; ``None``: nothing. A number, so that the
            instants of a pass share their programs.
    """

    n_delay: int
    n_doppler: int
    n_antennas: int
    delays: tuple[int, ...]
    dopplers: tuple[float, ...]
    spacing_hz: float
    user_delays: tuple[int, ...] = ()
    user_dopplers: Leaf | None = None  # (user)

    def paths_of(self, user: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Delays of a user's paths in samples, and their Doppler shifts in bins without the user's own."""
        if not self.user_delays:
            return self.delays, self.dopplers
        return tuple(each + self.user_delays[user] for each in self.delays), self.dopplers

    def turns(self, user: int) -> Leaf:
        """Phasors of a user's own Doppler shift on the samples of the paths, ``exp(j 2 pi k_u (q - l_p) / (M N))``.

        Shape ``(path, sample)``; they multiply the weights of ``time_operators``.
        """
        delays, _ = self.paths_of(user)
        since = np.arange(self.n_cells) - np.asarray(delays)[:, None]
        own = 0.0 if self.user_dopplers is None else jnp.asarray(self.user_dopplers)[user]
        return jnp.exp(2j * np.pi * own * since / self.n_cells)

    @property
    def n_cells(self) -> int:
        """Cells of the frame."""
        return self.n_delay * self.n_doppler

    @property
    def slot_s(self) -> float:
        """Slot length, s."""
        return 1.0 / self.spacing_hz

    @property
    def sample_s(self) -> float:
        """Time between two samples, s."""
        return self.slot_s / self.n_delay


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "total_power",
        "noise",
        "receiver_noise",
        "sic_residual",
        "common_fraction",
        "is_split_fixed",
        "has_equal_private",
        "common_floor",
        "crb_delay_max",
        "crb_doppler_max",
        "is_amplitude_unknown",
        "echo_to_noise",
        "target_delay",
        "target_doppler",
        "echo_amplitude",
        "target_steering",
        "beam_echo_gain",
        "kept_rate_share",
        "targets",
        "delay_weight",
        "coding",
        "pilot_energy",
        "frame",
        "passes_messages",
    ],
    meta_fields=[
        "n_rx",
        "is_time_frequency",
        "is_joint",
        "is_total",
        "is_weighted",
        "is_realised",
        "is_echo_sampled",
        "is_ceiling_sampled",
    ],
)
@dataclass(frozen=True)
class Parameters:
    """Numbers of the configuration that designs and the judge need, linear and in SI. Flags among the data are 0 or 1.

    Attributes:
        total_power: power budget ``P_max``, W.
        noise: effective noise ``N_0`` per cell, errors of the channel estimate included, W.
        receiver_noise: receiver noise alone, W.
        sic_residual: ``Theta``.
        common_fraction: share of the common stream in the power, where it is fixed.
        is_split_fixed: whether it is; else the split is free.
        has_equal_private: whether private streams have equal powers.
        common_floor: least common rate, bit.
        crb_delay_max, crb_doppler_max: ceilings of the bounds, s^2 and Hz^2.
        is_amplitude_unknown: the ceilings hold for an unknown echo amplitude.
        echo_to_noise: ``|alpha_e beta|^2 / sigma^2``, 1/W.
        target_delay, target_doppler: of the echo, s and Hz.
        echo_amplitude: ``alpha_e beta``.
        target_steering: towards the target, of unit norm; used in mode ``space-dd``.
        beam_echo_gain: echo power of beams of all antennas over what ``echo_to_noise`` counts.
        kept_rate_share: share of the largest rate found that designs of the least bound keep.
        targets: rows of delay in s, Doppler shift in Hz, angle in radians and echo power over the first target's.
        delay_weight: bits that a fall of the delay bound by the factor e is worth.
        frame: sizes and paths.
        n_rx: antennas of the radar's receive array.
        is_time_frequency: symbols at full load lie on the time-frequency grid (OFDM).
        is_joint: designs at full load count rates of joint decoding.
        is_total: the objective counts the shared common rate.
        is_weighted: the objective counts the delay bound, too.
        is_realised: reported bounds are those of the trial's symbols.
        is_echo_sampled: the echo is that of the frame's rectangular pulses; else that of ideal ones.
        is_ceiling_sampled: the ceilings hold for the bounds of that echo.
        coding: settings of the coded link (``link.settings``).
        pilot_energy: ``|x_p|^2`` of an antenna's pilot, W.
        passes_messages: coded links at full load equalise by message passing; 0 or 1.
    """

    total_power: Leaf
    noise: Leaf
    receiver_noise: Leaf
    sic_residual: Leaf
    common_fraction: Leaf
    is_split_fixed: Leaf
    has_equal_private: Leaf
    common_floor: Leaf
    crb_delay_max: Leaf
    crb_doppler_max: Leaf
    is_amplitude_unknown: Leaf
    echo_to_noise: Leaf
    target_delay: Leaf
    target_doppler: Leaf
    echo_amplitude: Leaf
    target_steering: Leaf  # complex (tx)
    beam_echo_gain: Leaf
    kept_rate_share: Leaf
    targets: Leaf  # (target, 4)
    delay_weight: Leaf
    frame: Frame
    n_rx: int
    is_total: bool
    is_weighted: bool
    is_realised: bool
    is_echo_sampled: bool = False
    is_ceiling_sampled: bool = False
    is_time_frequency: bool = False
    is_joint: bool = False
    coding: Mapping[str, Leaf] | None = None
    pilot_energy: Leaf = 1.0
    passes_messages: Leaf = 0.0


@partial(jax.tree_util.register_dataclass, data_fields=["delay_s", "doppler_hz", "targets"], meta_fields=[])
@dataclass(frozen=True)
class Estimate:
    """What the radar receiver makes of one frame's echoes.

    Attributes:
        delay_s, doppler_hz: maximum-likelihood estimates of the first target.
        targets: rows of delay in s, Doppler shift in Hz and angle in radians, one for every target, by the joint
            estimator; ``None`` where there is one target at one receive antenna.
    """

    delay_s: Leaf
    doppler_hz: Leaf
    targets: Leaf | None = None


@partial(jax.tree_util.register_dataclass, data_fields=["streams", "estimate", "words"], meta_fields=[])
@dataclass(frozen=True)
class Design:
    """Precoders of all streams.

    Attributes:
        streams: the common stream first, sqrt(W); zero where a scheme has none.
        estimate: of the echo; ``None`` where none was simulated.
        words: what became of code words; ``None`` where none were sent.
    """

    streams: Leaf  # complex (stream, cell or antenna-major cell)
    estimate: Estimate | None = None
    words: LinkOutcome | None = None


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["users", "streams", "states", "owners", "frame_share"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Decoding:
    """Who decodes what at full load: one step a row, in numbers, so that one program serves all schemes.

    Attributes:
        users, streams: index of the user and of the stream that a step decodes; a step of stream -1 is none.
        states: what every stream is to a step: 0 absent, 1 there, 2 cancelled before; the wanted one is 1.
        owners: 1 where a stream carries data of a user; those of stream 0 share the rate at which all decode it.
        frame_share: part of the frames in which a user is served; 1 unless users take turns.
    """

    users: Leaf  # whole numbers (step)
    streams: Leaf  # whole numbers (step)
    states: Leaf  # whole numbers (step, stream)
    owners: Leaf  # (user, stream)
    frame_share: Leaf


@partial(jax.tree_util.register_dataclass, data_fields=["precoders", "shares", "decoding", "words"], meta_fields=[])
@dataclass(frozen=True)
class LoadedDesign:
    """Precoders of streams that carry a symbol in every cell of the grid.

    Attributes:
        precoders: a column for every stream, sqrt(W) of a frame; a cell has ``1 / (M N)`` of its power.
        shares: parts of stream 0's rate that its owners get, of sum 1.
        decoding: who decodes what.
        words: what became of code words; ``None`` where none were sent.
    """

    precoders: Leaf  # complex (tx, stream)
    shares: Leaf  # (user)
    decoding: Decoding
    words: LinkOutcome | None = None


@partial(jax.tree_util.register_dataclass, data_fields=["rate"], meta_fields=[])
@dataclass(frozen=True)
class RateBound:
    """A bound in place of a design.

    Attributes:
        rate: no design has a larger least private rate (``interference-free``: at the configured split), bit.
    """

    rate: Leaf


@partial(jax.tree_util.register_dataclass, data_fields=["bit_errors", "bits"], meta_fields=[])
@dataclass(frozen=True)
class Reception:
    """Outcome of a frame of uncoded data instead of a design.

    Attributes:
        bit_errors, bits: wrong and sent bits.
    """

    bit_errors: Leaf
    bits: Leaf


@partial(jax.tree_util.register_dataclass, data_fields=["errors", "predicted", "found"], meta_fields=[])
@dataclass(frozen=True)
class PilotOutcome:
    """What pilots say of a trial's channels, instead of a design.

    Attributes:
        errors: squared errors of all path gains of a link, mean over the links, by estimator (least squares, LMMSE).
        predicted: their expected values.
        found: share of the paths that stand out from the noise.
    """

    errors: Leaf  # real (estimator)
    predicted: Leaf  # real (estimator)
    found: Leaf
