"""What flows through the system: modes, parameters, channels and designs, all pytrees.

Conventions: channels are columns, a stack of them is stored as rows; the received amplitude of a precoder column ``p``
over a steering vector ``a`` is ``a^H p``. Streams are the users' private ones, the common one, the radar sequence, in
this order; precoders are in sqrt(W), rates in bit/s/Hz.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax
from leoisac.link.outcome import LinkOutcome
from leoisac.systems.bistatic_rsma.sensing_model import (
    Detections,
    EchoScene,
    Estimate,
    FurtherTargets,
    Interference,
    MultistaticFix,
)


@partial(jax.tree_util.register_dataclass, data_fields=["doppler_hz", "phase", "seed"], meta_fields=[])
@dataclass(frozen=True)
class Echo:
    """Random numbers of the target's echo; designs do not see them.

    Attributes:
        doppler_hz: Doppler shift of the target.
        phase: phase of the echo amplitude, radians.
        seed: seed of the transmitted symbols and the receiver noise, a whole number below 2^52.
    """

    doppler_hz: Leaf  # real scalar
    phase: Leaf  # real scalar
    seed: Leaf  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["user_steering", "user_noise_ratio", "user_points", "target_m", "target_steering", "gain_floor"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Knowledge:
    """What the satellite believes of one trial when it designs; the judge has the truth of ``Channels``.

    Attributes:
        user_steering, user_noise_ratio: of the users' reported places.
        user_points: steering towards equally probable places around each; ``None`` where the reported ones are taken.
        target_m: predicted target position.
        target_steering, gain_floor: at the predicted position.
    """

    user_steering: Leaf  # complex (user, tx)
    user_noise_ratio: Leaf  # real (user)
    user_points: Leaf | None  # complex (user, point, tx)
    target_m: Leaf  # real (3,)
    target_steering: Leaf  # complex (tx)
    gain_floor: Leaf  # real scalar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_m",
        "satellite_axes",
        "elements",
        "receiver_array",
        "echo_gain",
        "law",
        "thresholds",
        "amplitude_known",
        "std_m",
        "radius",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Prediction:
    """Numbers that turn a predicted target position into a requirement, SI.

    Attributes:
        satellite_m, satellite_axes: as in ``EchoScene``.
        elements: of the satellite's array, wavelengths.
        receiver_array: elements along x and y.
        echo_gain: ``L G_sat G_R lambda^2 sigma / ((4 pi)^3 noise)``: with both ranges squared below it, the SNR of one
            element over the block per watt of target gain.
        law: weights of 1, ``cos(beta / 2)`` and ``sin(beta / 2)`` in the cross-section.
        thresholds: of the bounds of azimuth and zenith angle, rad^2.
        amplitude_known: 1 where the bound takes the echo's amplitude as known.
        std_m: standard deviation of every coordinate.
        radius: of the ellipsoid, in standard deviations.
    """

    satellite_m: Leaf  # (3,)
    satellite_axes: Leaf  # (3, 3)
    elements: Leaf  # (tx, 3)
    receiver_array: Leaf  # (2,)
    echo_gain: Leaf
    law: Leaf  # (3,)
    thresholds: Leaf  # (2,)
    amplitude_known: Leaf
    std_m: Leaf
    radius: Leaf


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "user_steering",
        "user_noise_ratio",
        "user_fading",
        "target_steering",
        "gain_floor",
        "echo",
        "known_steering",
        "knowledge",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Channels:
    """Channels of one trial (a batch has a leading ``trial`` axis on every array).

    Attributes:
        user_steering: towards every user, unit-modulus entries.
        user_noise_ratio: noise power over mean path gain ``rho_k`` of every user, W.
        user_fading: fading amplitude of every user, mean power 1; unknown to the designs.
        target_steering: towards the target.
        gain_floor: least target gain ``||P^H a_t||^2`` that meets the bound's threshold, W.
        echo: the trial's echo; ``None`` for channels from plain arrays.
        known_steering: ``user_steering`` as designs know it; ``None`` where they know it exactly.
        knowledge: what designs know instead; ``None`` where they know all of the above but fades and echo.
    """

    user_steering: Leaf  # complex (user, tx)
    user_noise_ratio: Leaf  # real (user)
    user_fading: Leaf  # complex (user)
    target_steering: Leaf  # complex (tx)
    gain_floor: Leaf  # real scalar
    echo: Echo | None = None
    known_steering: Leaf | None = None  # complex (user, tx)
    knowledge: Knowledge | None = None

    @property
    def design_steering(self) -> Leaf:
        """What designs take for ``user_steering``."""
        if self.known_steering is not None:
            return self.known_steering
        return self.user_steering if self.knowledge is None else self.knowledge.user_steering


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["common", "radar", "radar_interference", "sensing"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Mode:
    """A transmission mode as numbers, 0 or 1, so that one compiled program serves all modes.

    Attributes:
        common: there is a common stream (rate splitting; otherwise space division).
        radar: there is a dedicated radar sequence.
        radar_interference: the users do not cancel the radar sequence.
        sensing: the floor on the target gain holds.
    """

    common: Leaf  # real scalar
    radar: Leaf  # real scalar
    radar_interference: Leaf  # real scalar
    sensing: Leaf  # real scalar


MODES: dict[str, Mode] = {
    "rsma-radar-sic": Mode(1.0, 1.0, 0.0, 1.0),
    "rsma-radar-nosic": Mode(1.0, 1.0, 1.0, 1.0),
    "rsma-noradar": Mode(1.0, 0.0, 0.0, 1.0),
    "rsma-comm": Mode(1.0, 0.0, 0.0, 0.0),
    "sdma-radar-sic": Mode(0.0, 1.0, 0.0, 1.0),
    "sdma-radar-nosic": Mode(0.0, 1.0, 1.0, 1.0),
    "sdma-noradar": Mode(0.0, 0.0, 0.0, 1.0),
    "sdma-comm": Mode(0.0, 0.0, 0.0, 0.0),
}
"""The eight transmission modes by scheme name."""


def of_every_mode(solve: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """``solve_NAME`` for every mode of a ``solve(name, ...)``: what schemes name as their routes."""
    return {f"solve_{name.replace('-', '_')}": partial(solve, name) for name in MODES}


@partial(jax.tree_util.register_dataclass, data_fields=["rows", "least_gain"], meta_fields=[])
@dataclass(frozen=True)
class ClutterRequirement:
    """Least echo over noise and clutter: ``||P^H a_t||^2 >= least_gain (1 + sum |e^H p|^2)``.

    Attributes:
        rows: vectors ``e`` (``world.clutter``).
        least_gain: target gain that meets the requirement without clutter, W.
    """

    rows: Leaf  # complex (row, tx)
    least_gain: Leaf


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "transmit_power",
        "kappa_azimuth",
        "kappa_zenith",
        "kappa_azimuth_unknown",
        "kappa_zenith_unknown",
        "fading_powers",
        "fading_weights",
        "pattern_steering",
        "scene",
        "coding",
        "antenna_power",
        "prediction",
        "receivers",
        "null_steering",
        "clutter",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Parameters:
    """Numbers of the configuration that designs and the judge need, in SI.

    Attributes:
        transmit_power: budget in W.
        kappa_azimuth, kappa_zenith: bounds of the arrival angles times the target gain, rad^2 W, known amplitude.
        kappa_azimuth_unknown, kappa_zenith_unknown: the same for an unknown complex echo amplitude.
        fading_powers, fading_weights: quadrature over the users' fading power.
        pattern_steering: steering vectors of the stored beampattern map; ``None`` where none is stored.
        scene: what the echo route simulates.
        coding: settings of the coded link (``link.settings``), and ``by_mean``: whether mean gains choose its rates.
        antenna_power: limit of every element in W; ``None`` without limits.
        prediction: for designs that hold all over the ellipsoid of a predicted position; ``None`` for others.
        clutter: the requirement over noise and clutter; ``None`` where that of the bounds holds.
        null_steering: towards the radar receiver, where designs send nothing there; ``None`` for others.
        receivers: scenes of the radar receivers after the first, each in its own frame; the axes are parallel.
    """

    transmit_power: Leaf  # real scalar
    kappa_azimuth: Leaf  # real scalar
    kappa_zenith: Leaf  # real scalar
    kappa_azimuth_unknown: Leaf  # real scalar
    kappa_zenith_unknown: Leaf  # real scalar
    fading_powers: Leaf  # real (node)
    fading_weights: Leaf  # real (node)
    pattern_steering: Leaf | None  # complex (pattern_y, pattern_x, tx)
    scene: EchoScene
    coding: Mapping[str, Leaf] | None = None
    antenna_power: Leaf | None = None  # real scalar
    prediction: Prediction | None = None
    receivers: tuple[EchoScene, ...] = ()
    null_steering: Leaf | None = None  # complex (tx)
    clutter: ClutterRequirement | None = None


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["precoder", "common_rate", "radar_interference", "estimate", "words"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Design:
    """Precoders and the split of the common rate.

    Attributes:
        precoder: columns for users 1 to K, common stream, radar sequence, sqrt(W); zero where a mode has none.
        common_rate: share of the common rate of every user, bit/s/Hz.
        radar_interference: 1 where the users do not cancel the radar sequence, 0 where they do; ``None`` is 0.
        estimate: what the receiver made of the echo; ``None`` where none was simulated.
        words: what became of code words; ``None`` where none were sent.
    """

    precoder: Leaf  # complex (tx, stream)
    common_rate: Leaf  # real (user)
    radar_interference: Leaf | None = None  # real scalar
    estimate: Estimate | None = None
    words: LinkOutcome | None = None


__all__ = [
    "MODES",
    "Channels",
    "ClutterRequirement",
    "Design",
    "Detections",
    "Echo",
    "EchoScene",
    "Estimate",
    "FurtherTargets",
    "Interference",
    "Knowledge",
    "Mode",
    "MultistaticFix",
    "Parameters",
    "Prediction",
    "of_every_mode",
]
