"""What a design senses: its beampattern over all angles, and its receiver operating characteristics."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from leoisac.antennas.arrays import upa
from leoisac.antennas.steering import steering_vector, ula_steering_vector
from leoisac.foundation.lanes import to_numpy
from leoisac.foundation.units import deg_to_rad
from leoisac.metrics.beampattern import beampattern
from leoisac.metrics.detection import receiver_operating_characteristic
from leoisac.metrics.sinr import beam_powers
from leoisac.systems.self_backhaul.config import SelfBackhaulConfig
from leoisac.systems.self_backhaul.judge.evaluate import parameters
from leoisac.systems.self_backhaul.model import DirectDesign, JointDesign, TimeSharedDesign
from leoisac.systems.self_backhaul.world.sensed import feed_amplitudes

Design = JointDesign | DirectDesign | TimeSharedDesign


def pattern_over_angles(
    config: SelfBackhaulConfig, design: Design, angles_deg: Float[Any, " angle"], reading: str | None = None
) -> Float[np.ndarray, "*trial angle"]:
    """Beampattern of designs in W, ``a^H V_0 a``, over angles from broadside; ``a`` as ``sensing_geometry`` says.

    Args:
        config: sizes of the arrays.
        design: of one trial or of a batch.
        angles_deg: directions; at the targets the values are the metric ``target_power``.
        reading: ``satellite``: the sensing waveform alone; ``joint``: the base station's beams are added, its panel
            steered to the same azimuth. The configuration's ``pattern_mode`` by default.

    Raises:
        ValueError: for another reading.
    """
    reading = config.pattern_mode if reading is None else reading
    if reading not in ("satellite", "joint"):
        raise ValueError(f"reading = {reading!r}: must be `satellite` or `joint`.")
    angles = deg_to_rad(np.asarray(angles_deg, dtype=float))
    design = to_numpy(design)
    if config.has_consistent_sensing:
        amplitude = feed_amplitudes(config, np.atleast_1d(angles))
        satellite = amplitude / np.linalg.norm(amplitude, axis=-1, keepdims=True) + 0j
    else:
        satellite = ula_steering_vector(angles, config.num_feeds) / config.num_feeds**0.5
    pattern = beampattern(design.sensing_covariance, satellite)
    if reading == "joint" and not isinstance(design, DirectDesign):
        panel = steering_vector(upa(*config.bs_array).positions, angles, 0.0) / config.num_bs_antennas**0.5
        pattern = pattern + np.sum(beam_powers(panel, design.bs_beams), axis=-1)
    return pattern


def operating_characteristic(
    config: SelfBackhaulConfig, design: Design, false_alarm: Float[Any, " point"]
) -> Float[np.ndarray, "*trial target point"]:
    """Detection probability of every target against the probability of false alarm (ROC).

    The radar SNR of a target is proportional to the pattern towards it, counted as the configuration's
    ``pattern_mode`` says; see ``metrics.detection``.

    Args:
        config: targets, radar cross section, integration.
        design: of one trial or of a batch.
        false_alarm: probabilities, in (0, 1].
    """
    pattern = pattern_over_angles(config, design, np.asarray(config.target_angles_deg, dtype=float))
    snr = np.asarray(parameters(config).radar_snr_per_watt) * pattern * _sensing_share(design, pattern)
    return np.asarray(receiver_operating_characteristic(snr, np.asarray(false_alarm, dtype=float)))


def _sensing_share(design: Design, pattern: Float[np.ndarray, "*trial target"]) -> Any:
    """Share of the time in which the satellite senses."""
    if isinstance(design, TimeSharedDesign):
        return np.reshape(to_numpy(design).time_share, (*pattern.shape[:-1], 1))
    return 1.0


__all__ = ["operating_characteristic", "pattern_over_angles"]
