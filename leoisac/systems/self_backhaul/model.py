"""What flows through the system: parameters, channels and designs, all pytrees.

Conventions: channels are columns, a stack of them is stored as rows; the received amplitude of a beam ``w`` over a
channel ``h`` is ``h^H w``, the received power of a covariance ``W`` is ``h^H W h``. Designs are physical: beams in
sqrt(W), covariances and powers in W.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax

LINKS = ("users", "es", "satellite", "feeder")
"""Kinds of channels with errors: base station to users and to the Earth Station, satellite to both."""
ERROR_MODELS = ("noise-normalised", "relative", "absolute")


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["h_users", "h_es", "g_users", "g_es"],
    meta_fields=[],
)
@dataclass(frozen=True)
class UnitErrors:
    """Where in its ball of errors each true channel lies: vectors of norm up to 1, in units of the ball's radius."""

    h_users: Leaf  # complex (user, bs_antenna)
    h_es: Leaf  # complex (bs_antenna)
    g_users: Leaf  # complex (user, feed)
    g_es: Leaf  # complex (feed)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["h_users", "h_es", "g_users", "g_es", "noise_power"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Channels:
    """Channels of one trial, as amplitude gains (a batch has a leading ``trial`` axis on every array).

    They are what designs know, and the truth (``EstimatedChannels`` are not).

    Attributes:
        h_users: base station to users.
        h_es: base station to the Earth Station (leakage).
        g_users: satellite to users.
        g_es: satellite to the Earth Station (the feeder link).
        noise_power: receiver noise in W.
    """

    h_users: Leaf  # complex (user, bs_antenna)
    h_es: Leaf  # complex (bs_antenna)
    g_users: Leaf  # complex (user, feed)
    g_es: Leaf  # complex (feed)
    noise_power: Leaf  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["h_users", "h_es", "g_users", "g_es", "noise_power", "errors"],
    meta_fields=[],
)
@dataclass(frozen=True)
class EstimatedChannels(Channels):
    """Channels as estimated: designs know them, and the judge measures over the true ones, with ``errors`` added."""

    errors: UnitErrors


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_power",
        "bs_power",
        "min_rate",
        "pattern_min",
        "satellite_steering",
        "bs_steering",
        "radar_snr_per_watt",
        "false_alarm",
        "error_radius",
        "error_model",
        "es_noise_ratio",
        "ibs_weights",
        "csi_error",
    ],
    meta_fields=["joint_pattern"],
)
@dataclass(frozen=True)
class Parameters:
    """Numbers of the configuration that designs and the judge need, in SI.

    Attributes:
        satellite_power, bs_power: budgets in W.
        min_rate: least rate of every user in bit/s/Hz.
        pattern_min: beampattern thresholds in W.
        satellite_steering, bs_steering: unit-norm steering vectors towards the targets.
        radar_snr_per_watt: radar SNR (linear) per watt of beampattern, of all targets or of each.
        false_alarm: false-alarm probability.
        error_radius: radii of the channel error balls of ``LINKS``.
        error_model: of each of them, a place in ``ERROR_MODELS``.
        es_noise_ratio: noise at the Earth Station over that at the users.
        ibs_weights: of the other side's receivers in aware independent beamforming, of base station and satellite;
            negative where each side finds its own.
        joint_pattern: the base station's beams count towards the beampattern (static).
        csi_error: root mean square of the estimates' normal errors over each channel; ``None`` without.
    """

    satellite_power: Leaf  # real scalar
    bs_power: Leaf  # real scalar
    min_rate: Leaf  # real scalar
    pattern_min: Leaf  # real (target)
    satellite_steering: Leaf  # complex (target, feed)
    bs_steering: Leaf  # complex (target, bs_antenna)
    radar_snr_per_watt: Leaf  # real scalar or (target)
    false_alarm: Leaf  # real scalar
    error_radius: Leaf  # real (link)
    joint_pattern: bool
    error_model: Leaf  # integer (link)
    es_noise_ratio: Leaf  # real scalar
    ibs_weights: Leaf  # real (2)
    csi_error: Leaf | None = None  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["bs_beams", "satellite_beam", "sensing_covariance"],
    meta_fields=[],
)
@dataclass(frozen=True)
class JointDesign:
    """Base station beams, feeder beam and sensing covariance that transmit at the same time.

    Attributes:
        bs_beams: one beam per user, sqrt(W).
        satellite_beam: data beam towards the Earth Station, sqrt(W).
        sensing_covariance: covariance of the sensing waveform over the feeds, W, Hermitian PSD of any rank.
    """

    bs_beams: Leaf  # complex (user, bs_antenna)
    satellite_beam: Leaf  # complex (feed)
    sensing_covariance: Leaf  # complex (feed, feed)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["bs_beams", "satellite_beam", "sensing_covariance"],
    meta_fields=[],
)
@dataclass(frozen=True)
class RobustDesign(JointDesign):
    """A joint design that transmits at the rates that it guarantees: those are what it delivers."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["satellite_beams", "sensing_covariance"],
    meta_fields=[],
)
@dataclass(frozen=True)
class DirectDesign:
    """The satellite serves the users itself; the base station is off. Units as in ``JointDesign``."""

    satellite_beams: Leaf  # complex (user, feed)
    sensing_covariance: Leaf  # complex (feed, feed)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["bs_beams", "satellite_beam", "sensing_covariance", "time_share"],
    meta_fields=[],
)
@dataclass(frozen=True)
class TimeSharedDesign:
    """Feeder link and access link take turns.

    For the fraction ``time_share`` of the time the satellite alone transmits (feeder beam and sensing waveform); for
    the rest the base station alone. Powers are peak powers. Units as in ``JointDesign``.
    """

    bs_beams: Leaf  # complex (user, bs_antenna)
    satellite_beam: Leaf  # complex (feed)
    sensing_covariance: Leaf  # complex (feed, feed)
    time_share: Leaf  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["satellite_phase_beams", "phase_sensing", "phase_share"],
    meta_fields=[],
)
@dataclass(frozen=True)
class PhasedDirectDesign:
    """The satellite serves the users itself, in phases; the base station is off.

    Attributes:
        satellite_phase_beams: a beam per user in every phase, zero for those who wait, sqrt(W).
        phase_sensing: covariance of the sensing waveform in every phase, W.
        phase_share: share of the time of every phase.
    """

    satellite_phase_beams: Leaf  # complex (phase, user, feed)
    phase_sensing: Leaf  # complex (phase, feed, feed)
    phase_share: Leaf  # real (phase)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["bs_phase_beams", "satellite_beam", "sensing_covariance", "time_share", "phase_share"],
    meta_fields=[],
)
@dataclass(frozen=True)
class PhasedAccessDesign:
    """Feeder link and access link take turns, and the access link has phases.

    For the fraction ``time_share`` of the time the satellite alone transmits; phase k of the base station has the
    fraction ``phase_share[k]``. Powers are peak powers. Units as in ``JointDesign``.
    """

    bs_phase_beams: Leaf  # complex (phase, user, bs_antenna)
    satellite_beam: Leaf  # complex (feed)
    sensing_covariance: Leaf  # complex (feed, feed)
    time_share: Leaf  # real scalar
    phase_share: Leaf  # real (phase)
