"""What flows through the system: parameters, channels and designs, all pytrees.

Streams are the common one, then the users' private ones. A stream carries one symbol of unit power per frame; its
precoder is a delay-Doppler vector ``x[k M + l]`` (delay fastest), antenna-major with one such vector per antenna in
mode ``space-dd``. Powers are in W, so precoders in sqrt(W).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax
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


@dataclass(frozen=True)
class Frame:
    """Sizes and paths, for which functions are compiled.

    Attributes:
        n_delay, n_doppler: grid M, N.
        n_antennas: antennas that are precoded: 1 in mode ``dd``, where all radiate the same.
        delays, dopplers: of the paths, samples and bins.
        spacing_hz: subcarrier spacing; the slot length is its inverse.
    """

    n_delay: int
    n_doppler: int
    n_antennas: int
    delays: tuple[int, ...]
    dopplers: tuple[float, ...]
    spacing_hz: float

    @property
    def n_cells(self) -> int:
        """Cells of the frame."""
        return self.n_delay * self.n_doppler

    @property
    def slot_s(self) -> float:
        """Slot length, s."""
        return 1.0 / self.spacing_hz


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
        "coding",
        "pilot_energy",
    ],
    meta_fields=["frame", "is_total", "is_realised"],
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
        frame: sizes and paths.
        is_total: the objective counts the shared common rate.
        is_realised: reported bounds are those of the trial's symbols.
        coding: settings of the coded link (``link.settings``).
        pilot_energy: ``|x_p|^2`` of an antenna's pilot, W.
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
    frame: Frame
    is_total: bool
    is_realised: bool
    coding: Mapping[str, Leaf] | None = None
    pilot_energy: Leaf = 1.0


@partial(jax.tree_util.register_dataclass, data_fields=["delay_s", "doppler_hz"], meta_fields=[])
@dataclass(frozen=True)
class Estimate:
    """What the radar receiver makes of one echo.

    Attributes:
        delay_s, doppler_hz: maximum-likelihood estimates.
    """

    delay_s: Leaf
    doppler_hz: Leaf


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
