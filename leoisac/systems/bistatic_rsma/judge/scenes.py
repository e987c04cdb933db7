"""The echo route's scene of a configuration: target, block, receiver, and what else is heard, in SI."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leoisac.foundation.jax_setup import jnp
from leoisac.foundation.units import deg_to_rad, from_db
from leoisac.systems.bistatic_rsma.config import CANCELLERS, ESTIMATORS, BistaticRsmaConfig
from leoisac.systems.bistatic_rsma.model import ClutterRequirement, EchoScene, FurtherTargets, Interference
from leoisac.systems.bistatic_rsma.world.clutter import clutter_rows
from leoisac.systems.bistatic_rsma.world.ground import place
from leoisac.systems.bistatic_rsma.world.interference import (
    EARLY_SAMPLES,
    Clutter,
    direct_doppler_hz,
    direct_power_gain,
    echo_doppler_hz,
    ground_clutter,
    hears_interference,
)
from leoisac.systems.bistatic_rsma.world.link import BistaticLink, echo_delay, link_budget
from leoisac.systems.bistatic_rsma.world.several import further_receivers_m, further_targets, seen_by
from leoisac.waveforms.blocks import BLOCKS


def echo_scene(config: BistaticRsmaConfig, link: BistaticLink) -> EchoScene:
    """What the echo route simulates, in SI."""
    placement = place(config)
    numbers = {
        "satellite_m": placement.satellite_m,
        "satellite_axes": placement.satellite_axes,
        "target_m": placement.target_m,
        "echo_snr": link.alpha_squared / link.noise_power,
        "sample_time_s": 1.0 / config.bandwidth_hz,
        "speed_of_light_m_s": config.speed_of_light_m_s,
        "doppler_search_hz": config.doppler_search_hz,
        "aoa_offset": deg_to_rad(np.asarray(config.aoa_offset_deg)),
        "calibration_error": deg_to_rad(config.calibration_error_deg),
        "false_alarm_rate": config.false_alarm_rate,
        "delay": link.delay_samples - link.delay_offset,
        "monostatic": float(config.sensing == "monostatic"),
        "echo_delay": echo_delay(link, config.whole_sample_delay),
    }
    counts = {
        "num_samples": config.num_samples,
        "estimator": ESTIMATORS.index(config.estimator),
        "amplitude_known": config.receiver_amplitude == "known",
        "search_beams": config.search_beams,
        "waveform": BLOCKS.index(config.echo_waveform),
        "subcarriers": config.echo_subcarriers,
        "satellite_array": config.satellite_array,
        "receiver_array": config.receiver_array,
        "map_points": config.pattern_points,
    }
    early = EARLY_SAMPLES if hears_interference(config) else 0
    counts |= {
        "max_delay": config.max_delay_samples + early,
        "delay_offset": link.delay_offset - early,
        "early": early,
    }
    numbers["delay"] += early
    numbers["echo_delay"] += early
    # The shift of the motion is against the direct path's, which the receiver compensates; it is refused beyond reach.
    numbers["doppler_centre_hz"] = direct_doppler_hz(config, placement) if config.by_motion else 0.0
    return EchoScene(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        **{name: jnp.asarray(value, dtype=jnp.int64) for name, value in counts.items()},
        interference=interference_scene(config, link) if hears_interference(config) else None,
        further=further_scene(config, link, early) if config.num_targets > 1 else None,
    )


def further_scene(config: BistaticRsmaConfig, link: BistaticLink, early: int) -> FurtherTargets:
    """The targets after the first, in SI."""
    further = further_targets(config, link)
    numbers = {
        "target_m": further.target_m,
        "echo_snr": further.echo_snr,
        "delay": further.delay + early,
        "max_doppler_hz": config.max_doppler_hz,
        "cutoff_m": config.gospa_cutoff_m,
    }
    return FurtherTargets(
        doppler_hz=None if further.doppler_hz is None else jnp.asarray(further.doppler_hz),
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
    )


def clutter_requirement(config: BistaticRsmaConfig, link: BistaticLink) -> ClutterRequirement | None:
    """The requirement over noise and clutter; ``None`` where designs promise bounds."""
    if config.sensing_requirement == "crb":
        return None
    collected = link.alpha_squared / link.noise_power * config.num_samples * config.num_rx
    return ClutterRequirement(
        jnp.asarray(clutter_rows(config, link)), jnp.asarray(from_db(config.least_scnr_db) / collected)
    )


def receiver_scenes(config: BistaticRsmaConfig) -> tuple[EchoScene, ...]:
    """Scenes of the receivers after the first, in their frames."""
    return tuple(_receiver_scene(seen_by(config, receiver)) for receiver in further_receivers_m(config))


def _receiver_scene(config: BistaticRsmaConfig) -> EchoScene:
    motion = echo_doppler_hz(config) + direct_doppler_hz(config, place(config)) if config.by_motion else None
    return replace(
        echo_scene(config, link_budget(config)),
        motion_doppler_hz=None if motion is None else jnp.asarray(motion),
        max_doppler_hz=jnp.asarray(config.max_doppler_hz),
    )


def interference_scene(config: BistaticRsmaConfig, link: BistaticLink) -> Interference:
    """What the radar receiver hears besides the echo, in SI."""
    placement = place(config)
    suppression = from_db(-config.direct_suppression_db)
    direct = direct_power_gain(config, link) * suppression / link.noise_power if config.direct_path else 0.0
    ground = ground_clutter(config) if config.clutter else Clutter(np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    sample_m = config.speed_of_light_m_s / config.bandwidth_hz
    numbers = {
        "satellite_m": placement.satellite_m,
        "satellite_axes": placement.satellite_axes,
        "direct_snr": direct,
        "direct_delay": link.range_los / sample_m - link.delay_offset + EARLY_SAMPLES,
        "reference_noise": 0.0 if config.reference_snr_db is None else from_db(-config.reference_snr_db),
        "ground_m": ground.position_m,
        "ground_snr": ground.power / link.noise_power,
        "ground_doppler_hz": ground.doppler_hz,
        "texture_spread": 0.0 if config.clutter_texture_shape is None else 1.0 / config.clutter_texture_shape,
        "sample_time_s": 1.0 / config.bandwidth_hz,
        "speed_of_light_m_s": config.speed_of_light_m_s,
    }
    counts = {
        "cancellation": [CANCELLERS.index(name) for name in config.cancellation],
        "taps": config.cancellation_taps,
        "dopplers": config.cancellation_dopplers,
        "batches": config.cancellation_batches,
        "num_samples": config.num_samples,
        "satellite_array": config.satellite_array,
        "receiver_array": config.receiver_array,
    }
    return Interference(
        **{name: jnp.asarray(value, dtype=jnp.float64) for name, value in numbers.items()},
        **{name: jnp.asarray(value, dtype=jnp.int64) for name, value in counts.items()},
    )
